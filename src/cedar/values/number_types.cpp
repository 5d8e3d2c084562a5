// decimal, datetime and duration: all are a 64-bit integer in a unit of their own.

#include <array>
#include <chrono>

#include "cedar/values/extension_types.h"

namespace cedar {
namespace {

// Takes digits off the front of a text, and says whether what was asked for was there.
class Reader {
 public:
  explicit Reader(std::string_view text) : rest_(text) {}

  bool done() const { return rest_.empty(); }
  bool take(std::string_view prefix) {
    if (!rest_.starts_with(prefix)) return false;
    rest_.remove_prefix(prefix.size());
    return true;
  }
  std::string_view digits() {
    const std::size_t end = std::min(rest_.find_first_not_of("0123456789"), rest_.size());
    const std::string_view found = rest_.substr(0, end);
    rest_.remove_prefix(end);
    return found;
  }
  // Exactly `count` digits, of a number of at most `limit`.
  std::optional<int> fixed(std::size_t count, int limit) {
    if (rest_.size() < count) return std::nullopt;
    int number = 0;
    for (const char c : rest_.substr(0, count)) {
      if (c < '0' || c > '9') return std::nullopt;
      number = number * 10 + (c - '0');
    }
    if (number > limit) return std::nullopt;
    rest_.remove_prefix(count);
    return number;
  }

 private:
  std::string_view rest_;
};

// sum = sum * factor ± addend, by the sign; false on overflow. Working with the final sign from the start
// lets the lowest integer be reached.
bool accumulate(std::int64_t& sum, std::int64_t factor, std::int64_t addend, bool negative) {
  if (__builtin_mul_overflow(sum, factor, &sum)) return false;
  return negative ? !__builtin_sub_overflow(sum, addend, &sum) : !__builtin_add_overflow(sum, addend, &sum);
}

bool accumulate_digits(std::int64_t& sum, std::string_view digits, bool negative) {
  for (const char c : digits) {
    if (!accumulate(sum, 10, c - '0', negative)) return false;
  }
  return true;
}

// Also of the lowest integer.
std::uint64_t magnitude_of(std::int64_t number) {
  const auto bits = static_cast<std::uint64_t>(number);
  return number < 0 ? 0 - bits : bits;
}

// Of durations, from the largest down.
struct Unit {
  std::string_view name;
  std::int64_t milliseconds;
};
constexpr std::array<Unit, 5> kUnits{
    {{"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};

struct TimeOfDay {
  int hour = 0;
  int minute = 0;
  int second = 0;
  int millisecond = 0;
  int offset_minutes = 0;
};

// hh:mm:ss[.SSS](Z|±hhmm)
std::optional<TimeOfDay> parse_time(Reader& reader) {
  TimeOfDay time;
  const auto hour = reader.fixed(2, 23);
  if (!hour || !reader.take(":")) return std::nullopt;
  const auto minute = reader.fixed(2, 59);
  if (!minute || !reader.take(":")) return std::nullopt;
  const auto second = reader.fixed(2, 59);
  if (!second) return std::nullopt;
  time = {*hour, *minute, *second, 0, 0};
  if (reader.take(".")) {
    const auto millisecond = reader.fixed(3, 999);
    if (!millisecond) return std::nullopt;
    time.millisecond = *millisecond;
  }
  if (reader.take("Z")) return time;
  const bool west = reader.take("-");
  if (!west && !reader.take("+")) return std::nullopt;
  const auto offset_hour = reader.fixed(2, 23);
  if (!offset_hour) return std::nullopt;
  const auto offset_minute = reader.fixed(2, 59);
  if (!offset_minute) return std::nullopt;
  time.offset_minutes = (*offset_hour * 60 + *offset_minute) * (west ? -1 : 1);
  return time;
}

}  // namespace

std::optional<std::int64_t> parse_decimal(std::string_view text) {
  static constexpr std::array<std::int64_t, 5> kScale{10000, 1000, 100, 10, 1};
  Reader reader(text);
  const bool negative = reader.take("-");
  const std::string_view whole = reader.digits();
  if (whole.empty() || !reader.take(".")) return std::nullopt;
  const std::string_view fraction = reader.digits();
  if (fraction.empty() || fraction.size() > 4 || !reader.done()) return std::nullopt;

  std::int64_t value = 0;
  if (!accumulate_digits(value, whole, negative) || !accumulate_digits(value, fraction, negative))
    return std::nullopt;
  if (__builtin_mul_overflow(value, kScale.at(fraction.size()), &value)) return std::nullopt;
  return value;
}

// With no more digits than it needs, one at least.
std::string decimal_text(std::int64_t ten_thousandths) {
  constexpr std::uint64_t kUnit = 10'000;
  const std::uint64_t magnitude = magnitude_of(ten_thousandths);
  std::string fraction = std::to_string(kUnit + magnitude % kUnit).substr(1);
  while (fraction.size() > 1 && fraction.back() == '0') fraction.pop_back();
  return (ten_thousandths < 0 ? "-" : "") + std::to_string(magnitude / kUnit) + "." + fraction;
}

std::optional<std::int64_t> parse_datetime(std::string_view text) {
  Reader reader(text);
  const auto year = reader.fixed(4, 9999);
  if (!year || !reader.take("-")) return std::nullopt;
  const auto month = reader.fixed(2, 12);
  if (!month || !reader.take("-")) return std::nullopt;
  const auto day = reader.fixed(2, 31);
  if (!day) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year(*year),
                                         std::chrono::month(static_cast<unsigned>(*month)),
                                         std::chrono::day(static_cast<unsigned>(*day))};
  if (!date.ok()) return std::nullopt;

  TimeOfDay time;
  if (reader.take("T")) {
    const auto written = parse_time(reader);
    if (!written) return std::nullopt;
    time = *written;
  }
  if (!reader.done()) return std::nullopt;
  const std::int64_t days = std::chrono::sys_days(date).time_since_epoch().count();
  const std::int64_t minutes =
      days * 24 * 60 + std::int64_t{time.hour} * 60 + time.minute - time.offset_minutes;
  return (minutes * 60 + time.second) * 1000 + time.millisecond;
}

// A day alone when it is midnight.
std::optional<std::string> datetime_text(std::int64_t milliseconds) {
  namespace chrono = std::chrono;
  constexpr std::int64_t kFirst = -62'167'219'200'000;  // 0000-01-01
  constexpr std::int64_t kEnd = 253'402'300'800'000;    // 10000-01-01
  if (milliseconds < kFirst || milliseconds >= kEnd) return std::nullopt;
  const chrono::sys_time<chrono::milliseconds> time{chrono::milliseconds(milliseconds)};
  const auto day = chrono::floor<chrono::days>(time);
  const chrono::year_month_day date{day};
  const chrono::hh_mm_ss clock{time - day};
  const auto digits = [](std::int64_t number, std::size_t count) {
    const std::string text = std::to_string(number);
    return std::string(count - text.size(), '0') + text;
  };
  std::string out = digits(static_cast<int>(date.year()), 4) + "-" +
                    digits(static_cast<unsigned>(date.month()), 2) + "-" +
                    digits(static_cast<unsigned>(date.day()), 2);
  if (time == day) return out;
  out += "T" + digits(clock.hours().count(), 2) + ":" + digits(clock.minutes().count(), 2) + ":" +
         digits(clock.seconds().count(), 2);
  if (clock.subseconds().count() != 0) out += "." + digits(clock.subseconds().count(), 3);
  return out + "Z";
}

std::optional<std::int64_t> parse_duration(std::string_view text) {
  Reader reader(text);
  const bool negative = reader.take("-");
  if (reader.done()) return std::nullopt;
  std::int64_t sum = 0;
  const auto* unit = kUnits.begin();
  while (!reader.done()) {
    const std::string_view digits = reader.digits();
    std::int64_t quantity = 0;
    if (digits.empty() || !accumulate_digits(quantity, digits, negative)) return std::nullopt;
    // Each unit once, from the largest down; `m` must not take the front of `ms`.
    const std::string_view name = reader.take("ms")  ? "ms"
                                  : reader.take("d") ? "d"
                                  : reader.take("h") ? "h"
                                  : reader.take("m") ? "m"
                                  : reader.take("s") ? "s"
                                                     : "";
    while (unit != kUnits.end() && unit->name != name) ++unit;
    if (unit == kUnits.end()) return std::nullopt;
    if (__builtin_mul_overflow(quantity, unit->milliseconds, &quantity)) return std::nullopt;
    if (__builtin_add_overflow(sum, quantity, &sum)) return std::nullopt;
    ++unit;
  }
  return sum;
}

std::string duration_text(std::int64_t milliseconds) {
  if (milliseconds == 0) return "0ms";
  std::string out = milliseconds < 0 ? "-" : "";
  std::uint64_t rest = magnitude_of(milliseconds);
  for (const Unit& unit : kUnits) {
    const auto size = static_cast<std::uint64_t>(unit.milliseconds);
    if (rest >= size) out.append(std::to_string(rest / size)).append(unit.name);
    rest %= size;
  }
  return out;
}

}  // namespace cedar
