// Checkpoints: the signed statement of a log's size and root (C2SP tlog-checkpoint 1.0.0).
//
// Read strictly: no leading zero, sign or space in the size, a root of 32 bytes in padded base64, no empty
// line. Sizes above 2^63 - 1 are refused: no row is numbered so high.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "audit/merkle.h"
#include "audit/note.h"
#include "base/result.h"

namespace remit::audit {

struct Checkpoint {
  std::string origin;
  TreeHead head;
  std::vector<std::string> extensions = {};

  // The note's text. Errors: kInvalid RMT-A004.
  static Result<Checkpoint> parse(std::string_view text);
  std::string text() const;
};

struct SignedCheckpoint {
  Checkpoint checkpoint;
  std::vector<Signer> signers;  // the log's own and those of trusted witnesses
};

// A checkpoint signed by the log itself, whose name is its origin. Errors: those of verify_note and
// Checkpoint::parse; kForbidden RMT-A003 (not signed by the log, or of another origin).
Result<SignedCheckpoint> verify_checkpoint(std::string_view note, const VerifierKey& log,
                                           std::span<const VerifierKey> witnesses = {});

}  // namespace remit::audit
