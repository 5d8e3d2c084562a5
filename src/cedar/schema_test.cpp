#include "cedar/schema.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <ctime>
#include <string>

namespace cedar {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kEverything = R"(
// every form of the grammar
@doc("photos") @beta
namespace Photo::Flash {
  type Address = { street: String, "zip code"?: Long, geo?: { lat: decimal, lon: decimal } };
  type Names = Set<__cedar::String>;
  @doc entity User, Admin in [Group, Team] = {
    @pii("yes") name: String,
    age?: Long,
    address: Address,
    aliases: Names,
    boss?: User,
    seen: datetime,
    idle: duration,
    from: ipaddr,
    if_so: Bool,
  } tags Set<String>;
  entity Group, Team;
  entity Album in Album { owner: User };
  entity Color enum ["red", "\u{1F534}"];
  action "all actions", read;
  action view, "view raw" in [read, Photo::Flash::Action::"all actions"] appliesTo {
    principal: [User, Admin],
    resource: Album,
    context: { mfa: Bool, color: Color },
  };
  action list in read appliesTo { resource: [Album], principal: User } attributes {};
}
entity Outside {};
action free;
)";

std::string message_of(const Diagnostics& diagnostics) {
  std::string all;
  for (const Diagnostic& d : diagnostics) {
    all += std::to_string(d.start.line) + ":" + std::to_string(d.start.column) + " " + d.message + " | " +
           d.help + "\n";
  }
  return all;
}

std::string refusal(std::string_view text) {
  const auto schema = Schema::parse(text);
  return schema ? "" : message_of(schema.error());
}

TEST(Schema, AcceptsEveryFormOfTheGrammar) {
  const auto schema = Schema::parse(kEverything);
  ASSERT_TRUE(schema.has_value()) << message_of(schema.error());
  EXPECT_THAT(schema->entity_types(),
              ElementsAre("Photo::Flash::User", "Photo::Flash::Admin", "Photo::Flash::Group",
                          "Photo::Flash::Team", "Photo::Flash::Album", "Photo::Flash::Color", "Outside"));
  EXPECT_THAT(
      schema->actions(),
      ElementsAre(EntityUid("Photo::Flash::Action", "all actions"), EntityUid("Photo::Flash::Action", "read"),
                  EntityUid("Photo::Flash::Action", "view"), EntityUid("Photo::Flash::Action", "view raw"),
                  EntityUid("Photo::Flash::Action", "list"), EntityUid("Action", "free")));
  EXPECT_TRUE(schema->warnings().empty());
}

TEST(Schema, AcceptsWhatLooksLikeAMistakeAndIsNone) {
  const std::string_view texts[] = {
      "",
      "// nothing",
      "// a lone carriage return ends a comment\rentity A;",
      "entity\u00a0A\u3000;",
      "entity Set; entity B { x: Set };",
      "entity principal, action, type, namespace, entity, tags, appliesTo;",
      "entity A { __cedar: Long, \"\": Long, \"if\": Long };",
      "entity A in [];",
      "entity A in [A, A];",
      "entity E enum [\"x\", \"x\"]; entity A in E;",
      "@if(\"x\") @in entity A;",
      "action a in [b, b]; action b;",
      "entity A { x: Action }; action a;",
      "entity A; type c = {}; action a appliesTo { principal: A, resource: A, context: c };",
      "namespace N { entity A; action x in Action::\"y\"; } action y;",
      "namespace N { entity A { a: N::A, b: B } ; } entity B;",
      "namespace N {} namespace M {}",
  };
  for (const std::string_view text : texts) EXPECT_EQ(refusal(text), "") << text;
}

struct Bad {
  std::string_view text;
  std::string_view place;
  std::string_view message;
  std::string_view help;
};

TEST(Schema, RefusesWithThePlaceAMessageAndAHelp) {
  const Bad cases[] = {
      {"entiy A;", "1:1", "expected `entity`, `action`, `type` or `namespace`, found `entiy`",
       "did you mean `entity`?"},
      {"{}", "1:1", "found `{`", "JSON syntax"},
      {"entity A", "1:9", "found the end of the text", ""},
      {"entity in;", "1:8", "found `in`", "`in` is a reserved word"},
      {"entity A in [A,];", "1:16", "expected a parent type", ""},
      {"entity A enum [];", "1:16", "expected an id in double quotes", ""},
      {"entity A = Foo;", "1:12", "expected `{` and the attributes", "are written out"},
      {"entity A { a: Long, a: String };", "1:21", "\"a\" is declared twice", "remove one"},
      {"entity A { a Long };", "1:14", "expected `?` or `:`, found `Long`", ""},
      {"entity A { \"\\q\": Long };", "1:13", "unknown escape", ""},
      {"entity A, A;", "1:11", "the entity type `A` is declared twice", "remove one"},
      {"type A = Long; type A = Long;", "1:21", "the common type `A` is declared twice", ""},
      {"action a, \"a\";", "1:11", "is declared twice", ""},
      {"namespace N {} namespace N {}", "1:26", "the namespace `N` is declared twice", "into one"},
      {"namespace N { namespace M {} }", "1:15", "expected `entity`, `action`, `type` or `}`", "do not nest"},
      {"@a @a entity A;", "1:4", "two annotations `@a`", ""},
      {"@a() entity A;", "1:4", "expected a string", ""},
      {"entity Action;", "1:8", "`Action` cannot be declared", "type of the actions"},
      {"namespace __cedar { }", "1:11", "reserved name `__cedar`", ""},
      {"type __cedar = Long;", "1:6", "reserved name `__cedar`", ""},
      {"type Bool = Long;", "1:6", "`Bool` cannot be the name of a common type", ""},
      {"entity User; entity A { x: Usr };", "1:28", "there is no type `Usr`", "did you mean `User`?"},
      {"namespace N::M { entity B; } entity A { x: M::B };", "1:44", "there is no type `M::B`",
       "did you mean `N::M::B`?"},
      {"entity A { x: __cedar::Foo };", "1:15", "there is no type `__cedar::Foo`", ""},
      {"entity A in B;", "1:13", "there is no entity type `B`", ""},
      {"type T = Long; entity A in T;", "1:28", "there is no entity type `T`", ""},
      {"entity A in Action; action a;", "1:13", "`Action` is the type of actions", ""},
      {"entity A; action a appliesTo { principal: A, resource: A, context: A };", "1:68",
       "no common type `A`", ""},
      {"entity A; type c = Long; action a appliesTo { principal: A, resource: A, context: c };", "1:83",
       "a context must be a record, not Long", ""},
      {"type A = Set<B>; type B = { a: A };", "1:6", "`A` contains itself", ""},
      {"action a in b; action b in a;", "1:8", "is its own ancestor", ""},
      {"action a in vew; action view;", "1:13", "there is no action `\"vew\"`", "did you mean `view`?"},
      {"namespace N { action a in y; } namespace M { action y; }", "1:27", "there is no action",
       "M::Action::\"y\""},
      {"action a { };", "1:10", "expected `in`, `appliesTo` or `;`", "write appliesTo { … }"},
      {"action a appliesTo { };", "1:22", "expected `principal`, `resource` or `context`", ""},
      {"action a appliesTo { princpal: A };", "1:22", "found `princpal`", "did you mean `principal`?"},
      {"entity A; action a appliesTo { principal: A };", "1:18", "does not say which resource types",
       "add resource"},
      {"entity A; action a appliesTo { principal: A, principal: A, resource: A };", "1:46",
       "`principal` is given twice", ""},
      {"entity A; action a appliesTo { principal: [], resource: A };", "1:43", "no principal types", ""},
      {"action a attributes { x: 1 };", "1:23", "expected `}`", "actions have no attributes"},
      {"namespace N { entity A; } entity A;", "1:22", "would hide `A`", "rename one"},
      {"namespace N { type A = Long; } entity A;", "1:20", "would hide `A`", ""},
      {"namespace N { action a; } action a;", "1:22", "this action would hide `a`", ""},
      {"entity A { x: Set<Long };", "1:24", "expected `>`", ""},
      {"entity A # ;", "1:10", "`#` has no meaning here", ""},
      {"entity A\u200e;", "1:9", "has no meaning here", ""},
  };
  for (const Bad& bad : cases) {
    const auto schema = Schema::parse(bad.text);
    ASSERT_FALSE(schema.has_value()) << bad.text;
    const std::string all = message_of(schema.error());
    EXPECT_THAT(all, testing::StartsWith(std::string(bad.place) + " ")) << bad.text;
    EXPECT_THAT(all, HasSubstr(bad.message)) << bad.text;
    EXPECT_THAT(all, HasSubstr(bad.help)) << bad.text;
  }
}

TEST(Schema, ReportsEveryErrorOfTheTextAtOnce) {
  EXPECT_EQ(refusal("entity A { a: Long; };\n"
                    "entity B in [C,];\n"
                    "entity Good;\n"
                    "namespace N {\n"
                    "  action a appliesTo { };\n"
                    "  entity D\n"
                    "  entity E;\n"
                    "}\n"
                    "type = Long;\n"),
            "1:19 expected `,` or `}`, found `;` | \n"
            "2:16 expected a parent type, or a list of them, found `]` | \n"
            "5:24 expected `principal`, `resource` or `context`, found `}` | \n"
            "7:3 expected `in`, `{`, `tags`, `enum` or `;`, found `entity` | \n"
            "9:6 expected the name of a common type, found `=` | \n");
  EXPECT_EQ(refusal("entity A in X { a: Y, b: Set<Z> } tags W;\naction a in q;\n"),
            "1:13 there is no entity type `X` | did you mean `A`?\n"
            "1:20 there is no type `Y` | did you mean `A`?\n"
            "1:30 there is no type `Z` | did you mean `A`?\n"
            "1:40 there is no type `W` | did you mean `A`?\n"
            "2:13 there is no action `\"q\"` | did you mean `a`?\n");
}

TEST(Schema, WarnsOfNamesThatHideOthers) {
  const auto schema =
      Schema::parse("entity ipaddr; entity T; type T = Long; entity A { x: ipaddr, y: __cedar::ipaddr };");
  ASSERT_TRUE(schema.has_value());
  ASSERT_EQ(schema->warnings().size(), 2U);
  EXPECT_THAT(schema->warnings()[0].message, HasSubstr("`ipaddr` hides the builtin type"));
  EXPECT_THAT(schema->warnings()[1].message, HasSubstr("`T` is also the name of an entity type"));
}

TEST(Schema, StaysWithinItsLimits) {
  Limits limits;
  limits.depth = 10;
  limits.declarations = 3;
  std::string deep;
  for (int i = 0; i < 12; ++i) deep += "Set<";
  const auto nested = Schema::parse("type T = " + deep + "Long" + std::string(12, '>') + ";", limits);
  ASSERT_FALSE(nested.has_value());
  EXPECT_THAT(message_of(nested.error()), HasSubstr("nested more than 10 deep"));

  // Nor through names.
  const std::string chain =
      "type A = Set<Set<Set<Set<B>>>>; type B = Set<Set<Set<Set<C>>>>; type C = Set<Set<Set<Long>>>;";
  const auto named = Schema::parse(chain, limits);
  ASSERT_FALSE(named.has_value());
  EXPECT_THAT(message_of(named.error()), HasSubstr("nested more than 10 deep"));

  const auto many = Schema::parse("entity A; entity B; entity C; entity D;", limits);
  ASSERT_FALSE(many.has_value());
  EXPECT_THAT(message_of(many.error()), HasSubstr("more than 3 declarations"));
}

// Types that double at each step would be as large as the square of the universe if they were written out.
TEST(Schema, HostileSchemasAreReadInNoTime) {
  std::string doubling = "type T0 = { a: Long };";
  for (int i = 1; i < 100; ++i) {
    const std::string below = "T" + std::to_string(i - 1);
    doubling += "type T" + std::to_string(i) + " = { a: " + below + ", b: " + below + " };";
  }
  std::string ladder = "entity E0;";
  for (int i = 1; i < 5000; ++i) {
    ladder += "entity E" + std::to_string(i) + " in [E" + std::to_string(i - 1) + ", E" +
              std::to_string(i / 2) + "];";
  }
  std::string wrong;
  for (int i = 0; i < 20'000; ++i)
    wrong += "entity A" + std::to_string(i) + " in Unknown" + std::to_string(i) + ";";
  for (const std::string& text :
       {doubling, ladder, wrong, std::string(1'000'000, '{'), std::string(1'000'000, '@')}) {
    const std::clock_t begin = std::clock();  // what others take of the machine does not count
    std::ignore = Schema::parse(text);
    std::ignore = Schema::parse_json(text);
    EXPECT_LT(std::clock() - begin, 2 * CLOCKS_PER_SEC) << text.substr(0, 40);
  }
}

TEST(Schema, TurnsIntoTheOtherSyntaxAndBack) {
  const auto schema = Schema::parse(kEverything);
  ASSERT_TRUE(schema.has_value());
  const std::string json = schema->to_json();
  const auto from_json = Schema::parse_json(json);
  ASSERT_TRUE(from_json.has_value()) << message_of(from_json.error()) << json;
  EXPECT_EQ(from_json->to_json(), json);
  const auto text = from_json->to_cedar();
  ASSERT_TRUE(text.has_value()) << text.error();
  EXPECT_EQ(*text, *schema->to_cedar());
  const auto again = Schema::parse(*text);
  ASSERT_TRUE(again.has_value()) << message_of(again.error()) << *text;
  EXPECT_EQ(again->to_json(), json);
  EXPECT_THAT(*text, HasSubstr("  @pii(\"yes\")\n    name: String,\n"));
}

TEST(Schema, PrintsAsPeopleWouldWriteIt) {
  const auto schema = Schema::parse(
      "entity A in B {x?:Set<{y:Long}>}tags Long;entity B enum[\"b\"];action v appliesTo{"
      "principal:A,resource:[A,B]};action \"w x\"in v;");
  ASSERT_TRUE(schema.has_value());
  EXPECT_EQ(*schema->to_cedar(), R"(entity A in [B] = {
  x?: Set<{
    y: Long,
  }>,
} tags Long;

entity B enum ["b"];

action v appliesTo {
  principal: [A],
  resource: [A, B]
};

action "w x" in [v];
)");
}

TEST(SchemaJson, ANamespaceMayHaveTheNameOfANamespacesMember) {
  const auto schema = Schema::parse_json(
      R"({"commonTypes": {"entityTypes": {"A": {}}, "actions": {}}, "actions": {"entityTypes": {}, "actions": {}}})");
  ASSERT_TRUE(schema.has_value());
  EXPECT_THAT(schema->entity_types(), testing::ElementsAre("commonTypes::A"));
}

TEST(SchemaJson, RefusesWithThePlaceAMessageAndAHelp) {
  const Bad cases[] = {
      {"", "1:1", "this is not JSON", ""},
      {"[]", "1:1", "a schema must be an object, not an array", ""},
      {"{\"\": {\"entityTypes\": {}, \"actions\": {}}} x", "1:42", "extra data", ""},
      {R"({"entityTypes": {}, "actions": {}})", "1:2", "object of namespaces", R"({"": { … }})"},
      {R"({"": {"entityTypes": {}}})", "1:2", "has no `actions`", ""},
      {R"({"": {"entityTypes": {}, "actions": {}, "actionz": 1}})", "1:41", "\"actionz\" has no meaning here",
       "did you mean `actions`?"},
      {R"({"N ": {"entityTypes": {}, "actions": {}}})", "1:2", "is not the name of a namespace", ""},
      {R"({"": {"entityTypes": {"A": {}, "A": {}}, "actions": {}}})", "1:32", "has the name \"A\" twice", ""},
      {R"({"": {"entityTypes": {"A B": {}}, "actions": {}}})", "1:23", "cannot be the name of an entity type",
       ""},
      {R"({"": {"entityTypes": {"A": {"enum": []}}, "actions": {}}})", "1:29", "at least one id", ""},
      {R"({"": {"entityTypes": {"A": {"enum": ["x"], "tags": {"type": "Long"}}}, "actions": {}}})", "1:44",
       "has no `tags`", ""},
      {R"({"": {"entityTypes": {"A": {"shape": {"type": "Record", "attributes": {"x": {"type": "Lnog"}}}}}, "actions": {}}})",
       "1:86", "there is no common type `Lnog`", ""},
      {R"({"": {"entityTypes": {"A": {"shape": {"type": "Record"}}}, "actions": {}}})", "1:29",
       "has no `attributes`", ""},
      {R"({"": {"entityTypes": {"A": {"shape": {"type": "Record", "attributes": {}, "additionalAttributes": true}}}, "actions": {}}})",
       "1:75", "and no others", ""},
      {R"({"": {"entityTypes": {"A": {"tags": {"type": "Extension", "name": "ip"}}}, "actions": {}}})",
       "1:29", "no extension type `ip`", ""},
      {R"({"": {"entityTypes": {"A": {"tags": {"type": "Set"}}}, "actions": {}}})", "1:29",
       "has no `element`", ""},
      {R"({"": {"entityTypes": {"A": {"tags": {"type": "Long", "element": {"type": "Long"}}}}, "actions": {}}})",
       "1:54", "has no meaning here", ""},
      {R"({"": {"entityTypes": {}, "actions": {"a": {"attributes": {}}}}})", "1:44",
       "actions have no attributes", ""},
      {R"({"": {"entityTypes": {}, "actions": {"a": {"memberOf": [{"id": "b"}]}}}})", "1:44",
       "there is no action", ""},
      {R"({"": {"entityTypes": {}, "actions": {"a": {"appliesTo": {"principalTypes": []}}}}})", "1:44",
       "has no `resourceTypes`", ""},
      {R"({"": {"entityTypes": {}, "actions": {}, "annotations": {"a": "b"}}})", "1:2",
       "namespaces with a name", ""},
      {R"({"": {"entityTypes": {}, "actions": {}, "commonTypes": {"Entity": {"type": "Long"}}}})", "1:57",
       "cannot be the name of a common type", ""},
  };
  for (const Bad& bad : cases) {
    const auto schema = Schema::parse_json(bad.text);
    ASSERT_FALSE(schema.has_value()) << bad.text;
    const std::string all = message_of(schema.error());
    EXPECT_THAT(all, testing::StartsWith(std::string(bad.place) + " ")) << bad.text;
    EXPECT_THAT(all, HasSubstr(bad.message)) << bad.text;
    EXPECT_THAT(all, HasSubstr(bad.help)) << bad.text;
  }
}

TEST(SchemaJson, RefusesTextThatIsNoJson) {
  const std::string_view texts[] = {
      "{",           "{\"a\"}", "{\"a\":1,}", "[1,]",    "01",        "1.",          "-",
      "1e",          "tru",     "\"a",        "\"\\x\"", "\"\\u12\"", "\"\\ud800\"", "\"\\ud800\\u0041\"",
      "\"\\udc00\"", "\"\n\"",  "'a'",        "{} {}",   "\xff"};
  for (const std::string_view text : texts) EXPECT_FALSE(Schema::parse_json(text).has_value()) << text;
  EXPECT_TRUE(Schema::parse_json("\t{\"\\u0041\\ud83d\\ude00\": 1.5e-3}")
                  .error()
                  .front()
                  .message.contains("not the name"));
}

TEST(SchemaJson, SaysWhatCedarSyntaxCannot) {
  const auto shape = Schema::parse_json(
      R"({"": {"commonTypes": {"R": {"type": "Record", "attributes": {}}}, "entityTypes": {"A": {"shape": {"type": "R"}}}, "actions": {}}})");
  ASSERT_TRUE(shape.has_value());
  EXPECT_THAT(shape->to_cedar().error(), HasSubstr("the shape of the entity type `A`"));
  const auto twins = Schema::parse_json(
      R"({"": {"commonTypes": {"A": {"type": "Long"}}, "entityTypes": {"A": {}, "B": {"tags": {"type": "Entity", "name": "A"}}}, "actions": {}}})");
  ASSERT_TRUE(twins.has_value());
  EXPECT_THAT(twins->to_cedar().error(), HasSubstr("`A` is an entity type and a common type"));
}

}  // namespace
}  // namespace cedar
