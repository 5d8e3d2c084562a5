// An environment's signing key, kept as a private JWK in a file that only the account of the server can read.
//
// Each environment has a key of its own, made when it is first needed. Thread-safety: one at a time per file.

#pragma once

#include <filesystem>

#include "base/random.h"
#include "base/result.h"
#include "jose/key.h"

namespace remit::issuer {

// Reads the key, or makes one (ES256, mode 0600) if there is none.
// Errors: kForbidden RMT-J040 (others may read the file), kInvalid RMT-J041 (it is no private key),
// kUnavailable RMT-J042 (cannot be read or made).
Result<jose::PrivateKey> open_signing_key(const std::filesystem::path& file, Random& random);

}  // namespace remit::issuer
