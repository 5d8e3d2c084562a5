#include "audit/log.h"

#include <algorithm>
#include <atomic>
#include <boost/json/serialize.hpp>

#include "audit/tile.h"
#include "base/canonical_json.h"
#include "store/governed.h"

namespace remit::audit {
namespace {

namespace json = boost::json;

constexpr store::Migration kTables{100, "log", R"sql(
CREATE TABLE log_entry (
  idx INTEGER PRIMARY KEY,
  writer TEXT NOT NULL,
  n BIGINT NOT NULL,
  time BIGINT NOT NULL,
  subject TEXT,
  entry TEXT NOT NULL
);
CREATE INDEX log_entry_subject ON log_entry (subject, idx) WHERE subject IS NOT NULL;
CREATE TABLE log_open (decision TEXT PRIMARY KEY, idx BIGINT NOT NULL);
CREATE TABLE log_secret (
  idx BIGINT NOT NULL,
  field TEXT NOT NULL,
  salt BLOB NOT NULL,
  value BLOB,
  PRIMARY KEY (idx, field)
);
)sql"};

// From an id to its name and back, and all names in their order. Arguments have no value here, so calls do
// not touch them.
constexpr store::Migration kNames{110, "log_names", R"sql(
CREATE INDEX log_secret_field ON log_secret (field, idx) WHERE value IS NOT NULL;
CREATE INDEX log_secret_value ON log_secret (value) WHERE value IS NOT NULL;
CREATE INDEX log_secret_kept ON log_secret (idx, field) WHERE value IS NOT NULL;
)sql"};
// What a restore has to say in the first entry that is written after it (audit/recovery.h).
constexpr store::Migration kRestored{
    101, "log_restored",
    "CREATE TABLE log_restored (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL);"};

constexpr std::string_view kOwnMembers[] = {"v", "kind", "time", "writer", "n"};

// The end of the log, as the last row shows it.
struct Tail {
  std::uint64_t size = 0;
  std::string writer = {};
  std::int64_t n = -1;
  std::int64_t time = 0;
};

Result<Tail> read_tail(store::Reader& reader) {
  ASSIGN_OR_RETURN(const auto rows,
                   reader.query("SELECT idx, writer, n, time FROM log_entry ORDER BY idx DESC LIMIT 1"));
  if (rows.empty()) return Tail{};
  const auto& row = rows.front();
  return Tail{.size = static_cast<std::uint64_t>(row.integer(0)) + 1,
              .writer = row.text(1),
              .n = row.integer(2),
              .time = row.integer(3)};
}

// Rows of idx and entry.
std::vector<std::pair<std::uint64_t, std::string>> numbered(const std::vector<store::Row>& rows) {
  std::vector<std::pair<std::uint64_t, std::string>> entries;
  entries.reserve(rows.size());
  for (const auto& row : rows) entries.emplace_back(static_cast<std::uint64_t>(row.integer(0)), row.text(1));
  return entries;
}

store::Value optional_text(std::string_view text) {
  if (text.empty()) return nullptr;
  return std::string(text);
}

class StoredLog final : public Log {
 public:
  StoredLog(const Clock& clock, Random& random, std::chrono::days clock_jump)
      : clock_(clock), random_(random), clock_jump_(clock_jump), writer_(WriterId::make(clock, random)) {}

  Result<void> start(store::Transaction& tx) {
    ASSIGN_OR_RETURN(const auto tail, read_tail(tx));
    json::object body;
    if (tail.size > 0) body["after"] = {{"writer", tail.writer}, {"n", tail.n}};
    ASSIGN_OR_RETURN(const auto restored, tx.query("DELETE FROM log_restored RETURNING body"));
    if (!restored.empty()) {
      ASSIGN_OR_RETURN(body["restored"], parse_json(restored.front().text(0)));
    }
    if (const auto governed = tx.governed()) body["governed"] = governed->hex();
    ASSIGN_OR_RETURN(const auto before, store::take_digest_before(tx));
    if (before) body["governed_before"] = *before;
    TRY(write(tx, "start", "", std::move(body), tail, Tail{.writer = writer_.str()}));
    ASSIGN_OR_RETURN(const auto rows, tx.query("SELECT decision, idx FROM log_open ORDER BY idx"));
    for (const auto& row : rows) {
      found_open_.push_back({DecisionId::trusted(row.text(0)), static_cast<std::uint64_t>(row.integer(1))});
      TRY(append_outcome(tx, found_open_.back().decision, OutcomeStatus::kUnknown, {}, {}));
    }
    return {};
  }

  Result<std::uint64_t> append(store::Transaction& tx, std::string_view kind, json::object body) override {
    return append_about(tx, kind, "", std::move(body), {});
  }

  Result<std::uint64_t> append_governance(store::Transaction& tx, const GovernanceEvent& event) override {
    std::vector<FieldSecret> secrets;
    auto body = body_of(event, secrets);
    if (const auto governed = tx.governed()) body["governed"] = governed->hex();
    ASSIGN_OR_RETURN(const auto index,
                     append_about(tx, "governance", event.object, std::move(body), secrets));
    if (told_) tx.when_durable([this, index, event] { told_(index, event); });
    return index;
  }
  void tell_governance(Told told) override { told_ = std::move(told); }

  Result<std::uint64_t> confirm_clock(store::Transaction& tx, const GovernanceEvent& event) override {
    std::vector<FieldSecret> secrets;
    auto body = body_of(event, secrets);
    if (const auto governed = tx.governed()) body["governed"] = governed->hex();
    return append_about(tx, "governance", event.object, std::move(body), secrets, Belief::kGiven);
  }

  Result<bool> believes_clock(store::Reader& reader) override {
    ASSIGN_OR_RETURN(const auto tail, read_tail(reader));
    return believes(tail, to_micros(clock_.now()));
  }

  Result<std::uint64_t> append_intent(store::Transaction& tx, const DecisionId& decision, json::object body,
                                      const std::vector<FieldSecret>& secrets) override {
    ASSIGN_OR_RETURN(const auto known,
                     tx.query("SELECT 1 FROM log_entry WHERE subject = ? LIMIT 1", {decision.str()}));
    if (!known.empty())
      return fail(ErrorKind::kConflict, "RMT-A012", "decision " + decision.str() + " is in the log already");
    body["decision"] = decision.str();
    ASSIGN_OR_RETURN(const auto index,
                     append_about(tx, "intent", decision.str(), std::move(body), secrets, Belief::kNeeded));
    TRY(tx.execute("INSERT INTO log_open (decision, idx) VALUES (?, ?)",
                   {decision.str(), static_cast<std::int64_t>(index)}));
    return index;
  }

  Result<std::uint64_t> append_denial(store::Transaction& tx, const DecisionId& decision, json::object body,
                                      const std::vector<FieldSecret>& secrets) override {
    body["decision"] = decision.str();
    return append_about(tx, "denial", decision.str(), std::move(body), secrets);
  }

  Result<std::uint64_t> append_outcome(store::Transaction& tx, const DecisionId& decision,
                                       OutcomeStatus status, json::object body,
                                       const std::vector<FieldSecret>& secrets) override {
    ASSIGN_OR_RETURN(const auto open,
                     tx.query("DELETE FROM log_open WHERE decision = ? RETURNING idx", {decision.str()}));
    if (open.empty())
      return fail(ErrorKind::kConflict, "RMT-A012",
                  "decision " + decision.str() + " has no intent that waits for an outcome");
    body["decision"] = decision.str();
    body["intent"] = open.front().integer(0);
    body["status"] = to_string(status);
    return append_about(tx, "outcome", decision.str(), std::move(body), secrets);
  }

  Result<std::uint64_t> append_undelivered(store::Transaction& tx, const DecisionId& decision) override {
    return append_about(tx, "undelivered", decision.str(), {{"decision", decision.str()}}, {});
  }

  const std::vector<OpenIntent>& found_open() const override { return found_open_; }
  const WriterId& writer() const override { return writer_; }

 private:
  json::object commit_to_texts(const std::map<std::string, std::string>& texts, const std::string& prefix,
                               std::vector<FieldSecret>& secrets) {
    json::object commitments;
    for (const auto& [name, text] : texts)
      commitments[name] = commit_to_text(text, prefix + name, random_, secrets);
    return commitments;
  }

  // In the clock: an entry that cannot do without it, one that says so where it is missing, and one by which
  // a person gives it.
  enum class Belief { kNeeded, kTold, kGiven };

  bool believes(const Tail& tail, std::int64_t now) {
    note_belief(tail.time);
    if (clock_jump_.count() > 0 && tail.size > 0 &&
        now > believed_.load() + std::chrono::microseconds(clock_jump_).count())
      return false;
    note_belief(now);
    return true;
  }

  json::object body_of(const GovernanceEvent& event, std::vector<FieldSecret>& secrets) {
    json::object body{{"actor", event.actor.id}, {"action", event.action}, {"object", event.object}};
    if (!event.actor.via.empty()) body["via"] = event.actor.via;
    if (!event.detail.empty()) body["detail"] = event.detail;
    if (event.before) body["before"] = event.before->hex();
    if (event.after) body["after"] = event.after->hex();
    if (!event.approval.empty()) body["approval"] = event.approval;
    if (!event.names.empty()) body["names"] = commit_to_texts(event.names, "names.", secrets);
    if (!event.texts.empty()) body["texts"] = commit_to_texts(event.texts, "texts.", secrets);
    if (!event.reason.empty()) body["reason"] = commit_to_text(event.reason, "reason", random_, secrets);
    return body;
  }

  Result<std::uint64_t> append_about(store::Transaction& tx, std::string_view kind, std::string_view subject,
                                     json::object body, const std::vector<FieldSecret>& secrets,
                                     Belief belief = Belief::kTold) {
    ASSIGN_OR_RETURN(auto tail, read_tail(tx));
    if (tail.writer != writer_.str())
      return fail(ErrorKind::kInternal, "RMT-A010",
                  "the last entry of the log is not by this writer: another one has taken over");
    if (belief == Belief::kNeeded && !believes(tail, to_micros(clock_.now())))
      return fail(ErrorKind::kUnavailable, "RMT-A025",
                  "the clock says " + format_instant(clock_.now()) + ", which is too far ahead of the log");
    ASSIGN_OR_RETURN(const bool went_back, note_clock(tx, tail));
    if (went_back) {
      ++tail.size;
      ++tail.n;
    }
    TRY(write(tx, kind, subject, std::move(body), tail, tail, belief));
    for (const auto& secret : secrets)
      TRY(tx.execute("INSERT INTO log_secret (idx, field, salt, value) VALUES (?, ?, ?, ?)",
                     {static_cast<std::int64_t>(tail.size), secret.field, secret.salt,
                      secret.value ? store::Value(*secret.value) : store::Value(nullptr)}));
    return tail.size;
  }

  // A clock that stands before the last entry is an event, once for as long as the log's time stands still.
  Result<bool> note_clock(store::Transaction& tx, const Tail& tail) {
    const std::int64_t now = to_micros(clock_.now());
    if (now >= tail.time) return false;
    ASSIGN_OR_RETURN(const auto told,
                     tx.query("SELECT 1 FROM log_entry WHERE subject = 'clock' AND time = ?", {tail.time}));
    if (!told.empty()) return false;
    json::object body{{"clock", format_instant(from_micros(now))}};
    TRY(write(tx, "clock", "clock", std::move(body), tail, tail));
    return true;
  }

  // Writes the row after `tail`, numbered after `numbering` (another one for a writer's first entry).
  Result<void> write(store::Transaction& tx, std::string_view kind, std::string_view subject,
                     json::object body, const Tail& tail, const Tail& numbering,
                     Belief belief = Belief::kTold) {
    for (const auto member : kOwnMembers)
      if (body.contains(member))
        return fail(ErrorKind::kInvalid, "RMT-A011",
                    "`" + std::string(member) + "` is written by the log itself");
    const std::int64_t now = to_micros(clock_.now());
    const bool believed = belief == Belief::kGiven || believes(tail, now);
    const std::int64_t time = believed ? std::max(now, tail.time) : tail.time;
    if (time != now) body["clock"] = format_instant(from_micros(now));
    body["v"] = 1;
    body["kind"] = kind;
    body["time"] = format_instant(from_micros(time));
    body["writer"] = numbering.writer;
    body["n"] = numbering.n + 1;
    auto entry = canonical_json(json::value(std::move(body)));  // moved: an object would be copied into one
    if (entry.size() > kMaxEntryBytes)
      return fail(ErrorKind::kTooLarge, "RMT-A006",
                  "an entry of kind `" + std::string(kind) + "` would have " + std::to_string(entry.size()) +
                      " bytes, the most is " + std::to_string(kMaxEntryBytes));
    TRY(tx.execute("INSERT INTO log_entry (idx, writer, n, time, subject, entry) VALUES (?, ?, ?, ?, ?, ?)",
                   {static_cast<std::int64_t>(tail.size), numbering.writer, numbering.n + 1, time,
                    optional_text(subject), std::move(entry)}));
    return {};
  }

  const Clock& clock_;
  Random& random_;
  // What the clock said last and was believed: never less than the last entry that this process saw.
  void note_belief(std::int64_t now) {
    auto before = believed_.load();
    while (before < now && !believed_.compare_exchange_weak(before, now)) {
    }
  }

  const std::chrono::days clock_jump_;
  const WriterId writer_;
  Told told_;
  std::atomic<std::int64_t> believed_ = 0;
  std::vector<OpenIntent> found_open_;
};

}  // namespace

std::vector<store::Migration> migrations() { return {kTables, kRestored, kNames}; }

std::string_view to_string(OutcomeStatus status) {
  switch (status) {
    case OutcomeStatus::kOk:
      return "ok";
    case OutcomeStatus::kToolError:
      return "tool_error";
    case OutcomeStatus::kUpstreamError:
      return "upstream_error";
    case OutcomeStatus::kTimeout:
      return "timeout";
    case OutcomeStatus::kNotSent:
      return "not_sent";
    case OutcomeStatus::kUnknown:
      return "unknown";
  }
  return "?";
}

Result<std::unique_ptr<Log>> Log::open(store::Store& store, const Clock& clock, Random& random,
                                       std::chrono::days clock_jump) {
  auto log = std::make_unique<StoredLog>(clock, random, clock_jump);
  TRY(store.run([&](store::Transaction& tx) { return log->start(tx); }));
  return log;
}

Result<void> append_state(Log& log, store::Transaction& tx) {
  const auto governed = tx.governed();
  if (!governed) return {};
  TRY(log.append(tx, "state", {{"governed", governed->hex()}}));
  return {};
}

Result<std::optional<ToldState>> told_state(store::Reader& reader) {
  ASSIGN_OR_RETURN(const auto there, reader.query("SELECT 1 FROM sqlite_master WHERE name = 'log_entry'"));
  if (there.empty()) return std::nullopt;
  ASSIGN_OR_RETURN(const auto rows, reader.query("SELECT idx, entry FROM log_entry WHERE entry LIKE "
                                                 "'%\"governed\":\"%' ORDER BY idx DESC LIMIT 1"));
  if (rows.empty()) return std::nullopt;
  ASSIGN_OR_RETURN(const auto entry, parse_json(rows.front().text(1)));
  const auto* told = entry.is_object() ? entry.get_object().if_contains("governed") : nullptr;
  const auto digest =
      told != nullptr && told->is_string() ? digest_from_hex(told->get_string()) : Result<Digest>();
  if (!digest || told == nullptr || !told->is_string()) return std::nullopt;
  return ToldState{.index = static_cast<std::uint64_t>(rows.front().integer(0)), .digest = *digest};
}

Result<void> judge_governed(store::Reader& reader, const std::optional<Digest>& digest) {
  ASSIGN_OR_RETURN(const auto told, told_state(reader));
  if (!told) return {};  // of before it was kept
  // A migration or a restore that the log does not tell of yet.
  ASSIGN_OR_RETURN(const auto before, store::digest_before(reader));
  if (before ? *before == told->digest.hex() : digest == told->digest) return {};
  return fail(ErrorKind::kConflict, "RMT-A026",
              "what the store holds as governed is not what entry " + std::to_string(told->index) +
                  " of the log says");
}

Result<std::string> read_entry(store::Reader& reader, std::uint64_t index) {
  ASSIGN_OR_RETURN(const auto rows, reader.query("SELECT entry FROM log_entry WHERE idx = ?",
                                                 {static_cast<std::int64_t>(index)}));
  if (rows.empty())
    return fail(ErrorKind::kNotFound, "RMT-A013", "the log has no entry " + std::to_string(index));
  return rows.front().text(0);
}

Result<std::vector<std::pair<std::uint64_t, std::string>>> read_entries(store::Reader& reader,
                                                                        std::uint64_t first,
                                                                        std::uint64_t count) {
  ASSIGN_OR_RETURN(const auto rows,
                   reader.query("SELECT idx, entry FROM log_entry WHERE idx >= ? ORDER BY idx LIMIT ?",
                                {static_cast<std::int64_t>(first), static_cast<std::int64_t>(count)}));
  return numbered(rows);
}

Result<std::vector<std::pair<std::uint64_t, std::string>>> entries_about(store::Reader& reader,
                                                                         std::string_view subject) {
  ASSIGN_OR_RETURN(const auto rows,
                   reader.query("SELECT idx, entry FROM log_entry WHERE subject = ? ORDER BY idx",
                                {std::string(subject)}));
  return numbered(rows);
}

Result<std::uint64_t> log_size(store::Reader& reader) {
  ASSIGN_OR_RETURN(const auto tail, read_tail(reader));
  return tail.size;
}

}  // namespace remit::audit
