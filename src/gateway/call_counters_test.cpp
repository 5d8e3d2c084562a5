#include "gateway/call_counters.h"

#include <gtest/gtest.h>

#include <thread>

namespace remit::gateway {
namespace {

using std::chrono::microseconds;

snapshot::Destination destination(const std::string& id, const std::string& name) {
  snapshot::Destination made;
  made.id = DestinationId::trusted(id);
  made.name = name;
  return made;
}

CallTotals totals_of(const CallCounters& counters) {
  CallTotals totals;
  counters.add_to(totals);
  return totals;
}

TEST(CallCounters, CountByEnvironmentAndDestination) {
  CallCounters counters;
  const auto notes = destination("dst_1", "notes");
  const auto other = destination("dst_2", "other");
  counters.of(Environment::kSandbox, &notes).decided(decision::Verdict::kAllow);
  counters.of(Environment::kSandbox, &notes).decided(decision::Verdict::kAllow);
  counters.of(Environment::kSandbox, &notes).upstream_errors.add();
  counters.of(Environment::kSandbox, &other).decided(decision::Verdict::kHold);
  counters.of(Environment::kProduction, nullptr).decided(decision::Verdict::kDeny);

  const auto totals = totals_of(counters);
  const auto& sandbox = totals.by_destination.at(static_cast<std::size_t>(Environment::kSandbox));
  EXPECT_EQ(sandbox.at("notes").verdicts, (std::array<std::uint64_t, kVerdicts>{2, 0, 0}));
  EXPECT_EQ(sandbox.at("notes").upstream_errors, 1U);
  EXPECT_EQ(sandbox.at("other").verdicts, (std::array<std::uint64_t, kVerdicts>{0, 0, 1}));
  const auto& production = totals.by_destination.at(static_cast<std::size_t>(Environment::kProduction));
  EXPECT_EQ(production.at("").verdicts, (std::array<std::uint64_t, kVerdicts>{0, 1, 0}));
  EXPECT_EQ(totals.by_destination.at(static_cast<std::size_t>(Environment::kPilot)).size(), 1U);
}

TEST(CallCounters, AddUpOverLoopsAndOverDestinationsOfOneName) {
  CallCounters first;
  CallCounters second;
  const auto before = destination("dst_1", "notes");
  const auto anew = destination("dst_2", "notes");  // retired, and added again
  first.of(Environment::kPilot, &before).decided(decision::Verdict::kAllow);
  second.of(Environment::kPilot, &before).decided(decision::Verdict::kAllow);
  second.of(Environment::kPilot, &anew).decided(decision::Verdict::kAllow);
  CallTotals totals;
  first.add_to(totals);
  second.add_to(totals);
  EXPECT_EQ(
      totals.by_destination.at(static_cast<std::size_t>(Environment::kPilot)).at("notes").verdicts.at(0), 3U);
}

TEST(CallCounters, PutATimeIntoTheBucketThatItFits) {
  Histogram histogram;
  for (const auto took : {microseconds(0), microseconds(500), microseconds(501), microseconds(59'000'000),
                          microseconds(60'000'001), microseconds(-5)})
    histogram.observe(took);
  HistogramTotals totals;
  histogram.add_to(totals);
  EXPECT_EQ(totals.buckets.front(), 3U);
  EXPECT_EQ(totals.buckets.at(1), 1U);
  EXPECT_EQ(totals.buckets.at(kBuckets.size() - 1), 1U);
  EXPECT_EQ(totals.buckets.back(), 1U);
  EXPECT_EQ(totals.count(), 6U);
  EXPECT_NEAR(totals.seconds, 119.001002, 1e-9);
}

TEST(CallCounters, KeepNoMoreDestinationsApartThanTheirBound) {
  CallCounters counters;
  for (std::size_t i = 0; i < CallCounters::kMostDestinations + 5; ++i) {
    const auto one = destination("dst_" + std::to_string(i), "d" + std::to_string(i));
    counters.of(Environment::kSandbox, &one).decided(decision::Verdict::kAllow);
  }
  const auto totals = totals_of(counters);
  const auto& sandbox = totals.by_destination.at(static_cast<std::size_t>(Environment::kSandbox));
  EXPECT_EQ(sandbox.size(), CallCounters::kMostDestinations + 1);
  EXPECT_EQ(sandbox.at("").verdicts.at(0), 5U);
}

TEST(CallCounters, AreReadWhileTheirLoopCounts) {
  CallCounters counters;
  std::thread loop([&] {
    for (int i = 0; i < 2000; ++i) {
      const auto one = destination("dst_" + std::to_string(i % 100), "d" + std::to_string(i % 100));
      counters.of(Environment::kSandbox, &one).decided(decision::Verdict::kAllow);
    }
  });
  std::uint64_t last = 0;
  for (int i = 0; i < 50; ++i) {
    std::uint64_t sum = 0;
    for (const auto& [name, series] : totals_of(counters).by_destination.at(0)) sum += series.verdicts.at(0);
    EXPECT_GE(sum, last);
    last = sum;
  }
  loop.join();
  EXPECT_EQ(totals_of(counters).by_destination.at(0).size(), 101U);
}

}  // namespace
}  // namespace remit::gateway
