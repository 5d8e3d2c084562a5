// One call of a tool, as the agent makes it: its key, a token of its environment, MCP at the gateway's own
// door.

#include <fmt/format.h>

#include <cstdio>

#include "base/canonical_json.h"
#include "cli/agent_client.h"
#include "cli/agent_endpoint.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "issuer/key_file.h"

namespace remit::cli {
namespace {

namespace json = boost::json;

Result<json::object> arguments_of(const std::string& text) {
  auto value = parse_json(text);
  if (value && value->is_object()) return std::move(value->get_object());
  return fail(ErrorKind::kInvalid, "RMT-K014",
              value ? "the arguments are no JSON object" : "the arguments: " + value.error().message);
}

void print_text(std::FILE* to, const std::string& text) {
  for (const auto& line : visible_lines(text)) fmt::print(to, "{}\n", line);
}

int exit_code_of(const AgentCall& call) {
  if (call.verdict == "deny") return kRefused;
  if (call.verdict == "hold") return kWaits;
  return call.failed || call.verdict != "allow" ? kFailed : kOk;
}

void print_call(const AgentCall& call, int code) {
  if (code == kOk || code == kFailed) return print_text(code == kOk ? stdout : stderr, call.text);
  fmt::print(stderr, "{} {}\n", code == kRefused ? "refused" : "waits for approval", visible(call.reason));
  print_text(stderr, call.text);
  if (!call.decision.empty()) fmt::print(stderr, "why: remit explain {}\n", visible(call.decision));
}

}  // namespace

Result<int> call_tool(const Context& context, const CallOptions& options) {
  ASSIGN_OR_RETURN(const auto arguments, arguments_of(options.arguments));
  ASSIGN_OR_RETURN(auto key, issuer::read_key_file(options.key));
  std::string public_url;
  {
    ASSIGN_OR_RETURN(auto client, Client::open(context));
    TRY(name_deployment(key, client, options.environment, options.agent));
    ASSIGN_OR_RETURN(const auto endpoint, endpoint_of(client, options.environment));
    const std::string mcp(endpoint.at("mcp").as_string());
    public_url = mcp.substr(0, mcp.rfind("/mcp/"));
  }
  AgentClient agent(public_url, options.environment, key);
  TRY(agent.connect());
  ASSIGN_OR_RETURN(const auto call, agent.call(options.tool, arguments));
  agent.end();
  const int code = exit_code_of(call);
  if (context.format == Format::kJson)
    print_json(call.answer);
  else
    print_call(call, code);
  return code;
}

}  // namespace remit::cli
