#include "snapshot/holder.h"

#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

namespace remit::snapshot {
namespace {

std::shared_ptr<const Snapshot> at(std::int64_t revision) {
  SnapshotData data;
  data.revision = revision;
  return std::make_shared<const Snapshot>(std::move(data));
}

TEST(SnapshotHolder, IsEmptyBeforeTheFirstSwap) {
  SnapshotHolder holder;
  EXPECT_EQ(holder.current(), nullptr);
}

TEST(SnapshotHolder, ShowsASwapAtOnce) {
  SnapshotHolder holder;
  holder.swap(at(1));
  EXPECT_EQ(holder.current()->revision(), 1);
  holder.swap(at(2));
  EXPECT_EQ(holder.current()->revision(), 2);
}

TEST(SnapshotHolder, NeverGoesBackToAnOlderRevision) {
  SnapshotHolder holder;
  holder.swap(at(7));
  holder.swap(at(6));
  EXPECT_EQ(holder.current()->revision(), 7);
}

TEST(SnapshotHolder, KeepsTwoHoldersApartOnOneThread) {
  SnapshotHolder first, second;
  first.swap(at(1));
  second.swap(at(2));
  EXPECT_EQ(first.current()->revision(), 1);
  EXPECT_EQ(second.current()->revision(), 2);
  EXPECT_EQ(first.current()->revision(), 1);
}

TEST(SnapshotHolder, DoesNotMistakeANewHolderForADeadOneAtItsAddress) {
  for (int round = 0; round < 50; ++round) {
    auto holder = std::make_unique<SnapshotHolder>();
    EXPECT_EQ(holder->current(), nullptr);
    holder->swap(at(round));
    EXPECT_EQ(holder->current()->revision(), round);
  }
}

TEST(SnapshotHolder, FreesWhatNoThreadReadsAnyMore) {
  SnapshotHolder holder;
  auto first = at(1);
  std::weak_ptr<const Snapshot> watch = first;
  holder.swap(std::move(first));
  ASSERT_NE(holder.current(), nullptr);
  holder.swap(at(2));
  ASSERT_EQ(holder.current()->revision(), 2);
  EXPECT_TRUE(watch.expired());
}

// Run under TSan too. A revision that `swap` has acknowledged is the least that any later read may see.
TEST(SnapshotHolder, NoReaderSeesLessThanWhatWasAcknowledged) {
  constexpr std::int64_t kSwaps = 2000;
  SnapshotHolder holder;
  holder.swap(at(0));
  std::atomic<std::int64_t> acknowledged{0};
  std::atomic<bool> stale{false};

  std::vector<std::thread> readers;
  for (int i = 0; i < 4; ++i)
    readers.emplace_back([&] {
      for (std::int64_t seen = 0; seen < kSwaps;) {
        const std::int64_t floor = acknowledged.load();
        seen = holder.current()->revision();
        if (seen < floor) stale = true;
      }
    });
  for (std::int64_t revision = 1; revision <= kSwaps; ++revision) {
    holder.swap(at(revision));
    acknowledged.store(revision);
  }
  for (auto& reader : readers) reader.join();
  EXPECT_FALSE(stale);
}

}  // namespace
}  // namespace remit::snapshot
