#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <string>

#include "cedar/authorize.h"
#include "cedar/syntax/lexer.h"

namespace cedar {
namespace {

using testing::HasSubstr;

std::string when(const std::string& expression) {
  return "permit(principal, action, resource) when { " + expression + " };";
}

struct Bad {
  std::string text;
  std::string message;
  std::string help;
};

TEST(Parser, AcceptsEveryFormOfThePolicyGrammar) {
  const std::string texts[] = {
      "",
      "// only a comment",
      "permit(principal, action, resource);",
      "forbid(principal == User::\"a\", action == Action::\"b\", resource == App::Doc::\"c\");",
      "permit(principal in G::\"g\", action in Action::\"b\", resource in F::\"f\");",
      "permit(principal is User, action in [Action::\"a\", App::Action::\"b\"], resource is A::B in "
      "F::\"f\");",
      "permit(principal, action in [], resource,);",
      "@id(\"x\") @if @note(\"\") permit(principal, action, resource) when { true } unless { false } when { "
      "true };",
      when("if true then 1 == 2 else 3 < 4"),
      when("context has a.b.c && context has \"a b\" && principal.when == resource[\"x y\"]"),
      when("principal is User in Group::\"g\" || \"a*b\" like \"a\\**\""),
      when("[1, 2,].contains(1,) && {a: 1, \"b c\": 2,} == {}"),
      when("-9223372036854775808 < - -1 && !!!!true"),
      when("principal.getTag(\"t\") == 1 && principal.hasTag(\"t\") && [].isEmpty()"),
      when("ip(\"1.1.1.1\").isInRange(ip(\"1.0.0.0/8\")) && "
           "datetime(\"2024-01-01\").offset(duration(\"1d\")).toDate() < datetime(\"2025-01-01\")"),
      when("\"\\n\\r\\t\\0\\\\\\\"\\'\\x41\\u{1F600}\" == \"\""),
      when("(((true)))"),
      when("principal::A::\"x\" == principal"),
      "permit\u00a0(principal,\u3000action,\u2003resource\u0085);",  // Unicode's white space
      "// ended by a carriage return\rpermit(principal, action, resource);",
      "permit(principal == ?principal, action, resource is A in ?resource) when { true };",
      "forbid(principal is A::B in ?principal, action, resource == ?resource);",
      "permit(principal in ?principal, action in [], resource in ?resource);",
  };
  for (const std::string& text : texts) {
    const auto parsed = PolicySet::parse(text);
    EXPECT_TRUE(parsed.has_value()) << text << '\n' << (parsed ? "" : parsed.error().front().message);
  }
}

TEST(Parser, RefusesWithAMessageAndAHelp) {
  const Bad cases[] = {
      {"allow(principal, action, resource);", "expected `permit` or `forbid`, found `allow`", ""},
      {"permti(principal, action, resource);", "expected `permit` or `forbid`", "did you mean `permit`?"},
      {"permit(principal, action, resource)", "expected `when`, `unless` or `;`, found the end",
       "ends with `;`"},
      {"permit(action, principal, resource);", "expected `principal`", "in this order"},
      {"permit(principal, action, resource && true);", "expected `)` after the scope", "`when"},
      {"permit(principal == ?resource, action, resource);", "the slot `?resource` cannot stand here",
       "?principal"},
      {"permit(principal, action, resource in ?principal);", "the slot `?principal` cannot", "?resource"},
      {"permit(principal, action == ?action, resource);", "the slot `?action` cannot stand here",
       "there are two"},
      {"permit(principal in ?user, action, resource);", "the slot `?user` cannot stand here",
       "there are two"},
      {"permit(principal in [?principal], action, resource);", "only `action`", ""},
      {"permit(principal is ?principal, action, resource);", "expected a type", ""},
      {"permit(principal, action, resource) when { principal == ?principal };", "expected an expression",
       "only in the scope"},
      {"permit(principal ?principal, action, resource);", "expected `,` after the principal", ""},
      {"permit(principal in [A::\"a\"], action, resource);", "only `action`", "one policy for each"},
      {"permit(principal is A::\"a\", action, resource);", "expected a type", "`==`"},
      {"permit(principal, action == User::\"a\", resource);", "`User` is not a type of actions", "`Action`"},
      {"permit(principal, action is Action, resource);", "`action` cannot be tested", "group"},
      {"permit(principal == User\"a\", action, resource);", "expected `::` and the entity's id", ""},
      {"permit(principal, action in [Action\"a\"], resource);", "expected `::` and the entity's id", ""},
      {when("principal == A::B\"c\""), "expected `::` and the entity's id", ""},
      {"@a @a permit(principal, action, resource);", "two annotations `@a`", ""},
      {when("1 = 2"), "`=` has no meaning here", "`==`"},
      {when("1 / 2 == 0"), "`/` has no meaning here", "no division"},
      {when("1 == 2 == 3"), "cannot follow another comparison", "parentheses"},
      {when("true && if true then true else false"), "expected an expression, found `if`", "parentheses"},
      {when("9223372036854775808 == 0"), "more than 64 bits", "-9223372036854775808"},
      {when("!!!!!true"), "more than four `!`", ""},
      {when("principle == 1"), "no variable `principle`", "`principal`?"},
      {when("principal.contians(1)"), "no method `contians`", "`contains`?"},
      {when("contains([1], 1)"), "is a method, not a function", "value.contains"},
      {when("\"1.1.1.1\".ip() == 1"), "is a function, not a method", "ip("},
      {when("dec(\"1.0\") == 1"), "no function `dec`", ""},
      {when("[1].contains(1, 2)"), "takes 1 argument(s), not 2", ""},
      {when("{a: 1, \"a\": 2} == 1"), "two attributes \"a\"", ""},
      {when("context.if"), "expected the name of an attribute or a method, found `if`", "reserved"},
      {when("context[1]"), "name of an attribute in double quotes", "contains"},
      {when("\"\\q\" == \"\""), "unknown escape `\\q`", "escapes are"},
      {when("\"\\u{D800}\" == \"\""), "unknown escape", ""},
      {when("\"\\x80\" == \"\""), "unknown escape", ""},
      {when("\"\\*\" == \"\""), "unknown escape", "after `like`"},
      {when("\"open"), "this string does not end", "close"},
      {when("User\"alice\" == principal"), "there is no variable `User`", ""},
      {when("App::User == principal"), "`::` and the entity's id", ""},
      {when("App:: == principal"), "a name or an id", ""},
      {when("principal is User\"alice\""), "expected", ""},
      {when("principal is User::\"alice\""), "expected the name of a type", "`==`"},
      {when("__cedar::\"x\" == principal"), "`__cedar`", "reserved"},
      {when("principal like context.x"), "expected a pattern", ""},
      {"permit(principal, action, resource) when { true \xFF };", "not UTF-8", ""},
  };
  for (const Bad& bad : cases) {
    const auto parsed = PolicySet::parse(bad.text);
    ASSERT_FALSE(parsed.has_value()) << bad.text;
    EXPECT_THAT(parsed.error().front().message, HasSubstr(bad.message)) << bad.text;
    EXPECT_THAT(parsed.error().front().help, HasSubstr(bad.help)) << bad.text;
  }
}

TEST(Parser, ReportsEveryBadPolicyOfAFileWithItsPlace) {
  const auto parsed = PolicySet::parse(
      "permit(principal, action, resource) when { principle };\n"
      "permit(principal, action, resource);\n"
      "permit(principal action, resource);\n"
      "  permit(principal, action, resource) when { \"é\" == nobody };\n"
      "permit(principal, action, resource)\n"
      "forbid(principal, action, resource) when { 1 < };\n"
      "forbid(principal, action, resource) when { \"\\q\" };\n");
  ASSERT_FALSE(parsed.has_value());
  ASSERT_EQ(parsed.error().size(), 6U);
  const std::pair<std::uint32_t, std::uint32_t> places[] = {{1, 44}, {3, 18}, {4, 53},
                                                            {6, 1},  {6, 48}, {7, 45}};
  for (std::size_t i = 0; i < 6; ++i) {
    const Position start = parsed.error()[i].start;
    EXPECT_EQ(std::pair(start.line, start.column), places[i]) << parsed.error()[i].message;
  }
}

TEST(Parser, RendersADiagnosticForPeople) {
  const std::string text = "permit(principal, action, resource)\n  when { principle };";
  const auto parsed = PolicySet::parse(text);
  ASSERT_FALSE(parsed.has_value());
  EXPECT_EQ(render(parsed.error().front(), text, "a.cedar"),
            "error: there is no variable `principle`\n"
            "  ┌─ a.cedar:2:10\n"
            "2 │   when { principle };\n"
            "  │          ^^^^^^^^^\n"
            "  = help: did you mean `principal`?\n");
}

Diagnostic only_error(const std::string& text) {
  const auto parsed = PolicySet::parse(text);
  EXPECT_FALSE(parsed.has_value()) << text.substr(0, 200);
  return parsed ? Diagnostic{} : parsed.error().front();
}

TEST(Parser, RendersOfALongLineWhatIsAroundThePlace) {
  const std::string many(100'000, 'a');
  const std::string text = when("\"" + many + "\" == contxt || \"" + many + "\" == \"\"");
  EXPECT_EQ(render(only_error(text), text, "a.cedar"),
            "error: there is no variable `contxt`\n"
            "  ┌─ a.cedar:1:100050\n"
            "1 │ …" +
                std::string(55, 'a') + "\" == contxt || \"" + std::string(109, 'a') +
                "…\n"
                "  │ " +
                std::string(61, ' ') +
                "^^^^^^\n"
                "  = help: did you mean `context`?\n");
}

TEST(Parser, BoundsTheBytesOfEveryMessage) {
  const std::string name(1'000'000, 'n');
  for (const std::string& text : {when(name), when(name + "()"), when("principal." + name + "()"),
                                  "@a(\"" + name + "\") @" + name + " x", name}) {
    const Diagnostic found = only_error(text);
    EXPECT_LT(found.message.size() + found.help.size(), 2100U);
    EXPECT_LT(render(found, text, "a.cedar").size(), 4000U);
  }
}

TEST(Parser, SpeaksUtf8WhateverItIsGiven) {
  std::string wide;
  for (int i = 0; i < 300; ++i) wide += "ä";
  std::size_t told = 0;
  for (std::string pad; pad.size() < 4; pad += 'x') {
    const std::string text_of_all = "\"" + pad + wide + "\"";
    for (const std::string& text :
         {when("\"" + pad + "\\ä\" == \"\""), when("\"\\xä\" == \"\""), when("\"\\u{ä}\" == \"\""),
          when("decimal(" + text_of_all + ")"), when("1 " + text_of_all), when(text_of_all + " ä"),
          "permit" + pad + "\xFF\xC3(principal, action, resource);", pad + "\xC3",
          when(text_of_all + "\xC3\xFF")}) {
      const auto parsed = PolicySet::parse(text);
      if (parsed) continue;
      for (const Diagnostic& found : parsed.error()) {
        std::size_t bad = 0;
        const std::string shown = found.message + found.help + render(found, text, "a.cedar");
        EXPECT_TRUE(is_valid_utf8(shown, bad)) << shown;
        ++told;
      }
    }
  }
  EXPECT_GE(told, 28U);
}

TEST(Parser, SaysThatATextBeginsWithAByteOrderMark) {
  const Diagnostic found = only_error("\xEF\xBB\xBFpermit(principal, action, resource);");
  EXPECT_EQ(found.message, "the text begins with a byte order mark");
  EXPECT_EQ(found.help, "save it as UTF-8 without one");
  EXPECT_EQ(PolicySet::parse_json("\xEF\xBB\xBF{}").error().message, "this begins with a byte order mark");
}

bool holds(const std::string& condition) {
  const auto policies = PolicySet::parse(when(condition));
  EXPECT_TRUE(policies.has_value()) << condition;
  const Request request{.principal = {"U", "a"}, .action = {"Action", "v"}, .resource = {"U", "a"}};
  return policies && authorize(request, *policies, Entities()).decision == Decision::kAllow;
}

TEST(Parser, ReadsEscapesAsTheReferenceDoes) {
  EXPECT_TRUE(holds(R"("\u{4_1}" == "A")"));
  EXPECT_TRUE(holds(R"("\u{41__}" == "A")"));
  EXPECT_TRUE(holds(R"("\u{1_F_6_0_0_}" == "😀")"));
  for (const std::string_view bad : {R"("\u{_41}")", R"("\u{}")", R"("\u{0000041}")", R"("\u{4_1")",
                                     R"("\u{110000}")", "\"a\rb\"", "\"a\r\nb\"", "\"a\\\n   b\""})
    EXPECT_FALSE(PolicySet::parse(when(std::string(bad) + " == \"\""))) << bad;
  EXPECT_TRUE(PolicySet::parse("permit(principal, action, resource)\r\nwhen { true };"));
}

TEST(Parser, TakesOnlyAnEscapedStarOfAPatternForALiteralOne) {
  for (const std::string star : {R"(\u{2a})", R"(\x2a)", R"(\u{2_A})", "*"})
    EXPECT_TRUE(holds("\"axxb\" like \"a" + star + "b\"")) << star;
  EXPECT_FALSE(holds(R"("axxb" like "a\*b")"));
  EXPECT_TRUE(holds(R"("a*b" like "a\*b")"));
}

TEST(Parser, TakesParenthesesAroundWhatAScopeNames) {
  const auto json = [](std::string_view text) {
    const auto parsed = PolicySet::parse(text);
    EXPECT_TRUE(parsed.has_value()) << text;
    return parsed ? parsed->to_json() : std::string(text);
  };
  EXPECT_EQ(json(R"(permit(principal in (U::"a"), action == (Action::"v"), resource is D in ((D::"d")));)"),
            json(R"(permit(principal in U::"a", action == Action::"v", resource is D in D::"d");)"));
  EXPECT_EQ(json(R"(permit(principal == (?principal), action in ([(Action::"v"), Action::"w"]), resource);)"),
            json(R"(permit(principal == ?principal, action in [Action::"v", Action::"w"], resource);)"));
  EXPECT_FALSE(PolicySet::parse(R"(permit(principal in (U::"a", action, resource);)"));
  EXPECT_FALSE(PolicySet::parse(R"(permit(principal in (), action, resource);)"));
}

TEST(Parser, NamesPoliciesByPositionAndKeepsAnnotations) {
  const auto parsed = PolicySet::parse(
      "permit(principal, action, resource);\n"
      "@id(\"mine\") @approval(\"two\\tpeople\") @flag forbid(principal, action, resource);");
  ASSERT_TRUE(parsed.has_value());
  ASSERT_EQ(parsed->policies().size(), 2U);
  const Policy& second = parsed->policies()[1];
  EXPECT_EQ(second.id(), "policy1");
  EXPECT_EQ(second.effect(), Effect::kForbid);
  EXPECT_EQ(second.annotation("id"), "mine");
  EXPECT_EQ(second.annotation("approval"), "two\tpeople");
  EXPECT_EQ(second.annotation("flag"), "");
  EXPECT_EQ(second.annotation("none"), std::nullopt);
  EXPECT_EQ(second.annotation_count(), 3U);
  EXPECT_EQ(second.annotation(0).first, "id");
  EXPECT_EQ(second.position().line, 2U);
  EXPECT_EQ(parsed->find("policy1"), &second);
  EXPECT_EQ(parsed->find("policy2"), nullptr);
}

std::string repeated(const std::string& text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

TEST(Parser, RefusesDepthBeyondTheLimitInsteadOfCrashing) {
  constexpr std::size_t kDeep = 100'000;
  const std::string texts[] = {
      when(repeated("(", kDeep) + "true" + repeated(")", kDeep)),
      when(repeated("[", kDeep) + repeated("]", kDeep)),
      when(repeated("{a:", kDeep) + "1" + repeated("}", kDeep)),
      when("principal" + repeated(".a", kDeep)),
      when("principal has a" + repeated(".a", kDeep)),
      when("1" + repeated(" + 1", kDeep) + " == 1"),
      when("1" + repeated(" * 1", kDeep) + " == 1"),
      when(repeated("if true then true else ", kDeep) + "true"),
      when(repeated("!(", kDeep) + "true" + repeated(")", kDeep)),
      when("context" + repeated(".isEmpty()", kDeep)),
  };
  for (const std::string& text : texts) {
    const auto parsed = PolicySet::parse(text);
    ASSERT_FALSE(parsed.has_value());
    EXPECT_THAT(parsed.error().front().message, HasSubstr("nested more than")) << text.substr(0, 80);
  }
}

TEST(Parser, AcceptsLongChainsAndLargeSets) {
  constexpr std::size_t kLong = 50'000;
  EXPECT_TRUE(PolicySet::parse(when("true" + repeated(" && true", kLong))).has_value());
  EXPECT_TRUE(PolicySet::parse(when("false" + repeated(" || false", kLong))).has_value());
  EXPECT_TRUE(PolicySet::parse(when("[" + repeated("1,", kLong) + "].contains(1)")).has_value());
}

TEST(Parser, ManyPoliciesOnOneLineAndManyAnnotationsTakeNoQuadraticTime) {
  constexpr std::size_t kMany = 30'000;
  std::string annotations;
  for (std::size_t i = 0; i < 3 * kMany; ++i) annotations += "@a" + std::to_string(i) + " ";
  // Of this thread, so that a busy machine does not count.
  const auto seconds = [] {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec;
  };
  const auto start = seconds();
  const auto many = PolicySet::parse(repeated("permit(principal, action, resource);", kMany));
  EXPECT_TRUE(PolicySet::parse(annotations + "permit(principal, action, resource);").has_value());
  EXPECT_LT(seconds() - start, 10);
  ASSERT_TRUE(many.has_value());
  EXPECT_EQ(many->policies().back().position().column, 36 * (kMany - 1) + 1);
}

TEST(Parser, RefusesMoreTextPoliciesOrDiagnosticsThanAllowed) {
  const std::string policy = "permit(principal, action, resource);";
  Limits limits;
  limits.text_bytes = 100;
  EXPECT_TRUE(PolicySet::parse(policy, limits).has_value());
  EXPECT_FALSE(PolicySet::parse(repeated(policy, 3), limits).has_value());
  limits = {};
  limits.policies = 2;
  EXPECT_TRUE(PolicySet::parse(repeated(policy, 2), limits).has_value());
  EXPECT_FALSE(PolicySet::parse(repeated(policy, 3), limits).has_value());
  limits.diagnostics = 2;
  const auto parsed = PolicySet::parse(repeated("permit;", 5), limits);
  ASSERT_FALSE(parsed.has_value());
  EXPECT_EQ(parsed.error().size(), 2U);
}

}  // namespace
}  // namespace cedar
