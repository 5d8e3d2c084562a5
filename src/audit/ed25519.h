// Ed25519 (RFC 8032, pure) on OpenSSL: the log's signatures.

#pragma once

#include <array>
#include <cstdint>

#include "base/bytes.h"

namespace remit::audit {

using Ed25519Key = std::array<std::uint8_t, 32>;  // a public key, or the seed of a private one
using Ed25519Signature = std::array<std::uint8_t, 64>;

Ed25519Key ed25519_public_key(const Ed25519Key& seed);
Ed25519Signature ed25519_sign(const Ed25519Key& seed, BytesView message);
bool ed25519_verify(const Ed25519Key& public_key, BytesView message, BytesView signature);

}  // namespace remit::audit
