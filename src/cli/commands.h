// The commands of `remit`, one function each. What they take is read by command_line.cpp; what went wrong is
// printed by main.cpp, which also turns it into the exit code (base/error.h).
//
// A command that succeeds gives 0, or another exit code of its own: 9 where it found what it looks for, 10
// where a destination was added whose tools could not be listed.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/result.h"
#include "cli/context.h"

namespace remit::cli {

inline constexpr int kOk = 0;
inline constexpr int kFailed = 1;   // the tool was called, and failed
inline constexpr int kRefused = 5;  // by a decision
inline constexpr int kWaits = 6;    // for an approval
inline constexpr int kFindings = 9;
inline constexpr int kUnlisted = 10;

// init.cpp
Result<int> init(const Context& context);

// help.cpp, completion.cpp, man_page.cpp
Result<int> show_help(const Context& context, const std::vector<std::string>& words);
Result<int> show_version(const Context& context);
Result<int> completion_of(const Context& context, const std::string& shell);
Result<int> man_pages_to(const Context& context, const std::string& folder);

// config_file.cpp
Result<int> check_config(const Context& context, const std::string& file);
Result<int> print_config_reference(const Context& context);
Result<int> print_config_example(const Context& context);

// serve.cpp. With `detach` it returns when the server is ready, which goes on in the background.
struct ServeOptions {
  std::vector<std::string> listen;
  std::string log_level;  // empty: the configuration's
  bool detach = false;
};
Result<int> serve(const Context& context, const ServeOptions& options);
Result<int> stop(const Context& context);

// call.cpp
struct CallOptions {
  std::string tool, agent, environment, key, arguments = "{}";
};
Result<int> call_tool(const Context& context, const CallOptions& options);

// human.cpp
Result<int> add_human(const Context& context, const std::string& name);
Result<int> list_humans(const Context& context);
Result<int> human_leaves(const Context& context, const std::string& name);

// agent.cpp
struct RegisterOptions {
  std::string name, environment, owner, deputy, purpose, process, issuing_system = "remit-cli",
                                                                  expires = "90d";
  std::string key_out, public_key, algorithm = "ES256";
};
struct AgentOptions {
  std::string name, environment, by, reason, hold, kill, owner, deputy, expires, public_key, credential;
  bool exposed = false;
};
Result<int> register_agent(const Context& context, const RegisterOptions& options);
Result<int> list_agents(const Context& context);
Result<int> show_agent(const Context& context, const std::string& name);
Result<int> approve_agent(const Context& context, const AgentOptions& options);
Result<int> assign_owner(const Context& context, const AgentOptions& options);
Result<int> retire_agent(const Context& context, const AgentOptions& options);
Result<int> kill_agent(const Context& context, const AgentOptions& options);
Result<int> agent_can(const Context& context, const AgentOptions& options);
Result<int> suspend_agent(const Context& context, const AgentOptions& options);
Result<int> renew_agent(const Context& context, const AgentOptions& options);
Result<int> lift_hold(const Context& context, const AgentOptions& options);

// agent_key.cpp
Result<int> add_key(const Context& context, const AgentOptions& options);
Result<int> revoke_key(const Context& context, const AgentOptions& options);
Result<int> list_keys(const Context& context, const AgentOptions& options);

// destination.cpp
struct DestinationOptions {
  std::string name, environment, owner, by, data_class, url, cwd;
  std::vector<std::string> labels, command, reads, writes, network, variables, secrets;
  std::vector<std::string> dropped_variables, dropped_secrets;
  std::optional<std::uint64_t> open_seconds, answer_seconds, max_answer_mib;
};
Result<int> add_destination(const Context& context, const DestinationOptions& options);
Result<int> set_destination(const Context& context, const DestinationOptions& options);
Result<int> list_destinations(const Context& context);
Result<int> show_destination(const Context& context, const DestinationOptions& options);
Result<int> scan_destination(const Context& context, const DestinationOptions& options);
Result<int> retire_destination(const Context& context, const DestinationOptions& options);

// tool.cpp
struct ToolOptions {
  std::vector<std::string> tools;
  std::string environment, effect, data_class, by, agent, expires, digest;
  std::vector<std::string> labels, filters;
};
Result<int> list_tools(const Context& context, const ToolOptions& options);
Result<int> classify_tool(const Context& context, const ToolOptions& options);
Result<int> grant_tool(const Context& context, const ToolOptions& options);
Result<int> revoke_tool(const Context& context, const ToolOptions& options);
Result<int> show_change(const Context& context, const ToolOptions& options);
Result<int> approve_change(const Context& context, const ToolOptions& options);

// token.cpp
struct TokenOptions {
  std::string agent, environment, key;
};
Result<int> mint_token(const Context& context, const TokenOptions& options);

// policy.cpp, policy_validate.cpp, policy_publish.cpp, policy_cases.cpp
struct PolicyOptions {
  std::vector<std::string> files = {};
  std::string environment = {}, by = {}, schema = {};
  std::string which = {};     // a number of the history, or an id; empty: what is in force
  std::string policies = {};  // a file of them; empty: those in force
  std::optional<std::uint32_t> level = {};
  bool allow_unknown = false;
  bool yes = false;
};
Result<int> validate_policies(const Context& context, const PolicyOptions& options);
Result<int> show_schema(const Context& context, const PolicyOptions& options);
Result<int> publish_policies(const Context& context, const PolicyOptions& options);
Result<int> roll_back_policies(const Context& context, const PolicyOptions& options);
Result<int> show_policies(const Context& context, const PolicyOptions& options);
Result<int> list_published(const Context& context, const PolicyOptions& options);
// 1 where a case fails.
Result<int> test_policies(const Context& context, const PolicyOptions& options);

// policy_decision.cpp: what policies decide, without a server. 0 allow, 5 deny, 9 where that depends on what
// the request leaves open. `links`, `schema`: may be empty.
struct PolicyDecisionOptions {
  std::string policies, entities, request, schema, links;
};
Result<int> authorize_offline(const Context& context, const PolicyDecisionOptions& options);
Result<int> explain_offline(const Context& context, const PolicyDecisionOptions& options);

// policy_text.cpp
struct PolicyTextOptions {
  std::vector<std::string> files = {};
  std::string to = {};  // json or cedar; empty: the other one
  bool write = false, check = false, schema = false;
};
Result<int> format_policies(const Context& context, const PolicyTextOptions& options);
Result<int> convert_policies(const Context& context, const PolicyTextOptions& options);

// audit.cpp
struct AuditOptions {
  std::uint64_t count = 20, from = 0, limit = 100, index = 0;
  bool follow = false, texts = false;
  std::string folder, key, names, out, receipt;
  std::string since, until, kind, environment, agent, destination, tool, effect, data_class, verdict, by;
  std::vector<std::string> checkpoints, values;
};
Result<int> tail_log(const Context& context, const AuditOptions& options);
Result<int> verify_log(const Context& context, const AuditOptions& options);
Result<int> show_log_key(const Context& context);

// backup.cpp
struct RestoreCommand {
  std::string folder;  // empty: the store as it is
  std::vector<std::string> checkpoints;
};
struct ConfirmCommand {
  std::string kind, by, reason;
};
struct RotateCommand {
  std::string environment, by, reason;
};
Result<int> rotate_issuer(const Context& context, const RotateCommand& command);
Result<int> back_up(const Context& context, const std::string& folder);
Result<int> restore(const Context& context, const RestoreCommand& command);
Result<int> confirm(const Context& context, const ConfirmCommand& command);

// verify.cpp
Result<int> verify_state(const Context& context);

// audit_entries.cpp
Result<int> list_log(const Context& context, const AuditOptions& options);
Result<int> show_entry(const Context& context, const AuditOptions& options);
Result<int> reveal_entry(const Context& context, const AuditOptions& options);
Result<int> export_names(const Context& context, const AuditOptions& options);

// audit_proof.cpp
Result<int> prove_entry(const Context& context, const AuditOptions& options);
Result<int> verify_receipt(const Context& context, const AuditOptions& options);

// audit_could.cpp
Result<int> could(const Context& context, const AuditOptions& options);

// explain.cpp
Result<int> explain(const Context& context, const std::string& what);

// status.cpp
Result<int> status(const Context& context);
Result<int> metrics(const Context& context);

// demo.cpp
struct DemoOptions {
  std::string listen;
  std::string servers;
  bool once = false;
};
Result<int> demo(const Context& context, const DemoOptions& options);

}  // namespace remit::cli
