#include "mcp/tool_definition.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/array.hpp>
#include <boost/json/value.hpp>
#include <initializer_list>
#include <map>
#include <set>
#include <span>
#include <vector>

#include "base/utf8.h"
#include "mcp/ecmascript_pattern.h"
#include "mcp/raw_json.h"

namespace remit::mcp {
namespace {

namespace json = boost::json;
using Fault = std::optional<DefinitionFault>;

constexpr std::size_t kMaxSchemas = 10'000;  // within one outputSchema

constexpr std::size_t kMaxShown = 80;  // bytes of the server's words

// Where a value stands: written out only if it is at fault.
struct Place {
  const Place* above = nullptr;
  std::string_view step = {};
  std::size_t index = 0;
  bool is_index = false;

  Place below(std::string_view member) const { return {this, member}; }
  Place below(std::size_t element) const { return {this, {}, element, true}; }

  std::string pointer() const {
    if (above == nullptr) return {};
    std::string out = above->pointer() + "/";
    if (is_index) return out + std::to_string(index);
    for (const char c : utf8_head(step, kMaxShown)) {
      if (c == '~')
        out += "~0";
      else if (c == '/')
        out += "~1";
      else
        out += static_cast<unsigned char>(c) < 0x20 ? '?' : c;
    }
    return out;
  }
};

Fault wrong(const Place& at, std::string what) { return DefinitionFault{at.pointer(), std::move(what)}; }

// What a member must be
// --------------------------------------------------------------------------------------

using Check = Fault (*)(const json::value& value, const Place& at);

struct Member {
  std::string_view name;
  Check check;
};

Fault check_members(const json::object& object, const Place& at, std::span<const Member> members) {
  for (const auto& member : members)
    if (const auto* value = object.if_contains(member.name))
      if (auto fault = member.check(*value, at.below(member.name))) return fault;
  return std::nullopt;
}

Fault text(const json::value& value, const Place& at) {
  return value.is_string() ? std::nullopt : wrong(at, "must be text");
}

Fault truth(const json::value& value, const Place& at) {
  return value.is_bool() ? std::nullopt : wrong(at, "must be true or false");
}

Fault number(const json::value& value, const Place& at) {
  return value.is_number() ? std::nullopt : wrong(at, "must be a number");
}

Fault object(const json::value& value, const Place& at) {
  return value.is_object() ? std::nullopt : wrong(at, "must be an object");
}

Fault texts(const json::value& value, const Place& at) {
  const auto* array = value.if_array();
  if (array == nullptr || !std::ranges::all_of(*array, [](const auto& one) { return one.is_string(); }))
    return wrong(at, "must be an array of strings");
  return std::nullopt;
}

Fault one_of(const json::value& value, const Place& at, std::initializer_list<std::string_view> names) {
  if (value.is_string() && std::ranges::find(names, view(value.get_string())) != names.end())
    return std::nullopt;
  return wrong(at, fmt::format("must be one of {}", fmt::join(names, ", ")));
}

// A Tool of MCP's schema
// -------------------------------------------------------------------------------------

Fault annotations(const json::value& value, const Place& at) {
  static constexpr std::array<Member, 5> kMembers = {{{"title", text},
                                                      {"readOnlyHint", truth},
                                                      {"destructiveHint", truth},
                                                      {"idempotentHint", truth},
                                                      {"openWorldHint", truth}}};
  if (auto fault = object(value, at)) return fault;
  return check_members(value.get_object(), at, kMembers);
}

Fault task_support(const json::value& value, const Place& at) {
  if (auto fault = one_of(value, at, {"forbidden", "optional", "required"})) return fault;
  if (value.get_string() == "required")
    return wrong(
        at, "is `required`: the tool can only be called as a task, and calls as tasks are not passed on");
  return std::nullopt;
}

Fault execution(const json::value& value, const Place& at) {
  static constexpr std::array<Member, 1> kMembers = {{{"taskSupport", task_support}}};
  if (auto fault = object(value, at)) return fault;
  return check_members(value.get_object(), at, kMembers);
}

Fault theme(const json::value& value, const Place& at) { return one_of(value, at, {"light", "dark"}); }

Fault icon(const json::value& value, const Place& at) {
  static constexpr std::array<Member, 4> kMembers = {
      {{"src", text}, {"mimeType", text}, {"sizes", texts}, {"theme", theme}}};
  if (auto fault = object(value, at)) return fault;
  if (!value.get_object().contains("src")) return wrong(at, "has no `src`");
  return check_members(value.get_object(), at, kMembers);
}

Fault icons(const json::value& value, const Place& at) {
  const auto* array = value.if_array();
  if (array == nullptr) return wrong(at, "must be an array of icons");
  for (std::size_t i = 0; i < array->size(); ++i)
    if (auto fault = icon((*array)[i], at.below(i))) return fault;
  return std::nullopt;
}

Fault properties(const json::value& value, const Place& at) {
  if (auto fault = object(value, at)) return fault;
  for (const auto& [name, property] : value.get_object())
    if (auto fault = object(property, at.below(name))) return fault;
  return std::nullopt;
}

// The root of a schema of a Tool: for an object, and with what MCP's schema says of it.
Fault object_schema(const json::value& value, const Place& at) {
  static constexpr std::array<Member, 3> kMembers = {
      {{"$schema", text}, {"properties", properties}, {"required", texts}}};
  if (auto fault = object(value, at)) return fault;
  const auto* type = value.get_object().if_contains("type");
  if (type == nullptr) return wrong(at, R"(has no `type`, which must be "object")");
  if (!type->is_string() || type->get_string() != "object")
    return wrong(at.below("type"), R"(must be "object")");
  return check_members(value.get_object(), at, kMembers);
}

// A schema that clients compile
// ------------------------------------------------------------------------------

// All schemas within one, each looked at once.
class SchemaReader {
 public:
  explicit SchemaReader(const json::object& root) : root_(root) {}

  Fault read(const json::value& schema, const Place& at) {
    if (auto fault = walk(schema, at)) return fault;
    // Clients do not find the root by a name.
    for (const std::string_view name : {"$anchor", "$dynamicAnchor"})
      if (const auto* own = root_.if_contains(name)) anchors_.erase(std::string(own->get_string()));
    // What references lead to may stand where no keyword of JSON Schema is, and have references in turn.
    for (std::size_t i = 0; i < references_.size(); ++i)
      if (auto fault = follow(Reference(references_[i]))) return fault;
    return std::nullopt;
  }

 private:
  struct Reference {
    std::string pointer;  // of the `$ref`
    std::string target;
  };

  Fault follow(const Reference& reference) {
    std::set<const json::value*> passed;
    std::string target = reference.target;
    while (true) {
      const auto* found = find(target);
      if (found == nullptr || !(found->is_object() || found->is_bool())) return nowhere(reference);
      if (!passed.insert(found).second)
        return DefinitionFault{reference.pointer, "leads by references alone back to where it was"};
      if (!seen_.contains(found) && found != &kRoot)
        if (auto fault = walk(*found, Place{})) return DefinitionFault{reference.pointer, fault->what};
      const auto* object = found == &kRoot ? &root_ : found->if_object();
      const auto* next = object == nullptr ? nullptr : object->if_contains("$ref");
      if (next == nullptr) return std::nullopt;
      target = view(next->get_string());
    }
  }

  Fault walk(const json::value& schema, const Place& at) {
    if (schema.is_bool()) return std::nullopt;
    if (!schema.is_object()) return wrong(at, "must be a schema: an object, true or false");
    if (!seen_.insert(&schema).second) return std::nullopt;
    if (seen_.size() > kMaxSchemas) return wrong(at, "is of a schema with too many parts");
    for (const auto& [name, value] : schema.get_object())
      if (auto fault = keyword(name, value, schema, at.below(name))) return fault;
    return std::nullopt;
  }

  Fault keyword(std::string_view name, const json::value& value, const json::value& schema, const Place& at);
  Fault stray(const json::value& value, const Place& at);
  Fault one_or_more(const json::value& value, const Place& at) {
    return value.is_array() ? list(value, at) : walk(value, at);
  }

  Fault list(const json::value& value, const Place& at) {
    const auto* array = value.if_array();
    if (array == nullptr) return wrong(at, "must be an array of schemas");
    for (std::size_t i = 0; i < array->size(); ++i)
      if (auto fault = walk((*array)[i], at.below(i))) return fault;
    return std::nullopt;
  }

  Fault map(const json::value& value, const Place& at) {
    if (!value.is_object()) return wrong(at, "must be an object of schemas");
    for (const auto& [name, schema] : value.get_object())
      if (auto fault = walk(schema, at.below(name))) return fault;
    return std::nullopt;
  }

  Fault pattern_map(const json::value& value, const Place& at) {
    if (!value.is_object()) return wrong(at, "must be an object of schemas");
    for (const auto& [name, schema] : value.get_object()) {
      if (!is_ecmascript_pattern(name)) return wrong(at.below(name), kNoPattern);
      if (auto fault = walk(schema, at.below(name))) return fault;
    }
    return std::nullopt;
  }

  // Of each member, others that must be there or a schema.
  Fault dependencies(const json::value& value, const Place& at) {
    if (!value.is_object()) return wrong(at, "must be an object");
    for (const auto& [name, one] : value.get_object())
      if (auto fault = one.is_array() ? texts(one, at.below(name)) : walk(one, at.below(name))) return fault;
    return std::nullopt;
  }

  Fault reference(const json::value& value, const Place& at) {
    if (!value.is_string()) return wrong(at, "must be text");
    references_.push_back({at.pointer(), std::string(view(value.get_string()))});
    return std::nullopt;
  }

  Fault anchor(const json::value& value, const json::value& schema, const Place& at) {
    const auto permitted = [](char c) {
      return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
             c == '-' || c == '.';
    };
    const std::string_view name = value.is_string() ? view(value.get_string()) : std::string_view();
    if (name.empty() || !std::ranges::all_of(name, permitted) || name.front() == '-' || name.front() == '.' ||
        (name.front() >= '0' && name.front() <= '9'))
      return wrong(at, "must be a plain name");
    if (!anchors_.emplace(name, &schema).second) return wrong(at, "is the anchor of two schemas");
    return std::nullopt;
  }

  // Where a reference leads: "#", "#name" or "#/…". Null where that is nowhere within the schema.
  const json::value* find(std::string_view reference) const {
    if (reference == "#") return &kRoot;
    if (reference.starts_with("#/")) return resolve(reference.substr(1));
    const auto named = reference.starts_with('#') ? anchors_.find(reference.substr(1)) : anchors_.end();
    return named == anchors_.end() ? nullptr : named->second;
  }
  const json::value* resolve(std::string_view pointer) const;

  static Fault nowhere(const Reference& reference) {
    return DefinitionFault{reference.pointer, fmt::format("leads to no schema within this one: `{}`",
                                                          utf8_head(reference.target, kMaxShown))};
  }

  static inline const json::value kRoot = true;  // stands for the root, which is walked first

  static constexpr const char* kNoPattern = "is no regular expression of ECMAScript";

  const json::object& root_;
  std::set<const json::value*> seen_;
  std::map<std::string, const json::value*, std::less<>> anchors_;
  std::vector<Reference> references_;
};

Fault type_name(const json::value& value, const Place& at) {
  return one_of(value, at, {"array", "boolean", "integer", "null", "number", "object", "string"});
}

Fault schema_type(const json::value& value, const Place& at) {
  const auto* array = value.if_array();
  if (array == nullptr) return type_name(value, at);
  if (array->empty()) return wrong(at, "names no type");
  for (std::size_t i = 0; i < array->size(); ++i)
    if (auto fault = type_name((*array)[i], at.below(i))) return fault;
  return std::nullopt;
}

Fault values(const json::value& value, const Place& at) {
  return value.is_array() && !value.get_array().empty() ? std::nullopt
                                                        : wrong(at, "must be an array of at least one value");
}

// Keywords whose value is no schema.
constexpr std::array kPlainKeywords = std::to_array<Member>({{"type", schema_type},
                                                             {"enum", values},
                                                             {"required", texts},
                                                             {"uniqueItems", truth},
                                                             {"format", text},
                                                             {"multipleOf", number},
                                                             {"minimum", number},
                                                             {"maximum", number},
                                                             {"exclusiveMinimum", number},
                                                             {"exclusiveMaximum", number},
                                                             {"minLength", number},
                                                             {"maxLength", number},
                                                             {"minItems", number},
                                                             {"maxItems", number},
                                                             {"minContains", number},
                                                             {"maxContains", number},
                                                             {"minProperties", number},
                                                             {"maxProperties", number}});

Fault SchemaReader::keyword(std::string_view name, const json::value& value, const json::value& schema,
                            const Place& at) {
  using Read = Fault (SchemaReader::*)(const json::value&, const Place&);
  static constexpr auto kSchemaKeywords = std::to_array<std::pair<std::string_view, Read>>({
      {"properties", &SchemaReader::map},
      {"patternProperties", &SchemaReader::pattern_map},
      {"$defs", &SchemaReader::map},
      {"definitions", &SchemaReader::map},
      {"dependentSchemas", &SchemaReader::map},
      {"dependencies", &SchemaReader::dependencies},
      {"dependentRequired", &SchemaReader::dependencies},
      {"allOf", &SchemaReader::list},
      {"anyOf", &SchemaReader::list},
      {"oneOf", &SchemaReader::list},
      {"prefixItems", &SchemaReader::list},
      {"items", &SchemaReader::one_or_more},
      {"additionalItems", &SchemaReader::walk},
      {"unevaluatedItems", &SchemaReader::walk},
      {"additionalProperties", &SchemaReader::walk},
      {"unevaluatedProperties", &SchemaReader::walk},
      {"propertyNames", &SchemaReader::walk},
      {"contains", &SchemaReader::walk},
      {"not", &SchemaReader::walk},
      {"if", &SchemaReader::walk},
      {"then", &SchemaReader::walk},
      {"else", &SchemaReader::walk},
      {"$ref", &SchemaReader::reference},
  });
  for (const auto& [known, read] : kSchemaKeywords)
    if (known == name) return (this->*read)(value, at);
  for (const auto& known : kPlainKeywords)
    if (known.name == name) return known.check(value, at);
  if (name == "$anchor" || name == "$dynamicAnchor") return anchor(value, schema, at);
  if (name == "$id" || name == "id")
    return wrong(at, "gives a schema an id: clients have one table of them for all tools");
  if (name == "$async" || name.starts_with("formatM") || name.starts_with("formatE"))
    return wrong(at, "is not of JSON Schema, and clients compile the schema otherwise for it");
  if (name == "nullable") {
    if (!value.is_bool()) return truth(value, at);
    if (!schema.get_object().contains("type")) return wrong(at, "stands beside no `type`");
  }
  if (name == "pattern" && !(value.is_string() && is_ecmascript_pattern(view(value.get_string()))))
    return wrong(at, kNoPattern);
  static constexpr std::array<std::string_view, 4> kData = {"const", "enum", "default", "examples"};
  return std::ranges::find(kData, name) == kData.end() ? stray(value, at) : std::nullopt;
}

// Under what no keyword is, clients look for names of schemas all the same.
Fault SchemaReader::stray(const json::value& value, const Place& at) {
  if (const auto* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i)
      if (auto fault = stray((*array)[i], at.below(i))) return fault;
    return std::nullopt;
  }
  const auto* object = value.if_object();
  if (object == nullptr) return std::nullopt;
  for (const auto& [name, one] : *object) {
    if (name == "$id" || name == "$anchor" || name == "$dynamicAnchor")
      return wrong(at.below(name), "names a schema where none is");
    if (auto fault = stray(one, at.below(name))) return fault;
  }
  return std::nullopt;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  if (c >= 'A' && c <= 'F') return c - 'A' + 10;
  return -1;
}

// RFC 3986 §2.1 and RFC 6901 §4 undone; nothing where either is malformed.
std::optional<std::string> decoded_step(std::string_view step) {
  std::string out;
  for (std::size_t i = 0; i < step.size(); ++i) {
    char c = step[i];
    if (c == '%') {
      const int high = i + 2 < step.size() ? hex_digit(step[i + 1]) : -1;
      const int low = high < 0 ? -1 : hex_digit(step[i + 2]);
      if (low < 0) return std::nullopt;
      c = static_cast<char>((high << 4) + low);
      i += 2;
    }
    out += c;
  }
  std::string plain;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (out[i] != '~') {
      plain += out[i];
      continue;
    }
    if (i + 1 == out.size() || (out[i + 1] != '0' && out[i + 1] != '1')) return std::nullopt;
    plain += out[++i] == '0' ? '~' : '/';
  }
  return plain;
}

const json::value* SchemaReader::resolve(std::string_view pointer) const {
  const json::object* object = &root_;
  const json::array* array = nullptr;
  const json::value* found = nullptr;
  while (!pointer.empty()) {
    pointer.remove_prefix(1);  // the slash
    const auto end = std::min(pointer.find('/'), pointer.size());
    const auto step = decoded_step(pointer.substr(0, end));
    pointer.remove_prefix(end);
    if (!step) return nullptr;
    if (object != nullptr) {
      found = object->if_contains(*step);
    } else if (array != nullptr) {
      std::size_t index = 0;
      const bool is_index = !step->empty() && step->size() < 6 &&
                            (step->size() == 1 || step->front() != '0') &&
                            std::ranges::all_of(*step, [](char c) { return c >= '0' && c <= '9'; });
      if (!is_index) return nullptr;
      for (const char c : *step) index = (index * 10) + static_cast<std::size_t>(c - '0');
      found = index < array->size() ? &(*array)[index] : nullptr;
    } else {
      return nullptr;
    }
    if (found == nullptr) return nullptr;
    object = found->if_object();
    array = found->if_array();
  }
  return found;
}

Fault output_schema(const json::value& value, const Place& at) {
  if (auto fault = object_schema(value, at)) return fault;
  return SchemaReader(value.get_object()).read(value, at);
}

constexpr std::array kTool = std::to_array<Member>({{"title", text},
                                                    {"description", text},
                                                    {"annotations", annotations},
                                                    {"execution", execution},
                                                    {"icons", icons},
                                                    {"_meta", object},
                                                    {"inputSchema", object_schema},
                                                    {"outputSchema", output_schema}});

// What no parser may be asked to read
// ------------------------------------------------------------------------

Fault too_deep(const json::value& value, const Place& at, int depth) {
  if (depth > kMaxDefinitionDepth)
    return wrong(at, fmt::format("is nested more than {} deep", kMaxDefinitionDepth));
  if (const auto* array = value.if_array()) {
    for (std::size_t i = 0; i < array->size(); ++i)
      if (auto fault = too_deep((*array)[i], at.below(i), depth + 1)) return fault;
  } else if (const auto* members = value.if_object()) {
    for (const auto& [name, one] : *members)
      if (auto fault = too_deep(one, at.below(name), depth + 1)) return fault;
  }
  return std::nullopt;
}

std::optional<unsigned> escaped_unit(std::string_view raw, std::size_t at) {
  if (at + 6 > raw.size() || raw[at] != '\\' || raw[at + 1] != 'u') return std::nullopt;
  unsigned unit = 0;
  for (std::size_t i = at + 2; i < at + 6; ++i) {
    const int digit = hex_digit(raw[i]);
    if (digit < 0) return std::nullopt;
    unit = (unit << 4U) + static_cast<unsigned>(digit);
  }
  return unit;
}

// Half of a surrogate pair, which is JSON and no Unicode text.
bool has_lone_surrogate(std::string_view raw) {
  for (std::size_t i = 0; i + 1 < raw.size(); ++i) {
    if (raw[i] != '\\') continue;
    const auto unit = escaped_unit(raw, i);
    if (!unit) {
      ++i;  // past what is escaped
      continue;
    }
    if (*unit >= 0xDC00 && *unit <= 0xDFFF) return true;
    if (*unit >= 0xD800 && *unit <= 0xDBFF) {
      const auto low = escaped_unit(raw, i + 6);
      if (!low || *low < 0xDC00 || *low > 0xDFFF) return true;
      i += 6;
    }
    i += 5;
  }
  return false;
}

}  // namespace

std::optional<DefinitionFault> find_fault(const json::object& definition, std::string_view raw) {
  const Place root;
  if (raw.size() > kMaxDefinitionBytes)
    return wrong(root, fmt::format("has more than {} bytes", kMaxDefinitionBytes));
  if (has_lone_surrogate(raw)) return wrong(root, "has half of a surrogate pair in a string");
  for (const auto& [name, value] : definition)
    if (auto fault = too_deep(value, root.below(name), 1)) return fault;
  if (!definition.contains("inputSchema")) return wrong(root, "has no `inputSchema`");
  return check_members(definition, root, kTool);
}

}  // namespace remit::mcp
