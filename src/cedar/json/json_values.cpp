#include "cedar/json/json_values.h"

#include <array>

#include "cedar/json/json.h"
#include "cedar/syntax/parser_impl.h"
#include "cedar/values/functions.h"

namespace cedar {
namespace {

// What makes a value of an extension type of its text; nullptr: no extension type.
const Function* constructor_of(const Type* type) {
  if (type == nullptr || type->kind < TypeKind::kDecimal) return nullptr;
  static const std::array<const Function*, 4> kConstructors{
      find_function("decimal"), find_function("datetime"), find_function("duration"), find_function("ip")};
  return kConstructors.at(static_cast<std::size_t>(type->kind) -
                          static_cast<std::size_t>(TypeKind::kDecimal));
}

}  // namespace

std::string pointer_step(std::string_view step) {
  std::string pointer = "/";
  for (const char c : step) {
    if (c == '~') {
      pointer += "~0";
    } else if (c == '/') {
      pointer += "~1";
    } else {
      pointer += c;
    }
  }
  return pointer;
}

std::unexpected<DataError> below(std::string_view step, DataError error) {
  error.pointer.insert(0, pointer_step(step));
  shorten(error);
  return std::unexpected(std::move(error));
}

std::expected<Value, DataError> JsonReader::value(const Json& given, const Type* expected) {
  switch (given.kind()) {
    case Json::Kind::kBool:
      return Value::boolean(given.as_bool());
    case Json::Kind::kInteger:
      return Value::integer(given.as_integer());
    case Json::Kind::kNumber:
      if (given.text().find_first_not_of("-0123456789") == std::string_view::npos)
        return data_error("this integer needs more than 64 bits");
      return data_error(
          R"(a number must be a 64-bit integer; for a fraction use {"__extn": {"fn": "decimal", "arg": "1.5"}})");
    case Json::Kind::kString:
      if (const Function* constructor = constructor_of(expected))
        return implicit_extension(given.text(), *constructor);
      return Value::string(arena_.copy(given.text()));
    case Json::Kind::kNull:
      return data_error("null is no Cedar value; leave the attribute out");
    case Json::Kind::kArray:
    case Json::Kind::kObject:
      break;
  }
  if (depth_ >= limits_.depth)
    return data_error("nested more than " + std::to_string(limits_.depth) + " deep");
  ++depth_;
  auto nested = given.is_array() ? set(given, expected) : object(given, expected);
  --depth_;
  return nested;
}

std::expected<Value, DataError> JsonReader::set(const Json& given, const Type* expected) {
  const Type* element_type = is_kind(expected, TypeKind::kSet) ? expected->element : nullptr;
  const std::span<Value> elements = arena_.array<Value>(given.elements().size());
  for (std::size_t i = 0; i < elements.size(); ++i) {
    auto element = value(given.elements()[i], element_type);
    if (!element) return below(std::to_string(i), std::move(element).error());
    elements[i] = *element;
  }
  return Value::set(elements);
}

std::expected<Value, DataError> JsonReader::object(const Json& given, const Type* expected) {
  if (is_kind(expected, TypeKind::kRecord)) return record(given, expected);
  if (is_kind(expected, TypeKind::kEntity) && given.find("type") != nullptr && given.find("id") != nullptr)
    return entity(given);
  if (constructor_of(expected) != nullptr && given.find("fn") != nullptr) return extension(given);

  // Escapes begin alike; hardly anything else does.
  for (const Json::Member& member : given.members()) {
    if (!member.name.starts_with("__")) continue;
    if (member.name != "__entity" && member.name != "__extn" && member.name != "__expr") continue;
    if (given.members().size() != 1)
      return data_error("nothing may stand beside " + std::string(member.name));
    if (member.name == "__expr") return data_error("__expr is no longer part of the format");
    if (member.name == "__extn") {
      auto made = extension(member.value);
      if (!made) return below(member.name, std::move(made).error());
      return made;
    }
    return entity(given);
  }
  return record(given, nullptr);
}

std::expected<Value, DataError> JsonReader::entity(const Json& given) {
  const auto named = uid(given);
  if (!named) return std::unexpected(named.error());
  return Value::entity(arena_.make<Uid>(*named));
}

std::expected<Value, DataError> JsonReader::record(const Json& given, const Type* expected) {
  const auto content = fields(given, expected);
  if (!content) return std::unexpected(content.error());
  return Value::sorted_record(*content);
}

std::expected<Value, DataError> JsonReader::implicit_extension(std::string_view text,
                                                               const Function& constructor) {
  const std::array<Value, 1> arguments{Value::string(text)};
  const FunctionResult result = call(constructor, arguments, arena_);
  if (!result) return data_error(result.error());
  return *result;
}

std::expected<std::span<const Field>, DataError> JsonReader::fields(const Json& given, const Type* expected) {
  return all(given, [expected](std::string_view name) -> const Type* {
    const AttributeType* attribute = expected == nullptr ? nullptr : expected->find(name);
    return attribute == nullptr ? nullptr : attribute->type;
  });
}

std::expected<std::span<const Field>, DataError> JsonReader::tags(const Json& given, const Type* expected) {
  return all(given, [expected](std::string_view) { return expected; });
}

template <typename TypeOf>
std::expected<std::span<const Field>, DataError> JsonReader::all(const Json& given, const TypeOf& type_of) {
  const std::span<Field> content = arena_.array<Field>(given.members().size());
  for (std::size_t i = 0; i < content.size(); ++i) {
    const Json::Member& member = given.members()[i];
    auto read = value(member.value, type_of(member.name));
    if (!read) return below(member.name, std::move(read).error());
    content[i] = {arena_.copy(member.name), *read};
  }
  return Value::record(content).fields();
}

std::expected<Uid, DataError> JsonReader::uid(const Json& given) {
  const Json* escaped = given.find("__entity");
  if (escaped == nullptr || given.members().size() != 1) return bare_uid(given);
  auto inner = bare_uid(*escaped);
  if (!inner) return below("__entity", std::move(inner).error());
  return inner;
}

std::expected<Uid, DataError> JsonReader::bare_uid(const Json& given) {
  const Json* type = given.find("type");
  const Json* id = given.find("id");
  if (type == nullptr || id == nullptr || !type->is_string() || !id->is_string() ||
      given.members().size() != 2) {
    return data_error(R"(an entity is named by {"type": "User", "id": "alice"})");
  }
  if (!is_type_name(type->text())) {
    return data_error(quoted(type->text()) + " is not the name of a type, such as User or App::User");
  }
  const std::string_view kept_type = arena_.copy(type->text());
  const std::string_view kept_id = arena_.copy(id->text());
  return Uid{kept_type, kept_id, hash_uid(kept_type, kept_id)};
}

std::expected<Value, DataError> JsonReader::extension(const Json& given) {
  const Json* name = given.find("fn");
  const Json* one = given.find("arg");
  const Json* many = given.find("args");
  const bool shaped = name != nullptr && name->is_string() && given.members().size() == 2 &&
                      (one != nullptr || (many != nullptr && many->is_array()));
  if (!shaped) return data_error(R"(an extension value is written {"fn": "ip", "arg": "10.0.0.1"})");

  const Function* function = find_function(name->text());
  if (function == nullptr || !function->gives_extension_value) {
    return data_error(quoted(name->text()) +
                      " makes no extension value; ip, decimal, datetime and duration do");
  }
  const std::size_t count = one != nullptr ? 1 : many->elements().size();
  const std::span<Value> arguments = arena_.array<Value>(count);
  for (std::size_t i = 0; i < count; ++i) {
    const bool fits = i < function->parameters.size();
    const Type* expected = fits ? type_of_kind(function->parameters[i]) : nullptr;
    const auto argument = value(one != nullptr ? *one : many->elements()[i], expected);
    if (!argument && one != nullptr) return below("arg", argument.error());
    if (!argument) return below("args", below(std::to_string(i), argument.error()).error());
    arguments[i] = *argument;
  }
  const FunctionResult result = call(*function, arguments, arena_);
  if (!result) return data_error(result.error());
  return *result;
}

}  // namespace cedar
