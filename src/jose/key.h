// Keys that sign and verify tokens, and their JWK form (RFC 7517, RFC 7518 §6.2, RFC 8037 §2).
//
// Two kinds: EC on P-256 (ES256: ECDSA with SHA-256, signature r || s, RFC 7518 §3.4) and Ed25519 (RFC 8037
// §3.1). A key has one algorithm, and the key, not the token, says which. Every other kind is refused by
// name.
//
// A public key is usable from the moment that it exists: points off the curve, coordinates that are not
// reduced, and keys of small order are refused when it is read.
//
// Thread-safety: keys are immutable values; copies share one OpenSSL key. Errors: RMT-J001 … RMT-J004, all
// kInvalid. Defects and exhausted memory throw.

#pragma once

#include <boost/json/object.hpp>
#include <memory>
#include <string>
#include <string_view>

#include "base/bytes.h"
#include "base/random.h"
#include "base/result.h"
#include "base/secret.h"

namespace remit::jose {

enum class Algorithm { kEs256, kEd25519 };

// The `alg` that we write: "ES256", and "EdDSA", since verifiers older than RFC 9864 do not know "Ed25519".
std::string_view to_string(Algorithm algorithm);

// Whether `alg` names this algorithm: Ed25519 has two names, "EdDSA" (RFC 8037) and "Ed25519" (RFC 9864).
bool is_name_of(Algorithm algorithm, std::string_view alg);

class PublicKey {
 public:
  // A JWK for verification. Refused: private members, `use` other than "sig", `key_ops` without "verify", an
  // `alg` that is not the key's, coordinates of another length than 32 bytes.
  static Result<PublicKey> from_jwk(const boost::json::object& jwk);
  // 32 bytes (RFC 8032 §5.1.5), as in a signed note's verifier key.
  static Result<PublicKey> from_ed25519(BytesView raw);

  Algorithm algorithm() const;
  // The JWK's `kid`, or empty.
  const std::string& kid() const { return kid_; }
  PublicKey with_kid(std::string kid) const;

  // kty, crv, x, y; with `alg`, `use` and `kid`, as a JWKS publishes it.
  boost::json::object jwk() const;
  // RFC 7638, SHA-256, base64url.
  std::string thumbprint() const;
  // Ed25519: the 32 bytes. P-256: x || y.
  BytesView raw() const;

  // Of the message itself; hashing is part of the algorithm. False for a signature of any other length
  // than 64.
  bool verify(BytesView message, BytesView signature) const;

 private:
  friend class PrivateKey;
  struct State;
  explicit PublicKey(std::shared_ptr<const State> state) : state_(std::move(state)) {}
  static Result<PublicKey> from_point(Algorithm algorithm, BytesView raw);

  std::shared_ptr<const State> state_;
  std::string kid_;
};

class PrivateKey {
 public:
  static PrivateKey generate(Algorithm algorithm, Random& random);
  // A private JWK; its public part must belong to it.
  static Result<PrivateKey> from_jwk(const boost::json::object& jwk);
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

 private:
  struct State;
  PrivateKey(std::shared_ptr<const State> state, PublicKey key)
      : state_(std::move(state)), public_(std::move(key)) {}
  static Result<PrivateKey> from_scalar(Algorithm algorithm, BytesView d);

  std::shared_ptr<const State> state_;
  PublicKey public_;
};

}  // namespace remit::jose
