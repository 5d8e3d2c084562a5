// An agent's keys: to rotate one, add the next, let the agent use it, revoke the last.

#include <fmt/format.h>

#include "cli/agent_commands.h"
#include "cli/client.h"
#include "cli/output.h"

namespace remit::cli {

namespace json = boost::json;

Result<int> add_key(const Context& context, const AgentOptions& options) {
  ASSIGN_OR_RETURN(auto jwk, read_public_key(options.public_key));
  json::object body{{"public_jwk", std::move(jwk)}};
  put(body, "by", options.by);
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto answer, client.post(deployment_path(options, "credentials"), body));
  print_done(
      context, answer,
      fmt::format("added {} to {}\nthumbprint  {}\nnext        when the agent uses it: remit agent key "
                  "revoke {} --env {} --key {{the old one's id}}",
                  cell(&answer.at("credential")), label(options), cell(&answer.at("thumbprint")),
                  visible(options.name), visible(options.environment)));
  return kOk;
}

namespace {

// The key's credential, by its id or its thumbprint, among the deployment's own.
Result<std::string> credential_of(const json::value& deployment, const AgentOptions& options) {
  for (const auto& credential : deployment.at("credentials").as_array())
    if (credential.at("id").as_string() == options.credential ||
        credential.at("thumbprint").as_string() == options.credential)
      return std::string(credential.at("id").as_string());
  return fail(ErrorKind::kNotFound, "RMT-I003",
              fmt::format("{} has no key `{}`", label(options), visible(options.credential)),
              "See `remit agent key list` for the keys that there are.");
}

Result<json::value> deployment(Client& client, const AgentOptions& options) {
  return client.get(
      fmt::format("/v1/deployments/{}/{}", segment(options.environment), segment(options.name)));
}

}  // namespace

Result<int> revoke_key(const Context& context, const AgentOptions& options) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto shown, deployment(client, options));
  ASSIGN_OR_RETURN(const auto id, credential_of(shown, options));
  json::object body;
  put(body, "by", options.by);
  ASSIGN_OR_RETURN(const auto answer, client.post("/v1/credentials/" + segment(id) + "/revoke", body));
  print_done(context, answer,
             fmt::format("revoked {} of {}: tokens that it got are worth nothing", id, label(options)));
  return kOk;
}

Result<int> list_keys(const Context& context, const AgentOptions& options) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto shown, deployment(client, options));
  print_items(context, json::object{{"items", shown.at("credentials")}},
              {{"ID", "id"},
               {"THUMBPRINT", "thumbprint"},
               {"FROM", "not_before"},
               {"EXPIRES", "expires"},
               {"REVOKED", "revoked"}});
  return kOk;
}

}  // namespace remit::cli
