#include "jose/key.h"

#include <openssl/crypto.h>

#include <algorithm>
#include <array>
#include <stdexcept>

#include "base/sha256.h"
#include "jose/ed25519_point.h"
#include "jose/evp.h"
#include "jose/key_state.h"

namespace remit::jose {
namespace {

using Kind = evp::Operation::Kind;
using Scheme = evp::Operation::Scheme;

constexpr std::size_t kLeastModulus = 2048;  // bits; identity.md, DPoP
constexpr std::size_t kMostModulus = 4096;   // what a stranger may have us verify with
constexpr std::size_t kMostExponent = 64;
constexpr std::uint64_t kLeastExponent = 65537;

Scheme scheme_of(Algorithm algorithm) {
  return algorithm == Algorithm::kEs256 ? Scheme::kEcdsa : Scheme::kEd25519;
}

std::unexpected<Error> weak(std::string message) {
  return fail(ErrorKind::kInvalid, "RMT-J003", std::move(message));
}

std::uint64_t to_integer(BytesView big_endian) {
  std::uint64_t value = 0;
  for (const auto byte : big_endian) value = (value << 8U) | byte;
  return value;
}

// CVE-2017-15361: primes of a known broken generator are powers of 65537 modulo each of these, and so are
// their products; of another modulus that is so by a chance of less than 2^-27.
bool is_of_broken_generator(BytesView modulus) {
  constexpr std::array<std::uint64_t, 17> kPrimes = {11, 13, 17,  19,  37,  53,  61,  71, 73,
                                                     79, 97, 103, 107, 109, 127, 151, 157};
  return std::ranges::all_of(kPrimes, [&](std::uint64_t prime) {
    const auto rest = evp::modulo(modulus, prime);
    std::uint64_t power = 1;
    do {
      if (power == rest) return true;
      power = power * kLeastExponent % prime;
    } while (power != 1);
    return false;
  });
}

Result<> check_point(Algorithm algorithm, BytesView raw) {
  if (algorithm == Algorithm::kEs256) {
    if (raw.size() == 64 && evp::is_on_p256(uncompressed(raw))) return {};
    return fail(ErrorKind::kInvalid, "RMT-J003", "the point (x, y) is not on the curve P-256");
  }
  switch (classify_ed25519(raw)) {
    case Ed25519Point::kGood:
      return {};
    case Ed25519Point::kNotCanonical:
      return fail(ErrorKind::kInvalid, "RMT-J003", "the Ed25519 key is not 32 bytes in canonical form");
    case Ed25519Point::kOffCurve:
      return fail(ErrorKind::kInvalid, "RMT-J003", "the Ed25519 key is not a point on the curve");
    case Ed25519Point::kSmallOrder:
      return fail(ErrorKind::kInvalid, "RMT-J003",
                  "the Ed25519 key is of small order: anyone can sign for it");
  }
  return fail(ErrorKind::kInternal, "RMT-J003", "unclassified key");
}

}  // namespace

std::string_view to_string(Algorithm algorithm) {
  switch (algorithm) {
    case Algorithm::kEs256:
      return "ES256";
    case Algorithm::kEd25519:
      return "EdDSA";
    case Algorithm::kPs256:
      return "PS256";
  }
  return "?";
}

bool is_name_of(Algorithm algorithm, std::string_view alg) {
  return alg == to_string(algorithm) || (algorithm == Algorithm::kEd25519 && alg == "Ed25519");
}

Bytes uncompressed(BytesView xy) {
  Bytes point{POINT_CONVERSION_UNCOMPRESSED};
  point.insert(point.end(), xy.begin(), xy.end());
  return point;
}

Result<PublicKey> PublicKey::from_point(Algorithm algorithm, BytesView raw) {
  TRY(check_point(algorithm, raw));
  const bool es256 = algorithm == Algorithm::kEs256;
  auto key = es256 ? evp::p256_key(uncompressed(raw), {}) : evp::ed25519_public_key(raw);
  return PublicKey(
      std::make_shared<const State>(algorithm, Bytes(raw.begin(), raw.end()), Bytes(),
                                    evp::Operation(std::move(key), Kind::kVerify, scheme_of(algorithm))));
}

Result<PublicKey> PublicKey::from_rsa(BytesView modulus, BytesView exponent) {
  const auto size = evp::bits(modulus);
  if (size < kLeastModulus || size > kMostModulus)
    return weak("the RSA key has " + std::to_string(size) + " bits, not 2048 to 4096");
  if (evp::bits(exponent) > kMostExponent || to_integer(exponent) < kLeastExponent ||
      (exponent.back() & 1U) == 0)
    return weak("the RSA key's exponent is not an odd number of at least 65537 and at most 64 bits");
  if (is_of_broken_generator(modulus))
    return weak("the RSA key was made by a generator whose keys can be factored (CVE-2017-15361)");
  auto key = evp::rsa_public_key(modulus, exponent);
  if (!key) return weak("the RSA key's modulus is not the product of two large primes");
  return PublicKey(std::make_shared<const State>(
      Algorithm::kPs256, Bytes(modulus.begin(), modulus.end()), Bytes(exponent.begin(), exponent.end()),
      evp::Operation(std::move(key), Kind::kVerify, Scheme::kPss)));
}

Result<PublicKey> PublicKey::from_ed25519(BytesView raw) { return from_point(Algorithm::kEd25519, raw); }

Algorithm PublicKey::algorithm() const { return state_->algorithm; }

BytesView PublicKey::raw() const { return state_->raw; }

PublicKey PublicKey::with_kid(std::string kid) const {
  auto copy = *this;
  copy.kid_ = std::move(kid);
  return copy;
}

bool PublicKey::verify(BytesView message, BytesView signature) const {
  return state_->operation.verify(message, signature);
}

std::uint64_t signature_checks() { return evp::checks(); }

Result<PrivateKey> PrivateKey::from_scalar(Algorithm algorithm, BytesView d) {
  if (d.size() != 32) return fail(ErrorKind::kInvalid, "RMT-J001", "a private key is 32 bytes");
  const bool es256 = algorithm == Algorithm::kEs256;
  evp::Owned<EVP_PKEY> key;
  Bytes raw;
  if (es256) {
    const auto point = evp::p256_public(d);
    if (point.empty())
      return fail(ErrorKind::kInvalid, "RMT-J003", "the private key is not in 1 … n-1 of P-256");
    key = evp::p256_key(point, d);
    raw.assign(point.begin() + 1, point.end());
  } else {
    key = evp::ed25519_private_key(d);
    raw = evp::ed25519_raw_public(key.get());
  }
  ASSIGN_OR_RETURN(auto open, PublicKey::from_point(algorithm, raw));
  auto named = open.with_kid(open.thumbprint());
  return PrivateKey(
      std::make_shared<const State>(Secret(std::string(as_text(d))),
                                    evp::Operation(std::move(key), Kind::kSign, scheme_of(algorithm))),
      std::move(named));
}

Result<PrivateKey> PrivateKey::from_ed25519_seed(BytesView seed) {
  return from_scalar(Algorithm::kEd25519, seed);
}

Result<PrivateKey> PrivateKey::from_pem(std::string_view pem) {
  const auto begin = pem.find("-----BEGIN ");
  // SEC 1 files of `openssl ecparam` begin with the curve's parameters.
  const auto key = pem.find("PRIVATE KEY-----");
  const auto parts = evp::read_private_pem(pem);
  if (!parts || begin == std::string_view::npos ||
      pem.find("-----BEGIN ", pem.find("-----END ", key)) != std::string_view::npos)
    return fail(
        ErrorKind::kInvalid, "RMT-J001",
        "the text is not one private key in PEM (`-----BEGIN PRIVATE KEY-----`) without a passphrase");
  if (parts->type == "EC") return from_scalar(Algorithm::kEs256, as_bytes(parts->d.reveal()));
  if (parts->type == "ED25519") return from_scalar(Algorithm::kEd25519, as_bytes(parts->d.reveal()));
  return fail(ErrorKind::kInvalid, "RMT-J002",
              "keys that are " + std::string(parts->type) + " are not supported",
              "Use an EC key on P-256 (ES256) or an Ed25519 key (EdDSA).");
}

Secret PrivateKey::pem() const {
  const auto d = as_bytes(state_->d.reveal());
  const auto key = algorithm() == Algorithm::kEs256 ? evp::p256_key(uncompressed(public_.raw()), d)
                                                    : evp::ed25519_private_key(d);
  return evp::private_pem(key.get());
}

PrivateKey PrivateKey::generate(Algorithm algorithm, Random& random) {
  if (algorithm == Algorithm::kPs256) throw std::invalid_argument("RSA keys are not made here");
  // A scalar outside 1 … n-1 of P-256 has a chance of 2^-32, so this ends (FIPS 186-5 A.2.2, rejection).
  for (;;) {
    auto d = random.bytes(32);
    auto key = from_scalar(algorithm, d);
    OPENSSL_cleanse(d.data(), d.size());
    if (key) return *std::move(key);
  }
}

Bytes PrivateKey::sign(BytesView message) const { return state_->operation.sign(message); }

}  // namespace remit::jose
