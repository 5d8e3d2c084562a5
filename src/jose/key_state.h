// What keys hold. Private to this module.

#pragma once

#include "jose/evp.h"
#include "jose/key.h"

namespace remit::jose {

struct PublicKey::State {
  Algorithm algorithm;
  Bytes raw;       // Ed25519: the key; P-256: x || y; RSA: the modulus
  Bytes exponent;  // RSA alone
  evp::Operation operation;
};

struct PrivateKey::State {
  Secret d;  // 32 bytes
  evp::Operation operation;
};

// 04 || x || y (SEC 1 §2.3.3).
Bytes uncompressed(BytesView xy);

}  // namespace remit::jose
