// ProvenLog: the entries of a published log, each proven against the signed checkpoint as it is read: its
// bundle's hashes lead to the root that the log signed. So what is read can be relied on with nothing but the
// log's public key, and no entry of a range can have been left out. That the log is what it was before, and
// that it is in order, is for audit/verifier.h.
//
// Thread-safety: one thread.

#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "audit/checkpoint.h"
#include "audit/tile_reader.h"
#include "base/clock.h"

namespace remit::audit {

class ProvenLog {
 public:
  // Errors: kNotFound RMT-A013 (no checkpoint in the folder), those of verify_checkpoint, kInternal RMT-A021.
  static Result<ProvenLog> open(std::filesystem::path folder, const VerifierKey& key);

  const Checkpoint& checkpoint() const { return checkpoint_.checkpoint; }
  const std::string& note() const { return note_; }  // the signed checkpoint as it is published
  std::uint64_t size() const { return checkpoint().head.size; }

  // An entry's own bytes. Good until the next call. Errors: kNotFound RMT-A013 (not in the log, or its files
  // are not), kInvalid RMT-A005 (it is not the one that was signed), RMT-A006 (malformed), kInternal
  // RMT-A021.
  Result<std::string_view> entry(std::uint64_t index);
  // That the entry is in the log. Errors: the same.
  Result<Proof> inclusion(std::uint64_t index);

 private:
  ProvenLog(std::filesystem::path folder, std::string note, SignedCheckpoint checkpoint);
  Result<const std::vector<std::string>*> bundle(std::uint64_t number);
  Result<std::vector<std::string>> read_bundle(std::uint64_t number);
  Result<void> prove(std::uint64_t first, const std::vector<std::string>& entries);

  std::filesystem::path folder_;
  std::string note_;
  SignedCheckpoint checkpoint_;
  TileReader tiles_;
  std::map<std::uint64_t, std::vector<std::string>> bundles_;  // some, by number
};

// The first entry that is not of before an instant, in a log whose times never decrease; `size` where all
// are. Errors: those of `time_of`.
using TimeOf = std::function<Result<Instant>(std::uint64_t index)>;
Result<std::uint64_t> first_not_before(Instant instant, std::uint64_t size, const TimeOf& time_of);

}  // namespace remit::audit
