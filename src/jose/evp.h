// Owners of OpenSSL's objects, and the two signature operations. Private to this module.
//
// OpenSSL looks an algorithm up by name each time a context is initialised. So a key keeps an initialised
// context per operation, and each operation works on a copy of it, which needs no look-up and makes a key
// usable by any thread.

#pragma once

#include <openssl/bio.h>
#include <openssl/bn.h>
#include <openssl/ec.h>
#include <openssl/evp.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string_view>

#include "base/bytes.h"
#include "base/secret.h"

namespace remit::jose::evp {

struct Free {
  void operator()(BIO* p) const { BIO_free(p); }
  void operator()(BIGNUM* p) const { BN_clear_free(p); }
  void operator()(BN_CTX* p) const { BN_CTX_free(p); }
  void operator()(EC_GROUP* p) const { EC_GROUP_free(p); }
  void operator()(EC_POINT* p) const { EC_POINT_clear_free(p); }
  void operator()(ECDSA_SIG* p) const { ECDSA_SIG_free(p); }
  void operator()(EVP_PKEY* p) const { EVP_PKEY_free(p); }
  void operator()(EVP_PKEY_CTX* p) const { EVP_PKEY_CTX_free(p); }
  void operator()(EVP_MD_CTX* p) const { EVP_MD_CTX_free(p); }
};
template <typename T>
using Owned = std::unique_ptr<T, Free>;

// Aborts the request with std::bad_alloc: what fails here is memory, never the input.
template <typename T>
T* need(T* pointer) {
  if (pointer == nullptr) throw std::bad_alloc();
  return pointer;
}

Owned<BIGNUM> number(BytesView big_endian);

// The P-256 group, made once per process.
const EC_GROUP* p256();

// Whether `point` is 04 || x || y on P-256.
bool is_on_p256(BytesView point);

// 04 || x || y of the scalar `d`; empty if it is not in 1 … n-1.
Bytes p256_public(BytesView d);

// Keys from their parts, already checked; `d` is empty for a public key.
Owned<EVP_PKEY> p256_key(BytesView point, BytesView d);
Owned<EVP_PKEY> ed25519_public_key(BytesView raw);
Owned<EVP_PKEY> ed25519_private_key(BytesView seed);
Bytes ed25519_raw_public(const EVP_PKEY* key);
// Both big-endian, without leading zeros. Null where OpenSSL finds the pair unfit: even, with a small factor,
// a prime or a power of one (SP 800-56B §6.4.2.2).
Owned<EVP_PKEY> rsa_public_key(BytesView modulus, BytesView exponent);
std::size_t bits(BytesView big_endian);
std::uint64_t modulo(BytesView big_endian, std::uint64_t divisor);

// A SubjectPublicKeyInfo of one of our kinds. `exponent` is RSA's alone.
struct Spki {
  std::string_view type;  // "EC", "ED25519", "RSA", or another that OpenSSL knows
  Bytes raw, exponent;
};
// Empty where the text holds none, or one that is malformed.
std::optional<Spki> read_pem(std::string_view pem);

// A private key of one of our kinds: the 32 bytes of its scalar or seed; empty for another kind.
struct PrivateParts {
  std::string_view type;  // "EC", "ED25519", or what it is
  Secret d;
};
// PKCS#8 or SEC 1. Empty where the text holds none, or one under a passphrase, for which nobody is asked.
std::optional<PrivateParts> read_private_pem(std::string_view pem);
// PKCS#8 (RFC 7468 §10), not encrypted.
Secret private_pem(const EVP_PKEY* key);

// A key with the context that its operation is copied from.
class Operation {
 public:
  enum class Kind { kSign, kVerify };
  enum class Scheme { kEcdsa, kEd25519, kPss };
  Operation(Owned<EVP_PKEY> key, Kind kind, Scheme scheme);

  Bytes sign(BytesView message) const;  // ECDSA: r || s; never PSS
  bool verify(BytesView message, BytesView signature) const;

 private:
  Bytes sign_p256(BytesView message) const;
  bool verify_p256(BytesView message, BytesView signature) const;

  Owned<EVP_PKEY> key_;
  std::size_t signature_size_;
  Owned<EVP_PKEY_CTX> prehashed_;  // ECDSA, over SHA-256 of the message
  Owned<EVP_MD_CTX> whole_;        // the others, over the message itself
};

// Signatures that this thread has checked.
std::uint64_t checks();

}  // namespace remit::jose::evp
