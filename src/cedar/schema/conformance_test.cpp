// Requests and entities against a schema, and what the schema makes of JSON.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <string>

#include "cedar/partial.h"
#include "cedar/schema.h"

namespace cedar {
namespace {

using testing::HasSubstr;

const Schema& schema() {
  static const Schema kSchema = [] {
    auto parsed = Schema::parse(R"(
      type Address = { street: String, zip?: Long, home?: User };
      entity Color enum ["red", "green"];
      entity Org;
      entity Group in [Group, Org] { n: Long } tags Long;
      entity User in [Group] {
        name?: String, age?: Long, address?: Address, ips?: Set<ipaddr>, friends?: Set<User>, color?: Color,
        seen?: datetime, score?: decimal, idle?: duration, "__entity"?: Long,
        escaped?: { "__extn"?: Long, type?: String, id?: String }, did?: Action
      } tags Set<User>;
      action all;
      action read in all;
      action view in read appliesTo {
        principal: [User], resource: [Group], context: { ip?: ipaddr, color?: Color, where?: Address }
      };
      action paint appliesTo { principal: Color, resource: Group };
    )");
    EXPECT_TRUE(parsed.has_value());
    return parsed ? *parsed : Schema();
  }();
  return kSchema;
}

std::string user_with(std::string_view attribute, std::string_view value) {
  return R"([{"uid": {"type": "User", "id": "u"}, "attrs": {")" + std::string(attribute) +
         "\": " + std::string(value) + "}, \"parents\": []}]";
}

struct Attribute {
  std::string_view name;
  std::string_view value;
  std::string_view pointer;  // of what is wrong; empty: nothing is
  std::string_view message;
};

TEST(EntitiesWithSchema, ReadEachValueAsItsTypeSays) {
  const Attribute cases[] = {
      {"name", "\"x\"", "", ""},
      {"name", "1", "/0/attrs/name", "expected `String`, found an integer"},
      {"name", "null", "/0/attrs/name", "null"},
      {"name", R"({"__extn": {"fn": "ip", "arg": "1.1.1.1"}})", "/0/attrs/name",
       "expected `String`, found an IP address"},
      {"age", "-9223372036854775808", "", ""},
      {"age", "1.5", "/0/attrs/age", "must be a 64-bit integer"},
      {"age", "\"1\"", "/0/attrs/age", "expected `Long`, found a string"},
      {"address", R"({"street": "s", "home": {"type": "User", "id": "q"}})", "", ""},
      {"address", R"({"street": "s", "home": {"__entity": {"type": "User", "id": "q"}}})", "", ""},
      {"address", R"({"street": "s", "home": {"type": "Group", "id": "q"}})", "/0/attrs/address/home",
       "expected `User`"},
      {"address", R"({"street": 1})", "/0/attrs/address/street", "expected `String`"},
      {"address", "{}", "/0/attrs/address", "the attribute \"street\" is missing"},
      {"address", R"({"street": "s", "zap": 1})", "/0/attrs/address/zap", "did you mean `zip`?"},
      {"address", "[]", "/0/attrs/address", "found a set"},
      {"ips", R"(["1.1.1.1", {"fn": "ip", "arg": "::1"}, {"__extn": {"fn": "ip", "arg": "10.0.0.0/8"}}])", "",
       ""},
      {"ips", R"(["x"])", "/0/attrs/ips/0", "is not an IP address"},
      {"ips", R"([{"fn": "decimal", "arg": "1.0"}])", "/0/attrs/ips", "expected `ipaddr`, found a decimal"},
      {"ips", R"([{"fn": "isIpv4", "arg": "1.1.1.1"}])", "/0/attrs/ips/0", "makes no extension value"},
      {"friends", R"([{"type": "User", "id": "x"}, {"__entity": {"type": "User", "id": "y"}}])", "", ""},
      {"friends", R"([{"type": "Org", "id": "x"}])", "/0/attrs/friends",
       "expected `User`, found an entity Org::\"x\""},
      {"friends", R"([{"type": "User"}])", "/0/attrs/friends", "found a record"},
      {"color", R"({"type": "Color", "id": "red"})", "", ""},
      {"color", R"({"type": "Color", "id": "blue"})", "/0/attrs/color", "ids are enumerated"},
      {"seen", "\"2024-01-01\"", "", ""},
      {"seen", R"({"fn": "offset", "args": ["2024-01-01", "1h"]})", "", ""},
      {"seen", R"({"fn": "toTime", "args": ["2024-01-01"]})", "/0/attrs/seen",
       "expected `datetime`, found a duration"},
      {"score", "\"1.23\"", "", ""},
      {"score", "1", "/0/attrs/score", "expected `decimal`, found an integer"},
      {"idle", R"({"fn": "toTime", "arg": "2024-01-01"})", "", ""},
      {"__entity", "1", "", ""},
      {"escaped", R"({"__extn": 1})", "", ""},
      {"escaped", R"({"type": "a", "id": "b"})", "", ""},
      {"did", R"({"type": "Action", "id": "all"})", "", ""},
      {"did", R"({"type": "Action", "id": "nope"})", "/0/attrs/did", "no action Action::\"nope\""},
      {"nome", "1", "/0/attrs/nome", "no attribute \"nome\" here; did you mean `name`?"},
  };
  for (const Attribute& one : cases) {
    const auto entities = Entities::parse_json(user_with(one.name, one.value), schema());
    if (one.pointer.empty()) {
      EXPECT_TRUE(entities.has_value()) << one.name << one.value << entities.error().message;
      continue;
    }
    ASSERT_FALSE(entities.has_value()) << one.name << ": " << one.value;
    EXPECT_EQ(entities.error().pointer, one.pointer) << one.value;
    EXPECT_THAT(entities.error().message, HasSubstr(one.message)) << one.value;
  }
}

struct Given {
  std::string_view json;
  std::string_view pointer;
  std::string_view message;
};

TEST(EntitiesWithSchema, MustBeAsItDeclaresThem) {
  const Given cases[] = {
      {R"([{"uid": {"type": "Group", "id": "g"}, "attrs": {"n": 1}, "parents": [{"type": "Group", "id": "h"}, {"type": "Org", "id": "o"}], "tags": {"t": 1}}])",
       "", ""},
      {R"([{"uid": {"type": "Nope", "id": "x"}, "attrs": {}, "parents": []}])", "/0/uid",
       "no entity type `Nope`"},
      {R"([{"uid": {"type": "Color", "id": "red"}, "attrs": {}, "parents": []}])", "", ""},
      {R"([{"uid": {"type": "Color", "id": "blue"}, "attrs": {}, "parents": []}])", "/0/uid", "enumerated"},
      {R"([{"uid": {"type": "Group", "id": "g"}, "attrs": {}, "parents": []}])", "/0/attrs",
       "\"n\" is missing"},
      {R"([{"uid": {"type": "Group", "id": "g"}, "attrs": {"n": 1}, "parents": [], "tags": {"t": "1"}}])",
       "/0/tags/t", "expected `Long`"},
      {R"([{"uid": {"type": "Org", "id": "o"}, "attrs": {}, "parents": [], "tags": {"t": 1}}])", "/0/tags",
       "have no tags"},
      {R"([{"uid": {"type": "User", "id": "u"}, "attrs": {}, "parents": [], "tags": {"t": [{"type": "User", "id": "v"}]}}])",
       "", ""},
      {R"([{"uid": {"type": "User", "id": "u"}, "attrs": {}, "parents": [{"type": "User", "id": "v"}]}])",
       "/0/parents", "`User` cannot be in `User`"},
      {R"([{"uid": {"type": "User", "id": "u"}, "attrs": {}, "parents": [{"type": "Org", "id": "o"}]}])", "",
       ""},  // through Group
      {R"([{"uid": {"type": "Org", "id": "o"}, "attrs": {}, "parents": [{"type": "Group", "id": "g"}]}])",
       "/0/parents", "`Org` cannot be in `Group`"},
      {R"([{"uid": {"type": "Action", "id": "nope"}, "attrs": {}, "parents": []}])", "/0/uid", "no action"},
      {R"([{"uid": {"type": "Action", "id": "all"}, "attrs": {"a": 1}, "parents": []}])", "/0/attrs",
       "actions have no attributes"},
      {R"([{"uid": {"type": "Action", "id": "view"}, "attrs": {}, "parents": [{"type": "Action", "id": "read"}]}])",
       "", ""},
      {R"([{"uid": {"type": "Action", "id": "view"}, "attrs": {}, "parents": []}])", "/0/parents",
       "the schema says otherwise"},
      {R"([{"uid": {"type": "Action", "id": "all"}, "attrs": {}, "parents": [{"type": "Action", "id": "paint"}]}])",
       "/0/parents", "the schema says otherwise"},
  };
  for (const Given& one : cases) {
    const auto entities = Entities::parse_json(one.json, schema());
    if (one.pointer.empty()) {
      EXPECT_TRUE(entities.has_value()) << one.json << entities.error().pointer << entities.error().message;
      continue;
    }
    ASSERT_FALSE(entities.has_value()) << one.json;
    EXPECT_EQ(entities.error().pointer, one.pointer) << one.json;
    EXPECT_THAT(entities.error().message, HasSubstr(one.message)) << one.json;
    // The same entities, read without the schema where that can be done, are found wrong later.
    if (const auto untyped = Entities::parse_json(one.json))
      EXPECT_FALSE(validate(*untyped, schema())) << one.json;
  }
}

TEST(EntitiesWithSchema, HaveTheActionsOfTheSchema) {
  const auto entities = Entities::parse_json("[]", schema());
  ASSERT_TRUE(entities.has_value());
  EXPECT_EQ(entities->size(), 4U);
  EXPECT_TRUE(validate(*entities, schema()));
  const auto policies = PolicySet::parse("permit(principal, action in Action::\"all\", resource);");
  const Request request{{"User", "u"}, {"Action", "view"}, {"Group", "g"}};
  EXPECT_EQ(authorize(request, *policies, *entities).decision, Decision::kAllow);
  EXPECT_EQ(authorize(request, *policies, Entities()).decision, Decision::kDeny);
}

TEST(EntitiesWithSchema, AreFoundWrongWhereverTheyComeFrom) {
  EntitiesBuilder builder;
  ASSERT_TRUE(builder.add({"Group", "g"}, {}, {{"n", "one"}}));
  const auto checked = validate(*std::move(builder).build(), schema());
  ASSERT_FALSE(checked);
  EXPECT_THAT(checked.error().message, HasSubstr("Group::\"g\", /attrs/n: expected `Long`, found a string"));
}

struct Asked {
  EntityUid principal;
  EntityUid action;
  EntityUid resource;
  std::string_view context;
  std::string_view pointer;
  std::string_view message;
};

TEST(RequestWithSchema, MustBeOneThatAnActionAppliesTo) {
  const EntityUid user{"User", "u"};
  const EntityUid view{"Action", "view"};
  const EntityUid group{"Group", "g"};
  const Asked cases[] = {
      {user, view, group, "{}", "", ""},
      {user, view, group,
       R"({"ip": "1.1.1.1", "color": {"type": "Color", "id": "red"}, "where": {"street": "s"}})", "", ""},
      {user, view, group, R"({"ip": {"__extn": {"fn": "ip", "arg": "1.1.1.1"}}})", "", ""},
      {user, view, group, R"({"ip": 1})", "/context/ip", "expected `ipaddr`, found an integer"},
      {user, view, group, R"({"color": {"type": "Color", "id": "blue"}})", "/context/color", "enumerated"},
      {user, view, group, R"({"where": {}})", "/context/where", "\"street\" is missing"},
      {user, view, group, R"({"nope": 1})", "/context/nope", "no attribute \"nope\""},
      {{"Color", "red"}, {"Action", "paint"}, group, "{}", "", ""},
      {{"Color", "blue"}, {"Action", "paint"}, group, "{}", "/principal", "enumerated"},
      {{"Nope", "x"}, view, group, "{}", "/principal", "no entity type `Nope`"},
      {group, view, group, "{}", "/principal", "does not apply to `Group`, but to User"},
      {user, view, user, "{}", "/resource", "does not apply to `User`, but to Group"},
      {user, {"Action", "all"}, group, "{}", "/principal", "but to nothing"},
      {view, view, group, "{}", "/principal", "does not apply to `Action`"},
  };
  for (const Asked& one : cases) {
    const auto context = Context::parse_json(one.context, schema(), one.action);
    ASSERT_TRUE(context.has_value()) << one.context;
    const auto checked = validate(Request{one.principal, one.action, one.resource, *context}, schema());
    if (one.pointer.empty()) {
      EXPECT_TRUE(checked.has_value()) << one.context << checked.error().message;
      continue;
    }
    ASSERT_FALSE(checked.has_value()) << one.context << to_string(one.principal);
    EXPECT_EQ(checked.error().pointer, one.pointer);
    EXPECT_THAT(checked.error().message, HasSubstr(one.message));
  }
  EXPECT_THAT(Context::parse_json("{}", schema(), {"Action", "nope"}).error().message,
              HasSubstr("no action"));
  EXPECT_THAT(Context::parse_json(R"({"ip": "x"})", schema(), view).error().pointer, "/ip");
  EXPECT_EQ(validate(Request{user, {"Action", "nope"}, group}, schema()).error().pointer, "/action");
}

TEST(PartialRequests, AreHeldToTheSchemaAsFarAsTheyAreKnown) {
  struct Case {
    std::string_view request;
    std::string_view pointer;
    std::string_view message;  // empty: it may be
  };
  const Case cases[] = {
      {"{}", "", ""},
      {R"({"principal": {"type": "User"}})", "", ""},
      {R"({"principal": {"type": "Usr"}})", "/principal", "no entity type `Usr`"},
      {R"({"principal": {"type": "Usr", "id": "u"}})", "/principal", "no entity type `Usr`"},
      {R"({"principal": {"type": "Color", "id": "blue"}})", "/principal", "has no entity"},
      {R"({"principal": {"type": "Org"}})", "", "no action of the schema applies"},
      {R"({"principal": {"type": "Color"}, "resource": {"type": "Org", "id": "o"}})", "", "no action"},
      {R"({"action": {"type": "Action", "id": "veiw"}})", "/action", "no action"},
      {R"({"action": {"type": "Action", "id": "view"}, "principal": {"type": "User"}})", "", ""},
      {R"({"action": {"type": "Action", "id": "view"}, "principal": {"type": "Color"}})", "/principal",
       "does not apply to `Color`, but to User"},
      {R"({"action": {"type": "Action", "id": "view"}, "resource": {"type": "User", "id": "u"}})",
       "/resource", "does not apply to `User`, but to Group"},
      {R"({"action": {"type": "Action", "id": "all"}})", "/principal", "applies to nothing"},
      {R"({"action": {"type": "Action", "id": "view"}, "context": {"where": {"street": null}}})", "", ""},
      {R"({"action": {"type": "Action", "id": "view"}, "context": {"where": null}})", "", ""},
      {R"({"action": {"type": "Action", "id": "view"}, "context": {"were": null}})", "/context/were",
       "did you mean `where`?"},
      {R"({"action": {"type": "Action", "id": "view"}, "context": {"where": {"zap": null, "street": "s"}}})",
       "/context/where/zap", "did you mean `zip`?"},
      {R"({"action": {"type": "Action", "id": "view"}, "context": {"where": {"zip": null}}})",
       "/context/where", "\"street\" is missing"},
      {R"({"action": {"type": "Action", "id": "view"}, "context": {"where": {"street": null, "zip": "x"}}})",
       "/context/where/zip", "expected `Long`"},
  };
  for (const auto& [text, pointer, message] : cases) {
    const auto request = PartialRequest::parse_json(text, schema());
    const auto checked = request ? validate(*request, schema())
                                 : std::expected<void, DataError>(std::unexpected(request.error()));
    EXPECT_EQ(checked.has_value(), message.empty()) << text << (checked ? "" : checked.error().message);
    if (checked) continue;
    EXPECT_THAT(checked.error().message, HasSubstr(message)) << text;
    EXPECT_EQ(checked.error().pointer, pointer) << text;
  }
}

}  // namespace
}  // namespace cedar
