#include "cedar/schema/types.h"

#include <algorithm>
#include <array>
#include <optional>

namespace cedar {
namespace {

bool before(std::string_view a, std::string_view b) { return compare_texts(a, b) < 0; }

std::uint64_t address(const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); }

// Of parts that are interned already, hence by their addresses.
std::uint64_t hash_of(const Type& type) {
  std::uint64_t hash = mix(static_cast<std::uint64_t>(type.kind), address(type.element));
  for (const AttributeType& attribute : type.attributes) {
    hash = mix(hash, hash_text(attribute.name));
    hash = mix(hash, address(attribute.type) + (attribute.required ? 1U : 0U));
  }
  return hash;
}

bool same(const Type& a, const Type& b) {
  return a.kind == b.kind && a.element == b.element &&
         std::ranges::equal(a.attributes, b.attributes, [](const AttributeType& x, const AttributeType& y) {
           return x.name == y.name && x.type == y.type && x.required == y.required;
         });
}

constexpr std::array<std::string_view, 12> kPrimitiveNames{
    "Bool", "Bool", "Bool", "Long", "String", "", "", "", "decimal", "datetime", "duration", "ipaddr"};

constexpr std::array<Type, 12> kPrimitives = [] {
  std::array<Type, 12> types;
  for (std::size_t i = 0; i < types.size(); ++i) {
    types.at(i).kind = static_cast<TypeKind>(i);
    types.at(i).singletons = i < 2;
    types.at(i).hash = i + 1;
  }
  return types;
}();

void append(std::string& out, const Type& type) {
  constexpr std::size_t kShown = 160;
  if (out.size() > kShown) {
    if (!out.ends_with("…")) out += "…";
    return;
  }
  if (type.kind == TypeKind::kEntity) {
    out += type.entity->name;
  } else if (type.kind == TypeKind::kSet) {
    out += "Set<";
    append(out, *type.element);
    out += ">";
  } else if (type.kind == TypeKind::kRecord) {
    out += "{";
    bool first = true;
    for (const AttributeType& attribute : type.attributes) {
      if (out.size() > kShown) break;
      if (!first) out += ", ";
      first = false;
      out += attribute.name;
      out += attribute.required ? ": " : "?: ";
      append(out, *attribute.type);
    }
    if (out.size() > kShown && !out.ends_with("…")) out += "…";
    out += "}";
  } else {
    out += kPrimitiveNames.at(static_cast<std::size_t>(type.kind));
  }
}

}  // namespace

const AttributeType* Type::find(std::string_view name) const {
  const auto found = std::ranges::lower_bound(attributes, name, before, &AttributeType::name);
  return found != attributes.end() && found->name == name ? &*found : nullptr;
}

bool EntityType::has_ancestor(const EntityType& other) const {
  return this == &other || std::ranges::binary_search(ancestors, other.index);
}

bool EntityType::allows_id(std::string_view id) const {
  return !is_enumerated || std::ranges::binary_search(ids, id);
}

std::string_view last_name(std::string_view path) {
  const std::size_t separator = path.rfind("::");
  return separator == std::string_view::npos ? path : path.substr(separator + 2);
}

const Type* primitive(TypeKind kind) { return &kPrimitives.at(static_cast<std::size_t>(kind)); }

const Type* type_of_kind(Kind kind) {
  switch (kind) {
    case Kind::kBool:
      return primitive(TypeKind::kBool);
    case Kind::kLong:
      return primitive(TypeKind::kLong);
    case Kind::kString:
      return primitive(TypeKind::kString);
    case Kind::kDecimal:
      return primitive(TypeKind::kDecimal);
    case Kind::kDatetime:
      return primitive(TypeKind::kDatetime);
    case Kind::kDuration:
      return primitive(TypeKind::kDuration);
    case Kind::kIp:
      return primitive(TypeKind::kIp);
    case Kind::kEntity:
    case Kind::kSet:
    case Kind::kRecord:
      break;
  }
  return nullptr;
}

const Type* TypeTable::find(const Type& type) const {
  const auto [first, last] = types_.equal_range(type.hash);
  for (auto found = first; found != last; ++found) {
    if (same(*found->second, type)) return found->second;
  }
  return base_ == nullptr ? nullptr : base_->find(type);
}

const Type* TypeTable::intern(const Type& type) {
  if (const Type* known = find(type)) return known;
  Type* made = arena_.make<Type>(type);
  made->attributes = arena_.copy_of(type.attributes);
  types_.emplace(made->hash, made);
  return made;
}

const Type* TypeTable::set(const Type& element) {
  Type type;
  type.kind = TypeKind::kSet;
  type.singletons = element.singletons;
  type.height = element.height + 1;
  type.element = &element;
  type.hash = hash_of(type);
  return intern(type);
}

const Type* TypeTable::record(std::span<AttributeType> attributes) {
  std::ranges::sort(attributes, before, &AttributeType::name);
  Type type;
  type.kind = TypeKind::kRecord;
  type.attributes = attributes;
  for (const AttributeType& attribute : attributes) {
    type.singletons = type.singletons || attribute.type->singletons;
    type.height = std::max(type.height, attribute.type->height + 1);
  }
  type.hash = hash_of(type);
  return intern(type);
}

const Type* TypeTable::join(const Type& a, const Type& b) {
  if (&a == &b) return &a;
  if (a.is_bool() && b.is_bool()) return primitive(TypeKind::kBool);
  // Only where a boolean is known can two types that differ have something in common.
  if (a.kind != b.kind || (!a.singletons && !b.singletons)) return nullptr;
  if (a.kind == TypeKind::kSet) {
    const Type* element = join(*a.element, *b.element);
    return element == nullptr ? nullptr : set(*element);
  }
  if (a.kind != TypeKind::kRecord || a.attributes.size() != b.attributes.size()) return nullptr;
  std::vector<AttributeType> joined;
  joined.reserve(a.attributes.size());
  for (std::size_t i = 0; i < a.attributes.size(); ++i) {
    const AttributeType& x = a.attributes[i];
    const AttributeType& y = b.attributes[i];
    if (x.name != y.name || x.required != y.required) return nullptr;
    const Type* type = join(*x.type, *y.type);
    if (type == nullptr) return nullptr;
    joined.push_back({x.name, type, x.required});
  }
  return record(joined);
}

std::string to_string(const Type& type) {
  std::string out;
  append(out, type);
  return out;
}

}  // namespace cedar
