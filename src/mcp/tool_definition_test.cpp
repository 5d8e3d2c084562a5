// Which definitions are let through: what this proves is that they are Tools of MCP's own schema, and free of
// what is known to make the SDKs' clients refuse a whole list.

#include "mcp/tool_definition.h"

#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>
#include <random>
#include <sstream>

#include "base/canonical_json.h"

namespace remit::mcp {
namespace {

namespace json = boost::json;

std::string fault_of(std::string_view raw) {
  const auto value = parse_json(raw, {.max_depth = 200});
  if (!value) return "not JSON";
  const auto fault = find_fault(value->get_object(), raw);
  return fault ? fault->pointer + " " + fault->what : "";
}

// A definition with a member beside a good inputSchema.
std::string with(std::string_view member) {
  return R"({"name":"t","inputSchema":{"type":"object"},)" + std::string(member) + "}";
}
std::string input(std::string_view members) {
  return R"({"name":"t","inputSchema":{)" + std::string(members) + "}}";
}
std::string output(std::string_view members) {
  return with(R"("outputSchema":{"type":"object",)" + std::string(members) + "}");
}

TEST(ToolDefinitions, ThatNotEveryClientCanReadAreRefusedWithThePlace) {
  const std::vector<std::pair<std::string, std::string>> cases = {
      {R"({"name":"t"})", " has no `inputSchema`"},
      {R"({"name":"t","inputSchema":null})", "/inputSchema must be an object"},
      {R"({"name":"t","inputSchema":true})", "/inputSchema must be an object"},
      {input(""), R"(/inputSchema has no `type`, which must be "object")"},
      {input(R"("anyOf":[{"type":"object"}])"), R"(/inputSchema has no `type`, which must be "object")"},
      {input(R"("$ref":"#/$defs/a","$defs":{"a":{"type":"object"}})"),
       R"(/inputSchema has no `type`, which must be "object")"},
      {input(R"("type":null)"), R"(/inputSchema/type must be "object")"},
      {input(R"("type":"array")"), R"(/inputSchema/type must be "object")"},
      {input(R"("type":["object","null"])"), R"(/inputSchema/type must be "object")"},
      {input(R"("type":"object","properties":null)"), "/inputSchema/properties must be an object"},
      {input(R"("type":"object","properties":[])"), "/inputSchema/properties must be an object"},
      {input(R"("type":"object","properties":{"a/b":null})"),
       "/inputSchema/properties/a~1b must be an object"},
      {input(R"("type":"object","properties":{"a":true})"), "/inputSchema/properties/a must be an object"},
      {input(R"("type":"object","properties":{"a":"string"})"),
       "/inputSchema/properties/a must be an object"},
      {input(R"("type":"object","required":null)"), "/inputSchema/required must be an array of strings"},
      {input(R"("type":"object","required":"a")"), "/inputSchema/required must be an array of strings"},
      {input(R"("type":"object","required":[1])"), "/inputSchema/required must be an array of strings"},
      {input(R"("type":"object","$schema":7)"), "/inputSchema/$schema must be text"},
      {with(R"("title":null)"), "/title must be text"},
      {with(R"("title":[])"), "/title must be text"},
      {with(R"("description":null)"), "/description must be text"},
      {with(R"("description":{"en":"x"})"), "/description must be text"},
      {with(R"("annotations":null)"), "/annotations must be an object"},
      {with(R"("annotations":"safe")"), "/annotations must be an object"},
      {with(R"("annotations":{"title":1})"), "/annotations/title must be text"},
      {with(R"("annotations":{"readOnlyHint":"yes"})"), "/annotations/readOnlyHint must be true or false"},
      {with(R"("annotations":{"destructiveHint":null})"),
       "/annotations/destructiveHint must be true or false"},
      {with(R"("_meta":null)"), "/_meta must be an object"},
      {with(R"("_meta":[])"), "/_meta must be an object"},
      {with(R"("execution":null)"), "/execution must be an object"},
      {with(R"("execution":{"taskSupport":null})"),
       "/execution/taskSupport must be one of forbidden, optional, required"},
      {with(R"("execution":{"taskSupport":"maybe"})"),
       "/execution/taskSupport must be one of forbidden, optional, required"},
      {with(R"("execution":{"taskSupport":"required"})"),
       "/execution/taskSupport is `required`: the tool can only be called as a task, and calls as tasks are "
       "not "
       "passed on"},
      {with(R"("icons":null)"), "/icons must be an array of icons"},
      {with(R"("icons":{})"), "/icons must be an array of icons"},
      {with(R"("icons":["https://x/i.png"])"), "/icons/0 must be an object"},
      {with(R"("icons":[{}])"), "/icons/0 has no `src`"},
      {with(R"("icons":[{"src":"https://x/i.png"},{"src":1}])"), "/icons/1/src must be text"},
      {with(R"("icons":[{"src":"a:b","sizes":"48x48"}])"), "/icons/0/sizes must be an array of strings"},
      {with(R"("icons":[{"src":"a:b","theme":"blue"}])"), "/icons/0/theme must be one of light, dark"},
      {with(R"("outputSchema":null)"), "/outputSchema must be an object"},
      {with(R"("outputSchema":{"type":"array","items":{}})"), R"(/outputSchema/type must be "object")"},
      {with(R"("outputSchema":{"anyOf":[{}]})"), R"(/outputSchema has no `type`, which must be "object")"},
      {output(R"("properties":{"a":false})"), "/outputSchema/properties/a must be an object"},
      {output(R"("$ref":"#/$defs/none")"),
       "/outputSchema/$ref leads to no schema within this one: `#/$defs/none`"},
      {output(R"("properties":{"a":{"$ref":"#/properties/b"}})"),
       "/outputSchema/properties/a/$ref leads to no schema within this one: `#/properties/b`"},
      {output(R"("properties":{"a":{"$ref":"https://x/schema.json"}})"),
       "/outputSchema/properties/a/$ref leads to no schema within this one: `https://x/schema.json`"},
      {output(R"("properties":{"a":{"$ref":"#nowhere"}})"),
       "/outputSchema/properties/a/$ref leads to no schema within this one: `#nowhere`"},
      {output(R"("properties":{"a":{"$ref":null}})"), "/outputSchema/properties/a/$ref must be text"},
      {output(R"("properties":{"a":{"$ref":"#/properties/a"}})"),
       "/outputSchema/properties/a/$ref leads by references alone back to where it was"},
      {output(R"("properties":{"a":{"$ref":"#/x"}},"x":{"$ref":"#/y"},"y":{"$ref":"#/x"})"),
       "/outputSchema/properties/a/$ref leads by references alone back to where it was"},
      {output(R"("$anchor":"top","properties":{"a":{"$ref":"#top"}})"),
       "/outputSchema/properties/a/$ref leads to no schema within this one: `#top`"},
      {output(R"("properties":{"a":{"type":[]}})"), "/outputSchema/properties/a/type names no type"},
      {output(R"("properties":{"a":{"$ref":"#/x"}},"x":{"type":"strng"})"),
       "/outputSchema/properties/a/$ref must be one of array, boolean, integer, null, number, object, "
       "string"},
      {output(R"("properties":{"a":{"type":"any"}})"),
       "/outputSchema/properties/a/type must be one of array, boolean, integer, null, number, object, "
       "string"},
      {output(R"("properties":{"a":{"items":null}})"),
       "/outputSchema/properties/a/items must be a schema: an object, true or false"},
      {output(R"("properties":{"a":{"anyOf":{}}})"),
       "/outputSchema/properties/a/anyOf must be an array of schemas"},
      {output(R"("properties":{"a":{"anyOf":[null]}})"),
       "/outputSchema/properties/a/anyOf/0 must be a schema: an object, true or false"},
      {output(R"("properties":{"a":{"enum":[]}})"),
       "/outputSchema/properties/a/enum must be an array of at least one value"},
      {output(R"("properties":{"a":{"minimum":"0"}})"),
       "/outputSchema/properties/a/minimum must be a number"},
      {output(R"("properties":{"a":{"required":true}})"),
       "/outputSchema/properties/a/required must be an array of strings"},
      {output(R"("properties":{"a":{"pattern":"("}})"),
       "/outputSchema/properties/a/pattern is no regular expression of ECMAScript"},
      {output(R"("patternProperties":{"(?i)x":{}})"),
       "/outputSchema/patternProperties/(?i)x is no regular expression of ECMAScript"},
      {output(R"("$id":"https://x/y")"),
       "/outputSchema/$id gives a schema an id: clients have one table of them for all tools"},
      {output(R"("properties":{"a":{"id":"x"}})"),
       "/outputSchema/properties/a/id gives a schema an id: clients have one table of them for all tools"},
      {output(R"("properties":{"a":{"nullable":true}})"),
       "/outputSchema/properties/a/nullable stands beside no `type`"},
      {output(R"("properties":{"a":{"$async":true}})"),
       "/outputSchema/properties/a/$async is not of JSON Schema, and clients compile the schema otherwise "
       "for it"},
      {output(R"("properties":{"a":{"formatMinimum":"2026-01-01"}})"),
       "/outputSchema/properties/a/formatMinimum is not of JSON Schema, and clients compile the schema "
       "otherwise for it"},
      {output(R"("properties":{"a":{"x-more":[{"y":{"$id":"x"}}]}})"),
       "/outputSchema/properties/a/x-more/0/y/$id names a schema where none is"},
      {output(R"("properties":{"a":{"$anchor":"x"},"b":{"$anchor":"x"}})"),
       "/outputSchema/properties/b/$anchor is the anchor of two schemas"},
  };
  for (const auto& [raw, fault] : cases) EXPECT_EQ(fault_of(raw), fault) << raw;
}

TEST(ToolDefinitions, OfTheKindThatServersHaveAreLetThrough) {
  for (
      const auto& raw :
      {input(R"("type":"object")"), input(R"("type":"object","properties":{},"required":[])"),
       input(
           R"("type":"object","additionalProperties":false,"$schema":"http://json-schema.org/draft-07/schema#")"),
       input(R"("type":"object","anyOf":[{"required":["a"]}],"$defs":{"n":{"$anchor":"n","const":1.50}})"),
       // A server's own business, as long as every client can read it.
       input(
           R"("type":"object","properties":{"a":{"$ref":"https://x/y","pattern":"(","type":"any","$id":"x"}})"),
       with(R"("title":"","description":"x","annotations":{},"_meta":{"a":null},"execution":{},"icons":[])"),
       with(R"("annotations":{"title":"T","readOnlyHint":true,"openWorldHint":false,"other":null})"),
       with(R"("execution":{"taskSupport":"optional"},"other":null)"),
       with(
           R"("icons":[{"src":"data:image/png;base64,AA==","mimeType":"image/png","sizes":["any"],"theme":"dark"}])"),
       output(
           R"("properties":{"id":{"type":"string","pattern":"^[a-z]+$","format":"uuid"},"$id":{"type":"string"},
                                "n":{"type":["integer","null"],"minimum":0,"nullable":true}},"required":["id"])"),
       output(R"("properties":{"a":{"$ref":"#/$defs/node"}},
                  "$defs":{"node":{"type":"object","properties":{"next":{"$ref":"#/$defs/node"},"top":{"$ref":"#"}}}})"),
       output(R"("properties":{"a":{"$ref":"#/x~1y/0"},"b":{"$ref":"#/%24defs/a%20b"},"c":{"$ref":"#here"}},
                  "x/y":[{"type":"string"}],"$defs":{"a b":{"$anchor":"here"}})"),
       output(R"("properties":{"a":{"const":null,"default":{"$ref":"#/none"},"examples":[{"type":"any"}]}})"),
       output(
           R"("additionalProperties":{},"dependencies":{"a":["b"],"b":{"required":["c"]}},"items":[{},true])")})
    EXPECT_EQ(fault_of(raw), "") << raw;
}

TEST(ToolDefinitions,
     OfMoreThanParsersTakeAreRefused) {  // As it is in the bytes, whatever the value has of it.
  const auto value = parse_json(with(R"("description":"?")")).value();
  for (const std::string_view text :
       {R"(a\ud800b)", R"(\udc00\ud800)", R"(\\\ud83d\ude0)", R"(\ud83d\ud83d\ude00)"}) {
    const auto fault = find_fault(value.as_object(), with(R"("description":")" + std::string(text) + '"'));
    ASSERT_TRUE(fault) << text;
    EXPECT_EQ(fault->what, "has half of a surrogate pair in a string") << text;
  }
  EXPECT_EQ(fault_of(with(R"("description":"\ud83d\ude00 \\ud800 \\\\")")), "");
  std::string deep;
  for (int i = 0; i < 70; ++i) deep += R"({"items":)";
  deep += "1" + std::string(70, '}');
  EXPECT_NE(fault_of(with(R"("_meta":)" + deep)).find("is nested more than 64 deep"), std::string::npos);
  EXPECT_EQ(fault_of(with(R"("description":")" + std::string(kMaxDefinitionBytes, 'x') + '"')),
            " has more than 262144 bytes");
}

// Keywords of JSON Schema as far as MCP's schema uses them for a Tool.
class McpSchema {
 public:
  explicit McpSchema(json::value schema) : schema_(std::move(schema)) {}

  bool is_tool(const json::value& value) const { return accepts(definition("Tool"), value); }

 private:
  const json::object& definition(std::string_view name) const {
    return schema_.at("$defs").at(name).as_object();
  }

  bool accepts(const json::value& schema, const json::value& value) const {
    return schema.is_bool() ? schema.get_bool() : accepts(schema.as_object(), value);
  }

  bool accepts(const json::object& schema, const json::value& value) const {
    for (const auto& [key, rule] : schema) {
      if (key == "$ref") {
        if (!accepts(definition(std::string_view(rule.as_string()).substr(8)), value)) return false;
      } else if (key == "type") {
        if (!is_of(rule.as_string(), value)) return false;
      } else if (key == "const") {
        if (value != rule) return false;
      } else if (key == "enum") {
        bool found = false;
        for (const auto& one : rule.as_array()) found |= one == value;
        if (!found) return false;
      } else if (key == "items" && value.is_array()) {
        for (const auto& one : value.get_array())
          if (!accepts(rule, one)) return false;
      } else if (key == "required" && value.is_object()) {
        for (const auto& name : rule.as_array())
          if (!value.get_object().contains(name.as_string())) return false;
      } else if (key == "properties" && value.is_object()) {
        for (const auto& [name, one] : rule.as_object())
          if (const auto* member = value.get_object().if_contains(name); member && !accepts(one, *member))
            return false;
      } else if (key == "additionalProperties" && value.is_object()) {
        const auto* named = schema.if_contains("properties");
        for (const auto& [name, member] : value.get_object())
          if (!(named && named->as_object().contains(name)) && !accepts(rule, member)) return false;
      }
    }
    return true;
  }

  static bool is_of(std::string_view type, const json::value& value) {
    if (type == "object") return value.is_object();
    if (type == "array") return value.is_array();
    if (type == "string") return value.is_string();
    if (type == "boolean") return value.is_bool();
    ADD_FAILURE() << "this test does not know the type " << type;
    return false;
  }

  json::value schema_;
};

std::string text_of(const std::filesystem::path& path) {
  std::ifstream in(path, std::ios::binary);
  std::stringstream out;
  out << in.rdbuf();
  return out.str();
}

// All values within one, to change one of them.
void collect(json::value& value, std::vector<json::value*>& all) {
  all.push_back(&value);
  if (auto* array = value.if_array())
    for (auto& one : *array) collect(one, all);
  if (auto* object = value.if_object())
    for (auto& member : *object) collect(member.value(), all);
}

TEST(ToolDefinitions, ThatAreLetThroughAreToolsOfTheProtocolsOwnSchema) {
  const auto folder = std::filesystem::path(REMIT_CORPORA_DIR) / "mcp/schema/schema";
  auto schema = parse_json(text_of(folder / "2025-11-25/schema.json"));
  ASSERT_TRUE(schema) << "the corpus is missing: " << folder;
  const McpSchema mcp(std::move(*schema));

  std::vector<json::value> seeds;
  for (const auto& entry : std::filesystem::directory_iterator(folder / "2026-07-28/examples/Tool"))
    seeds.push_back(parse_json(text_of(entry.path())).value());
  seeds.push_back(parse_json(R"({"name":"all","title":"T","description":"D","_meta":{"a":1},
      "annotations":{"title":"A","readOnlyHint":true,"destructiveHint":false,"idempotentHint":true,"openWorldHint":true},
      "execution":{"taskSupport":"optional"},
      "icons":[{"src":"https://x/i.png","mimeType":"image/png","sizes":["any"],"theme":"light"}],
      "inputSchema":{"$schema":"https://json-schema.org/draft/2020-12/schema","type":"object",
                     "properties":{"a":{"type":"string"}},"required":["a"]},
      "outputSchema":{"type":"object","properties":{"a":{"type":"string"}},"required":["a"]}})")
                      .value());
  const std::vector<json::value> others = {nullptr,
                                           true,
                                           7,
                                           "object",
                                           "x",
                                           json::array(),
                                           json::array{1},
                                           json::array{"a"},
                                           json::object(),
                                           json::object{{"type", "object"}},
                                           json::object{{"a", nullptr}}};
  std::mt19937 random(20260727);  // the seed of a failure is in its message
  int accepted = 0;
  int refused = 0;
  for (int round = 0; round < 5000; ++round) {
    json::value definition = seeds[random() % seeds.size()];
    for (auto changes = random() % 3; changes > 0; --changes) {
      std::vector<json::value*> all;
      collect(definition, all);
      auto& changed = *all[1 + (random() % (all.size() - 1))];
      changed = others[random() % others.size()];
    }
    const auto raw = json::serialize(definition);
    if (find_fault(definition.as_object(), raw)) {
      ++refused;
      continue;
    }
    ++accepted;
    // The name is looked at elsewhere.
    if (!definition.at("name").is_string()) continue;
    EXPECT_TRUE(mcp.is_tool(definition)) << "round " << round << ": " << raw;
  }
  EXPECT_GT(accepted, 1000);
  EXPECT_GT(refused, 1000);
}

}  // namespace
}  // namespace remit::mcp
