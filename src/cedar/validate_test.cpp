#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <string>
#include <vector>

#include "cedar/schema.h"

namespace cedar {
namespace {

using testing::HasSubstr;

const Schema& schema() {
  static const Schema kSchema = [] {
    auto parsed = Schema::parse(R"(
      type Address = { street: String, zip?: Long, home?: User };
      entity Color enum ["red", "green"];
      entity Org { tier: Long };
      entity Group in [Group, Org] { lead?: User } tags Long;
      entity User in [Group] {
        name: String, age?: Long, boss?: User, address: Address, ips: Set<ipaddr>, friends: Set<User>,
        color: Color, active: Bool, seen: datetime, idle?: duration, score: decimal
      } tags Set<String>;
      entity Doc in [Folder] { owner: User, rev: Long, "x y"?: Long };
      entity Folder in [Folder] { owner?: User };
      action all;
      action read in all;
      action view in read appliesTo {
        principal: [User, Group], resource: [Doc, Folder],
        context: { ip: ipaddr, mfa?: Bool, inner: { u?: User, k: Long } }
      };
      action edit in all appliesTo { principal: User, resource: Doc };
    )");
    EXPECT_TRUE(parsed.has_value());
    return parsed ? *parsed : Schema();
  }();
  return kSchema;
}

ValidationReport report_on(const std::string& text, const ValidationOptions& options = {}) {
  const auto policies = PolicySet::parse(text);
  EXPECT_TRUE(policies.has_value()) << text << (policies ? "" : policies.error().front().message);
  return policies ? validate(*policies, schema(), options) : ValidationReport();
}

std::string view_doc(std::string_view condition) {
  return "permit(principal is User, action == Action::\"view\", resource is Doc) when { " +
         std::string(condition) + " };";
}

TEST(Validation, AcceptsWhatCannotFail) {
  const std::string_view conditions[] = {
      "principal.name == \"x\" && principal.active",
      "principal has age && principal.age > 18",
      "principal has boss && principal.boss has age && principal.boss.age == 1",
      "principal has boss.age && principal.boss.age == 1",
      "principal.address has home.boss.age && principal.address.home.boss.age == 1",
      "!(principal has age) || principal has age && principal.age < 3",
      "if principal has age then principal.age > 3 else false",
      "if principal has age && principal has boss then principal.boss.name == \"b\" else true",
      "(principal has age && principal.active || principal has age) && principal.age == 1",
      "principal.hasTag(\"t\") && principal.getTag(\"t\").contains(\"x\")",
      "principal.hasTag(principal.name) && principal.getTag(principal.name).isEmpty()",
      "{a: principal}.a has age && {a: principal}.a.age == 1",
      "resource has \"x y\" && resource[\"x y\"] == 1",
      "context has mfa && context.mfa && context.ip.isInRange(ip(\"10.0.0.0/8\"))",
      "principal.score.lessThan(decimal(\"1.5\")) && principal.seen < "
      "datetime(\"2024-01-01\").offset(duration(\"1d\"))",
      "principal has idle && principal.idle > duration(\"1h\") && principal.seen.toTime() <= principal.idle",
      "principal in Group::\"g\" && resource in Folder::\"f\" && principal in [Group::\"a\", Group::\"b\"]",
      "principal.color == Color::\"red\" && [Color::\"green\"].contains(principal.color)",
      "principal is Group && principal.nothing == 1 || principal.active",  // never evaluated
      "principal == resource || principal.active",                         // false, not wrong
      "1 == \"a\" || principal.active",                                    // so are literals
      "action == Action::\"view\" && action in Action::\"all\" && action in [Action::\"edit\", "
      "Action::\"read\"]",
      "[true, principal.active].contains(1 == 2)",
      "{a: true, b: 1} == {b: 2, a: principal.active}",
      "context.inner has u && context.inner.u in principal.friends",
  };
  for (const std::string_view condition : conditions) {
    const ValidationReport report = report_on(view_doc(condition));
    for (const Finding& finding : report.findings)
      ADD_FAILURE() << condition << ": " << finding.diagnostic.message;
  }
}

struct Bad {
  std::string condition;
  std::string marked;  // the part of the condition that is complained of
  std::string message;
  std::string help;
};

TEST(Validation, RefusesWhatMayFailAtItsPlaceWithHelp) {
  const Bad cases[] = {
      {"principal.nmae == \"x\"", "principal.nmae", "`User` has no attribute `nmae`", "did you mean `name`?"},
      {"principal.age == 1", "principal.age", "the attribute `age` of `User` is optional", "has age"},
      {"principal has age || principal.age == 1", "principal.age", "is optional", ""},
      {"!(principal has age) && principal.age == 1", "principal.age", "is optional", ""},
      {"(principal has age || principal has boss) && principal.age == 1", "principal.age", "is optional", ""},
      {"resource.owner has age && principal.age == 1", "principal.age", "is optional", ""},
      {"if principal has age then true else principal.age == 1", "principal.age", "is optional", ""},
      {"(principal has age) == true && principal.age == 1", "principal.age", "is optional", ""},
      {"context.mfa", "context.mfa", "is optional", ""},
      {"action.foo == 1", "action.foo", "`Action` has no attribute `foo`", "actions have no attributes"},
      {"principal.name.foo == 1", "principal.name", "expected an entity or a record, found `String`", ""},
      {"principal.getTag(\"t\") == [\"a\"]", "principal.getTag(\"t\")", "this tag may not be there",
       "hasTag"},
      {"principal.hasTag(\"a\") && principal.getTag(\"b\") == [\"a\"]", "principal.getTag(\"b\")",
       "may not be there", ""},
      {"resource.getTag(\"t\") == 1", "resource.getTag(\"t\")", "`Doc` have no tags", "declare them"},
      {"principal.hasTag(1)", "1", "expected `String`, found `Long`", ""},
      {"principal.name", "principal.name", "expected `Bool`, found `String`", ""},
      {"principal.name + \"x\" == \"y\"", "principal.name", "expected `Long`, found `String`",
       "texts cannot be joined"},
      {"principal.name < 3", "principal.name", "expected `Long`, `datetime` or `duration`, found `String`",
       ""},
      {"principal.score < principal.score", "principal.score", "found `decimal`", "lessThan"},
      {"principal.seen < 3", "principal.seen < 3", "cannot be compared: `datetime` and `Long`", ""},
      {"principal.name == 3", "principal.name == 3", "can never be equal", ""},
      {"principal.address == {street: \"s\"}", "principal.address == {street: \"s\"}", "can never be equal",
       "the same attributes"},
      {"[] == principal.friends", "[]", "the empty set has no type", "isEmpty"},
      {"[1, \"a\"].contains(1)", "\"a\"", "the elements of a set have different types: `Long` and `String`",
       ""},
      {"[User::\"a\", Group::\"b\"].contains(principal)", "Group::\"b\"", "different types", ""},
      {"principal.friends.contains(resource)", "principal.friends.contains(resource)",
       "can never contain that", ""},
      {"principal.friends.containsAll([1])", "principal.friends.containsAll([1])", "an element in common",
       ""},
      {"principal.name.contains(\"a\")", "principal.name", "expected a set, found `String`", "`like`"},
      {"principal.name in Group::\"g\"", "principal.name", "expected an entity, found `String`", ""},
      {"principal in principal.ips", "principal.ips", "expected an entity or a set of entities", ""},
      {"principal.friends has name", "principal.friends", "expected an entity or a record", "contains"},
      {"principal has name.first", "principal has name.first", "`.name` is no entity or record, but `String`",
       ""},
      {"principal like \"a*\"", "principal", "expected `String`, found `User`", ""},
      {"principal.name is User", "principal.name", "expected an entity", ""},
      {"(if principal.active then 1 else \"a\") == 1", "if principal.active then 1 else \"a\"",
       "different types: `Long` and `String`", ""},
      {"ip(\"1.2.3.400\").isIpv4()", "\"1.2.3.400\"", "is not an IP address", ""},
      {"ip(principal.name).isIpv4()", "ip(principal.name)", "needs a literal text", ""},
      {"decimal(\"1.23456\").lessThan(decimal(\"1.0\"))", "\"1.23456\"", "is not a decimal", ""},
      {"datetime(\"2024-13-01\") < principal.seen", "\"2024-13-01\"", "is not a datetime", ""},
      {"duration(\"1x\") < duration(\"1h\")", "\"1x\"", "is not a duration", ""},
      {"context.ip.isInRange(\"1.1.1.1\")", "\"1.1.1.1\"", "expected `ipaddr`, found `String`", ""},
      {"context.ip.isIpv4(1)", "context.ip.isIpv4(1)", "takes 0 argument(s), not 1", ""},
      {"principal in Grop::\"g\"", "Grop::\"g\"", "no entity type `Grop`", "did you mean `Group`?"},
      {"principal is Usr", "principal is Usr", "no entity type `Usr`", "did you mean `User`?"},
      {"false && principal in Nope::\"g\"", "Nope::\"g\"", "no entity type `Nope`",
       ""},  // even where never reached
      {"principal.color == Color::\"gren\"", "Color::\"gren\"", "`Color` has no entity \"gren\"",
       "did you mean `green`?"},
      {"principal.color == Color::\"mauve\"", "Color::\"mauve\"", "`Color` has no entity \"mauve\"",
       "its ids are \"green\", \"red\""},
      {"action == Action::\"veiw\"", "Action::\"veiw\"", "no action `Action::\"veiw\"`",
       "did you mean `Action::\"view\"`?"},
  };
  for (const Bad& bad : cases) {
    const std::string text = view_doc(bad.condition);
    const ValidationReport report = report_on(text);
    EXPECT_FALSE(report.passed()) << bad.condition;
    ASSERT_FALSE(report.findings.empty()) << bad.condition;
    const Diagnostic& found = report.findings.front().diagnostic;
    EXPECT_EQ(text.substr(found.span.begin, found.span.end - found.span.begin), bad.marked) << found.message;
    EXPECT_THAT(found.message, HasSubstr(bad.message)) << bad.condition;
    EXPECT_THAT(found.help, HasSubstr(bad.help)) << bad.condition;
    EXPECT_EQ(found.start.line, 1U);
    EXPECT_EQ(found.start.column, found.span.begin + 1) << bad.condition;
  }
}

TEST(Validation, ReportsEveryErrorOfEveryPolicyOnce) {
  const ValidationReport report = report_on(
      "permit(principal, action, resource is Doc) when { principal.nmae == 1 && resource.rev == \"x\" };\n"
      "permit(principal is User, action, resource) unless { principal.age > principal.agee };\n"
      "forbid(principal == Usr::\"x\", action == Action::\"veiw\", resource);\n");
  std::vector<std::string> found;
  for (const Finding& finding : report.findings) {
    found.push_back(finding.policy + " " + std::to_string(finding.diagnostic.start.line) + ":" +
                    std::to_string(finding.diagnostic.start.column) + " " + finding.diagnostic.message);
  }
  EXPECT_THAT(
      found,
      testing::ElementsAre(
          "policy0 1:51 `Group` has no attribute `nmae`", "policy0 1:51 `User` has no attribute `nmae`",
          "policy0 1:74 these can never be equal, their types differ: `Long` and `String`",
          "policy1 2:54 the attribute `age` of `User` is optional",
          "policy1 2:70 `User` has no attribute `agee`", "policy2 3:8 the schema has no entity type `Usr`",
          "policy2 3:41 the schema has no action `Action::\"veiw\"`"));
}

TEST(Validation, LooksOnlyAtRequestsThatTheScopeLetsThrough) {
  EXPECT_TRUE(report_on("permit(principal is User, action, resource) when { principal.active };").passed());
  EXPECT_FALSE(report_on("permit(principal, action, resource) when { principal.active };").passed());
  EXPECT_TRUE(report_on("permit(principal, action == Action::\"edit\", resource) when { resource.rev == 1 };")
                  .passed());
  EXPECT_FALSE(
      report_on("permit(principal, action in Action::\"read\", resource) when { resource.rev == 1 };")
          .passed());
  EXPECT_TRUE(
      report_on("permit(principal in User::\"u\", action, resource) when { principal.active };").passed());
  EXPECT_TRUE(
      report_on("permit(principal is User in Group::\"g\", action, resource in Folder::\"f\");").passed());
  EXPECT_FALSE(
      report_on("permit(principal in Group::\"g\", action, resource) when { principal.active };").passed());
}

TEST(Validation, RefusesAScopeThatNoActionAppliesTo) {
  const std::pair<std::string, std::string> cases[] = {
      {"permit(principal, action == Action::\"all\", resource);", "use `in`"},
      {"permit(principal == Org::\"o\", action, resource);", "did you mean `in` instead of `==`?"},
      {"permit(principal is Group, action == Action::\"edit\", resource);",
       "principals User and resources Doc"},
      {"permit(principal is User in Folder::\"f\", action, resource);", ""},
      {"permit(principal is Color, action, resource);", ""},
  };
  for (const auto& [text, help] : cases) {
    const ValidationReport report = report_on(text);
    ASSERT_EQ(report.findings.size(), 1U) << text;
    EXPECT_EQ(report.findings[0].kind, FindingKind::kInapplicableScope) << text;
    EXPECT_FALSE(report.passed());
    EXPECT_THAT(report.findings[0].diagnostic.help, HasSubstr(help)) << text;
  }
}

TEST(Validation, ListsOfActionsAreSetsLikeAnyOther) {
  EXPECT_THAT(report_on("permit(principal, action in [], resource);").findings[0].diagnostic.message,
              HasSubstr("fits no action"));
  const auto two = Schema::parse(
      "namespace A { entity E; action x appliesTo { principal: E, resource: E }; } namespace B { action x; "
      "}");
  ASSERT_TRUE(two.has_value());
  const auto mixed =
      PolicySet::parse("permit(principal, action in [A::Action::\"x\", B::Action::\"x\"], resource);");
  EXPECT_THAT(validate(*mixed, *two).findings.at(0).diagnostic.message, HasSubstr("must have one type"));
}

// A name means the namespace's own first, a common type before an entity type, a builtin type last.
TEST(Validation, ReadsTheNamesOfTheSchemaInTheOrderOfTheReference) {
  struct Lookup {
    std::string_view schema;
    std::string_view good;  // an expression over principal.x that is right only if x has the expected type
  };
  const Lookup cases[] = {
      {"namespace N { type T = Long; entity U { x: T }; action v appliesTo { principal: U, resource: U }; }",
       "principal.x == 1"},
      {"type T = Long; namespace N { entity U { x: T }; action v appliesTo { principal: U, resource: U }; }",
       "principal.x == 1"},
      {"namespace N { type T = Long; entity T; entity U { x: T }; action v appliesTo { principal: U, "
       "resource: U }; }",
       "principal.x == 1"},
      {"entity Long; namespace N { entity U { x: Long }; action v appliesTo { principal: U, resource: U }; }",
       "principal.x is Long"},
      {"entity Long; namespace N { entity U { x: __cedar::Long }; action v appliesTo { principal: U, "
       "resource: U }; }",
       "principal.x == 1"},
      {"namespace N { entity String; entity U { x: String }; action v appliesTo { principal: U, resource: U "
       "}; }",
       "principal.x is N::String"},
      {"type ipaddr = Bool; namespace N { entity U { x: ipaddr }; action v appliesTo { principal: U, "
       "resource: U }; }",
       "principal.x"},
  };
  // Types of actions are the only ones that two namespaces may both have outside and inside.
  const Lookup actions[] = {
      {"action w; namespace N { entity U { x: Action }; action v appliesTo { principal: U, resource: U }; }",
       "principal.x == N::Action::\"v\""},
      {"action w; namespace N { entity U { x: Set<Action> }; } namespace M { action v appliesTo { principal: "
       "N::U, "
       "resource: N::U }; }",
       "principal.x.contains(Action::\"w\")"},
  };
  std::vector<Lookup> all(std::begin(cases), std::end(cases));
  all.insert(all.end(), std::begin(actions), std::end(actions));
  for (const Lookup& one : all) {
    const auto parsed = Schema::parse(one.schema);
    ASSERT_TRUE(parsed.has_value()) << one.schema;
    const auto policies =
        PolicySet::parse("permit(principal, action, resource) when { " + std::string(one.good) + " };");
    ASSERT_TRUE(policies.has_value());
    const ValidationReport report = validate(*policies, *parsed);
    EXPECT_TRUE(report.findings.empty()) << one.schema << report.findings.front().diagnostic.message;
  }
}

TEST(Validation, WarnsOfAPolicyThatCanNeverApply) {
  const std::string_view conditions[] = {"false",
                                         "principal is Group",
                                         "principal has nothing",
                                         "1 == 2",
                                         "resource.hasTag(\"t\")",
                                         "principal == resource",
                                         "principal in resource",
                                         "action == Action::\"edit\"",
                                         "true && !true",
                                         "true != (true || false)",
                                         "(true && true && false) == true",
                                         "(if (true || false) == true then false else 1 + \"\" == 2)"};
  for (const std::string_view condition : conditions) {
    const ValidationReport report = report_on(view_doc(condition));
    EXPECT_TRUE(report.passed()) << condition;
    ASSERT_EQ(report.findings.size(), 1U) << condition;
    EXPECT_EQ(report.findings[0].kind, FindingKind::kImpossible) << condition;
  }
  EXPECT_EQ(report_on("permit(principal, action, resource) unless { true };").findings.at(0).kind,
            FindingKind::kImpossible);
  EXPECT_TRUE(report_on("permit(principal, action, resource) when { principal is User };").findings.empty());
}

TEST(Validation, ChecksTemplatesAndWhatFillsTheirSlots) {
  PolicySetBuilder builder;
  ASSERT_TRUE(
      builder.add("permit(principal in ?principal, action == Action::\"view\", resource == ?resource) "
                  "when { resource.rev == 1 };",
                  "bad"));
  ASSERT_TRUE(
      builder.add("permit(principal == ?principal, action == Action::\"edit\", resource in ?resource) "
                  "when { resource.rev == 1 };",
                  "good"));
  const auto link = [&](const char* id, EntityUid principal, EntityUid resource) {
    ASSERT_TRUE(
        builder.link("good", id, {.principal = std::move(principal), .resource = std::move(resource)}));
  };
  link("fine", {"User", "u"}, {"Folder", "f"});
  link("unknown", {"Usr", "u"}, {"Folder", "f"});
  link("never", {"Group", "g"}, {"Folder", "f"});
  link("color", {"Color", "blue"}, {"Folder", "f"});
  const ValidationReport report = validate(std::move(builder).build(), schema());
  std::vector<std::string> found;
  for (const Finding& finding : report.findings)
    found.push_back(finding.policy + ": " + finding.diagnostic.message);
  EXPECT_THAT(found, testing::UnorderedElementsAre("unknown: the schema has no entity type `Usr`",
                                                   HasSubstr("never: the scope fits no request"),
                                                   HasSubstr("color: `Color` has no entity"),
                                                   HasSubstr("bad: `Folder` has no attribute `rev`")));
}

struct Level {
  std::string_view condition;
  std::uint32_t needed;  // the lowest level at which it passes; 9: none
};

TEST(Levels, CountTheEntitiesThatAreLookedThroughInARow) {
  const Level cases[] = {
      {"context.inner.k == 1 && principal == User::\"a\" && principal is User", 0},
      {"principal.active", 1},
      {"principal has boss", 1},
      {"principal in Group::\"g\"", 1},
      {"principal.hasTag(\"t\") && principal.getTag(\"t\").contains(\"x\")", 1},
      {"principal is User in Group::\"g\"", 1},
      {"principal.address.street == \"s\"", 1},
      {"principal.address has zip", 1},
      {"principal has address.zip", 1},
      {"resource.owner == principal", 1},
      {"resource.owner.active", 2},
      {"resource.owner in Group::\"g\"", 2},
      {"principal has boss.age", 2},
      {"principal has boss.boss.age && principal.boss.boss.age == 1", 3},
      {"principal.address has home.boss.age", 3},
      {"context.inner has u && context.inner.u.active", 1},
      {"context.inner has u.boss.age", 2},
      {"(if principal.active then resource.owner else principal).active", 2},
      {"{a: principal, b: resource.owner.name}.a.active", 2},
      {"{a: {b: principal}}.a.b.active", 1},
      {"{a: resource.owner}.a.active", 2},
      {"[resource.owner.active].contains(true)", 2},
      {"false && resource.owner.active", 0},
      {"principal is Group && resource.owner.active", 0},
      {"User::\"a\".active", 9},
      {"User::\"a\" in Group::\"g\"", 9},
      {"action in Action::\"all\"", 1},
  };
  for (const Level& one : cases) {
    for (std::uint32_t level = 0; level < 4; ++level) {
      const ValidationReport report = report_on(view_doc(one.condition), {.level = level});
      EXPECT_EQ(report.passed(), level >= one.needed) << one.condition << " at " << level;
    }
    EXPECT_TRUE(report_on(view_doc(one.condition)).passed()) << one.condition;
  }
  const std::string scope = "permit(principal in Group::\"g\", action, resource);";
  EXPECT_FALSE(report_on(scope, {.level = 0}).passed());
  EXPECT_TRUE(report_on(scope, {.level = 1}).passed());
}

TEST(Validation, StopsAtItsLimitOfFindings) {
  std::string text;
  for (int i = 0; i < 100; ++i) text += view_doc("principal.nope");
  EXPECT_EQ(report_on(text, {.level = {}, .findings = 7}).findings.size(), 7U);
}

TEST(Validation, FindsTheErrorBehindAnyNumberOfWarnings) {
  std::string text;
  for (int i = 0; i < 20; ++i) text += "permit(principal, action, resource) when { false };";
  text += "permit(principal is Nobody, action, resource);";
  const auto report = report_on(text, {.level = {}, .findings = 7});
  EXPECT_FALSE(report.passed());
  EXPECT_EQ(report.findings.size(), 8U);
}

TEST(Validation, HostilePoliciesAreCheckedInNoTime) {
  std::string tests = "principal has a0";
  for (int i = 1; i < 50'000; ++i) tests += " && principal has a" + std::to_string(i % 7 == 0 ? i : 1);
  std::string known = "principal has age";
  for (int i = 1; i < 20'000; ++i) known += " && principal has age && principal.age == " + std::to_string(i);
  std::string wide = "[";
  for (int i = 0; i < 100'000; ++i) wide += std::to_string(i) + ",";
  wide += "].contains(1)";
  std::string deep = "principal.active";
  for (int i = 0; i < 90; ++i) deep = "(if " + deep + " then true else principal.active)";
  for (const std::string& condition : {tests, known, wide, deep}) {
    const auto policies = PolicySet::parse("permit(principal, action, resource) when { " + condition + " };");
    ASSERT_TRUE(policies.has_value()) << policies.error().front().message;
    const std::clock_t begin = std::clock();  // what others take of the machine does not count
    std::ignore = validate(*policies, schema());
    EXPECT_LT(std::clock() - begin, 2 * CLOCKS_PER_SEC) << condition.substr(0, 60);
  }
}

}  // namespace
}  // namespace cedar
