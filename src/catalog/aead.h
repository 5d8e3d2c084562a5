// AES-256-GCM (NIST SP 800-38D) on OpenSSL: one box is nonce (12 bytes), ciphertext, tag (16 bytes).
//
// A key seals few boxes here (a data key one, the key-encryption key one for each secret), so random nonces
// are far below the bound of 2^32 of §8.3.
//
// Thread-safety: pure functions.

#pragma once

#include <array>

#include "base/bytes.h"
#include "base/random.h"

namespace remit::catalog {

using AeadKey = std::array<std::uint8_t, 32>;
inline constexpr std::size_t kAeadOverhead = 12 + 16;

Bytes aead_seal(const AeadKey& key, BytesView plain, BytesView associated, Random& random);

// Nothing is returned unless the tag is right. Errors: kInvalid RMT-C003.
Result<Bytes> aead_open(const AeadKey& key, BytesView box, BytesView associated);

}  // namespace remit::catalog
