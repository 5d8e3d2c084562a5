#include "cli/time_argument.h"

#include <fmt/format.h>

#include <charconv>
#include <memory>
#include <optional>

namespace remit::cli {
namespace {

constexpr std::int64_t kLongestDays = 36'500;

std::optional<std::chrono::minutes> unit_of(char c) {
  switch (c) {
    case 'm':
      return std::chrono::minutes(1);
    case 'h':
      return std::chrono::hours(1);
    case 'd':
      return std::chrono::days(1);
    default:
      return std::nullopt;
  }
}

}  // namespace

Result<Instant> parse_time(std::string_view text, Instant now) {
  std::int64_t count = 0;
  const char* const last = std::to_address(text.end());
  const auto [end, error] = std::from_chars(std::to_address(text.begin()), last, count);
  if (error == std::errc{} && end + 1 == last) {
    const auto unit = unit_of(*end);
    if (unit && count > 0 && count <= std::chrono::days(kLongestDays) / *unit) return now + count * *unit;
  }
  if (text.size() == std::string_view("2027-02-22").size())
    if (auto day = parse_instant(std::string(text) + "T00:00:00Z")) return day;
  if (auto instant = parse_instant(text)) return instant;
  return fail(ErrorKind::kInvalid, "RMT-K004", fmt::format("`{}` is no time", text));
}

}  // namespace remit::cli
