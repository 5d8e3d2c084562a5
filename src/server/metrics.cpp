#include "server/metrics.h"

#include <prometheus/metric_family.h>
#include <prometheus/text_serializer.h>

#include <vector>

namespace remit::server {
namespace {

using prometheus::ClientMetric;
using prometheus::MetricFamily;
using prometheus::MetricType;

MetricFamily family(std::string name, std::string help, MetricType type) {
  MetricFamily made;
  made.name = std::move(name);
  made.help = std::move(help);
  made.type = type;
  return made;
}

void add(MetricFamily& to, double value, std::vector<ClientMetric::Label> labels = {}) {
  ClientMetric metric;
  metric.label = std::move(labels);
  if (to.type == MetricType::Counter)
    metric.counter.value = value;
  else
    metric.gauge.value = value;
  to.metric.push_back(std::move(metric));
}

MetricFamily gauge(std::string name, std::string help, double value) {
  auto made = family(std::move(name), std::move(help), MetricType::Gauge);
  add(made, value);
  return made;
}

// Tools that no agent is shown, whatever it is granted.
MetricFamily withheld_tools(const snapshot::Snapshot* snapshot) {
  double quarantined = 0;
  double missing = 0;
  double unusable = 0;
  if (snapshot != nullptr) {
    for (const auto& tool : snapshot->all().tools) {
      quarantined += tool.quarantined ? 1 : 0;
      missing += tool.missing ? 1 : 0;
    }
    for (const auto& destination : snapshot->all().destinations)
      unusable += static_cast<double>(destination.set_aside.size());
  }
  auto made = family(
      "remit_tools_withheld",
      "Tools that are shown to nobody: changed since they were pinned, no longer listed, or listed in a "
      "form that clients cannot read",
      MetricType::Gauge);
  add(made, quarantined, {{"why", "quarantined"}});
  add(made, missing, {{"why", "missing"}});
  add(made, unusable, {{"why", "unusable"}});
  return made;
}

}  // namespace

std::string metrics_text(const MetricSources& sources) {
  const auto& gateway = sources.gateway;
  std::vector<MetricFamily> families;
  auto calls = family("remit_calls_total", "Tool calls that were decided, by verdict", MetricType::Counter);
  add(calls, static_cast<double>(gateway.allowed.load()), {{"verdict", "allow"}});
  add(calls, static_cast<double>(gateway.denied.load()), {{"verdict", "deny"}});
  add(calls, static_cast<double>(gateway.held.load()), {{"verdict", "hold"}});
  families.push_back(std::move(calls));
  auto errors =
      family("remit_upstream_errors_total", "Released calls that got no answer", MetricType::Counter);
  add(errors, static_cast<double>(gateway.upstream_errors.load()));
  families.push_back(std::move(errors));
  auto echoes = family("remit_credential_echoes_total",
                       "Messages of destinations that said their credential back, which was hidden",
                       MetricType::Counter);
  add(echoes, static_cast<double>(gateway.credential_echoes.load()));
  families.push_back(std::move(echoes));
  auto refused = family("remit_refused_requests_total", "Requests that were turned away before a decision",
                        MetricType::Counter);
  add(refused, static_cast<double>(gateway.refused_requests.load()));
  families.push_back(std::move(refused));
  auto replays = family("remit_token_replays_total", "Client assertions that were shown a second time",
                        MetricType::Counter);
  add(replays, static_cast<double>(sources.token_replays.load()));
  families.push_back(std::move(replays));
  families.push_back(gauge("remit_open_calls", "Calls without an answer yet",
                           static_cast<double>(gateway.open_calls.load())));
  families.push_back(
      gauge("remit_sessions", "Agents' MCP sessions", static_cast<double>(gateway.sessions.load())));
  families.push_back(
      gauge("remit_streams", "Agents' open event streams", static_cast<double>(gateway.streams.load())));
  families.push_back(gauge("remit_children", "Programs that are running as destinations",
                           static_cast<double>(sources.children)));
  const auto by_what = [&](std::string name, std::string help, std::string_view first,
                           const std::atomic<std::uint64_t>& of_first, std::string_view second,
                           const std::atomic<std::uint64_t>& of_second) {
    auto made = family(std::move(name), std::move(help), MetricType::Counter);
    add(made, static_cast<double>(of_first.load()), {{"what", std::string(first)}});
    add(made, static_cast<double>(of_second.load()), {{"what", std::string(second)}});
    families.push_back(std::move(made));
  };
  by_what("remit_expired_total", "What ended because nobody used it", "session", gateway.expired_sessions,
          "upstream", gateway.expired_upstreams);
  by_what("remit_evicted_total", "What was idle and made room for another", "session",
          gateway.evicted_sessions, "child", gateway.evicted_children);
  by_what("remit_no_room_total", "What was refused because all that there may be were in use", "session",
          gateway.refused_sessions, "child", gateway.refused_children);
  auto undelivered = family("remit_undelivered_answers_total",
                            "Answers to released calls that did not reach their agent", MetricType::Counter);
  add(undelivered, static_cast<double>(gateway.undelivered.load()));
  families.push_back(std::move(undelivered));
  auto commits = family("remit_store_commits_total", "Groups of transactions made durable, each by one sync",
                        MetricType::Counter);
  add(commits, static_cast<double>(sources.store.commits()));
  families.push_back(std::move(commits));
  families.push_back(gauge("remit_revision", "Revision of the governance state",
                           static_cast<double>(sources.store.revision())));
  families.push_back(withheld_tools(sources.snapshot));
  families.push_back(gauge("remit_audit_published_entries", "Entries that the signed checkpoint covers",
                           static_cast<double>(sources.published_entries.load())));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace remit::server
