// Governed rows: a running digest over every row of the tables that hold what is governed.
//
// A sum is kept for each table (base/lattice_sum.h), moved by the rows that a transaction changes, whatever
// code changes them, and stored with them. The digest of all sums stands in the audit log (audit/log.h):
// whoever changes a row behind Remit's back would have to sign a log that says so.
//
// A row counts with its table's name and all its columns in their order. A column that is added to such a
// table must be nullable and without a default: rows of before have nothing there.
//
// Thread-safety: pure functions; a GovernedSums is of one connection.

#pragma once

#include <sqlite3.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/lattice_sum.h"
#include "store/store.h"

namespace remit::store {

using Sums = std::map<std::string, LatticeSum, std::less<>>;  // by table

// The digest over the sums of all tables.
Digest digest_of(const Sums& sums);

// As they are stored; nothing where they were never kept. Errors: kInternal RMT-S003, those of the reader.
Result<std::optional<Sums>> stored_sums(Reader& reader);
// Of the rows as they are.
Result<Sums> counted_sums(Reader& reader, const Governs& governs);
// The tables whose rows are not those that the stored sums are of.
std::vector<std::string> differing(const Sums& stored, const Sums& counted);

// Where governed rows were changed by a migration or a restore, and the log does not say so yet: the digest
// that it has. Whoever writes the next entry says both, so that no such change is silent.
Result<void> set_digest_before(Transaction& tx, const Digest& digest);
Result<std::optional<std::string>> digest_before(Reader& reader);
Result<std::optional<std::string>> take_digest_before(Transaction& tx);

// That the rows are those of the stored sums. Errors: kConflict RMT-S011 (names the tables), those above.
Result<void> check_governed(Reader& reader, const Governs& governs);

// Watches a writing connection.
class GovernedSums {
 public:
  GovernedSums(sqlite3* handle, const Governs& governs);
  ~GovernedSums();
  GovernedSums(const GovernedSums&) = delete;
  GovernedSums& operator=(const GovernedSums&) = delete;

  void set(Sums sums) { sums_ = std::move(sums); }
  // What the running job has changed so far.
  bool changed() const { return !pending_.empty(); }
  bool changed_since_digest() const { return changed_since_digest_; }
  Digest digest();  // with the job's changes
  // The job is kept, or was taken back. `take` gives the tables whose sums are others now.
  std::vector<std::pair<std::string, Bytes>> take();
  void drop();

 private:
  static void on_change(void* self, sqlite3* handle, int operation, const char* database, const char* table,
                        sqlite3_int64, sqlite3_int64);
  bool is_governed(std::string_view table);

  sqlite3* handle_;
  const Governs& governs_;
  std::map<std::string, bool, std::less<>> known_;
  Sums sums_;
  Sums pending_;
  bool changed_since_digest_ = false;
};

}  // namespace remit::store
