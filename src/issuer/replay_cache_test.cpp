#include "issuer/replay_cache.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace remit::issuer {
namespace {

Instant at(std::int64_t seconds) { return from_micros(seconds * 1'000'000); }

std::string verdict(const Result<>& result) { return result ? "first" : std::string(result.error().code); }

TEST(ReplayCache, AJtiIsGoodOnceForEachClient) {
  MemoryReplayCache cache;
  EXPECT_EQ(verdict(cache.spend("a", "1", at(100), at(0))), "first");
  EXPECT_EQ(verdict(cache.spend("a", "1", at(100), at(99))), "RMT-J027");
  EXPECT_EQ(verdict(cache.spend("a", "1", at(200), at(99))), "RMT-J027");
  EXPECT_EQ(verdict(cache.spend("b", "1", at(100), at(0))), "first");
  EXPECT_EQ(verdict(cache.spend("a", "2", at(100), at(0))), "first");
}

TEST(ReplayCache, PairsAreNotConfusedByWhereTheyAreCut) {
  MemoryReplayCache cache;
  EXPECT_EQ(verdict(cache.spend("ab", "c", at(100), at(0))), "first");
  EXPECT_EQ(verdict(cache.spend("a", "bc", at(100), at(0))), "first");
}

TEST(ReplayCache, AFullCacheRefusesAndNeverForgetsWhatLives) {
  MemoryReplayCache cache(2, 2);
  EXPECT_EQ(verdict(cache.spend("a", "1", at(100), at(0))), "first");
  EXPECT_EQ(verdict(cache.spend("a", "2", at(200), at(0))), "first");
  EXPECT_EQ(verdict(cache.spend("b", "3", at(300), at(0))), "RMT-J028");
  EXPECT_EQ(verdict(cache.spend("a", "1", at(100), at(0))), "RMT-J027");
  EXPECT_EQ(verdict(cache.spend("b", "3", at(300), at(100))), "first");  // the first has expired
}

TEST(ReplayCache, OneClientCannotFillItForTheOthers) {
  MemoryReplayCache cache(10, 2);
  EXPECT_EQ(verdict(cache.spend("a", "1", at(100), at(0))), "first");
  EXPECT_EQ(verdict(cache.spend("a", "2", at(100), at(0))), "first");
  EXPECT_EQ(verdict(cache.spend("a", "3", at(100), at(0))), "RMT-J028");
  EXPECT_EQ(verdict(cache.spend("b", "3", at(100), at(0))), "first");
}

TEST(ReplayCache, AClockThatStepsBackRevivesNothing) {
  MemoryReplayCache cache;
  EXPECT_EQ(verdict(cache.spend("a", "1", at(100), at(0))), "first");
  EXPECT_EQ(verdict(cache.spend("a", "2", at(300), at(150))), "first");  // forgets the first
  EXPECT_EQ(verdict(cache.spend("a", "1", at(100), at(50))), "RMT-J027");
}

TEST(ReplayCache, OfManyThreadsOneSucceeds) {
  MemoryReplayCache cache;
  std::atomic<int> first = 0;
  {
    std::vector<std::jthread> threads;
    threads.reserve(8);
    for (int t = 0; t < 8; ++t)
      threads.emplace_back([&] {
        for (int i = 0; i < 100; ++i)
          first += cache.spend("a", std::to_string(i), at(100), at(0)).has_value();
      });
  }
  EXPECT_EQ(first, 100);
}

RC_GTEST_PROP(ReplayCache, NothingIsAcceptedTwiceWhateverTheClockDoes, ()) {
  MemoryReplayCache cache(5, 5);
  std::set<std::pair<int, int>> accepted;
  const auto steps = *rc::gen::container<std::vector<std::tuple<int, int>>>(
      rc::gen::tuple(rc::gen::inRange(0, 6), rc::gen::inRange(0, 100)));
  for (const auto& [jti, now] : steps) {
    const int until = 20 + 10 * jti;  // an assertion's end is part of it
    if (until <= now) continue;       // refused as expired before it comes here
    if (!cache.spend("a", std::to_string(jti), at(until), at(now))) continue;
    RC_ASSERT(accepted.emplace(jti, until).second);
  }
}

}  // namespace
}  // namespace remit::issuer
