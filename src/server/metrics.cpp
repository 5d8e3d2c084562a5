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

MetricFamily histogram(std::string name, std::string help) {
  return family(std::move(name), std::move(help), MetricType::Histogram);
}

void add(MetricFamily& to, const gateway::HistogramTotals& totals, std::vector<ClientMetric::Label> labels) {
  ClientMetric metric;
  metric.label = std::move(labels);
  metric.histogram.sample_count = totals.count();
  metric.histogram.sample_sum = totals.seconds;
  std::uint64_t so_far = 0;
  for (std::size_t i = 0; i < gateway::kBuckets.size(); ++i)
    metric.histogram.bucket.push_back(
        {.cumulative_count = so_far += totals.buckets.at(i), .upper_bound = gateway::kBuckets.at(i)});
  to.metric.push_back(std::move(metric));
}

// Calls by environment, verdict and destination. What was refused before it came to one has none.
void add_calls(std::vector<MetricFamily>& families, const gateway::CallTotals& totals) {
  auto calls = family("remit_calls_total", "Tool calls that were decided", MetricType::Counter);
  auto errors =
      family("remit_upstream_errors_total", "Released calls that got no answer", MetricType::Counter);
  auto upstream =
      histogram("remit_upstream_seconds", "From a call's release to its answer, or to its absence");
  auto decisions = histogram("remit_decision_seconds",
                             "From a call's arrival until its decision was durable, but for what its "
                             "destination took to open");
  for (const auto environment : kEnvironments) {
    const auto index = static_cast<std::size_t>(environment);
    const std::string in(to_string(environment));
    add(decisions, totals.decisions.at(index), {{"environment", in}});
    for (const auto& [destination, series] : totals.by_destination.at(index)) {
      for (const auto verdict :
           {decision::Verdict::kAllow, decision::Verdict::kDeny, decision::Verdict::kHold})
        add(calls, static_cast<double>(series.verdicts.at(static_cast<std::size_t>(verdict))),
            {{"environment", in},
             {"verdict", std::string(decision::to_string(verdict))},
             {"destination", destination}});
      add(errors, static_cast<double>(series.upstream_errors),
          {{"environment", in}, {"destination", destination}});
      add(upstream, series.upstream, {{"environment", in}, {"destination", destination}});
    }
  }
  for (auto* made : {&calls, &errors, &upstream, &decisions}) families.push_back(std::move(*made));
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
  add_calls(families, sources.calls);
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
  auto misfits = family("remit_policy_errors", "What policies in force name and the catalog does not have",
                        MetricType::Gauge);
  for (const auto environment : kEnvironments)
    add(misfits, static_cast<double>(sources.policy_errors.at(static_cast<std::size_t>(environment))),
        {{"environment", std::string(to_string(environment))}});
  families.push_back(std::move(misfits));
  auto queues =
      family("remit_queue_depth", "What waits: for the store's writer, and to be read beside the loops",
             MetricType::Gauge);
  add(queues, static_cast<double>(sources.store.waiting()), {{"queue", "store"}});
  add(queues, static_cast<double>(sources.waiting_messages), {{"queue", "messages"}});
  families.push_back(std::move(queues));
  auto disk = family("remit_disk_free_bytes", "Room for the data folder, and for the published log",
                     MetricType::Gauge);
  for (const auto& [folder, bytes] : sources.free)
    add(disk, static_cast<double>(bytes), {{"folder", std::string(folder)}});
  families.push_back(std::move(disk));
  families.push_back(
      gauge("remit_audit_publishing_lag_seconds",
            "Since all that is durable in the log was published; a second or so when all is well",
            sources.publishing_lag.count()));
  families.push_back(gauge("remit_audit_published_entries", "Entries that the signed checkpoint covers",
                           static_cast<double>(sources.published_entries.load())));
  return prometheus::TextSerializer().Serialize(families);
}

}  // namespace remit::server
