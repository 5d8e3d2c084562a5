// Private keys in files that only the account that owns them can read: a JWK, or PKCS#8 in PEM where the
// file's name ends with ".pem". Each environment's issuer has one, made with a new plane; so have
// agents.
//
// An agent's JWK also says the client id that its deployment has at the issuer (`client_id`; RFC 7517 §4
// allows further members), so that the file is all that a client needs.
//
// A key is written whole, under another name first, and synced: one that was cut off by a crash would lock
// its owner out.
//
// Thread-safety: one at a time per file. Errors: kForbidden RMT-J048 (others may read the file), kInvalid
// RMT-J049 (it is no private key), kUnavailable RMT-J050 (cannot be read or made).

#pragma once

#include <filesystem>

#include "base/random.h"
#include "base/result.h"
#include "jose/key.h"

namespace remit::issuer {

struct KeyFile {
  jose::PrivateKey key;
  std::string client_id = {};  // empty: the file does not say it
};
Result<KeyFile> read_key_file(const std::filesystem::path& file);

// Writes the client id into the file of a key; nothing where that is in PEM, which has no place for it.
Result<void> name_client(const std::filesystem::path& file, std::string_view client_id);

// Makes a key in a new file of mode 0600. Errors: kConflict RMT-J047 (there is a file of that name).
Result<jose::PrivateKey> make_key_file(const std::filesystem::path& file, jose::Algorithm algorithm,
                                       Random& random);

}  // namespace remit::issuer
