#include "issuer/repeat_limit.h"

#include <gtest/gtest.h>

namespace remit::issuer {
namespace {

Instant after(std::int64_t seconds) { return from_micros(seconds * 1'000'000); }

TEST(RepeatLimit, TellsTheFirstAndThenFromTimeToTimeHowOftenItWas) {
  RepeatLimit limit(std::chrono::seconds(10));
  EXPECT_EQ(limit.count("a", after(0)), 1);
  EXPECT_EQ(limit.count("a", after(1)), 0);
  EXPECT_EQ(limit.count("b", after(1)), 1);
  EXPECT_EQ(limit.count("a", after(9)), 0);
  EXPECT_EQ(limit.count("a", after(10)), 3);
  EXPECT_EQ(limit.count("a", after(19)), 0);
  EXPECT_EQ(limit.count("a", after(25)), 2);
}

TEST(RepeatLimit, LeavesNothingUntoldForWantOfMemory) {
  RepeatLimit limit(std::chrono::seconds(10), 1);
  EXPECT_EQ(limit.count("a", after(0)), 1);
  EXPECT_EQ(limit.count("b", after(1)), 1);
  EXPECT_EQ(limit.count("b", after(2)), 1);
  EXPECT_EQ(limit.count("b", after(10)), 1);
  EXPECT_EQ(limit.count("b", after(11)), 0);
}

TEST(RepeatLimit, AClockThatStepsBackSilencesNothing) {
  RepeatLimit limit(std::chrono::seconds(10));
  EXPECT_EQ(limit.count("a", after(1000)), 1);
  EXPECT_EQ(limit.count("a", after(5)), 1);
  EXPECT_EQ(limit.count("a", after(6)), 0);
}

}  // namespace
}  // namespace remit::issuer
