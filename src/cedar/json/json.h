// JSON as it comes in: entities, contexts, requests, schemas and policies. Text, or a tree of Boost's, to a
// tree that knows where everything stands in the text.
//
// RFC 8259, strictly: no comments, no lone surrogates, and a name that an object has twice is refused, since
// readers disagree on which counts. Boost reads the text; the tree is one of ours, because Boost's keeps the
// last of two equal names, forgets places, and costs more than the rest of a decision.

#pragma once

#include <boost/json/value.hpp>
#include <cstdint>
#include <expected>
#include <span>
#include <string>
#include <string_view>

#include "cedar/authorize.h"
#include "cedar/values/arena.h"

namespace cedar {

class Json {
 public:
  // kNumber: what is no 64-bit integer, as written.
  enum class Kind : std::uint8_t { kNull, kBool, kInteger, kNumber, kString, kArray, kObject };
  struct Member;

  Json() = default;  // null
  static Json boolean(bool value) { return Json(Kind::kBool, value ? 1 : 0); }
  static Json integer(std::int64_t value) { return Json(Kind::kInteger, value); }
  static Json number(std::string_view written) { return Json(Kind::kNumber, written.data(), written.size()); }
  static Json string(std::string_view text) { return Json(Kind::kString, text.data(), text.size()); }
  static Json array(std::span<const Json> elements);
  static Json object(std::span<const Member> members);

  Kind kind() const { return kind_; }
  // Where it stands. What is no name, string or number, and a string with escapes, has the place of the last
  // of those before it. Empty where there was no text.
  Span span() const { return span_; }
  bool is_string() const { return kind_ == Kind::kString; }
  bool is_array() const { return kind_ == Kind::kArray; }
  bool is_object() const { return kind_ == Kind::kObject; }

  bool as_bool() const { return number_ != 0; }
  std::int64_t as_integer() const { return number_; }
  std::string_view text() const {
    return {static_cast<const char*>(pointer_), size_};
  }  // of strings, numbers
  std::span<const Json> elements() const { return {static_cast<const Json*>(pointer_), size_}; }
  std::span<const Member> members() const;
  const Json* find(std::string_view name) const;           // nullptr: no such member, or no object
  const Member* find_member(std::string_view name) const;  // as above

 private:
  friend class JsonBuilder;
  Json(Kind kind, std::int64_t number) : kind_(kind), number_(number) {}
  Json(Kind kind, const void* pointer, std::size_t size)
      : kind_(kind), size_(static_cast<std::uint32_t>(size)), pointer_(pointer) {}

  Kind kind_ = Kind::kNull;
  std::uint32_t size_ = 0;
  Span span_;
  union {
    std::int64_t number_ = 0;
    const void* pointer_;
  };
};
static_assert(sizeof(Json) == 24);

struct Json::Member {
  std::string_view name;
  Span name_span;
  Json value;
};

inline Json Json::array(std::span<const Json> elements) {
  return Json(Kind::kArray, elements.data(), elements.size());
}
inline Json Json::object(std::span<const Member> members) {
  return Json(Kind::kObject, members.data(), members.size());
}
inline std::span<const Json::Member> Json::members() const {
  return {static_cast<const Member*>(pointer_), size_};
}
inline const Json::Member* Json::find_member(std::string_view name) const {
  if (!is_object()) return nullptr;
  for (const Member& member : members()) {
    if (member.name == name) return &member;
  }
  return nullptr;
}
inline const Json* Json::find(std::string_view name) const {
  const Member* member = find_member(name);
  return member == nullptr ? nullptr : &member->value;
}

// "an object", "a string".
std::string_view describe(Json::Kind kind);

struct JsonError {
  Span span;
  std::string message;
  std::string help = {};
};

// Of UTF-8. The tree refers to `arena`, and to `text` where a string has no escapes. `depth`: of arrays and
// objects.
std::expected<Json, JsonError> parse_json(std::string_view text, std::uint32_t depth, Arena& arena);

// As above, within the limits of data, which may be anything.
std::expected<Json, DataError> parse_json_data(std::string_view text, const Limits& limits, Arena& arena);
std::expected<Json, DataError> parse_json_data(std::string_view text, const Limits& limits,
                                               std::uint32_t depth, Arena& arena);

// The same of a tree that exists; it refers to `arena` and to `given`.
std::expected<Json, DataError> json_of(const boost::json::value& given, const Limits& limits, Arena& arena);
std::expected<Json, DataError> json_of(const boost::json::object& given, const Limits& limits, Arena& arena);

// Text between double quotes, escaped as JSON needs it.
std::string json_quoted(std::string_view text);

}  // namespace cedar
