// Verifier: checks a published log with nothing but its folder and its public key.
//
// Every entry is hashed and every tile recomputed; the root must be the signed one, and each older or newer
// checkpoint that is at hand must fit. The entries are read too: form, times, the gap-free numbering of each
// writer, and that each outcome has its intent. A problem names the entry where it shows.
//
// The folder's files are looked at too: bytes behind a tile's hashes or a bundle's entries, files that are no
// log's, that are beyond the checkpoint, or that were left behind. What lies beside `checkpoint` and `tile/`
// is not the log's and not judged. A log that is published meanwhile is verified as it was at one checkpoint.
//
// What it cannot find: entries that were dropped before a checkpoint covered them, together with all that
// came after. A checkpoint kept elsewhere, given in `checkpoints`, finds a log that was put back or forked.

#pragma once

#include <algorithm>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "audit/checkpoint.h"
#include "audit/note.h"

namespace remit::audit {

struct VerifyOptions {
  std::vector<std::string> checkpoints = {};  // signed notes of this log, kept elsewhere
  std::vector<VerifierKey> witnesses = {};    // their signatures are reported
  // For how long a log may be in the middle of its publication: what is unfinished is a problem when it is
  // not finished by then. Zero: nobody publishes.
  std::chrono::milliseconds patience{0};
};

struct Problem {
  std::optional<std::uint64_t> entry = {};  // none: of the log as a whole
  std::string what;
  // What a publication shows that is under way, or was cut off by the end of its process. What is signed is
  // whole; the next start publishes the rest and removes what is too much.
  bool unfinished = false;
};

struct OpenDecision {
  std::string decision;
  std::uint64_t intent = 0;  // index of the entry
};

struct Report {
  Checkpoint checkpoint;
  std::vector<Signer> signers;
  std::uint64_t entries = 0;                   // that were read
  std::map<std::string, std::uint64_t> kinds;  // how many of each
  std::string first_time;
  std::string last_time;
  std::vector<OpenDecision> open;  // intents without an outcome: calls that are out, or were at the end
  std::vector<Problem> problems;   // the first thousand, in the order of the entries where they show
  bool good() const { return problems.empty(); }
  // Whether all that is wrong is that a publication did not come to its end.
  bool unfinished() const { return !good() && std::ranges::all_of(problems, &Problem::unfinished); }
};

// Errors: kNotFound RMT-A013 (no checkpoint in the folder), those of verify_checkpoint (nothing can be
// verified), kInternal RMT-A021. Whatever is wrong with the log itself is in the report.
Result<Report> verify(const std::filesystem::path& folder, const VerifierKey& log,
                      const VerifyOptions& options = {});

}  // namespace remit::audit
