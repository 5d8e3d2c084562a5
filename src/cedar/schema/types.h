// The types of schemas and of validation, interned: two equal types are one object, so that comparing types
// is comparing pointers, however large they are.
//
// Formal model: "Types" and "Subtyping" of the specification's validator. A boolean may be known to be true
// or false; in strict mode that is all the subtyping there is.
//
// Thread-safety: a TypeTable only while nothing adds to it; types are immutable.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "cedar/values/arena.h"
#include "cedar/values/value.h"

namespace cedar {

enum class TypeKind : std::uint8_t {
  kTrue,
  kFalse,
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

struct EntityType;
struct Type;

struct AttributeType {
  std::string_view name;
  const Type* type = nullptr;
  bool required = true;
};

struct Type {
  TypeKind kind = TypeKind::kBool;
  bool singletons = false;                         // whether kTrue or kFalse occurs in it
  std::uint32_t height = 1;                        // of nested sets and records
  const EntityType* entity = nullptr;              // kEntity
  const Type* element = nullptr;                   // kSet
  std::span<const AttributeType> attributes = {};  // kRecord; sorted as the fields of values are
  std::uint64_t hash = 0;

  bool is_bool() const { return kind <= TypeKind::kBool; }
  const AttributeType* find(std::string_view name) const;  // nullptr: no such attribute
};

// A type of entities, of those that are declared and of actions.
struct EntityType {
  std::string_view name;
  std::uint32_t index = 0;
  bool is_action = false;
  bool is_external = false;  // what its entities are, another schema says
  bool is_enumerated = false;
  std::span<const std::string_view> ids = {};     // enumerated: the only ones there are; sorted
  const Type* attributes = nullptr;               // a record
  const Type* tags = nullptr;                     // nullptr: none allowed
  std::span<const std::uint32_t> ancestors = {};  // what its entities may be `in`; transitive, sorted indices
  Type reference;                                 // the type of an entity of this type

  bool has_ancestor(const EntityType& other) const;  // or is the same
  bool allows_id(std::string_view id) const;
};

inline bool is_kind(const Type* type, TypeKind kind) { return type != nullptr && type->kind == kind; }

// "User" of "App::User".
std::string_view last_name(std::string_view path);

const Type* primitive(TypeKind kind);
const Type* type_of_kind(Kind kind);  // nullptr: entities, sets and records, whose kind does not say

class TypeTable {
 public:
  // Types of `base` are found there, and never added to it.
  explicit TypeTable(Arena& arena, const TypeTable* base = nullptr) : arena_(arena), base_(base) {}

  const Type* set(const Type& element);
  // Sorts `attributes` in place; their names must differ.
  const Type* record(std::span<AttributeType> attributes);
  // The least type that both are of; nullptr: strict mode has none.
  const Type* join(const Type& a, const Type& b);

 private:
  const Type* intern(const Type& type);
  const Type* find(const Type& type) const;

  Arena& arena_;
  const TypeTable* base_;
  std::unordered_multimap<std::uint64_t, const Type*> types_;
};

// As schemas write it, shortened when it is very long: "Set<App::User>", "{age: Long, name?: String}".
std::string to_string(const Type& type);

}  // namespace cedar
