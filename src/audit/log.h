// The audit log, writing side: entries are rows in the store, in one order, appended in the same transaction
// as what they tell of. Tiles and checkpoints are derived from the rows (audit/publisher.h) and proofs are
// checked without any of it (audit/verifier.h).
//
// Threads: `append_*` run inside a store transaction, on its thread.

#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <memory>
#include <string>

#include "base/clock.h"
#include "base/id.h"
#include "base/random.h"
#include "base/result.h"
#include "store/store.h"

namespace remit::audit {

// The migrations of this module ("log_entry", "log_secret", …).
std::vector<store::Migration> migrations();

// Who did a governed thing: a human's, service's or agent's id, or "operator" for the local socket, "remit"
// for itself.
struct Actor {
  std::string id;
  std::string via = {};  // "cli", "console", "api", "system"
};

// A change of governance state. Digests are of the object's canonical JSON before and after ("" where there
// is none).
struct GovernanceEvent {
  Actor actor;
  std::string action;               // "agent.approve"
  std::string object;               // id of what was changed
  boost::json::object detail = {};  // ids and enumerations only: no names, no free text, no secrets
  std::string reason = {};          // free text: recorded as a commitment, its value in the erasable table
};

class Log {
 public:
  // Reads the last entry and takes up a new writer whose first event names its predecessor's last number.
  static Result<std::unique_ptr<Log>> open(store::Store& store, const Clock& clock, Random& random);
  virtual ~Log() = default;

  // Appends one entry and returns its index. The log adds `v`, `kind`, `time`, `writer` and `n`.
  // A transaction that is rolled back leaves no gap.
  virtual Result<std::uint64_t> append(store::Transaction& tx, std::string_view kind,
                                       boost::json::object body) = 0;
  virtual Result<std::uint64_t> append_governance(store::Transaction& tx, const GovernanceEvent& event) = 0;
};

// The commitment to a value: HMAC-SHA-256 over its canonical JSON under a fresh random salt, as
// "hmac-sha256:<base64url>". The salt goes to the erasable table under the entry's index and the field's
// name.
struct Commitment {
  std::string text;
  Bytes salt;
};
Commitment commit_to(const boost::json::value& value, Random& random);

}  // namespace remit::audit
