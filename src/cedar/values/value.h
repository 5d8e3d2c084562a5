// Cedar values: 16 bytes, trivially copied, pointing into memory that somebody else keeps (an Arena of the
// policies, the entities, the context, or of the decision in progress).
//
// Sets are kept sorted without duplicates and records sorted by name, so that equality and membership need no
// search of their own. The order is total over all kinds and means nothing to policies: texts come by length
// first, which mostly tells them apart at once.

#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "cedar/values/arena.h"
#include "cedar/values/hash.h"

namespace cedar {

enum class Kind : std::uint8_t {
  kBool,
  kLong,
  kString,
  kEntity,
  kSet,
  kRecord,
  kDecimal,
  kDatetime,
  kDuration,
  kIp
};

// With its article, for messages: "a set".
std::string_view describe(Kind kind);

// An entity's name, hashed once.
struct Uid {
  std::string_view type;
  std::string_view id;
  std::uint64_t hash;
};

inline std::uint64_t hash_uid(std::string_view type, std::string_view id) {
  return mix(hash_text(type), hash_text(id));
}

inline bool operator==(const Uid& a, const Uid& b) {
  return &a == &b || (a.hash == b.hash && a.id == b.id && a.type == b.type);
}

// A single address or a range; bits below the prefix are kept, since they count for equality.
struct IpAddress {
  unsigned __int128 bits;  // IPv4 in the low 32
  std::uint8_t prefix;
  bool v6;
  friend bool operator==(const IpAddress&, const IpAddress&) = default;
};

struct Field;

class Value {
 public:
  Value() = default;  // false
  // No value at all: what a computation that erred hands on. Never part of another value.
  static Value none() { return Value(kNoKind, 0); }
  bool is_none() const { return kind_ == kNoKind; }
  static Value boolean(bool value) { return Value(Kind::kBool, value ? 1 : 0); }
  static Value integer(std::int64_t value) { return Value(Kind::kLong, value); }
  static Value decimal(std::int64_t ten_thousandths) { return Value(Kind::kDecimal, ten_thousandths); }
  static Value datetime(std::int64_t milliseconds) { return Value(Kind::kDatetime, milliseconds); }
  static Value duration(std::int64_t milliseconds) { return Value(Kind::kDuration, milliseconds); }
  static Value string(std::string_view text) { return Value(Kind::kString, text.data(), text.size()); }
  static Value entity(const Uid* uid) { return Value(Kind::kEntity, uid, 1); }
  static Value ip(const IpAddress* address) { return Value(Kind::kIp, address, 1); }
  // Sorts `elements` in place and drops duplicates.
  static Value set(std::span<Value> elements);
  // Sorts `fields` in place; their names must differ.
  static Value record(std::span<Field> fields);
  static Value sorted_record(std::span<const Field> fields) {
    return Value(Kind::kRecord, fields.data(), fields.size());
  }

  Kind kind() const { return kind_; }
  bool as_bool() const { return number_ != 0; }
  std::int64_t number() const { return number_; }  // long, decimal, datetime, duration
  std::string_view text() const { return {static_cast<const char*>(pointer_), size_}; }
  const Uid& uid() const { return *static_cast<const Uid*>(pointer_); }
  const IpAddress& address() const { return *static_cast<const IpAddress*>(pointer_); }
  std::span<const Value> elements() const { return {static_cast<const Value*>(pointer_), size_}; }
  std::span<const Field> fields() const;

  const Value* find_field(std::string_view name) const;  // of a record; nullptr: not there
  bool contains(const Value& element) const;             // of a set

 private:
  static constexpr Kind kNoKind = static_cast<Kind>(UINT8_MAX);

  Value(Kind kind, std::int64_t number) : kind_(kind), number_(number) {}
  Value(Kind kind, const void* pointer, std::size_t size)
      : kind_(kind), size_(static_cast<std::uint32_t>(size)), pointer_(pointer) {}

  Kind kind_ = Kind::kBool;
  std::uint32_t size_ = 0;
  union {
    std::int64_t number_ = 0;
    const void* pointer_;
  };
};
static_assert(sizeof(Value) == 16);

struct Field {
  std::string_view name;
  Value value;
};

inline std::span<const Field> Value::fields() const { return {static_cast<const Field*>(pointer_), size_}; }

std::strong_ordering compare(const Value& a, const Value& b);
inline bool operator==(const Value& a, const Value& b) { return compare(a, b) == 0; }

// The order of texts within values.
std::strong_ordering compare_texts(std::string_view a, std::string_view b);

// The same for all that are equal.
std::uint64_t hash_value(const Value& value);

// A field of fields that are sorted by name; nullptr: not there.
const Value* find_field(std::span<const Field> fields, std::string_view name);

// Text between double quotes, escaped as policies write it.
std::string quoted(std::string_view text);
std::string to_string(const Uid& uid);

}  // namespace cedar
