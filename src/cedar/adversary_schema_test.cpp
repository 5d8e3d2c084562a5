// Schemas of one megabyte that mean harm, in both syntaxes, and policies that mean harm to validation:
// refused, or read and validated against, for about what a harmless megabyte costs, in bounded memory.

#include <gtest/gtest.h>
#include <sys/resource.h>

#include <string>
#include <tuple>
#include <vector>

#include "cedar/cedar.h"
#include "cedar/testing/attack.h"
#include "cedar/testing/cost.h"

namespace cedar {
namespace {

// The largest that the process has been, in megabytes.
std::size_t peak_memory() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return static_cast<std::size_t>(usage.ru_maxrss) / 1024;
}

std::string without_comma(std::string list) { return list.substr(0, list.rfind(',')); }

// Cheap to write: every principal with every resource, for every action.
std::string many_environments() {
  const std::string names = without_comma(filled("E%,", 4'000));
  std::string out = "entity " + names + " { a?: Long };\n";
  for (int i = 0; out.size() + 2 * names.size() + 100 < kSize; ++i)
    out += "action a" + std::to_string(i) + " appliesTo { principal: [" + names + "], resource: [" + names +
           "] };\n";
  return out;
}

std::vector<Attack> attacks_on_schemas() {
  return {
      {"entities", filled("entity E% { a: Long, b?: Set<String> };\n")},
      {"one entity again and again", filled("entity E;\n")},
      {"a chain of parents", "entity E0;" + filled("entity E% in E^;\n")},
      {"parents of all", "entity " + without_comma(filled("E%,", kSize / 2)) + " in [" +
                             without_comma(filled("E%,", kSize / 2)) + "];"},
      {"a circle of parents", "entity E0 in [E1];" + filled("entity E% in [E^, E0];\n")},
      {"a tower of common types",
       "type T0 = { a: Long };" + filled("type T% = { x: T^, y: T^ };\n") +
           "entity E { t: T9 }; action a appliesTo { principal: E, resource: E };"},
      {"a tower that is used", "type T0 = { a: Long };" + filled("type T% = { x: T^, y: T^ };\n", 4'000) +
                                   "entity E { t: T90 }; action a appliesTo { principal: E, resource: E };"},
      {"a circle of common types", "type T0 = T1;" + filled("type T% = Set<T^>;\n")},
      {"nested sets", "type T = " + repeated("Set<", kSize / 5) + "Long" + repeated(">", kSize / 5) + ";"},
      {"nested records", "type T = " + repeated("{a:", kSize / 4) + "Long" + repeated("}", kSize / 4) + ";"},
      {"a record", "entity E {" + without_comma(filled("a%: Long,")) + "};"},
      {"a record of one name", "entity E {" + without_comma(filled("a: Long,")) + "};"},
      {"an enumeration", "entity E enum [" + without_comma(filled("\"%\",")) + "];"},
      {"actions", "entity E;" + filled("action a% appliesTo { principal: E, resource: E };\n")},
      {"a chain of actions", "action a0;" + filled("action a% in a^;\n")},
      {"a circle of actions", "action a0 in a1;" + filled("action a% in a^;\n")},
      {"actions in all", filled("action a%;\n", kSize / 2) + "action " +
                             without_comma(filled("b%,", kSize / 4)) + " in [" +
                             without_comma(filled("a%,", kSize / 4)) + "];"},
      {"environments", many_environments()},
      {"namespaces", filled("namespace N% { entity E; }\n")},
      {"a long name", "entity " + std::string(kSize, 'x') + ";"},
      {"a path", "entity E { a: A" + filled("::B") + " };"},
      {"annotations", filled("@a%(\"x\") ") + "entity E;"},
      {"escapes", "entity E enum [\"" + repeated("\\u{41}", kSize / 6) + "\"];"},
      {"unknown types", "entity E {" + without_comma(filled("a%: Unknown%,")) + "};"},
      {"errors", filled("entity\n")},
      {"bad characters", filled("#")},
      {"strings that do not end", filled("\"\n")},
  };
}

PolicySet policies(std::string_view text) {
  auto parsed = PolicySet::parse(text);
  if (!parsed) ADD_FAILURE() << parsed.error().front().message;
  return parsed ? *std::move(parsed) : PolicySet();
}

TEST(Adversary, OfManyEnvironmentsMakesValidationGiveUpAndSaySo) {
  const auto schema = Schema::parse(many_environments());
  ASSERT_TRUE(schema.has_value());
  const PolicySet set = policies(
      "permit(principal, action, resource) when { principal has a };"
      "permit(principal, action, resource) when { resource has a };");
  const ValidationReport report = validate(set, *schema, {.environments = 100'000});
  ASSERT_EQ(report.findings.size(), 1U);
  EXPECT_FALSE(report.passed());
  EXPECT_EQ(report.findings.front().diagnostic.message,
            "validation gives up: there are too many kinds of requests to check");
}

constexpr std::size_t kMostMemory = 400;  // megabytes

TEST(Adversary, OfSchemasIsRefusedOrReadForWhatAHarmlessOneCosts) {
  const CostBound bound;
  const PolicySet set = policies(
      "permit(principal, action, resource) when { principal has a && principal.a == 1 && principal in "
      "resource };"
      "permit(principal, action, resource) when { resource has t.x.y.x && action in Action::\"a0\" };");
  const std::size_t before = peak_memory();
  for (const Attack& attack : attacks_on_schemas()) {
    std::string json;
    bound.check(attack.name, [&] {
      const auto schema = Schema::parse(attack.text);
      if (!schema) return;
      std::ignore = validate(set, *schema, {.environments = 100'000});
    });
    if (const auto schema = Schema::parse(attack.text)) json = schema->to_json();
    bound.check((std::string("as JSON, ") + attack.name).c_str(), [&] {
      const auto schema = Schema::parse_json(json);
      if (schema) std::ignore = schema->to_cedar();
    });
  }
  EXPECT_LE(peak_memory() - before, kMostMemory);
}

TEST(Adversary, OfSchemasInJsonIsRefusedOrReadForWhatAHarmlessOneCosts) {
  const CostBound bound;
  const auto types = [](const std::string& list) {
    return R"({"": {"commonTypes": {)" + list +
           R"("z": {"type": "Long"}}, "entityTypes": {}, "actions": {}}})";
  };
  const std::size_t before = peak_memory();
  for (const Attack& attack : std::vector<Attack>{
           {"nested arrays", repeated("[", kSize)},
           {"nested objects", repeated("{\"a\":", kSize / 5)},
           {"nested types", types(R"("a": )" + repeated(R"({"type": "Set", "element": )", kSize / 28))},
           {"types", types(filled(R"("t%": {"type": "Set", "element": {"type": "t^"}},)"))},
           {"types of one name", types(filled(R"("t": {"type": "Long"},)"))},
           {"wrong types", types(filled(R"("t%": {"type": 1},)"))},
           {"unknown members", types(filled(R"("t%": {"typo": "Long"},)"))},
           {"numbers", "[" + filled("1e999,") + "1]"},
           {"escapes", "\"" + repeated("\\u0041", kSize / 6) + "\""},
       })
    bound.check(attack.name, [&] { std::ignore = Schema::parse_json(attack.text); });
  EXPECT_LE(peak_memory() - before, kMostMemory);
}

TEST(Adversary, OfPoliciesIsValidatedForWhatAHarmlessOneCosts) {
  const CostBound bound;
  const auto schema =
      Schema::parse("type T0 = { a?: Long };" + filled("type T% = { x?: T^, y?: T^ };\n", 4'000) +
                    "entity Group in [Group]; entity User in [Group] { n: Long, s: String, t: T80, u?: User "
                    "} tags Set<String>;"
                    "entity Doc in [Group] { n: Long, s: String, t: T80 };"
                    "action view, edit, list appliesTo { principal: [User, Group], resource: [Doc, User], "
                    "context: { n: Long, t: T80 } };");
  ASSERT_TRUE(schema.has_value());
  const auto when = [](const std::string& condition) {
    return "permit(principal is User, action, resource) when { " + condition + " };";
  };
  const std::size_t before = peak_memory();
  for (const Attack& attack : std::vector<Attack>{
           {"a conjunction", when("true" + filled(" && principal.n == %"))},
           {"a disjunction", when("false" + filled(" || resource.n == %"))},
           {"presences", when("true" + filled(" && principal has u.u.u"))},
           {"presences of many", when("true" + filled(" && context has t.x.a%"))},
           {"tags",
            when("true" + filled(" && principal.hasTag(\"%\") && principal.getTag(\"%\").contains(\"\")"))},
           {"alternatives of presences", when("false" + filled(" || (principal has u && context.t has x)"))},
           {"errors", when("true" + filled(" && principal.none% == 1"))},
           {"errors of types", when("true" + filled(" && principal.n < \"%\""))},
           {"policies", filled("permit(principal, action, resource) when { principal.n == % };")},
           {"policies with errors", filled("permit(principal, action, resource) when { principal.x == % };")},
           {"policies on nothing", filled("permit(principal == N::\"%\", action, resource);")},
           {"actions",
            "permit(principal, action in [" + without_comma(filled("Action::\"view\",")) + "], resource);"},
           {"unknown actions",
            "permit(principal, action in [" + without_comma(filled("Action::\"%\",")) + "], resource);"},
           {"a set", when("[" + without_comma(filled("%,")) + "].contains(principal.n)")},
           {"a set of records",
            when("[" + without_comma(filled("{a: %, b: [%]},")) + "].contains({a: 1, b: [1]})")},
           {"a set of towers",
            when("[" + without_comma(filled("principal.t, context.t,")) + "].contains(principal.t)")},
           {"a record", when("{" + without_comma(filled("a%: principal.t,")) + "} == {a: 1}")},
           {"towers compared", when("true" + filled(" && principal.t == context.t"))},
           {"ifs", when(repeated("if principal has u then (", 60) + "true" + repeated(") else false", 60) +
                        filled(" && true"))},
           {"entities", when("principal in [" + without_comma(filled("Group::\"%\",")) + "]")},
           {"patterns", when("true" + filled(" && principal.s like \"*a*%*\""))},
       }) {
    const auto set = PolicySet::parse(attack.text);
    ASSERT_TRUE(set.has_value()) << attack.name << set.error().front().message;
    bound.check(attack.name, [&] { std::ignore = validate(*set, *schema, {.level = 3}); });
  }
  EXPECT_LE(peak_memory() - before, kMostMemory);
}

}  // namespace
}  // namespace cedar
