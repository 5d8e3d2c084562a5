#include "jose/jwt.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <type_traits>

namespace remit::jose {
namespace {

using std::chrono::seconds;

// A verified token is made by verification and by nothing else.
static_assert(!std::is_default_constructible_v<VerifiedJwt>);
static_assert(!std::is_constructible_v<VerifiedJwt, UnverifiedJwt>);
static_assert(!std::is_constructible_v<VerifiedJwt, Header, Claims, std::string>);

const PrivateKey& key() {
  static SeededRandom random(8);
  static const auto made = PrivateKey::generate(Algorithm::kEd25519, random);
  return made;
}

Result<UnverifiedJwt> with_claims(std::string_view text) {
  return UnverifiedJwt::parse(sign_compact(key(), "JWT", text));
}

std::string lifetime(std::string_view claims, std::int64_t now, int skew = 0) {
  auto token = with_claims(claims);
  if (!token) return std::string(token.error().code);
  auto checked = check_lifetime(token->unverified_claims(), from_micros(now * 1'000'000), seconds(skew));
  return checked ? "lives" : std::string(checked.error().code);
}

TEST(Jwt, ASignedTokenIsReadBack) {
  const auto text = sign_jwt(key(), "at+jwt", {{"iss", "https://issuer"}, {"exp", 2000}});
  auto token = UnverifiedJwt::parse(text);
  ASSERT_TRUE(token);
  auto verified = VerifiedJwt::verify(*token, key().public_key());
  ASSERT_TRUE(verified);
  EXPECT_EQ(verified->header().typ, "at+jwt");
  EXPECT_EQ(verified->header().kid, key().kid());
  EXPECT_EQ(verified->header().alg, "EdDSA");
  EXPECT_EQ(*verified->claims().text("iss"), "https://issuer");
  EXPECT_EQ(verified->key_thumbprint(), key().public_key().thumbprint());
}

TEST(Jwt, AnotherKeyDoesNotVerifyIt) {
  SeededRandom random(11);
  auto token = UnverifiedJwt::parse(sign_jwt(key(), "JWT", {}));
  const auto other = PrivateKey::generate(Algorithm::kEd25519, random).public_key();
  EXPECT_EQ(VerifiedJwt::verify(*token, other).error().code, "RMT-J014");
}

TEST(Jwt, ClaimsThatAreNotOneStrictObjectAreRefused) {
  struct Case {
    std::string_view claims, code;
  };
  const Case cases[] = {
      {R"({"sub":"a","sub":"b"})", "RMT-J010"},
      {R"({"act":{"sub":"a","sub":"b"}})", "RMT-J010"},
      {R"([])", "RMT-J010"},
      {R"("x")", "RMT-J010"},
      {R"({"exp":NaN})", "RMT-J010"},
      {R"({"exp":Infinity})", "RMT-J010"},
      {R"({"exp":1e999})", "RMT-J010"},
      {R"({"exp":0123})", "RMT-J010"},
      {"{}\xef\xbb\xbf", "RMT-J010"},
      {"\xef\xbb\xbf{}", "RMT-J010"},
      {R"({"a":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]})", "RMT-J011"},
  };
  for (const auto& c : cases) {
    auto token = with_claims(c.claims);
    EXPECT_EQ(token ? "accepted" : token.error().code, c.code) << c.claims;
  }
}

TEST(Jwt, LifetimesAreCheckedToTheSecond) {
  struct Case {
    std::string_view claims;
    std::int64_t now;
    int skew;
    std::string_view verdict;
  };
  const Case cases[] = {
      {R"({"exp":1000})", 999, 0, "lives"},
      {R"({"exp":1000})", 1000, 0, "RMT-J017"},
      {R"({"exp":1000})", 1029, 30, "lives"},
      {R"({"exp":1000})", 1030, 30, "RMT-J017"},
      {R"({"exp":999.5})", 999, 0, "lives"},
      {R"({"exp":999.5})", 1000, 0, "RMT-J017"},
      {R"({"exp":1e3})", 999, 0, "lives"},
      {R"({"exp":1000,"nbf":900})", 899, 0, "RMT-J018"},
      {R"({"exp":1000,"nbf":900})", 900, 0, "lives"},
      {R"({"exp":1000,"nbf":900})", 870, 30, "lives"},
      {R"({"exp":1000,"iat":900})", 869, 30, "RMT-J018"},
      {R"({"exp":-1})", 0, 0, "RMT-J017"},
      {R"({})", 0, 0, "RMT-J016"},
      {R"({"exp":"1000"})", 0, 0, "RMT-J016"},
      {R"({"exp":null})", 0, 0, "RMT-J016"},
      {R"({"exp":true})", 0, 0, "RMT-J016"},
      {R"({"exp":[1000]})", 0, 0, "RMT-J016"},
      {R"({"exp":1e300})", 0, 0, "RMT-J016"},
      {R"({"exp":9223372036854775807})", 0, 0, "RMT-J016"},
      {R"({"exp":18446744073709551615})", 0, 0, "RMT-J016"},
      {R"({"exp":-1e300})", 0, 0, "RMT-J016"},
      {R"({"exp":1000,"nbf":"900"})", 950, 0, "RMT-J016"},
      {R"({"exp":1000,"iat":{}})", 950, 0, "RMT-J016"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(lifetime(c.claims, c.now, c.skew), c.verdict) << c.claims << " at " << c.now;
}

TEST(Jwt, ATimeThatIsNotFiniteIsNoTime) {
  for (double value : {std::numeric_limits<double>::infinity(), -std::numeric_limits<double>::infinity(),
                       std::numeric_limits<double>::quiet_NaN()})
    EXPECT_EQ(Claims({{"exp", value}}).time("exp").error().code, "RMT-J016");
}

TEST(Jwt, AudiencesAreOneStringOrAList) {
  EXPECT_EQ(*with_claims(R"({"aud":"a"})")->unverified_claims().audience(), std::vector<std::string>{"a"});
  EXPECT_EQ(*with_claims(R"({"aud":["a","b"]})")->unverified_claims().audience(),
            (std::vector<std::string>{"a", "b"}));
  for (std::string_view claims :
       {R"({})", R"({"aud":[]})", R"({"aud":""})", R"({"aud":[""]})", R"({"aud":7})", R"({"aud":["a",7]})",
        R"({"aud":[["a"]]})", R"({"aud":null})"})
    EXPECT_EQ(with_claims(claims)->unverified_claims().audience().error().code, "RMT-J016") << claims;
}

TEST(Jwt, TextClaimsAreStringsWithContent) {
  const Claims claims({{"iss", "i"}, {"empty", ""}, {"number", 1}, {"null", nullptr}});
  EXPECT_EQ(*claims.text("iss"), "i");
  EXPECT_EQ(*claims.optional_text("absent"), std::nullopt);
  for (std::string_view name : {"empty", "number", "null"}) {
    EXPECT_EQ(claims.text(name).error().code, "RMT-J016") << name;
    EXPECT_EQ(claims.optional_text(name).error().code, "RMT-J016") << name;
  }
  EXPECT_EQ(claims.text("absent").error().code, "RMT-J016");
}

}  // namespace
}  // namespace remit::jose
