// Store: the truth on disk. Transactions with one writer, numbered migrations, and a revision that moves with
// every change of governance state.
//
// Today there is one driver, SQLite (WAL, synchronous=FULL). The interface is the part that PostgreSQL
// shares: SQL in the subset that both speak, `?` parameters, rows read by column.
//
// Threads: a Store owns one writer thread and its connection; `submit` may be called from any thread and
// never blocks. All work that waits when the writer comes round is committed together (group commit: one sync
// for all of it). Each job runs in a savepoint: a job that fails changes nothing and does not fail its
// neighbours.
//
// A failed COMMIT is not a no (audit.md), unless the disk had no room for it: every job of that batch hears
// kUnknown RMT-S010, nothing more is committed on that connection, and the store is closed, reopened,
// checkpointed in full and read before it serves again.
//
// A job that meets an I/O error before COMMIT, or a full disk, takes its batch with it: all of it hears
// kInternal RMT-S006 or kUnavailable RMT-S012 and nothing of it was written; the store is reopened in the
// same way. While it cannot be, jobs and reads hear kUnavailable RMT-S007: nothing is served from a store
// whose state is not known. It is tried again with each job, and each second where there is none.
//
// SQLite 3.7.0–3.51.2 can corrupt a WAL database that two connections write: only the writer writes, readers
// are opened read-only, and a lock file keeps every other process out.

#pragma once

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/bytes.h"
#include "base/result.h"
#include "base/sha256.h"

namespace remit::store {

using Value = std::variant<std::nullptr_t, std::int64_t, std::string, Bytes>;

// One result row; columns in the order of the SELECT. Reading a column as another type than it has is a
// defect.
class Row {
 public:
  explicit Row(std::vector<Value> values) : values_(std::move(values)) {}
  bool is_null(std::size_t column) const {
    return std::holds_alternative<std::nullptr_t>(values_.at(column));
  }
  std::int64_t integer(std::size_t column) const { return std::get<std::int64_t>(values_.at(column)); }
  const std::string& text(std::size_t column) const { return std::get<std::string>(values_.at(column)); }
  const Bytes& blob(std::size_t column) const { return std::get<Bytes>(values_.at(column)); }
  std::size_t size() const { return values_.size(); }
  const Value& value(std::size_t column) const { return values_.at(column); }
  std::optional<std::int64_t> optional_integer(std::size_t column) const;
  std::optional<std::string> optional_text(std::size_t column) const;

 private:
  std::vector<Value> values_;
};

// What a query runs on: a read-only view or a transaction. Errors: kConflict RMT-S005 (a constraint),
// kInternal RMT-S006 (I/O, malformed SQL), kUnavailable RMT-S012 (disk full).
class Reader {
 public:
  virtual ~Reader() = default;
  virtual Result<std::vector<Row>> query(std::string_view sql, std::vector<Value> parameters = {}) = 0;
};

class Transaction : public Reader {
 public:
  // Returns the number of rows changed. Statements are prepared once per connection and kept.
  virtual Result<std::int64_t> execute(std::string_view sql, std::vector<Value> parameters = {}) = 0;
  // The digest of all that is governed as this transaction has it now; none where it is not kept (Options).
  virtual std::optional<Digest> governed() = 0;
  // The revision that this transaction will have made when it commits; calling it is what moves the revision.
  virtual Result<std::int64_t> next_revision() = 0;
  // Has `told` called on the writer thread once this transaction is durable and in force; never if it fails.
  virtual void when_durable(std::function<void()> told) = 0;
};

// One numbered step of the schema. Numbers are unique over all modules and are applied in ascending order;
// each module keeps a block of a hundred (store 0–99, audit 100–199, …). What was applied is recorded with
// the digest of its SQL: a migration is never edited, only followed by another.
struct Migration {
  int number;
  std::string_view name;
  std::string_view sql;
};

// Whether a table holds what is governed (governed.h).
using Governs = std::function<bool(std::string_view table)>;

struct Options {
  std::filesystem::path file;             // "remit.db"; its folder must exist
  std::vector<Migration> migrations;      // of all modules, in any order
  std::string vfs = {};                   // name of a registered sqlite3_vfs; tests inject faults with it
  std::chrono::milliseconds patience{5};  // for how long work that nobody waits for may wait for a group
  // A running digest is kept over the rows of these tables; null: of none.
  Governs governs = {};
  // Whether the digest that the rows have is the one that they should have, before anything is changed; none:
  // of this store it was never kept.
  std::function<Result<void>(Reader&, const std::optional<Digest>&)> judge_governed = {};
  // Ends a transaction that changed governed rows after it last asked for their digest.
  std::function<Result<void>(Transaction&)> on_governed_change = {};
};

class Store {
 public:
  using Work = std::function<Result<void>(Transaction&)>;
  using Done = std::function<void(Result<void>)>;
  // Runs on the writer thread after a batch is durable and before its jobs hear of it: here the snapshot is
  // swapped. Gets the new revision; called only when it moved (also by a batch that was unknown and turns out
  // to be there).
  using OnCommit = std::function<void(std::int64_t revision, Reader&)>;

  // Takes the lock, opens, checks, migrates. Errors: kConflict RMT-S011 (governed rows were changed by
  // another program), kUnavailable RMT-S001 (locked by another process: says which), kInvalid RMT-S002 (not a
  // Remit store, or one of another version), kInternal RMT-S003 (corrupt), RMT-S004 (I/O), kUnavailable
  // RMT-S012 (disk full).
  static Result<std::unique_ptr<Store>> open(Options options);
  virtual ~Store() = default;

  // Queues work; `done` is called once on the writer thread when the work is durable, or with its error: the
  // work's own (nothing changed), RMT-S008 (it threw), RMT-S012 (the disk is full), RMT-S010 kUnknown
  // (COMMIT failed: look before retrying).
  virtual void submit(Work work, Done done) = 0;
  // The same for work that nobody waits for: it begins no group of its own but joins the next one, or goes
  // alone when its patience ends. Order is that of the submissions, of both kinds.
  virtual void submit_behind(Work work, Done done) = 0;
  // As submit, waiting. Not from the writer thread, and not from an event loop.
  virtual Result<void> run(Work work) = 0;
  // A consistent read on a read-only connection, on the calling thread. Not on the call path.
  virtual Result<void> read(const std::function<Result<void>(Reader&)>& work) = 0;

  // Writes the store as it is at this instant to `file`, which is made (mode 0600) or written over: whole and
  // durable when it returns. Read like any read, so commits go on meanwhile. Errors: kInternal RMT-S004,
  // S006.
  virtual Result<void> copy_to(const std::filesystem::path& file) = 0;
  // Reads a store that no process has open, a backup, without changing it. Errors: those of open and the
  // work.
  static Result<void> look_at(const std::filesystem::path& file,
                              const std::function<Result<void>(Reader&)>& work);

  virtual void on_commit(OnCommit callback) = 0;  // set once, before the first submit
  virtual std::int64_t revision() const = 0;      // the last durable one; thread-safe
  virtual bool in_service() const = 0;            // false: RMT-S007; thread-safe
  virtual std::uint64_t commits() const = 0;      // groups made durable, each by one sync; thread-safe
  virtual std::size_t waiting() const = 0;        // jobs that no group has begun with; thread-safe
};

}  // namespace remit::store
