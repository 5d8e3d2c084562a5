#include "issuer/access_token.h"

#include <gtest/gtest.h>

#include <boost/json/value_from.hpp>
#include <thread>
#include <type_traits>

#include "base/canonical_json.h"
#include "issuer/testing.h"

namespace remit::issuer {
namespace {

using std::chrono::seconds;
using testing::kClient;
using testing::kNow;
using testing::kNowSeconds;

constexpr std::string_view kCredential = "crd_1";

TokenSubject subject(std::string_view fingerprint = {}) {
  return {.client_id = kClient, .credential_id = kCredential, .agent_fp = fingerprint};
}

// Without anything remembered.
auto verify(const AccessTokenVerifier& verifier, std::string_view token, Instant now = kNow) {
  TokenCache fresh;
  return verifier.verify(token, now, fresh);
}

static_assert(!std::is_default_constructible_v<AccessToken>);

class AccessTokens : public ::testing::Test {
 protected:
  std::string mint(std::string_view fingerprint = "sha256:aa") {
    return mint_access_token(settings_, key_, subject(fingerprint), kNow, random_).token;
  }
  boost::json::object claims() const {
    return {{"iss", settings_.issuer},   {"sub", kClient},
            {"aud", settings_.audience}, {"client_id", kClient},
            {"credential", kCredential}, {"jti", "t-1"},
            {"iat", kNowSeconds},        {"exp", kNowSeconds + 300}};
  }
  std::string verdict(std::string_view token, Instant now = kNow) {
    auto result = verifier_.verify(token, now, cache_);
    return result ? "accepted" : std::string(result.error().code);
  }

  SeededRandom random_{21};
  const Settings settings_ = testing::settings_of(Environment::kProduction);
  const jose::PrivateKey key_ = testing::key_from(1);
  const KeyRing ring_ = *KeyRing::of(key_);
  const AccessTokenVerifier verifier_{settings_, ring_.published};
  TokenCache cache_;
};

TEST_F(AccessTokens, WhatIsMintedIsRfc9068) {
  const auto minted = mint_access_token(settings_, key_, subject("sha256:aa"), kNow, random_);
  const auto token = jose::UnverifiedJwt::parse(minted.token);
  ASSERT_TRUE(token);
  EXPECT_EQ(token->header().typ, "at+jwt");
  EXPECT_EQ(token->header().alg, "ES256");
  EXPECT_EQ(token->header().kid, key_.kid());
  const auto& object = token->unverified_claims().object();
  const boost::json::object expected = {{"iss", "https://remit.example/production"},
                                        {"sub", kClient},
                                        {"client_id", kClient},
                                        {"credential", kCredential},
                                        {"aud", "https://remit.example/mcp/production"},
                                        {"iat", kNowSeconds},
                                        {"exp", kNowSeconds + 300},
                                        {"jti", minted.jti},
                                        {"agent_fp", "sha256:aa"}};
  EXPECT_EQ(boost::json::value(object), boost::json::value(expected));
  EXPECT_EQ(minted.expires, kNow + seconds(300));
}

TEST_F(AccessTokens, EachHasAJtiOfItsOwn) {
  const auto first = mint_access_token(settings_, key_, subject(""), kNow, random_);
  EXPECT_NE(first.jti, mint_access_token(settings_, key_, subject(""), kNow, random_).jti);
}

TEST_F(AccessTokens, WhatIsMintedVerifies) {
  const auto token = verify(verifier_, mint());
  ASSERT_TRUE(token);
  EXPECT_EQ((*token)->client_id(), kClient);
  EXPECT_EQ((*token)->credential_id(), kCredential);
  EXPECT_EQ((*token)->agent_fp(), "sha256:aa");
  EXPECT_EQ((*token)->expires(), kNow + seconds(300));
  EXPECT_EQ((*verify(verifier_, mint("")))->agent_fp(), "");
}

TEST_F(AccessTokens, ATokenLivesFiveMinutesCachedOrNot) {
  const auto token = mint();
  const AccessTokenVerifier fresh(settings_, ring_.published);
  EXPECT_EQ(verdict(token), "accepted");
  EXPECT_EQ(verdict(token, kNow + seconds(299)), "accepted");
  EXPECT_EQ(verdict(token, kNow + seconds(300)), "RMT-J017");
  EXPECT_EQ(verify(fresh, token, kNow + seconds(300)).error().code, "RMT-J017");
  EXPECT_EQ(verdict(token, kNow - seconds(30)), "accepted");
  EXPECT_EQ(verdict(token, kNow - seconds(31)), "RMT-J018");
  EXPECT_EQ(verify(fresh, token, kNow - seconds(31)).error().code, "RMT-J018");
}

TEST_F(AccessTokens, EveryRuleOnItsOwnDecides) {
  struct Case {
    std::string_view name, claim;
    boost::json::value value;
    std::string_view verdict;
  };
  const Case cases[] = {
      {"other issuer", "iss", "https://remit.example/sandbox", "RMT-J032"},
      {"issuer with a slash", "iss", boost::json::value_from(settings_.issuer + "/"), "RMT-J032"},
      {"no issuer", "iss", nullptr, "RMT-J016"},
      {"other audience", "aud", "https://remit.example/mcp/sandbox", "RMT-J033"},
      {"second audience", "aud", boost::json::array{settings_.audience, "https://other"}, "RMT-J033"},
      {"the issuer as audience", "aud", boost::json::value_from(settings_.issuer), "RMT-J033"},
      {"audience in a list of one", "aud", boost::json::array{settings_.audience}, "accepted"},
      {"no audience", "aud", nullptr, "RMT-J016"},
      {"no client", "client_id", nullptr, "RMT-J016"},
      {"no credential", "credential", nullptr, "RMT-J016"},
      {"for another subject", "sub", "hum_1", "RMT-J034"},
      {"no subject", "sub", nullptr, "RMT-J016"},
      {"no jti", "jti", nullptr, "RMT-J016"},
      {"no iat", "iat", nullptr, "RMT-J016"},
      {"no exp", "exp", nullptr, "RMT-J016"},
      {"exp as text", "exp", "1800000300", "RMT-J016"},
      {"expired", "exp", kNowSeconds - 1, "RMT-J017"},
      {"issued in the future", "iat", kNowSeconds + 31, "RMT-J018"},
      {"not yet valid", "nbf", kNowSeconds + 31, "RMT-J018"},
      {"bound to a key", "cnf", boost::json::object{{"jkt", "x"}}, "RMT-J034"},
      {"delegated", "act", boost::json::object{{"sub", "x"}}, "RMT-J034"},
      {"fingerprint not text", "agent_fp", 7, "RMT-J016"},
      {"a claim that is nothing to us", "extra", 7, "accepted"},
  };
  for (const auto& c : cases) {
    auto object = claims();
    if (c.value.is_null())
      object.erase(c.claim);
    else
      object[c.claim] = c.value;
    EXPECT_EQ(verdict(jose::sign_jwt(key_, "at+jwt", object)), c.verdict) << c.name;
  }
}

TEST_F(AccessTokens, OtherKindsOfTokenAreNotAccessTokens) {
  for (std::string_view typ :
       {"JWT", "client-authentication+jwt", "oauth-id-jag+jwt", "dpop+jwt", "secevent+jwt"})
    EXPECT_EQ(verdict(jose::sign_jwt(key_, typ, claims())), "RMT-J031") << typ;
  EXPECT_EQ(verdict(jose::sign_jwt(key_, "application/at+jwt", claims())), "accepted");
}

TEST_F(AccessTokens, NoEnvironmentAcceptsATokenOfAnother) {
  for (const auto own : kEnvironments) {
    for (const auto other : kEnvironments) {
      const auto theirs = testing::settings_of(other);
      const auto their_key = testing::key_from(100 + static_cast<std::uint64_t>(other));
      const auto token = mint_access_token(theirs, their_key, subject(""), kNow, random_).token;
      const auto our_keys = KeyRing::of(testing::key_from(100 + static_cast<std::uint64_t>(own)))->published;
      EXPECT_EQ(verify(AccessTokenVerifier(testing::settings_of(own), our_keys), token).has_value(),
                own == other);
      // Nor if keys were shared by mistake: the names alone keep them apart.
      const auto shared = KeyRing::of(their_key)->published;
      EXPECT_EQ(verify(AccessTokenVerifier(testing::settings_of(own), shared), token).has_value(),
                own == other);
    }
  }
}

TEST_F(AccessTokens, RotationAcceptsOldAndNewKeysUntilTheOldIsTakenOut) {
  const auto old_token = mint();
  const auto next = testing::key_from(2, jose::Algorithm::kEd25519);
  const auto both = *KeyRing::of(next, {key_.public_key()});
  const AccessTokenVerifier overlap(settings_, both.published);
  EXPECT_TRUE(verify(overlap, old_token));
  EXPECT_TRUE(verify(overlap, mint_access_token(settings_, next, subject(), kNow, random_).token));
  const AccessTokenVerifier after(settings_, KeyRing::of(next)->published);
  EXPECT_EQ(verify(after, old_token).error().code, "RMT-J015");
  EXPECT_FALSE(KeyRing::of(next, {next.public_key()}));
}

TEST_F(AccessTokens, ForgedTokensAreRefused) {
  const auto attacker = testing::key_from(3);
  EXPECT_EQ(verdict(jose::sign_jwt(attacker, "at+jwt", claims())), "RMT-J015");
  auto disguised = *jose::PrivateKey::from_jwk([&] {
    auto jwk = parse_json(attacker.jwk().reveal())->as_object();
    jwk["kid"] = key_.kid();
    return jwk;
  }());
  EXPECT_EQ(verdict(jose::sign_jwt(disguised, "at+jwt", claims())), "RMT-J014");
  EXPECT_EQ(verdict(""), "RMT-J010");
  EXPECT_EQ(verdict("Bearer " + mint()), "RMT-J010");
}

TEST_F(AccessTokens, ARefusedTokenIsNotRememberedAsGood) {
  auto object = claims();
  object["iss"] = "https://attacker.example";
  const auto token = jose::sign_jwt(key_, "at+jwt", object);
  EXPECT_EQ(verdict(token), "RMT-J032");
  EXPECT_EQ(verdict(token), "RMT-J032");
}

TEST_F(AccessTokens, TheSecondLookIsTheSameTokenAndTheCacheIsBounded) {
  TokenCache small(32);
  const auto token = mint();
  auto first = verifier_.verify(token, kNow, small);
  ASSERT_TRUE(first);
  EXPECT_EQ(verifier_.verify(token, kNow, small)->get(), first->get());
  std::weak_ptr<const AccessToken> watched = *first;
  first->reset();
  for (int i = 0; i < 300 && !watched.expired(); ++i) ASSERT_TRUE(verifier_.verify(mint(), kNow, small));
  EXPECT_TRUE(watched.expired()) << "the cache must forget what was not asked for";
  EXPECT_TRUE(verifier_.verify(token, kNow, small));
}

TEST_F(AccessTokens, ManyThreadsMayVerifyAtOnceEachWithItsOwnCache) {
  std::vector<std::string> tokens;
  tokens.reserve(8);
  for (int i = 0; i < 8; ++i) tokens.push_back(mint());
  std::atomic<int> good = 0;
  {
    std::vector<std::jthread> threads;
    threads.reserve(4);
    for (int t = 0; t < 4; ++t)
      threads.emplace_back([&] {
        TokenCache cache;
        for (int i = 0; i < 100; ++i)
          good += verifier_.verify(tokens[static_cast<std::size_t>(i) % 8], kNow, cache).has_value();
      });
  }
  EXPECT_EQ(good, 400);
}

}  // namespace
}  // namespace remit::issuer
