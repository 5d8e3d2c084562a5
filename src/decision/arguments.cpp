#include "decision/arguments.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>
#include <utility>

#include "base/utf8.h"

namespace remit::decision {
namespace {

namespace json = boost::json;
using snapshot::InputType;

constexpr std::int64_t kUnits = 10'000;                  // of a decimal, in one
constexpr std::int64_t kMaxWhole = 922'337'203'685'477;  // in a decimal
constexpr double kExact = 9'007'199'254'740'992;         // 2^53: below it every integer is its own double
constexpr int kMaxDepth = 64;
constexpr std::size_t kMaxShownName = 80;

json::value decimal(bool negative, std::uint64_t units) {
  auto text = fmt::format("{}{}.{:04}", negative ? "-" : "", units / kUnits, units % kUnits);
  return json::object{{"__extn", json::object{{"fn", "decimal"}, {"arg", std::move(text)}}}};
}

// The decimal that a double spells: the multiple of 1/10000 that reads back as this double; where there is
// none, the next one away from zero. Nothing outside of a decimal's range.
std::optional<json::value> decimal_of(double number) {
  const double size = std::abs(number);
  if (!(size <= static_cast<double>(kMaxWhole))) return std::nullopt;
  const bool negative = number < 0;
  const double whole = std::floor(size);  // exact, and so is what remains
  const double rest = size - whole;
  const double scaled = size * static_cast<double>(kUnits);
  if (scaled < kExact) {
    const double nearest = std::round(scaled);
    const double spelled = nearest / static_cast<double>(kUnits);
    return decimal(negative, static_cast<std::uint64_t>(spelled < size ? nearest + 1 : nearest));
  }
  const double units = std::ceil(rest * static_cast<double>(kUnits));
  return decimal(negative, (static_cast<std::uint64_t>(whole) * kUnits) + static_cast<std::uint64_t>(units));
}

std::optional<std::int64_t> long_of(const json::value& value) {
  if (value.is_int64()) return value.get_int64();
  if (value.is_uint64() && std::in_range<std::int64_t>(value.get_uint64()))
    return static_cast<std::int64_t>(value.get_uint64());
  if (!value.is_double()) return std::nullopt;
  const double number = value.get_double();
  if (std::abs(number) >= kExact || number != std::trunc(number)) return std::nullopt;
  return static_cast<std::int64_t>(number);
}

std::optional<json::value> decimal_of(const json::value& value) {
  if (value.is_double()) return decimal_of(value.get_double());
  const auto whole = long_of(value);
  if (!whole || *whole < -kMaxWhole || *whole > kMaxWhole) return std::nullopt;
  return decimal(*whole < 0, static_cast<std::uint64_t>(std::abs(*whole)) * kUnits);
}

bool is_whole(const json::value& value) {
  return value.is_int64() || value.is_uint64() ||
         (value.is_double() && value.get_double() == std::trunc(value.get_double()));
}

// Whether there is a reserved member anywhere, or it is nested too deep to tell.
bool is_dangerous(const json::value& value, int depth) {
  if (depth > kMaxDepth) return true;
  if (const auto* array = value.if_array()) {
    for (const auto& element : *array)
      if (is_dangerous(element, depth + 1)) return true;
    return false;
  }
  const auto* object = value.if_object();
  if (object == nullptr) return false;
  for (const auto& [key, element] : *object)
    if (snapshot::is_reserved_name(key) || is_dangerous(element, depth + 1)) return true;
  return false;
}

std::string_view shown(std::string_view name) { return utf8_head(name, kMaxShownName); }

std::string_view wanted(InputType::Kind kind) {
  switch (kind) {
    case InputType::Kind::kBool:
      return "true or false";
    case InputType::Kind::kLong:
      return "a whole number";
    case InputType::Kind::kDecimal:
      return "a number";
    case InputType::Kind::kString:
      return "a string";
    case InputType::Kind::kSet:
      return "an array";
    case InputType::Kind::kRecord:
      return "an object";
  }
  return "something else";
}

class Converter {
 public:
  // Nothing: null where it is allowed.
  Result<std::optional<json::value>> convert(const json::value& from, const InputType& type) {
    if (from.is_null() && type.nullable) return std::nullopt;
    std::optional<json::value> to;
    switch (type.kind) {
      case InputType::Kind::kBool:
        if (from.is_bool()) to = from;
        break;
      case InputType::Kind::kString:
        if (from.is_string()) to = from;
        break;
      case InputType::Kind::kLong:
        if (const auto number = long_of(from))
          to = *number;
        else if (is_whole(from))
          to = stand_in(std::int64_t{0});
        break;
      case InputType::Kind::kDecimal:
        to = decimal_of(from);
        if (!to && from.is_number()) to = stand_in(decimal(false, 0));
        break;
      case InputType::Kind::kSet:
        if (from.is_array()) return convert_array(from.get_array(), *type.element);
        break;
      case InputType::Kind::kRecord:
        if (from.is_object()) return convert_object(from.get_object(), type, nullptr);
        break;
    }
    if (!to) return refuse(fmt::format("must be {}", wanted(type.kind)));
    return to;
  }

  // `omitted`: where to name what is left out, at the top level.
  Result<json::object> convert_object(const json::object& from, const InputType& type, json::array* omitted) {
    json::object record;
    record.reserve(from.size());
    for (const auto& [key, value] : from) {
      if (value.is_null()) continue;
      if (const auto* field = type.find(key); field == nullptr) {
        left_out_ = true;
      } else {
        const auto outer = path_.size();
        step(key);
        place_.emplace_back(key);
        ASSIGN_OR_RETURN(auto converted, convert(value, field->type));
        if (is_beyond_ && sets_ == 0) note_beyond(field->type.kind);
        place_.pop_back();
        path_.resize(outer);
        record.emplace(key, std::move(*converted));
      }
      if (omitted != nullptr && std::exchange(left_out_, false)) omitted->emplace_back(key);
    }
    for (const auto& field : type.fields) {
      if (!field.required || record.contains(field.name)) continue;
      step(field.name);
      return refuse("is required, and is not given");
    }
    return record;
  }
  std::vector<BeyondCedar> take_beyond() { return std::move(beyond_); }

 private:
  Result<std::optional<json::value>> convert_array(const json::array& from, const InputType& element) {
    json::array set;
    set.reserve(from.size());
    const auto outer = path_.size();
    ++sets_;
    for (std::size_t i = 0; i < from.size(); ++i) {
      step(std::to_string(i));
      ASSIGN_OR_RETURN(auto converted, convert(from[i], element));
      path_.resize(outer);
      if (converted) set.push_back(std::move(*converted));
    }
    --sets_;
    return json::value(std::move(set));
  }

  // For a value that Cedar cannot hold. Of a set with such an element nothing is known.
  json::value stand_in(json::value value) {
    is_beyond_ = true;
    return value;
  }

  void note_beyond(InputType::Kind kind) {
    beyond_.push_back({place_, kind});
    is_beyond_ = false;
    left_out_ = true;
  }

  void step(std::string_view name) { path_.append("/").append(shown(name)); }

  std::unexpected<Error> refuse(std::string why) const {
    return fail(ErrorKind::kInvalid, "RMT-D045", fmt::format("the argument `{}` {}", path_, why));
  }
  std::string path_;  // for people: cut
  bool left_out_ = false;
  std::vector<std::string> place_;
  int sets_ = 0;  // that it is in
  bool is_beyond_ = false;
  std::vector<BeyondCedar> beyond_;
};

}  // namespace

Result<PolicyInput> to_policy_input(const json::object& arguments, const InputType& declared) {
  for (const auto& [key, value] : arguments)
    if (snapshot::is_reserved_name(key) || is_dangerous(value, 1))
      return fail(
          ErrorKind::kInvalid, "RMT-D044",
          fmt::format(
              "the argument `{}` has a member that policies would take for something else, or is nested "
              "too deep",
              shown(key)));
  PolicyInput result;
  Converter converter;
  ASSIGN_OR_RETURN(result.input, converter.convert_object(arguments, declared, &result.omitted));
  result.beyond = converter.take_beyond();
  return result;
}

}  // namespace remit::decision
