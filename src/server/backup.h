// Backup: the store as it is at one instant, copied while the plane runs.
//
//   FOLDER/remit.db      the copy
//   FOLDER/backup.json   what it is; written last, so that a folder without it is no whole backup
//
// The keys and `audit.checkpoint` are not part of it: keys are kept apart from what they open, and the last
// signed checkpoint is what finds a store that was put back.
//
// Thread-safety: one at a time per folder.

#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <filesystem>
#include <string>

#include "base/clock.h"
#include "base/sha256.h"
#include "store/store.h"

namespace remit::server {

struct Backup {
  std::string version;  // of the Remit that made it
  Instant made{};
  std::string log;  // the log's verifier key
  std::int64_t revision = 0;
  std::uint64_t entries = 0;
  Digest store;  // SHA-256 of remit.db

  boost::json::object json() const;
  static std::filesystem::path store_in(const std::filesystem::path& folder) { return folder / "remit.db"; }
};

// Into a folder that is missing, empty, or holds the beginning of a backup that was broken off. Errors:
// kConflict RMT-X030 (the folder holds something else), kInvalid RMT-X012 (not an absolute path), RMT-X020,
// those of the store.
Result<Backup> make_backup(store::Store& store, const std::filesystem::path& folder, std::string version,
                           std::string log, Instant now);

// Errors: kNotFound RMT-X031 (no whole backup), kInvalid RMT-X032 (the store in it is not the one that was
// copied).
Result<Backup> read_backup(const std::filesystem::path& folder);

}  // namespace remit::server
