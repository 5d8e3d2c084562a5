#include "base/id.h"

#include <gtest/gtest.h>

#include <set>

namespace remit {
namespace {

using namespace std::chrono_literals;

TEST(Id, HasItsPrefixVersionAndVariant) {
  const ManualClock clock{from_micros(1764000000000000)};
  SeededRandom random{1};
  const auto id = AgentId::make(clock, random);
  EXPECT_TRUE(AgentId::parse(id.str())) << id.str();
  EXPECT_FALSE(HumanId::parse(id.str())) << "an agent's id is no human's";
  EXPECT_EQ(id.str()[4 + 12], '7');
  EXPECT_NE(std::string("89ab").find(id.str()[4 + 16]), std::string::npos);
}

TEST(Id, SortsByTheTimeItWasMade) {
  ManualClock clock{from_micros(1764000000000000)};
  SeededRandom random{2};
  std::set<DecisionId> ids;
  for (int i = 0; i < 100; ++i, clock.advance(1ms)) {
    const auto id = DecisionId::make(clock, random);
    if (!ids.empty()) EXPECT_GT(id, *ids.rbegin());
    ids.insert(id);
  }
}

TEST(Id, RefusesWhatIsNotOne) {
  for (std::string_view text :
       {"", "agt_", "agt_0193", "AGT_01936b1e5c3a70008000000000000000",
        "agt_01936B1E5C3A70008000000000000000", "agt_01936b1e5c3a700080000000000000000"})
    EXPECT_FALSE(AgentId::parse(text)) << text;
}

TEST(Clock, WritesAndReadsRfc3339) {
  EXPECT_EQ(format_instant(from_micros(0)), "1970-01-01T00:00:00.000000Z");
  EXPECT_EQ(format_instant(from_micros(-1)), "1969-12-31T23:59:59.999999Z");
  for (std::string_view text :
       {"2026-11-24T05:03:41Z", "2026-11-24T05:03:41.5Z", "2024-02-29T23:59:59.123456Z"}) {
    const auto instant = parse_instant(text);
    ASSERT_TRUE(instant) << text;
    EXPECT_EQ(parse_instant(format_instant(*instant)).value(), *instant);
  }
  for (std::string_view text :
       {"", "2026-11-24", "2026-11-24 05:03:41Z", "2026-02-29T00:00:00Z", "2026-11-24T24:00:00Z",
        "2026-11-24T05:03:41", "2026-11-24T05:03:41+01:00", "2026-11-24T05:03:41.Z",
        "2026-11-24T05:03:41.1234567Z", "2026-11-24T05:03:41Zx"})
    EXPECT_FALSE(parse_instant(text)) << text;
}

}  // namespace
}  // namespace remit
