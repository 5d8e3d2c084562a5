// The SQLite driver: a writer thread that commits in groups, read-only connections beside it, and the way
// back to a known state after an error of the disk.

#include <fcntl.h>
#include <unistd.h>

#include <atomic>
#include <condition_variable>
#include <future>
#include <mutex>
#include <shared_mutex>
#include <thread>
#include <tuple>

#include "store/connection.h"
#include "store/governed.h"
#include "store/lock_file.h"
#include "store/migrate.h"

namespace remit::store {
namespace {

constexpr std::size_t kMaxBatch = 256;  // jobs of one commit: bounds how long the first of them waits
constexpr int kCheckpointPages = 4096;  // 16 MiB of write-ahead log
constexpr std::chrono::seconds kReopenInterval{1};
constexpr Migration kSums{
    99, "store_sum",
    "CREATE TABLE store_sum (name TEXT PRIMARY KEY, sum BLOB NOT NULL);"
    "CREATE TABLE store_sum_before (id INTEGER PRIMARY KEY CHECK (id = 1), digest TEXT NOT NULL);"};
constexpr std::string_view kNoRevision = "the table store_revision of the store has lost its row";
constexpr std::string_view kReadRevision = "SELECT revision FROM store_revision WHERE id = 1";

Error reopening(const Error& cause) {
  return Error{ErrorKind::kUnavailable, "RMT-S007", "the store cannot be reopened: " + cause.message};
}

std::unexpected<Error> nothing_written(const Error& cause) {
  auto message = "nothing was written: " + cause.message;
  if (cause.code == "RMT-S012") return fail(ErrorKind::kUnavailable, "RMT-S012", std::move(message));
  return fail(ErrorKind::kInternal, "RMT-S006", std::move(message));
}

Result<std::int64_t> revision_in(Connection& connection) {
  ASSIGN_OR_RETURN(const auto rows, connection.query(kReadRevision, {}));
  if (rows.size() != 1) return fail(ErrorKind::kInternal, "RMT-S003", std::string(kNoRevision));
  return rows.front().integer(0);
}

// A damaged page is found before anything relies on it.
Result<void> quick_check(Connection& connection) {
  ASSIGN_OR_RETURN(const auto rows, connection.query("PRAGMA quick_check(1)", {}));
  if (rows.empty() || rows.front().text(0) != "ok")
    return fail(ErrorKind::kInternal, "RMT-S003", rows.empty() ? "not checked" : rows.front().text(0));
  return {};
}

class ConnectionReader final : public Reader {
 public:
  explicit ConnectionReader(Connection& connection) : connection_(connection) {}
  Result<std::vector<Row>> query(std::string_view sql, std::vector<Value> parameters) override {
    return connection_.query(sql, parameters);
  }

 private:
  Connection& connection_;
};

class WriterTransaction final : public Transaction {
 public:
  WriterTransaction(Connection& connection, GovernedSums* sums,
                    std::vector<std::function<void()>>& when_durable)
      : connection_(connection), sums_(sums), when_durable_(when_durable) {}
  Result<std::vector<Row>> query(std::string_view sql, std::vector<Value> parameters) override {
    return connection_.query(sql, parameters);
  }
  Result<std::int64_t> execute(std::string_view sql, std::vector<Value> parameters) override {
    return connection_.execute(sql, parameters);
  }
  std::optional<Digest> governed() override {
    if (sums_ == nullptr) return std::nullopt;
    return sums_->digest();
  }
  Result<std::int64_t> next_revision() override {
    if (revision_) return *revision_;
    ASSIGN_OR_RETURN(auto rows,
                     connection_.query("UPDATE store_revision SET revision = revision + 1 WHERE id = 1 "
                                       "RETURNING revision",
                                       {}));
    if (rows.size() != 1) return fail(ErrorKind::kInternal, "RMT-S003", std::string(kNoRevision));
    revision_ = rows.front().integer(0);
    return *revision_;
  }
  void when_durable(std::function<void()> told) override { when_durable_.push_back(std::move(told)); }

 private:
  Connection& connection_;
  GovernedSums* sums_;
  std::vector<std::function<void()>>& when_durable_;
  std::optional<std::int64_t> revision_;
};

struct Job {
  Store::Work work;
  Store::Done done;
  std::vector<std::function<void()>> when_durable = {};
  Result<void> outcome = {};
};

Result<void> guarded(const Store::Work& work, Transaction& transaction) {
  try {
    return work(transaction);
  } catch (const std::exception& thrown) {
    return fail(ErrorKind::kInternal, "RMT-S008", std::string("a transaction threw: ") + thrown.what());
  }
}

// SQLite gives its other files the mode of the main one: made here, so that it is never readable by others.
Result<void> make_private(const std::filesystem::path& file) {
  const int descriptor = ::open(file.c_str(), O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  if (descriptor < 0)
    return fail(ErrorKind::kInternal, "RMT-S004",
                "cannot open `" + file.string() + "`: " + std::system_category().message(errno));
  ::close(descriptor);
  return {};
}

class SqliteStore final : public Store {
 public:
  SqliteStore(Options options, LockFile lock) : options_(std::move(options)), lock_(std::move(lock)) {}

  ~SqliteStore() override {
    {
      const std::lock_guard guard(queue_mutex_);
      stopping_ = true;
    }
    queue_signal_.notify_all();
    if (thread_.joinable()) thread_.join();
    readers_.clear();
    sums_.reset();
    if (writer_ && !writer_->doubtful())
      std::ignore = writer_->checkpoint(true);  // a small file to copy; not needed
  }

  Result<void> start() {
    TRY(connect());
    first_ = false;
    revision_ = read_revision_;
    thread_ = std::thread([this] { serve(); });
    return {};
  }

  void submit(Work work, Done done) override {
    {
      const std::lock_guard guard(queue_mutex_);
      queue_.push_back(Job{std::move(work), std::move(done)});
      awaited_ = true;
    }
    queue_signal_.notify_one();
  }

  void submit_behind(Work work, Done done) override {
    {
      const std::lock_guard guard(queue_mutex_);
      if (queue_.empty()) patience_ends_ = std::chrono::steady_clock::now() + options_.patience;
      queue_.push_back(Job{std::move(work), std::move(done)});
      if (queue_.size() > 1) return;
    }
    queue_signal_.notify_one();  // so that the time is watched
  }

  Result<void> run(Work work) override {
    std::promise<Result<void>> promise;
    auto answer = promise.get_future();
    submit(std::move(work), [&](Result<void> result) { promise.set_value(std::move(result)); });
    return answer.get();
  }

  Result<void> read(const std::function<Result<void>(Reader&)>& work) override {
    const std::shared_lock alive(generation_mutex_);
    if (!writer_) return fail(reopening(down_));
    ASSIGN_OR_RETURN(auto connection, take_reader());
    TRY(connection->script("BEGIN"));
    ConnectionReader reader(*connection);
    auto result = work(reader);
    auto ended = connection->script("COMMIT");
    if (ended && !connection->doubtful()) give_back(std::move(connection));
    return result;
  }

  Result<void> copy_to(const std::filesystem::path& file) override {
    const std::shared_lock alive(generation_mutex_);
    if (!writer_) return fail(reopening(down_));
    TRY(make_private(file));
    ASSIGN_OR_RETURN(auto connection, take_reader());
    TRY(connection->copy_to(file));
    give_back(std::move(connection));
    return {};
  }

  void on_commit(OnCommit callback) override { on_commit_ = std::move(callback); }
  std::int64_t revision() const override { return revision_.load(); }
  bool in_service() const override { return in_service_.load(); }
  std::uint64_t commits() const override { return commits_.load(std::memory_order_relaxed); }
  std::size_t waiting() const override {
    const std::lock_guard guard(queue_mutex_);
    return queue_.size();
  }

 private:
  // Opens the writing connection and leaves nothing in the write-ahead log that is not in the file.
  Result<void> connect() {
    ASSIGN_OR_RETURN(auto connection,
                     Connection::open(options_.file, Connection::Mode::kWriter, options_.vfs));
    ASSIGN_OR_RETURN(auto mode, connection->query("PRAGMA journal_mode = WAL", {}));
    if (mode.at(0).text(0) != "wal")
      return fail(ErrorKind::kInternal, "RMT-S004", "the file system does not carry a write-ahead log");
    TRY(connection->script(
        "PRAGMA synchronous = FULL; PRAGMA foreign_keys = ON; PRAGMA secure_delete = ON;"));
    // After a failed sync the page cache may show what the disk does not hold: this writes all of it anew.
    TRY(connection->checkpoint(true));
    if (first_) TRY(judge(*connection));
    TRY(migrate(*connection, options_.migrations, [&] { return count_anew(*connection); }));
    ASSIGN_OR_RETURN(read_revision_, revision_in(*connection));
    TRY(watch(*connection));
    writer_ = std::move(connection);
    in_service_ = true;
    return {};
  }

  // Before anything is changed: that no page is damaged, and that governed rows are as Remit left them.
  Result<void> judge(Connection& connection) {
    TRY(quick_check(connection));
    if (!options_.governs) return {};
    ConnectionReader reader(connection);
    ASSIGN_OR_RETURN(const auto stored, stored_sums(reader));
    if (stored) TRY(check_governed(reader, options_.governs));
    if (!options_.judge_governed) return {};
    return options_.judge_governed(reader, stored ? std::optional(digest_of(*stored)) : std::nullopt);
  }

  // After a migration, which may change any row: what it made of them is what counts, and the log is told.
  Result<void> count_anew(Connection& connection) {
    if (!options_.governs) return {};
    ConnectionReader reader(connection);
    ASSIGN_OR_RETURN(const auto before, stored_sums(reader));
    ASSIGN_OR_RETURN(const auto sums, counted_sums(reader, options_.governs));
    if (before)
      TRY(connection.execute(
          "INSERT INTO store_sum_before (id, digest) VALUES (1, ?) ON CONFLICT (id) DO NOTHING",
          {digest_of(*before).hex()}));
    TRY(connection.execute("DELETE FROM store_sum", {}));
    for (const auto& [table, sum] : sums)
      TRY(connection.execute("INSERT INTO store_sum (name, sum) VALUES (?, ?)", {table, sum.bytes()}));
    return {};
  }

  Result<void> watch(Connection& connection) {
    sums_.reset();
    if (!options_.governs) return {};
    ConnectionReader reader(connection);
    ASSIGN_OR_RETURN(auto stored, stored_sums(reader));
    if (!stored) return fail(ErrorKind::kInternal, "RMT-S003", "the table store_sum has lost its rows");
    sums_ = std::make_unique<GovernedSums>(connection.handle(), options_.governs);
    sums_->set(std::move(*stored));
    return {};
  }

  // Forgets everything that was believed and reads the disk again. No reader runs meanwhile.
  Result<void> reconnect() {
    const std::unique_lock alone(generation_mutex_);
    {
      const std::lock_guard guard(readers_mutex_);
      readers_.clear();
    }
    sums_.reset();
    writer_.reset();
    in_service_ = false;
    if (auto connected = connect(); !connected) {
      down_ = connected.error();
      return fail(reopening(down_));
    }
    return {};
  }

  Result<std::unique_ptr<Connection>> take_reader() {
    {
      const std::lock_guard guard(readers_mutex_);
      if (!readers_.empty()) {
        auto connection = std::move(readers_.back());
        readers_.pop_back();
        return connection;
      }
    }
    return Connection::open(options_.file, Connection::Mode::kReader, options_.vfs);
  }

  void give_back(std::unique_ptr<Connection> connection) {
    const std::lock_guard guard(readers_mutex_);
    readers_.push_back(std::move(connection));
  }

  void serve() {
    for (;;) {
      std::vector<Job> batch;
      {
        std::unique_lock guard(queue_mutex_);
        const auto called = [this] { return stopping_ || !queue_.empty(); };
        if (!writer_ && !queue_signal_.wait_for(guard, kReopenInterval, called)) {
          guard.unlock();
          std::ignore = reconnect();
          announce();
          continue;
        }
        queue_signal_.wait(guard, called);
        if (queue_.empty()) return;
        queue_signal_.wait_until(guard, patience_ends_, [this] { return stopping_ || awaited_; });
        const auto count = static_cast<std::ptrdiff_t>(std::min(queue_.size(), kMaxBatch));
        batch.assign(std::make_move_iterator(queue_.begin()),
                     std::make_move_iterator(queue_.begin() + count));
        queue_.erase(queue_.begin(), queue_.begin() + count);
        if (queue_.empty()) awaited_ = false;
      }
      if (auto served = commit(batch); !served)
        for (auto& job : batch) job.outcome = fail(served.error());
      announce();
      for (auto& job : batch) {
        if (job.outcome)
          for (const auto& told : job.when_durable) told();
        auto done = std::move(job.done);
        job.work = nullptr;  // what it holds goes before the caller goes on
        if (done) done(std::move(job.outcome));
      }
      keep_wal_short();
    }
  }

  // One transaction for the batch. An error is that of all its jobs; each job's own is in its outcome.
  Result<void> commit(std::vector<Job>& batch) {
    if (!writer_) TRY(reconnect());
    auto prepared = run_jobs(batch);
    if (!prepared) {
      std::ignore = reconnect();  // if that fails too, the next batch tries again and says so
      return prepared;
    }
    auto committed = writer_->execute("COMMIT", {});
    if (committed) {
      commits_.fetch_add(1, std::memory_order_relaxed);
      return {};
    }
    const bool full = writer_->full();
    std::ignore = reconnect();
    // What had no room in the write-ahead log is no commit: the frame that ends one is the last to be
    // written.
    if (full) return nothing_written(committed.error());
    return fail(ErrorKind::kUnknown, "RMT-S010",
                "COMMIT failed, what was written may or may not be there: " + committed.error().message);
  }

  // Errors: what went wrong before COMMIT was tried, so that none of the batch is on the disk.
  Result<void> run_jobs(std::vector<Job>& batch) {
    TRY(writer_->execute("BEGIN IMMEDIATE", {}));
    for (auto& job : batch) {
      TRY(writer_->execute("SAVEPOINT job", {}));
      WriterTransaction transaction(*writer_, sums_.get(), job.when_durable);
      job.outcome = guarded(job.work, transaction);
      if (job.outcome) job.outcome = keep_sums(transaction);
      if (writer_->doubtful() || !writer_->in_transaction())
        return nothing_written(job.outcome
                                   ? Error{ErrorKind::kInternal, "RMT-S006", "the transaction ended early"}
                                   : job.outcome.error());
      if (!job.outcome) {
        if (sums_) sums_->drop();
        TRY(writer_->execute("ROLLBACK TO job", {}));
      }
      TRY(writer_->execute("RELEASE job", {}));
    }
    ASSIGN_OR_RETURN(read_revision_, revision_in(*writer_));
    return {};
  }

  Result<void> keep_sums(WriterTransaction& transaction) {
    if (!sums_ || !sums_->changed()) return {};
    if (sums_->changed_since_digest() && options_.on_governed_change)
      TRY(options_.on_governed_change(transaction));
    for (auto& [table, sum] : sums_->take())
      TRY(
          writer_->execute("INSERT INTO store_sum (name, sum) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET "
                           "sum = excluded.sum",
                           {table, std::move(sum)}));
    return {};
  }

  void announce() {
    if (!writer_ || read_revision_ == revision_) return;
    revision_ = read_revision_;
    if (!on_commit_) return;
    ConnectionReader reader(*writer_);
    on_commit_(read_revision_, reader);
  }

  void keep_wal_short() {
    if (!writer_ || writer_->pages_in_wal() < kCheckpointPages) return;
    if (!writer_->checkpoint(false)) std::ignore = reconnect();
    announce();
  }

  const Options options_;
  const LockFile lock_;
  OnCommit on_commit_;
  std::atomic<std::int64_t> revision_ = 0;
  std::atomic<std::uint64_t> commits_ = 0;
  std::atomic<bool> in_service_ = false;
  std::int64_t read_revision_ = 0;  // writer thread

  // Shared by readers, held alone while the store is reopened.
  std::shared_mutex generation_mutex_;
  std::unique_ptr<Connection> writer_;  // null: the store could not be reopened, see down_
  std::unique_ptr<GovernedSums> sums_;  // of it; null: none are kept
  bool first_ = true;                   // connect() is the opening
  Error down_;
  std::mutex readers_mutex_;
  std::vector<std::unique_ptr<Connection>> readers_;

  mutable std::mutex queue_mutex_;
  std::condition_variable queue_signal_;
  std::vector<Job> queue_;
  bool awaited_ = false;                                 // somebody waits for one of the queue
  std::chrono::steady_clock::time_point patience_ends_;  // where nobody does
  bool stopping_ = false;
  std::thread thread_;
};

}  // namespace

Result<void> Store::look_at(const std::filesystem::path& file,
                            const std::function<Result<void>(Reader&)>& work) {
  ASSIGN_OR_RETURN(const auto connection, Connection::open(file, Connection::Mode::kReader, {}));
  TRY(quick_check(*connection));
  ConnectionReader reader(*connection);
  return work(reader);
}

Result<std::unique_ptr<Store>> Store::open(Options options) {
  options.migrations.push_back(kSums);
  ASSIGN_OR_RETURN(auto lock, LockFile::take(options.file.string() + ".lock"));
  TRY(make_private(options.file));
  auto store = std::make_unique<SqliteStore>(std::move(options), std::move(lock));
  TRY(store->start());
  return store;
}

}  // namespace remit::store
