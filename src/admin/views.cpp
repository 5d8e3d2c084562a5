#include "admin/views.h"

#include <boost/json/value_from.hpp>
#include <set>

#include "base/canonical_json.h"
#include "base/clock.h"

namespace remit::admin {
namespace {

namespace json = boost::json;

json::value name_or_null(const std::optional<HumanId>& id, const snapshot::Snapshot& snapshot) {
  return id ? name_of(*id, snapshot) : json::value(nullptr);
}

json::value time_of(const std::optional<Instant>& instant) {
  return instant ? json::value(format_instant(*instant)) : json::value(nullptr);
}

json::object view(const snapshot::Kill& kill, const snapshot::Snapshot& snapshot) {
  return {{"kind", "killed"},
          {"id", kill.id.str()},
          {"placed_by", kill.placed_by},
          {"placed_at", format_instant(kill.placed_at)},
          {"reason", kill.reason},
          {"confirmed_by", name_or_null(kill.confirmed_by, snapshot)}};
}

json::array kills_of(const snapshot::Agent* agent, const snapshot::Snapshot& snapshot) {
  json::array kills;
  if (agent != nullptr)
    for (const auto& kill : agent->kills) kills.push_back(view(kill, snapshot));
  return kills;
}

json::array holds_of(const snapshot::Deployment& deployment, const snapshot::Snapshot& snapshot) {
  auto holds = kills_of(snapshot.agent(deployment.name), snapshot);
  for (const auto& hold : deployment.holds)
    holds.push_back(json::object{{"kind", to_string(hold.kind)},
                                 {"placed_by", hold.placed_by},
                                 {"placed_at", format_instant(hold.placed_at)},
                                 {"reason", hold.reason}});
  return holds;
}

json::array set_aside_of(const snapshot::Destination& destination) {
  json::array all;
  for (const auto& tool : destination.set_aside)
    all.push_back(json::object{{"name", tool.name}, {"reason", tool.reason}});
  return all;
}

// How a tool's server offers it, by its last list.
std::string_view offer_of(const snapshot::Tool& tool) {
  if (tool.missing) return "missing";
  if (tool.quarantined) return "quarantined";
  return tool.readable ? "as pinned" : "unreadable";
}

// Under which names the agents see it that are granted it: one, but for other tools that are called so too.
json::array shown_names_of(const snapshot::Tool& tool, const snapshot::Snapshot& snapshot) {
  std::set<std::string_view> names;
  for (const auto& grant : snapshot.all().grants)
    if (grant.tool == tool.id) names.insert(grant.shown_name);
  return json::array(names.begin(), names.end());
}

}  // namespace

json::value name_of(const HumanId& id, const snapshot::Snapshot& snapshot) {
  const auto* human = snapshot.human(id.str());
  return json::value(human != nullptr ? human->name : id.str());
}

std::string label(const snapshot::Deployment& deployment) {
  return std::string(to_string(deployment.environment)) + "/" + deployment.name;
}

json::object view(const snapshot::Human& human) {
  return {{"id", human.id.str()}, {"name", human.name}, {"active", human.active}};
}

json::object view(const snapshot::Service& service, const snapshot::Snapshot& snapshot) {
  json::array holds;
  for (const auto kind : service.holds) holds.push_back(json::value(to_string(kind)));
  return {{"id", service.id.str()},
          {"name", service.name},
          {"owner", name_of(service.owner, snapshot)},
          {"deputy", name_or_null(service.deputy, snapshot)},
          {"issuing_system", service.issuing_system},
          {"state", to_string(service.state)},
          {"holds", std::move(holds)}};
}

json::object view(const snapshot::Credential& credential) {
  return {{"id", credential.id.str()},
          {"kind", to_string(credential.kind)},
          {"thumbprint", credential.thumbprint},
          {"not_before", format_instant(credential.not_before)},
          {"expires", format_instant(credential.expires)},
          {"revoked", credential.revoked}};
}

json::object view(const snapshot::Deployment& deployment, const snapshot::Snapshot& snapshot, Instant now) {
  json::array credentials;
  for (const auto* credential : snapshot.credentials_of(deployment.id.str()))
    credentials.push_back(view(*credential));
  json::array grants;
  for (const auto& grant : snapshot.all().grants)
    if (grant.deployment == deployment.id) grants.push_back(view(grant, snapshot));
  return {{"id", deployment.id.str()},
          {"environment", to_string(deployment.environment)},
          {"agent", deployment.name},
          {"state", shown_state(deployment, now)},
          {"holds", holds_of(deployment, snapshot)},
          {"owner", name_of(deployment.owner, snapshot)},
          {"deputy", name_or_null(deployment.deputy, snapshot)},
          {"purpose", deployment.purpose},
          {"process", deployment.process},
          {"expires", format_instant(deployment.expires)},
          {"credentials", std::move(credentials)},
          {"grants", std::move(grants)}};
}

json::object view(const snapshot::Agent& agent, const snapshot::Snapshot& snapshot, Instant now) {
  json::array deployments;
  for (const auto& deployment : snapshot.all().deployments)
    if (deployment.agent == agent.id) deployments.push_back(view(deployment, snapshot, now));
  return {{"id", agent.id.str()},
          {"name", agent.name},
          {"owner", name_of(agent.owner, snapshot)},
          {"deputy", name_or_null(agent.deputy, snapshot)},
          {"purpose", agent.purpose},
          {"process", agent.process},
          {"issuing_system", agent.issuing_system},
          {"kills", kills_of(&agent, snapshot)},
          {"deployments", std::move(deployments)}};
}

json::object view(const snapshot::Grant& grant, const snapshot::Snapshot& snapshot) {
  const auto* deployment = snapshot.deployment(grant.deployment.str());
  const auto* tool = snapshot.tool(grant.tool.str());
  return {{"id", grant.id.str()},
          {"environment", deployment != nullptr ? json::value(to_string(deployment->environment)) : nullptr},
          {"agent", deployment != nullptr ? json::value(deployment->name) : nullptr},
          {"tool", tool != nullptr ? tool->qualified_name : grant.tool.str()},
          {"shown_name", grant.shown_name},
          {"expires", time_of(grant.expires)}};
}

json::array slots_of(const std::vector<snapshot::SealedSecret>& secrets) {
  json::array slots;
  for (const auto& secret : secrets) slots.emplace_back(secret.slot);
  return slots;
}

json::object view(const snapshot::Destination& destination, const snapshot::Snapshot& snapshot) {
  json::object shown{{"id", destination.id.str()},
                     {"environment", to_string(destination.environment)},
                     {"name", destination.name},
                     {"data_class", to_string(destination.data_class)},
                     {"labels", json::value_from(destination.labels)},
                     {"owner", name_of(destination.owner, snapshot)},
                     {"secret_slots", slots_of(destination.secrets)},
                     {"tools", snapshot.tools_of(destination.id.str()).size()},
                     {"set_aside", set_aside_of(destination)}};
  if (!destination.instructions.empty()) shown["instructions"] = destination.instructions;
  if (destination.credential_echoed)
    shown["credential_echoed"] = format_instant(*destination.credential_echoed);
  const auto& bounds = destination.bounds;
  if (bounds.open_timeout) shown["open_seconds"] = bounds.open_timeout->count();
  if (bounds.answer_timeout) shown["answer_seconds"] = bounds.answer_timeout->count();
  if (bounds.max_answer_bytes) shown["max_answer_mib"] = *bounds.max_answer_bytes >> 20U;
  if (const auto* http = std::get_if<snapshot::HttpTransport>(&destination.transport)) {
    shown["transport"] = "http";
    shown["url"] = http->url;
  } else {
    shown["transport"] = "stdio";
    const auto& stdio = std::get<snapshot::StdioTransport>(destination.transport);
    shown["command"] = json::value_from(stdio.command);
    shown["reads"] = json::value_from(stdio.reads);
    shown["writes"] = json::value_from(stdio.writes);
    shown["network"] = to_string(stdio.network);
    shown["hosts"] = json::value_from(stdio.hosts);
    json::array variables;  // their values may be as private as they like
    for (const auto& [name, value] : stdio.variables) variables.emplace_back(name);
    shown["variables"] = std::move(variables);
    if (!stdio.working_directory.empty()) shown["cwd"] = stdio.working_directory;
  }
  return shown;
}

json::object view(const snapshot::Tool& tool, const snapshot::Snapshot& snapshot) {
  const auto* destination = snapshot.destination(tool.destination.str());
  json::object shown{{"id", tool.id.str()},
                     {"environment", to_string(tool.environment)},
                     {"name", tool.qualified_name},
                     {"destination", destination != nullptr ? destination->name : tool.destination.str()},
                     {"effect", tool.effect ? json::value(to_string(*tool.effect)) : nullptr},
                     {"data_class", to_string(tool.data_class)},
                     {"labels", json::value_from(tool.labels)},
                     {"digest", tool.digest.hex()},
                     {"quarantined", tool.quarantined},
                     {"offered", offer_of(tool)},
                     {"shown_names", shown_names_of(tool, snapshot)}};
  if (const auto definition = parse_json(tool.definition); definition && definition->is_object()) {
    if (const auto* claims = definition->get_object().if_contains("annotations")) shown["claims"] = *claims;
    if (const auto* text = definition->get_object().if_contains("description")) shown["description"] = *text;
  }
  return shown;
}

json::object view(const cedar::Explanation& explanation) {
  json::array steps;
  for (const auto& step : explanation.steps) {
    json::object shown{{"part", cedar::to_string(step.part)},
                       {"result", cedar::to_string(step.result)},
                       {"text", step.text},
                       {"line", step.position.line},
                       {"column", step.position.column}};
    if (!step.values.empty()) shown["values"] = step.values;
    if (!step.message.empty()) shown["message"] = step.message;
    steps.push_back(std::move(shown));
  }
  const auto& policy = *explanation.policy;
  return {{"policy", policy.annotation("id").value_or(policy.id())},
          {"effect", policy.effect() == cedar::Effect::kPermit ? "permit" : "forbid"},
          {"line", policy.position().line},
          {"column", policy.position().column},
          {"result", cedar::to_string(explanation.result)},
          {"scope_matches", explanation.scope_matches},
          {"steps", std::move(steps)},
          {"steps_left_out", explanation.left_out}};
}

}  // namespace remit::admin
