#include "snapshot/policy_schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/canonical_json.h"
#include "snapshot/entities.h"
#include "snapshot/snapshot.h"

namespace remit::snapshot {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

std::shared_ptr<const ToolInput> input_of(std::string_view schema) {
  return std::make_shared<ToolInput>(read_tool_input(parse_json(schema).value().as_object()));
}

Tool tool(std::string_view name, std::optional<Effect> effect, std::string_view schema) {
  Tool made;
  made.id = ToolId::trusted("tol_" + std::string(name));
  made.environment = Environment::kProduction;
  made.qualified_name = name;
  made.effect = effect;
  made.input = input_of(schema);
  return made;
}

Destination destination(std::string_view name, Environment environment = Environment::kProduction) {
  Destination made;
  made.id = DestinationId::trusted("dst_" + std::string(name));
  made.environment = environment;
  made.name = name;
  made.labels = {"pii", "secret"};
  made.owner = HumanId::trusted("hum_1");
  return made;
}

SnapshotData two_deployments() {
  SnapshotData data;
  data.humans = {{HumanId::trusted("hum_1"), "ana@acme.test", true}};
  for (const bool with_deputy : {false, true}) {
    Deployment bot;
    bot.id = DeploymentId::trusted(with_deputy ? "dep_2" : "dep_1");
    bot.environment = Environment::kProduction;
    bot.name = with_deputy ? "deputised-bot" : "invoice-bot";
    bot.owner = HumanId::trusted("hum_1");
    if (with_deputy) bot.deputy = HumanId::trusted("hum_2");
    bot.state = State::kActive;
    bot.process = "accounts-payable";
    data.deployments.push_back(bot);
  }
  data.destinations = {destination("erp"), destination("crm"), destination("lab", Environment::kSandbox)};
  data.tools = {
      tool("erp/create_payment", Effect::kPay,
           R"({"type":"object","properties":{"amount":{"type":"number"},"note":{"type":["string","null"]},
               "when":{"$ref":"#/$defs/when"}},"required":["amount","note"]})"),
      tool("erp/unclassified", std::nullopt, R"({"type":"object","properties":{}})"),
      tool("erp/a/b", Effect::kRead, R"({"type":"object","properties":{"lines":{"type":"array","items":
               {"type":"object","properties":{"no":{"type":"integer"}},"required":["no"]}}}})")};
  return data;
}

cedar::Schema parsed(const PolicySchema& schema) {
  auto made = cedar::Schema::parse(schema.text);
  if (made) return *made;
  ADD_FAILURE() << cedar::render(made.error().front(), schema.text, "schema");
  return {};
}

std::vector<std::string> findings(const SnapshotData& data, std::string_view text) {
  const auto schema = parsed(policy_schema(data, Environment::kProduction));
  EXPECT_THAT(schema.warnings(), IsEmpty());
  std::vector<std::string> all;
  for (const auto& finding : cedar::validate(cedar::PolicySet::parse(text).value(), schema).findings)
    all.push_back(finding.diagnostic.message + "; " + finding.diagnostic.help);
  return all;
}

TEST(PolicySchema, IsWhatTheEntitiesOfASnapshotAre) {
  const auto data = two_deployments();
  for (const auto environment : kEnvironments) {
    const auto entities = build_entities(data, environment);
    ASSERT_TRUE(entities);
    const auto checked = cedar::validate(*entities, parsed(policy_schema(data, environment)));
    EXPECT_TRUE(checked) << to_string(environment) << " " << checked.error().message;
  }
  EXPECT_GT(build_entities(data, Environment::kProduction)->size(), 6U);
}

TEST(PolicySchema, LetsPoliciesSayWhatIsThere) {
  for (
      const std::string_view policy : {
          "permit (principal, action, resource);",
          R"(permit (principal in Remit::Process::"accounts-payable", action in Remit::Action::"call", resource);)",
          R"(permit (principal in Remit::Environment::"pilot", action in Remit::Action::"erp", resource);)",
          R"(permit (principal, action == Remit::Action::"erp/create_payment",
                      resource == Remit::Destination::"production/erp")
              when { context.input.amount.lessThan(decimal("5000.0")) };)",
          R"(permit (principal, action, resource in Remit::DataClass::"confidential")
              when { resource.labels.contains("pii") && principal.owner != resource.owner };)",
          R"(forbid (principal, action == Remit::Action::"erp/create_payment", resource)
              when { context.input has note && context.input.note like "*urgent*" };)",
          R"(forbid (principal, action == Remit::Action::"erp/a/b", resource)
              when { context.input has lines && context.input.lines.contains({no: 13}) };)",
          R"(forbid (principal, action in Remit::Action::"call", resource)
              when { context.input has amount && context.input.amount.greaterThan(decimal("1.0")) };)",
          R"(forbid (principal, action, resource)
              when { context.tool.effect == "pay" && context.session.credential_kind != "key" &&
                     context.time > datetime("2027-01-01") && context.tool.labels.contains("pii") };)",
          R"(forbid (principal, action in Remit::Action::"pay", resource) when { context.omitted.contains("x") };)",
          R"(forbid (principal, action, resource) when { principal has deputy && principal.deputy == resource.owner };)",
          R"(forbid (principal, action, resource) when { principal.owner.name == "ana@acme.test" };)",
      })
    EXPECT_THAT(findings(two_deployments(), policy), IsEmpty()) << policy;
}

TEST(PolicySchema, FindsWhatIsNotThere) {
  struct Case {
    std::string_view policy;
    std::string_view finding;
  };
  for (
      const auto& [policy, finding] : std::vector<Case>{
          {R"(forbid (principal, action == Remit::Action::"erp/create_payment", resource)
               when { context.input.amuont.greaterThan(decimal("1.0")) };)",
           "did you mean `amount`"},
          {R"(forbid (principal, action == Remit::Action::"erp/create_payment", resource)
               when { context.input.amount > 5 };)",
           "decimal"},
          {R"(forbid (principal, action == Remit::Action::"erp/create_payment", resource)
               when { context.input.note == "x" };)",
           "note"},
          {R"(permit (principal, action == Remit::Action::"erp/creat_payment", resource);)",
           "erp/create_payment"},
          {R"(permit (principal, action in Remit::Action::"pya", resource);)", "pay"},
          {R"(permit (principal, action == Remit::Action::"pay", resource);)", "in"},
          {R"(permit (principal, action in Remit::Action::"lab", resource);)", "lab"},
          {R"(permit (principal, action, resource) unless { resource in Remit::Environment::"produciton" };)",
           "production"},
          {R"(permit (principal, action, resource in Remit::DataClass::"secret");)", "secret"},
          {R"(permit (principal, action, resource) when { principal.onwer == resource.owner };)", "owner"},
          {R"(permit (principal == Remit::Destination::"production/erp", action, resource);)", "scope"},
      }) {
    const auto found = findings(two_deployments(), policy);
    ASSERT_THAT(found, SizeIs(testing::Ge(1U))) << policy;
    EXPECT_THAT(found[0], HasSubstr(finding)) << policy;
  }
}

TEST(PolicySchema, LetsPoliciesBeWrittenBeforeTheirFirstTool) {
  for (const std::string_view policy :
       {R"(permit (principal, action in Remit::Action::"delete", resource);)",
        R"(permit (principal, action in [Remit::Action::"send", Remit::Action::"execute"], resource);)",
        R"(permit (principal, action in Remit::Action::"crm", resource);)"})
    EXPECT_THAT(findings(two_deployments(), policy), IsEmpty()) << policy;
  EXPECT_THAT(findings({}, R"(permit (principal, action in Remit::Action::"call", resource);)"), IsEmpty());
  EXPECT_THAT(findings({}, R"(permit (principal, action == Remit::Action::"call", resource);)"), SizeIs(1));
}

TEST(PolicySchema, HasArgumentsOfAnyName) {
  SnapshotData data;
  data.tools = {
      tool("erp/odd", Effect::kRead,
           R"({"properties":{"a b":{"type":"string"},"q\"\\":{"type":"string"},"\n\u0000":{"type":"string"},
                         "in":{"type":"string"},"ü\u202e":{"type":"string"},"":{"type":"string"},"Set":{"type":"string"}},
                         "required":["a b","q\"\\","\n\u0000","in","ü\u202e","","Set"]})")};
  for (const std::string_view member :
       {R"(["a b"])", R"(["q\"\\"])", R"(["\n\0"])", R"(["in"])", R"(["ü\u{202e}"])", R"([""])", ".Set"})
    EXPECT_THAT(
        findings(data,
                 "permit (principal, action == Remit::Action::\"erp/odd\", resource) when { context.input" +
                     std::string(member) + " == \"x\" };"),
        IsEmpty())
        << member;
}

TEST(PolicySchema, WarnsOfWhatPoliciesDoNotSee) {
  const auto schema = policy_schema(two_deployments(), Environment::kProduction);
  ASSERT_THAT(schema.warnings, SizeIs(1));
  EXPECT_EQ(schema.warnings[0].tool, "erp/create_payment");
  EXPECT_EQ(schema.warnings[0].left_out.pointer, "/inputSchema/properties/when");
  EXPECT_THAT(policy_schema(two_deployments(), Environment::kSandbox).warnings, IsEmpty());
}

TEST(PolicySchema, IsTheSameHoweverTheCatalogIsOrdered) {
  auto data = two_deployments();
  const auto text = policy_schema(data, Environment::kProduction).text;
  std::ranges::reverse(data.tools);
  std::ranges::reverse(data.destinations);
  EXPECT_EQ(policy_schema(data, Environment::kProduction).text, text);
}

}  // namespace
}  // namespace remit::snapshot
