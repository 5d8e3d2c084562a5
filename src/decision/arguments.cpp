#include "decision/arguments.h"

#include <fmt/format.h>

#include <cmath>
#include <cstdint>
#include <limits>
#include <optional>
#include <string>

namespace remit::decision {
namespace {

namespace json = boost::json;

constexpr double kScale = 10'000.0;               // a decimal has four decimals
constexpr double kExact = 9'007'199'254'740'992;  // 2^53: below it every integer is its own double
constexpr int kMaxDepth = 64;

// Thrown nowhere: a value is there, left out, or refused.
enum class Fate { kTaken, kLeftOut, kRefused };

json::value decimal(std::string text) {
  return json::object{{"__extn", json::object{{"fn", "decimal"}, {"arg", std::move(text)}}}};
}

// The decimal that a double spells, if it spells one: the nearest multiple of 1/10000 that reads back as the
// same double.
std::optional<std::string> exact_decimal(double number) {
  const double scaled = std::round(number * kScale);
  if (!std::isfinite(number) || std::abs(scaled) >= kExact || scaled / kScale != number) return std::nullopt;
  const auto units = static_cast<std::int64_t>(std::abs(scaled));
  return fmt::format("{}{}.{:04}", scaled < 0 ? "-" : "", units / 10'000, units % 10'000);
}

class Converter {
 public:
  Fate convert(const json::value& from, json::value& to, int depth) {
    if (depth > kMaxDepth) return Fate::kRefused;
    switch (from.kind()) {
      case json::kind::null:
        return Fate::kLeftOut;
      case json::kind::bool_:
      case json::kind::string:
      case json::kind::int64:
        to = from;
        return Fate::kTaken;
      case json::kind::uint64:
        if (from.get_uint64() > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
          return omit();
        to = static_cast<std::int64_t>(from.get_uint64());
        return Fate::kTaken;
      case json::kind::double_: {
        auto text = exact_decimal(from.get_double());
        if (!text) return omit();
        to = decimal(std::move(*text));
        return Fate::kTaken;
      }
      case json::kind::array:
        return convert_array(from.get_array(), to, depth);
      case json::kind::object:
        return convert_object(from.get_object(), to, depth);
    }
    return Fate::kRefused;
  }

  bool take_omitted() { return std::exchange(omitted_, false); }

 private:
  Fate omit() {
    omitted_ = true;
    return Fate::kLeftOut;
  }

  Fate convert_array(const json::array& from, json::value& to, int depth) {
    json::array set;
    set.reserve(from.size());
    for (const auto& element : from) {
      json::value converted;
      const Fate fate = convert(element, converted, depth + 1);
      if (fate == Fate::kRefused) return fate;
      if (fate == Fate::kTaken) set.push_back(std::move(converted));
    }
    to = std::move(set);
    return Fate::kTaken;
  }

  Fate convert_object(const json::object& from, json::value& to, int depth) {
    json::object record;
    record.reserve(from.size());
    for (const auto& [key, element] : from) {
      if (key == "__entity" || key == "__extn" || key == "__expr") return Fate::kRefused;
      json::value converted;
      const Fate fate = convert(element, converted, depth + 1);
      if (fate == Fate::kRefused) return fate;
      if (fate == Fate::kTaken) record.emplace(key, std::move(converted));
    }
    to = std::move(record);
    return Fate::kTaken;
  }

  bool omitted_ = false;
};

}  // namespace

Result<PolicyInput> to_policy_input(const json::object& arguments) {
  PolicyInput result;
  Converter converter;
  for (const auto& [key, value] : arguments) {
    json::value converted;
    const bool reserved = key == "__entity" || key == "__extn" || key == "__expr";
    const Fate fate = reserved ? Fate::kRefused : converter.convert(value, converted, 1);
    if (fate == Fate::kRefused)
      return fail(
          ErrorKind::kInvalid, "RMT-D044",
          fmt::format(
              "the argument `{}` has a member that policies would take for something else, or is nested "
              "too deep",
              std::string_view(key).substr(0, 80)));
    if (fate == Fate::kTaken) result.input.emplace(key, std::move(converted));
    if (converter.take_omitted()) result.omitted.emplace_back(std::string_view(key));
  }
  return result;
}

}  // namespace remit::decision
