// Keys that sign and verify tokens, and their JWK form (RFC 7517, RFC 7518 §6.2, §6.3, RFC 8037 §2).
//
// Three kinds: EC on P-256 (ES256: ECDSA with SHA-256, signature r || s, RFC 7518 §3.4), Ed25519 (RFC 8037
// §3.1), and RSA (PS256: RSASSA-PSS with SHA-256, MGF1 and a salt of 32 bytes, RFC 7518 §3.5), which verifies
// only. A key has one algorithm, and the key, not the token, says which. Every other kind is refused by name.
//
// A public key is usable from the moment that it exists: points off the curve, coordinates that are not
// reduced, keys of small order, and RSA keys under 2048 or over 4096 bits, with an exponent below 65537, with
// a small factor or of a generator that is known to be broken are refused when it is read.
//
// Thread-safety: keys are immutable values; copies share one OpenSSL key. Errors: RMT-J001 … RMT-J004, all
// kInvalid. Defects and exhausted memory throw.

#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

namespace remit::jose {

inline constexpr std::size_t kMaxKid = 256;  // bytes of a key's id

enum class Algorithm { kEs256, kEd25519, kPs256 };

// The `alg` that we write: "ES256", "PS256", and "EdDSA", since verifiers older than RFC 9864 do not know
// "Ed25519".
std::string_view to_string(Algorithm algorithm);

// Whether `alg` names this algorithm: Ed25519 has two names, "EdDSA" (RFC 8037) and "Ed25519" (RFC 9864).
bool is_name_of(Algorithm algorithm, std::string_view alg);

class PublicKey {
 public:
  // A JWK for verification. Refused: private members, `use` other than "sig", `key_ops` without "verify", an
  // `alg` that is not the key's, coordinates of another length than 32 bytes.
  static Result<PublicKey> from_jwk(const boost::json::object& jwk);
  // SubjectPublicKeyInfo in PEM (RFC 7468 §13): one, and nothing else. Private keys are refused.
  static Result<PublicKey> from_pem(std::string_view pem);
  // 32 bytes (RFC 8032 §5.1.5), as in a signed note's verifier key.
  static Result<PublicKey> from_ed25519(BytesView raw);

  Algorithm algorithm() const;
  // The JWK's `kid`, or empty.
  const std::string& kid() const { return kid_; }
  PublicKey with_kid(std::string kid) const;

  // kty, crv, x, y, or kty, n, e; with `alg`, `use` and `kid`, as a JWKS publishes it.
  boost::json::object jwk() const;
  // RFC 7638, SHA-256, base64url.
  std::string thumbprint() const;
  // The same for every key that whoever holds the private part of one of them can sign for: a point and its
  // negative (x alone counts; for Ed25519 y), a modulus with whatever exponent. SHA-256, base64url.
  std::string material_thumbprint() const;
  // Ed25519: the 32 bytes. P-256: x || y. RSA: the modulus.
  BytesView raw() const;

  // Of the message itself; hashing is part of the algorithm. False for a signature of any other length than
  // the key's: 64, or that of the modulus.
  bool verify(BytesView message, BytesView signature) const;

 private:
  friend class PrivateKey;
  struct State;
  explicit PublicKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  static Result<PublicKey> from_point(Algorithm algorithm, BytesView raw);
  static Result<PublicKey> from_rsa(BytesView modulus, BytesView exponent);
  boost::json::object required_members() const;

  std::shared_ptr<const State> state_;
  std::string kid_;
};

// How many signatures this thread has checked: what a refusal costs, counted.
std::uint64_t signature_checks();

class PrivateKey {
 public:
  // ES256 or Ed25519: asking for any other is a defect.
  static PrivateKey generate(Algorithm algorithm, Random& random);
  // A private JWK; its public part must belong to it.
  static Result<PrivateKey> from_jwk(const boost::json::object& jwk);
  // PKCS#8 (RFC 7468 §10) or SEC 1 (RFC 5915) in PEM: one, and not under a passphrase.
  static Result<PrivateKey> from_pem(std::string_view pem);
  // RFC 8032 §5.1.5: any 32 bytes.
  static Result<PrivateKey> from_ed25519_seed(BytesView seed);

  const PublicKey& public_key() const { return public_; }
  Algorithm algorithm() const { return public_.algorithm(); }
  // As given, else the thumbprint.
  const std::string& kid() const { return public_.kid(); }

  // 64 bytes.
  Bytes sign(BytesView message) const;

  // The JWK as JSON text, with `d`: to be sealed, never shown.
  Secret jwk() const;
  // PKCS#8 in PEM, not encrypted: as `jwk()`.
  Secret pem() const;

 private:
  struct State;
  PrivateKey(std::shared_ptr<const State> state, PublicKey key)
      : state_(std::move(state)), public_(std::move(key)) {}
  static Result<PrivateKey> from_scalar(Algorithm algorithm, BytesView d);

  std::shared_ptr<const State> state_;
  PublicKey public_;
};

}  // namespace remit::jose
