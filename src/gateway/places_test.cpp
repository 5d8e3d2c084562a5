// Places: who gets one, who loses one, and that none is lost that is in use.

#include "gateway/places.h"

#include <gtest/gtest.h>

#include <thread>

namespace remit::gateway {
namespace {

using Full = Places::Full;
using namespace std::chrono_literals;

const auto kA = DeploymentId::trusted("dep_a");
const auto kB = DeploymentId::trusted("dep_b");

class PlacesTest : public ::testing::Test {
 protected:
  // A place, or nothing; its name is noted when it is lost.
  std::shared_ptr<Place> take(const DeploymentId& deployment, const std::string& name) {
    auto taken = places_.take(deployment, [this, name] { lost_ += name; });
    full_ = taken ? std::nullopt : std::optional(taken.error());
    if (taken) (*taken)->touch(Place::Time(++clock_ * 1s));
    return taken ? *taken : nullptr;
  }

  Places places_{{.per_deployment = 2, .in_all = 3}};
  std::string lost_;
  std::optional<Full> full_;
  int clock_ = 0;
};

TEST_F(PlacesTest, TheIdlestOfADeploymentMakesRoomForItsNext) {
  const auto a = take(kA, "a");
  const auto b = take(kA, "b");
  a->touch(Place::Time(1h));
  const auto c = take(kA, "c");
  ASSERT_TRUE(c);
  EXPECT_EQ(lost_, "b");
  EXPECT_TRUE(b->lost());
  EXPECT_FALSE(Place::Use(b));
  EXPECT_FALSE(a->lost());
  EXPECT_EQ(places_.taken(), 2U);
}

TEST_F(PlacesTest, WhatIsInUseIsNeverLost) {
  const auto a = take(kA, "a");
  const auto b = take(kA, "b");
  Place::Use first(a);
  const Place::Use second(b);
  EXPECT_FALSE(take(kA, "c"));
  EXPECT_EQ(full_, Full::kDeployment);
  EXPECT_FALSE(a->give_up());
  EXPECT_EQ(lost_, "");
  first = {};
  EXPECT_TRUE(take(kA, "d"));
  EXPECT_EQ(lost_, "a");
}

TEST_F(PlacesTest, AnothersIdlePlaceIsTakenOnlyForTheLimitInAllAndWhereOnesOwnAreInUse) {
  const auto a = take(kA, "a");
  const auto b = take(kB, "b");
  const auto c = take(kB, "c");
  const auto d = take(kA, "d");  // three in all: its own goes
  EXPECT_EQ(lost_, "a");
  const Place::Use use(d);
  const auto e = take(kA, "e");
  ASSERT_TRUE(e);
  EXPECT_EQ(lost_, "ab");
  const Place::Use more(e), most(c);
  EXPECT_FALSE(take(kB, "f"));
  EXPECT_EQ(full_, Full::kInAll);
  EXPECT_EQ(lost_, "ab");
}

TEST_F(PlacesTest, AreGivenBackOnce) {
  auto a = take(kA, "a");
  auto b = take(kA, "b");
  auto c = take(kA, "c");
  a.reset();  // lost already
  EXPECT_EQ(places_.taken(), 2U);
  EXPECT_TRUE(b->give_up());
  EXPECT_FALSE(b->give_up());
  b.reset();
  c.reset();
  EXPECT_EQ(places_.taken(), 0U);
  EXPECT_EQ(lost_, "a");
}

TEST_F(PlacesTest, WhatIsThereAlreadyIsHeldBeyondTheLimits) {
  std::vector<std::shared_ptr<Place>> held;
  for (int i = 0; i < 5; ++i) held.push_back(places_.hold(kA, [this] { lost_ += "x"; }));
  EXPECT_EQ(places_.taken(), 5U);
  EXPECT_TRUE(take(kA, "a"));
  EXPECT_EQ(lost_, "x");
}

// A use that begins while its place is being taken away either keeps it, or is told that it is lost.
TEST(PlacesOnManyThreads, AUseAndALossExcludeEachOther) {
  Places places({.per_deployment = 1});
  std::atomic<int> in_use = 0, wrong = 0;
  std::vector<std::jthread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 5'000; ++i) {
        const auto place = places.take(kA, [&] { wrong += in_use > 1; });
        if (!place) continue;
        if (const Place::Use use(*place); use) {
          wrong += ++in_use > 1;  // one place, so one use
          --in_use;
        }
      }
    });
  threads.clear();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(places.taken(), 0U);
}

}  // namespace
}  // namespace remit::gateway
