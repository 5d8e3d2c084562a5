// The audit log, writing side: entries are rows in the store, in one order, appended in the same transaction
// as what they tell of. Tiles and checkpoints are derived from the rows (audit/publisher.h) and proofs are
// checked without any of it (audit/verifier.h).
//
// An entry is one canonical JSON object (RFC 8785) of at most 65,535 bytes:
//   v       1
//   kind    "start", "clock", "state", "intent", "denial", "outcome", "undelivered", "governance", or what
//   `append` was
//           given
//   time    RFC 3339 in UTC with six decimals; never before that of the entry in front of it
//   writer  who wrote it: each opening of the log is a writer of its own
//   n       the writer's numbering, from 0 and without gaps
//   clock   what the clock said, where `time` is not that: it stands before the last entry, or so far ahead
//   of it
//           that nobody believes it (Log::open). The log's time goes on when the clock is right again.
// and the members of its kind. A writer's first entry is a "start" that names its predecessor's last number
// in `after`, so that what is dropped between two openings leaves a gap too. After a restore it has
// `restored`: what the log was signed up to before, and what of it is missing (audit/recovery.h).
//
// Threads: `append*` run inside a store transaction, on its thread. Index, number and last time are taken
// from the last row, so that a transaction that is rolled back leaves no gap.

#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/id.h"
#include "base/random.h"
#include "base/result.h"
#include "base/sha256.h"
#include "store/store.h"

namespace remit::audit {

// The migrations of this module: "log_entry", "log_open", "log_secret".
std::vector<store::Migration> migrations();

// Who did a governed thing: a human's, service's or agent's id, or "operator" for the local socket, "remit"
// for itself.
struct Actor {
  std::string id;
  std::string via = {};  // "cli", "console", "api", "system"
};

// A change of governance state. Digests are of the object's canonical JSON before and after, none where there
// was or is no object.
struct GovernanceEvent {
  Actor actor;
  std::string action;               // "agent.approve"
  std::string object;               // id of what was changed
  boost::json::object detail = {};  // ids and enumerations only: no names, no free text, no secrets
  // What is recorded as a commitment, its value in the erasable table (audit/openings.h).
  std::map<std::string, std::string> names = {};  // what ids are called from now on: {"agt_…": "invoice-bot"}
  std::map<std::string, std::string> texts = {};  // other free texts: {"purpose": "pays invoices"}
  std::string reason = {};                        // why
  std::optional<Digest> before = {};
  std::optional<Digest> after = {};
  std::string approval = {};  // id of the approval that it rests on
};

// SHA-256 over the canonical JSON of an object.
Digest digest_of(const boost::json::value& object);

// The commitment to a value: HMAC-SHA-256 over its canonical JSON under a fresh random salt, as
// "hmac-sha256:<base64url>". The salt goes to the erasable table under the entry's index and the field's
// name.
struct Commitment {
  std::string text;
  Bytes salt;
};
Commitment commit_to(const boost::json::value& value, Random& random);
// Whether `text` is the commitment to `value` under `salt`. Anyone who was shown both can ask.
bool opens(std::string_view text, const boost::json::value& value, BytesView salt);

// What an entry commits to, kept outside the log where it can be erased.
struct FieldSecret {
  std::string field;           // where in the entry the commitment stands: "reason", "arguments.path"
  Bytes salt;                  // 32 bytes
  std::optional<Bytes> value;  // the value itself, where it is kept
};

// Commits to each member of an object alone, so that one can be shown and the others not: gives the object of
// the commitments, and adds the secrets under "<prefix>.<member>".
boost::json::object commit_to_members(const boost::json::object& object, std::string_view prefix,
                                      Random& random, std::vector<FieldSecret>& secrets);

// Commits to a text that is kept, as its bytes: gives the commitment, and adds the secret under `field`.
std::string commit_to_text(std::string_view text, std::string field, Random& random,
                           std::vector<FieldSecret>& secrets);

// How a call ended.
enum class OutcomeStatus {
  kOk,
  kToolError,
  kUpstreamError,
  kTimeout,
  kNotSent,  // it was not made after all: nothing has had an effect
  kUnknown,  // it may or may not have had its effect
};
std::string_view to_string(OutcomeStatus status);

// An intent without an outcome.
struct OpenIntent {
  DecisionId decision;
  std::uint64_t index = 0;
};

class Log {
 public:
  // Reads the last entry and takes up a new writer; intents that a former one left without an outcome are
  // recorded as `unknown`, since their calls may have had their effect. A clock that is more than
  // `clock_jump` ahead of the last entry, and of what it said a second ago, is not believed; zero: it always
  // is. Errors: those of the store.
  static Result<std::unique_ptr<Log>> open(store::Store& store, const Clock& clock, Random& random,
                                           std::chrono::days clock_jump = {});
  virtual ~Log() = default;

  // Appends one entry and returns its index. The log adds `v`, `kind`, `time`, `writer` and `n`. Errors:
  // kInvalid RMT-A011 (the body has one of these members), kTooLarge RMT-A006, those of the store.
  virtual Result<std::uint64_t> append(store::Transaction& tx, std::string_view kind,
                                       boost::json::object body) = 0;
  virtual Result<std::uint64_t> append_governance(store::Transaction& tx, const GovernanceEvent& event) = 0;

  // A call that is allowed to leave; its `decision` is added to the body. The call may leave when the
  // transaction is durable, and an outcome is owed. Errors: kConflict RMT-A012 (the decision has an intent),
  // kUnavailable RMT-A025 (the clock is not believed), those of append.
  virtual Result<std::uint64_t> append_intent(store::Transaction& tx, const DecisionId& decision,
                                              boost::json::object body,
                                              const std::vector<FieldSecret>& secrets) = 0;
  // A call that was refused. Nothing is owed.
  virtual Result<std::uint64_t> append_denial(store::Transaction& tx, const DecisionId& decision,
                                              boost::json::object body,
                                              const std::vector<FieldSecret>& secrets) = 0;
  // How the call of an intent ended; `decision`, `status` and the intent's index are added to the body. Where
  // nobody was there to hear the answer, the body has `delivered` false.
  // Errors: kConflict RMT-A012 (no intent, or it has its outcome), those of append.
  virtual Result<std::uint64_t> append_outcome(store::Transaction& tx, const DecisionId& decision,
                                               OutcomeStatus status, boost::json::object body,
                                               const std::vector<FieldSecret>& secrets) = 0;
  // That the answer of a call did not reach its agent, found out after the outcome was written: an outcome
  // does not wait for it. Errors: those of append.
  virtual Result<std::uint64_t> append_undelivered(store::Transaction& tx, const DecisionId& decision) = 0;

  // Whether the clock is believed. Call it every now and then, so that time in which nothing happens is no
  // jump. Thread-safe. Errors: those of the store.
  virtual Result<bool> believes_clock(store::Reader& reader) = 0;
  // A person says that the clock is right: this entry has its time, and those after it follow.
  virtual Result<std::uint64_t> confirm_clock(store::Transaction& tx, const GovernanceEvent& event) = 0;

  // What the writer before this one left open and was marked `unknown` at the opening.
  virtual const std::vector<OpenIntent>& found_open() const = 0;
  virtual const WriterId& writer() const = 0;

  // Has `told` called for each change of governance state, once it is durable, on the store's writer thread.
  // Set once, before the first append.
  using Told = std::function<void(std::uint64_t index, const GovernanceEvent& event)>;
  virtual void tell_governance(Told told) = 0;
};

// What is governed, by its digest (store/governed.h), is a member of each start and governance entry:
// `governed`; after a migration or a restore a start also has `governed_before`, the one that it was until
// then. A transaction that changes such rows otherwise ends in an entry of kind "state" that has it.
Result<void> append_state(Log& log, store::Transaction& tx);
struct ToldState {
  std::uint64_t index = 0;  // the entry that says so
  Digest digest;
};
// The last digest that the log has; none in one of before it was kept.
Result<std::optional<ToldState>> told_state(store::Reader& reader);
// Whether `digest` is what the log says last. Errors: kConflict RMT-A026, those of the reader.
Result<void> judge_governed(store::Reader& reader, const std::optional<Digest>& digest);

// One entry as it was written. Errors: kNotFound RMT-A013, those of the store.
Result<std::string> read_entry(store::Reader& reader, std::uint64_t index);
// Up to `count` entries from index `first` on, in their order; fewer where the log ends.
Result<std::vector<std::pair<std::uint64_t, std::string>>> read_entries(store::Reader& reader,
                                                                        std::uint64_t first,
                                                                        std::uint64_t count);
// The entries about a decision or an object, oldest first.
Result<std::vector<std::pair<std::uint64_t, std::string>>> entries_about(store::Reader& reader,
                                                                         std::string_view subject);
Result<std::uint64_t> log_size(store::Reader& reader);

}  // namespace remit::audit
