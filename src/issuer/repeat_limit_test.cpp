#include "issuer/repeat_limit.h"

#include <gtest/gtest.h>

namespace remit::issuer {
namespace {

Instant at(std::int64_t seconds) { return from_micros(seconds * 1'000'000); }

TEST(RepeatLimit, TellsTheFirstAndThenFromTimeToTimeHowOftenItWas) {
  RepeatLimit limit(std::chrono::seconds(10));
  EXPECT_EQ(limit.count("a", at(0)), 1);
  EXPECT_EQ(limit.count("a", at(1)), 0);
  EXPECT_EQ(limit.count("b", at(1)), 1);
  EXPECT_EQ(limit.count("a", at(9)), 0);
  EXPECT_EQ(limit.count("a", at(10)), 3);
  EXPECT_EQ(limit.count("a", at(19)), 0);
  EXPECT_EQ(limit.count("a", at(25)), 2);
}

TEST(RepeatLimit, LeavesNothingUntoldForWantOfMemory) {
  RepeatLimit limit(std::chrono::seconds(10), 1);
  EXPECT_EQ(limit.count("a", at(0)), 1);
  EXPECT_EQ(limit.count("b", at(1)), 1);
  EXPECT_EQ(limit.count("b", at(2)), 1);
  EXPECT_EQ(limit.count("b", at(10)), 1);
  EXPECT_EQ(limit.count("b", at(11)), 0);
}

TEST(RepeatLimit, AClockThatStepsBackSilencesNothing) {
  RepeatLimit limit(std::chrono::seconds(10));
  EXPECT_EQ(limit.count("a", at(1000)), 1);
  EXPECT_EQ(limit.count("a", at(5)), 1);
  EXPECT_EQ(limit.count("a", at(6)), 0);
}

}  // namespace
}  // namespace remit::issuer
