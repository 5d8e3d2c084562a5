// What happens when the disk fails: nothing is acknowledged that is not there, nothing that is there is
// denied, and the store serves again only from what the disk holds.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include "store/fault_vfs.h"
#include "store/testing.h"

namespace remit::store {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::Not;
using Operation = FaultVfs::Operation;

class Faults : public testing::Test {
 protected:
  TempFolder folder_;
  FaultVfs faults_{"faulty"};
  std::unique_ptr<Store> store_ = open();

  std::unique_ptr<Store> open() { return Store::open(options(folder_ / "remit.db", "faulty")).value(); }
};

TEST_F(Faults, AFailedSyncIsUnknownAndTheStoreServesFromTheDiskAfterwards) {
  ASSERT_TRUE(store_->run(put(1)));
  faults_.fail({.operation = Operation::kSync, .suffix = "-wal"});
  const auto failed = store_->run(put(2));
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().kind, ErrorKind::kUnknown);
  EXPECT_EQ(failed.error().code, "RMT-S010");
  EXPECT_EQ(faults_.failures(), 1U);
  const auto served = ids(*store_);
  EXPECT_THAT(served, Contains(1));
  ASSERT_TRUE(store_->run(put(3)));
  store_.reset();
  store_ = open();
  auto expected = served;
  expected.push_back(3);
  EXPECT_EQ(ids(*store_), expected);  // what was shown once stays
}

TEST_F(Faults, ARevisionThatWasUnknownIsAnnouncedWhenItTurnsOutToBeThere) {
  std::vector<std::int64_t> told;
  store_->on_commit([&](std::int64_t revision, Reader&) { told.push_back(revision); });
  faults_.fail({.operation = Operation::kSync, .suffix = "-wal"});
  const auto failed = store_->run([](Transaction& tx) -> Result<void> {
    TRY(tx.next_revision());
    return put(1)(tx);
  });
  ASSERT_FALSE(failed);
  const bool there = !ids(*store_).empty();
  EXPECT_EQ(told.size(), there ? 1U : 0U);
  EXPECT_EQ(store_->revision(), there ? 1 : 0);
}

TEST_F(Faults, WhileTheStoreCannotBeReopenedNothingIsServed) {
  ASSERT_TRUE(store_->run(put(1)));
  faults_.fail({.operation = Operation::kSync, .times = FaultVfs::kForGood});
  EXPECT_EQ(store_->run(put(2)).error().kind, ErrorKind::kUnknown);
  const auto refused = store_->run(put(3));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().kind, ErrorKind::kUnavailable);
  EXPECT_EQ(refused.error().code, "RMT-S007");
  EXPECT_EQ(store_->read([](Reader&) -> Result<void> { return {}; }).error().code, "RMT-S007");
  faults_.heal();
  ASSERT_TRUE(store_->run(put(4)));
  EXPECT_THAT(ids(*store_), Contains(1));
  EXPECT_THAT(ids(*store_), Not(Contains(3)));
  EXPECT_THAT(ids(*store_), Contains(4));
}

TEST_F(Faults, AStoreReopensByItselfWhenTheDiskIsWellAgain) {
  ASSERT_TRUE(store_->run(put(1)));
  EXPECT_TRUE(store_->in_service());
  faults_.fail({.operation = Operation::kSync, .times = FaultVfs::kForGood});
  EXPECT_FALSE(store_->run(put(2)));
  EXPECT_FALSE(store_->in_service());
  faults_.heal();
  while (!store_->in_service()) std::this_thread::yield();  // nobody submits anything
  EXPECT_THAT(ids(*store_), Contains(1));
}

TEST_F(Faults, AFullDiskRefusesAndGoesOnWhenThereIsRoom) {
  ASSERT_TRUE(store_->run(put(1)));
  faults_.fail(
      {.operation = Operation::kWrite, .times = FaultVfs::kForGood, .disk_full = true, .suffix = "-wal"});
  const auto full = store_->run(put(2));
  ASSERT_FALSE(full);
  // It is no doubtful commit: what had no room is not there.
  EXPECT_EQ(full.error().code, "RMT-S012");
  EXPECT_EQ(full.error().kind, ErrorKind::kUnavailable);
  EXPECT_GE(faults_.failures(), 1U);
  faults_.heal();
  ASSERT_TRUE(store_->run(put(3)));
  EXPECT_THAT(ids(*store_), ElementsAre(1, 3));
}

TEST_F(Faults, AnErrorBeforeCommitSaysThatNothingWasWritten) {
  // More than the page cache holds: pages are spilled to the log while the job runs.
  const Store::Work large = [](Transaction& tx) -> Result<void> {
    for (std::int64_t i = 100; i < 200; ++i) TRY(put(i, std::string(100'000, 'x'))(tx));
    return {};
  };
  ASSERT_TRUE(store_->run(put(1)));
  faults_.fail({.operation = Operation::kWrite, .disk_full = true, .suffix = "-wal"});
  const auto failed = store_->run(large);
  ASSERT_FALSE(failed);
  EXPECT_EQ(failed.error().code, "RMT-S012");
  EXPECT_EQ(faults_.failures(), 1U);
  EXPECT_THAT(ids(*store_), ElementsAre(1));
  EXPECT_TRUE(store_->run(large));
}

// Every write, sync, read and truncation of a small history fails in turn, once; torn writes too.
struct Sweep {
  const char* name;
  Operation operation;
  bool torn = false;
  bool disk_full = false;
};

class FaultSweep : public testing::TestWithParam<Sweep> {};

TEST_P(FaultSweep, NothingAcknowledgedIsLostAndNothingRefusedIsThere) {
  const auto [name, operation, torn, disk_full] = GetParam();
  std::uint64_t met = 0;
  for (std::uint64_t nth = 0; nth < 60; ++nth) {
    const TempFolder folder;
    FaultVfs faults("sweep");
    std::vector<std::int64_t> acknowledged;
    std::vector<std::int64_t> refused;
    faults.fail({.operation = operation, .after = nth, .disk_full = disk_full, .torn = torn});
    if (auto store = Store::open(options(folder / "remit.db", "sweep"))) {
      for (std::int64_t id = 0; id < 6; ++id) {
        const auto result = (*store)->run(put(id, std::string(5000, 'x')));
        if (result)
          acknowledged.push_back(id);
        else if (result.error().kind != ErrorKind::kUnknown)
          refused.push_back(id);
      }
    }
    const bool past_the_end = faults.failures() == 0;
    met += faults.failures();
    faults.heal();
    auto store = Store::open(options(folder / "remit.db", "sweep"));
    ASSERT_TRUE(store) << "fault " << nth << ": " << format(store.error());
    const auto found = ids(**store);
    for (const auto id : acknowledged) EXPECT_THAT(found, Contains(id)) << "fault " << nth;
    for (const auto id : refused) EXPECT_THAT(found, Not(Contains(id))) << "fault " << nth;
    if (past_the_end) break;
  }
  EXPECT_GT(met, 0U);
}

INSTANTIATE_TEST_SUITE_P(Disk, FaultSweep,
                         testing::Values(Sweep{"Write", Operation::kWrite},
                                         Sweep{"TornWrite", Operation::kWrite, true},
                                         Sweep{"FullDisk", Operation::kWrite, true, true},
                                         Sweep{"Sync", Operation::kSync}, Sweep{"Read", Operation::kRead},
                                         Sweep{"Truncate", Operation::kTruncate},
                                         Sweep{"Open", Operation::kOpen}),
                         [](const auto& sweep) { return sweep.param.name; });

}  // namespace
}  // namespace remit::store
