#include "base/clock.h"

#include <fmt/format.h>

namespace remit {
namespace {

using namespace std::chrono;

// Reads exactly `count` digits at the front of `text`.
bool take_digits(std::string_view& text, std::size_t count, int& out) {
  if (text.size() < count) return false;
  out = 0;
  for (std::size_t i = 0; i < count; ++i) {
    if (text[i] < '0' || text[i] > '9') return false;
    out = out * 10 + (text[i] - '0');
  }
  text.remove_prefix(count);
  return true;
}

bool take(std::string_view& text, char expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  return true;
}

}  // namespace

Instant SystemClock::now() const { return floor<microseconds>(system_clock::now()); }

std::string format_instant(Instant instant) {
  const auto day = floor<days>(instant);
  const year_month_day date{day};
  const hh_mm_ss time{instant - day};
  return fmt::format("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}.{:06}Z", static_cast<int>(date.year()),
                     static_cast<unsigned>(date.month()), static_cast<unsigned>(date.day()),
                     time.hours().count(), time.minutes().count(), time.seconds().count(),
                     time.subseconds().count());
}

Result<Instant> parse_instant(std::string_view text) {
  const auto malformed =
      fail(ErrorKind::kInvalid, "RMT-B003",
           fmt::format("`{}` is not a time in UTC as RFC 3339 writes it", text.substr(0, 64)));
  std::string_view rest = text;
  int y = 0, mo = 0, d = 0, h = 0, mi = 0, s = 0;
  if (!take_digits(rest, 4, y) || !take(rest, '-') || !take_digits(rest, 2, mo) || !take(rest, '-') ||
      !take_digits(rest, 2, d) || !take(rest, 'T') || !take_digits(rest, 2, h) || !take(rest, ':') ||
      !take_digits(rest, 2, mi) || !take(rest, ':') || !take_digits(rest, 2, s))
    return malformed;
  int micros = 0;
  if (take(rest, '.')) {
    const std::size_t decimals = rest.find('Z');
    if (decimals == std::string_view::npos || decimals == 0 || decimals > 6) return malformed;
    if (!take_digits(rest, decimals, micros)) return malformed;
    for (std::size_t i = decimals; i < 6; ++i) micros *= 10;
  }
  const year_month_day date{year{y}, month{static_cast<unsigned>(mo)}, day{static_cast<unsigned>(d)}};
  if (rest != "Z" || !date.ok() || h > 23 || mi > 59 || s > 59) return malformed;
  return Instant{sys_days{date}} + hours{h} + minutes{mi} + seconds{s} + microseconds{micros};
}

}  // namespace remit
