#include "catalog/policies.h"

#include <gmock/gmock.h>

#include "catalog/load.h"
#include "catalog/testing.h"

namespace remit::catalog {
namespace {

using store::Transaction;
using testing::HasSubstr;

class PoliciesTest : public World {
 protected:
  PolicyPublisher publisher_{*log_, clock_, random_, here_};
  Result<PolicySetId> publish(std::string_view text) {
    return run<PolicySetId>([&](Transaction& tx) {
      return publisher_.publish(tx, operator_, Environment::kProduction, text, maria_);
    });
  }
  snapshot::Snapshot world(const snapshot::Snapshot* previous = nullptr) {
    snapshot::SnapshotData data;
    EXPECT_TRUE(store_->read([&](store::Reader& reader) { return load(reader, data, previous); }));
    return snapshot::Snapshot(std::move(data));
  }
};

TEST_F(PoliciesTest, AreTheBaselineUntilSomeArePublished) {
  const auto snapshot = world();
  for (const auto environment : kEnvironments) {
    ASSERT_NE(snapshot.policies(environment), nullptr);
    EXPECT_EQ(snapshot.policies(environment)->id.str(), kBaselineId);
    EXPECT_EQ(snapshot.policies(environment)->digest, sha256(baseline_text()));
    EXPECT_EQ(snapshot.policies(environment)->set.policies().size(), 2U);
  }
}

TEST_F(PoliciesTest, ComeIntoForceInTheirEnvironmentAlone) {
  const auto id = publish("permit (principal, action, resource);").value();
  const auto snapshot = world();
  EXPECT_EQ(snapshot.policies(Environment::kProduction)->id, id);
  EXPECT_EQ(snapshot.policies(Environment::kPilot)->id.str(), kBaselineId);
}

TEST_F(PoliciesTest, StayInForceWhenTheirSuccessorDoesNotParse) {
  const auto id = publish("permit (principal, action, resource);").value();
  const auto refused = publish("permit (principal, action, resource)\nwhen { contxt. };");
  expect_code(refused, "RMT-P001");
  EXPECT_THAT(refused.error().message, HasSubstr("production.cedar:2:"));
  EXPECT_EQ(world().policies(Environment::kProduction)->id, id);
}

TEST_F(PoliciesTest, AreRefusedWithAnObligationThatIsNotCarriedOut) {
  for (const std::string_view text : {R"(@redact("x") permit (principal, action, resource);)",
                                      R"(@mode("shadow") forbid (principal, action, resource);)",
                                      R"(@approval("x") forbid (principal, action, resource);)"})
    expect_code(publish(text), "RMT-P002");
}

TEST_F(PoliciesTest, AreRefusedWithATemplateThatNothingLinks) {
  const auto refused = publish(
      "permit (principal, action, resource);\n"
      "forbid (principal == ?principal, action, resource);");
  expect_code(refused, "RMT-P002");
  EXPECT_THAT(refused.error().message, HasSubstr("production.cedar:2: a template"));
}

TEST_F(PoliciesTest, KeepTheirHistoryNewestFirst) {
  const auto first = publish("permit (principal, action, resource);").value();
  const auto second = publish("forbid (principal, action, resource);").value();
  ASSERT_TRUE(run([&](Transaction& tx) -> Result<void> {
    ASSIGN_OR_RETURN(const auto history, policy_history(tx, Environment::kProduction));
    EXPECT_EQ(history.size(), 2U);
    EXPECT_EQ(history.at(0).id, second);
    EXPECT_EQ(history.at(1).id, first);
    EXPECT_EQ(policy_text(tx, Environment::kProduction).value(), "forbid (principal, action, resource);");
    return {};
  }));
}

TEST_F(PoliciesTest, AreCompiledOnceForAllTheirRevisions) {
  ASSERT_TRUE(publish("permit (principal, action, resource);"));
  const auto before = world();
  const auto after = world(&before);
  EXPECT_EQ(&before.policies(Environment::kProduction)->set.impl(),
            &after.policies(Environment::kProduction)->set.impl());
}

}  // namespace
}  // namespace remit::catalog
