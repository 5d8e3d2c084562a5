// Restore: a store that was put back, and how its log goes on (audit/recovery.h).
//
// Everything is made ready in DATA/restoring first. Then, file by file, what is in place moves to
// DATA/before-restore-TIME and what was made ready takes its place, the store last. A restore that is broken
// off is gone on with by the next; until then nothing starts. Nothing is deleted.
//
// Thread-safety: one process, under the store's lock.

#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "audit/recovery.h"
#include "base/clock.h"
#include "base/random.h"
#include "server/config.h"

namespace remit::server {

struct RestoreOptions {
  std::filesystem::path backup = {};          // empty: the store that is there
  std::vector<std::string> checkpoints = {};  // of the log, kept elsewhere
};

struct Restored {
  audit::Recovery recovery;
  std::string log_key;         // what the log is signed with from now on
  std::filesystem::path kept;  // where that lies which was there before
};

// Errors: kUnavailable RMT-S001 (a server runs), RMT-X022, X023 (a key is missing), X024, those of
// read_backup, recover and the store.
Result<Restored> restore(const Config& config, const RestoreOptions& options, const Clock& clock,
                         Random& random);

}  // namespace remit::server
