#include "cedar/format.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <random>

#include "cedar/syntax/same_tree.h"
#include "cedar/testing/corpus_files.h"

namespace cedar {
namespace {

using testing::HasSubstr;

std::string formatted(const std::string& text, const FormatOptions& options = {}) {
  const auto once = format(text, options);
  if (!once) return "not formatted: " + once.error().front().message;
  const auto twice = format(*once, options);
  return twice && *twice == *once ? *once
                                  : "not idempotent:\n" + *once + "then\n" + twice.value_or("nothing");
}

std::string when(const std::string& expression) {
  return "permit(principal, action, resource) when { " + expression + " };";
}

// Of an expression, what stands between the braces.
std::string formatted_expression(const std::string& expression, const FormatOptions& options = {}) {
  const std::string text = formatted(when(expression), options);
  const std::size_t begin = text.find("when");
  const std::size_t end = text.rfind("};\n");
  if (begin == std::string::npos || end == std::string::npos) return text;
  return text.substr(begin + 4, end - begin - 4);
}

TEST(Format, LaysPoliciesOut) {
  const std::pair<std::string, std::string> cases[] = {
      {"", ""},
      {" \n\t", ""},
      {"permit(principal,action,resource);permit(principal,action,resource);",
       "permit (principal, action, resource);\n\npermit (principal, action, resource);\n"},
      {"permit(principal,action,resource,)when{true}unless{false};",
       "permit (principal, action, resource,)\nwhen { true }\nunless { false };\n"},
      {"@a@b(\"c\")forbid(principal==U::\"a\",action in[Action::\"x\"],resource is A::B in ?resource);",
       "@a\n@b(\"c\")\nforbid (\n  principal == U::\"a\",\n  action in [Action::\"x\"],\n"
       "  resource is A::B in ?resource\n);\n"},
      {"permit(principal in ?principal, action in [Action::\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\", "
       "Action::\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"], resource);",
       "permit (\n  principal in ?principal,\n  action in\n    "
       "[Action::\"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\",\n"
       "     Action::\"bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb\"],\n  resource\n);\n"},
  };
  for (const auto& [given, expected] : cases) EXPECT_EQ(formatted(given), expected);
}

TEST(Format, BreaksExpressionsWhereTheyDoNotFit) {
  const FormatOptions narrow{.line_width = 30};
  const std::pair<std::string, std::string> cases[] = {
      {"true", " { true "},
      {"principal.aaaaaaa && resource.bbbbbbb", "\n{\n  principal.aaaaaaa &&\n  resource.bbbbbbb\n"},
      {"true && false && true", "\n{\n  true && false && true\n"},
      {"principal.aaaaaaa && resource.bbbbbbb || context.ccccc",
       "\n{\n  principal.aaaaaaa &&\n    resource.bbbbbbb ||\n  context.ccccc\n"},
      {"(principal.aaaaaaa || resource.bbbbbbb) && true",
       "\n{\n  (principal.aaaaaaa ||\n   resource.bbbbbbb) &&\n  true\n"},
      {"principal.aaaaaaaaaa == resource.bbbbbbbbbbbbb",
       "\n{\n  principal.aaaaaaaaaa ==\n    resource.bbbbbbbbbbbbb\n"},
      {"context.a == {aaaaaaaa: 1, \"b c\": {d: {}}, eeeeeee: [1,2]}",
       "\n{\n  context.a == {\n    aaaaaaaa: 1,\n    \"b c\": { d: {} },\n    eeeeeee: [1, 2]\n  }\n"},
      {"[1111111111, 2222222222, 3333333333].contains(1)",
       "\n{\n  [1111111111,\n   2222222222,\n   3333333333].contains(1)\n"},
      {"context.aaaa.containsAny([1111111111, 2222222222])",
       "\n{\n  context.aaaa.containsAny(\n    [1111111111, 2222222222]\n  )\n"},
      {"principal.aaaaaaaa.bbbbbbbb.cccccccc", "\n{\n  principal.aaaaaaaa\n    .bbbbbbbb\n    .cccccccc\n"},
      {"if context.aaaa then 1 else if context.bbbb then 2 else 3",
       "\n{\n  if context.aaaa\n  then 1\n  else if context.bbbb\n  then 2\n  else 3\n"},
      {"1111111111 + 2222222222 * 3333333333 < 4",
       "\n{\n  1111111111 +\n    2222222222 * 3333333333 <\n    4\n"},
      {"ip(\"1.1.1.1\").isInRange(ip(\"1.0.0.0/8\"))",
       "\n{\n  ip(\"1.1.1.1\").isInRange(\n    ip(\"1.0.0.0/8\")\n  )\n"},
      {"! ! ! true && - - 1 == - 1", " { !!!true && --1 == -1 "},
  };
  for (const auto& [given, expected] : cases) {
    EXPECT_EQ(formatted_expression(given, narrow), expected);
  }
  EXPECT_EQ(formatted_expression("a :: B\n:: \"c\" == principal && ! context . a [ \"b\" ] . c"),
            " { a::B::\"c\" == principal && !context.a[\"b\"].c ");
  EXPECT_EQ(formatted(when("principal.aaaaaaa && resource.bbbbbbb"), {.line_width = 30, .indent = 4}),
            "permit (\n    principal,\n    action,\n    resource\n)\nwhen\n{\n    principal.aaaaaaa &&\n    "
            "resource.bbbbbbb\n};\n");
}

TEST(Format, KeepsEveryCommentInItsPlace) {
  const std::pair<std::string, std::string> cases[] = {
      {"// only\n\n\n\n// comments   \n", "// only\n\n// comments\n"},
      {"// head\n\n// of it\n@a // after a\n// before b\n@b(\"c\")//after "
       "b\npermit(principal,action,resource);",
       "// head\n\n// of it\n@a // after a\n// before b\n@b(\"c\") //after b\npermit (principal, action, "
       "resource);\n"},
      {"permit(principal,action,resource); // after\n// before\n\n\npermit(principal,action,resource);\n// "
       "tail\n\n// end",
       "permit (principal, action, resource); // after\n\n// before\n\npermit (principal, action, "
       "resource);\n"
       "// tail\n\n// end\n"},
      {"permit // a\n(principal, // b\n// c\naction, resource // d\n// e\n) // f\n// g\nwhen // h\n{ true } "
       "// i\n;// j",
       "permit // a\n(\n  principal, // b\n  // c\n  action,\n  resource // d\n  // e\n) // f\n// g\nwhen // "
       "h\n"
       "{\n  true\n} // i\n; // j\n"},
      {"permit(principal == U::\"a\" // a\n, action in [Action::\"a\", // b\n// c\nAction::\"b\"// "
       "d\n],resource);",
       "permit (\n  principal == U::\"a\" // a\n  ,\n  action in\n    [Action::\"a\", // b\n     // c\n"
       "     Action::\"b\" // d\n    ],\n  resource\n);\n"},
      {when("// a\ntrue && // b\n// c\nfalse || // d\n[ // e\n1, // f\n2 // g\n// h\n].isEmpty() // i\n// "
            "j\n"),
       "permit (principal, action, resource)\nwhen\n{ // a\n  true && // b\n    // c\n    false || // d\n "
       " [ // e\n"
       "    1, // f\n    2 // g\n    // h\n  ].isEmpty() // i\n  // j\n};\n"},
      {when("{ // a\na: 1, // b\n// c\nb: // d\n2 // e\n} == {// f\n}"),
       "permit (principal, action, resource)\nwhen\n{\n  { // a\n    a: 1, // b\n    // c\n    b: // d\n    "
       "2 // e\n"
       "  } == { // f\n  }\n};\n"},
      {when("principal // a\n.b // b\n// c\n.c // d\n[ // e\n\"d\"]"),
       "permit (principal, action, resource)\nwhen\n{\n  principal // a\n    .b // b\n    // c\n    .c // d\n"
       "    [ // e\n    \"d\"]\n};\n"},
      {"permit(principal,action,resource);// a\r// b\r\npermit(principal,action,resource);",
       "permit (principal, action, resource); // a\n\n// b\npermit (principal, action, resource);\n"},
      {when("\"// no comment\" == \"a\n\n// nor this\" // this\n"),
       "permit (principal, action, resource)\nwhen\n{\n  \"// no comment\" == \"a\n\n// nor this\" // "
       "this\n};\n"},
  };
  for (const auto& [given, expected] : cases) EXPECT_EQ(formatted(given), expected);
}

TEST(Format, RefusesWhatDoesNotParseWithItsDiagnostics) {
  const auto refused = format("permit(principal, action, resource) when { principle };\npermit;");
  ASSERT_FALSE(refused.has_value());
  ASSERT_EQ(refused.error().size(), 2U);
  EXPECT_EQ(refused.error()[0].help, "did you mean `principal`?");
  EXPECT_EQ(refused.error()[1].start.line, 2U);
  Limits limits;
  limits.text_bytes = 10;
  EXPECT_FALSE(format("permit(principal, action, resource);", {}, limits).has_value());
}

std::string repeated(const std::string& text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

TEST(Format, LongAndDeepTextsTakeNoQuadraticTime) {
  constexpr std::size_t kMany = 30'000;
  const auto start = std::chrono::steady_clock::now();
  const std::string texts[] = {
      when("true" + repeated(" && true", kMany)),
      when("[" + repeated("1,", kMany) + "].contains(1)"),
      when(repeated("(", 190) + "true" + repeated(")", 190)),
      when("{a: " + repeated("{a: ", 150) + "1" + repeated("}", 151) + " == {}"),
      repeated("// comment\n", kMany) + when("true"),
      when(repeated("// comment\n", kMany) + "true"),
      repeated("permit(principal, action, resource);", kMany),
  };
  for (const std::string& text : texts) EXPECT_THAT(formatted(text), testing::StartsWith(text.substr(0, 2)));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(20));
}

// With comments and line ends strewn between its tokens, by a seed that is printed.
std::string strewn(std::string_view text, std::mt19937& random) {
  std::string out;
  bool quoted = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    out += text[i];
    if (text[i] == '\\' && quoted) {
      out += text[++i];
      continue;
    }
    if (text[i] == '"') quoted = !quoted;
    if (quoted || std::string_view("(){}[],;").find(text[i]) == std::string_view::npos) continue;
    switch (random() % 8) {
      case 0:
        out += " // " + std::to_string(random() % 100) + "\n";
        break;
      case 1:
        out += "\n\n// " + std::to_string(random() % 100) + "  \n// more\n";
        break;
      case 2:
        out += "\n";
        break;
      default:
        break;
    }
  }
  return out;
}

TEST(Format, EveryPolicyFileOfTheCorporaKeepsItsMeaningAndItsComments) {
  const auto seed = static_cast<std::uint32_t>(testing::UnitTest::GetInstance()->random_seed());
  SCOPED_TRACE("seed " + std::to_string(seed));
  std::mt19937 random(seed);
  std::size_t count = 0;
  for (const std::filesystem::path& file : corpus_policy_files(REMIT_CORPORA_DIR)) {
    const std::string text = strewn(content_of(file), random);
    const auto before = PolicySet::parse(text);
    if (!before) continue;
    const FormatOptions options{.line_width = count % 3 == 0 ? 20U : 80U};
    const std::string once = formatted(text, options);
    ASSERT_THAT(once, testing::Not(testing::StartsWith("not "))) << file << '\n' << text;
    const auto after = PolicySet::parse(once);
    ASSERT_TRUE(after.has_value()) << file << '\n' << once;
    ASSERT_EQ(before->policies().size(), after->policies().size()) << file;
    for (std::size_t i = 0; i < before->policies().size(); ++i)
      ASSERT_TRUE(same_tree(before->policies()[i].node(), after->policies()[i].node())) << file << '\n'
                                                                                        << once;
    ++count;
  }
  EXPECT_GT(count, 5'700U);
}

}  // namespace
}  // namespace cedar
