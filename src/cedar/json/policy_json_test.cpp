#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>

#include "cedar/authorize.h"
#include "cedar/schema.h"
#include "cedar/syntax/same_tree.h"
#include "cedar/testing/corpus_files.h"

namespace cedar {
namespace {

using testing::HasSubstr;

std::string when(const std::string& expression) {
  return "permit(principal, action, resource) when { " + expression + " };";
}

std::string when_json(const std::string& body) {
  return R"({"effect":"permit","principal":{"op":"All"},"action":{"op":"All"},"resource":{"op":"All"},)"
         R"("conditions":[{"kind":"when","body":)" +
         body + "}]}";
}

std::string with(std::string member, const std::string& value) {
  std::string json = when_json(R"({"Value":true})");
  const std::string all = "\"" + member + R"(":{"op":"All"})";
  return json.replace(json.find(all), all.size(), "\"" + member + "\":" + value);
}

std::string describe(const DataError& error) {
  return error.pointer + ": " + error.message + (error.help.empty() ? "" : " (" + error.help + ")");
}

// The text of a policy or template that is given as JSON, or what is wrong with it.
std::string text_of(const std::string& json, const Limits& limits = {}) {
  PolicySetBuilder builder(limits);
  if (const auto added = builder.add_json(json, "p"); !added) return describe(added.error());
  const PolicySet policies = std::move(builder).build();
  const Policy* policy = policies.find("p") != nullptr ? policies.find("p") : policies.find_template("p");
  EXPECT_EQ(policy->source(), policy->to_cedar());
  return policy->to_cedar();
}

// The JSON of a policy or template that is given as text, members sorted as they come.
std::string json_of(const std::string& text) {
  PolicySetBuilder builder;
  if (const auto added = builder.add(text, "p"); !added) return added.error().front().message;
  const PolicySet policies = std::move(builder).build();
  return (policies.find("p") != nullptr ? policies.find("p") : policies.find_template("p"))->to_json();
}

// As the reference implementation (4.13.0) writes them.
TEST(PolicyJson, WritesAndReadsEveryOperator) {
  const std::pair<std::string, std::string> cases[] = {
      {"true", R"({"Value":true})"},
      {"-9223372036854775808", R"({"Value":-9223372036854775808})"},
      {R"("a\"\n\x01é")", R"({"Value":"a\"\u000a\u0001é"})"},
      {R"(A::B::"x")", R"({"Value":{"__entity":{"type":"A::B","id":"x"}}})"},
      {"principal", R"({"Var":"principal"})"},
      {"1 != 2", R"({"!=":{"left":{"Value":1},"right":{"Value":2}}})"},
      {"1 > 2", R"({">":{"left":{"Value":1},"right":{"Value":2}}})"},
      {"1 >= 2", R"({">=":{"left":{"Value":1},"right":{"Value":2}}})"},
      {"1 <= -2", R"({"<=":{"left":{"Value":1},"right":{"Value":-2}}})"},
      {"1 + 2 * 3 - 4 < 5",
       R"({"<":{"left":{"-":{"left":{"+":{"left":{"Value":1},"right":{"*":{"left":{"Value":2},)"
       R"("right":{"Value":3}}}}},"right":{"Value":4}}},"right":{"Value":5}}})"},
      {"context has a.b.c", R"({"has":{"left":{"Var":"context"},"attr":["a","b","c"]}})"},
      {"context has a", R"({"has":{"left":{"Var":"context"},"attr":"a"}})"},
      {"context has \"a b\"", R"({"has":{"left":{"Var":"context"},"attr":"a b"}})"},
      {"context.a[\"b c\"] == 1",
       R"({"==":{"left":{".":{"left":{".":{"left":{"Var":"context"},"attr":"a"}},"attr":"b c"}},)"
       R"("right":{"Value":1}}})"},
      {"principal is A::B", R"({"is":{"left":{"Var":"principal"},"entity_type":"A::B"}})"},
      {"principal is A in A::\"b\"", R"({"is":{"left":{"Var":"principal"},"entity_type":"A",)"
                                     R"("in":{"Value":{"__entity":{"type":"A","id":"b"}}}}})"},
      {"-(-5) == -(5)",
       R"({"==":{"left":{"neg":{"arg":{"Value":-5}}},"right":{"neg":{"arg":{"Value":5}}}}})"},
      {"!!true", R"({"!":{"arg":{"!":{"arg":{"Value":true}}}}})"},
      {"true && false && (true && false)",
       R"({"&&":{"left":{"&&":{"left":{"Value":true},"right":{"Value":false}}},)"
       R"("right":{"&&":{"left":{"Value":true},"right":{"Value":false}}}}})"},
      {"true || false", R"({"||":{"left":{"Value":true},"right":{"Value":false}}})"},
      {R"("a" like "é\**\n")", R"({"like":{"left":{"Value":"a"},"pattern":[{"Literal":"é"},{"Literal":"*"},)"
                               R"("Wildcard",{"Literal":"\u000a"}]}})"},
      {R"("a" like "")", R"({"like":{"left":{"Value":"a"},"pattern":[]}})"},
      {R"("a" like "**")", R"({"like":{"left":{"Value":"a"},"pattern":["Wildcard","Wildcard"]}})"},
      {"{b: 1, \"c d\": {}} == {}",
       R"({"==":{"left":{"Record":{"b":{"Value":1},"c d":{"Record":{}}}},"right":{"Record":{}}}})"},
      {"[].isEmpty()", R"({"isEmpty":{"arg":{"Set":[]}}})"},
      {"[1].contains(1)", R"({"contains":{"left":{"Set":[{"Value":1}]},"right":{"Value":1}}})"},
      {"[1].containsAll([])", R"({"containsAll":{"left":{"Set":[{"Value":1}]},"right":{"Set":[]}}})"},
      {"[1].containsAny([])", R"({"containsAny":{"left":{"Set":[{"Value":1}]},"right":{"Set":[]}}})"},
      {"principal.getTag(\"a\")", R"({"getTag":{"left":{"Var":"principal"},"right":{"Value":"a"}}})"},
      {"principal.hasTag(\"a\")", R"({"hasTag":{"left":{"Var":"principal"},"right":{"Value":"a"}}})"},
      {"principal in resource", R"({"in":{"left":{"Var":"principal"},"right":{"Var":"resource"}}})"},
      {"if true then 1 else 2",
       R"({"if-then-else":{"if":{"Value":true},"then":{"Value":1},"else":{"Value":2}}})"},
      {"ip(\"1.1.1.1\").isInRange(ip(\"1.1.1.1/8\"))",
       R"({"isInRange":[{"ip":[{"Value":"1.1.1.1"}]},{"ip":[{"Value":"1.1.1.1/8"}]}]})"},
      {"ip(context.a, 1).isIpv4(2)",
       R"({"isIpv4":[{"ip":[{".":{"left":{"Var":"context"},"attr":"a"}},{"Value":1}]},{"Value":2}]})"},
      {"decimal()", R"({"decimal":[]})"},
  };
  for (const auto& [expression, body] : cases) {
    EXPECT_EQ(json_of(when(expression)), when_json(body));
    EXPECT_EQ(text_of(when_json(body)), when(expression));
  }
}

TEST(PolicyJson, WritesAndReadsScopesConditionsAndAnnotations) {
  const std::pair<std::string, std::string> cases[] = {
      {"permit(principal == A::\"a\", action in [], resource is T in T::\"x\") unless { true } when { false "
       "};",
       R"({"effect":"permit","principal":{"op":"==","entity":{"type":"A","id":"a"}},)"
       R"("action":{"op":"in","entities":[]},)"
       R"("resource":{"op":"is","entity_type":"T","in":{"entity":{"type":"T","id":"x"}}},)"
       R"("conditions":[{"kind":"unless","body":{"Value":true}},{"kind":"when","body":{"Value":false}}]})"},
      {"forbid(principal in A::\"a\", action in [Action::\"b\", N::Action::\"c\"], resource is N::T);",
       R"({"effect":"forbid","principal":{"op":"in","entity":{"type":"A","id":"a"}},)"
       R"("action":{"op":"in","entities":[{"type":"Action","id":"b"},{"type":"N::Action","id":"c"}]},)"
       R"("resource":{"op":"is","entity_type":"N::T"},"conditions":[]})"},
      {"permit(principal == ?principal, action == Action::\"b\", resource in ?resource);",
       R"({"effect":"permit","principal":{"op":"==","slot":"?principal"},)"
       R"("action":{"op":"==","entity":{"type":"Action","id":"b"}},)"
       R"("resource":{"op":"in","slot":"?resource"},"conditions":[]})"},
      {"permit(principal is T in ?principal, action in Action::\"b\", resource);",
       R"({"effect":"permit","principal":{"op":"is","entity_type":"T","in":{"slot":"?principal"}},)"
       R"("action":{"op":"in","entity":{"type":"Action","id":"b"}},"resource":{"op":"All"},"conditions":[]})"},
      {"@a\n@if(\"\")\n@c(\"x\\ty\")\npermit(principal, action, resource);",
       R"({"effect":"permit","principal":{"op":"All"},"action":{"op":"All"},"resource":{"op":"All"},)"
       R"("conditions":[],"annotations":{"a":null,"if":"","c":"x\u0009y"}})"},
  };
  for (const auto& [text, json] : cases) {
    EXPECT_EQ(json_of(text), json);
    EXPECT_EQ(text_of(json), text);
  }
}

TEST(PolicyJson, ReadsWhatCanBeSaidInOtherWays) {
  const std::pair<std::string, std::string> cases[] = {
      {R"({"Value":{"a":1,"b c":[1,{"__entity":{"type":"A","id":"b"}}]}})", R"({a: 1, "b c": [1, A::"b"]})"},
      {R"({"Value":[]})", "[]"},
      {R"({"Value":{"__extn":{"fn":"ip","arg":"bogus"}}})", "ip(\"bogus\")"},
      {R"({"Value":{"__extn":{"fn":"offset","args":[{"__extn":{"fn":"datetime","args":["2024-01-01"]}},)"
       R"({"__extn":{"fn":"duration","arg":"1d"}}]}}})",
       R"(datetime("2024-01-01").offset(duration("1d")))"},
      {R"({"Value":{"type":"A","id":"b"}})", R"({type: "A", id: "b"})"},
      {R"({"has":{"left":{"Var":"context"},"attr":["a"]}})", "context has a"},
      {R"({"has":{"left":{"Var":"context"},"attr":["a b","if"]}})",
       R"(context has "a b" && context["a b"] has "if")"},
      {R"({"has":{"left":{"Var":"context"},"attr":""}})", R"(context has "")"},
      {R"({"like":{"left":{"Value":"a"},"pattern":[{"Literal":"ab*"},"Wildcard",{"Literal":""}]}})",
       R"("a" like "ab\**")"},
      {R"({".":{"left":{"Value":-5},"attr":"a"}})", "(-5).a"},
      {R"({"!":{"arg":{"neg":{"arg":{"Value":5}}}}})", "!(-(5))"},
      {R"({"!":{"arg":{"!":{"arg":{"!":{"arg":{"!":{"arg":{"!":{"arg":{"Value":true}}}}}}}}}}})",
       "!!!!(!true)"},
      {R"({"&&":{"left":{"&&":{"left":{"Value":true},"right":{"Value":true}}},"right":{"Value":true}}})",
       "true && true && true"},
  };
  for (const auto& [body, text] : cases) EXPECT_EQ(text_of(when_json(body)), when(text));
  EXPECT_EQ(text_of(with("principal", R"({"op":"all"})")), when("true"));
  EXPECT_EQ(text_of(with("principal", R"({"op":"==","entity":{"__entity":{"type":"A","id":"a"}}})")),
            R"(permit(principal == A::"a", action, resource) when { true };)");
  EXPECT_EQ(text_of(with("action", R"({"op":"in","entities":[{"type":"Action","id":"a"}]})")),
            R"(permit(principal, action in Action::"a", resource) when { true };)");
}

struct Bad {
  std::string json;
  std::string said;
};

TEST(PolicyJson, SaysWhatIsWrongWhereAndHowToMendIt) {
  const std::string body = "/conditions/0/body";
  const Bad cases[] = {
      {"", ": this is not JSON"},
      {"[]", ": a policy is expected here, as an object"},
      {R"({"effect":"permit"})", ": a policy needs the member `principal`"},
      {R"({"efect":"permit"})", "/efect: a policy has no member `efect` (did you mean `effect`?)"},
      {R"({"effect":1,"effect":2})", ": an object has the name \"effect\" twice"},
      {with("principal", R"({"op":"All","slot":"?principal"})"),
       "/principal/slot: the scope \"All\" has no member `slot`"},
      {with("principal", R"({"op":"eq"})"),
       "/principal/op: expected \"All\", \"all\", \"==\", \"in\" or \"is\""},
      {with("principal", R"({"op":"=="})"),
       "/principal: either `entity` or `slot` is needed here (\"entity\": "},
      {with("principal", R"({"op":"==","slot":"?resource"})"), "/principal/slot: expected \"?principal\""},
      {with("resource", R"({"op":"in","entity":{"type":"A","id":"a"},"slot":"?resource"})"),
       "/resource: either `entity` or `slot`"},
      {with("resource", R"({"op":"in","entities":[]})"),
       "/resource/entities: a scope has no member `entities`"},
      {with("resource", R"({"op":"is","entity_type":"A b"})"),
       "/resource/entity_type: expected the name of a type"},
      {with("resource", R"({"op":"is","entity_type":"A","in":{}})"),
       "/resource/in: either `entity` or `slot`"},
      {with("resource", R"({"op":"is","entity_type":"A","in":{"entity":{"type":"A::\"x\"","id":"a"}}})"),
       "/resource/in/entity: \"A::\\\"x\\\"\" is not the name of a type"},
      {with("action", R"({"op":"is","entity_type":"Action"})"), "/action/op: expected"},
      {with("action", R"({"op":"==","slot":"?action"})"),
       "/action/slot: the scope of an action has no member"},
      {with("action", R"({"op":"==","entities":[]})"),
       "/action/entities: the scope of an action has no member"},
      {with("action", R"({"op":"in","entities":[{"type":"Action","id":"a"},{"type":"User","id":"b"}]})"),
       "/action/entities/1: `User` is not a type of actions (an action's type is \"Action\""},
      {when_json(R"({"Value":true},"x":1)"), "/conditions/0/x: a condition has no member `x`"},
      {when_json("{}"), body + ": an expression is an object with one member"},
      {when_json(R"({"Value":1,"Var":"x"})"), body + ": an expression is an object with one member"},
      {when_json(R"({"Var":"principle"})"), body + "/Var: variables are"},
      {when_json(R"({"contians":{}})"),
       body + "/contians: there is no operator or function `contians` (did you mean `contains`?)"},
      {when_json(R"({"Slot":"?principal"})"),
       body + "/Slot: slots such as ?principal stand only in the scope"},
      {when_json(R"({"unknown":[{"Value":"x"}]})"), body + "/unknown: an unknown is the outcome"},
      {when_json(R"({"==":{"left":{"Value":1}}})"), body + "/==: this operator needs the member `right`"},
      {when_json(R"({"!":{"args":{"Value":1}}})"),
       body + "/!/args: this operator has no member `args` (did you"},
      {when_json(R"({"&&":{"left":{"&&":{"left":{"Value":1},"right":{"Value":2}}},"right":{"Var":1}}})"),
       body + "/&&/right/Var: variables are"},
      {when_json(R"({"&&":{"left":{"&&":{"left":{"Value":1},"right":{"Var":2}}},"right":{"Value":1}}})"),
       body + "/&&/left/&&/right/Var: variables are"},
      {when_json(R"({"&&":{"left":{"&&":{"left":{"Var":1},"right":{"Value":2}}},"right":{"Value":1}}})"),
       body + "/&&/left/&&/left/Var: variables are"},
      {when_json(R"({"&&":{"left":{"&&":{"left":{"Value":1}}},"right":{"Value":1}}})"),
       body + "/&&/left/&&: this operator needs the member `right`"},
      {when_json(R"({"Value":null})"), body + "/Value: null is no Cedar value"},
      {when_json(R"({"Value":[1,1.5]})"), body + "/Value/1: a number must be a 64-bit integer"},
      {when_json(R"({"Value":{"a/b":9223372036854775808}})"),
       body + "/Value/a~1b: this integer needs more than 64"},
      {when_json(R"({"Value":{"__expr":"1"}})"), body + "/Value: __expr is no longer"},
      {when_json(R"({"Value":{"__entity":{"type":"A","id":"a"},"x":1}})"),
       body + "/Value: nothing may stand beside"},
      {when_json(R"({"Value":{"__extn":{"fn":"pi","arg":"1"}}})"),
       body + "/Value/__extn: there is no function `pi`"},
      {when_json(R"({"Value":{"__extn":{"fn":"isIpv4","args":[]}}})"),
       body + "/Value/__extn/args: `isIpv4` is a method"},
      {when_json(R"({"isIpv4":[]})"), body + "/isIpv4: `isIpv4` is a method, whose first argument"},
      {when_json(R"({"ip":{"Value":"1.1.1.1"}})"), body + "/ip: expected an array of arguments"},
      {when_json(R"({"has":{"left":{"Var":"context"},"attr":[]}})"), body + "/has/attr: expected the name"},
      {when_json(R"({"has":{"left":{"Var":"context"},"attr":["a",1]}})"),
       body + "/has/attr/1: expected the name"},
      {when_json(R"({"like":{"left":{"Value":"a"},"pattern":"*a"}})"),
       body + "/like/pattern: expected an array of"},
      {when_json(R"({"like":{"left":{"Value":"a"},"pattern":["wildcard"]}})"),
       body + "/like/pattern/0: an element"},
      {when_json(R"({"is":{"left":{"Var":"context"},"entity_type":" A"}})"),
       body + "/is/entity_type: expected the"},
      {when_json(R"({"Record":[]})"), body + "/Record: expected an object"},
      {when_json(R"({"Set":{}})"), body + "/Set: expected an array"},
      {with("principal", R"({"op":"All"},"annotations":{"b c":"x"})"),
       "/annotations/b c: `b c` cannot be the name"},
      {with("principal", R"({"op":"All"},"annotations":{"b":1})"),
       "/annotations/b: expected a string, or null"},
  };
  for (const Bad& bad : cases) EXPECT_THAT(text_of(bad.json), testing::StartsWith(bad.said)) << bad.json;
}

std::string repeated(const std::string& text, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += text;
  return out;
}

TEST(PolicyJson, BoundsDepthButNotTheLengthOfChains) {
  constexpr std::size_t kDeep = 100'000;
  const auto nested = [](const std::string& before, const std::string& after, std::size_t count) {
    return when_json(repeated(before, count) + R"({"Value":true})" + repeated(after, count));
  };
  const std::pair<std::string, std::string> forms[] = {
      {R"({"!":{"arg":)", "}}"},
      {R"({"Set":[)", "]}"},
      {R"({"Record":{"a":)", "}}"},
      {R"({"&&":{"left":{"Value":true},"right":)", "}}"},
      {R"({"ip":[)", "]}"},
      {R"({"if-then-else":{"if":{"Value":true},"then":{"Value":true},"else":)", "}}"},
  };
  for (const auto& [before, after] : forms) {
    EXPECT_THAT(text_of(nested(before, after, kDeep)), HasSubstr("nested more than ")) << before;
  }
  EXPECT_THAT(text_of(when_json(R"({"Value":)" + repeated("[", kDeep) + repeated("]", kDeep) + "}")),
              HasSubstr("nested more than "));
  EXPECT_THAT(text_of(when_json(R"({"Value":)" + repeated("[", 1'000) + repeated("]", 1'000) + "}")),
              HasSubstr("nested more than 200 deep"));
  EXPECT_THAT(text_of(repeated("[", 2'000'000)), HasSubstr("nested more than"));

  constexpr std::size_t kLong = 1'000;
  const std::string chain = nested(R"({"||":{"left":)", R"(,"right":{"Value":true}}})", kLong);
  EXPECT_EQ(text_of(chain), when("true" + repeated(" || true", kLong)));
  EXPECT_EQ(json_of(when("true" + repeated(" || true", kLong))), chain);

  // As deep as text may be, and no deeper.
  Limits limits;
  limits.depth = 10;
  EXPECT_EQ(text_of(nested(R"({"Set":[)", "]}", 9), limits),
            when(repeated("[", 9) + "true" + repeated("]", 9)));
  EXPECT_THAT(text_of(nested(R"({"Set":[)", "]}", 10), limits), HasSubstr("nested more than 10 deep"));
}

std::string set_of(const std::string& policies, const std::string& templates, const std::string& links) {
  return R"({"staticPolicies":{)" + policies + R"(},"templates":{)" + templates + R"(},"templateLinks":[)" +
         links + "]}";
}

const std::string kStatic = when_json(R"({"Value":true})");
const std::string kTemplate = with("principal", R"({"op":"==","slot":"?principal"})");

TEST(PolicyJson, ReadsAndWritesSetsWithTemplatesAndLinks) {
  const std::string link =
      R"({"templateId":"t","newId":"l \"1\"","values":{"?principal":{"__entity":{"type":"U","id":"a"}}}})";
  const std::string json = set_of(R"("a b":)" + kStatic, R"("t":)" + kTemplate, link);
  const auto set = PolicySet::parse_json(json);
  ASSERT_TRUE(set.has_value()) << describe(set.error());
  EXPECT_EQ(set->to_json(), json);
  ASSERT_NE(set->find("l \"1\""), nullptr);
  EXPECT_EQ(set->find("l \"1\"")->to_cedar(),
            R"(permit(principal == U::"a", action, resource) when { true };)");
  EXPECT_EQ(set->find("l \"1\"")->to_json(),
            with("principal", R"({"op":"==","entity":{"type":"U","id":"a"}})"));
  EXPECT_EQ(set->find("a b")->to_json(), kStatic);
  EXPECT_EQ(set->policies().size(), 2U);
  EXPECT_EQ(set->templates().size(), 1U);

  const Request request{{"U", "a"}, {"Action", "x"}, {"R", "r"}};
  EXPECT_EQ(authorize(request, *set, Entities()).determining.size(), 2U);

  EXPECT_TRUE(PolicySet::parse_json("{}").has_value());
  EXPECT_EQ(PolicySet().to_json(), set_of("", "", ""));
}

TEST(PolicyJson, RefusesSetsThatDoNotFitTogether) {
  const std::string link = R"({"templateId":"t","newId":"l","values":{"?principal":{"type":"U","id":"a"}}})";
  const std::string policy = R"("t":)" + kStatic;
  const std::string with_slot = R"("t":)" + kTemplate;
  const Bad cases[] = {
      {"[]", ": a policy set is expected here"},
      {R"({"policies":{}})", "/policies: a policy set has no member `policies`"},
      {R"({"static_policies":{}})",
       "/static_policies: a policy set has no member `static_policies` (did you mean `staticPolicies`?)"},
      {R"({"staticPolicies":[]})", "/staticPolicies: expected an object of policies"},
      {R"({"templateLinks":{}})", "/templateLinks: expected an array"},
      {set_of(with_slot, "", ""), "/staticPolicies/t: a static policy has no slots (templates belong"},
      {set_of("", policy, ""), "/templates/t: a template has a slot, and this policy has none (static"},
      {set_of(policy, with_slot, ""), "/templates/t: the id `t` is taken"},
      {set_of(policy, "", link),
       "/templateLinks/0: there is no template `t` (the policy of this id has no slots)"},
      {set_of("", with_slot, link + "," + link), "/templateLinks/1: the id `l` is taken"},
      {set_of("", with_slot, R"({"templateId":"t","newId":"l","values":{}})"),
       "/templateLinks/0: the values do not fit the slots of `t`"},
      {set_of("", with_slot, R"({"templateId":"t","newId":"l","values":{"?action":{"type":"U","id":"a"}}})"),
       "/templateLinks/0/values/?action: an object of slots has no member"},
      {set_of("", with_slot, R"({"templateId":"t","newId":"l","values":{"?principal":{"type":"U"}}})"),
       "/templateLinks/0/values/?principal: an entity is named by"},
      {set_of("", with_slot, R"({"templateId":"t","newId":1,"values":{}})"),
       "/templateLinks/0/newId: expected the id"},
      {set_of("", with_slot, R"({"templateId":"t","values":{}})"),
       "/templateLinks/0: a link needs the member `newId`"},
      {set_of(R"("a/b":{"effect":"allow"})", "", ""), "/staticPolicies/a~1b: a policy needs the member"},
  };
  for (const Bad& bad : cases) {
    const auto set = PolicySet::parse_json(bad.json);
    ASSERT_FALSE(set.has_value()) << bad.json;
    EXPECT_THAT(describe(set.error()), testing::StartsWith(bad.said)) << bad.json;
  }
  Limits limits;
  limits.policies = 1;
  const auto set = PolicySet::parse_json(set_of(R"("a":)" + kStatic + R"(,"b":)" + kStatic, "", ""), limits);
  ASSERT_FALSE(set.has_value());
  EXPECT_EQ(describe(set.error()), "/staticPolicies/b: more than 1 policies");
}

TEST(PolicyJson, WhatFailsLeavesTheBuilderAsItWas) {
  PolicySetBuilder builder;
  ASSERT_TRUE(builder.add_json(kStatic, "a"));
  EXPECT_FALSE(builder.add_json(kTemplate, "a"));
  EXPECT_FALSE(builder.add_json(when_json("{}"), "b"));
  ASSERT_TRUE(builder.add_json(kTemplate, "b"));
  const PolicySet policies = std::move(builder).build();
  EXPECT_EQ(policies.policies().size(), 1U);
  EXPECT_EQ(policies.templates().size(), 1U);
}

TEST(PolicyJson, EveryPolicyOfTheCorporaComesBackFromJsonWithTheSameMeaning) {
  std::size_t count = 0;
  for (const std::filesystem::path& file : corpus_policy_files(REMIT_CORPORA_DIR)) {
    const auto policies = PolicySet::parse(content_of(file));
    if (!policies) continue;
    const std::string json = policies->to_json();
    const auto again = PolicySet::parse_json(json);
    ASSERT_TRUE(again.has_value()) << file << '\n' << describe(again.error());
    EXPECT_EQ(again->to_json(), json) << file;
    ASSERT_EQ(again->policies().size(), policies->policies().size()) << file;
    ASSERT_EQ(again->templates().size(), policies->templates().size()) << file;
    for (const auto& [before, after] : {std::pair(policies->policies(), again->policies()),
                                        std::pair(policies->templates(), again->templates())}) {
      for (std::size_t i = 0; i < before.size(); ++i, ++count) {
        EXPECT_EQ(before[i].id(), after[i].id()) << file;
        EXPECT_TRUE(same_tree(before[i].node(), after[i].node(), Chains::kFlattened)) << file << '\n' << json;
      }
    }
  }
  EXPECT_GT(count, 5'800U);
}

TEST(PolicyJson, MessagesDoNotGrowWithWhatTheyName) {
  constexpr std::size_t kMost = 1100;
  const std::string name(100'000, 'y');
  const std::string scopes =
      R"("effect":"permit","principal":{"op":"All"},"action":{"op":"All"},"resource":{"op":"All"})";
  PolicySetBuilder builder;
  for (const std::string& policy :
       {"{" + scopes + R"(,"conditions":[],")" + name + R"(":1})",
        "{" + scopes + R"(,"conditions":[{"kind":"when","body":{"!":{")" + name + R"(":1}}}]})",
        "{" + scopes + R"(,"conditions":[{"kind":"when","body":{")" + name + R"(":1}}]})",
        R"({")" + name + R"(":1,")" + name + R"(":2})"}) {
    const auto added = builder.add_json(policy, "p");
    ASSERT_FALSE(added);
    EXPECT_LE(added.error().message.size(), kMost);
    EXPECT_LE(added.error().help.size(), kMost);
  }
  const auto schema = Schema::parse("entity A { a: Long };");
  const auto entities = Entities::parse_json(
      R"([{"uid":{"type":")" + name + R"(","id":"a"},"attrs":{},"parents":[]}])", *schema);
  ASSERT_FALSE(entities);
  EXPECT_LE(entities.error().message.size(), kMost);
  const auto linked = builder.link(name, name, {});
  ASSERT_FALSE(linked);
  EXPECT_LE(linked.error().message.size(), kMost);
}

// The reference takes it for a record; what looks like an escape must be one here.
TEST(PolicyJson, AnEntityIsEscapedOnce) {
  const std::string uid = R"({"type":"U","id":"a"})";
  const std::string once = R"({"__entity":)" + uid + "}";
  const std::string twice = R"({"__entity":)" + once + "}";
  EXPECT_TRUE(PolicySetBuilder().add_json(when_json(R"({"Value":)" + once + "}"), "p"));
  EXPECT_FALSE(PolicySetBuilder().add_json(when_json(R"({"Value":)" + twice + "}"), "p"));
  for (const auto& [attribute, parent] : {std::pair{twice, once}, {once, twice}}) {
    const auto entities = [&](const std::string& a, const std::string& b) {
      return Entities::parse_json(R"([{"uid":{"type":"V","id":"v"},"attrs":{"a":)" + a + R"(},"parents":[)" +
                                  b + "]}]");
    };
    EXPECT_TRUE(entities(once, once));
    EXPECT_FALSE(entities(attribute, parent));
  }
}

}  // namespace
}  // namespace cedar
