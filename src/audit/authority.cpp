#include "audit/authority.h"

#include <algorithm>
#include <tuple>

namespace remit::audit {
namespace {

namespace json = boost::json;

std::string_view text_in(const json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string_view(value->get_string()) : "";
}

Instant instant_or_never(std::string_view text) { return parse_instant(text).value_or(Instant::max()); }

// Where the event's object or its detail names one.
template <typename Map>
auto* found_in(Map& map, std::string_view id) {
  const auto found = map.find(id);
  return found == map.end() ? nullptr : &found->second;
}

ToolClass class_said(const json::object& detail, Said said) {
  ToolClass read{.effect = std::string(text_in(detail, "effect")),
                 .data_class = std::string(text_in(detail, "data_class")),
                 .labels = {},
                 .said = std::move(said)};
  const auto* labels = detail.if_contains("labels");
  if (labels == nullptr || !labels->is_array()) return read;
  read.labels.emplace();
  for (const auto& one : labels->get_array())
    if (one.is_string()) read.labels->emplace_back(one.get_string());
  return read;
}

}  // namespace

std::string_view Authority::Event::text(std::string_view member) const { return text_in(detail, member); }

// Who is named, and else who acted.
Said Authority::Event::said(std::string_view member) const {
  const auto named = text(member);
  return {.by = named.empty() ? actor : std::string(named), .entry = index};
}

void Authority::add(std::uint64_t index, const json::object& entry) {
  static const json::object kNone;
  const auto time = parse_instant(text_in(entry, "time"));
  if (text_in(entry, "kind") != "governance" || !time) return;
  const auto* detail = entry.if_contains("detail");
  const Event event{.index = index,
                    .time = *time,
                    .action = std::string(text_in(entry, "action")),
                    .object = std::string(text_in(entry, "object")),
                    .detail = detail != nullptr && detail->is_object() ? detail->get_object() : kNone,
                    .actor = std::string(text_in(entry, "actor")),
                    .after = std::string(text_in(entry, "after"))};
  for (const auto& id : concerned(event)) expire(grants_.at(id), event.time);
  apply(event);
  for (const auto& id : concerned(event)) judge(grants_.at(id), event);
}

// The grants on which the event may bear.
std::vector<std::string> Authority::concerned(const Event& event) const {
  if (grants_.contains(event.object)) return {event.object};
  if (const auto* tool = found_in(tools_, event.object)) return tool->grants;
  std::vector<std::string> grants;
  if (const auto* tools = found_in(destinations_, event.object))
    for (const auto& one : *tools) {
      const auto& of_tool = tools_.at(one).grants;
      grants.insert(grants.end(), of_tool.begin(), of_tool.end());
    }
  const auto add_deployment = [&](std::string_view id) {
    if (const auto* deployment = found_in(deployments_, id))
      grants.insert(grants.end(), deployment->grants.begin(), deployment->grants.end());
  };
  add_deployment(event.object);
  if (event.action == "credential.add") add_deployment(event.text("deployment"));
  for (const auto id : {std::string_view(event.object), event.text("agent")})
    if (const auto* deployments = found_in(agents_, id))
      for (const auto& one : *deployments) add_deployment(one);
  std::ranges::sort(grants);
  grants.erase(std::ranges::unique(grants).begin(), grants.end());
  return grants;
}

void Authority::apply(const Event& event) {
  if (event.action == "policy.publish") {
    policies_.push_back({.environment = std::string(event.text("environment")),
                         .digest = event.after,
                         .at = event.time,
                         .said = event.said("person")});
    return;
  }
  if (!apply_to_deployment(event) && !apply_to_grant(event)) apply_to_tool(event);
}

bool Authority::apply_to_deployment(const Event& event) {
  const auto& action = event.action;
  if (action == "agent.register") {
    Deployment made;
    made.agent = event.text("agent");
    made.environment = event.text("environment");
    made.expires = instant_or_never(event.text("expires"));
    agents_[made.agent].push_back(event.object);
    deployments_.insert_or_assign(event.object, std::move(made));
    return true;
  }
  if (action == "agent.kill") {
    kills_[event.object].emplace(event.text("kill"));
    return true;
  }
  if (action == "kill.lift") {
    kills_[std::string(event.text("agent"))].erase(event.object);
    // Kills were holds once; what came of them is lifted as a kill.
    if (const auto* deployments = found_in(agents_, event.text("agent")))
      for (const auto& one : *deployments) deployments_.at(one).holds.erase("killed");
    return true;
  }
  auto* deployment =
      found_in(deployments_, action == "credential.add" ? event.text("deployment") : event.object);
  if (deployment == nullptr) return false;
  if (action == "agent.approve") {
    deployment->is_approved = true;
    deployment->approved = event.said("approver");
    deployment->active = event.text("state") == "active";
  } else if (action == "credential.add") {
    deployment->active = deployment->active || deployment->is_approved;
  } else if (action == "agent.renew") {
    deployment->expires = instant_or_never(event.text("to"));
    deployment->holds.erase("expired");
    if (deployment->is_approved) deployment->approved = event.said("approver");
  } else if (action == "agent.retire") {
    deployment->active = false;
    deployment->is_approved = false;
    for (const auto& grant : deployment->grants) grants_.at(grant).ended = true;
  } else if (action == "hold.place") {
    deployment->holds.emplace(event.text("hold"));
  } else if (action == "hold.lift") {
    if (const auto hold = deployment->holds.find(event.text("hold")); hold != deployment->holds.end())
      deployment->holds.erase(hold);
  }
  return true;
}

bool Authority::apply_to_grant(const Event& event) {
  if (event.action == "grant.add") {
    Grant made;
    made.deployment = event.text("deployment");
    made.tool = event.text("tool");
    made.said = event.said("approver");
    made.expires = instant_or_never(event.text("expires"));
    deployments_[made.deployment].grants.push_back(event.object);
    tools_[made.tool].grants.push_back(event.object);
    grants_.insert_or_assign(event.object, std::move(made));
    return true;
  }
  auto* grant = found_in(grants_, event.object);
  if (grant == nullptr) return false;
  if (event.action == "grant.revoke") grant->ended = true;
  return true;
}

void Authority::apply_to_tool(const Event& event) {
  const auto& action = event.action;
  if (action == "tool.discover") {
    tools_[event.object].destination = event.text("destination");
    destinations_[std::string(event.text("destination"))].push_back(event.object);
    return;
  }
  if (action == "destination.set") {
    const auto* quarantined = event.detail.if_contains("quarantined");
    const auto* tools = found_in(destinations_, event.object);
    if (quarantined == nullptr || *quarantined == 0 || tools == nullptr) return;
    for (const auto& one : *tools) tools_.at(one).moved = true;
    return;
  }
  auto* tool = found_in(tools_, event.object);
  if (tool == nullptr) return;
  if (action == "tool.classify") {
    tool->tool_class = class_said(event.detail, event.said("person"));
  } else if (action == "tool.quarantine") {
    tool->changed = true;
  } else if (action == "tool.restore" || action == "tool.pin") {
    tool->changed = false;
    if (action == "tool.pin") tool->moved = false;
  } else if (action == "tool.missing" || action == "tool.return") {
    tool->missing = action == "tool.missing";
  } else if (action == "tool.retire") {
    tool->retired = true;
  } else if (action == "grant.end") {
    for (const auto& grant : tool->grants) grants_.at(grant).ended = true;
  }
}

Instant Authority::expiry(const Grant& grant) const {
  return std::min(grant.expires, deployments_.at(grant.deployment).expires);
}

bool Authority::could(const Grant& grant, Instant at) const {
  const auto& deployment = deployments_.at(grant.deployment);
  const auto& tool = tools_.at(grant.tool);
  const auto* kills = found_in(kills_, deployment.agent);
  return !grant.ended && expiry(grant) > at && deployment.active && deployment.holds.empty() &&
         (kills == nullptr || kills->empty()) && !tool.tool_class.effect.empty() && !tool.changed &&
         !tool.moved && !tool.missing && !tool.retired;
}

Power Authority::power_of(const Grant& grant, Instant from) const {
  const auto& deployment = deployments_.at(grant.deployment);
  const auto& tool = tools_.at(grant.tool);
  return {.deployment = grant.deployment,
          .agent = deployment.agent,
          .environment = deployment.environment,
          .tool = grant.tool,
          .destination = tool.destination,
          .tool_class = tool.tool_class,
          .approved = deployment.approved,
          .granted = grant.said,
          .from = from,
          .until = {},
          .ended_by = {},
          .ended_in = {}};
}

void Authority::close(Grant& grant, Instant at, std::string why, std::optional<std::uint64_t> entry) {
  grant.open->until = at;
  grant.open->ended_by = std::move(why);
  grant.open->ended_in = entry;
  closed_.push_back(std::move(*grant.open));
  grant.open.reset();
}

void Authority::expire(Grant& grant, Instant now) {
  if (const auto end = expiry(grant); grant.open && end <= now) close(grant, end, "expiry", std::nullopt);
}

// A new approval or classification begins a new stretch: each has one of both.
void Authority::judge(Grant& grant, const Event& event) {
  const bool now = could(grant, event.time);
  if (grant.open) {
    const auto as_it_is = power_of(grant, grant.open->from);
    if (now && as_it_is.tool_class == grant.open->tool_class && as_it_is.approved == grant.open->approved)
      return;
    close(grant, event.time, event.action, event.index);
  }
  if (now) grant.open = power_of(grant, event.time);
}

std::vector<Power> Authority::powers(Instant end) && {
  for (auto& [_, grant] : grants_) {
    expire(grant, end);
    if (grant.open) closed_.push_back(std::move(*grant.open));
    grant.open.reset();
  }
  std::ranges::sort(closed_, {},
                    [](const Power& one) { return std::tie(one.from, one.deployment, one.tool); });
  return std::move(closed_);
}

}  // namespace remit::audit
