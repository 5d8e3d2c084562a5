// Private keys in files: a JWK that only the account that owns the file can read. Each environment's issuer
// has one, made when it is first needed; so have agents.
//
// A key is written whole, under another name first, and synced: one that was cut off by a crash would lock
// its owner out.
//
// Thread-safety: one at a time per file. Errors: kForbidden RMT-J040 (others may read the file), kInvalid
// RMT-J041 (it is no private key), kUnavailable RMT-J042 (cannot be read or made).

#pragma once

#include <filesystem>

#include "base/random.h"
#include "base/result.h"
#include "jose/key.h"

namespace remit::issuer {

Result<jose::PrivateKey> read_key_file(const std::filesystem::path& file);

// Makes a key in a new file of mode 0600. Errors: kConflict RMT-J047 (there is a file of that name).
Result<jose::PrivateKey> make_key_file(const std::filesystem::path& file, jose::Algorithm algorithm,
                                       Random& random);

// Reads an issuer's key, or makes one (ES256) if there is none.
Result<jose::PrivateKey> open_signing_key(const std::filesystem::path& file, Random& random);

}  // namespace remit::issuer
