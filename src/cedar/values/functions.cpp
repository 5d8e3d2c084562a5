#include "cedar/values/functions.h"

#include <array>
#include <limits>

#include "cedar/authorize.h"
#include "cedar/values/extension_types.h"

namespace cedar {
namespace {

using Arguments = std::span<const Value>;

constexpr std::int64_t kDay = 86'400'000;

std::unexpected<std::string> not_a(std::string_view what, std::string_view text) {
  constexpr std::size_t kShown = 100;
  return std::unexpected(quoted(shortened(std::string(text), kShown)) + " is not " + std::string(what));
}

FunctionResult make_ip(Arguments a, Arena& arena) {
  const auto address = parse_ip(a[0].text());
  if (!address) return not_a("an IP address or range", a[0].text());
  return Value::ip(arena.make<IpAddress>(*address));
}

template <auto parse, auto make>
FunctionResult make_number(Arguments a, Arena&, std::string_view what) {
  const auto number = parse(a[0].text());
  if (!number) return not_a(what, a[0].text());
  return make(*number);
}
FunctionResult make_decimal(Arguments a, Arena& arena) {
  return make_number<parse_decimal, Value::decimal>(a, arena,
                                                    "a decimal (digits, a point, 1 to 4 digits) in range");
}
FunctionResult make_datetime(Arguments a, Arena& arena) {
  return make_number<parse_datetime, Value::datetime>(a, arena, "a datetime such as 2024-10-15T11:35:00Z");
}
FunctionResult make_duration(Arguments a, Arena& arena) {
  return make_number<parse_duration, Value::duration>(a, arena,
                                                      "a duration such as 1d2h3m4s5ms, or is out of range");
}

template <auto test>
FunctionResult test_ip(Arguments a, Arena&) {
  return Value::boolean(test(a[0].address()));
}
bool is_v4(const IpAddress& address) { return !address.v6; }
bool is_v6(const IpAddress& address) { return address.v6; }
FunctionResult in_range(Arguments a, Arena&) {
  return Value::boolean(is_in_range(a[0].address(), a[1].address()));
}

template <typename Compare>
FunctionResult compare_numbers(Arguments a, Arena&) {
  return Value::boolean(Compare{}(a[0].number(), a[1].number()));
}

FunctionResult offset(Arguments a, Arena&) {
  std::int64_t sum = 0;
  if (__builtin_add_overflow(a[0].number(), a[1].number(), &sum)) return std::unexpected("datetime overflow");
  return Value::datetime(sum);
}

FunctionResult duration_since(Arguments a, Arena&) {
  std::int64_t difference = 0;
  if (__builtin_sub_overflow(a[0].number(), a[1].number(), &difference))
    return std::unexpected("duration overflow");
  return Value::duration(difference);
}

// Milliseconds since midnight UTC, also before 1970.
std::int64_t time_of_day(std::int64_t datetime) {
  const std::int64_t remainder = datetime % kDay;
  return remainder < 0 ? remainder + kDay : remainder;
}

FunctionResult to_date(Arguments a, Arena&) {
  std::int64_t midnight = 0;
  if (__builtin_sub_overflow(a[0].number(), time_of_day(a[0].number()), &midnight))
    return std::unexpected("datetime overflow");
  return Value::datetime(midnight);
}

FunctionResult to_time(Arguments a, Arena&) { return Value::duration(time_of_day(a[0].number())); }

template <std::int64_t unit>
FunctionResult in_units(Arguments a, Arena&) {
  return Value::integer(a[0].number() / unit);  // towards zero
}

constexpr std::array kString{Kind::kString};
constexpr std::array kIp{Kind::kIp};
constexpr std::array kTwoIps{Kind::kIp, Kind::kIp};
constexpr std::array kTwoDecimals{Kind::kDecimal, Kind::kDecimal};
constexpr std::array kDatetime{Kind::kDatetime};
constexpr std::array kTwoDatetimes{Kind::kDatetime, Kind::kDatetime};
constexpr std::array kDatetimeAndDuration{Kind::kDatetime, Kind::kDuration};
constexpr std::array kDuration{Kind::kDuration};

constexpr std::array kFunctions = std::to_array<Function>({
    {"ip", false, true, kString, Kind::kIp, make_ip},
    {"decimal", false, true, kString, Kind::kDecimal, make_decimal},
    {"datetime", false, true, kString, Kind::kDatetime, make_datetime},
    {"duration", false, true, kString, Kind::kDuration, make_duration},
    {"isIpv4", true, false, kIp, Kind::kBool, test_ip<is_v4>},
    {"isIpv6", true, false, kIp, Kind::kBool, test_ip<is_v6>},
    {"isLoopback", true, false, kIp, Kind::kBool, test_ip<is_loopback>},
    {"isMulticast", true, false, kIp, Kind::kBool, test_ip<is_multicast>},
    {"isInRange", true, false, kTwoIps, Kind::kBool, in_range},
    {"lessThan", true, false, kTwoDecimals, Kind::kBool, compare_numbers<std::less<>>},
    {"lessThanOrEqual", true, false, kTwoDecimals, Kind::kBool, compare_numbers<std::less_equal<>>},
    {"greaterThan", true, false, kTwoDecimals, Kind::kBool, compare_numbers<std::greater<>>},
    {"greaterThanOrEqual", true, false, kTwoDecimals, Kind::kBool, compare_numbers<std::greater_equal<>>},
    {"offset", true, true, kDatetimeAndDuration, Kind::kDatetime, offset},
    {"durationSince", true, true, kTwoDatetimes, Kind::kDuration, duration_since},
    {"toDate", true, true, kDatetime, Kind::kDatetime, to_date},
    {"toTime", true, true, kDatetime, Kind::kDuration, to_time},
    {"toMilliseconds", true, false, kDuration, Kind::kLong, in_units<1>},
    {"toSeconds", true, false, kDuration, Kind::kLong, in_units<1000>},
    {"toMinutes", true, false, kDuration, Kind::kLong, in_units<60'000>},
    {"toHours", true, false, kDuration, Kind::kLong, in_units<3'600'000>},
    {"toDays", true, false, kDuration, Kind::kLong, in_units<kDay>},
});

}  // namespace

std::span<const Function> functions() { return kFunctions; }

const Function* find_function(std::string_view name) {
  const auto found = std::ranges::find(kFunctions, name, &Function::name);
  return found == kFunctions.end() ? nullptr : &*found;
}

FunctionResult call(const Function& function, std::span<const Value> arguments, Arena& arena) {
  if (arguments.size() != function.parameters.size()) {
    return std::unexpected(
        std::string(function.name) + " takes " + std::to_string(function.parameters.size()) + " argument(s)" +
        (function.method ? ", its receiver included" : "") + ", not " + std::to_string(arguments.size()));
  }
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    if (arguments[i].kind() == function.parameters[i]) continue;
    return std::unexpected(std::string(function.name) + " needs " +
                           std::string(describe(function.parameters[i])) + ", not " +
                           std::string(describe(arguments[i].kind())));
  }
  return function.apply(arguments, arena);
}

}  // namespace cedar
