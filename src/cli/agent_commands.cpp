#include "cli/agent_commands.h"

#include <fmt/format.h>

#include "base/canonical_json.h"
#include "cli/client.h"
#include "cli/files.h"
#include "cli/output.h"
#include "jose/key.h"

namespace remit::cli {

std::string label(const AgentOptions& options) {
  return visible(options.environment) + "/" + visible(options.name);
}

std::string deployment_path(const AgentOptions& options, std::string_view command) {
  return fmt::format("/v1/deployments/{}/{}/{}", segment(options.environment), segment(options.name),
                     command);
}

Result<int> command_on_deployment(const Context& context, const AgentOptions& options,
                                  std::string_view command, const boost::json::object& body,
                                  std::string_view sentence) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto answer, client.post(deployment_path(options, command), body));
  print_done(context, answer, sentence);
  return kOk;
}

void put(boost::json::object& body, std::string_view name, const std::string& value) {
  if (!value.empty()) body[name] = value;
}

Result<boost::json::object> read_public_key(const std::string& file) {
  ASSIGN_OR_RETURN(const auto text, read_file(file));
  if (text.contains("-----BEGIN ")) {
    ASSIGN_OR_RETURN(const auto key, jose::PublicKey::from_pem(text));
    return key.jwk();
  }
  auto jwk = parse_json(text);
  if (!jwk || !jwk->is_object())
    return fail(ErrorKind::kInvalid, "RMT-K005", file + " holds neither a JWK nor a public key in PEM");
  return std::move(jwk->get_object());
}

}  // namespace remit::cli
