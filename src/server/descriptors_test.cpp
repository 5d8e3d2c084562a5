#include "server/descriptors.h"

#include <gtest/gtest.h>
#include <sys/resource.h>

namespace remit::server {
namespace {

TEST(Descriptors, RaisesTheLimitAsFarAsItMay) {
  rlimit before{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &before), 0);
  rlimit low = before;
  low.rlim_cur = 256;
  ASSERT_EQ(::setrlimit(RLIMIT_NOFILE, &low), 0);
  const auto raised = raise_descriptor_limit();
  rlimit after{};
  ASSERT_EQ(::getrlimit(RLIMIT_NOFILE, &after), 0);
  EXPECT_EQ(raised, after.rlim_cur);
  EXPECT_GE(raised, std::min<rlim_t>(before.rlim_max, 1'048'576));
  ::setrlimit(RLIMIT_NOFILE, &before);
}

TEST(Descriptors, WhatOthersMayTakeLeavesTheReserveWhereverThereIsEnoughToServe) {
  for (std::size_t descriptors : {160, 256, 1024, 4096, 8191, 8192, 8400, 100'000, 1'048'576}) {
    Limits limits;
    ASSERT_TRUE(share_descriptors(descriptors, limits)) << descriptors;
    EXPECT_LE(limits.count("connections") + limits.count("upstream_connections") +
                  2 * limits.count("relayed_connections") + limits.count("reserved_descriptors"),
              descriptors);
    EXPECT_GE(limits.count("connections"), 16U) << descriptors;
    EXPECT_GE(limits.count("upstream_connections"), 16U) << descriptors;
    EXPECT_LE(limits.count("connections_per_peer"), limits.count("connections"));
  }
}

TEST(Descriptors, TakesNothingFromTheLimitsWhereThereAreEnough) {
  Limits limits;
  ASSERT_TRUE(share_descriptors(1'048'576, limits));
  for (std::size_t i = 0; i < std::size(kLimits); ++i) EXPECT_EQ(limits.value(i), kLimits[i].standard);
}

TEST(Descriptors, SaysWhereThereAreTooFewToServe) {
  Limits limits;
  const auto shared = share_descriptors(100, limits);
  ASSERT_FALSE(shared);
  EXPECT_EQ(shared.error().code, "RMT-X050");
  EXPECT_FALSE(fix_of(shared.error()).empty());
}

}  // namespace
}  // namespace remit::server
