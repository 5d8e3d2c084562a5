#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "cedar/authorize.h"

namespace cedar {
namespace {

using testing::HasSubstr;

bool allows(const std::string& policy, const Request& request, const Entities& entities) {
  const auto policies = PolicySet::parse(policy);
  EXPECT_TRUE(policies.has_value()) << policy;
  return policies && authorize(request, *policies, entities).decision == Decision::kAllow;
}

const Request kAlice{{"User", "alice"}, {"Action", "view"}, {"Doc", "d"}};

std::string entity(const std::string& attributes) {
  return R"([{"uid": {"type": "User", "id": "alice"}, "parents": [], "attrs": {)" + attributes + "}}]";
}

TEST(Entities, JsonValuesBecomeCedarValues) {
  const auto entities = Entities::parse_json(entity(
      R"("n": -9223372036854775808, "s": "é", "b": true, "set": [1, 1, "x"], "rec": {"a": {"b": []}},
         "e": {"__entity": {"type": "A::B", "id": "q"}}, "ip": {"__extn": {"fn": "ip", "arg": "::1"}},
         "at": {"__extn": {"fn": "offset", "args": [{"__extn": {"fn": "datetime", "arg": "2024-01-01"}},
                                                   {"__extn": {"fn": "duration", "arg": "1d"}}]}})"));
  ASSERT_TRUE(entities.has_value()) << entities.error().pointer << entities.error().message;
  EXPECT_EQ(entities->size(), 1U);
  EXPECT_TRUE(allows(R"(permit(principal, action, resource) when {
      principal.n == -9223372036854775808 && principal.s == "é" && principal.b && principal.set == ["x", 1] &&
      principal.rec == {a: {b: []}} && principal.e == A::B::"q" && principal.ip.isLoopback() &&
      principal.at == datetime("2024-01-02") };)",
                     kAlice, *entities));
}

TEST(Entities, RefusesWithThePlaceOfTheFault) {
  struct Bad {
    std::string json;
    std::string pointer;
    std::string message;
  };
  const Bad cases[] = {
      {"{}", "", "JSON array"},
      {"[1]", "/0", "an entity is an object"},
      {"[", "", "not JSON"},
      {R"([{"uid": "x"}])", "/0/uid", "named by"},
      {R"([{"uid": {"type": "User ", "id": "x"}}])", "/0/uid", "not the name of a type"},
      {R"([{"uid": {"type": "A::if", "id": "x"}}])", "/0/uid", "not the name of a type"},
      {R"([{"uid": {"type": "U", "id": "x"}, "extra": 1}])", "/0/extra", "nothing else"},
      {R"([{"uid": {"type": "U", "id": "x"}, "parents": [1]}])", "/0/parents/0", "named by"},
      {R"([{"uid": {"type": "U", "id": "x"}, "attrs": []}])", "/0/attrs", "must be an object"},
      {entity(R"("a~/b": [1, null])"), "/0/attrs/a~0~1b/1", "null"},
      {entity(R"("a": 1.5)"), "/0/attrs/a", "64-bit integer"},
      {entity(R"("a": 9223372036854775808)"), "/0/attrs/a", "more than 64 bits"},
      {entity(R"("a": {"__entity": {"type": "U"}})"), "/0/attrs/a/__entity", "named by"},
      {entity(R"("a": {"__entity": {"type": "U", "id": "x"}, "b": 1})"), "/0/attrs/a",
       "nothing may stand beside"},
      {entity(R"("a": {"__extn": {"fn": "ip", "arg": "x"}})"), "/0/attrs/a/__extn", "not an IP address"},
      {entity(R"("a": {"__extn": {"fn": "isIpv4", "arg": "x"}})"), "/0/attrs/a/__extn", "no extension value"},
      {entity(R"("a": {"__extn": {"fn": "ip", "arg": 1}})"), "/0/attrs/a/__extn", "needs a string"},
      {entity(R"("a": {"__extn": 1})"), "/0/attrs/a/__extn", "is written"},
      {entity(R"("a": {"__expr": "1"})"), "/0/attrs/a", "__expr"},
      {entity(R"("a": 1, "a": 2)"), "", "twice"},
      {entity(R"("a": )" + std::string(150, '[') + std::string(150, ']')), "", ""},
  };
  Limits limits;
  limits.depth = 100;
  for (const Bad& bad : cases) {
    const auto entities = Entities::parse_json(bad.json, limits);
    ASSERT_FALSE(entities.has_value()) << bad.json;
    EXPECT_THAT(entities.error().message, HasSubstr(bad.message)) << bad.json;
    if (!bad.pointer.empty()) EXPECT_EQ(entities.error().pointer, bad.pointer) << bad.json;
  }
}

std::string group(const std::string& id, const std::string& parent, const std::string& attributes = "") {
  return R"({"uid": {"type": "G", "id": ")" + id + R"("}, "attrs": {)" + attributes +
         R"(}, "parents": [{"type": "G", "id": ")" + parent + R"("}]})";
}

TEST(Entities, AHierarchyMayNotBeACycle) {
  EXPECT_FALSE(Entities::parse_json("[" + group("a", "a") + "]").has_value());
  const auto cycle =
      Entities::parse_json("[" + group("a", "b") + "," + group("b", "c") + "," + group("c", "a") + "]");
  ASSERT_FALSE(cycle.has_value());
  EXPECT_THAT(cycle.error().message, HasSubstr("its own ancestor"));
}

TEST(Entities, OnlyActionsAreAboveActions) {
  const auto with_parent = [](std::string_view type) {
    return Entities::parse_json(R"([{"uid": {"type": "App::Action", "id": "view"}, "parents": [{"type": ")" +
                                std::string(type) + R"(", "id": "all"}]}])");
  };
  EXPECT_TRUE(with_parent("Action").has_value());
  EXPECT_TRUE(with_parent("Other::Action").has_value());
  const auto refused = with_parent("Group");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().pointer, "/0");
  EXPECT_THAT(refused.error().message, testing::HasSubstr("its parent Group::\"all\" is none"));
}

TEST(Entities, TheSameEntityTwiceIsOnceAndADifferentOneAnError) {
  EXPECT_TRUE(Entities::parse_json("[" + group("a", "b") + "," + group("a", "b") + "]").has_value());
  EXPECT_FALSE(Entities::parse_json("[" + group("a", "b") + "," + group("a", "c") + "]").has_value());
  EXPECT_FALSE(
      Entities::parse_json("[" + group("a", "b") + "," + group("a", "b", R"("x": 1)") + "]").has_value());
}

TEST(Entities, ALongChainOfParentsIsClosedOrRefusedInBoundedMemory) {
  const auto chain = [](std::size_t length) {
    EntitiesBuilder builder;
    for (std::size_t i = 0; i < length; ++i) {
      const EntityUid parents[] = {{"G", std::to_string(i + 1)}};
      EXPECT_TRUE(builder.add({"G", std::to_string(i)}, parents).has_value());
    }
    return std::move(builder).build();
  };
  const auto entities = chain(2'000);
  ASSERT_TRUE(entities.has_value());
  const Request request{{"G", "0"}, {"Action", "a"}, {"R", "r"}};
  EXPECT_TRUE(allows("permit(principal in G::\"2000\", action, resource);", request, *entities));
  EXPECT_FALSE(chain(20'000).has_value());
}

TEST(Entities, AProgramBuildsThemWithTheSameRules) {
  EntitiesBuilder builder;
  const EntityUid staff[] = {{"Group", "staff"}};
  ASSERT_TRUE(builder.add({"User", "alice"}, staff, {{"level", 5}}, {{"role", "admin"}}).has_value());
  EXPECT_TRUE(builder.add({"User", "alice"}, staff, {{"level", 5}}, {{"role", "admin"}}).has_value());
  EXPECT_FALSE(builder.add({"User", "alice"}, staff, {{"level", 6}}).has_value());
  const auto bad = builder.add({"User", "bob"}, {}, {{"level", nullptr}});
  ASSERT_FALSE(bad.has_value());
  EXPECT_EQ(bad.error().pointer, "/attrs/level");
  const auto entities = std::move(builder).build();
  ASSERT_TRUE(entities.has_value());
  EXPECT_TRUE(allows(R"(permit(principal in Group::"staff", action, resource)
                        when { principal.level == 5 && principal.getTag("role") == "admin" };)",
                     kAlice, *entities));
}

TEST(Context, RefusesWhatIsNoRecord) {
  EXPECT_FALSE(Context::parse_json("[]").has_value());
  EXPECT_FALSE(Context::parse_json(R"({"__extn": {"fn": "ip", "arg": "::1"}})").has_value());
  EXPECT_FALSE(Context::parse_json(R"({"__entity": {"type": "User", "id": "a"}})").has_value());
  EXPECT_FALSE(Context::parse_json(R"({"a": 1, "a": 1})").has_value());
  const auto context = Context::from_json({{"a", {{"b", 1.5}}}});
  ASSERT_FALSE(context.has_value());
  EXPECT_EQ(context.error().pointer, "/a/b");
  EXPECT_TRUE(Context::parse_json("{}").has_value());
}

TEST(Request, IsReadFromItsJson) {
  const auto request = Request::parse_json(
      R"({"principal": {"type": "A::User", "id": "\u00e9\n"}, "action": {"__entity": {"type": "Action", "id": "view"}},
          "resource": {"id": "d", "type": "Doc"}, "context": {"n": 1}})");
  ASSERT_TRUE(request.has_value()) << request.error().message;
  EXPECT_EQ(request->principal, EntityUid("A::User", "é\n"));
  EXPECT_EQ(request->action, EntityUid("Action", "view"));
  EXPECT_EQ(request->resource, EntityUid("Doc", "d"));
  const auto set = PolicySet::parse("permit(principal, action, resource) when { context.n == 1 };");
  EXPECT_EQ(authorize(*request, *set, {}).decision, Decision::kAllow);
}

TEST(Request, SaysWhatIsWrongWithItsJsonAndWhere) {
  const std::string rest =
      R"(, "action": {"type": "Action", "id": "a"}, "resource": {"type": "R", "id": "r"})";
  const std::string good = R"({"principal": {"type": "U", "id": "u"})" + rest;
  struct Case {
    std::string text;
    const char* pointer;
    const char* message;
  };
  for (const Case& one :
       {Case{"[]", "", "a request is an object"}, Case{R"({"principal": {}})", "/principal", "named by"},
        Case{R"({"principal": {"type": "U", "id": "u"}})", "", "a request is an object"},
        Case{good + R"(, "context": 1})", "/context", "JSON object"},
        Case{good + R"(, "context": {"a": [1.5]}})", "/context/a/0", "64-bit integer"},
        Case{good + R"(, "context": {"a": 1, "a": 1}})", "", "twice"}}) {
    const auto request = Request::parse_json(one.text);
    ASSERT_FALSE(request.has_value()) << one.text;
    EXPECT_EQ(request.error().pointer, one.pointer) << one.text;
    EXPECT_THAT(request.error().message, testing::HasSubstr(one.message));
  }
}

}  // namespace
}  // namespace cedar
