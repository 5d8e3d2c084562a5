#include "cli/agent_endpoint.h"

#include <fmt/format.h>

namespace remit::cli {

namespace json = boost::json;

Result<json::object> endpoint_of(Client& client, std::string_view environment) {
  ASSIGN_OR_RETURN(const auto status, client.get("/v1/status"));
  for (const auto& endpoint : status.at("endpoints").as_array())
    if (endpoint.at("environment") == json::value(environment)) return endpoint.as_object();
  return fail(ErrorKind::kUnavailable, "RMT-K013",
              fmt::format("nobody issues tokens for {}: no server runs on this data folder", environment));
}

Result<void> name_deployment(issuer::KeyFile& key, Client& client, std::string_view environment,
                             std::string_view agent) {
  ASSIGN_OR_RETURN(const auto deployment,
                   client.get(fmt::format("/v1/deployments/{}/{}", segment(environment), segment(agent))));
  const std::string id(deployment.at("id").as_string());
  if (!key.client_id.empty() && key.client_id != id)
    return fail(ErrorKind::kInvalid, "RMT-K019",
                fmt::format("the key is for the client id {}, and {}/{} has {}", key.client_id, environment,
                            agent, id));
  key.client_id = id;
  return {};
}

}  // namespace remit::cli
