#include "issuer/spent_assertions.h"

#include <gtest/gtest.h>

#include "store/temp_folder.h"

namespace remit::issuer {
namespace {

Instant second(std::int64_t seconds) { return from_micros(seconds * 1'000'000); }

class SpentAssertions : public ::testing::Test {
 protected:
  std::unique_ptr<store::Store> open() {
    return store::Store::open({.file = folder_ / "remit.db", .migrations = migrations()}).value();
  }
  static Result<Spent> spend(ReplayCache& cache, std::string_view jti, Instant until, Instant now) {
    return cache.spend({.client = "a", .jti = jti, .assertion = {}, .from = {}, .until = until}, now);
  }
  static void keep_in(store::Store& store, const Spent& spent, Instant now) {
    ASSERT_TRUE(store.run([&](store::Transaction& tx) { return keep(tx, Environment::kPilot, spent, now); }));
  }
  static MemoryReplayCache& recalled(store::Store& store, Environment environment, MemoryReplayCache& cache) {
    EXPECT_TRUE(store.read([&](store::Reader& reader) { return recall(reader, environment, cache); }));
    return cache;
  }

  const store::TempFolder folder_;
};

TEST_F(SpentAssertions, AreSpentAfterARestartInTheirEnvironment) {
  MemoryReplayCache before;
  {
    const auto store = open();
    keep_in(*store, spend(before, "1", second(100), second(0)).value(), second(0));
  }
  const auto store = open();
  MemoryReplayCache pilot;
  EXPECT_FALSE(spend(recalled(*store, Environment::kPilot, pilot), "1", second(100), second(1)));
  EXPECT_TRUE(spend(pilot, "2", second(100), second(1)));
  MemoryReplayCache sandbox;
  EXPECT_TRUE(spend(recalled(*store, Environment::kSandbox, sandbox), "1", second(100), second(1)));
}

TEST_F(SpentAssertions, AreKnownSinceTheLastStartAfterAKill) {
  const auto begin = [&](std::int64_t now) {
    Instant since;
    EXPECT_TRUE(open()->run([&](store::Transaction& tx) -> Result<void> {
      ASSIGN_OR_RETURN(since, begin_issuing(tx, second(now)));
      return {};
    }));
    return since;
  };
  const auto end = [&](std::int64_t now, MemoryReplayCache& cache) {
    EXPECT_TRUE(open()->run([&](store::Transaction& tx) {
      return end_issuing(tx, {{Environment::kPilot, cache.living(second(now))}}, second(now));
    }));
  };
  MemoryReplayCache cache;
  EXPECT_EQ(begin(10), second(0)) << "nobody has issued before";
  end(15, cache);
  EXPECT_EQ(begin(20), second(0));
  EXPECT_EQ(begin(30), second(30)) << "the one before was killed";
  ASSERT_TRUE(spend(cache, "1", second(100), second(31)));
  ASSERT_TRUE(spend(cache, "2", second(35), second(31)));
  for (int i = 0; i < 2; ++i) end(40, cache);
  EXPECT_EQ(begin(50), second(30)) << "what was spent before the kill is not known for an order since";
  const auto store = open();
  MemoryReplayCache after;
  EXPECT_FALSE(spend(recalled(*store, Environment::kPilot, after), "1", second(100), second(51)));
  EXPECT_EQ(after.living(second(51)).size(), 1U);
}

TEST_F(SpentAssertions, ThatHaveEndedTakeNoRoom) {
  const auto store = open();
  MemoryReplayCache cache;
  for (int i = 0; i < 20; ++i)
    keep_in(*store, spend(cache, std::to_string(i), second(10 + i), second(i)).value(), second(i));
  EXPECT_TRUE(store->read([](store::Reader& reader) -> Result<void> {
    ASSIGN_OR_RETURN(const auto rows, reader.query("SELECT COUNT(*) FROM spent_assertion"));
    EXPECT_EQ(rows.front().integer(0), 10);
    return {};
  }));
}

}  // namespace
}  // namespace remit::issuer
