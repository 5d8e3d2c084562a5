// The plane at a glance: what it governs, where it answers, and how far its log is.

#include <unistd.h>

#include <algorithm>
#include <boost/json/value_from.hpp>

#include "admin/routes.h"

namespace remit::admin {
namespace {

namespace json = boost::json;
using http::Method;
using snapshot::Snapshot;

json::object counts_of(const snapshot::SnapshotData& data, Instant now) {
  const auto may_act = [&](const auto& one) { return snapshot::may_act(one, now); };
  const auto expired = [&](const auto& one) { return shown_state(one, now) == "expired"; };
  return {{"humans", std::ranges::count_if(data.humans, &snapshot::Human::active)},
          {"services", data.services.size()},
          {"agents", data.agents.size()},
          {"killed_agents", std::ranges::count_if(data.agents, [](auto& one) { return !one.kills.empty(); })},
          {"active_deployments", std::ranges::count_if(data.deployments, may_act)},
          {"expired_deployments", std::ranges::count_if(data.deployments, expired)},
          {"destinations", data.destinations.size()},
          {"tools", data.tools.size()},
          {"tools_quarantined", std::ranges::count_if(data.tools, &snapshot::Tool::quarantined)},
          {"tools_missing", std::ranges::count_if(data.tools, &snapshot::Tool::missing)},
          {"grants", data.grants.size()}};
}

json::object view(const Endpoint& endpoint) {
  return {{"environment", to_string(endpoint.environment)},
          {"mcp", endpoint.mcp},
          {"issuer", endpoint.issuer},
          {"token_endpoint", endpoint.token_endpoint}};
}

json::array view(const std::vector<Limit>& limits) {
  json::array all;
  all.reserve(limits.size());
  for (const auto& limit : limits)
    all.push_back(json::object{{"name", limit.name},
                               {"value", limit.value},
                               {"default", limit.standard},
                               {"unit", limit.unit},
                               {"bounds", limit.bounds}});
  return all;
}

// Of each destination that lists tools which cannot be used, how many, and the first with its reason.
json::array set_aside(const snapshot::SnapshotData& data) {
  json::array all;
  for (const auto& destination : data.destinations) {
    if (destination.set_aside.empty()) continue;
    const auto& first = destination.set_aside.front();
    all.push_back(json::object{{"environment", to_string(destination.environment)},
                               {"destination", destination.name},
                               {"tools", destination.set_aside.size()},
                               {"first", json::object{{"name", first.name}, {"reason", first.reason}}}});
  }
  return all;
}

json::value text_or_null(const std::string& text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

Result<Answer> status(const ApiParts& parts, const Call& call, const Snapshot& snapshot,
                      store::Reader& reader) {
  TRY(call.query.all_known());
  ASSIGN_OR_RETURN(const auto entries, audit::log_size(reader));
  const auto doors = parts.doors();
  json::array cautions;
  for (const auto& [kind, what] : doors.cautions)
    cautions.push_back(json::object{{"kind", kind}, {"what", what}});
  json::array endpoints;
  endpoints.reserve(doors.endpoints.size());
  for (const auto& endpoint : doors.endpoints) endpoints.push_back(view(endpoint));
  auto counts = counts_of(snapshot.all(), parts.clock.now());
  counts["sessions"] = doors.sessions;
  counts["children"] = doors.children;
  return Answer{json::object{{"version", parts.version},
                             {"process", ::getpid()},
                             {"revision", snapshot.revision()},
                             {"counts", std::move(counts)},
                             {"set_aside", set_aside(snapshot.all())},
                             {"audit", {{"entries", entries}, {"key", text_or_null(doors.log_key)}}},
                             {"problems", json::value_from(doors.problems)},
                             {"cautions", std::move(cautions)},
                             {"confinement", json::value_from(doors.confinement)},
                             {"public_url", text_or_null(doors.public_url)},
                             {"metrics", text_or_null(doors.metrics)},
                             {"endpoints", std::move(endpoints)},
                             {"limits", view(parts.limits)}}};
}

}  // namespace

std::vector<Route> status_routes(const ApiParts& parts) {
  return {{Method::kGet, "/v1/status",
           [parts](const Call& call, const Snapshot& snapshot, store::Reader& reader) {
             return status(parts, call, snapshot, reader);
           }}};
}

}  // namespace remit::admin
