// What a tool takes, as policies see it: the type of `context.input`, read from the `inputSchema` of its
// definition (JSON Schema, of any draft).
//
//   string; enum or const of strings        String
//   boolean                                 Bool
//   integer                                 Long
//   number                                  decimal
//   array whose items are one of these      Set
//   object                                  record of its `properties`
//   T or null, by `type`, anyOf or oneOf    T, never required
//
// What is in `required` is required. All else has no type in Cedar and is left out: unions, references,
// allOf, conditions, tuples, members that `properties` does not name, what says nothing of its type, and what
// is beyond the bounds below. What is left out of a place where something could have stood is listed with the
// reason.
//
// Beside a `type`, keywords can only narrow what it allows, so the type holds whatever they say.
//
// Thread-safety: pure functions; values.

#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

namespace remit::snapshot {

struct InputType {
  enum class Kind : std::uint8_t { kBool, kLong, kDecimal, kString, kSet, kRecord };
  struct Field;

  Kind kind = Kind::kRecord;
  bool nullable = false;                     // null is allowed, and is as if nothing were given
  std::shared_ptr<const InputType> element;  // of a set
  std::vector<Field> fields;                 // of a record, sorted by name

  const Field* find(std::string_view name) const;  // nullptr: policies see no such member
};

struct InputType::Field {
  std::string name;
  bool required = false;
  InputType type;
};

// A part of a definition that policies do not see.
struct LeftOut {
  std::string pointer;  // into the definition (RFC 6901): "/inputSchema/properties/when"
  std::string reason;
};

struct ToolInput {
  InputType type;  // a record
  std::vector<LeftOut> left_out;
};

inline constexpr int kMaxInputDepth = 16;
inline constexpr std::size_t kMaxInputFields = 1000;  // of one tool, at all depths
inline constexpr std::size_t kMaxInputLeftOut = 100;  // more are counted, not listed

// Members of these names are not data in Cedar's JSON but name entities and call functions.
bool is_reserved_name(std::string_view name);  // "__entity", "__extn", "__expr"

ToolInput read_tool_input(const boost::json::object& input_schema);

// Of a tool of which nothing is known: a record of nothing.
std::shared_ptr<const ToolInput> no_tool_input();

}  // namespace remit::snapshot
