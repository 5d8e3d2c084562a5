#include "cli/time_argument.h"

#include <gtest/gtest.h>

namespace remit::cli {
namespace {

const Instant kNow = parse_instant("2026-11-25T12:00:00Z").value();

TEST(TimeArgument, TakesInstantsDatesAndTimesFromNow) {
  const struct {
    std::string_view text, instant;
  } cases[] = {
      {"90d", "2027-02-23T12:00:00.000000Z"},
      {"12h", "2026-11-26T00:00:00.000000Z"},
      {"30m", "2026-11-25T12:30:00.000000Z"},
      {"2027-02-22", "2027-02-22T00:00:00.000000Z"},
      {"2027-02-22T08:15:00Z", "2027-02-22T08:15:00.000000Z"},
  };
  for (const auto& [text, instant] : cases)
    EXPECT_EQ(format_instant(parse_time(text, kNow).value()), instant);
}

TEST(TimeArgument, RefusesWhatIsNoTime) {
  for (const std::string_view text : {"", "d", "0d", "-1d", "90", "90w", "90days", "tomorrow", "2027-02-30",
                                      "99999999999999999999d", "40000d"})
    EXPECT_EQ(parse_time(text, kNow).error().code, "RMT-K004") << text;
}

}  // namespace
}  // namespace remit::cli
