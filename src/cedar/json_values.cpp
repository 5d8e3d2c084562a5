#include "cedar/json_values.h"

#include "cedar/functions.h"
#include "cedar/json_text.h"
#include "cedar/parser_impl.h"

namespace cedar {
namespace {

namespace json = boost::json;

std::string_view view(const json::string& text) { return {text.data(), text.size()}; }
std::string_view view(json::string_view text) { return {text.data(), text.size()}; }

std::unexpected<DataError> fail(std::string message) {
  return std::unexpected(DataError{"", std::move(message)});
}

}  // namespace

std::unexpected<DataError> below(std::string_view step, DataError error) {
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
  error.pointer.insert(0, pointer);
  return std::unexpected(std::move(error));
}

std::expected<Value, DataError> JsonReader::value(const json::value& given) {
  switch (given.kind()) {
    case json::kind::bool_:
      return Value::boolean(given.get_bool());
    case json::kind::int64:
      return Value::integer(given.get_int64());
    case json::kind::uint64:
      if (given.get_uint64() > INT64_MAX) return fail("this integer needs more than 64 bits");
      return Value::integer(static_cast<std::int64_t>(given.get_uint64()));
    case json::kind::string:
      return Value::string(arena_.copy(view(given.get_string())));
    case json::kind::double_:
      return fail(
          R"(a number must be a 64-bit integer; for a fraction use {"__extn": {"fn": "decimal", "arg": "1.5"}})");
    case json::kind::null:
      return fail("null is no Cedar value; leave the attribute out");
    case json::kind::array:
    case json::kind::object:
      break;
  }
  if (depth_ >= limits_.depth) return fail("nested more than " + std::to_string(limits_.depth) + " deep");
  ++depth_;
  auto nested = given.is_array() ? set(given.get_array()) : object(given.get_object());
  --depth_;
  return nested;
}

std::expected<Value, DataError> JsonReader::set(const json::array& given) {
  const std::span<Value> elements = arena_.array<Value>(given.size());
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const auto element = value(given[i]);
    if (!element) return below(std::to_string(i), element.error());
    elements[i] = *element;
  }
  return Value::set(elements);
}

std::expected<Value, DataError> JsonReader::object(const json::object& given) {
  for (const char* escape : {"__entity", "__extn", "__expr"}) {
    const json::value* escaped = given.if_contains(escape);
    if (escaped == nullptr) continue;
    if (given.size() != 1) return fail(std::string("nothing may stand beside ") + escape);
    if (escape == std::string_view("__expr")) return fail("__expr is no longer part of the format");
    if (escape == std::string_view("__extn")) {
      const auto made = extension(*escaped);
      if (!made) return below(escape, made.error());
      return *made;
    }
    const auto named = uid(given);
    if (!named) return std::unexpected(named.error());
    return Value::entity(arena_.make<Uid>(*named));
  }
  const auto content = fields(given);
  if (!content) return std::unexpected(content.error());
  return Value::sorted_record(*content);
}

std::expected<std::span<const Field>, DataError> JsonReader::fields(const json::object& given) {
  const std::span<Field> content = arena_.array<Field>(given.size());
  std::size_t count = 0;
  for (const auto& member : given) {
    const auto read = value(member.value());
    if (!read) return below(view(member.key()), read.error());
    content[count++] = {arena_.copy(view(member.key())), *read};
  }
  return Value::record(content).fields();
}

std::expected<Uid, DataError> JsonReader::uid(const json::value& given) {
  const json::object* object = given.if_object();
  if (object != nullptr && object->size() == 1 && object->contains("__entity")) {
    auto inner = uid(object->at("__entity"));
    if (!inner) return below("__entity", inner.error());
    return inner;
  }
  const json::value* type = object == nullptr ? nullptr : object->if_contains("type");
  const json::value* id = object == nullptr ? nullptr : object->if_contains("id");
  if (type == nullptr || id == nullptr || !type->is_string() || !id->is_string() || object->size() != 2) {
    return fail(R"(an entity is named by {"type": "User", "id": "alice"})");
  }
  if (!is_type_name(view(type->get_string()))) {
    return fail(quoted(view(type->get_string())) + " is not the name of a type, such as User or App::User");
  }
  const std::string_view kept_type = arena_.copy(view(type->get_string()));
  const std::string_view kept_id = arena_.copy(view(id->get_string()));
  return Uid{kept_type, kept_id, hash_uid(kept_type, kept_id)};
}

std::expected<Value, DataError> JsonReader::extension(const json::value& given) {
  const json::object* object = given.if_object();
  const json::value* name = object == nullptr ? nullptr : object->if_contains("fn");
  const json::value* one = object == nullptr ? nullptr : object->if_contains("arg");
  const json::value* many = object == nullptr ? nullptr : object->if_contains("args");
  const bool shaped = name != nullptr && name->is_string() && object->size() == 2 &&
                      (one != nullptr || (many != nullptr && many->is_array()));
  if (!shaped) return fail(R"(an extension value is written {"fn": "ip", "arg": "10.0.0.1"})");

  const Function* function = find_function(view(name->get_string()));
  if (function == nullptr || !function->gives_extension_value) {
    return fail(quoted(view(name->get_string())) +
                " makes no extension value; ip, decimal, datetime and duration do");
  }
  const std::size_t count = one != nullptr ? 1 : many->get_array().size();
  const std::span<Value> arguments = arena_.array<Value>(count);
  for (std::size_t i = 0; i < count; ++i) {
    const auto argument = value(one != nullptr ? *one : many->get_array()[i]);
    if (!argument && one != nullptr) return below("arg", argument.error());
    if (!argument) return below("args", below(std::to_string(i), argument.error()).error());
    arguments[i] = *argument;
  }
  const FunctionResult result = call(*function, arguments, arena_);
  if (!result) return fail(result.error());
  return *result;
}

}  // namespace cedar
