// What an agent could ever do: each tool that it is granted, with what policies leave of it.

#include <fmt/format.h>

#include "admin/no_such.h"
#include "admin/routes.h"
#include "admin/views.h"
#include "decision/prospect.h"

namespace remit::admin {
namespace {

namespace json = boost::json;
using http::Method;
using snapshot::Snapshot;

json::value text_or_null(std::string_view text) {
  return text.empty() ? json::value(nullptr) : json::value(text);
}

json::object view(const decision::OpenPolicy& open) {
  return {{"effect", open.effect == cedar::Effect::kPermit ? "permit" : "forbid"},
          {"policy", open.name},
          {"condition", open.condition},
          {"approval_path", text_or_null(open.approval_path)}};
}

json::object view(const decision::Prospect& prospect, const snapshot::Grant* grant) {
  json::array open;
  for (const auto& one : prospect.open) open.push_back(view(one));
  return {{"tool", prospect.tool->qualified_name},
          {"shown_name", grant == nullptr ? json::value(nullptr) : json::value(grant->shown_name)},
          {"outlook", to_string(prospect.outlook)},
          {"reason", text_or_null(prospect.code)},
          {"message", text_or_null(prospect.message)},
          {"policies", json::array(prospect.policies.begin(), prospect.policies.end())},
          {"approval_path", text_or_null(prospect.approval_path)},
          {"open", std::move(open)}};
}

Result<Answer> show(const Clock& clock, const Call& call, const Snapshot& snapshot) {
  TRY(call.query.all_known());
  ASSIGN_OR_RETURN(const auto environment, environment_of_path(call));
  const auto& name = call.path.at("name");
  const auto* deployment = snapshot.deployment(environment, name);
  if (deployment == nullptr) return no_such_deployment(environment, name, snapshot);
  json::array items;
  for (const auto& one : decision::prospects(*deployment, clock.now(), snapshot))
    items.push_back(view(one, snapshot.grant(deployment->id.str(), one.tool->id.str())));
  return Answer{json::object{{"agent", name},
                             {"environment", to_string(environment)},
                             {"revision", snapshot.revision()},
                             {"items", std::move(items)}}};
}

}  // namespace

std::vector<Route> prospect_routes(const ApiParts& parts) {
  const auto& clock = parts.clock;
  return {
      {Method::kGet, "/v1/deployments/{environment}/{name}/prospects",
       Query([&clock](const Call& call, const Snapshot& snapshot) { return show(clock, call, snapshot); })}};
}

}  // namespace remit::admin
