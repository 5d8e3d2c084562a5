#include "http/byte_budget.h"

#include <gtest/gtest.h>

#include <thread>
#include <vector>

namespace remit::http {
namespace {

TEST(ByteBudget, TakesAllOrNothing) {
  ByteBudget budget(100);
  EXPECT_TRUE(budget.take(60));
  EXPECT_FALSE(budget.take(41));
  EXPECT_EQ(budget.taken(), 60U);
  EXPECT_TRUE(budget.take(40));
  EXPECT_FALSE(budget.take(1));
  budget.give_back(100);
  EXPECT_EQ(budget.taken(), 0U);
}

TEST(ByteBudget, OneShareCannotTakeWhatIsEveryones) {
  const auto all = std::make_shared<ByteBudget>(100);
  ByteBudget one(60, all), other(60, all);
  EXPECT_FALSE(one.take(61));
  EXPECT_TRUE(one.take(60));
  EXPECT_FALSE(other.take(41)) << "all of them together have a bound too";
  EXPECT_EQ(other.taken(), 0U) << "what the budget above refuses is not kept";
  EXPECT_TRUE(other.take(40));
  one.give_back(60);
  EXPECT_EQ(all->taken(), 40U);
}

TEST(ByteBudget, AChargeGivesBackWhatItTook) {
  const auto budget = std::make_shared<ByteBudget>(100);
  {
    ByteCharge charge(budget);
    EXPECT_TRUE(charge.grow_to(30));
    EXPECT_TRUE(charge.grow_to(20));
    EXPECT_EQ(budget->taken(), 30U);
    EXPECT_FALSE(charge.grow_to(101));
    ByteCharge moved = std::move(charge);
    EXPECT_EQ(budget->taken(), 30U);
    moved = ByteCharge(budget);
    EXPECT_EQ(budget->taken(), 0U);
    EXPECT_TRUE(moved.grow_to(100));
  }
  EXPECT_EQ(budget->taken(), 0U);
}

TEST(ByteBudget, NeverGivesMoreThanThereIsToManyThreads) {
  ByteBudget budget(64);
  std::atomic<std::size_t> most = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 4; ++i)
    threads.emplace_back([&] {
      for (int n = 0; n < 10'000; ++n)
        if (budget.take(24)) {
          auto seen = most.load();
          while (seen < budget.taken() && !most.compare_exchange_weak(seen, budget.taken())) {
          }
          budget.give_back(24);
        }
    });
  threads.clear();
  EXPECT_LE(most, 64U);
  EXPECT_EQ(budget.taken(), 0U);
}

}  // namespace
}  // namespace remit::http
