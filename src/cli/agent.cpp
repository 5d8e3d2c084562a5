// Agents: registered, approved, shown, renewed, retired, killed.

#include <fmt/format.h>

#include "base/clock.h"
#include "base/random.h"
#include "cli/agent_commands.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/output.h"
#include "cli/time_argument.h"
#include "issuer/key_file.h"

namespace remit::cli {
namespace {

namespace json = boost::json;

Result<jose::Algorithm> algorithm_of(std::string_view name) {
  for (const auto algorithm : {jose::Algorithm::kEs256, jose::Algorithm::kEd25519})
    if (jose::is_name_of(algorithm, name)) return algorithm;
  return fail(ErrorKind::kInvalid, "RMT-K005",
              fmt::format("`{}` is no key algorithm: use ES256 or EdDSA", name));
}

// The public key of the agent: of a file that it gave, or of a new pair whose private half goes to a file.
Result<json::object> key_of_agent(const RegisterOptions& options) {
  if (options.key_out.empty() == options.public_key.empty())
    return fail(ErrorKind::kInvalid, "RMT-K005",
                "an agent needs a key: --key-out FILE makes one, --public-key FILE takes one");
  if (!options.public_key.empty()) return read_public_key(options.public_key);
  ASSIGN_OR_RETURN(const auto algorithm, algorithm_of(options.algorithm));
  SystemRandom random;
  ASSIGN_OR_RETURN(const auto key, issuer::make_key_file(options.key_out, algorithm, random));
  return key.public_key().jwk();
}

// What stands behind an outlook, a line each.
std::vector<std::string> reasons(const json::object& prospect) {
  if (!prospect.at("reason").is_null())
    return {cell(&prospect.at("reason")) + ": " + cell(&prospect.at("message"))};
  std::vector<std::string> lines;
  for (const auto& policy : prospect.at("policies").as_array())
    lines.push_back(cell(&policy) + " permits every call");
  for (const auto& open : prospect.at("open").as_array()) {
    const bool forbids = open.at("effect").as_string() == "forbid";
    std::string line = cell(&open.at("policy")) + (forbids ? " forbids" : " permits");
    if (!open.at("approval_path").is_null())
      line += " after an approval by " + cell(&open.at("approval_path"));
    lines.push_back(line + " where " + cell(&open.at("condition")));
  }
  return lines;
}

}  // namespace

Result<int> agent_can(const Context& context, const AgentOptions& options) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto answer, client.get(deployment_path(options, "prospects")));
  if (context.format == Format::kJson) {
    print_json(answer);
    return kOk;
  }
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : answer.at("items").as_array()) {
    const auto& prospect = item.as_object();
    std::vector<std::string> first{cell(&prospect.at("tool")), cell(&prospect.at("shown_name")),
                                   cell(&prospect.at("outlook"))};
    for (auto& reason : reasons(prospect)) {
      first.push_back(std::move(reason));
      rows.push_back(std::exchange(first, {"", "", ""}));
    }
  }
  print_table({"TOOL", "SEEN AS", "CAN", "WHY"}, rows);
  return kOk;
}

Result<int> register_agent(const Context& context, const RegisterOptions& options) {
  ASSIGN_OR_RETURN(const auto expires, parse_time(options.expires, SystemClock().now()));
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(auto jwk, key_of_agent(options));
  json::object body{{"name", options.name},
                    {"environment", options.environment},
                    {"owner", options.owner},
                    {"purpose", options.purpose},
                    {"process", options.process},
                    {"issuing_system", options.issuing_system},
                    {"expires", format_instant(expires)},
                    {"public_jwk", std::move(jwk)}};
  put(body, "deputy", options.deputy);
  auto answer = client.post("/v1/agents", body);
  if (!answer) {
    // A key that belongs to nobody must not lie about, and must not stand in the way of the next try. Where
    // the command may have been carried out, it is kept.
    if (!options.key_out.empty() && answer.error().kind != ErrorKind::kUnknown)
      std::filesystem::remove(options.key_out);
    return std::unexpected(answer.error());
  }
  auto& made = answer->as_object();
  const std::string client_id(made.at("deployment").as_string());
  if (!options.key_out.empty()) TRY(issuer::name_client(options.key_out, client_id));
  if (context.format == Format::kJson) {
    made["client_id"] = client_id;
    made["expires"] = format_instant(expires);
    if (!options.key_out.empty()) made["key"] = options.key_out;
    print_json(*answer);
    return kOk;
  }
  fmt::print("registered {}/{}   owner {}   expires {}\n", options.environment, options.name,
             visible(options.owner), format_instant(expires));
  fmt::print("client id  {}\n", visible(client_id));
  if (!options.key_out.empty()) fmt::print("key        {}\n", options.key_out);
  fmt::print("state      pending: it can do nothing until it is approved\n");
  fmt::print("next       remit agent approve {} --env {} --by HUMAN\n", options.name, options.environment);
  return kOk;
}

Result<int> list_agents(const Context& context) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  if (context.format == Format::kJson) {
    ASSIGN_OR_RETURN(const auto answer, client.get("/v1/agents"));
    print_json(answer);
    return kOk;
  }
  ASSIGN_OR_RETURN(const auto answer, client.get("/v1/deployments"));
  print_items(context, answer,
              {{"AGENT", "agent"},
               {"ENVIRONMENT", "environment"},
               {"STATE", "state"},
               {"HOLDS", "holds"},
               {"OWNER", "owner"},
               {"PROCESS", "process"},
               {"EXPIRES", "expires"}});
  return kOk;
}

Result<int> show_agent(const Context& context, const std::string& name) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto answer, client.get("/v1/agents/" + segment(name)));
  if (context.format == Format::kJson) {
    print_json(answer);
    return kOk;
  }
  print_object(context, answer,
               {{"agent", "name"},
                {"owner", "owner"},
                {"deputy", "deputy"},
                {"purpose", "purpose"},
                {"process", "process"},
                {"issuing system", "issuing_system"}});
  for (const auto& kill : answer.at("kills").as_array())
    fmt::print("killed          {}   {}   by {}   {}{}\n", cell(&kill.at("id")), cell(&kill.at("placed_at")),
               cell(&kill.at("placed_by")), cell(&kill.at("reason")),
               kill.at("confirmed_by").is_null()
                   ? ""
                   : fmt::format("   {} has confirmed its end", cell(&kill.at("confirmed_by"))));
  for (const auto& deployment : answer.at("deployments").as_array()) {
    fmt::print("\n");
    print_object(context, deployment,
                 {{"environment", "environment"},
                  {"state", "state"},
                  {"holds", "holds"},
                  {"expires", "expires"},
                  {"client id", "id"},
                  {"credentials", "credentials"}});
    for (const auto& grant : deployment.at("grants").as_array())
      fmt::print("{:<11}  {}, seen as {}\n", "grant", cell(&grant.at("tool")), cell(&grant.at("shown_name")));
  }
  return kOk;
}

Result<int> approve_agent(const Context& context, const AgentOptions& options) {
  return command_on_deployment(context, options, "approve", {{"by", options.by}},
                               fmt::format("approved {}: it may act on what it is granted", label(options)));
}

Result<int> assign_owner(const Context& context, const AgentOptions& options) {
  json::object body{{"owner", options.owner}};
  put(body, "deputy", options.deputy);
  put(body, "by", options.by);
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto answer, client.post("/v1/agents/" + segment(options.name) + "/owner", body));
  print_done(context, answer,
             fmt::format("{} belongs to {} now; holds stay until a person lifts them", visible(options.name),
                         visible(options.owner)));
  return kOk;
}

Result<int> retire_agent(const Context& context, const AgentOptions& options) {
  json::object body{{"reason", options.reason}};
  put(body, "by", options.by);
  return command_on_deployment(
      context, options, "retire", body,
      fmt::format("retired {}: for ever, with its credentials and grants", label(options)));
}

Result<int> kill_agent(const Context& context, const AgentOptions& options) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto answer, client.post("/v1/agents/" + segment(options.name) + "/kill",
                                                  {{"reason", options.reason}, {"by", options.by}}));
  print_done(context, answer,
             fmt::format("killed {} everywhere: nothing of it leaves any more   ({})", visible(options.name),
                         cell(&answer.at("kill"))));
  return kOk;
}

Result<int> suspend_agent(const Context& context, const AgentOptions& options) {
  return command_on_deployment(
      context, options, "suspend",
      {{"reason", options.reason}, {"by", options.by}, {"exposed", options.exposed}},
      fmt::format("suspended {}: nothing of it leaves any more until the hold is lifted", label(options)));
}

Result<int> renew_agent(const Context& context, const AgentOptions& options) {
  ASSIGN_OR_RETURN(const auto expires, parse_time(options.expires, SystemClock().now()));
  const auto until = format_instant(expires);
  return command_on_deployment(context, options, "renew", {{"expires", until}, {"by", options.by}},
                               fmt::format("renewed {} until {}, with its keys", label(options), until));
}

namespace {

Result<int> lift_kill(const Context& context, const AgentOptions& options) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto answer,
                   client.post("/v1/agents/" + segment(options.name) + "/lift",
                               {{"kill", options.kill}, {"by", options.by}, {"reason", options.reason}}));
  const auto lifted = answer.at("lifted").as_array().size();
  const auto confirmed = answer.at("confirmed").as_array().size();
  print_done(context, answer,
             fmt::format("{}: {} lifted, {} confirmed and waiting for a second person", visible(options.name),
                         counted(lifted, "kill"), confirmed));
  return kOk;
}

}  // namespace

// A kill is the agent's, every other hold a deployment's.
Result<int> lift_hold(const Context& context, const AgentOptions& options) {
  if (!options.kill.empty()) return lift_kill(context, options);
  return command_on_deployment(context, options, "lift",
                               {{"hold", options.hold}, {"by", options.by}, {"reason", options.reason}},
                               fmt::format("lifted `{}` from {}", visible(options.hold), label(options)));
}

}  // namespace remit::cli
