#include "snapshot/tool_input.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <optional>
#include <unordered_set>
#include <utility>

namespace remit::snapshot {
namespace {

namespace json = boost::json;
using Kind = InputType::Kind;
using Pointer = std::string;

// The types of JSON Schema, as a set.
enum TypeBit : std::uint8_t {
  kNull = 1,
  kBoolean = 2,
  kInteger = 4,
  kNumber = 8,
  kText = 16,
  kArray = 32,
  kObject = 64
};
constexpr std::array<std::pair<std::string_view, std::uint8_t>, 7> kTypeNames = {{{"null", kNull},
                                                                                  {"boolean", kBoolean},
                                                                                  {"integer", kInteger},
                                                                                  {"number", kNumber},
                                                                                  {"string", kText},
                                                                                  {"array", kArray},
                                                                                  {"object", kObject}}};

// Keywords that can declare members which `properties` does not name.
constexpr std::array<std::string_view, 9> kOtherMembers = {
    "$ref",       "allOf", "anyOf", "oneOf", "if", "dependentSchemas", "dependencies", "patternProperties",
    "$dynamicRef"};
constexpr std::array<std::string_view, 4> kReferences = {"$ref", "$dynamicRef", "$recursiveRef", "allOf"};

// RFC 6901.
std::string below(const Pointer& pointer, std::string_view step) {
  std::string out = pointer + "/";
  for (const char c : step) {
    if (c == '~')
      out += "~0";
    else if (c == '/')
      out += "~1";
    else
      out += c;
  }
  return out;
}

std::optional<std::uint8_t> type_bit(const json::value& name) {
  if (!name.is_string()) return std::nullopt;
  for (const auto& [known, bit] : kTypeNames)
    if (known == std::string_view(name.get_string())) return bit;
  return std::nullopt;
}

std::uint8_t type_of(const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      return kNull;
    case json::kind::bool_:
      return kBoolean;
    case json::kind::int64:
    case json::kind::uint64:
      return kInteger;
    case json::kind::double_:
      return kNumber;
    case json::kind::string:
      return kText;
    case json::kind::array:
      return kArray;
    case json::kind::object:
      return kObject;
  }
  return 0;
}

InputType of_kind(Kind kind) {
  InputType type;
  type.kind = kind;
  return type;
}

std::string names_of(std::uint8_t types) {
  std::string names;
  for (const auto& [name, bit] : kTypeNames)
    if ((types & bit) != 0) names.append(names.empty() ? "" : " or ").append(name);
  return names;
}

class Reader {
 public:
  ToolInput read_input(const json::object& schema) {
    const Pointer root = "/inputSchema";
    ToolInput input;
    if (const auto* type = schema.if_contains("type"); type != nullptr && type_bit(*type) != kObject) {
      leave_out(root, "the arguments of a call are an object, and this says that they are something else");
    } else {
      input.type = object(schema, root, 1);
    }
    if (unlisted_ > 0) left_out_.push_back({root, fmt::format("{} more parts are left out", unlisted_)});
    input.left_out = std::move(left_out_);
    return input;
  }

 private:
  std::optional<InputType> read(const json::value& schema, const Pointer& at, int depth) {
    if (schema.is_bool())
      return leave_out(at, schema.get_bool() ? "it may be anything" : "it may not be given");
    if (!schema.is_object()) return leave_out(at, "this is no schema");
    if (depth > kMaxInputDepth)
      return leave_out(at, fmt::format("it is nested more than {} deep", kMaxInputDepth));
    const auto& object = schema.get_object();
    if (const auto* type = object.if_contains("type")) {
      const auto types = declared_types(*type);
      if (!types) return leave_out(at, "its type is none that JSON Schema has");
      return of_types(*types, object, at, depth);
    }
    for (const auto keyword : kReferences)
      if (object.contains(keyword)) return leave_out(at, fmt::format("{} is not followed", keyword));
    if (object.contains("properties")) return of_types(kObject, object, at, depth);
    for (const auto* keyword : {"anyOf", "oneOf"})
      if (const auto* alternatives = object.if_contains(keyword))
        return one_of(*alternatives, below(at, keyword), at, depth);
    if (const auto types = types_of_values(object)) return of_types(*types, object, at, depth);
    if (object.contains("items")) return of_types(kArray, object, at, depth);
    return leave_out(at, "it says nothing of its type");
  }

  static std::optional<std::uint8_t> declared_types(const json::value& type) {
    if (!type.is_array()) return type_bit(type);
    std::uint8_t types = 0;
    for (const auto& one : type.get_array()) {
      const auto bit = type_bit(one);
      if (!bit) return std::nullopt;
      types |= *bit;
    }
    return types;
  }

  // Of `enum` or `const`; nothing where there is neither.
  static std::optional<std::uint8_t> types_of_values(const json::object& schema) {
    if (const auto* value = schema.if_contains("const")) return type_of(*value);
    const auto* values = schema.if_contains("enum");
    if (values == nullptr || !values->is_array()) return std::nullopt;
    std::uint8_t types = 0;
    for (const auto& value : values->get_array()) types |= type_of(value);
    return types;
  }

  std::optional<InputType> of_types(std::uint8_t types, const json::object& schema, const Pointer& at,
                                    int depth) {
    const bool nullable = (types & kNull) != 0;
    std::uint8_t rest = types & static_cast<std::uint8_t>(~kNull);
    if (rest == (kInteger | kNumber)) rest = kNumber;  // integers are numbers
    std::optional<InputType> made;
    switch (rest) {
      case 0:
        return leave_out(at, "it can only be null");
      case kBoolean:
        made = of_kind(Kind::kBool);
        break;
      case kInteger:
        made = of_kind(Kind::kLong);
        break;
      case kNumber:
        made = of_kind(Kind::kDecimal);
        break;
      case kText:
        made = of_kind(Kind::kString);
        break;
      case kArray:
        made = array(schema, at, depth);
        break;
      case kObject:
        made = object(schema, at, depth);
        break;
      default:
        return leave_out(at, fmt::format("it is {}, and a type of Cedar is one of them", names_of(rest)));
    }
    if (made) made->nullable = nullable;
    return made;
  }

  // Null and one other, which is how "or nothing" is often said; or several that are of one simple type.
  std::optional<InputType> one_of(const json::value& alternatives, const Pointer& list, const Pointer& at,
                                  int depth) {
    if (!alternatives.is_array()) return leave_out(at, "this is no schema");
    bool nullable = false;
    std::uint8_t simple = 0;
    std::size_t others = 0;
    std::size_t other = 0;
    for (std::size_t i = 0; i < alternatives.get_array().size(); ++i) {
      const auto types = simple_types(alternatives.get_array()[i]);
      nullable |= (types & kNull) != 0;
      if (types == kNull) continue;
      ++others;
      other = i;
      simple |= types == 0 ? kObject : types;
    }
    std::optional<InputType> made;
    if (others == 1)
      made = read(alternatives.get_array()[other], below(list, std::to_string(other)), depth + 1);
    else if ((simple & (kArray | kObject)) == 0)
      made = of_types(simple, {}, at, depth);
    else
      return leave_out(at, "it is a union, which has no type in Cedar");
    if (made) made->nullable |= nullable;
    return made;
  }

  // The types that an alternative names; none where it is not as simple as that.
  static std::uint8_t simple_types(const json::value& schema) {
    if (!schema.is_object()) return 0;
    const auto& object = schema.get_object();
    if (const auto* type = object.if_contains("type")) return declared_types(*type).value_or(0);
    return types_of_values(object).value_or(0);
  }

  std::optional<InputType> array(const json::object& schema, const Pointer& at, int depth) {
    if (schema.contains("prefixItems") || schema.contains("additionalItems"))
      return leave_out(at, "it is a tuple, which has no type in Cedar");
    const auto* items = schema.if_contains("items");
    if (items == nullptr) return leave_out(at, "it does not say what its items are");
    if (items->is_array()) return leave_out(at, "it is a tuple, which has no type in Cedar");
    auto element = read(*items, below(at, "items"), depth + 1);
    if (!element) return std::nullopt;
    InputType set = of_kind(Kind::kSet);
    set.element = std::make_shared<InputType>(std::move(*element));
    return set;
  }

  InputType object(const json::object& schema, const Pointer& at, int depth) {
    InputType record;
    for (const auto keyword : kOtherMembers)
      if (schema.contains(keyword)) leave_out(below(at, keyword), "members that it may declare are not seen");
    if (const auto* others = schema.if_contains("additionalProperties"); others && others->is_object())
      leave_out(below(at, "additionalProperties"), "members that have no name are not seen");

    const auto* properties = schema.if_contains("properties");
    if (properties == nullptr) {
      const auto* others = schema.if_contains("additionalProperties");
      if (others == nullptr || *others != false)
        leave_out(at, "its members are not seen, since none is declared");
      return record;
    }
    const Pointer members = below(at, "properties");
    const auto required = required_names(schema);
    if (!properties->is_object()) {
      leave_out(members, "this is no object");
      return record;
    }
    for (const auto& [name, property] : properties->get_object()) {
      if (fields_ == kMaxInputFields) {
        leave_out(members, fmt::format("the tool has more than {} arguments", kMaxInputFields));
        break;
      }
      const Pointer place = below(members, name);
      if (is_reserved_name(name)) {
        leave_out(place, "its name means something else in Cedar; no call may use it");
        continue;
      }
      ++fields_;
      auto type = read(property, place, depth + 1);
      if (!type) continue;
      record.fields.push_back(
          {std::string(name), required.contains(name) && !type->nullable, std::move(*type)});
    }
    std::ranges::sort(record.fields, {}, &InputType::Field::name);
    return record;
  }

  static std::unordered_set<std::string_view> required_names(const json::object& schema) {
    std::unordered_set<std::string_view> names;
    const auto* required = schema.if_contains("required");
    if (required == nullptr || !required->is_array()) return names;
    for (const auto& one : required->get_array())
      if (one.is_string()) names.insert(one.get_string());
    return names;
  }

  std::nullopt_t leave_out(Pointer at, std::string reason) {
    if (left_out_.size() < kMaxInputLeftOut)
      left_out_.push_back({std::move(at), std::move(reason)});
    else
      ++unlisted_;
    return std::nullopt;
  }

  std::size_t fields_ = 0;
  std::vector<LeftOut> left_out_;
  std::size_t unlisted_ = 0;
};

}  // namespace

const InputType::Field* InputType::find(std::string_view name) const {
  const auto found = std::ranges::lower_bound(
      fields, name, {}, [](const Field& field) { return std::string_view(field.name); });
  return found != fields.end() && found->name == name ? &*found : nullptr;
}

bool is_reserved_name(std::string_view name) {
  return name == "__entity" || name == "__extn" || name == "__expr";
}

ToolInput read_tool_input(const json::object& input_schema) { return Reader().read_input(input_schema); }

std::shared_ptr<const ToolInput> no_tool_input() {
  static const auto none = std::make_shared<const ToolInput>();
  return none;
}

}  // namespace remit::snapshot
