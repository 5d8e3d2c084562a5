#include "issuer/replay_cache.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <set>
#include <thread>
#include <vector>

namespace remit::issuer {
namespace {

Instant at(std::int64_t seconds) { return from_micros(seconds * 1'000'000); }

Result<Spent> spend(ReplayCache& cache, std::string_view client, std::string_view jti, Instant until,
                    Instant now, std::string_view assertion = {}, std::string_view from = {}) {
  return cache.spend(
      {.client = client, .jti = jti, .assertion = sha256(assertion), .from = from, .until = until}, now);
}

std::string verdict(const Result<Spent>& result) {
  return result ? "first" : std::string(result.error().code);
}

TEST(ReplayCache, AJtiIsGoodOnceForEachClient) {
  MemoryReplayCache cache;
  EXPECT_EQ(verdict(spend(cache, "a", "1", at(100), at(0))), "first");
  EXPECT_EQ(verdict(spend(cache, "a", "1", at(100), at(99))), "RMT-J027");
  EXPECT_EQ(verdict(spend(cache, "a", "1", at(200), at(99))), "RMT-J027");
  EXPECT_EQ(verdict(spend(cache, "b", "1", at(100), at(0))), "first");
  EXPECT_EQ(verdict(spend(cache, "a", "2", at(100), at(0))), "first");
}

TEST(ReplayCache, PairsAreNotConfusedByWhereTheyAreCut) {
  MemoryReplayCache cache;
  EXPECT_EQ(verdict(spend(cache, "ab", "c", at(100), at(0))), "first");
  EXPECT_EQ(verdict(spend(cache, "a", "bc", at(100), at(0))), "first");
}

TEST(ReplayCache, AFullCacheRefusesAndNeverForgetsWhatLives) {
  MemoryReplayCache cache(2, 2);
  EXPECT_EQ(verdict(spend(cache, "a", "1", at(100), at(0))), "first");
  EXPECT_EQ(verdict(spend(cache, "a", "2", at(200), at(0))), "first");
  EXPECT_EQ(verdict(spend(cache, "b", "3", at(300), at(0))), "RMT-J028");
  EXPECT_EQ(verdict(spend(cache, "a", "1", at(100), at(0))), "RMT-J027");
  EXPECT_EQ(verdict(spend(cache, "b", "3", at(300), at(100))), "first");  // the first has expired
}

TEST(ReplayCache, OneClientCannotFillItForTheOthers) {
  MemoryReplayCache cache(10, 2);
  EXPECT_EQ(verdict(spend(cache, "a", "1", at(100), at(0))), "first");
  EXPECT_EQ(verdict(spend(cache, "a", "2", at(100), at(0))), "first");
  EXPECT_EQ(verdict(spend(cache, "a", "3", at(100), at(0))), "RMT-J028");
  EXPECT_EQ(verdict(spend(cache, "b", "3", at(100), at(0))), "first");
}

TEST(ReplayCache, AClockThatStepsBackRevivesNothing) {
  MemoryReplayCache cache;
  EXPECT_EQ(verdict(spend(cache, "a", "1", at(100), at(0))), "first");
  EXPECT_EQ(verdict(spend(cache, "a", "2", at(300), at(150))), "first");  // forgets the first
  EXPECT_EQ(verdict(spend(cache, "a", "1", at(100), at(50))), "RMT-J027");
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
          first += spend(cache, "a", std::to_string(i), at(100), at(0)).has_value();
      });
  }
  EXPECT_EQ(first, 100);
}

TEST(ReplayCache, TellsARepetitionFromAnAssertionInOtherHands) {
  MemoryReplayCache cache;
  const auto again = [&](std::string_view assertion, std::string_view from) {
    return verdict(spend(cache, "a", "1", at(100), at(0), assertion, from));
  };
  EXPECT_EQ(again("x", "10.0.0.1"), "first");
  EXPECT_EQ(again("x", "10.0.0.1"), "RMT-J027");
  EXPECT_EQ(again("x", ""), "RMT-J027");
  EXPECT_EQ(again("y", "10.0.0.2"), "RMT-J027");
  EXPECT_EQ(again("x", "10.0.0.2"), "RMT-J035");
}

TEST(ReplayCache, KnowsWhatItRecalls) {
  MemoryReplayCache before;
  const auto spent = spend(before, "a", "1", at(100), at(0)).value();
  MemoryReplayCache after(1, 1);
  after.recall(spent);
  after.recall(spent);
  EXPECT_EQ(verdict(spend(after, "a", "1", at(100), at(50), "", "10.0.0.2")), "RMT-J027");
  EXPECT_EQ(verdict(spend(after, "a", "2", at(100), at(50))), "RMT-J028");
  EXPECT_EQ(verdict(spend(after, "a", "2", at(200), at(100))), "first");
}

RC_GTEST_PROP(ReplayCache, NothingIsAcceptedTwiceWhateverTheClockDoes, ()) {
  MemoryReplayCache cache(5, 5);
  std::set<std::pair<int, int>> accepted;
  const auto steps = *rc::gen::container<std::vector<std::tuple<int, int>>>(
      rc::gen::tuple(rc::gen::inRange(0, 6), rc::gen::inRange(0, 100)));
  for (const auto& [jti, now] : steps) {
    const int until = 20 + 10 * jti;  // an assertion's end is part of it
    if (until <= now) continue;       // refused as expired before it comes here
    if (!spend(cache, "a", std::to_string(jti), at(until), at(now))) continue;
    RC_ASSERT(accepted.emplace(jti, until).second);
  }
}

}  // namespace
}  // namespace remit::issuer
