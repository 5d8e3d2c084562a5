// Texts of one megabyte that mean harm: refused, or parsed and evaluated, for about what a harmless megabyte
// costs, and without recursion that depends on them.

#include <gtest/gtest.h>

#include <string>
#include <tuple>
#include <vector>

#include "cedar/authorize.h"
#include "cedar/partial.h"
#include "cedar/testing/attack.h"
#include "cedar/testing/cost.h"

namespace cedar {
namespace {

std::string when(const std::string& condition) {
  return "permit(principal, action, resource) when { " + condition + " };";
}

std::vector<Attack> attacks_by_text() {
  const std::string half = filled("\"%\",").substr(0, kSize / 2);
  const std::string set = "[" + half.substr(0, half.rfind(',')) + "]";
  return {
      {"nested parentheses", when(repeated("(", kSize / 2) + "true" + repeated(")", kSize / 2))},
      {"nested sets", when(repeated("[", kSize / 2) + repeated("]", kSize / 2))},
      {"nested records", when(repeated("{a:", kSize / 4) + "1" + repeated("}", kSize / 4))},
      {"negations", when(repeated("!(", kSize / 3) + "true" + repeated(")", kSize / 3))},
      {"a sum", when("0" + filled(" + 1") + " == 1")},
      {"a conjunction", when("true" + filled(" && principal.n%"))},
      {"a conjunction that holds", when("true" + filled(" && context != %"))},
      {"chains around a chain",
       when(repeated("(", 90) + "true" + filled(" && principal.n") + repeated(" && principal.b)", 90))},
      {"a disjunction that fails", when("false" + filled(" || context == %"))},
      {"conditions", "permit(principal, action, resource)" + filled("when{context!=%}") + ";"},
      {"a constant set", when("[" + filled("%,") + "].contains(context)")},
      {"a set of variables", when("[" + filled("principal,") + "].contains(context)")},
      {"a set of many values", when("[" + filled("{a:principal,b:%},") + "].contains(context)")},
      {"two large sets", when(set + ".containsAll(" + set + ") && " + set + " == [context]")},
      {"sets of sets", when("[" + filled("[%,[%]],") + "] == [[context]]")},
      {"a record", when("{" + filled("a%: %,") + "} == context")},
      {"a path", when("context has a" + filled(".a"))},
      {"a path of calls", when("context" + filled(".a"))},
      {"a pattern",
       when("\"" + std::string(kSize / 2, 'a') + "\" like \"" + repeated("*a", kSize / 8) + "*b\"")},
      {"a pattern over what is given", when("context.s like \"" + repeated("*ab", kSize / 4) + "\"")},
      {"annotations", filled("@a% ") + "permit(principal, action, resource);"},
      {"actions", "permit(principal, action in [" + filled("Action::\"%\",") + "], resource);"},
      {"policies", filled("permit(principal,action,resource);")},
      {"policies that err", filled("permit(principal,action,resource)when{principal.a%};")},
      {"errors", filled("permit(")},
      {"bad characters", filled("#")},
      {"strings that do not end", filled("\"\n")},
      {"an unknown word", when(std::string(kSize, 'x'))},
      {"if", when(filled("if true then true else ") + "true")},
      {"a type", when("principal is A" + filled("::B"))},
      {"comments", filled("//\n")},
      {"a large address", when("ip(\"" + std::string(kSize, '1') + "\").isIpv4()")},
      {"a large decimal", when("decimal(\"" + std::string(kSize, '1') + ".0\") == context")},
  };
}

TEST(Adversary, IsRefusedOrAnsweredForWhatAHarmlessOneCosts) {
  const CostBound bound;
  const Entities entities = *Entities::parse_json(R"([{"uid": {"type": "U", "id": "u"}, "attrs": {}}])");
  const Request request{
      {"U", "u"}, {"Action", "1"}, {"R", "r"}, *Context::from_json({{"s", std::string(kSize, 'a')}})};
  for (const Attack& attack : attacks_by_text()) {
    bound.check(attack.name, [&] {
      const auto set = PolicySet::parse(attack.text);
      if (!set) return;
      const Response response = authorize(request, *set, entities);
      EXPECT_EQ(response.decision == Decision::kAllow, !response.determining.empty());
    });
  }
}

// Of requests of which nothing is known, so that as much as can be remains.
TEST(Adversary, IsReducedToWhatRemainsForWhatAHarmlessOneCosts) {
  const CostBound bound;
  const Entities entities = *Entities::parse_json(R"([{"uid": {"type": "U", "id": "u"}, "attrs": {}}])");
  for (const Attack& attack : attacks_by_text()) {
    const auto set = PolicySet::parse(attack.text);
    if (!set) continue;
    bound.check(attack.name, [&] {
      const PartialResponse response = partial_authorize({}, *set, entities);
      EXPECT_TRUE(response.satisfied().empty() || response.decision()) << attack.name;
    });
  }
}

TEST(Adversary, AsJsonIsRefusedOrReadForWhatAHarmlessOneCosts) {
  const CostBound bound;
  const std::string uid =
      R"({"uid": {"type": "U", "id": "%"}, "attrs": {}, "parents": [{"type": "U", "id": "p%"}]},)";
  std::string chain;
  for (int i = 0; chain.size() < kSize; ++i)
    chain += R"({"uid":{"type":"U","id":")" + std::to_string(i) + R"("},"parents":[{"type":"U","id":")" +
             std::to_string(i + 1) + R"("}]},)";
  const auto closed = [](std::string list) { return "[" + list.substr(0, list.rfind(',')) + "]"; };
  const Attack attacks[] = {
      {"nested arrays", repeated("[", kSize)},
      {"entities", closed(filled(uid))},
      {"a chain of parents", closed(chain)},
      {"one entity again and again", closed(filled(R"({"uid": {"type": "U", "id": "x"}, "attrs": {}},)"))},
      {"names", R"([{"uid": {"type": "U", "id": "x"}, "attrs": {)" + filled("\"a%\":1,") + R"("z": 1}}])"},
      {"names that are one",
       R"([{"uid": {"type": "U", "id": "x"}, "attrs": {)" + filled("\"a\":1,") + R"("z": 1}}])"},
      {"a set", R"([{"uid": {"type": "U", "id": "x"}, "attrs": {"s": [)" + filled("%,") + "1]}}]"},
      {"a set of equal values",
       R"([{"uid": {"type": "U", "id": "x"}, "attrs": {"s": [)" + filled("{\"a\":[1]},") + "1]}}]"},
      {"escapes", R"([{"uid": {"type": "U", "id": ")" + filled("\\u0041") + R"("}}])"},
  };
  for (const Attack& attack : attacks)
    bound.check(attack.name, [&] { std::ignore = Entities::parse_json(attack.text); });
}

}  // namespace
}  // namespace cedar
