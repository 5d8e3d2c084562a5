// External declarations (RFC 116), and schemas that are linked. Many cases are those of the reference's own
// tests (cedar-policy-core 4.14.1, validator/linking.rs and cedar_schema/fmt.rs).

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "cedar/cedar.h"

namespace cedar {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Schema parsed(std::string_view text) {
  auto schema = Schema::parse(text);
  if (schema) return *schema;
  ADD_FAILURE() << render(schema.error().front(), text, "schema");
  return {};
}

std::string error_of(std::string_view text, bool json = false) {
  const auto schema = json ? Schema::parse_json(text) : Schema::parse(text);
  return schema ? "" : schema.error().front().message;
}

// The linked schema's complete text, or what is wrong; the same for every order.
std::string linked(std::vector<std::string> texts) {
  std::string first;
  std::ranges::sort(texts);
  bool once = true;
  do {
    std::vector<Schema> schemas;
    for (const auto& text : texts) schemas.push_back(parsed(text));
    const auto schema = Schema::link(schemas);
    const std::string result = schema ? schema->to_cedar().value() : "error: " + schema.error();
    if (once) first = result;
    once = false;
    EXPECT_EQ(result, first);
  } while (std::ranges::next_permutation(texts).found);
  return first;
}

TEST(ExternalDeclarations, GoThroughBothSyntaxes) {
  for (const std::string_view text :
       {"external entity Foo;", "entity Bar;\nexternal entity Foo in Bar;",
        "entity Bar, Baz;\nexternal entity Foo in [Bar, Baz];", "external entity Foo, Bar;",
        "external entity external;", "external entity entity; entity A in [entity];",
        "entity Baz; namespace N { entity Bar; external entity Foo in [N::Bar, Baz]; }",
        "external action Foo;", R"(external action "a b";)",
        R"(action Bar; external action Foo in Action::"Bar";)", "external action Foo, Bar;",
        "@doc(\"x\") external entity A;", "entity B { b: Long }; external entity A in B;"}) {
    const Schema schema = parsed(text);
    EXPECT_FALSE(schema.is_complete()) << text;
    const auto again = Schema::parse(schema.to_cedar().value());
    ASSERT_TRUE(again) << text;
    EXPECT_EQ(again->to_json(), schema.to_json()) << text;
    const auto from_json = Schema::parse_json(schema.to_json());
    ASSERT_TRUE(from_json) << schema.to_json();
    EXPECT_EQ(from_json->to_json(), schema.to_json());
    EXPECT_THAT(schema.to_json(), HasSubstr("\"external\": true"));
  }
  EXPECT_TRUE(Schema::parse_json(R"({"": {"entityTypes": {"A": {"external": false, "shape": {"type": "Record",
      "attributes": {}}}}, "actions": {}}})")
                  ->is_complete());
}

TEST(ExternalDeclarations, HaveParentsAndNothingElse) {
  for (const std::string_view text : {"external entity A { x: Long };", "external entity A = { x: Long };",
                                      "external entity A tags Long;", R"(external entity A enum ["x"];)",
                                      "entity A; external action a appliesTo { principal: A, resource: A };",
                                      "external action a attributes {};", "external type A = Long;",
                                      "external namespace N {}", "external;"})
    EXPECT_NE(error_of(text), "") << text;
  for (const std::string_view member : {R"("shape": {"type": "Record", "attributes": {}})",
                                        R"("tags": {"type": "Long"})", R"("enum": ["x"])"})
    EXPECT_THAT(error_of(R"({"": {"entityTypes": {"A": {"external": true, )" + std::string(member) +
                             R"(}}, "actions": {}}})",
                         true),
                HasSubstr("an external entity type has no"));
  EXPECT_THAT(error_of(R"({"": {"entityTypes": {}, "actions": {"a": {"external": true, "appliesTo":
      {"principalTypes": [], "resourceTypes": []}}}}})",
                       true),
              HasSubstr("an external action has no `appliesTo`"));
  EXPECT_NE(error_of(R"({"": {"entityTypes": {"A": {"external": "yes"}}, "actions": {}}})", true), "");
  EXPECT_THAT(error_of(R"(entity E enum ["x"]; external entity A in [E];)"),
              HasSubstr("is in the enumerated type `E`"));
}

TEST(ExternalDeclarations, LeaveASchemaIncompleteAgainstWhichNothingValidates) {
  const Schema schema = parsed(R"(
    external entity Photo; entity User; external action audit;
    action view appliesTo { principal: User, resource: Photo };)");
  EXPECT_THAT(schema.external_entity_types(), ElementsAre("Photo"));
  EXPECT_THAT(schema.external_actions(), ElementsAre(EntityUid("Action", "audit")));
  const auto report = validate(PolicySet::parse("permit (principal, action, resource);").value(), schema);
  EXPECT_FALSE(report.passed());
  EXPECT_THAT(
      report.findings.at(0).diagnostic.message,
      testing::AllOf(HasSubstr("incomplete"), HasSubstr("`Photo`"), HasSubstr("`Action::\"audit\"`")));
  // What is not needed is not asked for: the name alone is declared.
  EXPECT_TRUE(validate(
      Request{.principal = {"User", "u"}, .action = {"Action", "view"}, .resource = {"Photo", "p"}}, schema));
  const auto audit = validate(
      Request{.principal = {"User", "u"}, .action = {"Action", "audit"}, .resource = {"Photo", "p"}}, schema);
  ASSERT_FALSE(audit);
  EXPECT_THAT(audit.error().message, HasSubstr("declared external"));
  EXPECT_THAT(
      Entities::parse_json(R"([{"uid": {"type": "Photo", "id": "p"}, "attrs": {}, "parents": []}])", schema)
          .error()
          .message,
      HasSubstr("declared external"));
  EXPECT_TRUE(
      Entities::parse_json(R"([{"uid": {"type": "User", "id": "u"}, "attrs": {}, "parents": []}])", schema));
  EXPECT_FALSE(Context::parse_json("{}", schema, {"Action", "audit"}));
}

TEST(LinkedSchemas, HaveWhatEachOfThemDefines) {
  const std::string both = linked({"external entity B; entity A { b: B };", "entity B { n: Long };"});
  EXPECT_THAT(both, testing::AllOf(HasSubstr("entity B = {"), Not(HasSubstr("external"))));
  EXPECT_THAT(linked({"external entity B; entity A { b: B };", "external entity C; entity B { c: C };",
                      "entity C tags Set<Long>;"}),
              Not(HasSubstr("external")));
  EXPECT_THAT(linked({"external entity Z; entity A { z: Z };", "entity B;"}),
              HasSubstr("external entity Z;"));
  EXPECT_THAT(
      linked(
          {R"(external action read; entity U; action view in read appliesTo { principal: U, resource: U };)",
           "action read;"}),
      Not(HasSubstr("external")));
}

TEST(LinkedSchemas, ValidateAsOneThatIsWrittenAsOne) {
  const std::vector<Schema> schemas{
      parsed("type Money = { amount: decimal }; external entity Doc; entity User { paid: Money, docs: "
             "Set<Doc> };"
             "action view appliesTo { principal: User, resource: Doc, context: { ip: ipaddr } };"),
      parsed("entity Doc in [Folder] { owner?: Long }; entity Folder;")};
  const auto schema = Schema::link(schemas);
  ASSERT_TRUE(schema) << schema.error();
  EXPECT_TRUE(schema->is_complete());
  const auto valid = [&](std::string_view condition) {
    return validate(PolicySet::parse("permit (principal, action, resource) when { " + std::string(condition) +
                                     " };")
                        .value(),
                    *schema)
        .passed();
  };
  EXPECT_TRUE(valid(R"(resource in Folder::"f" && resource has owner && resource.owner == 1)"));
  EXPECT_TRUE(
      valid(R"(principal.paid.amount.lessThan(decimal("1.0")) && principal.docs.contains(resource))"));
  EXPECT_TRUE(valid("context.ip.isLoopback()"));
  EXPECT_FALSE(valid("resource.ownr == 1"));
}

TEST(LinkedSchemas, AreRefusedWhereTheyDoNotAgree) {
  struct Case {
    std::vector<std::string> schemas;
    std::string_view message;
  };
  const Case cases[] = {
      {{"entity A;", "entity A { n: Long };"}, "the entity type `A` is defined twice"},
      {{"action a;", "action a;"}, "is defined twice"},
      {{"external entity E; entity A { e: E };", R"(entity E enum ["x"];)"}, "`E` is enumerated"},
      {{"external entity A in [Z]; external entity Z;", "entity A; entity Z;"}, "`A` is declared to be in"},
      {{"external action a in b; external action b;", "external action a; external action b;"},
       "do not agree"},
      {{"external action a in b; external action b;", "action a; action b;"}, "do not agree"},
      {{"entity String;", "entity Other;"}, "would hide a builtin type"},
      // Closing would put A, which is defined whole, into C.
      {{"external entity B; entity A in [B];", "external entity C; external entity B in [C];"},
       "`A` would be in more than its definition says"},
      {{"external action a; action b in a;", "external action b; action a in b;"}, ""}};
  for (const auto& [schemas, message] : cases) {
    const std::string result = linked(schemas);
    EXPECT_TRUE(result.starts_with("error: ")) << result;
    EXPECT_THAT(result, HasSubstr(message));
  }
  EXPECT_FALSE(linked({"external entity String;", "external entity String;"}).starts_with("error"));
}

TEST(LinkedSchemas, OfNoneAndOfOneAreThemselves) {
  EXPECT_THAT(Schema::link({})->entity_types(), IsEmpty());
  const std::vector<Schema> one{parsed("@doc(\"kept\") external entity A;")};
  EXPECT_EQ(Schema::link(one)->to_json(), one[0].to_json());
}

TEST(LinkedSchemas, UniteTheParentsOfExternals) {
  EXPECT_THAT(linked({"external entity A in [B]; external entity B;",
                      "external entity A in [C]; external entity C;"}),
              HasSubstr("external entity A in [B, C];"));
}

}  // namespace
}  // namespace cedar
