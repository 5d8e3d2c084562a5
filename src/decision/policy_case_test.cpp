#include "decision/policy_case.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "decision/testing.h"

namespace remit::decision {
namespace {

using testing::HasSubstr;

constexpr std::string_view kUpToALimit =
    R"(@id("all") permit (principal, action, resource);
       @id("limit") forbid (principal, action == Remit::Action::"erp/create_payment", resource)
       when { context.input has amount && context.input.amount > 100 };)";

PolicyCaseResult run(const PolicyCase& asked, std::string_view text = kUpToALimit,
                     const snapshot::SnapshotData& data = world()) {
  const snapshot::Policies candidate{
      PolicySetId::trusted("pol_2"), Environment::kProduction, {}, policies(text)};
  return run_case(asked, Environment::kProduction, &candidate, snapshot::Snapshot(data));
}

PolicyCase payment(int amount, Verdict expected) {
  return {.agent = "invoice-bot",
          .tool = "erp/create_payment",
          .arguments = {{"amount", amount}},
          .at = kNow,
          .expected = expected};
}

TEST(PolicyCase, PassesWhereThePoliciesSayWhatIsExpected) {
  EXPECT_TRUE(run(payment(1, Verdict::kAllow)).passed);
  EXPECT_TRUE(run(payment(101, Verdict::kDeny)).passed);
  EXPECT_FALSE(run(payment(1, Verdict::kDeny)).passed);
  EXPECT_FALSE(run(payment(101, Verdict::kAllow)).passed);
  EXPECT_TRUE(
      run(payment(1, Verdict::kHold), R"(@approval("cfo") permit (principal, action, resource);)").passed);
}

TEST(PolicyCase, HoldsThePoliciesThatDeterminedItAgainstThoseThatAreExpected) {
  auto asked = payment(101, Verdict::kDeny);
  asked.policies = {{"limit"}};
  EXPECT_TRUE(run(asked).passed);
  asked.policies = {{"all"}};
  EXPECT_FALSE(run(asked).passed);
  EXPECT_EQ(run(asked).decision->code, "RMT-D042");
}

TEST(PolicyCase, AsksPoliciesAloneWhateverElseStandsInTheWay) {
  auto data = world();
  data.grants.clear();
  data.credentials.clear();
  data.deployments[0].killed = true;
  data.tools[0].quarantined = true;
  EXPECT_TRUE(run(payment(1, Verdict::kAllow), kUpToALimit, data).passed);
}

TEST(PolicyCase, DoesNotPassWhereTheCallCannotBePutToThem) {
  auto agent = payment(1, Verdict::kDeny);
  agent.agent = "invoice-bto";
  EXPECT_FALSE(run(agent).passed);
  EXPECT_EQ(run(agent).problem, "there is no agent `invoice-bto` in production; did you mean `invoice-bot`?");
  auto tool = payment(1, Verdict::kDeny);
  tool.tool = "erp/create_paymnt";
  EXPECT_FALSE(run(tool).passed);
  EXPECT_THAT(run(tool).problem, HasSubstr("did you mean `erp/create_payment`?"));
  auto data = world();
  data.tools[0].effect.reset();
  const auto result = run(payment(1, Verdict::kDeny), kUpToALimit, data);
  EXPECT_FALSE(result.passed);
  EXPECT_THAT(result.problem, HasSubstr("remit tool classify"));
}

}  // namespace
}  // namespace remit::decision
