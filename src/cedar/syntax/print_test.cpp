#include "cedar/syntax/print.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <limits>

#include "cedar/engine/evaluator.h"
#include "cedar/syntax/same_tree.h"
#include "cedar/testing/corpus_files.h"
#include "cedar/values/extension_types.h"

namespace cedar {
namespace {

std::string when(const std::string& expression) {
  return "permit(principal, action, resource) when { " + expression + " };";
}

const ast::Expr& condition(const PolicySet& policies) {
  return *policies.policies().front().node().conditions.front().body;
}

// What is printed of an expression as it is written here; that the print means the same is checked too.
std::string printed(const std::string& expression) {
  const auto policies = PolicySet::parse(when(expression));
  if (!policies) return "not Cedar: " + policies.error().front().message;
  const std::string text = to_cedar(condition(*policies));
  const auto again = PolicySet::parse(when(text));
  if (!again) return text + " is not Cedar: " + again.error().front().message;
  return same_tree(condition(*policies), condition(*again)) ? text : text + " is another tree";
}

TEST(Print, WritesWhatIsThereAlready) {
  const std::string texts[] = {
      "true",
      "if true then 1 else 2",
      "if if a::\"x\" == principal then true else false then 1 else if false then 2 else 3",
      "true && false && true || false || true && true",
      "(true && false) && true",
      "true && (false && true)",
      "(true || false) && true",
      "true || (false || true)",
      "1 + 2 - 3 * 4 * -5 < 6",
      "1 - (2 - 3) == (1 + 2) * 3",
      "1 * (2 * 3) == 7",
      "(1 == 2) == (3 < 4)",
      "(1 in 2) in 3",
      "--(5) == ----(-5)",
      "-(-9223372036854775808) == -9223372036854775808",
      "----(-(-5)) == 1",
      "!(-1) == -(!true)",
      "!!!!(!true)",
      "!(1 == 2) && !principal.a",
      "(-5).a == -5.a",
      "(if true then principal else resource).a",
      "(principal in resource).a",
      "(1 + 2).a == (!true).a",
      "principal.a[\"b c\"][\"if\"][\"\"].has1",
      "context has a.b.c && context has \"a b\" && context has \"then\"",
      "context.a is App::T in context.b + 1",
      "(principal is T) is T",
      "principal is T in App::G::\"g\"",
      R"("a\nb" like "a*\*\"\\\n\t*")",
      R"("\n\r\t\0\x01\x7f\\\"'é😀" == "")",
      R"({a: 1, "b c": {}, "is": [], _: [1, [2]]} == {})",
      "[].isEmpty() && [1].contains(1) && [].containsAll([]) && [].containsAny([1 + 1, if true then 1 else "
      "2])",
      "principal.getTag(\"a\" + 1) == 1 && principal.hasTag(\"a\")",
      "(1 < 2).isEmpty()",
      "ip(\"1.1.1.1\").isInRange(ip(\"1.0.0.0/8\"))",
      "ip() == ip(1, 2)",
      "datetime(\"2024-01-01\").offset(duration(\"1d\")).toDate() < context.a.toTime(1, 2)",
      "App::User::\"a\\\"b\" == action",
  };
  for (const std::string& text : texts) EXPECT_EQ(printed(text), text);
}

TEST(Print, LeavesOutParenthesesThatChangeNothing) {
  const std::pair<std::string, std::string> cases[] = {
      {"((true))", "true"},
      {"(1 + 2) + 3 == ((4))", "1 + 2 + 3 == 4"},
      {"(1 * 2) + (3 * 4) == 0", "1 * 2 + 3 * 4 == 0"},
      {"(true && true) || (false && true)", "true && true || false && true"},
      {"(1 == 2) && (principal has a)", "1 == 2 && principal has a"},
      {"-(----(-5)) == 1", "----(-(-5)) == 1"},
      {"(principal).a == (principal.b)[\"c\"]", "principal.a == principal.b.c"},
      {"[(1), (if true then 1 else 2)].contains((1 + 1))", "[1, if true then 1 else 2].contains(1 + 1)"},
      {"if (true) then (1) else (if true then 1 else 2)", "if true then 1 else if true then 1 else 2"},
      {"- - 5 == -(-(5))", "-(-5) == --(5)"},
      {"{\"a\": 1,} == {}", "{a: 1} == {}"},
      {"principal has \"a\"", "principal has a"},
      {"!(principal.a)", "!principal.a"},
      {"(-5) + (-5) == 0", "-5 + -5 == 0"},
  };
  for (const auto& [given, expected] : cases) EXPECT_EQ(printed(given), expected);
}

TEST(Print, WritesAPolicyWithItsAnnotationsScopeAndConditions) {
  const std::string texts[] = {
      "permit(principal, action, resource);",
      "@id(\"a\\nb\")\n@bare\n@empty(\"\")\nforbid(principal == U::\"a\", action == Action::\"b\", resource "
      "is T) "
      "when { true } unless { false };",
      "permit(principal in ?principal, action in A::Action::\"b\", resource == ?resource);",
      "permit(principal is A::B in ?principal, action in [], resource is T in G::\"g\");",
      "permit(principal == ?principal, action in [Action::\"a\", Action::\"b\"], resource in ?resource);",
  };
  for (const std::string& text : texts) {
    const auto policies = PolicySet::parse(text);
    ASSERT_TRUE(policies.has_value()) << text;
    const auto all = policies->policies().empty() ? policies->templates() : policies->policies();
    EXPECT_EQ(to_cedar(all.front().node()), text);
  }
}

TEST(Print, WritesALinkAsTheStaticPolicyThatItStandsFor) {
  PolicySetBuilder builder;
  ASSERT_TRUE(builder.add("permit(principal in ?principal, action, resource is T in ?resource);", "t"));
  ASSERT_TRUE(builder.link("t", "l", {.principal = {{"G", "g"}}, .resource = {{"F", "f\"f"}}}));
  const PolicySet policies = std::move(builder).build();
  EXPECT_EQ(to_cedar(policies.find("l")->node()),
            R"(permit(principal in G::"g", action, resource is T in F::"f\"f");)");
  EXPECT_EQ(to_cedar(policies.find_template("t")->node()),
            "permit(principal in ?principal, action, resource is T in ?resource);");
}

std::string value_text(const std::string& expression) {
  const auto policies = PolicySet::parse(when(expression));
  if (!policies) return "not Cedar";
  const Value* value = condition(*policies).constant;
  if (value == nullptr) return "not constant";
  const std::string text = to_cedar(*value);
  const auto again = PolicySet::parse(when(text));
  if (!again) return text + " is not Cedar: " + again.error().front().message;
  const Value* same = condition(*again).constant;
  return same != nullptr && *same == *value ? text : text + " is another value";
}

TEST(Print, WritesValuesOfEveryKind) {
  const std::pair<std::string, std::string> cases[] = {
      {"1 == 1", "true"},
      {"1 - 3", "-2"},
      {"\"a\\u{e9}\"", "\"aé\""},
      {"A::\"b\"", "A::\"b\""},
      {"[3, 1, 2, 1]", "[1, 2, 3]"},
      {"{bb: -1, a: [], \"c d\": {}}", "{a: [], bb: -1, \"c d\": {}}"},
      {"decimal(\"1.5000\")", "decimal(\"1.5\")"},
      {"decimal(\"-0.0001\")", "decimal(\"-0.0001\")"},
      {"decimal(\"7.0\")", "decimal(\"7.0\")"},
      {"decimal(\"-922337203685477.5808\")", "decimal(\"-922337203685477.5808\")"},
      {"duration(\"0h\")", "duration(\"0ms\")"},
      {"duration(\"36h90m61s1001ms\")", "duration(\"1d13h31m2s1ms\")"},
      {"duration(\"-9223372036854775808ms\")", "duration(\"-106751991167d7h12m55s808ms\")"},
      {"datetime(\"2024-02-29\")", "datetime(\"2024-02-29\")"},
      {"datetime(\"2024-02-29T23:59:59.007+0130\")", "datetime(\"2024-02-29T22:29:59.007Z\")"},
      {"datetime(\"1969-12-31T23:59:59Z\")", "datetime(\"1969-12-31T23:59:59Z\")"},
      {"datetime(\"0000-01-01\")", "datetime(\"0000-01-01\")"},
      {"datetime(\"9999-12-31T23:59:59.999Z\")", "datetime(\"9999-12-31T23:59:59.999Z\")"},
      {"datetime(\"0000-01-01\").offset(duration(\"-1ms\"))",
       "datetime(\"1970-01-01\").offset(duration(\"-719528d1ms\"))"},
      {"datetime(\"9999-12-31\").offset(duration(\"1d\"))",
       "datetime(\"1970-01-01\").offset(duration(\"2932897d\"))"},
      {"ip(\"10.0.0.255\")", "ip(\"10.0.0.255\")"},
      {"ip(\"10.1.2.3/8\")", "ip(\"10.1.2.3/8\")"},
      {"ip(\"::\")", "ip(\"::\")"},
      {"ip(\"::1/128\")", "ip(\"::1\")"},
      {"ip(\"1::/16\")", "ip(\"1::/16\")"},
      {"ip(\"1:0:0:2:0:0:0:3\")", "ip(\"1:0:0:2::3\")"},
      {"ip(\"1:0:0:2:0:0:3:4\")", "ip(\"1::2:0:0:3:4\")"},
      {"ip(\"1:0:2:0:3:0:4:0\")", "ip(\"1:0:2:0:3:0:4:0\")"},
      {"ip(\"ABCD:EF01::\")", "ip(\"abcd:ef01::\")"},
      {"ip(\"0:0:0:0:0:0:0:0/0\")", "ip(\"::/0\")"},
  };
  for (const auto& [expression, text] : cases) EXPECT_EQ(value_text(expression), text);
}

TEST(Print, TextsOfExtensionValuesAreReadBack) {
  using Limits = std::numeric_limits<std::int64_t>;
  for (const std::int64_t number :
       {Limits::min(), Limits::min() + 1, std::int64_t{-86'400'000}, std::int64_t{-9999}, std::int64_t{-1},
        std::int64_t{0}, std::int64_t{10'000}, Limits::max()}) {
    EXPECT_EQ(parse_decimal(decimal_text(number)), number);
    EXPECT_EQ(parse_duration(duration_text(number)), number);
  }
  constexpr std::int64_t kFirst = -62'167'219'200'000;
  constexpr std::int64_t kLast = 253'402'300'799'999;
  for (const std::int64_t time : {kFirst, std::int64_t{-1}, std::int64_t{0}, std::int64_t{1'000}, kLast})
    EXPECT_EQ(parse_datetime(datetime_text(time).value()), time);
  EXPECT_EQ(datetime_text(kFirst - 1), std::nullopt);
  EXPECT_EQ(datetime_text(kLast + 1), std::nullopt);
}

TEST(Print, EveryPolicyOfTheCorporaMeansTheSameWhenPrintedAndReadAgain) {
  std::size_t count = 0;
  for (const std::filesystem::path& file : corpus_policy_files(REMIT_CORPORA_DIR)) {
    const auto policies = PolicySet::parse(content_of(file));
    if (!policies) continue;
    for (const auto& list : {policies->policies(), policies->templates()}) {
      for (const Policy& policy : list) {
        const std::string text = to_cedar(policy.node());
        PolicySetBuilder builder;
        ASSERT_TRUE(builder.add(text, "p")) << file << '\n' << text;
        const PolicySet again = std::move(builder).build();
        const Policy* read = policy.node().is_template() ? again.find_template("p") : again.find("p");
        ASSERT_NE(read, nullptr) << file << '\n' << text;
        ASSERT_TRUE(same_tree(policy.node(), read->node())) << file << '\n' << text;
        ++count;
      }
    }
  }
  EXPECT_GT(count, 5'800U);
}

}  // namespace
}  // namespace cedar
