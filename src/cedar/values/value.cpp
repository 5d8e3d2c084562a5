#include "cedar/values/value.h"

#include <algorithm>
#include <array>
#include <utility>

namespace cedar {
namespace {

template <typename T>
std::strong_ordering compare_each(std::span<const T> a, std::span<const T> b, auto compare_one) {
  if (const auto order = a.size() <=> b.size(); order != 0) return order;
  for (std::size_t i = 0; i < a.size(); ++i) {
    if (const auto order = compare_one(a[i], b[i]); order != 0) return order;
  }
  return std::strong_ordering::equal;
}

// By hash first: names are equal or, nearly always, told apart at once.
std::strong_ordering compare_uids(const Uid& a, const Uid& b) {
  if (&a == &b) return std::strong_ordering::equal;
  if (const auto order = a.hash <=> b.hash; order != 0) return order;
  if (const auto order = a.type <=> b.type; order != 0) return order;
  return a.id <=> b.id;
}

std::strong_ordering compare_addresses(const IpAddress& a, const IpAddress& b) {
  if (const auto order = a.v6 <=> b.v6; order != 0) return order;
  if (const auto order = a.prefix <=> b.prefix; order != 0) return order;
  if (a.bits == b.bits) return std::strong_ordering::equal;
  return a.bits < b.bits ? std::strong_ordering::less : std::strong_ordering::greater;
}

bool less(const Value& a, const Value& b) { return compare(a, b) < 0; }

}  // namespace

std::string_view describe(Kind kind) {
  static constexpr std::array<std::string_view, 10> kNames{
      "a boolean", "an integer", "a string",   "an entity",  "a set",
      "a record",  "a decimal",  "a datetime", "a duration", "an IP address"};
  return kNames.at(static_cast<std::size_t>(kind));
}

std::strong_ordering compare_texts(std::string_view a, std::string_view b) {
  if (const auto order = a.size() <=> b.size(); order != 0) return order;
  return a.compare(b) <=> 0;
}

std::uint64_t hash_value(const Value& value) {
  const auto kind = static_cast<std::uint64_t>(value.kind());
  std::uint64_t hash = kind;
  switch (value.kind()) {
    case Kind::kBool:
    case Kind::kLong:
    case Kind::kDecimal:
    case Kind::kDatetime:
    case Kind::kDuration:
      return mix(kind, static_cast<std::uint64_t>(value.number()));
    case Kind::kString:
      return mix(kind, hash_text(value.text()));
    case Kind::kEntity:
      return mix(kind, value.uid().hash);
    case Kind::kIp:
      return mix(kind, mix(static_cast<std::uint64_t>(value.address().bits), value.address().prefix));
    case Kind::kSet:
      for (const Value& element : value.elements()) hash = mix(hash, hash_value(element));
      return hash;
    case Kind::kRecord:
      for (const Field& field : value.fields())
        hash = mix(hash, mix(hash_text(field.name), hash_value(field.value)));
      return hash;
  }
  std::unreachable();
}

Value Value::set(std::span<Value> elements) {
  std::ranges::sort(elements, less);
  const auto repeated = std::ranges::unique(elements);
  return Value(Kind::kSet, elements.data(), elements.size() - repeated.size());
}

Value Value::record(std::span<Field> fields) {
  std::ranges::sort(fields, [](const Field& a, const Field& b) { return compare_texts(a.name, b.name) < 0; });
  return Value(Kind::kRecord, fields.data(), fields.size());
}

const Value* find_field(std::span<const Field> fields, std::string_view name) {
  constexpr std::size_t kFew = 8;
  if (fields.size() <= kFew) {
    for (const Field& field : fields) {
      if (field.name == name) return &field.value;  // sizes first
    }
    return nullptr;
  }
  const auto found = std::ranges::lower_bound(
      fields, name, [](std::string_view a, std::string_view b) { return compare_texts(a, b) < 0; },
      &Field::name);
  return found != fields.end() && found->name == name ? &found->value : nullptr;
}

const Value* Value::find_field(std::string_view name) const { return cedar::find_field(fields(), name); }

bool Value::contains(const Value& element) const {
  return std::ranges::binary_search(elements(), element, less);
}

std::strong_ordering compare(const Value& a, const Value& b) {
  if (a.kind() != b.kind()) return a.kind() <=> b.kind();
  switch (a.kind()) {
    case Kind::kBool:
    case Kind::kLong:
    case Kind::kDecimal:
    case Kind::kDatetime:
    case Kind::kDuration:
      return a.number() <=> b.number();
    case Kind::kString:
      return compare_texts(a.text(), b.text());
    case Kind::kEntity:
      return compare_uids(a.uid(), b.uid());
    case Kind::kIp:
      return compare_addresses(a.address(), b.address());
    case Kind::kSet:
      return compare_each(a.elements(), b.elements(), compare);
    case Kind::kRecord:
      return compare_each(a.fields(), b.fields(), [](const Field& x, const Field& y) {
        const auto order = compare_texts(x.name, y.name);
        return order != 0 ? order : compare(x.value, y.value);
      });
  }
  std::unreachable();
}

std::string quoted(std::string_view text) {
  static constexpr std::string_view kHex = "0123456789abcdef";
  std::string out = "\"";
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (c == '"' || c == '\\') {
      out += '\\';
      out += c;
    } else if (constexpr std::string_view kNamed("\n\r\t\0", 4); kNamed.contains(c)) {
      out += '\\';
      out += "nrt0"[kNamed.find(c)];
    } else if (byte < 0x20 || byte == 0x7F) {
      out += "\\x";
      out += kHex[byte >> 4U];
      out += kHex[byte & 15U];
    } else {
      out += c;
    }
  }
  return out + '"';
}

std::string to_string(const Uid& uid) { return std::string(uid.type) + "::" + quoted(uid.id); }

}  // namespace cedar
