// Vault: the destinations' credentials, sealed at rest and opened only at forward time (security.md,
// invariant 13).
//
// Each secret is sealed under a data key of its own, and that key under the key-encryption key, both with
// AES-256-GCM. The key-encryption key lies in a file beside the store that only the account of the server can
// read; whoever has the store without that file has no secret. A box is bound to its id, its destination and
// its slot: moved to another row, it does not open.
//
//   box = 1 byte version (1) | sealed data key (60 bytes) | sealed value
//
// Thread-safety: any number of threads.

#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/random.h"
#include "base/secret.h"
#include "base/sha256.h"
#include "snapshot/types.h"

namespace remit::catalog {

struct OpenedSecret {
  std::string slot;
  Secret value;
};

class Vault {
 public:
  // Reads the key file. `random` must outlive the vault. Errors: kUnavailable RMT-C001 (cannot be read),
  // kForbidden RMT-C002 (others may read it, or it is not one).
  static Result<Vault> open(const std::filesystem::path& key_file, Random& random);
  // Makes a key file (mode 0600) and opens it. Errors: kUnavailable RMT-C001 (cannot be made, or there is one
  // already: a key that sealed something is never written over).
  static Result<Vault> make(const std::filesystem::path& key_file, Random& random);

  // What the key is recognised by; shows nothing of it.
  Digest fingerprint() const;

  // `slot`: the header's name (http) or the environment variable's (stdio) that the value goes to.
  snapshot::SealedSecret seal(const SecretId& id, const DestinationId& destination, std::string_view slot,
                              const Secret& value) const;

  // Errors: kInvalid RMT-C003 (changed, moved, or sealed under another key file).
  Result<Secret> unseal(const DestinationId& destination, const snapshot::SealedSecret& sealed) const;
  Result<std::vector<OpenedSecret>> unseal_all(const snapshot::Destination& destination) const;

 private:
  Vault(Secret key, Random& random) : key_(std::move(key)), random_(&random) {}
  Secret key_;  // 32 bytes
  Random* random_;
};

}  // namespace remit::catalog
