#include "catalog/inventory_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace remit::catalog {
namespace {

using snapshot::SnapshotData;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

void add_agent(SnapshotData& data, Environment environment, std::string_view name, std::string_view process,
               snapshot::State state = snapshot::State::kActive) {
  snapshot::Deployment made;
  made.id =
      DeploymentId::trusted(std::string("dep_") + std::string(to_string(environment)) + std::string(name));
  made.environment = environment;
  made.name = name;
  made.process = process;
  made.owner = HumanId::trusted("hum_1");
  made.state = state;
  data.deployments.push_back(std::move(made));
}

void add_destination(SnapshotData& data, Environment environment, std::string_view name) {
  snapshot::Destination made;
  made.id =
      DestinationId::trusted(std::string("dst_") + std::string(to_string(environment)) + std::string(name));
  made.environment = environment;
  made.name = name;
  made.labels = {"customers"};
  made.owner = HumanId::trusted("hum_1");
  data.destinations.push_back(std::move(made));
}

const snapshot::Snapshot& world() {
  static const snapshot::Snapshot kWorld([] {
    SnapshotData data;
    data.humans = {{HumanId::trusted("hum_1"), "ana@acme.test", true}};
    add_agent(data, Environment::kProduction, "crm-bot", "support");
    add_agent(data, Environment::kProduction, "old-bot", "support", snapshot::State::kRetired);
    add_agent(data, Environment::kSandbox, "lab-bot", "research");
    add_destination(data, Environment::kProduction, "crm");
    add_destination(data, Environment::kSandbox, "lab");
    snapshot::Tool tool;
    tool.id = ToolId::trusted("tol_1");
    tool.environment = Environment::kProduction;
    tool.qualified_name = "crm/delete_customer";
    tool.effect = snapshot::Effect::kDelete;
    tool.labels = {"gdpr"};
    data.tools = {tool};
    return data;
  }());
  return kWorld;
}

std::vector<PolicyFinding> found(const std::string& text, bool allow_unknown = false) {
  std::vector<PolicyFinding> findings;
  find_unknown_names(cedar::PolicySet::parse(text).value(), world(), Environment::kProduction, allow_unknown,
                     findings);
  return findings;
}

std::string forbid_when(std::string_view condition) {
  return "forbid (principal, action, resource) when { " + std::string(condition) + " };";
}

TEST(InventoryCheck, SaysWhatAForbidNamesThatIsNowhereAndWhatWasMeant) {
  struct Case {
    std::string text;
    std::string_view message, help;
  };
  const Case cases[] = {
      {R"(forbid (principal == Remit::Agent::"crm-bot", action, resource);)", "no such agent `crm-bot`",
       "did you mean `production/crm-bot`?"},
      {R"(forbid (principal == Remit::Agent::"production/crm-bto", action, resource);)",
       "no such agent `production/crm-bto`", "did you mean `production/crm-bot`?"},
      {R"(forbid (principal == Remit::Agent::"crm-bto", action, resource);)", "no such agent `crm-bto`",
       "did you mean `production/crm-bot`?"},
      {R"(forbid (principal == Remit::Agent::"zzzzzz", action, resource);)", "no such agent `zzzzzz`",
       "production has `production/crm-bot`"},
      {R"(forbid (principal in Remit::Process::"suport", action, resource);)", "no such process `suport`",
       "did you mean `support`?"},
      {R"(forbid (principal, action, resource == Remit::Destination::"production/crn");)",
       "no such destination `production/crn`", "did you mean `production/crm`?"},
      {forbid_when(R"([Remit::Agent::"crm-bot"].contains(principal))"), "no such agent `crm-bot`",
       "did you mean `production/crm-bot`?"},
      {forbid_when(R"(principal.owner == Remit::Human::"ana@acme.test")"),
       "no such id of a person `ana@acme.test`", R"(write `Remit::Human::"hum_1"`)"},
      {forbid_when(R"(principal.owner == Remit::Human::"hum_2")"), "no such person `hum_2`",
       "principal.owner.name"},
      {forbid_when(R"(principal.owner.name == "anna@acme.test")"), "no such person `anna@acme.test`",
       "did you mean `ana@acme.test`?"},
      {forbid_when(R"(context.tool.effect == "delte")"), "no such effect `delte`", "did you mean `delete`?"},
      {forbid_when(R"(context.tool.data_class == "secret")"), "no such data class `secret`",
       "`confidential`, `internal`, `public`, `restricted`"},
      {forbid_when(R"(resource.data_class == "restrictd")"), "no such data class `restrictd`",
       "did you mean `restricted`?"},
      {forbid_when(R"(context.tool.labels.contains("pi1"))"), "no such label `pi1`", "did you mean `pii`?"},
      {forbid_when(R"(resource.labels.containsAny(["pii", "custommers"]))"), "no such label `custommers`",
       "did you mean `customers`?"},
      {forbid_when(R"(context.tool.name == "crm/delete_custmer")"), "no such tool `crm/delete_custmer`",
       "did you mean `crm/delete_customer`?"},
      {forbid_when(R"(principal.environment == "prodution")"), "no such environment `prodution`",
       "did you mean `production`?"},
      {forbid_when(R"(context.session.credential_kind == "secret")"), "no such credential kind `secret`",
       "`key`"},
  };
  for (const auto& [text, message, help] : cases) {
    const auto findings = found(text);
    ASSERT_THAT(findings, SizeIs(1)) << text;
    EXPECT_EQ(findings[0].diagnostic.message, message) << text;
    EXPECT_THAT(findings[0].diagnostic.help, HasSubstr(help)) << text;
    EXPECT_TRUE(findings[0].is_error) << text;
    EXPECT_EQ(findings[0].code, "RMT-P008");
  }
}

TEST(InventoryCheck, SaysWhichPatternsNothingIsLike) {
  const struct {
    std::string_view condition, message, help;
    bool is_error;
  } cases[] = {
      {R"(context.tool.name like "crn/*")", "no tool of production is like `crn/*`",
       "production has `crm/delete_customer`", false},
      {R"(principal.name like "crm-bto")", "no agent of production is like `crm-bto`",
       "did you mean `crm-bot`?", false},
      {R"(context.tool.effect like "delte*")", "no effect of production is like `delte*`",
       "did you mean `delete`?", true},
      {R"(!(resource.data_class like "secret*"))", "no data class of production is like `secret*`",
       "`restricted`", true},
  };
  for (const auto& [condition, message, help, is_error] : cases) {
    const auto findings = found(forbid_when(condition));
    ASSERT_THAT(findings, SizeIs(1)) << condition;
    EXPECT_EQ(findings[0].diagnostic.message, message);
    EXPECT_THAT(findings[0].diagnostic.help, HasSubstr(help)) << condition;
    EXPECT_EQ(findings[0].is_error, is_error) << condition;
  }
  EXPECT_THAT(found(forbid_when(R"(context.tool.name like "*/delete_*" && principal.name like "crm*" &&
                                   context.tool.effect like "*e" && principal.purpose like "x")")),
              IsEmpty());
}

TEST(InventoryCheck, FindsNothingInWhatIsThere) {
  EXPECT_THAT(found(R"(
    forbid (principal == Remit::Agent::"production/crm-bot", action, resource == Remit::Destination::"production/crm");
    forbid (principal in Remit::Process::"support", action in Remit::Action::"delete",
            resource in Remit::DataClass::"restricted")
    when { principal.owner == Remit::Human::"hum_1" && resource.owner.name == "ana@acme.test" &&
           context.tool.labels.containsAll(["gdpr", "secret"]) && resource.labels.contains("customers") &&
           context.tool.effect != "read" && principal.purpose == "whatever" && context.omitted.contains("x") &&
           resource.environment == "sandbox" && principal.name == "crm-bot" && resource.name == "crm" };)"),
              IsEmpty());
}

TEST(InventoryCheck, RefusesWhatWouldPermitMoreOrForbidLessAndWarnsOfTheRest) {
  const auto errors = [](const std::string& text) {
    const auto findings = found(text);
    EXPECT_THAT(findings, SizeIs(1)) << text;
    return !findings.empty() && findings[0].is_error;
  };
  EXPECT_FALSE(errors(R"(permit (principal == Remit::Agent::"crm-bot", action, resource);)"));
  EXPECT_FALSE(errors(R"(permit (principal, action, resource) when { context.tool.effect == "raed" };)"));
  EXPECT_TRUE(errors(R"(permit (principal, action, resource) unless { resource.labels.contains("pi1") };)"));
  EXPECT_TRUE(errors(R"(permit (principal, action, resource) when { context.tool.effect != "delte" };)"));
  EXPECT_TRUE(
      errors(R"(permit (principal, action, resource) when { !(principal in Remit::Process::"x") };)"));
  EXPECT_TRUE(errors(R"(forbid (principal, action, resource) unless { principal in Remit::Process::"x" };)"));
}

TEST(InventoryCheck, OnlyWarnsOfWhatIsToComeWhereItIsAllowed) {
  const auto findings = found(R"(forbid (principal == Remit::Agent::"crm-bot", action, resource);)", true);
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_FALSE(findings[0].is_error);
}

TEST(InventoryCheck, OnlyWarnsOfWhatIsOfAnotherEnvironmentOrRetired) {
  for (const auto& [scope, message] :
       {std::pair{R"(principal == Remit::Agent::"sandbox/lab-bot", action, resource)",
                  "the agent `sandbox/lab-bot` is not one of production"},
        std::pair{R"(principal, action, resource == Remit::Destination::"sandbox/lab")",
                  "the destination `sandbox/lab` is not one of production"},
        std::pair{R"(principal in Remit::Process::"research", action, resource)",
                  "no agent of production serves the process `research`"},
        std::pair{R"(principal == Remit::Agent::"production/old-bot", action, resource)",
                  "the agent `production/old-bot` is retired"}}) {
    const auto findings = found("forbid (" + std::string(scope) + ");");
    ASSERT_THAT(findings, SizeIs(1)) << scope;
    EXPECT_EQ(findings[0].diagnostic.message, message);
    EXPECT_FALSE(findings[0].is_error) << scope;
  }
}

TEST(InventoryCheck, TellsSoManyAndNoMoreButEveryErrorFirst) {
  std::string text;
  for (int i = 0; i < 300; ++i) text += R"(permit (principal == Remit::Agent::"x", action, resource);)";
  for (int i = 0; i < 300; ++i) text += R"(forbid (principal == Remit::Agent::"x", action, resource);)";
  const auto findings = found(text);
  EXPECT_EQ(std::ranges::count(findings, true, &PolicyFinding::is_error), 200);
  EXPECT_EQ(findings.size(), 400U);
}

TEST(InventoryCheck, HasThePlaceAndThePolicy) {
  const auto findings =
      found("@id(\"no-crm\")\nforbid (principal == Remit::Agent::\"crm-bot\", action, resource);");
  ASSERT_THAT(findings, SizeIs(1));
  EXPECT_EQ(findings[0].policy, "no-crm");
  EXPECT_EQ(findings[0].diagnostic.start.line, 2U);
  EXPECT_EQ(findings[0].diagnostic.start.column, 9U);
}

}  // namespace
}  // namespace remit::catalog
