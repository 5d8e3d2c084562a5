// Connection: one SQLite connection and its prepared statements. Used by one thread at a time.

#pragma once

#include <sqlite3.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>

#include "store/store.h"

namespace remit::store {

class Connection {
 public:
  enum class Mode { kWriter, kReader };
  // Errors: kInternal RMT-S004.
  static Result<std::unique_ptr<Connection>> open(const std::filesystem::path& file, Mode mode,
                                                  const std::string& vfs);
  ~Connection();
  Connection(const Connection&) = delete;
  Connection& operator=(const Connection&) = delete;

  Result<std::vector<Row>> query(std::string_view sql, const std::vector<Value>& parameters);
  Result<std::int64_t> execute(std::string_view sql, const std::vector<Value>& parameters);
  Result<void> script(const std::string& sql);  // several statements, not kept
  // Copies the database, as one read of it, into another file, and makes that durable. Errors: kInternal
  // RMT-S004, S006.
  Result<void> copy_to(const std::filesystem::path& file);
  // Copies the write-ahead log into the file; `full` waits for readers and empties it. Errors: RMT-S006.
  Result<void> checkpoint(bool full);

  // An I/O error, a full disk or damage was met: what this connection believes may differ from what is on the
  // disk.
  bool doubtful() const { return doubtful_; }
  // The last of them was that there was no room to write to.
  bool full() const { return full_; }
  sqlite3* handle() { return handle_; }
  bool in_transaction() const { return sqlite3_get_autocommit(handle_) == 0; }
  int pages_in_wal() const { return pages_in_wal_; }

 private:
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const { sqlite3_finalize(statement); }
  };
  struct Hash : std::hash<std::string_view> {
    using is_transparent = void;
  };

  explicit Connection(sqlite3* handle) : handle_(handle) {}
  Result<sqlite3_stmt*> prepare(std::string_view sql, const std::vector<Value>& parameters);
  std::unexpected<Error> error(int status);

  sqlite3* handle_;
  bool doubtful_ = false;
  bool full_ = false;
  int pages_in_wal_ = 0;
  std::unordered_map<std::string, std::unique_ptr<sqlite3_stmt, Finalizer>, Hash, std::equal_to<>>
      statements_;
};

}  // namespace remit::store
