#include "snapshot/entities.h"

#include <gtest/gtest.h>

#include "snapshot/snapshot.h"

namespace remit::snapshot {
namespace {

SnapshotData world() {
  SnapshotData data;
  data.humans = {{HumanId::trusted("hum_1"), "ana@acme.test", true}};
  Deployment bot;
  bot.id = DeploymentId::trusted("dep_1");
  bot.environment = Environment::kProduction;
  bot.name = "invoice-bot";
  bot.owner = HumanId::trusted("hum_1");
  bot.state = State::kActive;
  bot.purpose = "pays invoices";
  bot.process = "accounts-payable";
  data.deployments = {bot};
  Destination erp;
  erp.id = DestinationId::trusted("dst_1");
  erp.environment = Environment::kProduction;
  erp.name = "erp";
  erp.data_class = DataClass::kConfidential;
  erp.labels = {"pii"};
  erp.owner = HumanId::trusted("hum_2");
  data.destinations = {erp};
  Tool pay;
  pay.id = ToolId::trusted("tol_1");
  pay.environment = Environment::kProduction;
  pay.qualified_name = "erp/create_payment";
  pay.effect = Effect::kPay;
  data.tools = {pay};
  return data;
}

bool permitted(const Snapshot& snapshot, std::string_view policy) {
  const auto policies = cedar::PolicySet::parse(policy);
  EXPECT_TRUE(policies) << policy;
  const cedar::Request request{.principal = agent_uid(snapshot.all().deployments.at(0)),
                               .action = action_uid(snapshot.all().tools.at(0)),
                               .resource = destination_uid(snapshot.all().destinations.at(0))};
  return cedar::authorize(request, *policies, *snapshot.entities(Environment::kProduction)).decision ==
         cedar::Decision::kAllow;
}

TEST(Entities, LetPoliciesSeeEachThingInItsGroupsAndWithItsAttributes) {
  const Snapshot snapshot(world());
  for (const std::string_view policy : {
           R"(permit (principal == Remit::Agent::"production/invoice-bot", action, resource);)",
           R"(permit (principal in Remit::Process::"accounts-payable", action, resource);)",
           R"(permit (principal in Remit::Environment::"production", action, resource);)",
           R"(permit (principal, action == Remit::Action::"erp/create_payment", resource);)",
           R"(permit (principal, action in Remit::Action::"pay", resource);)",
           R"(permit (principal, action in Remit::Action::"erp", resource);)",
           R"(permit (principal, action in Remit::Action::"call", resource);)",
           R"(permit (principal, action, resource == Remit::Destination::"production/erp");)",
           R"(permit (principal, action, resource in Remit::DataClass::"confidential");)",
           R"(permit (principal, action, resource in Remit::Environment::"production");)",
           R"(permit (principal, action, resource) when { principal.owner == Remit::Human::"hum_1" };)",
           R"(permit (principal, action, resource) when { principal.owner != resource.owner };)",
           R"(permit (principal, action, resource) when { principal.owner.name == "ana@acme.test" };)",
           R"(permit (principal, action, resource) when { !(principal has deputy) };)",
           R"(permit (principal, action, resource) when { resource.labels.contains("pii") };)",
       })
    EXPECT_TRUE(permitted(snapshot, policy)) << policy;
}

TEST(Entities, PutNothingInGroupsThatAreNotItsOwn) {
  const Snapshot snapshot(world());
  for (const std::string_view policy : {
           R"(permit (principal == Remit::Agent::"sandbox/invoice-bot", action, resource);)",
           R"(permit (principal, action in Remit::Action::"create", resource);)",
           R"(permit (principal, action in Remit::Action::"crm", resource);)",
           R"(permit (principal, action, resource in Remit::DataClass::"public");)",
           R"(permit (principal, action, resource in Remit::Environment::"sandbox");)",
       })
    EXPECT_FALSE(permitted(snapshot, policy)) << policy;
}

TEST(Entities, OfAnotherEnvironmentAreNotSeen) {
  const Snapshot snapshot(world());
  EXPECT_GT(snapshot.entities(Environment::kProduction)->size(), 0U);
  EXPECT_EQ(snapshot.entities(Environment::kSandbox)->size(), 0U);
}

TEST(Entities, GiveANameToTheDeploymentThatLives) {
  auto data = world();
  auto retired = data.deployments.at(0);
  retired.id = DeploymentId::trusted("dep_0");
  retired.state = State::kRetired;
  retired.owner = HumanId::trusted("hum_9");
  data.deployments.push_back(retired);
  const Snapshot snapshot(std::move(data));
  EXPECT_TRUE(permitted(
      snapshot,
      R"(permit (principal, action, resource) when { principal.owner == Remit::Human::"hum_1" };)"));
}

TEST(Snapshot, HasThePoliciesOfAnEnvironmentOrNone) {
  SnapshotData data;
  data.policies.push_back({PolicySetId::trusted("pol_1"), Environment::kPilot, {}, {}});
  const Snapshot snapshot(std::move(data));
  EXPECT_EQ(snapshot.policies(Environment::kPilot)->id.str(), "pol_1");
  EXPECT_EQ(snapshot.policies(Environment::kProduction), nullptr);
}

}  // namespace
}  // namespace remit::snapshot
