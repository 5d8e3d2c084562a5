// Recovery: how a log goes on with a store that was put back.
//
// What was signed or published must not be contradicted. So the rows that the backup lacks are taken from the
// published bundles, where these are complete up to the last checkpoint that was signed: then it is the same
// log, under the same key. Where they are not, or nobody knows any more what was signed, the log goes on as
// another one, with a key and an origin of its own, whose entries begin with those of the backup.
//
// Either way the first entry that is written then, a "start", has the member `restored`:
//   log         the name of the log as it was signed before
//   checkpoint  {size, root}: the last that is known of it; null where none is
//   store       how many entries the backup has; what is governed is as it was then
//   refilled    how many entries came from the published bundles
//   missing     how many entries of the checkpoint are nowhere
//
// Thread-safety: one at a time, on a store that nothing else uses.

#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "audit/checkpoint.h"
#include "store/store.h"

namespace remit::audit {

struct RecoverySources {
  VerifierKey key;                            // of the log until now
  std::filesystem::path folder;               // published; may be missing
  std::filesystem::path state;                // the last signed checkpoint; may be missing
  std::vector<std::string> checkpoints = {};  // kept elsewhere
};

struct Recovery {
  bool same_log = false;          // it goes on under its key
  std::optional<TreeHead> known;  // the last checkpoint
  std::uint64_t store = 0;
  std::uint64_t refilled = 0;
  std::uint64_t missing = 0;
  // The published governance entries after those of the backup: what they changed is not in its state.
  std::vector<std::string> undone;
  boost::json::object told() const;  // the member `restored`
  std::string log;
};

// Refills the rows of `store`, if that makes it the same log, and leaves there what its next start tells.
// Errors: kInvalid RMT-A001, A003, A004 (a checkpoint that was given is not of this log), RMT-A021, those of
// the store.
Result<Recovery> recover(store::Store& store, const RecoverySources& sources);

}  // namespace remit::audit
