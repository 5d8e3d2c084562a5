#include "snapshot/snapshot.h"

#include <gtest/gtest.h>

namespace remit::snapshot {
namespace {

Deployment deployment(std::string id, Environment environment, State state) {
  Deployment d;
  d.id = DeploymentId::trusted(std::move(id));
  d.environment = environment;
  d.name = "invoice-bot";
  d.state = state;
  return d;
}

Tool tool(std::string id, Environment environment) {
  Tool t;
  t.id = ToolId::trusted(std::move(id));
  t.environment = environment;
  t.qualified_name = "erp/create_payment";
  return t;
}

TEST(Snapshot, FindsADeploymentOnlyInItsOwnEnvironment) {
  SnapshotData data;
  data.deployments = {deployment("dep_s", Environment::kSandbox, State::kActive)};
  Snapshot snapshot(std::move(data));
  EXPECT_EQ(snapshot.deployment(Environment::kSandbox, "invoice-bot"), snapshot.deployment("dep_s"));
  EXPECT_EQ(snapshot.deployment(Environment::kProduction, "invoice-bot"), nullptr);
}

TEST(Snapshot, GivesANameToTheDeploymentThatLivesWhateverTheOrder) {
  for (bool retired_first : {true, false}) {
    SnapshotData data;
    auto retired = deployment("dep_old", Environment::kPilot, State::kRetired);
    auto living = deployment("dep_new", Environment::kPilot, State::kActive);
    data.deployments = retired_first ? std::vector{retired, living} : std::vector{living, retired};
    Snapshot snapshot(std::move(data));
    EXPECT_EQ(snapshot.deployment(Environment::kPilot, "invoice-bot")->id.str(), "dep_new");
    EXPECT_NE(snapshot.deployment("dep_old"), nullptr);
  }
}

TEST(Snapshot, FindsAGrantByBothItsEndsOnly) {
  SnapshotData data;
  data.grants = {
      {GrantId::trusted("grt_1"), DeploymentId::trusted("dep_1"), ToolId::trusted("tol_1"), std::nullopt}};
  Snapshot snapshot(std::move(data));
  EXPECT_NE(snapshot.grant("dep_1", "tol_1"), nullptr);
  EXPECT_EQ(snapshot.grant("tol_1", "dep_1"), nullptr);
  EXPECT_EQ(snapshot.grant("dep_1", "tol_2"), nullptr);
  EXPECT_EQ(snapshot.grant("dep_1tol", "_1"), nullptr);
}

TEST(Snapshot, KeepsToolsOfOneNameInTwoEnvironmentsApart) {
  SnapshotData data;
  data.tools = {tool("tol_s", Environment::kSandbox), tool("tol_p", Environment::kProduction)};
  Snapshot snapshot(std::move(data));
  EXPECT_EQ(snapshot.tool(Environment::kSandbox, "erp/create_payment")->id.str(), "tol_s");
  EXPECT_EQ(snapshot.tool(Environment::kProduction, "erp/create_payment")->id.str(), "tol_p");
  EXPECT_EQ(snapshot.tool(Environment::kPilot, "erp/create_payment"), nullptr);
}

TEST(Snapshot, AnswersUnknownWithNull) {
  Snapshot snapshot(SnapshotData{});
  EXPECT_EQ(snapshot.human("hum_1"), nullptr);
  EXPECT_EQ(snapshot.agent("x"), nullptr);
  EXPECT_EQ(snapshot.credential("crd_1"), nullptr);
  EXPECT_TRUE(snapshot.credentials_of("").empty());
  EXPECT_EQ(snapshot.destination("dst_1"), nullptr);
  EXPECT_EQ(snapshot.destination(Environment::kSandbox, "erp"), nullptr);
}

template <typename E>
void expect_round_trip() {
  for (const auto& [value, name] : Names<E>::table) {
    EXPECT_EQ(to_string(value), name);
    EXPECT_EQ(parse_name<E>(name), value);
  }
  EXPECT_EQ(parse_name<E>("?"), std::nullopt);
}

TEST(Names, AreReadAsTheyAreWritten) {
  expect_round_trip<State>();
  expect_round_trip<HoldKind>();
  expect_round_trip<CredentialKind>();
  expect_round_trip<Effect>();
  expect_round_trip<DataClass>();
}

}  // namespace
}  // namespace remit::snapshot
