#include "decision/request.h"

#include <gtest/gtest.h>

#include <array>
#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <map>
#include <random>

#include "base/canonical_json.h"
#include "snapshot/policy_schema.h"

namespace remit::decision {
namespace {

namespace json = boost::json;

// Makes schemas and arguments. Few names, so that they meet.
class Maker {
 public:
  explicit Maker(std::uint64_t seed) : random_(seed) {}

  json::value schema(int depth) {
    switch (below(depth > 0 ? 16 : 10)) {
      case 0:
        return chance(2);
      case 1:
        return json::object{{"type", json::array{type_name(), type_name()}}};
      case 2:
        return json::object{{"enum", json::array{scalar(), scalar()}}};
      case 3:
        return json::object{{"$ref", "#/$defs/x"}};
      case 4:
        return json::object{};
      case 5:
      case 6:
      case 7:
      case 8:
      case 9:
        return json::object{{"type", type_name()}};
      case 10:
        return json::object{{"type", "array"}, {"items", schema(depth - 1)}};
      case 11:
        return json::object{{"anyOf", json::array{schema(depth - 1), json::object{{"type", "null"}}}}};
      case 12:
        return json::object{{"oneOf", json::array{schema(depth - 1), schema(depth - 1)}}};
      default:
        return object_schema(depth - 1);
    }
  }

  json::object object_schema(int depth) {
    json::object properties;
    json::array required;
    for (const auto name : kNames) {
      if (chance(2)) properties[name] = schema(depth);
      if (chance(3)) required.emplace_back(name);
    }
    json::object made;
    if (!chance(8)) made["type"] = "object";
    if (!chance(8)) made["properties"] = std::move(properties);
    if (chance(2)) made["required"] = std::move(required);
    if (chance(8)) made["additionalProperties"] = schema(0);
    return made;
  }

  // Mostly what the schema asks for: else nothing would get through.
  json::value fitting(const json::value& schema, int depth) {
    if (!schema.is_object() || chance(40)) return value(depth);
    const auto& object = schema.get_object();
    if (const auto* values = object.if_contains("enum")) return values->at(below(2));
    for (const auto* keyword : {"anyOf", "oneOf"})
      if (const auto* list = object.if_contains(keyword)) return fitting(list->at(below(2)), depth);
    const auto* type = object.if_contains("type");
    if (object.contains("properties") || (type && *type == "object")) return fitting_object(object, depth);
    if (type == nullptr) return value(depth);
    if (*type == "array") {
      json::array made;
      for (std::size_t i = below(3); i > 0; --i)
        made.push_back(fitting(object.contains("items") ? object.at("items") : json::value(true), depth - 1));
      return made;
    }
    return of_type(type->is_string() ? type->get_string() : type->at(below(2)).as_string());
  }

  json::object fitting_object(const json::object& schema, int depth) {
    json::object made;
    const auto* properties = schema.if_contains("properties");
    for (const auto name : kNames) {
      const auto* property = properties ? properties->get_object().if_contains(name) : nullptr;
      if (property != nullptr && !chance(4)) made[name] = fitting(*property, depth - 1);
    }
    if (chance(4)) made[kNames.at(below(kNames.size()))] = value(depth - 1);
    if (const auto* required = schema.if_contains("required"); required && !chance(10))
      for (const auto& name : required->get_array())
        if (properties && properties->get_object().contains(name.get_string()) &&
            !made.contains(name.get_string()))
          made[name.get_string()] = fitting(properties->at(name.get_string()), depth - 1);
    return made;
  }

 private:
  static constexpr std::array<std::string_view, 6> kNames = {"a", "b", "c", "in", "\"q\\ \n", ""};

  std::size_t below(std::size_t n) { return std::uniform_int_distribution<std::size_t>(0, n - 1)(random_); }
  bool chance(std::size_t n) { return below(n) == 0; }

  std::string_view type_name() {
    static constexpr std::array<std::string_view, 7> names = {"string", "integer", "number", "boolean",
                                                              "null",   "array",   "object"};
    return names.at(below(names.size()));
  }

  json::value of_type(std::string_view type) {
    if (type == "string") return json::value(kNames.at(below(kNames.size())));
    if (type == "integer" || type == "number") return number();
    if (type == "boolean") return chance(2);
    if (type == "array") return json::array();
    if (type == "object") return json::object();
    return nullptr;
  }

  json::value number() {
    switch (below(8)) {
      case 0:
        return std::int64_t{std::numeric_limits<std::int64_t>::min()};
      case 1:
        return std::uint64_t{std::numeric_limits<std::uint64_t>::max()};
      case 2:
        return 922337203685477.0;
      case 3:
        return 1e300;
      case 4:
        return 3.0;
      case 5:
        return std::uniform_real_distribution<double>(-1e15, 1e15)(random_);
      case 6:
        return std::uniform_real_distribution<double>(-10, 10)(random_);
      default:
        return static_cast<std::int64_t>(below(10));
    }
  }

  json::value scalar() { return of_type(type_name()); }

  json::value value(int depth) {
    if (depth <= 0 || chance(2)) return scalar();
    if (chance(2)) return json::array{value(depth - 1), value(depth - 1)};
    json::object made;
    for (const auto name : kNames)
      if (chance(3)) made[name] = value(depth - 1);
    if (chance(30)) made["__entity"] = json::object{{"type", "Remit::Human"}, {"id", "x"}};
    return made;
  }

  std::mt19937_64 random_;
};

struct World {
  snapshot::SnapshotData data;
  snapshot::Credential key;

  World() {
    snapshot::Deployment bot;
    bot.name = "bot";
    snapshot::Destination erp;
    erp.name = "erp";
    snapshot::Tool tool;
    tool.qualified_name = "erp/odd";
    tool.effect = snapshot::Effect::kRead;
    tool.labels = {"pii"};
    data.deployments = {bot};
    data.destinations = {erp};
    data.tools = {tool};
  }
  Standing standing() const {
    return {&data.deployments[0], &key, nullptr, &data.tools[0], &data.destinations[0]};
  }
};

// Whatever a server declares and an agent sends. REMIT_SEED=… repeats a run.
TEST(Request, PassesTheSchemaOfItsEnvironmentOrIsRefused) {
  const char* given = std::getenv("REMIT_SEED");
  const std::uint64_t seed = given == nullptr ? 20'261'125 : std::strtoull(given, nullptr, 10);
  SCOPED_TRACE("REMIT_SEED=" + std::to_string(seed));
  Maker maker(seed);
  World world;
  std::map<std::string_view, int> ends;
  for (int i = 0; i < 1500; ++i) {
    const auto declared = maker.object_schema(3);
    world.data.tools[0].input = std::make_shared<snapshot::ToolInput>(snapshot::read_tool_input(declared));
    const auto text = snapshot::policy_schema(world.data, Environment::kSandbox).text;
    const auto schema = cedar::Schema::parse(text);
    ASSERT_TRUE(schema) << cedar::render(schema.error().front(), text, "schema") << json::serialize(declared);
    for (int k = 0; k < 10; ++k) {
      const auto arguments = maker.fitting_object(declared, 3);
      const Call call{
          .deployment = {}, .credential = {}, .tool = "erp/odd", .arguments = &arguments, .now = Instant{}};
      const auto request = make_request(call, world.standing());
      if (!request) {
        ++ends[request.error().code];
        ASSERT_TRUE(request.error().code == "RMT-D044" || request.error().code == "RMT-D045");
        continue;
      }
      ++ends["passed"];
      const auto checked = cedar::validate(request->request, *schema);
      ASSERT_TRUE(checked) << checked.error().pointer << ": " << checked.error().message << "\n"
                           << json::serialize(declared) << "\n"
                           << json::serialize(arguments);
    }
  }
  for (const std::string_view end : {"passed", "RMT-D044", "RMT-D045"})
    EXPECT_GT(ends[end], end == "RMT-D044" ? 20 : 2000) << end;
}

}  // namespace
}  // namespace remit::decision
