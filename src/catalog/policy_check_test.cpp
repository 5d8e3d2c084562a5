#include "catalog/policy_check.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "base/canonical_json.h"

namespace remit::catalog {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kSchema = R"(
  entity User { name: String };
  action view appliesTo { principal: User, resource: User, context: { amount: Long } };)";

cedar::Schema schema() { return cedar::Schema::parse(kSchema).value(); }

std::vector<std::uint32_t> error_lines(const PolicyCheck& check) {
  std::vector<std::uint32_t> lines;
  for (const auto& finding : check.findings)
    if (finding.is_error) lines.push_back(finding.diagnostic.start.line);
  return lines;
}

TEST(PolicyCheck, ReportsEveryErrorOfAText) {
  const auto check = check_policies(
      "permit (principal, action);\n"
      "permit (principal, action, resource) when { contxt };\n"
      "forbid (who, action, resource);\n"
      "permit (principal, action, resource) when { 1 + };\n"
      "forbid (principal, action, resource) where { true };\n",
      {});
  EXPECT_THAT(error_lines(check), ElementsAre(1, 2, 3, 4, 5));
  EXPECT_FALSE(check.passed());
  EXPECT_EQ(check.findings[0].code, "RMT-P001");
}

TEST(PolicyCheck, ReportsEveryPolicyThatDoesNotValidate) {
  const auto types = schema();
  const auto check = check_policies(R"(
    permit (principal, action, resource) when { principal.nmae == "x" };
    @id("sum") permit (principal, action, resource) when { context.amount > "5" };
    permit (principal, action == Action::"veiw", resource);
    @mode("shadow") permit (principal, action, resource);
    permit (principal is Usr, action, resource);
    @id("never") permit (principal, action, resource) when { context has x };)",
                                    {.schema = &types});
  EXPECT_THAT(error_lines(check), ElementsAre(2, 3, 4, 5, 6));
  EXPECT_EQ(check.findings[1].policy, "sum");
  EXPECT_EQ(check.findings[1].code, "RMT-P003");
  EXPECT_EQ(check.findings[3].code, "RMT-P002");
  EXPECT_THAT(check.findings[0].diagnostic.help, HasSubstr("`name`"));
  EXPECT_FALSE(check.findings.back().is_error);
  EXPECT_EQ(check.findings.back().policy, "never");
}

TEST(PolicyCheck, TakesTemplatesWhereRemitsObligationsAreNotAskedFor) {
  const auto types = schema();
  constexpr std::string_view text = "permit (principal == ?principal, action, resource);";
  EXPECT_FALSE(check_policies(text, {.schema = &types}).passed());
  EXPECT_TRUE(check_policies(text, {.schema = &types, .obligations = false}).passed());
}

TEST(PolicyCheck, ChecksLevelsWhereItIsAsked) {
  const auto types = schema();
  constexpr std::string_view text = R"(permit (principal, action, resource) when { principal.name == "x" };)";
  EXPECT_TRUE(check_policies(text, {.schema = &types, .level = 1}).passed());
  EXPECT_FALSE(check_policies(text, {.schema = &types, .level = 0}).passed());
}

TEST(PolicyCheck, IsBoundedWhateverTheTextIs) {
  const auto types = schema();
  std::string text;
  for (int i = 0; i < 5'000; ++i)
    text += "@id(\"" + std::string(500, 'p') +
            "\") permit (principal, action, resource) when { principal.nmae == \"" + std::string(200, 'x') +
            "\" }; ";
  const auto check = check_policies(text, {.schema = &types});
  EXPECT_LT(check.error("no:", text, "a.cedar").message.size(), 100'000U);
  std::size_t bytes = 0;
  for (const auto& finding : check.findings) bytes += boost::json::serialize(to_json(finding)).size();
  EXPECT_LT(bytes, 400'000U);
}

TEST(PolicyCheck, TellsEmptyAndDoubledNames) {
  const auto check = check_policies(
      "@id(\"a\") permit (principal, action, resource);\n"
      "@id(\"\") permit (principal, action, resource);\n"
      "@id(\"a\") forbid (principal, action, resource);\n"
      "permit (principal, action, resource);\n",
      {});
  ASSERT_EQ(check.findings.size(), 2U);
  EXPECT_TRUE(check.passed());
  EXPECT_THAT(check.findings[0].diagnostic.message, HasSubstr("is empty"));
  EXPECT_EQ(check.findings[0].policy, "policy1") << "an empty name is none";
  EXPECT_THAT(check.findings[1].diagnostic.message, HasSubstr("the @id `a`"));
  EXPECT_THAT(check.findings[1].diagnostic.help, HasSubstr("line 1"));
}

class LivePolicyCheck : public testing::Test {
 protected:
  std::vector<std::pair<bool, std::string>> found(std::string_view text, bool allow_unknown = false) {
    std::vector<std::pair<bool, std::string>> all;
    for (const auto& finding : check_policies(text, {.schema = &schema_,
                                                     .inventory = &snapshot_,
                                                     .environment = Environment::kProduction,
                                                     .allow_unknown = allow_unknown})
                                   .findings)
      all.emplace_back(finding.is_error, finding.diagnostic.message);
    return all;
  }
  snapshot::Snapshot snapshot_{snapshot::SnapshotData{}};
  cedar::Schema schema_ = schema_of(snapshot_, Environment::kProduction).value();
};

TEST_F(LivePolicyCheck, TellsWhatPermitsNothing) {
  EXPECT_THAT(found("// nothing yet"),
              ElementsAre(std::pair(false, "there is no policy here, so every call is denied")));
  EXPECT_THAT(found("forbid (principal, action, resource);"),
              ElementsAre(std::pair(false, "there is no permit here, so every call is denied")));
}

TEST_F(LivePolicyCheck, RefusesAForbidThatCanNeverApply) {
  constexpr std::string_view text =
      "permit (principal, action, resource);\n"
      "forbid (principal, action, resource) when { context.input has amuont };";
  const std::string message = "this policy can never apply: its conditions are false for every valid request";
  EXPECT_THAT(found(text), ElementsAre(std::pair(true, message)));
  EXPECT_THAT(found(text, true), ElementsAre(std::pair(false, message)));
}

TEST(PolicyCheck, RendersErrorsAndWarningsForPeopleAndForPrograms) {
  const auto types = schema();
  constexpr std::string_view text =
      R"(@id("never") permit (principal, action, resource) when { context has x };
permit (principal, action, resource) when { principal.nmae == "x" };)";
  const auto check = check_policies(text, {.schema = &types});
  ASSERT_EQ(check.findings.size(), 2U);
  EXPECT_THAT(render(check.findings[0], text, "a.cedar"), testing::StartsWith("warning: "));
  EXPECT_THAT(render(check.findings[1], text, "a.cedar"),
              testing::AllOf(testing::StartsWith("error: "), HasSubstr("a.cedar:2:45"), HasSubstr("^^^^"),
                             HasSubstr("= help: ")));
  const auto json = to_json(check.findings[1]);
  EXPECT_EQ(json.at("severity"), "error");
  EXPECT_EQ(json.at("code"), "RMT-P003");
  EXPECT_EQ(json.at("policy"), "policy1");
  EXPECT_EQ(json.at("line"), 2);
  EXPECT_EQ(json.at("column"), 45);
  const auto error = check.error("no:", text, "a.cedar");
  EXPECT_EQ(error.code, "RMT-P003");
  EXPECT_THAT(error.message, testing::Not(HasSubstr("warning")));
}

}  // namespace
}  // namespace remit::catalog
