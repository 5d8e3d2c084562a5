#include "store/connection.h"

#include <sys/statvfs.h>

#include <optional>

namespace remit::store {
namespace {

constexpr std::uint64_t kNoRoom = std::uint64_t{64}
                                  << 10U;  // bytes; the index of the write-ahead log needs 32 KiB

// How many bytes this process may still write where the database lies.
std::optional<std::uint64_t> room_for(sqlite3* handle) {
  const char* file = sqlite3_db_filename(handle, "main");
  struct statvfs status{};
  if (file == nullptr || ::statvfs(file, &status) != 0) return std::nullopt;
  return std::uint64_t{status.f_bavail} * status.f_frsize;
}

int bind(sqlite3_stmt* statement, int index, const Value& value) {
  if (const auto* integer = std::get_if<std::int64_t>(&value))
    return sqlite3_bind_int64(statement, index, *integer);
  if (const auto* text = std::get_if<std::string>(&value))
    return sqlite3_bind_text64(statement, index, text->data(), text->size(), SQLITE_STATIC, SQLITE_UTF8);
  if (const auto* blob = std::get_if<Bytes>(&value)) {
    if (blob->empty()) return sqlite3_bind_zeroblob(statement, index, 0);  // a null pointer would bind NULL
    return sqlite3_bind_blob64(statement, index, blob->data(), blob->size(), SQLITE_STATIC);
  }
  return sqlite3_bind_null(statement, index);
}

Value column(sqlite3_stmt* statement, int index) {
  switch (sqlite3_column_type(statement, index)) {
    case SQLITE_INTEGER:
      return static_cast<std::int64_t>(sqlite3_column_int64(statement, index));
    case SQLITE_NULL:
      return nullptr;
    case SQLITE_BLOB: {
      const auto* data = static_cast<const std::uint8_t*>(sqlite3_column_blob(statement, index));
      return Bytes(data, data + sqlite3_column_bytes(statement, index));
    }
    default: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(statement, index));
      return std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(statement, index)));
    }
  }
}

// Leaves a kept statement ready for the next use, without references to the caller's parameters.
class Reset {
 public:
  explicit Reset(sqlite3_stmt* statement) : statement_(statement) {}
  ~Reset() {
    sqlite3_reset(statement_);
    sqlite3_clear_bindings(statement_);
  }
  Reset(const Reset&) = delete;
  Reset& operator=(const Reset&) = delete;

 private:
  sqlite3_stmt* statement_;
};

}  // namespace

Result<std::unique_ptr<Connection>> Connection::open(const std::filesystem::path& file, Mode mode,
                                                     const std::string& vfs) {
  const int access =
      mode == Mode::kWriter ? SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE : SQLITE_OPEN_READONLY;
  sqlite3* handle = nullptr;
  const int status =
      sqlite3_open_v2(file.c_str(), &handle, access | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE,
                      vfs.empty() ? nullptr : vfs.c_str());
  std::unique_ptr<Connection> connection(new Connection(handle));
  if (status != SQLITE_OK)
    return fail(ErrorKind::kInternal, "RMT-S004",
                "cannot open `" + file.string() + "`: " + sqlite3_errstr(status));
  sqlite3_busy_timeout(handle, 5000);
  // What a failed sync left behind is for the next opening to find, not for the closing to overwrite.
  sqlite3_db_config(handle, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_DEFENSIVE, 1, nullptr);
  sqlite3_db_config(handle, SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0, nullptr);
  sqlite3_wal_hook(
      handle,
      [](void* self, sqlite3*, const char*, int pages) {
        static_cast<Connection*>(self)->pages_in_wal_ = pages;
        return SQLITE_OK;
      },
      connection.get());  // replaces the automatic checkpoint, whose errors nobody would hear
  return connection;
}

Connection::~Connection() {
  statements_.clear();
  sqlite3_close(handle_);
}

std::unexpected<Error> Connection::error(int status) {
  const std::string message =
      std::string(sqlite3_errmsg(handle_)) + " (SQLite " + std::to_string(status) + ")";
  switch (status & 0xff) {
    case SQLITE_CONSTRAINT:
      return fail(ErrorKind::kConflict, "RMT-S005", message);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      doubtful_ = true;
      return fail(ErrorKind::kInternal, "RMT-S003", message);
    case SQLITE_IOERR:
    case SQLITE_FULL: {
      doubtful_ = true;
      full_ = (status & 0xff) == SQLITE_FULL;
      const auto room = room_for(handle_);
      if (!full_ && room.value_or(UINT64_MAX) >= kNoRoom) break;
      return fail(ErrorKind::kUnavailable, "RMT-S012",
                  "the disk of `" + std::string(sqlite3_db_filename(handle_, "main")) + "` is full" +
                      (room ? ": " + std::to_string(*room >> 10U) + " KiB are free" : ""));
    }
    case SQLITE_CANTOPEN:
    case SQLITE_PROTOCOL:
    case SQLITE_NOMEM:
      doubtful_ = true;
      break;
    default:
      break;
  }
  return fail(ErrorKind::kInternal, "RMT-S006", message);
}

Result<sqlite3_stmt*> Connection::prepare(std::string_view sql, const std::vector<Value>& parameters) {
  auto found = statements_.find(sql);
  if (found == statements_.end()) {
    sqlite3_stmt* made = nullptr;
    const int status = sqlite3_prepare_v3(handle_, sql.data(), static_cast<int>(sql.size()),
                                          SQLITE_PREPARE_PERSISTENT, &made, nullptr);
    if (status != SQLITE_OK) return error(status);
    if (made == nullptr) return fail(ErrorKind::kInternal, "RMT-S006", "an empty SQL statement");
    found = statements_.emplace(std::string(sql), made).first;
  }
  sqlite3_stmt* statement = found->second.get();
  if (sqlite3_bind_parameter_count(statement) != static_cast<int>(parameters.size()))
    return fail(ErrorKind::kInternal, "RMT-S006", "wrong number of parameters for: " + std::string(sql));
  for (std::size_t i = 0; i < parameters.size(); ++i)
    if (const int status = bind(statement, static_cast<int>(i) + 1, parameters[i]); status != SQLITE_OK)
      return error(status);
  return statement;
}

Result<std::vector<Row>> Connection::query(std::string_view sql, const std::vector<Value>& parameters) {
  ASSIGN_OR_RETURN(auto* statement, prepare(sql, parameters));
  const Reset reset(statement);
  std::vector<Row> rows;
  for (;;) {
    const int status = sqlite3_step(statement);
    if (status == SQLITE_DONE) return rows;
    if (status != SQLITE_ROW) return error(status);
    std::vector<Value> values;
    const int count = sqlite3_column_count(statement);
    values.reserve(static_cast<std::size_t>(count));
    for (int i = 0; i < count; ++i) values.push_back(column(statement, i));
    rows.emplace_back(std::move(values));
  }
}

Result<std::int64_t> Connection::execute(std::string_view sql, const std::vector<Value>& parameters) {
  ASSIGN_OR_RETURN(auto* statement, prepare(sql, parameters));
  const Reset reset(statement);
  int status = SQLITE_ROW;
  while (status == SQLITE_ROW) status = sqlite3_step(statement);
  if (status != SQLITE_DONE) return error(status);
  return sqlite3_changes64(handle_);
}

Result<void> Connection::script(const std::string& sql) {
  const int status = sqlite3_exec(handle_, sql.c_str(), nullptr, nullptr, nullptr);
  if (status != SQLITE_OK) return error(status);
  return {};
}

Result<void> Connection::copy_to(const std::filesystem::path& file) {
  ASSIGN_OR_RETURN(const auto copy, open(file, Mode::kWriter, {}));
  sqlite3_backup* backup = sqlite3_backup_init(copy->handle_, "main", handle_, "main");
  if (backup == nullptr) return copy->error(sqlite3_errcode(copy->handle_));
  const int stepped = sqlite3_backup_step(backup, -1);
  const int finished = sqlite3_backup_finish(backup);
  if (stepped != SQLITE_DONE) return copy->error(stepped);
  if (finished != SQLITE_OK) return copy->error(finished);
  // One file, that needs no other beside it.
  ASSIGN_OR_RETURN(const auto mode, copy->query("PRAGMA journal_mode = DELETE", {}));
  if (mode.at(0).text(0) != "delete")
    return fail(ErrorKind::kInternal, "RMT-S004", "the copy keeps a second file");
  return {};
}

Result<void> Connection::checkpoint(bool full) {
  const int mode = full ? SQLITE_CHECKPOINT_TRUNCATE : SQLITE_CHECKPOINT_PASSIVE;
  const int status = sqlite3_wal_checkpoint_v2(handle_, nullptr, mode, nullptr, nullptr);
  if (status != SQLITE_OK && !(status == SQLITE_BUSY && !full)) return error(status);
  return {};
}

}  // namespace remit::store
