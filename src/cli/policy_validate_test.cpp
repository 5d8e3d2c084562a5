// The commands that check policies, as a person has them: a data folder, files, what is printed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/canonical_json.h"
#include "cedar/cedar.h"
#include "cli/client.h"
#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/testing.h"

namespace remit::cli {
namespace {

namespace json = boost::json;
using testing::AllOf;
using testing::HasSubstr;

constexpr std::string_view kSchema = R"(entity User { name: String };
action view appliesTo { principal: User, resource: User };
)";
constexpr std::string_view kGood =
    R"(permit (principal, action, resource) when { principal.name == "ana" };)";
constexpr std::string_view kMisspelt = R"(permit (principal, action, resource)
when { principal.nmae == "ana" };)";

class PolicyCommands : public CommandsTest {
 protected:
  json::object run_json(const PolicyOptions& options) {
    context_.format = Format::kJson;
    const auto printed = run(validate_policies, options);
    context_.format = Format::kTable;
    return parse_json(printed.out).value().as_object();
  }

  // A sandbox with a destination `erp`, whose policies say so.
  void found() {
    ASSERT_TRUE(run(init).result);
    ASSERT_TRUE(run(add_human, std::string("ana")).result);
    auto client = Client::open(context_).value();
    ASSERT_TRUE(client.post("/v1/destinations", {{"environment", "sandbox"},
                                                 {"name", "erp"},
                                                 {"url", "https://erp.test/mcp"},
                                                 {"data_class", "internal"},
                                                 {"owner", "ana"}}));
    ASSERT_TRUE(client.post("/v1/policies/sandbox", {{"text", kErp}, {"by", "ana"}}));
  }

  static constexpr std::string_view kErp =
      R"(@id("erp") permit (principal, action in Remit::Action::"erp", resource);)";
};

TEST_F(PolicyCommands, SayWhenTheyOnlyParse) {
  const auto printed = run(validate_policies, PolicyOptions{.files = {file("a.cedar", kMisspelt)}});
  EXPECT_EQ(printed.result.value(), kOk);
  EXPECT_THAT(printed.out, AllOf(HasSubstr("1 policy, parsed only"), HasSubstr("--schema")));
  EXPECT_EQ(run_json({.files = {file("a.cedar", kMisspelt)}}).at("checked"), "syntax");
}

TEST_F(PolicyCommands, ReportEveryErrorOfAFileWithItsPlace) {
  const auto broken = file("broken.cedar",
                           "permit (principal, action);\n"
                           "permit (principal, action, resource) when { contxt };\n"
                           "forbid (who, action, resource);\n"
                           "permit (principal, action, resource) when { 1 + };\n"
                           "forbid (principal, action, resource) where { true };\n");
  const auto printed = run(validate_policies, PolicyOptions{.files = {broken}});
  ASSERT_FALSE(printed.result);
  EXPECT_EQ(printed.result.error().code, "RMT-P001");
  EXPECT_EQ(exit_code(printed.result.error().kind), 2);
  for (int line = 1; line <= 5; ++line)
    EXPECT_THAT(printed.err, HasSubstr("broken.cedar:" + std::to_string(line) + ":")) << line;
  EXPECT_THAT(printed.err, AllOf(HasSubstr("^^^"), HasSubstr("= help: ")));
  EXPECT_EQ(run_json({.files = {broken}}).at("findings").as_array().size(), 5U);
}

TEST_F(PolicyCommands, ValidateAgainstASchemaOfEitherSyntaxWithNothingElse) {
  const auto as_json = cedar::Schema::parse(kSchema).value().to_json();
  for (const auto& schema : {file("s.cedarschema", kSchema), file("s.json", "\n " + as_json)}) {
    const auto good =
        run(validate_policies, PolicyOptions{.files = {file("a.cedar", kGood)}, .schema = schema});
    EXPECT_EQ(good.result.value(), kOk) << schema;
    EXPECT_THAT(good.out, HasSubstr("a.cedar: 1 policy, valid")) << schema;
    const auto bad =
        run(validate_policies, PolicyOptions{.files = {file("b.cedar", kMisspelt)}, .schema = schema});
    ASSERT_FALSE(bad.result) << schema;
    EXPECT_EQ(bad.result.error().code, "RMT-P003");
    EXPECT_THAT(bad.err, AllOf(HasSubstr("b.cedar:2:8"), HasSubstr("did you mean `name`?")));
  }
}

TEST_F(PolicyCommands, CheckEveryFileAndTellTheFirstThatIsNotValid) {
  const auto schema = file("s.cedarschema", kSchema);
  const auto printed =
      run(validate_policies,
          PolicyOptions{.files = {file("b.cedar", kMisspelt), file("a.cedar", kGood)}, .schema = schema});
  ASSERT_FALSE(printed.result);
  EXPECT_THAT(printed.result.error().message, HasSubstr("b.cedar is not valid"));
  EXPECT_THAT(printed.out, HasSubstr("a.cedar: 1 policy, valid"));
}

TEST_F(PolicyCommands, ValidateLevels) {
  PolicyOptions options{.files = {file("a.cedar", kGood)}, .schema = file("s.cedarschema", kSchema)};
  options.level = 1;
  EXPECT_TRUE(run(validate_policies, options).result);
  options.level = 0;
  EXPECT_FALSE(run(validate_policies, options).result);
}

TEST_F(PolicyCommands, TakeTemplatesAndAnyAnnotationsOfOthersModels) {
  const auto other = file("t.cedar", R"(@mode("x") permit (principal == ?principal, action, resource);)");
  EXPECT_TRUE(
      run(validate_policies, PolicyOptions{.files = {other}, .schema = file("s.cedarschema", kSchema)})
          .result);
}

TEST_F(PolicyCommands, TellWhatIsWrongWithASchema) {
  const auto printed = run(
      validate_policies,
      PolicyOptions{.files = {file("a.cedar", kGood)}, .schema = file("s.cedarschema", "entity User { ;")});
  ASSERT_FALSE(printed.result);
  EXPECT_EQ(printed.result.error().code, "RMT-P007");
  EXPECT_THAT(printed.result.error().message, HasSubstr("s.cedarschema:1:15"));
}

TEST_F(PolicyCommands, ValidateAgainstWhatAnEnvironmentHas) {
  found();
  const auto erp = file("erp.cedar", kErp);
  EXPECT_TRUE(run(validate_policies, PolicyOptions{.files = {erp}, .environment = "sandbox"}).result);
  const auto refused = run(validate_policies, PolicyOptions{.files = {erp}, .environment = "pilot"});
  ASSERT_FALSE(refused.result);
  EXPECT_EQ(refused.result.error().code, "RMT-P003");
  PolicyOptions pilot{.files = {erp}, .environment = "pilot"};
  const auto answer = run_json(pilot);
  EXPECT_EQ(answer.at("checked"), "environment");
  EXPECT_EQ(answer.at("valid"), false);
  EXPECT_EQ(answer.at("findings").at(0).at("policy"), "erp");
  EXPECT_EQ(answer.at("findings").at(0).at("line"), 1);
}

TEST_F(PolicyCommands, ShowASchemaThatCanBeCheckedAgainst) {
  found();
  const auto shown = run(show_schema, PolicyOptions{.environment = "sandbox"});
  ASSERT_TRUE(shown.result);
  EXPECT_THAT(shown.out, testing::StartsWith("// "));
  const auto schema = file("sandbox.cedarschema", shown.out);
  EXPECT_TRUE(
      run(validate_policies, PolicyOptions{.files = {file("erp.cedar", kErp)}, .schema = schema}).result);
}

TEST_F(PolicyCommands, TellWhichPoliciesInForceDoNotFitAnyMore) {
  found();
  EXPECT_TRUE(run(validate_policies, PolicyOptions{.environment = "sandbox"}).result);
  EXPECT_THAT(run(status).out, testing::Not(HasSubstr("policies  ")));
  ASSERT_TRUE(Client::open(context_)->post("/v1/destinations/sandbox/erp/retire", {}));
  const auto refused = run(validate_policies, PolicyOptions{.environment = "sandbox"});
  ASSERT_FALSE(refused.result);
  EXPECT_THAT(refused.err, HasSubstr("in force in sandbox"));
  EXPECT_THAT(run(status).out, HasSubstr("1 error in sandbox"));
}

TEST(PolicyCommandLine, RefusesWhatSaysNothingToCheck) {
  const auto read = [](const std::vector<std::string>& words) {
    return read_command_line(words).has_value();
  };
  EXPECT_FALSE(read({"policy", "validate"}));
  EXPECT_FALSE(read({"policy", "validate", "a.cedar", "--level", "1"}));
  EXPECT_FALSE(read({"policy", "validate", "a.cedar", "--schema", "s", "--env", "pilot"}));
  EXPECT_FALSE(read({"policy", "validate", "a.cedar", "--schema", "s", "--level", "-1"}));
  EXPECT_TRUE(read({"policy", "validate", "a.cedar"}));
  EXPECT_TRUE(read({"policy", "validate", "--env", "pilot"}));
  EXPECT_TRUE(read({"policy", "validate", "a.cedar", "--schema", "s", "--level", "2"}));
  EXPECT_TRUE(read({"policy", "schema", "--env", "pilot"}));
  EXPECT_FALSE(read({"policy", "schema"}));
}

}  // namespace
}  // namespace remit::cli
