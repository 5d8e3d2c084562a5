#include "jose/jws.h"

#include <gtest/gtest.h>

#include "base/canonical_json.h"

namespace remit::jose {
namespace {

std::string part(std::string_view text) { return to_base64url(as_bytes(text)); }

const PrivateKey& key(Algorithm algorithm) {
  static SeededRandom random(5);
  static const auto es256 = PrivateKey::generate(Algorithm::kEs256, random);
  static const auto ed25519 = PrivateKey::generate(Algorithm::kEd25519, random);
  return algorithm == Algorithm::kEs256 ? es256 : ed25519;
}

// A token with that header, truly signed, so that nothing but the header can be the reason for a refusal.
std::string signed_with(std::string_view header, Algorithm algorithm = Algorithm::kEs256) {
  const auto input = part(header) + "." + part("{}");
  return input + "." + to_base64url(key(algorithm).sign(as_bytes(input)));
}

std::string verdict(std::string_view token, const PublicKey& with) {
  auto jws = UnverifiedJws::parse(token);
  if (!jws) return std::string(jws.error().code);
  auto checked = jws->check(with);
  return checked ? "accepted" : std::string(checked.error().code);
}

TEST(Jws, TheExamplesOfTheRfcsVerify) {
  struct Case {
    std::string_view name, jwk, token, payload;
  };
  const Case cases[] = {
      {"RFC 7515 A.3",
       R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
           "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0","d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"})",
       "eyJhbGciOiJFUzI1NiJ9."
       "eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cn"
       "VlfQ.DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q",
       "{\"iss\":\"joe\",\r\n \"exp\":1300819380,\r\n \"http://example.com/is_root\":true}"},
      {"RFC 8037 A.4",
       R"({"kty":"OKP","crv":"Ed25519","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A",
           "x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})",
       "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc.hgyY0il_MGCjP0JzlnLWG1PPOt7-"
       "09PGcvMg3AIbQR6dWbhijcNR4ki4"
       "iylGjg5BhVsPt9g7sVvpAr_MuM0KAg",
       "Example of Ed25519 signing"},
  };
  for (const auto& c : cases) {
    const auto example = PrivateKey::from_jwk(parse_json(c.jwk)->as_object());
    ASSERT_TRUE(example) << c.name << example.error().message;
    EXPECT_EQ(verdict(c.token, example->public_key()), "accepted") << c.name;
    EXPECT_EQ(as_text(UnverifiedJws::parse(c.token)->unverified_payload()), c.payload) << c.name;
  }
}

TEST(Jws, Ed25519GoesByBothItsNames) {
  const auto& open = key(Algorithm::kEd25519).public_key();
  EXPECT_EQ(verdict(signed_with(R"({"alg":"EdDSA"})", Algorithm::kEd25519), open), "accepted");
  EXPECT_EQ(verdict(signed_with(R"({"alg":"Ed25519"})", Algorithm::kEd25519), open), "accepted");
}

TEST(Jws, TheKeyFixesTheAlgorithm) {
  const auto& open = key(Algorithm::kEs256).public_key();
  for (std::string_view alg : {"none", "None", "nOnE", "HS256", "RS256", "PS256", "ES384", "ES512", "ES256K",
                               "es256", "EdDSA", "Ed25519", "ES256 ", "A128GCM"})
    EXPECT_EQ(verdict(signed_with(R"({"alg":")" + std::string(alg) + "\"}"), open), "RMT-J013") << alg;
  EXPECT_EQ(verdict(signed_with(R"({"alg":"ES256"})"), key(Algorithm::kEd25519).public_key()), "RMT-J013");
}

TEST(Jws, HeadersThatAreNotUnderstoodAreRefusedThoughSigned) {
  struct Case {
    std::string_view header, code;
  };
  const Case cases[] = {
      {R"({"alg":"ES256","crit":[]})", "RMT-J012"},
      {R"({"alg":"ES256","crit":["exp"],"exp":1})", "RMT-J012"},
      {R"({"alg":"ES256","crit":["b64"],"b64":true})", "RMT-J012"},
      {R"({"alg":"ES256","crit":null})", "RMT-J012"},
      {R"({"alg":"ES256","b64":false})", "RMT-J012"},
      {R"({"alg":"ES256","b64":true})", "RMT-J012"},
      {R"({})", "RMT-J012"},
      {R"({"alg":""})", "RMT-J012"},
      {R"({"alg":7})", "RMT-J012"},
      {R"({"alg":["ES256"]})", "RMT-J012"},
      {R"({"alg":"ES256","kid":7})", "RMT-J012"},
      {R"({"alg":"ES256","kid":""})", "RMT-J012"},
      {R"({"alg":"ES256","typ":[]})", "RMT-J012"},
      {R"({"alg":"none","alg":"ES256"})", "RMT-J010"},
      {R"({"alg":"ES256","x":{"a":1,"a":2}})", "RMT-J010"},
      {R"({"alg":"ES256","\u0061lg":"none"})", "RMT-J010"},
      {"\xef\xbb\xbf{\"alg\":\"ES256\"}", "RMT-J010"},
      {"{\"alg\":\"ES256\",\"x\":\"\xff\"}", "RMT-J010"},
      {R"({"alg":"ES256"}x)", "RMT-J010"},
      {R"({"alg":"ES256",})", "RMT-J010"},
      {R"(["ES256"])", "RMT-J010"},
      {R"(null)", "RMT-J010"},
      {R"({"alg":"ES256","x":[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]})", "RMT-J011"},
  };
  for (const auto& c : cases)
    EXPECT_EQ(verdict(signed_with(c.header), key(Algorithm::kEs256).public_key()), c.code) << c.header;
}

TEST(Jws, KeysInAHeaderSelectNothing) {
  SeededRandom random(6);
  const auto attacker = PrivateKey::generate(Algorithm::kEs256, random);
  auto header = boost::json::object{{"alg", "ES256"},
                                    {"jwk", attacker.public_key().jwk()},
                                    {"jku", "https://attacker.example/jwks"},
                                    {"x5u", "https://attacker.example/cert"},
                                    {"x5c", {"AAAA"}}};
  const auto input = part(canonical_json(header)) + "." + part("{}");
  const auto forged = input + "." + to_base64url(attacker.sign(as_bytes(input)));
  EXPECT_EQ(verdict(forged, key(Algorithm::kEs256).public_key()), "RMT-J014");
  // The benign twin: the same header over our own signature is only ignored.
  EXPECT_EQ(verdict(signed_with(canonical_json(header)), key(Algorithm::kEs256).public_key()), "accepted");
}

TEST(Jws, TextThatIsNotExactlyATokenIsRefused) {
  const auto good = signed_with(R"({"alg":"ES256"})");
  ASSERT_EQ(verdict(good, key(Algorithm::kEs256).public_key()), "accepted");
  const auto first = good.substr(0, good.find('.'));
  const auto rest = good.substr(good.find('.'));
  const std::string cases[] = {
      "",
      ".",
      "..",
      "...",
      "a.b",
      good + ".",
      "." + good,
      good + ".AAAA",
      good + "=",
      first + "=" + rest,
      good + " ",
      " " + good,
      good + "\n",
      good + std::string(1, '\0'),
      first + rest.substr(0, rest.rfind('.') + 1),
      rest,
      first + ".." + rest,
      "Bearer " + good,
      good + "+",
      good + "/",
  };
  for (const auto& text : cases)
    EXPECT_EQ(verdict(text, key(Algorithm::kEs256).public_key()), "RMT-J010") << text;
}

TEST(Jws, StrayBitsInTheSignatureAreRefused) {
  auto token = signed_with(R"({"alg":"ES256"})");
  // 64 bytes leave four bits of the last character unused: they must be zero.
  constexpr std::string_view kAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
  token.back() = kAlphabet[kAlphabet.find(token.back()) + 1];
  EXPECT_EQ(verdict(token, key(Algorithm::kEs256).public_key()), "RMT-J010");
}

TEST(Jws, ADerSignatureIsNotAnEs256Signature) {
  const auto input = part(R"({"alg":"ES256"})") + "." + part("{}");
  auto raw = key(Algorithm::kEs256).sign(as_bytes(input));
  Bytes der = {0x30, 0x44, 0x02, 0x20};
  der.insert(der.end(), raw.begin(), raw.begin() + 32);
  der.insert(der.end(), {0x02, 0x20});
  der.insert(der.end(), raw.begin() + 32, raw.end());
  EXPECT_EQ(verdict(input + "." + to_base64url(der), key(Algorithm::kEs256).public_key()), "RMT-J014");
}

TEST(Jws, ATokenOverTheLimitIsRefusedUnread) {
  const std::string large(std::size_t{20} * 1024, 'A');
  EXPECT_EQ(verdict(large, key(Algorithm::kEs256).public_key()), "RMT-J011");
  EXPECT_EQ(UnverifiedJws::parse("a.b.c", {.max_bytes = 4}).error().code, "RMT-J011");
}

TEST(Jws, TypesCompareAsMediaTypes) {
  EXPECT_TRUE(is_type("at+jwt", "at+jwt"));
  EXPECT_TRUE(is_type("AT+JWT", "at+jwt"));
  EXPECT_TRUE(is_type("application/at+jwt", "at+jwt"));
  EXPECT_TRUE(is_type("Application/AT+jwt", "at+jwt"));
  EXPECT_FALSE(is_type("", "at+jwt"));
  EXPECT_FALSE(is_type("application/", "at+jwt"));
  EXPECT_FALSE(is_type("text/at+jwt", "at+jwt"));
  EXPECT_FALSE(is_type("JWT", "at+jwt"));
}

}  // namespace
}  // namespace remit::jose
