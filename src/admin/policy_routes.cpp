// Policies: what is in force in an environment, how it came to be, and its replacement.

#include "admin/routes.h"
#include "admin/views.h"
#include "catalog/policies.h"

namespace remit::admin {
namespace {

namespace json = boost::json;
using http::Method;
using snapshot::Snapshot;

json::object view(const catalog::PublishedPolicies& published, const Snapshot& snapshot) {
  return {{"id", published.id.str()},
          {"published_at", format_instant(published.published_at)},
          {"published_by", name_of(published.published_by, snapshot)},
          {"digest", published.digest.hex()}};
}

Result<Answer> show(const Call& call, const Snapshot& snapshot, store::Reader& reader) {
  TRY(call.query.all_known());
  ASSIGN_OR_RETURN(const auto environment, environment_of_path(call));
  ASSIGN_OR_RETURN(auto text, catalog::policy_text(reader, environment));
  ASSIGN_OR_RETURN(const auto published, catalog::policy_history(reader, environment));
  json::array history;
  history.reserve(published.size());
  for (const auto& one : published) history.push_back(view(one, snapshot));
  return Answer{json::object{{"environment", to_string(environment)},
                             {"id", published.empty() ? catalog::kBaselineId : published.front().id.str()},
                             {"text", std::move(text)},
                             {"history", std::move(history)}}};
}

Result<Answer> publish(catalog::PolicyPublisher& policies, const Call& call, store::Transaction& tx) {
  ASSIGN_OR_RETURN(const auto environment, environment_of_path(call));
  ASSIGN_OR_RETURN(const auto text, call.body.text("text"));
  ASSIGN_OR_RETURN(const auto by, person(call, tx, "by"));
  TRY(call.body.all_known());
  ASSIGN_OR_RETURN(const auto id,
                   policies.publish(tx, {.id = by.str(), .via = call.actor.via}, environment, text, by));
  return Answer{json::object{{"id", id.str()}, {"environment", to_string(environment)}}, 201};
}

}  // namespace

std::vector<Route> policy_routes(const ApiParts& parts) {
  auto& policies = parts.policies;
  return {
      {Method::kGet, "/v1/policies/{environment}", Lookup(show)},
      {Method::kPost, "/v1/policies/{environment}",
       [&policies](const Call& call, store::Transaction& tx) { return publish(policies, call, tx); }},
  };
}

}  // namespace remit::admin
