// The numbers of the plane in Prometheus' text format (docs/metrics.md).
//
// Labels are bounded: environments, verdicts, and the destinations that the catalog has
// (gateway/call_counters.h).
//
// Thread-safety: any thread.

#pragma once

#include <array>
#include <chrono>
#include <string>
#include <vector>

#include "audit/publisher.h"
#include "gateway/gateway.h"
#include "snapshot/snapshot.h"
#include "store/store.h"

namespace remit::server {

struct MetricSources {
  const gateway::GatewayCounters& gateway;
  const gateway::CallTotals& calls;
  const store::Store& store;
  const std::atomic<std::uint64_t>& published_entries;
  const std::atomic<std::uint64_t>& token_replays;
  const snapshot::Snapshot* snapshot = nullptr;  // in force, if one is
  std::size_t children = 0;
  std::size_t waiting_messages = 0;                                // to be read beside the loops
  std::array<std::size_t, kEnvironments.size()> policy_errors{};   // server/policy_watch.h
  std::chrono::duration<double> publishing_lag{0};                 // since the log was last published whole
  std::vector<std::pair<std::string_view, std::uint64_t>> free{};  // bytes, by what lies there
};

std::string metrics_text(const MetricSources& sources);

}  // namespace remit::server
