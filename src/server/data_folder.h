// DataFolder: what lies where in the folder that holds everything Remit keeps.
//
// Thread-safety: a value.

#pragma once

#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "base/environment.h"
#include "base/result.h"

namespace remit::server {

// Makes a folder and what is missing above it for this account alone (XDG Base Directory Specification: mode
// 0700), so that what lies above one data folder may be another. Errors: kUnavailable RMT-X020.
Result<void> make_private_folders(const std::filesystem::path& folder);

struct DataFolder {
  explicit DataFolder(std::filesystem::path data) : root(std::move(data)) {}

  std::filesystem::path root;
  std::filesystem::path store() const { return root / "remit.db"; }
  std::filesystem::path vault_key() const { return root / "vault.key"; }
  std::filesystem::path issuer_key(std::string_view environment) const;
  std::filesystem::path socket() const { return root / "remit.sock"; }
  std::filesystem::path serve_log() const { return root / "serve.log"; }  // of a server in the background
  std::filesystem::path audit() const { return root / "audit"; }
  std::filesystem::path audit_key() const { return root / "audit.key"; }
  std::filesystem::path audit_public_key() const { return root / "audit.key.pub"; }
  std::filesystem::path audit_checkpoint() const { return root / "audit.checkpoint"; }

  std::filesystem::path probe() const { return root / "probe"; }  // written now and then: the disk takes it
  std::filesystem::path restoring() const { return root / "restoring"; }  // while a restore is at work

  // The keys, and the public part of the log's: made with a new store and never again (key_files.h).
  std::vector<std::filesystem::path> key_files() const;

  // Makes the folder where it is missing, and looks at what is there before anything is opened: everything
  // belongs to this account, and nothing is open to others. Errors: kForbidden RMT-X022 (another account's,
  // or open to others: says what to type), kUnavailable RMT-X020.
  Result<void> make_ready() const;
  // That there is a store where there are keys or a signed checkpoint, and no restore that was broken off.
  // Errors: kNotFound RMT-X023, kConflict RMT-X033.
  Result<void> check_whole() const;
  // Removes what a process that was killed left half written. Call it under the store's lock.
  void remove_half_written() const;

  // Where the command socket is reached: "unix:/path". A socket's path may have 107 bytes (unix(7)); a folder
  // that lies deeper is reached through a descriptor of it, which `keep` holds open: keep it as long as the
  // address is used. Errors: kUnavailable RMT-X020.
  struct SocketAddress {
    std::string text;
    std::shared_ptr<const int> keep = {};
  };
  Result<SocketAddress> socket_address() const;
};

}  // namespace remit::server
