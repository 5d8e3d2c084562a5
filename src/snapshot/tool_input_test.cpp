#include "snapshot/tool_input.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/canonical_json.h"

namespace remit::snapshot {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

// A type in short: "{a: String, b?: [Long]}"; `!` where null is allowed.
std::string shown(const InputType& type) {
  using Kind = InputType::Kind;
  std::string out;
  if (type.kind == Kind::kSet) {
    out = "[" + shown(*type.element) + "]";
  } else if (type.kind == Kind::kRecord) {
    for (const auto& field : type.fields)
      out += (out.empty() ? "" : ", ") + field.name + (field.required ? ": " : "?: ") + shown(field.type);
    out = "{" + out + "}";
  } else {
    out = type.kind == Kind::kBool      ? "Bool"
          : type.kind == Kind::kLong    ? "Long"
          : type.kind == Kind::kDecimal ? "decimal"
                                        : "String";
  }
  return type.nullable ? out + "!" : out;
}

ToolInput read(std::string_view schema) { return read_tool_input(parse_json(schema).value().as_object()); }

ToolInput with_argument(std::string_view schema) {
  return read(R"({"type":"object","properties":{"a":)" + std::string(schema) + R"(},"required":["a"]})");
}

struct Case {
  std::string_view schema;
  std::string_view type;
};

TEST(ToolInput, HasTheTypesThatTheSchemaNames) {
  for (
      const auto& [schema, type] : std::vector<Case>{
          {R"({"type":"string"})", "{a: String}"},
          {R"({"type":"boolean"})", "{a: Bool}"},
          {R"({"type":"integer","minimum":1})", "{a: Long}"},
          {R"({"type":"number"})", "{a: decimal}"},
          {R"({"type":["integer","number"]})", "{a: decimal}"},
          {R"({"type":"string","enum":["x","y"],"format":"uri"})", "{a: String}"},
          {R"({"enum":["x","y"]})", "{a: String}"},
          {R"({"enum":[1,2]})", "{a: Long}"},
          {R"({"enum":[1,2.5]})", "{a: decimal}"},
          {R"({"enum":["x",null]})", "{a?: String!}"},
          {R"({"const":"x"})", "{a: String}"},
          {R"({"type":["string","null"]})", "{a?: String!}"},
          {R"({"anyOf":[{"type":"string","minLength":1},{"type":"null"}],"default":null})", "{a?: String!}"},
          {R"({"oneOf":[{"type":"null"},{"type":"array","items":{"type":"integer"}}]})", "{a?: [Long]!}"},
          {R"({"anyOf":[{"type":"string","format":"uri"},{"enum":["x"]}]})", "{a: String}"},
          {R"({"type":"string","anyOf":[{"minLength":1},{"maxLength":0}]})", "{a: String}"},
          {R"({"type":"array","items":{"type":"string"}})", "{a: [String]}"},
          {R"({"items":{"type":"string"}})", "{a: [String]}"},
          {R"({"type":"array","items":{"type":["string","null"]}})", "{a: [String!]}"},
          {R"({"type":"object","properties":{"b":{"type":"string"},"c":{"type":"integer"}},"required":["c"]})",
           "{a: {b?: String, c: Long}}"},
          {R"({"properties":{"b":{"type":"string"}}})", "{a: {b?: String}}"},
      }) {
    const auto input = with_argument(schema);
    EXPECT_EQ(shown(input.type), type) << schema;
    EXPECT_THAT(input.left_out, SizeIs(0)) << schema;
  }
}

TEST(ToolInput, LeavesOutWhatCedarHasNoTypeForAndSaysWhy) {
  struct LeftOutCase {
    std::string_view schema;
    std::string_view pointer;
    std::string_view reason;
  };
  constexpr std::string_view a = "/inputSchema/properties/a";
  for (const auto& [schema, pointer, reason] : std::vector<LeftOutCase>{
           {"true", a, "anything"},
           {"false", a, "may not be given"},
           {"{}", a, "nothing of its type"},
           {"5", a, "no schema"},
           {R"({"description":"text"})", a, "nothing of its type"},
           {R"({"type":["string","integer"]})", a, "integer or string"},
           {R"({"type":"null"})", a, "only be null"},
           {R"({"type":["null"]})", a, "only be null"},
           {R"({"type":"strnig"})", a, "none that JSON Schema has"},
           {R"({"type":[]})", a, "only be null"},
           {R"({"type":7})", a, "none that JSON Schema has"},
           {R"({"anyOf":[{"type":"string"},{"type":"array","items":{"type":"string"}}]})", a, "union"},
           {R"({"anyOf":[{"type":"string"},{"type":"integer"}]})", a, "integer or string"},
           {R"({"anyOf":"x"})", a, "no schema"},
           {R"({"oneOf":[{"type":"object","properties":{}},{"$ref":"#/$defs/x"}]})", a, "union"},
           {R"({"$ref":"#/$defs/x"})", a, "$ref is not followed"},
           {R"({"allOf":[{"type":"string"}]})", a, "allOf is not followed"},
           {R"({"enum":["x",1]})", a, "integer or string"},
           {R"({"type":"array"})", a, "what its items are"},
           {R"({"type":"array","items":true})", "/inputSchema/properties/a/items", "anything"},
           {R"({"type":"array","items":[{"type":"string"}]})", a, "tuple"},
           {R"({"type":"array","prefixItems":[{"type":"string"}],"items":false})", a, "tuple"},
       }) {
    const auto input = with_argument(schema);
    EXPECT_EQ(shown(input.type), "{}") << schema;
    ASSERT_THAT(input.left_out, SizeIs(1)) << schema;
    EXPECT_EQ(input.left_out[0].pointer, pointer) << schema;
    EXPECT_THAT(input.left_out[0].reason, HasSubstr(reason)) << schema;
  }
}

TEST(ToolInput, SaysWhereMembersMayBeThatHaveNoName) {
  const auto input = read(R"({"type":"object","properties":{
      "map":{"type":"object","additionalProperties":{"type":"string"}},
      "free":{"type":"object"},
      "open":{"type":"object","properties":{"x":{"type":"string"}},"additionalProperties":true}},
      "anyOf":[{"required":["map"]},{"properties":{"y":{"type":"string"}}}]})");
  EXPECT_EQ(shown(input.type), "{free?: {}, map?: {}, open?: {x?: String}}");
  std::vector<std::string> places;
  for (const auto& one : input.left_out) places.push_back(one.pointer);
  EXPECT_THAT(places, testing::UnorderedElementsAre(
                          "/inputSchema/anyOf", "/inputSchema/properties/map/additionalProperties",
                          "/inputSchema/properties/map", "/inputSchema/properties/free"));
}

TEST(ToolInput, TakesAnObjectThatDeclaresNothing) {
  struct NothingCase {
    std::string_view schema;
    std::size_t left_out;
  };
  for (const auto& [schema, left_out] : {NothingCase{R"({"type":"object","properties":{}})", 0},
                                         {R"({"type":"object","additionalProperties":false})", 0},
                                         {R"({"type":"object"})", 1},
                                         {"{}", 1}}) {
    const auto input = read(schema);
    EXPECT_EQ(shown(input.type), "{}") << schema;
    EXPECT_THAT(input.left_out, SizeIs(left_out)) << schema;
  }
  EXPECT_THAT(read(R"({"type":"string","properties":{"a":{"type":"string"}}})").left_out, SizeIs(1));
  EXPECT_THAT(read(R"({"properties":["a"]})").left_out, SizeIs(1));
}

TEST(ToolInput, HasNoMemberThatCedarWouldTakeForSomethingElse) {
  const auto input = read(
      R"({"properties":{"__entity":{"type":"string"},"__extn":{},"__expr":true,"__id":{"type":"string"}}})");
  EXPECT_EQ(shown(input.type), "{__id?: String}");
  EXPECT_THAT(input.left_out, SizeIs(3));
}

TEST(ToolInput, TellsPlacesApartWhoseNamesHaveSlashesAndTildes) {
  const auto input = read(R"({"properties":{"a/b~c":true}})");
  ASSERT_THAT(input.left_out, SizeIs(1));
  EXPECT_EQ(input.left_out[0].pointer, "/inputSchema/properties/a~1b~0c");
}

TEST(ToolInput, IsBoundedInDepthInWidthAndInWhatItSays) {
  std::string deep = R"({"type":"string"})";
  for (int i = 0; i < 18; ++i) deep = R"({"type":"array","items":)" + deep + "}";
  EXPECT_THAT(with_argument(deep).left_out.at(0).reason, HasSubstr("more than 16 deep"));
  std::string unions = R"({"type":"string"})";
  for (int i = 0; i < 25; ++i) unions = R"({"anyOf":[{"type":"null"},)" + unions + "]}";
  EXPECT_THAT(with_argument(unions).left_out.at(0).reason, HasSubstr("more than 16 deep"));

  std::string wide = R"({"properties":{)";
  for (int i = 0; i < 1200; ++i)
    wide += (i == 0 ? "\"p" : ",\"p") + std::to_string(i) + R"(":{"type":"string"})";
  const auto input = read(wide + "}}");
  EXPECT_EQ(input.type.fields.size(), kMaxInputFields);
  EXPECT_THAT(input.left_out, SizeIs(1));

  std::string unknown = R"({"properties":{)";
  for (int i = 0; i < 300; ++i) unknown += (i == 0 ? "\"p" : ",\"p") + std::to_string(i) + R"(":true)";
  const auto much = read(unknown + "}}").left_out;
  EXPECT_THAT(much, SizeIs(kMaxInputLeftOut + 1));
  EXPECT_THAT(much.back().reason, HasSubstr("200 more"));
}

TEST(ToolInput, FindsAFieldByItsName) {
  const auto input =
      read(R"({"properties":{"b":{"type":"string"},"a":{"type":"integer"},"":{"type":"boolean"}}})");
  EXPECT_EQ(shown(input.type.find("a")->type), "Long");
  EXPECT_EQ(shown(input.type.find("")->type), "Bool");
  EXPECT_EQ(input.type.find("c"), nullptr);
}

}  // namespace
}  // namespace remit::snapshot
