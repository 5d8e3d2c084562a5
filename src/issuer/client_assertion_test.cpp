#include "issuer/client_assertion.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "issuer/testing.h"

namespace remit::issuer {
namespace {

using testing::kClient;
using testing::kNow;
using testing::kNowSeconds;

// What a test may change about an assertion that is accepted.
struct Attempt {
  boost::json::object claims = {};  // put over the good ones; null takes away
  std::string typ = "client-authentication+jwt";
  std::string form_client_id = {};
};

class ClientAssertion : public ::testing::Test {
 protected:
  std::string sign(const Attempt& attempt) const {
    auto claims = testing::good_claims(settings_);
    for (const auto& [name, value] : attempt.claims) {
      if (value.is_null())
        claims.erase(name);
      else
        claims[name] = value;
    }
    return jose::sign_jwt(key_, attempt.typ, claims);
  }
  auto verify(std::string_view assertion, std::string_view form_client_id = {}, std::string_view from = {}) {
    return verify_client_assertion({.text = assertion, .form_client_id = form_client_id, .from = from},
                                   settings_, directory_, replays_, kNow);
  }
  // Each attempt with a cache of its own: only the change can be the reason.
  std::string verdict(const Attempt& attempt) {
    MemoryReplayCache fresh;
    const auto assertion = sign(attempt);
    auto result = verify_client_assertion({.text = assertion, .form_client_id = attempt.form_client_id},
                                          settings_, directory_, fresh, kNow);
    return result ? "accepted" : std::string(result.error().error.code);
  }
  Client& client() { return directory_.clients.find(kClient)->second; }

  Settings settings_ = testing::settings_of(Environment::kProduction);
  const jose::PrivateKey key_ = testing::key_from(1);
  testing::FakeDirectory directory_ = testing::directory_with(key_);
  MemoryReplayCache replays_;
};

TEST_F(ClientAssertion, AGoodOneNamesTheClientAndItsCredential) {
  const auto result = verify(sign({}));
  ASSERT_TRUE(result);
  EXPECT_EQ(result->client.client_id, kClient);
  EXPECT_EQ(result->credential_id, "crd_1");
  EXPECT_FALSE(result->used_token_endpoint_audience);
}

TEST_F(ClientAssertion, IsGoodOnce) {
  const auto assertion = sign({});
  EXPECT_TRUE(verify(assertion));
  const auto again = verify(assertion);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().error.code, "RMT-J027");
  EXPECT_EQ(again.error().proven_client, kClient);
  EXPECT_TRUE(verify(sign({.claims = {{"jti", "j-2"}}})));
}

TEST_F(ClientAssertion, EveryRuleOnItsOwnDecides) {
  const auto& issuer = settings_.issuer;
  struct Case {
    std::string_view name;
    Attempt attempt;
    std::string_view verdict;
  };
  const Case cases[] = {
      {"as it is", {}, "accepted"},
      {"typ JWT", {.typ = "JWT"}, "accepted"},
      {"typ of an access token", {.typ = "at+jwt"}, "RMT-J022"},
      {"typ of an ID-JAG", {.typ = "oauth-id-jag+jwt"}, "RMT-J022"},
      {"typ of a security event", {.typ = "secevent+jwt"}, "RMT-J022"},
      {"aud in a list of one", {.claims = {{"aud", boost::json::array{issuer}}}}, "accepted"},
      {"aud with a second entry",
       {.claims = {{"aud", boost::json::array{issuer, "https://other"}}}},
       "RMT-J024"},
      {"aud the token endpoint", {.claims = {{"aud", settings_.token_endpoint()}}}, "RMT-J024"},
      {"aud with a slash", {.claims = {{"aud", issuer + "/"}}}, "RMT-J024"},
      {"aud of another environment", {.claims = {{"aud", "https://remit.example/sandbox"}}}, "RMT-J024"},
      {"aud the resource", {.claims = {{"aud", settings_.audience}}}, "RMT-J024"},
      {"no aud", {.claims = {{"aud", nullptr}}}, "RMT-J016"},
      {"no iss", {.claims = {{"iss", nullptr}}}, "RMT-J016"},
      {"iss of another", {.claims = {{"iss", "https://idp.example"}}}, "RMT-J023"},
      {"no sub", {.claims = {{"sub", nullptr}}}, "RMT-J016"},
      {"unknown sub", {.claims = {{"sub", "dep_0"}}}, "RMT-J021"},
      {"form names the client", {.form_client_id = std::string(kClient)}, "accepted"},
      {"form names another", {.form_client_id = "dep_0"}, "RMT-J023"},
      {"no exp", {.claims = {{"exp", nullptr}}}, "RMT-J016"},
      {"exp as text", {.claims = {{"exp", "1800000060"}}}, "RMT-J016"},
      {"exp passed, within the skew", {.claims = {{"exp", kNowSeconds - 29}}}, "accepted"},
      {"exp passed", {.claims = {{"exp", kNowSeconds - 30}}}, "RMT-J017"},
      {"exp a fraction", {.claims = {{"exp", kNowSeconds + 0.5}}}, "accepted"},
      {"an hour of life", {.claims = {{"exp", kNowSeconds + 3600}}}, "accepted"},
      {"more than an hour", {.claims = {{"exp", kNowSeconds + 3601}}}, "RMT-J025"},
      {"more than an hour without iat",
       {.claims = {{"iat", nullptr}, {"exp", kNowSeconds + 3631}}},
       "RMT-J025"},
      {"made long ago", {.claims = {{"iat", kNowSeconds - 7200}}}, "RMT-J025"},
      {"made in the future", {.claims = {{"iat", kNowSeconds + 31}}}, "RMT-J018"},
      {"not yet valid", {.claims = {{"nbf", kNowSeconds + 31}}}, "RMT-J018"},
      {"no iat", {.claims = {{"iat", nullptr}}}, "accepted"},
      {"no jti", {.claims = {{"jti", nullptr}}}, "RMT-J016"},
      {"empty jti", {.claims = {{"jti", ""}}}, "RMT-J016"},
      {"jti a number", {.claims = {{"jti", 1}}}, "RMT-J016"},
      {"jti too long", {.claims = {{"jti", std::string(257, 'j')}}}, "RMT-J026"},
      {"the approved fingerprint", {.claims = {{"agent_fp", "sha256:aa"}}}, "accepted"},
      {"another fingerprint", {.claims = {{"agent_fp", "sha256:bb"}}}, "RMT-J030"},
      {"fingerprint not text", {.claims = {{"agent_fp", true}}}, "RMT-J016"},
  };
  for (const auto& c : cases) EXPECT_EQ(verdict(c.attempt), c.verdict) << c.name;
}

TEST_F(ClientAssertion, WithoutATypeItIsAccepted) {
  const auto input = to_base64url(as_bytes(R"({"alg":"ES256"})")) + "." +
                     to_base64url(as_bytes(boost::json::serialize(testing::good_claims(settings_))));
  EXPECT_TRUE(verify(input + "." + to_base64url(key_.sign(as_bytes(input)))));
}

TEST_F(ClientAssertion, TheRefusalOfAnAudienceNamesTheOneExpected) {
  const auto result = verify(sign({.claims = {{"aud", settings_.token_endpoint()}}}));
  ASSERT_FALSE(result);
  EXPECT_NE(result.error().error.message.find("`" + settings_.issuer + "`"), std::string::npos);
}

TEST_F(ClientAssertion, AMarkedCredentialMayNameTheTokenEndpointAndIsReported) {
  client().keys[0].token_endpoint_audience = true;
  const auto result = verify(sign({.claims = {{"aud", settings_.token_endpoint()}}}));
  ASSERT_TRUE(result);
  EXPECT_TRUE(result->used_token_endpoint_audience);
  EXPECT_EQ(verdict({.claims = {{"aud", boost::json::array{settings_.token_endpoint(), settings_.issuer}}}}),
            "RMT-J024");
}

TEST_F(ClientAssertion, UnknownClientsKeysAndSignaturesLookTheSame) {
  const auto claims = testing::good_claims(settings_);
  auto broken = sign({});
  broken[broken.size() - 10] = broken[broken.size() - 10] == 'A' ? 'B' : 'A';
  const std::string cases[] = {
      sign({.claims = {{"sub", "dep_0"}, {"iss", "dep_0"}}}),
      jose::sign_jwt(testing::key_from(2), "JWT", claims),
      jose::sign_jwt(testing::key_from(2, jose::Algorithm::kEd25519), "JWT", claims),
      broken,
  };
  for (const auto& assertion : cases) {
    const auto result = verify(assertion);
    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().error.code, "RMT-J021");
    EXPECT_EQ(result.error().error.message, "client authentication failed");
    EXPECT_EQ(result.error().proven_client, "");
  }
}

TEST_F(ClientAssertion, NothingOfAForgedAssertionIsBelieved) {
  // Even where a claim would be refused or would place a hold, the signature comes first.
  auto claims = testing::good_claims(settings_);
  claims["agent_fp"] = "sha256:bb";
  claims["exp"] = 1;
  const auto result = verify(jose::sign_jwt(testing::key_from(2), "JWT", claims));
  EXPECT_EQ(result.error().error.code, "RMT-J021");
}

TEST_F(ClientAssertion, ABarredClientIsToldSoOnceItHasProvenItself) {
  client().barred = "hold `killed`";
  const auto result = verify(sign({}));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error.code, "RMT-J029");
  EXPECT_EQ(result.error().error.kind, ErrorKind::kForbidden);
  EXPECT_EQ(result.error().proven_client, kClient);
  EXPECT_EQ(
      verify(jose::sign_jwt(testing::key_from(2), "JWT", testing::good_claims(settings_))).error().error.code,
      "RMT-J021");
}

TEST_F(ClientAssertion, AnyOfTheClientsKeysServesDuringRotation) {
  const auto next = testing::key_from(7, jose::Algorithm::kEd25519);
  client().keys.push_back({.credential_id = "crd_2",
                           .key = next.public_key().with_kid("my-name-for-it"),
                           .thumbprint = next.public_key().thumbprint()});
  EXPECT_EQ(verify(sign({}))->credential_id, "crd_1");
  auto claims = testing::good_claims(settings_);
  claims["jti"] = "j-2";
  // Its kid is the thumbprint here; the directory knows the key by another name too.
  EXPECT_EQ(verify(jose::sign_jwt(next, "JWT", claims))->credential_id, "crd_2");
}

TEST_F(ClientAssertion, AClientWithoutKeysIsNobody) {
  client().keys.clear();
  EXPECT_EQ(verdict({}), "RMT-J021");
}

TEST_F(ClientAssertion, ThatCameTwiceIsInOtherHandsOnlyWhereItCameFromAnotherAddress) {
  const auto code = [&](std::string_view assertion, std::string_view from) {
    const auto result = verify(assertion, {}, from);
    return result ? "accepted" : std::string(result.error().error.code);
  };
  const auto assertion = sign({});
  EXPECT_EQ(code(assertion, "10.0.0.1"), "accepted");
  EXPECT_EQ(code(assertion, "10.0.0.1"), "RMT-J027") << "a proxy that retries";
  EXPECT_EQ(code(assertion, ""), "RMT-J027") << "behind a proxy nothing is known of addresses";
  EXPECT_EQ(code(sign({.claims = {{"exp", kNowSeconds + 50}}}), "10.0.0.2"), "RMT-J027")
      << "a library that keeps its jti";
  EXPECT_EQ(code(assertion, "10.0.0.2"), "RMT-J035");
  EXPECT_EQ(code(sign({.claims = {{"jti", "j-2"}}}), ""), "accepted");
  EXPECT_EQ(code(sign({.claims = {{"jti", "j-2"}}}), "10.0.0.2"), "RMT-J027");
}

TEST_F(ClientAssertion, OfBeforeTheStartOfThisProcessIsRefusedSoThatItsClientMakesAnother) {
  settings_.started = kNow;
  const auto at_start = verify(sign({}));
  ASSERT_FALSE(at_start);
  EXPECT_EQ(at_start.error().error.code, "RMT-J036");
  EXPECT_EQ(at_start.error().error.kind, ErrorKind::kUnavailable);
  EXPECT_EQ(verdict({.claims = {{"iat", kNowSeconds - 1}}}), "RMT-J036");
  EXPECT_EQ(verdict({.claims = {{"iat", kNowSeconds + 1}}}), "accepted");
  EXPECT_EQ(verdict({.claims = {{"iat", nullptr}}}), "accepted")
      << "whether it was spent is known from the store";
}

TEST_F(ClientAssertion, IsKeptWhereALaterProcessCouldNotTellWhenItWasMade) {
  EXPECT_FALSE(verify(sign({}))->keep);
  const auto undated = verify(sign({.claims = {{"iat", nullptr}, {"jti", "j-2"}}}));
  ASSERT_TRUE(undated->keep);
  EXPECT_EQ(undated->keep->until, from_micros((kNowSeconds + 60) * 1'000'000) + settings_.skew);
  EXPECT_TRUE(verify(sign({.claims = {{"iat", kNowSeconds + 1}, {"jti", "j-3"}}}))->keep);
  // Whatever is answered: it has been shown.
  client().barred = "hold `drift`";
  const auto barred = verify(sign({.claims = {{"iat", nullptr}, {"jti", "j-4"}}}));
  ASSERT_FALSE(barred);
  EXPECT_TRUE(barred.error().keep);
}

TEST_F(ClientAssertion, CostsOneSignatureCheckWhoeverSendsItAndWhateverItNames) {
  const auto other = testing::key_from(2);
  const auto stranger = [&](std::string_view subject, const jose::PrivateKey& key) {
    auto claims = testing::good_claims(settings_);
    claims["sub"] = subject;
    claims["iss"] = subject;
    return jose::sign_jwt(key, "JWT", claims);
  };
  const auto without_kid = [&](std::string_view subject) {
    auto claims = testing::good_claims(settings_);
    claims["sub"] = subject;
    const auto input = to_base64url(as_bytes(R"({"alg":"ES256"})")) + "." +
                       to_base64url(as_bytes(boost::json::serialize(claims)));
    return input + "." + to_base64url(other.sign(as_bytes(input)));
  };
  const auto ed25519 = testing::key_from(2, jose::Algorithm::kEd25519);
  std::string forged = sign({});
  forged[forged.size() - 10] = forged[forged.size() - 10] == 'A' ? 'B' : 'A';
  struct Case {
    std::string_view name;
    std::string assertion;
  };
  const Case cases[] = {{"an unknown client", stranger("dep_0", other)},
                        {"an unknown client without kid", without_kid("dep_0")},
                        {"a known client with another kid", stranger(kClient, other)},
                        {"a known client without kid", without_kid(kClient)},
                        {"a known client with the kid and another signature", forged},
                        {"a known client with another algorithm", stranger(kClient, ed25519)},
                        {"an unknown client with another algorithm", stranger("dep_0", ed25519)}};
  for (const auto& [name, assertion] : cases) {
    const auto before = jose::signature_checks();
    EXPECT_EQ(verify(assertion).error().error.code, "RMT-J021") << name;
    EXPECT_EQ(jose::signature_checks() - before, 1U) << name;
  }
}

TEST_F(ClientAssertion, OfAnExpiredKeyIsToldThatItIsExpired) {
  client().keys[0].barred = "the key expired on 2027-01-01T00:00:00Z";
  const auto result = verify(sign({}));
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().error.code, "RMT-J029");
  EXPECT_NE(result.error().error.message.find("expired on 2027-01-01"), std::string::npos);
}

TEST_F(ClientAssertion, OfADriftedClientSaysWhenWhatIsApprovedRunsAgain) {
  client().drifted = true;
  client().barred = "hold `drift`";
  const auto runs_approved = [&](const Attempt& attempt) {
    const auto result = verify(sign(attempt));
    return !result && result.error().runs_approved;
  };
  EXPECT_FALSE(runs_approved({})) << "it says nothing of what runs";
  EXPECT_FALSE(runs_approved({.claims = {{"jti", "j-2"}, {"agent_fp", "sha256:bb"}}}));
  EXPECT_TRUE(runs_approved({.claims = {{"jti", "j-3"}, {"agent_fp", "sha256:aa"}}}));
  client().agent_fp.clear();
  EXPECT_TRUE(runs_approved({.claims = {{"jti", "j-4"}}})) << "nothing was approved, and nothing is stated";
}

TEST_F(ClientAssertion, TextThatIsNoTokenIsRefused) {
  for (std::string_view text : {"", "a.b.c", "not a token", "....", "eyJhbGciOiJub25lIn0.e30."}) {
    const auto result = verify(text);
    ASSERT_FALSE(result) << text;
    EXPECT_EQ(result.error().error.kind, ErrorKind::kInvalid) << text;
  }
}

}  // namespace
}  // namespace remit::issuer
