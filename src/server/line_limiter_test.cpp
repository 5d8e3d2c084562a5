#include "server/line_limiter.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>

namespace remit::server {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using Time = LineLimiter::Time;

constexpr Time kBegin{};

TEST(LineLimiter, WritesSoManyOfAKindAndCountsTheOthers) {
  LineLimiter limiter(3);
  int written = 0;
  for (int i = 0; i < 1237; ++i)
    written += limiter.passes("refused GET /" + std::to_string(i) + ": 404 RMT-G005", kBegin) ? 1 : 0;
  EXPECT_EQ(written, 3);
  EXPECT_TRUE(limiter.passes("refused POST /mcp/pilot: 401 RMT-J010", kBegin))
      << "another kind has its own count";
  EXPECT_THAT(limiter.left_out(kBegin + LineLimiter::kStretch / 2), IsEmpty());
  EXPECT_THAT(limiter.left_out(kBegin + LineLimiter::kStretch),
              ElementsAre("RMT-G005: … and 1,234 more like it"));
  EXPECT_THAT(limiter.left_out(kBegin + LineLimiter::kStretch), IsEmpty());
  EXPECT_TRUE(limiter.passes("refused GET /again: 404 RMT-G005", kBegin + LineLimiter::kStretch));
}

TEST(LineLimiter, FoldsWhatOnlyRepeatsTheLineBefore) {
  LineLimiter limiter(3);
  EXPECT_TRUE(limiter.passes("the store is locked", kBegin));
  for (int i = 0; i < 5; ++i) EXPECT_FALSE(limiter.passes("the store is locked", kBegin));
  EXPECT_TRUE(limiter.passes("the store is locked by another", kBegin));
  EXPECT_THAT(limiter.left_out(kBegin + LineLimiter::kStretch),
              testing::Contains("the store is locked: … and 5 more like it"));
}

TEST(LineLimiter, LinesThatDifferInTheirNumbersAloneAreOfOneKind) {
  LineLimiter limiter(2);
  int written = 0;
  for (int i = 0; i < 100; ++i)
    written += limiter.passes("outcome of " + std::to_string(i) + " not recorded", kBegin) ? 1 : 0;
  EXPECT_EQ(written, 2);
}

TEST(LineLimiter, HoldsLittleHoweverManyKindsAStrangerMakes) {
  LineLimiter limiter(1);
  int written = 0;
  for (char a = 'a'; a <= 'z'; ++a)
    for (char b = 'a'; b <= 'z'; ++b)
      for (char c = 'a'; c <= 'z'; ++c) written += limiter.passes(std::string{a, b, c}, kBegin) ? 1 : 0;
  EXPECT_LE(written, 1025);
}

}  // namespace
}  // namespace remit::server
