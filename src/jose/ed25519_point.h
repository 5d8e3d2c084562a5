// Which 32 bytes are an Ed25519 public key. Private to this module.
//
// OpenSSL takes any 32 bytes for a key and learns at the first signature that they are none. A key of small
// order is worse: signatures verify under it that nobody made (RFC 8032 §8, identity.md *DPoP*).

#pragma once

#include "base/bytes.h"

namespace remit::jose {

enum class Ed25519Point { kGood, kNotCanonical, kOffCurve, kSmallOrder };

// RFC 8032 §5.1.3, with y below p required, and the eight points of small order told apart.
Ed25519Point classify_ed25519(BytesView encoded);

}  // namespace remit::jose
