#include "jose/key.h"

#include <openssl/crypto.h>

#include "base/sha256.h"
#include "jose/ed25519_point.h"
#include "jose/evp.h"
#include "jose/key_state.h"

namespace remit::jose {
namespace {

using Kind = evp::Operation::Kind;

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

std::string_view to_string(Algorithm algorithm) { return algorithm == Algorithm::kEs256 ? "ES256" : "EdDSA"; }

bool is_name_of(Algorithm algorithm, std::string_view alg) {
  if (algorithm == Algorithm::kEs256) return alg == "ES256";
  return alg == "EdDSA" || alg == "Ed25519";
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
  return PublicKey(std::make_shared<const State>(algorithm, Bytes(raw.begin(), raw.end()),
                                                 evp::Operation(std::move(key), Kind::kVerify, es256)));
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
  return PrivateKey(std::make_shared<const State>(Secret(std::string(as_text(d))),
                                                  evp::Operation(std::move(key), Kind::kSign, es256)),
                    std::move(named));
}

Result<PrivateKey> PrivateKey::from_ed25519_seed(BytesView seed) {
  return from_scalar(Algorithm::kEd25519, seed);
}

PrivateKey PrivateKey::generate(Algorithm algorithm, Random& random) {
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
