// Access tokens, as an agent gets them: client_credentials with private_key_jwt (RFC 7523), at the issuer of
// the agent's environment. There is no other way to one: whoever has no key of the agent has no token.

#include <fmt/format.h>

#include "base/canonical_json.h"
#include "cli/agent_endpoint.h"
#include "cli/client.h"
#include "cli/client_assertion.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "issuer/key_file.h"

namespace remit::cli {
Result<int> mint_token(const Context& context, const TokenOptions& options) {
  ASSIGN_OR_RETURN(auto key, issuer::read_key_file(options.key));
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  TRY(name_deployment(key, client, options.environment, options.agent));
  ASSIGN_OR_RETURN(const auto endpoint, endpoint_of(client, options.environment));
  const std::string issuer(endpoint.at("issuer").as_string());
  const std::string path = fmt::format("/issuer/{}/token", options.environment);
  const auto post = [&](std::string form) {
    return client.send(http::Method::kPost, path, {{"Content-Type", std::string(kFormType)}},
                       std::move(form));
  };
  ASSIGN_OR_RETURN(const auto response, ask_for_token(key.key, key.client_id, issuer, post));
  auto answer = parse_json(response.body);
  if (!answer || !answer->is_object())
    return fail(ErrorKind::kInternal, "RMT-K003",
                fmt::format("the issuer answered HTTP {}", response.status));
  if (response.status != 200) {
    const auto& object = answer->get_object();
    return fail(
        response.status == 401 ? ErrorKind::kUnauthorized : ErrorKind::kForbidden, "RMT-K008",
        fmt::format("no token for {}/{}: {}: {}", options.environment, options.agent,
                    cell(object.if_contains("error")), cell(object.if_contains("error_description"))));
  }
  if (context.format == Format::kJson)
    print_json(*answer);
  else
    fmt::print("{}\n", std::string_view(answer->at("access_token").as_string()));
  return kOk;
}

}  // namespace remit::cli
