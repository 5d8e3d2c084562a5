#include "jose/key.h"

#include <gtest/gtest.h>

#include <set>
#include <thread>

#include "base/canonical_json.h"
#include "jose/key_set.h"

namespace remit::jose {
namespace {

boost::json::object parsed(std::string_view text) { return parse_json(text).value().as_object(); }

constexpr std::string_view kEc =
    R"({"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU",
  "y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"})";
constexpr std::string_view kEd =
    R"({"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"})";

std::string code_of(const auto& result) { return result ? "accepted" : std::string(result.error().code); }

// The key with some members replaced (null: taken away).
Result<PublicKey> changed(std::string_view base, std::string_view changes) {
  auto jwk = parsed(base);
  for (const auto& [name, value] : parsed(changes)) {
    if (value.is_null())
      jwk.erase(name);
    else
      jwk[name] = value;
  }
  return PublicKey::from_jwk(jwk);
}

TEST(Key, ThumbprintsAreThoseOfTheRfcs) {
  // RFC 8037 A.3; for EC, RFC 7515 A.3's key hashed by an independent implementation of RFC 7638.
  EXPECT_EQ(PublicKey::from_jwk(parsed(kEd))->thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
  EXPECT_EQ(PublicKey::from_jwk(parsed(kEc))->thumbprint(), "oKIywvGUpTVTyxMQ3bwIIeQUudfr_CkLMjCE19ECD-U");
}

TEST(Key, AThumbprintIgnoresOptionalMembersAndTheirOrder) {
  const auto plain = PublicKey::from_jwk(parsed(kEd))->thumbprint();
  EXPECT_EQ(changed(kEd, R"({"kid":"a","use":"sig","alg":"Ed25519","extra":[1]})")->thumbprint(), plain);
}

TEST(Key, UnusableKeysAreRefusedWithTheirReason) {
  struct Case {
    std::string_view name, base, changes, code;
  };
  const Case cases[] = {
      {"no kty", kEc, R"({"kty":null})", "RMT-J001"},
      {"kty not a string", kEc, R"({"kty":1})", "RMT-J001"},
      {"a short RSA key", kEc, R"({"kty":"RSA","n":"AQAB","e":"AQAB"})", "RMT-J003"},
      {"symmetric", kEc, R"({"kty":"oct","k":"AAAA"})", "RMT-J002"},
      {"P-384", kEc, R"({"crv":"P-384"})", "RMT-J002"},
      {"EC key on an OKP curve", kEc, R"({"crv":"Ed25519"})", "RMT-J002"},
      {"OKP key on an EC curve", kEd, R"({"crv":"P-256"})", "RMT-J002"},
      {"X25519", kEd, R"({"crv":"X25519"})", "RMT-J002"},
      {"alg of another key", kEc, R"({"alg":"EdDSA"})", "RMT-J002"},
      {"alg HS256", kEc, R"({"alg":"HS256"})", "RMT-J002"},
      {"for encryption", kEc, R"({"use":"enc"})", "RMT-J001"},
      {"key_ops without verify", kEc, R"({"key_ops":["encrypt"]})", "RMT-J001"},
      {"key_ops not a list", kEc, R"({"key_ops":"verify"})", "RMT-J001"},
      {"key_ops of numbers", kEc, R"({"key_ops":[1]})", "RMT-J001"},
      {"kid not a string", kEc, R"({"kid":7})", "RMT-J001"},
      {"kid empty", kEc, R"({"kid":""})", "RMT-J001"},
      {"no y", kEc, R"({"y":null})", "RMT-J001"},
      {"x too short", kEc, R"({"x":"AQAB"})", "RMT-J001"},
      {"x padded", kEd, R"({"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo="})", "RMT-J001"},
      {"x with stray bits", kEd, R"({"x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURp"})", "RMT-J001"},
      {"private part", kEd, R"({"d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A"})", "RMT-J001"},
      {"off the curve", kEc, R"({"y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a4"})", "RMT-J003"},
      {"zero point", kEc,
       R"({"x":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA","y":"AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"})",
       "RMT-J003"},
      {"x not reduced", kEc, R"({"x":"__________________________________________8"})", "RMT-J003"},
  };
  for (const auto& c : cases) EXPECT_EQ(code_of(changed(c.base, c.changes)), c.code) << c.name;
}

TEST(Key, Ed25519KeysThatAnyoneCouldSignForAreRefused) {
  struct Case {
    std::string_view name, hex;
  };
  const Case cases[] = {
      {"order 1", "0100000000000000000000000000000000000000000000000000000000000000"},
      {"order 1, sign bit", "0100000000000000000000000000000000000000000000000000000000000080"},
      {"order 2", "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
      {"order 4", "0000000000000000000000000000000000000000000000000000000000000000"},
      {"order 4, other sign", "0000000000000000000000000000000000000000000000000000000000000080"},
      {"order 8", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05"},
      {"order 8, other sign", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85"},
      {"order 8, other y", "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a"},
      {"order 4, not canonical: p", "edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
      {"order 1, not canonical: p + 1", "eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f"},
      {"all ones", "ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff"},
      {"off the curve: y = 2", "0200000000000000000000000000000000000000000000000000000000000000"},
      {"31 bytes", "01000000000000000000000000000000000000000000000000000000000000"},
      {"empty", ""},
  };
  for (const auto& c : cases)
    EXPECT_EQ(code_of(PublicKey::from_ed25519(*from_hex(c.hex))), "RMT-J003") << c.name;
  // The smallest y on the curve that is of large order: the benign twin.
  EXPECT_TRUE(
      PublicKey::from_ed25519(*from_hex("0300000000000000000000000000000000000000000000000000000000000000")));
}

TEST(Key, Ed25519SignsAsRfc8032) {
  struct Case {
    std::string_view seed, open, message, signature;
  };
  // RFC 8032 §7.1, tests 1 to 3.
  const Case cases[] = {
      {"9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
       "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a", "",
       "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf"
       "5f0595bbe246"
       "55141438e7a100b"},
      {"4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
       "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c", "72",
       "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2"
       "eaeb4302aeeb"
       "00d291612bb0c00"},
      {"c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
       "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025", "af82",
       "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c1"
       "5e9716ed28dc"
       "027beceea1ec40a"},
  };
  for (const auto& c : cases) {
    const auto key = *PrivateKey::from_ed25519_seed(*from_hex(c.seed));
    const auto message = *from_hex(c.message);
    EXPECT_EQ(to_hex(key.public_key().raw()), c.open);
    EXPECT_EQ(to_hex(key.sign(message)), c.signature);
    EXPECT_TRUE(PublicKey::from_ed25519(*from_hex(c.open))->verify(message, *from_hex(c.signature)));
  }
}

TEST(Key, AnEd25519SignatureWithAnUnreducedScalarIsRefused) {
  const auto key = *PrivateKey::from_ed25519_seed(Bytes(32, 7));
  auto signature = key.sign(as_bytes("m"));
  // s + L, which verifies where s < L is not checked (RFC 8032 §5.1.7).
  const auto order = *from_hex("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
  unsigned carry = 0;
  for (std::size_t i = 0; i < 32; ++i) {
    carry += signature[32 + i] + order[i];
    signature[32 + i] = static_cast<std::uint8_t>(carry);
    carry >>= 8;
  }
  EXPECT_FALSE(key.public_key().verify(as_bytes("m"), signature));
}

TEST(Key, APrivateKeySurvivesItsJwk) {
  SeededRandom random(3);
  for (auto algorithm : {Algorithm::kEs256, Algorithm::kEd25519}) {
    const auto key = PrivateKey::generate(algorithm, random);
    const auto again = PrivateKey::from_jwk(parsed(key.jwk().reveal()));
    ASSERT_TRUE(again) << again.error().message;
    EXPECT_EQ(again->kid(), key.public_key().thumbprint());
    EXPECT_TRUE(key.public_key().verify(as_bytes("m"), again->sign(as_bytes("m"))));
    EXPECT_FALSE(key.public_key().jwk().contains("d"));
  }
}

TEST(Key, GenerationRepeatsFromItsSeed) {
  SeededRandom first(9), second(9), other(10);
  for (auto algorithm : {Algorithm::kEs256, Algorithm::kEd25519}) {
    const auto a = PrivateKey::generate(algorithm, first).kid();
    EXPECT_EQ(a, PrivateKey::generate(algorithm, second).kid());
    EXPECT_NE(a, PrivateKey::generate(algorithm, other).kid());
  }
}

TEST(Key, PrivateKeysThatDoNotFitTogetherAreRefused) {
  auto mixed = parsed(kEd);
  mixed["d"] = to_base64url(Bytes(32, 1));
  EXPECT_EQ(code_of(PrivateKey::from_jwk(mixed)), "RMT-J003");
  auto zero = parsed(kEc);
  zero["d"] = to_base64url(Bytes(32, 0));
  EXPECT_EQ(code_of(PrivateKey::from_jwk(zero)), "RMT-J003");
  zero["d"] = to_base64url(Bytes(32, 0xff));
  EXPECT_EQ(code_of(PrivateKey::from_jwk(zero)), "RMT-J003");
  EXPECT_EQ(code_of(PrivateKey::from_jwk(parsed(kEd))), "RMT-J001");
}

TEST(Key, OneKeyServesManyThreads) {
  SeededRandom random(4);
  for (auto algorithm : {Algorithm::kEs256, Algorithm::kEd25519}) {
    const auto key = PrivateKey::generate(algorithm, random);
    std::atomic<int> good = 0;
    {
      std::vector<std::jthread> threads;
      threads.reserve(4);
      for (int t = 0; t < 4; ++t)
        threads.emplace_back([&] {
          for (int i = 0; i < 50; ++i)
            good += key.public_key().verify(as_bytes("m"), key.sign(as_bytes("m")));
        });
    }
    EXPECT_EQ(good, 200);
  }
}

TEST(KeySet, AKidPicksExactlyOneKey) {
  const auto a = PublicKey::from_jwk(parsed(kEc))->with_kid("a");
  const auto b = PublicKey::from_jwk(parsed(kEd))->with_kid("b");
  const auto set = *KeySet::of({a, b});
  EXPECT_EQ(set.select("b")->thumbprint(), b.thumbprint());
  EXPECT_EQ(code_of(set.select("")), "RMT-J015");
  EXPECT_EQ(code_of(set.select("c")), "RMT-J015");
  EXPECT_EQ(code_of(set.select("../b")), "RMT-J015");
  EXPECT_EQ(KeySet::of({b})->select("")->thumbprint(), b.thumbprint());
  EXPECT_EQ(code_of(KeySet().select("")), "RMT-J015");
}

TEST(KeySet, SetsThatCanBeReadTwoWaysAreRefused) {
  const auto key = *PublicKey::from_jwk(parsed(kEc));
  EXPECT_EQ(code_of(KeySet::of({key.with_kid("a"), key.with_kid("a")})), "RMT-J004");
  for (std::string_view text : {R"({})", R"({"keys":{}})", R"({"keys":[1]})"})
    EXPECT_EQ(code_of(KeySet::from_jwks(parsed(text))), "RMT-J004") << text;
  EXPECT_EQ(code_of(KeySet::from_jwks(parsed(R"({"keys":[{"kty":"oct","k":"AAAA"}]})"))), "RMT-J002");
}

TEST(KeySet, ASetSurvivesItsJwks) {
  const auto set =
      *KeySet::of({PublicKey::from_jwk(parsed(kEc))->with_kid("a"), *PublicKey::from_jwk(parsed(kEd))});
  EXPECT_EQ(KeySet::from_jwks(set.jwks())->jwks(), set.jwks());
}

}  // namespace
}  // namespace remit::jose
