// Receipts: an entry of the log with the proof that it is there, in one file that needs nothing else but the
// log's public key (C2SP tlog-proof: https://c2sp.org/tlog-proof).
//
// The `extra` line is the entry's own bytes. They are authenticated by nothing but their hash, which is the
// leaf of the proof.
//
// Thread-safety: values and pure functions.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "audit/checkpoint.h"
#include "audit/proven_log.h"

namespace remit::audit {

struct Receipt {
  std::optional<Bytes> extra;
  std::uint64_t index = 0;
  Proof proof;
  std::string checkpoint;  // the signed note, verbatim

  // Reads the format and judges nothing. Errors: kInvalid RMT-A017.
  static Result<Receipt> parse(std::string_view text);
  std::string text() const;
};

// The receipt of an entry. Errors: those of ProvenLog::entry.
Result<Receipt> make_receipt(ProvenLog& log, std::uint64_t index);

// That the log which `key` belongs to has these bytes as its entry `receipt.index`, and who else has signed
// that. Errors: those of verify_checkpoint; kInvalid RMT-A005 (the proof does not hold).
Result<SignedCheckpoint> verify_receipt(const Receipt& receipt, BytesView entry, const VerifierKey& key,
                                        std::span<const VerifierKey> witnesses = {});

}  // namespace remit::audit
