// The numbers of the plane in Prometheus' text format.
//
// Thread-safety: any loop.

#pragma once

#include <string>

#include "audit/publisher.h"
#include "gateway/gateway.h"
#include "snapshot/snapshot.h"
#include "store/store.h"

namespace remit::server {

struct MetricSources {
  const gateway::GatewayCounters& gateway;
  const store::Store& store;
  const std::atomic<std::uint64_t>& published_entries;
  const std::atomic<std::uint64_t>& token_replays;
  const snapshot::Snapshot* snapshot = nullptr;  // in force, if one is
  std::size_t children = 0;
};

std::string metrics_text(const MetricSources& sources);

}  // namespace remit::server
