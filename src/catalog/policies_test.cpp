#include "catalog/policies.h"

#include <gmock/gmock.h>

#include "catalog/load.h"
#include "catalog/testing.h"

namespace remit::catalog {
namespace {

using store::Transaction;
using testing::HasSubstr;

constexpr std::string_view kPay =
    R"({"name":"pay","inputSchema":{"type":"object","properties":{"amount":{"type":"number"},
        "note":{"type":"string"}},"required":["amount"]}})";
constexpr std::string_view kLimit = R"(permit (principal, action, resource);
forbid (principal, action == Remit::Action::"erp/pay", resource)
when { context.input.amount.greaterThan(decimal("5000.0")) };)";

class PoliciesTest : public World {
 protected:
  PolicyPublisher publisher_{*log_, clock_, random_, here_};
  Result<PolicySetId> publish(const CheckedPolicies& checked) {
    return run<PolicySetId>(
        [&](Transaction& tx) { return publisher_.publish(tx, operator_, checked, maria_); });
  }
  Result<PolicySetId> publish(std::string_view text) {
    ASSIGN_OR_RETURN(const auto checked,
                     CheckedPolicies::check(std::string(text), world(), Environment::kProduction));
    return publish(checked);
  }
  // A destination `erp` with one tool, `pay`.
  void add_erp(Environment environment) {
    const auto tool = mcp::parse_tool(std::string(kPay)).value();
    ASSERT_TRUE(run([&](Transaction& tx) -> Result<void> {
      ASSIGN_OR_RETURN(const auto id,
                       catalog_.add_destination(tx, operator_,
                                                {.environment = environment,
                                                 .name = "erp",
                                                 .transport = snapshot::HttpTransport{"https://erp.test/mcp"},
                                                 .owner = maria_,
                                                 .approver = jonas_}));
      TRY(catalog_.record_discovery(tx, operator_, id, {.tools = {tool}, .refused = {}, .next_cursor = {}}));
      return {};
    }));
  }
  void retire_pay() {
    ASSERT_TRUE(run([&](Transaction& tx) -> Result<void> {
      ASSIGN_OR_RETURN(const auto id, find_tool(tx, Environment::kProduction, "erp/pay"));
      return catalog_.retire_tool(tx, operator_, id);
    }));
  }
  snapshot::Snapshot world(const snapshot::Snapshot* previous = nullptr) {
    snapshot::SnapshotData data;
    data.revision = store_->revision();
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
  EXPECT_THAT(refused.error().message, HasSubstr("production.cedar:2:1"));
}

TEST_F(PoliciesTest, OfTheBaselineValidateWhereThereIsNothingYet) {
  for (const auto environment : kEnvironments) {
    const auto checked = CheckedPolicies::check(std::string(baseline_text()), world(), environment);
    ASSERT_TRUE(checked) << checked.error().message;
    EXPECT_THAT(checked->warnings(), testing::IsEmpty());
  }
}

TEST_F(PoliciesTest, AreRefusedWhereTheyNameAnArgumentThatDoesNotExist) {
  add_erp(Environment::kProduction);
  const auto id = publish(kLimit).value();
  const auto refused = publish(R"(permit (principal, action, resource);
forbid (principal, action == Remit::Action::"erp/pay", resource)
when { context.input.amuont.greaterThan(decimal("5000.0")) };
@id("note") forbid (principal, action == Remit::Action::"erp/pay", resource)
when { context.input.note == "x" };)");
  expect_code(refused, "RMT-P003");
  EXPECT_THAT(refused.error().message, HasSubstr("did you mean `amount`?"));
  EXPECT_THAT(refused.error().message, HasSubstr("production.cedar:3:8"));
  EXPECT_THAT(refused.error().message, HasSubstr("production.cedar:5:8")) << "every finding is told";
  EXPECT_EQ(world().policies(Environment::kProduction)->id, id) << "what was in force stays";
}

TEST_F(PoliciesTest, AreValidatedAgainstTheirOwnEnvironment) {
  add_erp(Environment::kSandbox);
  expect_code(publish(kLimit), "RMT-P003");
}

TEST_F(PoliciesTest, ArePublishedWithWhatIsLikelyAMistakeButNone) {
  add_erp(Environment::kProduction);
  const auto checked = CheckedPolicies::check(
      R"(@id("never") permit (principal, action, resource) when { context.input has x };)", world(),
      Environment::kProduction);
  ASSERT_TRUE(checked) << checked.error().message;
  ASSERT_EQ(checked->warnings().size(), 1U);
  EXPECT_EQ(checked->warnings()[0].policy, "never");
  EXPECT_TRUE(publish(*checked));
}

TEST_F(PoliciesTest, AreNotPublishedOnWhatTheCatalogWas) {
  add_erp(Environment::kProduction);
  const auto checked = CheckedPolicies::check(std::string(kLimit), world(), Environment::kProduction).value();
  retire_pay();
  const auto before = store_->revision();
  expect_code(publish(checked), "RMT-P004");
  EXPECT_EQ(store_->revision(), before);
}

TEST_F(PoliciesTest, ArePublishedWhateverChangesElsewhere) {
  add_erp(Environment::kProduction);
  const auto checked = CheckedPolicies::check(std::string(kLimit), world(), Environment::kProduction).value();
  add_erp(Environment::kSandbox);
  ASSERT_TRUE(publish("permit (principal, action, resource);"));
  EXPECT_TRUE(publish(checked));
}

TEST_F(PoliciesTest, StayInForceWhenTheCatalogChangesUnderThem) {
  add_erp(Environment::kProduction);
  const auto id = publish(kLimit).value();
  retire_pay();
  const auto snapshot = world();
  EXPECT_EQ(snapshot.policies(Environment::kProduction)->id, id);
  expect_code(CheckedPolicies::check(std::string(kLimit), snapshot, Environment::kProduction), "RMT-P003");
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

TEST_F(PoliciesTest, ComeIntoForceAsTheyWereCompiledToBeChecked) {
  const auto checked =
      CheckedPolicies::check("permit (principal, action, resource);", world(), Environment::kPilot).value();
  ASSERT_TRUE(publish(checked));
  snapshot::SnapshotData data;
  ASSERT_TRUE(store_->read([&](store::Reader& reader) { return load(reader, data, nullptr, &publisher_); }));
  const snapshot::Snapshot snapshot(std::move(data));
  EXPECT_EQ(&snapshot.policies(Environment::kPilot)->set.impl(), &checked.set().impl());
  EXPECT_EQ(snapshot.policies(Environment::kPilot)->digest, sha256(checked.text()));
  EXPECT_EQ(snapshot.policies(Environment::kProduction)->set.policies().size(), 2U);
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
