#include "gateway/caller_load.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace remit::gateway {
namespace {

TEST(CallerLoad, CountsWhatACallerHasUnderWayWhereverItComesFrom) {
  CallerLoads loads({.requests = 2, .calls = 1}, nullptr);
  const auto id = DeploymentId::trusted("dep_1");
  auto one = Slot::take(loads.of(id), &CallerLoad::requests);
  auto two = Slot::take(loads.of(id), &CallerLoad::requests);
  ASSERT_TRUE(one && two);
  EXPECT_FALSE(Slot::take(loads.of(id), &CallerLoad::requests));
  EXPECT_TRUE(Slot::take(loads.of(id), &CallerLoad::calls)) << "each kind is counted by itself";
  EXPECT_TRUE(Slot::take(loads.of(DeploymentId::trusted("dep_2")), &CallerLoad::requests))
      << "another caller is not held back";
  const Slot moved = std::move(*one);
  EXPECT_EQ(loads.of(id)->requests.count(), 2U);
  two.reset();
  EXPECT_TRUE(Slot::take(loads.of(id), &CallerLoad::requests));
}

TEST(CallerLoad, OneCallersBodiesLeaveRoomForOthers) {
  const auto all = std::make_shared<http::ByteBudget>(100);
  CallerLoads loads({.body_bytes = 60}, all);
  const auto greedy = loads.of(DeploymentId::trusted("dep_1"));
  EXPECT_TRUE(greedy->bodies->take(60));
  EXPECT_FALSE(greedy->bodies->take(1));
  EXPECT_TRUE(loads.of(DeploymentId::trusted("dep_2"))->bodies->take(40));
  EXPECT_EQ(all->taken(), 100U);
}

TEST(CallerLoad, RemembersNobodyWhoHasNothingUnderWay) {
  CallerLoads loads({.requests = 1}, nullptr);
  std::vector<std::shared_ptr<CallerLoad>> held;
  for (int i = 0; i < 1000; ++i) {
    auto load = loads.of(DeploymentId::trusted("dep_" + std::to_string(i)));
    if (i % 100 == 0) held.push_back(std::move(load));
  }
  for (std::size_t i = 0; i < held.size(); ++i)
    EXPECT_EQ(loads.of(DeploymentId::trusted("dep_" + std::to_string(100 * i))), held[i]);
}

}  // namespace
}  // namespace remit::gateway
