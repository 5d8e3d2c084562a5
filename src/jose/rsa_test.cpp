// RSA keys: which are accepted, and what their signatures must be. Keys and signatures were made with
// OpenSSL's command line.

#include <gtest/gtest.h>

#include "jose/jws.h"
#include "jose/key_set.h"

namespace remit::jose {
namespace {

using boost::json::object;

constexpr std::string_view kModulus =
    "xxAH9aoXEaZYz-YfJQFW8gB-JgJoMvXBSFgG34zqZS0_ngr7fa8Q9J5X3sC6O2rp0U6_JKhWIyj7dNP29Wz5aTXB6UnQiVU7"
    "Y0KeVOo8monT4Rak5ISYr4y1LUw-8Uy6WMJh25o2RTKdsN5xV2BJO45sQHbnpD0xcvcD4arffKLsPEp3U6pniJN2OiBlxh8s"
    "1SRSPxpXpmq1W0iyZov1FKw5mv2qtTv0UgWBQvqXK8NwDGO-9J97NmIVQSEtHTOAJ57CEnvFpq_K4CnXpzxs5XxwlnP_KJpg"
    "nnz_jcFmBwSruy8hv01noCHdWhQX8Hwx6AJwy6WMd87zJnZvIezt1Q";
constexpr std::string_view kShortModulus =
    "sSKgWJBhAX8qEKIecY1bu8I-DntmLF4AEiGLj8EqsioraRJ3d5pZPa4aZyyync9c9H_mBCZKegJkHmBgV7hLpMPra5zj9r3N"
    "01qSETu7A_xI0lKXVjkRXsGbAwHG60rIX2nWQXhzQhKnZYYN3l90HoqJMmxjJKIPRVz1bFo8biU";
// Made with e = 3.
constexpr std::string_view kModulusOfThree =
    "7aDOamJRWvFdCCP6LtktcvD5gGPN8qGlayjLemR7XoJBnYw1KWvc9sBxR_jwW5AW9GudXQ7BW395en78ZkdtUDDcz5U0aE1F"
    "2VLJo53evSF4mRKpJOpJ03KLMBn0Gjx1RIpW5IRbyBTAtZ1qM7Qbl-8ilfkLGNXwKs-d57CcfP7rTh8HzKhEKQC8ns5_DAR7"
    "CovnF-CM9X_ZFF-fnuUdnrZHmyprPI0Z-paQNOvZ8WzwZaFjl9CTvb2FlyHZUTyc7zzzg9JEy6xfFR2G0YJeNHREYAsNtbJa"
    "CAtl8SaqfNFCuQHnACSev2oj6U5UHIfpBTKcn-MkHIINveqMoblNVw";
// Project Wycheproof, json_web_key_test: made by a library with CVE-2017-15361.
constexpr std::string_view kRocaModulus =
    "AanFpofbj7KjD4Lf-N2hVMKR7yewSyXhhbirIMTGpfYEhZ_lnt5UoK98DnKIgArXGTu3MaW_HhFw16HGaTDUHqPrId7fe4r1"
    "1CqRw09yBFuW79V8sYIwHdzCaWflUI6auImYbVfoN9_nD5n8N8SY9DwXw7mwZM9wREPXoDPgOoIWl6q_MPsp7n0zs3Z5ZaiQ"
    "WOOzl1S9OhwAfSiiOwz6efnXEaxuTEtPd7BjSx7NaFka8Dx9U7YqXy2RFj1O9PjyaDGuRh7YXsX3iMUSP_wSyHQg_c_qHRtK"
    "UsNSGCT7OZg0hzm2KphtjnayKJvC64vAbROBR4Ubg6Bxg9IQVZ-QYyE";

// {"alg":"PS256","kid":"r"} . {"iss":"joe"}
constexpr std::string_view kInput = "eyJhbGciOiJQUzI1NiIsImtpZCI6InIifQ.eyJpc3MiOiJqb2UifQ";
constexpr std::string_view kPss32 =
    "MU7EiB7WIZr51w9ZJG46n4MQbw1oZkyygELectSEgOZkDER33MyluTETM-gZAA9AErOFzn2sZs35XPjVWimRfm-tppFWuqsR"
    "dcPEsNYFC-yi0ikK0kCuPBqPHqn6p1QHTS-2A6bSthvMkRafarce0VU4dOjMuKM9RUrzx1eQVPw-dwe7szWoNeSC55D1Yl4Q"
    "TyQjnLkamxF7k_wjiCmnM4EFnQtMIUV5Vcyhq14EbK5RFQ-9oUM_TIpLD6_OQsMXlXXrS6sxnL4CD4hyDv7tYK49vFer2n8X"
    "Vf1MMjiskX8B6B44HypkQgp5WL_JeaUvJdzJcAGfU_eCzzXa81bD2g";
constexpr std::string_view kPss20 =
    "V3zhv3bZlFat7ZIi1rFtZ--ODfdrWmanWXvKKOk_YaRpCOEmWJIiEqN7BHK2i2CC8bwKiki1Ri_-EbFNRMifZkKwSEsB0Yxu"
    "LpmWRxCSJ9FW-F-p8As1c2K34Bhjv9Lshz-jZ3kUU-EVcUeIllUEygXoI4cxWQUo8JlOkXZlVcAju1sHfwLBrtgld34L8QXL"
    "YImzWdVqLNu5pfgy28ZkSFg6vCBjawtOOtyZ6AOo_me_qWYzjkJBgqv81fbtJdRCcbKvjRy1it_FsajwoEvPhLeKnQ0SXrOs"
    "M6eY7azO959yQY6mnbPHcwmvydnFcnGi7XFMW_UCEBGF6hTuchf1lw";
constexpr std::string_view kPkcs1 =
    "hobb5nedS65NlGcciit2zE-Ip389Vs4-jGHElP0fVLmGjf9eNs6XjTx5ThdiMyYpp4uUUajYcVtXuyRahcnd1utHGe01KSUf"
    "wWi-79i5fvvEkfVFhqncXgyGm67e07t_YWYGwzJ6nzTRZyE3RwHcRWNyJ8mqXFjS0blT1o9EtyfxfL0aFuELchVFj1MkSPJH"
    "RZZUYqO2Hrs3T1TS8IJ91wyjtGHb3bLfGLOfPqPZhVv6Lb1KnE8SzeNX4FdEj_6V2UExTwwoeaMZj_cEzUSKFdn_qrN5zawD"
    "3Fa3L_-wqgV05lns5mQ5glWHaBhWZz_c6WSLrmcmIBR0x7o1nWiLCg";

constexpr std::string_view kPem = R"(-----BEGIN PUBLIC KEY-----
MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAxxAH9aoXEaZYz+YfJQFW
8gB+JgJoMvXBSFgG34zqZS0/ngr7fa8Q9J5X3sC6O2rp0U6/JKhWIyj7dNP29Wz5
aTXB6UnQiVU7Y0KeVOo8monT4Rak5ISYr4y1LUw+8Uy6WMJh25o2RTKdsN5xV2BJ
O45sQHbnpD0xcvcD4arffKLsPEp3U6pniJN2OiBlxh8s1SRSPxpXpmq1W0iyZov1
FKw5mv2qtTv0UgWBQvqXK8NwDGO+9J97NmIVQSEtHTOAJ57CEnvFpq/K4CnXpzxs
5XxwlnP/KJpgnnz/jcFmBwSruy8hv01noCHdWhQX8Hwx6AJwy6WMd87zJnZvIezt
1QIDAQAB
-----END PUBLIC KEY-----
)";

object jwk(std::string_view modulus, std::string_view exponent = "AQAB") {
  return {{"kty", "RSA"}, {"n", modulus}, {"e", exponent}};
}
object with(object key, std::string_view name, std::string_view value) {
  key[name] = value;
  return key;
}
std::string verdict(const object& key) {
  const auto read = PublicKey::from_jwk(key);
  return read ? "accepted" : std::string(read.error().code);
}
bool verifies(std::string_view signature) {
  const auto jws = UnverifiedJws::parse(std::string(kInput) + "." + std::string(signature));
  return jws && jws->check(*PublicKey::from_jwk(jwk(kModulus)));
}

TEST(Rsa, KeysThatAreFitAreAcceptedAndEveryOtherIsRefusedWithItsReason) {
  struct Case {
    std::string_view why;
    object key;
    std::string_view verdict;
  };
  const std::string padded = "AAAA" + std::string(kModulus);
  std::string even(kModulus);
  even.back() = 'A';
  const Case cases[] = {
      {"as it is", jwk(kModulus), "accepted"},
      {"for PS256", with(jwk(kModulus), "alg", "PS256"), "accepted"},
      {"for RS256", with(jwk(kModulus), "alg", "RS256"), "RMT-J002"},
      {"for ES256", with(jwk(kModulus), "alg", "ES256"), "RMT-J002"},
      {"for encryption", with(jwk(kModulus), "use", "enc"), "RMT-J001"},
      {"with its private part", with(jwk(kModulus), "d", "AQAB"), "RMT-J001"},
      {"with a prime", with(jwk(kModulus), "p", "AQAB"), "RMT-J001"},
      {"no modulus", {{"kty", "RSA"}, {"e", "AQAB"}}, "RMT-J001"},
      {"no exponent", {{"kty", "RSA"}, {"n", kModulus}}, "RMT-J001"},
      {"an empty exponent", jwk(kModulus, ""), "RMT-J001"},
      {"a modulus with a leading zero", jwk(padded), "RMT-J001"},
      {"an exponent with a leading zero", jwk(kModulus, "AAEAAQ"), "RMT-J001"},
      {"1024 bits", jwk(kShortModulus), "RMT-J003"},
      {"a modulus of one byte", jwk("Aw"), "RMT-J003"},
      {"5120 bits", jwk(std::string(853, '_') + "w"), "RMT-J003"},
      {"e = 1", jwk(kModulus, "AQ"), "RMT-J003"},
      {"e = 3", jwk(kModulusOfThree, "Aw"), "RMT-J003"},
      {"e = 65536", jwk(kModulus, "AQAA"), "RMT-J003"},
      {"e = 65539", jwk(kModulus, "AQAD"), "accepted"},
      {"e of 72 bits", jwk(kModulus, "AQAAAAAAAAAB"), "RMT-J003"},
      {"an even modulus", jwk(even), "RMT-J003"},
      {"all ones", jwk(std::string(341, '_') + "w"), "RMT-J003"},
      {"of a broken generator", jwk(kRocaModulus), "RMT-J003"},
  };
  for (const auto& [why, key, expected] : cases) EXPECT_EQ(verdict(key), expected) << why;
}

TEST(Rsa, OnlyPssWithSha256AndASaltOf32BytesVerifies) {
  EXPECT_TRUE(verifies(kPss32));
  EXPECT_FALSE(verifies(kPss20));
  EXPECT_FALSE(verifies(kPkcs1));
  EXPECT_FALSE(verifies(kPss32.substr(4)));
  EXPECT_FALSE(verifies(std::string(kPss32.substr(0, kPss32.size() - 2)) + "AA"));
  std::string other(kPss32);
  other[10] = other[10] == 'A' ? 'B' : 'A';
  EXPECT_FALSE(verifies(other));
}

TEST(Rsa, AKeyIsWrittenAsItWasRead) {
  const auto key = PublicKey::from_jwk(with(jwk(kModulus), "kid", "r"));
  ASSERT_TRUE(key);
  EXPECT_EQ(key->algorithm(), Algorithm::kPs256);
  EXPECT_EQ(
      key->jwk(),
      (object{
          {"e", "AQAB"}, {"kty", "RSA"}, {"n", kModulus}, {"alg", "PS256"}, {"use", "sig"}, {"kid", "r"}}));
  EXPECT_EQ(PublicKey::from_jwk(key->jwk())->thumbprint(), key->thumbprint());
}

TEST(Rsa, WhoHasThePrimesCanSignUnderEveryExponent) {
  const auto one = PublicKey::from_jwk(jwk(kModulus)).value();
  const auto other = PublicKey::from_jwk(jwk(kModulus, "AQAD")).value();
  EXPECT_NE(one.thumbprint(), other.thumbprint());
  EXPECT_EQ(one.material_thumbprint(), other.material_thumbprint());
}

TEST(Rsa, NoKeyIsMadeOrReadToSignWith) {
  SeededRandom random(1);
  EXPECT_THROW(PrivateKey::generate(Algorithm::kPs256, random), std::invalid_argument);
  EXPECT_EQ(PrivateKey::from_jwk(with(jwk(kModulus), "d", "AQAB")).error().code, "RMT-J002");
}

TEST(Pem, APublicKeyIsReadAndNothingElse) {
  const auto rsa = PublicKey::from_pem(kPem);
  ASSERT_TRUE(rsa) << rsa.error().message;
  EXPECT_EQ(rsa->thumbprint(), PublicKey::from_jwk(jwk(kModulus))->thumbprint());
  constexpr std::string_view kEcPem = R"(-----BEGIN PUBLIC KEY-----
MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEdkQRa2kKNG+MerphD+muLlFkca8o
SX8e2Z5FcyXuF+HO6oBgkEToNN2Obm2CYAHSkdOieZqpxfUFGnAtjAf9Lw==
-----END PUBLIC KEY-----
)";
  constexpr std::string_view kEcCompressed = R"(-----BEGIN PUBLIC KEY-----
MDkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDIgADdkQRa2kKNG+MerphD+muLlFkca8o
SX8e2Z5FcyXuF+E=
-----END PUBLIC KEY-----
)";
  constexpr std::string_view kEdPem = R"(-----BEGIN PUBLIC KEY-----
MCowBQYDK2VwAyEA3fWRlJeaorxBnDjUEhB4IXgQYvZn8QXEicFRUM+JZlg=
-----END PUBLIC KEY-----
)";
  constexpr std::string_view kP384 = R"(-----BEGIN PUBLIC KEY-----
MHYwEAYHKoZIzj0CAQYFK4EEACIDYgAEpoupla9f+xGACNIFa3Nn9TEFKIP6kSWA
JJ1pp9s2N1WgrqTO1e8pj3EgPYKJNo3Qprij32/iXfrCHcq5VA6ttoglVOImhGzq
gv4ZW7QHrbGm55yp7mROEHAzr++4Brhg
-----END PUBLIC KEY-----
)";
  const auto ec = PublicKey::from_pem(kEcPem);
  ASSERT_TRUE(ec) << ec.error().message;
  EXPECT_EQ(ec->algorithm(), Algorithm::kEs256);
  EXPECT_EQ(PublicKey::from_pem(kEcCompressed)->thumbprint(), ec->thumbprint());
  EXPECT_EQ(PublicKey::from_pem(kEdPem)->algorithm(), Algorithm::kEd25519);
  EXPECT_EQ(PublicKey::from_pem("a comment in front\n" + std::string(kEdPem) + "\n")->algorithm(),
            Algorithm::kEd25519);

  struct Case {
    std::string_view why;
    std::string text;
    std::string_view code;
  };
  const Case cases[] = {
      {"nothing", "", "RMT-J001"},
      {"no PEM", "hello", "RMT-J001"},
      {"two keys", std::string(kEdPem) + std::string(kEcPem), "RMT-J001"},
      {"cut off", std::string(kEdPem.substr(0, 60)), "RMT-J001"},
      {"another curve", std::string(kP384), "RMT-J002"},
      {"a private key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n", "RMT-J001"},
      {"an encrypted one beside a public one",
       std::string(kEdPem) + "-----BEGIN ENCRYPTED PRIVATE KEY-----\nAAAA\n", "RMT-J001"},
      {"a certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n", "RMT-J001"},
  };
  for (const auto& [why, text, code] : cases) {
    const auto read = PublicKey::from_pem(text);
    EXPECT_EQ(read ? "accepted" : read.error().code, code) << why;
  }
}

TEST(Pem, APrivateKeySurvivesIt) {
  SeededRandom random(5);
  for (const auto algorithm : {Algorithm::kEs256, Algorithm::kEd25519}) {
    const auto key = PrivateKey::generate(algorithm, random);
    const auto read = PrivateKey::from_pem(key.pem().reveal());
    ASSERT_TRUE(read) << read.error().message;
    EXPECT_EQ(read->jwk().reveal(), key.jwk().reveal());
    const auto message = as_bytes("message");
    EXPECT_TRUE(key.public_key().verify(message, read->sign(message)));
  }
}

// As `openssl ecparam -name prime256v1 -genkey` and `openssl genpkey` write them.
TEST(Pem, APrivateKeyIsReadAndNothingElse) {
  constexpr std::string_view kSec1 = R"(-----BEGIN EC PARAMETERS-----
BggqhkjOPQMBBw==
-----END EC PARAMETERS-----
-----BEGIN EC PRIVATE KEY-----
MHcCAQEEIOHDjJDc4YDv/qVioP+IUbhm5I/lRkNu5nTqiKJ0mMYmoAoGCCqGSM49
AwEHoUQDQgAERmbXVwmYEZlUjRKG+Uxm5tX9yyHVHNQ5Y4yZvJACr6ihy085CD+I
xW90pOzd6TV8jUdkIR1oT1OyD4sFOctp/Q==
-----END EC PRIVATE KEY-----
)";
  struct Case {
    std::string_view why;
    std::string text;
    std::string_view code;
  };
  SeededRandom random(6);
  const std::string good(PrivateKey::generate(Algorithm::kEs256, random).pem().reveal());
  const Case cases[] = {
      {"SEC 1 behind its parameters", std::string(kSec1), ""},
      {"a comment in front", "a comment\n" + good, ""},
      {"nothing", "", "RMT-J001"},
      {"cut off", good.substr(0, good.size() / 2), "RMT-J001"},
      {"two keys", good + good, "RMT-J001"},
      {"a public key", "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n", "RMT-J001"},
      {"under a passphrase", R"(-----BEGIN ENCRYPTED PRIVATE KEY-----
MIGbMFcGCSqGSIb3DQEFDTBKMCkGCSqGSIb3DQEFDDAcBAiSjS4Nz4RVIQICCAAw
DAYIKoZIhvcNAgkFADAdBglghkgBZQMEASoEEGZ2A0giEeg8EOLLR+BZbJwEQL8K
z2p3c4JuWK/sGOplezU1ZsxlNj6wt4BFVNFBt8wneiIVIAOYUvs0wUzVpMWt315G
0WhQSDvwWi88BgTkan4=
-----END ENCRYPTED PRIVATE KEY-----
)",
       "RMT-J001"},
      {"another curve", R"(-----BEGIN PRIVATE KEY-----
MIG2AgEAMBAGByqGSM49AgEGBSuBBAAiBIGeMIGbAgEBBDBQaAOEIwMQ6vWZ9eAs
atk5qDdCX46D/Szc1kBDBrM6IxXNC1NFdmwLs1FVdX2D7/+hZANiAASFWyeEW8T5
gGkk5K6yQri4APtGo8vNgy+96by07jbeXFdKDwtIwZML2AR7BQ6+Qc9+kGjsgSRE
1ucJCKPdJN5vyBLVTdN1naMhm9JP1/HQgDIlwu7I996cFo8FwxmQJio=
-----END PRIVATE KEY-----
)",
       "RMT-J002"},
  };
  for (const auto& [why, text, code] : cases) {
    const auto read = PrivateKey::from_pem(text);
    EXPECT_EQ(read ? "" : read.error().code, code) << why;
  }
}

TEST(Material, IsThatOfAPointAndOfItsNegative) {
  SeededRandom random(3);
  const auto ec = PrivateKey::generate(Algorithm::kEs256, random).public_key();
  // p - y, with p = 2^256 - 2^224 + 2^192 + 2^96 - 1 (FIPS 186-4 D.1.2.3).
  const auto p = from_hex("ffffffff00000001000000000000000000000000ffffffffffffffffffffffff").value();
  const auto y = ec.raw().last(32);
  Bytes negative(32);
  int borrow = 0;
  for (int i = 31; i >= 0; --i) {
    const auto at = static_cast<std::size_t>(i);
    const int digit = p[at] - y[at] - borrow;
    borrow = digit < 0;
    negative[at] = static_cast<std::uint8_t>(digit + 256 * borrow);
  }
  auto key = ec.jwk();
  key["y"] = to_base64url(negative);
  const auto mirrored = PublicKey::from_jwk(key);
  ASSERT_TRUE(mirrored) << mirrored.error().message;
  EXPECT_NE(mirrored->thumbprint(), ec.thumbprint());
  EXPECT_EQ(mirrored->material_thumbprint(), ec.material_thumbprint());

  const auto ed = PrivateKey::generate(Algorithm::kEd25519, random).public_key();
  Bytes other(ed.raw().begin(), ed.raw().end());
  other.back() ^= 0x80;
  EXPECT_EQ(PublicKey::from_ed25519(other)->material_thumbprint(), ed.material_thumbprint());
  EXPECT_NE(ed.material_thumbprint(), ec.material_thumbprint());
}

}  // namespace
}  // namespace remit::jose
