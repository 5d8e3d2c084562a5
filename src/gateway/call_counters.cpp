#include "gateway/call_counters.h"

#include <algorithm>
#include <numeric>

namespace remit::gateway {
namespace {

void add(CallTotals::Series& to, const CallSeries& series) {
  for (std::size_t i = 0; i < kVerdicts; ++i) to.verdicts.at(i) += series.verdicts.at(i).value();
  to.upstream_errors += series.upstream_errors.value();
  to.answered_at = std::max(to.answered_at, series.answered_at.value());
  to.failed_at = std::max(to.failed_at, series.failed_at.value());
  series.upstream.add_to(to.upstream);
}

}  // namespace

std::uint64_t HistogramTotals::count() const {
  return std::accumulate(buckets.begin(), buckets.end(), std::uint64_t{0});
}

void Histogram::observe(std::chrono::steady_clock::duration took) {
  const auto at_least_none = std::max(took, std::chrono::steady_clock::duration::zero());
  const auto seconds = std::chrono::duration<double>(at_least_none).count();
  const auto* const bucket = std::ranges::lower_bound(kBuckets, seconds);
  buckets_.at(static_cast<std::size_t>(bucket - kBuckets.begin())).add();
  nanoseconds_.add(static_cast<std::uint64_t>(std::chrono::nanoseconds(at_least_none).count()));
}

void Histogram::add_to(HistogramTotals& totals) const {
  for (std::size_t i = 0; i < buckets_.size(); ++i) totals.buckets.at(i) += buckets_.at(i).value();
  totals.seconds += static_cast<double>(nanoseconds_.value()) / 1e9;
}

CallSeries& CallCounters::of(Environment environment, const snapshot::Destination* destination) {
  auto& elsewhere = elsewhere_.at(static_cast<std::size_t>(environment));
  if (destination == nullptr) return elsewhere;
  if (const auto known = by_destination_.find(destination->id); known != by_destination_.end())
    return known->second->series;
  if (by_destination_.size() >= kMostDestinations) return elsewhere;
  auto named = std::make_unique<Named>();
  named->environment = environment;
  named->name = destination->name;
  const std::lock_guard lock(mutex_);
  return by_destination_.emplace(destination->id, std::move(named)).first->second->series;
}

void CallCounters::add_to(CallTotals& totals) const {
  for (std::size_t i = 0; i < kEnvironments.size(); ++i) {
    add(totals.by_destination.at(i)[""], elsewhere_.at(i));
    decisions_.at(i).add_to(totals.decisions.at(i));
  }
  const std::lock_guard lock(mutex_);
  for (const auto& [id, named] : by_destination_)
    add(totals.by_destination.at(static_cast<std::size_t>(named->environment))[named->name], named->series);
}

}  // namespace remit::gateway
