#include "server/policy_watch.h"

#include <gtest/gtest.h>

namespace remit::server {
namespace {

// A world in which sandbox forbids by an attribute, which `fits` or does not.
std::unique_ptr<snapshot::Snapshot> world(std::int64_t revision, bool fits) {
  snapshot::SnapshotData data;
  data.revision = revision;
  auto set =
      cedar::PolicySet::parse(fits ? "permit (principal, action, resource);"
                                   : "forbid (principal, action, resource) when { principal.no_such > 1 };");
  EXPECT_TRUE(set);
  data.policies.push_back({.id = PolicySetId::trusted("pol_1"),
                           .environment = Environment::kSandbox,
                           .digest = {},
                           .set = std::move(*set)});
  return std::make_unique<snapshot::Snapshot>(std::move(data));
}

TEST(PolicyWatch, CountsErrorsOfWhatIsInForceUntilItFitsAgain) {
  PolicyWatch watch;
  EXPECT_EQ(watch.errors(Environment::kSandbox), 0U);
  watch.look(*world(1, false));
  EXPECT_GT(watch.errors(Environment::kSandbox), 0U);
  EXPECT_EQ(watch.errors(Environment::kProduction), 0U);
  watch.look(*world(2, true));
  EXPECT_EQ(watch.errors(Environment::kSandbox), 0U);
}

TEST(PolicyWatch, LooksAtARevisionOnce) {
  PolicyWatch watch;
  watch.look(*world(1, true));
  watch.look(*world(1, false));
  EXPECT_EQ(watch.errors(Environment::kSandbox), 0U);
}

}  // namespace
}  // namespace remit::server
