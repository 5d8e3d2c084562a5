#include "store/store.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>
#include <future>
#include <numeric>
#include <thread>

#include "store/connection.h"
#include "store/fault_vfs.h"
#include "store/testing.h"

namespace remit::store {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

TEST(Store, KeepsWhatWasWrittenOverAReopening) {
  const TempFolder folder;
  {
    auto store = Store::open(options(folder / "remit.db")).value();
    ASSERT_TRUE(store->run(put(1)));
    EXPECT_THAT(ids(*store), ElementsAre(1));
  }
  auto store = Store::open(options(folder / "remit.db")).value();
  EXPECT_THAT(ids(*store), ElementsAre(1));
}

TEST(Store, GivesBackEveryKindOfValue) {
  const TempFolder folder;
  auto store = Store::open({.file = folder / "remit.db",
                            .migrations = {{1, "t", "CREATE TABLE t (a BIGINT, b TEXT, c BLOB, d TEXT)"}}})
                   .value();
  const std::string text("a\0b", 3);
  ASSERT_TRUE(store->run([&](Transaction& tx) -> Result<void> {
    TRY(tx.execute("INSERT INTO t VALUES (?, ?, ?, ?)", {std::int64_t{-7}, text, Bytes{0, 255}, nullptr}));
    TRY(tx.execute("INSERT INTO t VALUES (?, ?, ?, ?)", {nullptr, std::string(), Bytes{}, nullptr}));
    return {};
  }));
  ASSERT_TRUE(store->read([&](Reader& reader) -> Result<void> {
    ASSIGN_OR_RETURN(auto rows, reader.query("SELECT a, b, c, d FROM t ORDER BY rowid"));
    EXPECT_EQ(rows.at(0).integer(0), -7);
    EXPECT_EQ(rows.at(0).text(1), text);
    EXPECT_EQ(rows.at(0).blob(2), (Bytes{0, 255}));
    EXPECT_TRUE(rows.at(0).is_null(3));
    EXPECT_EQ(rows.at(1).optional_integer(0), std::nullopt);
    EXPECT_EQ(rows.at(1).optional_text(1), "");
    EXPECT_EQ(rows.at(1).blob(2), Bytes{});
    return {};
  }));
}

TEST(Store, IsNotReadableByOthers) {
  const TempFolder folder;
  auto store = Store::open(options(folder / "remit.db")).value();
  ASSERT_TRUE(store->run(put(1)));
  for (const char* name : {"remit.db", "remit.db-wal", "remit.db-shm", "remit.db.lock"}) {
    struct stat status{};
    ASSERT_EQ(::stat((folder / name).c_str(), &status), 0) << name;
    EXPECT_EQ(status.st_mode & 0777, 0600U) << name;
  }
}

TEST(Store, AFailedJobChangesNothingAndDoesNotFailItsNeighbours) {
  const TempFolder folder;
  auto store = Store::open(options(folder / "remit.db")).value();
  // One job holds the writer until all of them wait, so that they share a batch.
  std::promise<void> go;
  store->submit([&](Transaction&) -> Result<void> { return go.get_future().get(), Result<void>{}; }, {});
  std::vector<Result<void>> heard(5);
  std::promise<void> last;
  const std::vector<Store::Work> jobs = {put(1),
                                         [](Transaction& tx) -> Result<void> {
                                           TRY(put(2)(tx));
                                           return fail(ErrorKind::kForbidden, "RMT-B002", "changed its mind");
                                         },
                                         [](Transaction& tx) -> Result<void> {
                                           TRY(put(3)(tx));
                                           throw std::runtime_error("a defect");
                                         },
                                         put(1),  // the key is taken
                                         put(4)};
  for (std::size_t i = 0; i < jobs.size(); ++i)
    store->submit(jobs[i], [&, i](Result<void> result) {
      heard[i] = std::move(result);
      if (i + 1 == jobs.size()) last.set_value();
    });
  go.set_value();
  last.get_future().get();
  EXPECT_TRUE(heard[0]);
  EXPECT_EQ(heard[1].error().kind, ErrorKind::kForbidden);
  EXPECT_EQ(heard[2].error().code, "RMT-S008");
  EXPECT_EQ(heard[3].error().code, "RMT-S005");
  EXPECT_EQ(heard[3].error().kind, ErrorKind::kConflict);
  EXPECT_TRUE(heard[4]);
  EXPECT_THAT(ids(*store), ElementsAre(1, 4));
}

TEST(Store, TellsWhatIsDurableBeforeItsJobHears) {
  const TempFolder folder;
  auto store = Store::open(options(folder / "remit.db")).value();
  std::vector<std::string> told;
  const auto job = [&](int id, bool fails) {
    return [&told, id, fails](Transaction& tx) -> Result<void> {
      tx.when_durable([&told, id] { told.push_back("durable " + std::to_string(id)); });
      TRY(put(id)(tx));
      if (fails) return fail(ErrorKind::kForbidden, "RMT-B002", "changed its mind");
      told.push_back("ran " + std::to_string(id));
      return {};
    };
  };
  EXPECT_TRUE(store->run(job(1, false)));
  EXPECT_EQ(told, (std::vector<std::string>{"ran 1", "durable 1"}));
  EXPECT_FALSE(store->run(job(2, true)));
  EXPECT_FALSE(store->run(job(1, false)));  // the key is taken
  EXPECT_EQ(told.size(), 2U);
}

TEST(Store, SaysHowManyJobsWait) {
  const TempFolder folder;
  auto store = Store::open(options(folder / "remit.db")).value();
  EXPECT_EQ(store->waiting(), 0U);
  std::promise<void> begun;
  std::promise<void> go;
  store->submit(
      [&](Transaction&) -> Result<void> {
        begun.set_value();
        go.get_future().get();
        return {};
      },
      {});
  begun.get_future().get();
  for (int id = 1; id <= 3; ++id) store->submit(put(id), {});
  EXPECT_EQ(store->waiting(), 3U);
  go.set_value();
  EXPECT_TRUE(store->run(put(4)));
  EXPECT_EQ(store->waiting(), 0U);
}

TEST(Store, CommitsManyJobsWithFewSyncs) {
  const TempFolder folder;
  FaultVfs counting("counting");
  auto store = Store::open(options(folder / "remit.db", "counting")).value();
  const auto before = counting.count(FaultVfs::Operation::kSync);
  constexpr std::size_t kThreads = 8;
  constexpr std::size_t kEach = 200;
  std::atomic<std::size_t> acknowledged = 0;
  {
    std::vector<std::jthread> threads;
    threads.reserve(kThreads);
    for (std::size_t t = 0; t < kThreads; ++t)
      threads.emplace_back([&, t] {
        std::vector<std::future<void>> waiting;
        waiting.reserve(kEach);
        for (std::size_t i = 0; i < kEach; ++i) {
          auto heard = std::make_shared<std::promise<void>>();
          waiting.push_back(heard->get_future());
          store->submit(put(static_cast<std::int64_t>(t * kEach + i)),
                        [&, heard](const Result<void>& result) {
                          if (result) ++acknowledged;
                          heard->set_value();
                        });
        }
        for (auto& one : waiting) one.get();
      });
  }
  EXPECT_EQ(acknowledged, kThreads * kEach);
  std::vector<std::int64_t> all(kThreads * kEach);
  std::iota(all.begin(), all.end(), 0);
  EXPECT_EQ(ids(*store), all);
  const auto syncs = counting.count(FaultVfs::Operation::kSync) - before;
  EXPECT_LT(syncs, kThreads * kEach / 2);
  EXPECT_GE(store->commits(), 1U);
  EXPECT_LE(store->commits(), syncs) << "what is counted is what was synced";
}

TEST(Store, WorkThatNobodyWaitsForJoinsTheNextGroup) {
  const TempFolder folder;
  auto with_patience = options(folder / "remit.db");
  with_patience.patience = std::chrono::hours(1);
  auto store = Store::open(with_patience).value();
  std::atomic<int> heard = 0;
  for (const std::int64_t id : {1, 2, 3})
    store->submit_behind(put(id), [&](const Result<void>& result) { heard += result ? 1 : 100; });
  EXPECT_EQ(store->commits(), 0U);
  ASSERT_TRUE(store->run(put(4)));
  EXPECT_EQ(store->commits(), 1U);
  EXPECT_EQ(heard, 3) << "in the order of the submissions";
  EXPECT_THAT(ids(*store), ElementsAre(1, 2, 3, 4));

  store->submit_behind(put(5), [](auto&&) {});
  store.reset();
  EXPECT_THAT(ids(*Store::open(with_patience).value()), ElementsAre(1, 2, 3, 4, 5));
}

TEST(Store, WorkThatNobodyWaitsForGoesAloneWhenItsPatienceEnds) {
  const TempFolder folder;
  auto store = Store::open(options(folder / "remit.db")).value();
  for (const std::int64_t id : {1, 2}) {
    std::promise<bool> heard;
    store->submit_behind(put(id), [&](const Result<void>& result) { heard.set_value(result.has_value()); });
    EXPECT_TRUE(heard.get_future().get());
  }
  EXPECT_EQ(store->commits(), 2U);
}

TEST(Store, TheRevisionMovesOncePerTransactionThatAsksForIt) {
  const TempFolder folder;
  auto store = Store::open(options(folder / "remit.db")).value();
  std::vector<std::int64_t> told;
  std::size_t rows_seen = 0;
  store->on_commit([&](std::int64_t revision, Reader& reader) {
    told.push_back(revision);
    rows_seen = reader.query("SELECT id FROM note").value().size();
  });
  ASSERT_TRUE(store->run(put(1)));
  EXPECT_TRUE(told.empty());
  ASSERT_TRUE(store->run([](Transaction& tx) -> Result<void> {
    TRY(put(2)(tx));
    ASSIGN_OR_RETURN(const auto first, tx.next_revision());
    ASSIGN_OR_RETURN(const auto again, tx.next_revision());
    EXPECT_EQ(first, 1);
    EXPECT_EQ(again, 1);
    return {};
  }));
  EXPECT_THAT(told, ElementsAre(1));
  EXPECT_EQ(rows_seen, 2U);
  EXPECT_EQ(store->revision(), 1);
  EXPECT_FALSE(store->run([](Transaction& tx) -> Result<void> {
    TRY(tx.next_revision());
    return fail(ErrorKind::kInvalid, "RMT-B002", "no");
  }));
  EXPECT_EQ(store->revision(), 1);
  store.reset();
  EXPECT_EQ(Store::open(options(folder / "remit.db")).value()->revision(), 1);
}

TEST(Store, AReaderSeesOneStateWhileTheWriterGoesOn) {
  const TempFolder folder;
  auto store = Store::open(options(folder / "remit.db")).value();
  ASSERT_TRUE(store->run(put(1)));
  ASSERT_TRUE(store->read([&](Reader& reader) -> Result<void> {
    EXPECT_EQ(reader.query("SELECT id FROM note").value().size(), 1U);
    EXPECT_TRUE(store->run(put(2)));
    EXPECT_EQ(reader.query("SELECT id FROM note").value().size(), 1U);
    return {};
  }));
  EXPECT_THAT(ids(*store), ElementsAre(1, 2));
}

TEST(Store, AReaderCannotWrite) {
  const TempFolder folder;
  auto store = Store::open(options(folder / "remit.db")).value();
  EXPECT_FALSE(store->read([](Reader& reader) -> Result<void> {
    TRY(reader.query("INSERT INTO note (id, text) VALUES (9, 'x')"));
    return {};
  }));
  EXPECT_TRUE(ids(*store).empty());
}

TEST(Store, FinishesWhatWaitsBeforeItCloses) {
  const TempFolder folder;
  std::atomic<int> heard = 0;
  {
    auto store = Store::open(options(folder / "remit.db")).value();
    for (int i = 0; i < 600; ++i)
      store->submit(put(i), [&](const Result<void>& result) { heard += result ? 1 : 0; });
  }
  EXPECT_EQ(heard, 600);
}

TEST(Store, ASecondOpeningIsRefusedAndTheHolderNamed) {
  const TempFolder folder;
  auto store = Store::open(options(folder / "remit.db")).value();
  const auto second = Store::open(options(folder / "remit.db"));
  ASSERT_FALSE(second);
  EXPECT_EQ(second.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(second.error().code, "RMT-S001");
  EXPECT_THAT(second.error().message, HasSubstr("process " + std::to_string(::getpid()) + " "));
  store.reset();
  EXPECT_TRUE(Store::open(options(folder / "remit.db")));
}

TEST(Store, AFolderThatIsMissingIsAnError) {
  const TempFolder folder;
  const auto store = Store::open(options(folder / "no" / "remit.db"));
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, "RMT-S004");
}

TEST(Store, AFileThatIsNoDatabaseIsRefused) {
  const TempFolder folder;
  std::ofstream(folder / "remit.db") << std::string(8192, 'x');
  const auto store = Store::open(options(folder / "remit.db"));
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, "RMT-S003");
}

TEST(Store, ADatabaseOfAnotherProgramIsRefusedAndLeftAsItIs) {
  const TempFolder folder;
  {
    auto foreign = Connection::open(folder / "remit.db", Connection::Mode::kWriter, "").value();
    ASSERT_TRUE(foreign->script("CREATE TABLE theirs (x)"));
  }
  const auto store = Store::open(options(folder / "remit.db"));
  ASSERT_FALSE(store);
  EXPECT_EQ(store.error().code, "RMT-S002");
  auto foreign = Connection::open(folder / "remit.db", Connection::Mode::kReader, "").value();
  EXPECT_EQ(foreign->query("SELECT name FROM sqlite_master", {}).value().size(), 1U);
}

constexpr Migration kColumn{102, "note_colour", "ALTER TABLE note ADD COLUMN colour TEXT"};

TEST(Migrations, AreAppliedInOrderOfTheirNumbersAndOnce) {
  const TempFolder folder;
  for (int opening = 0; opening < 2; ++opening)
    ASSERT_TRUE(Store::open({.file = folder / "remit.db", .migrations = {kColumn, kTable}}));
  auto store = Store::open({.file = folder / "remit.db", .migrations = {kTable, kColumn}}).value();
  EXPECT_TRUE(store->run([](Transaction& tx) -> Result<void> {
    TRY(tx.execute("INSERT INTO note (id, text, colour) VALUES (1, 'x', 'red')"));
    return {};
  }));
}

TEST(Migrations, AreRefusedWhenTheyDoNotFitTheStore) {
  const Migration edited{1, "note_table", "CREATE TABLE note (id BIGINT)"};
  const Migration broken{3, "broken", "CREATE TABLE other (id BIGINT); CREATE TABL"};
  struct Case {
    const char* name;
    std::vector<Migration> with;
    std::string_view code;
  };
  for (const auto& [name, with, code] :
       std::initializer_list<Case>{{"edited", {edited, kColumn}, "RMT-S002"},
                                   {"of a newer version", {kTable}, "RMT-S002"},
                                   {"a number twice", {kTable, kColumn, edited}, "RMT-S002"},
                                   {"not SQL", {kTable, kColumn, broken}, "RMT-S006"}}) {
    const TempFolder folder;
    ASSERT_TRUE(Store::open({.file = folder / "remit.db", .migrations = {kTable, kColumn}}));
    const auto store = Store::open({.file = folder / "remit.db", .migrations = with});
    ASSERT_FALSE(store) << name;
    EXPECT_EQ(store.error().code, code) << name;
    // Nothing of it has stayed.
    auto again = Store::open({.file = folder / "remit.db", .migrations = {kTable, kColumn}});
    ASSERT_TRUE(again) << name;
    EXPECT_FALSE((*again)->read([](Reader& reader) -> Result<void> {
      TRY(reader.query("SELECT id FROM other"));
      return {};
    })) << name;
  }
}

TEST(StoreCopy, IsTheStoreOfOneInstantWhileCommitsGoOn) {
  const TempFolder folder;
  const auto store = Store::open(options(folder / "remit.db")).value();
  for (int i = 0; i < 50; ++i) ASSERT_TRUE(store->run(put(i)));
  std::atomic<bool> stop = false;
  std::atomic<std::int64_t> last = 49;
  std::thread others([&] {
    for (std::int64_t i = 50; !stop; ++i) {
      EXPECT_TRUE(store->run(put(i)));
      last = i;
    }
  });
  for (int round = 0; round < 3; ++round) {
    const std::int64_t before = last;
    ASSERT_TRUE(store->copy_to(folder / "copy.db"));
    const std::int64_t after = last + 1;
    std::int64_t rows = 0;
    ASSERT_TRUE(Store::look_at(folder / "copy.db", [&](Reader& reader) -> Result<void> {
      ASSIGN_OR_RETURN(const auto found, reader.query("SELECT count(*), max(id) FROM note"));
      rows = found.front().integer(0);
      EXPECT_EQ(found.front().integer(1), rows - 1);  // none is left out
      return {};
    }));
    EXPECT_GE(rows, before + 1);
    EXPECT_LE(rows, after + 1);
    EXPECT_FALSE(std::filesystem::exists(folder / "copy.db-wal"));
  }
  stop = true;
  others.join();
  struct stat status{};
  ASSERT_EQ(::stat((folder / "copy.db").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777U, 0600U);
}

TEST(StoreDamage, IsToldByNameAtTheStart) {
  const TempFolder folder;
  ASSERT_TRUE(Store::open(options(folder / "remit.db"))
                  .value()
                  ->run([](Transaction& tx) -> Result<void> {
                    TRY(tx.execute("DELETE FROM store_revision"));
                    return {};
                  })
                  .error()
                  .code == "RMT-S003");
  {
    const auto store = Store::open(options(folder / "remit.db")).value();
    for (int i = 0; i < 500; ++i) ASSERT_TRUE(store->run(put(i, std::string(100, 'x'))));
  }
  std::fstream file(folder / "remit.db", std::ios::in | std::ios::out | std::ios::binary);
  file.seekp(4096 * 6 + 2);  // a page's own bookkeeping
  file.write("\xff\xff\xff\xff", 4);
  file.close();
  const auto damaged = Store::open(options(folder / "remit.db"));
  ASSERT_FALSE(damaged);
  EXPECT_EQ(damaged.error().code, "RMT-S003") << damaged.error().message;
}

}  // namespace
}  // namespace remit::store
