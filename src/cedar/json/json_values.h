// Entities and context JSON to values. Language reference: "Entities and context syntax".
//
// `{"__entity": {"type", "id"}}` is an entity, `{"__extn": {"fn", "arg" or "args"}}` a value of an extension
// type; other objects are records, arrays sets. Refused: null, fractions, integers beyond 64 bits.
//
// Where a schema says what type is expected, an entity may be `{"type", "id"}`, and a value of an extension
// type its text or `{"fn", "arg" or "args"}`; a record's attributes may then have any name. That the value is
// of the type is not checked here.

#pragma once

#include <expected>
#include <string>
#include <string_view>

#include "cedar/authorize.h"
#include "cedar/json/json.h"
#include "cedar/schema/types.h"
#include "cedar/values/arena.h"
#include "cedar/values/functions.h"
#include "cedar/values/value.h"

namespace cedar {

class JsonReader {
 public:
  JsonReader(Arena& arena, const Limits& limits) : arena_(arena), limits_(limits) {}

  std::expected<Value, DataError> value(const Json& json, const Type* expected = nullptr);
  // The fields of an object, sorted by name; no escape at this level.
  std::expected<std::span<const Field>, DataError> fields(const Json& json, const Type* expected = nullptr);
  // The same, all of one type.
  std::expected<std::span<const Field>, DataError> tags(const Json& json, const Type* expected = nullptr);
  // {"type", "id"}, with or without the escape around it.
  std::expected<Uid, DataError> uid(const Json& json);

 private:
  std::expected<Value, DataError> set(const Json& json, const Type* expected);
  std::expected<Value, DataError> object(const Json& json, const Type* expected);
  std::expected<Value, DataError> entity(const Json& json);
  std::expected<Uid, DataError> bare_uid(const Json& json);
  std::expected<Value, DataError> record(const Json& json, const Type* expected);
  std::expected<Value, DataError> extension(const Json& json);
  std::expected<Value, DataError> implicit_extension(std::string_view text, const Function& constructor);
  template <typename TypeOf>
  std::expected<std::span<const Field>, DataError> all(const Json& json, const TypeOf& type_of);

  Arena& arena_;
  const Limits& limits_;
  std::uint32_t depth_ = 0;
};

// "/step", escaped as RFC 6901 says.
std::string pointer_step(std::string_view step);

// An error found at `step` of something whose own errors are relative to it.
std::unexpected<DataError> below(std::string_view step, DataError error);

}  // namespace cedar
