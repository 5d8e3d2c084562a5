#include "cli/command_line.h"

#include <CLI/CLI.hpp>
#include <memory>
#include <sstream>

#include "cli/commands.h"
#include "cli/output.h"
#include "cli/usage.h"

namespace remit::cli {
namespace {

using Command = std::function<Result<int>()>;

// What the parser fills in. Outlives the command that is made of it.
struct Line {
  Context context;
  std::string format = "table";
  std::string text;
  std::vector<std::string> words;
  ServeOptions serve;
  CallOptions call;
  RegisterOptions registration;
  AgentOptions agent;
  DestinationOptions destination;
  ToolOptions tool;
  TokenOptions token;
  PolicyOptions policy;
  PolicyTextOptions policy_text;
  PolicyDecisionOptions policy_decision;
  AuditOptions audit;
  RestoreCommand restore;
  ConfirmCommand confirm;
  RotateCommand rotation;
  DemoOptions demo;
  Command command;
};

// The line outlives the parser and holds the command: a command may not hold the line in turn.
void run(CLI::App* app, Line& line, Result<int> (*function)(const Context&)) {
  app->callback([&line, function] { line.command = [&line, function] { return function(line.context); }; });
}

template <typename Options>
void run(CLI::App* app, Line& line, Result<int> (*function)(const Context&, const Options&),
         Options& options) {
  app->callback([&line, function, &options] {
    line.command = [&line, function, &options] { return function(line.context, options); };
  });
}

// What stands below a command's help: lines to type, and below that of the root the exit codes.
void add_footers(CLI::App& app, const std::string& path) {
  std::string footer;
  if (app.get_require_subcommand_min() == 0)
    for (const auto& example : examples_of(path)) footer += "  " + example + "\n";
  if (!footer.empty()) footer = "Examples:\n" + footer;
  if (app.get_parent() == nullptr) {
    footer += "Exit codes:\n";
    for (const auto& [code, meaning] : exit_codes())
      footer += "  " + std::to_string(code) + "  " + std::string(meaning) + "\n";
  }
  app.footer(footer);
  for (auto* command : app.get_subcommands([](const CLI::App*) { return true; }))
    add_footers(*command, path + " " + command->get_name());
}

CLI::App* noun(CLI::App& root, const std::string& name, const std::string& what) {
  auto* app = root.add_subcommand(name, what);
  app->require_subcommand(1);
  return app;
}

void environment(CLI::App* app, std::string& to, bool needed = true) {
  app->add_option("--env", to, "sandbox, pilot or production")
      ->required(needed)
      ->check(CLI::IsMember({"sandbox", "pilot", "production"}));
}

void by(CLI::App* app, std::string& to, bool needed = true) {
  app->add_option("--by", to, "The person who decides")->required(needed);
}

void data_class(CLI::App* app, std::string& to) {
  app->add_option("--data-class", to, "public, internal, confidential or restricted")
      ->check(CLI::IsMember({"public", "internal", "confidential", "restricted"}));
}

void add_people(CLI::App& root, Line& line) {
  auto* human = noun(root, "human", "People: who may own, approve and review");
  auto* add = human->add_subcommand("add", "Add a person");
  add->add_option("NAME", line.text, "As others know them: ana@acme.test")->required();
  run(add, line, add_human, line.text);
  run(human->add_subcommand("list", "Everyone"), line, list_humans);
  auto* leave = human->add_subcommand("leave", "A person leaves: what they own goes to deputies, or is held");
  leave->add_option("NAME", line.text)->required();
  run(leave, line, human_leaves, line.text);
}

void add_agents(CLI::App& root, Line& line) {
  auto* agent = noun(root, "agent", "Agents and their deployments");

  auto* make = agent->add_subcommand("register", "Register an agent in an environment, with its key");
  auto& r = line.registration;
  make->add_option("NAME", r.name, "a-z, 0-9 and '-'")->required();
  environment(make, r.environment);
  make->add_option("--owner", r.owner, "The person who is accountable")->required();
  make->add_option("--deputy", r.deputy, "Who succeeds the owner");
  make->add_option("--purpose", r.purpose, "What it is for")->required();
  make->add_option("--process", r.process, "The business process that it serves")->required();
  make->add_option("--issuing-system", r.issuing_system, "The system that created it")->capture_default_str();
  make->add_option("--expires", r.expires, "When it retires: 90d, 2027-02-22, an RFC 3339 time")
      ->capture_default_str();
  auto* out =
      make->add_option("--key-out", r.key_out, "Make a key pair; its private JWK goes to this new file");
  make->add_option("--public-key", r.public_key, "Take the public key of this file: a JWK, or PEM")
      ->excludes(out);
  make->add_option("--algorithm", r.algorithm, "Of a new key: ES256 or EdDSA")->capture_default_str();
  run(make, line, register_agent, r);

  run(agent->add_subcommand("list", "Every deployment"), line, list_agents);
  auto* show = agent->add_subcommand("show", "One agent with all that belongs to it");
  show->add_option("NAME", line.text)->required();
  run(show, line, show_agent, line.text);

  const auto verb = [&](const std::string& name, const std::string& what, auto function) {
    auto* app = agent->add_subcommand(name, what);
    app->add_option("NAME", line.agent.name)->required();
    run(app, line, function, line.agent);
    return app;
  };
  environment(verb("can", "What it could ever do, tool by tool", agent_can), line.agent.environment);
  auto* approve = verb("approve", "Approve a pending deployment", approve_agent);
  environment(approve, line.agent.environment);
  by(approve, line.agent.by);
  auto* owner = verb("owner", "Give an agent a new owner", assign_owner);
  owner->add_option("--owner", line.agent.owner, "The person who is accountable from now on")->required();
  owner->add_option("--deputy", line.agent.deputy, "Who succeeds the owner");
  by(owner, line.agent.by, false);
  auto* retire = verb("retire", "Retire a deployment, for ever", retire_agent);
  environment(retire, line.agent.environment);
  retire->add_option("--reason", line.agent.reason)->required();
  by(retire, line.agent.by, false);
  auto* renew = verb("renew", "Let a deployment go on, with its keys, until another end date", renew_agent);
  environment(renew, line.agent.environment);
  renew->add_option("--expires", line.agent.expires, "90d, 2027-02-22, an RFC 3339 time")->required();
  by(renew, line.agent.by);
  auto* suspend = verb("suspend", "Stop an agent now in one environment", suspend_agent);
  environment(suspend, line.agent.environment);
  suspend->add_option("--reason", line.agent.reason)->required();
  suspend->add_flag("--exposed", line.agent.exposed,
                    "Its key has leaked: it stays until its keys are others");
  by(suspend, line.agent.by);
  auto* kill =
      verb("kill", "Stop an agent now, everywhere, for as long as two people do not lift it", kill_agent);
  kill->add_option("--reason", line.agent.reason)->required();
  by(kill, line.agent.by);
  auto* lift = verb("lift", "Lift a hold whose cause is mended, or a kill, by two people", lift_hold);
  environment(lift, line.agent.environment, false);
  auto* hold =
      lift->add_option("--hold", line.agent.hold, "Of the deployment in --env: owner-missing, drift, …");
  hold->needs("--env");
  lift->add_option("--kill", line.agent.kill, "Of the agent: its id (remit agent show), or all")
      ->excludes(hold);
  lift->add_option("--reason", line.agent.reason)->required();
  by(lift, line.agent.by);
  lift->parse_complete_callback([&line] {
    if (line.agent.hold.empty() == line.agent.kill.empty())
      throw CLI::ValidationError("--hold", "name the hold with --env and --hold, or the kill with --kill");
  });
}

void add_agent_keys(CLI::App& root, Line& line) {
  auto* key = noun(*root.get_subcommand("agent"), "key", "A deployment's keys: rotation is add, then revoke");
  const auto verb = [&](const std::string& name, const std::string& what, auto function) {
    auto* app = key->add_subcommand(name, what);
    app->add_option("NAME", line.agent.name)->required();
    environment(app, line.agent.environment);
    run(app, line, function, line.agent);
    return app;
  };
  auto* add = verb("add", "Add a key; in production by another person than the owner", add_key);
  add->add_option("--public-key", line.agent.public_key, "The file of its public part: a JWK, or PEM")
      ->required();
  by(add, line.agent.by, false);
  auto* revoke = verb("revoke", "Revoke a key, for ever", revoke_key);
  revoke->add_option("--key", line.agent.credential, "Its id or thumbprint")->required();
  by(revoke, line.agent.by, false);
  verb("list", "Every key, the revoked ones too", list_keys);
}

// What `add` says of a destination, and `set` says anew.
void describe_destination(CLI::App* app, DestinationOptions& d) {
  const auto list = [&](const std::string& name, std::vector<std::string>& to, const std::string& what) {
    app->add_option(name, to, what + "; may be repeated")->allow_extra_args(false);
  };
  app->add_option("--owner", d.owner, "The person who is accountable");
  by(app, d.by, false);
  data_class(app, d.data_class);
  app->add_option("--label", d.labels, "pii, secret, untrusted, …; may be repeated");
  auto* url = app->add_option("--url", d.url, "Its MCP endpoint (Streamable HTTP)");
  // A flag, and the rest of the line: an option's own values could not begin with a dash.
  const std::string what = "Its MCP server as a child process: --command -- PROGRAM ARGUMENT…";
  auto* command = app->add_flag("--command", what);
  command->excludes(url);
  app->add_option("PROGRAM", d.command,
                  "With --command: a path or a name on the search path, and its arguments")
      ->needs(command)
      ->expected(-1);
  list("--secret", d.secrets,
       "NAME=FILE: a credential for the header (url) or variable (command) of that name, and the file "
       "that holds it, - for standard input");
  list("--reads", d.reads, "A folder or file that the child may read");
  list("--writes", d.writes, "A folder or file that the child may change");
  list("--network", d.network, "What the child may connect to: none (the default), all, or HOST:PORT, which");
  list("--var", d.variables, "NAME=VALUE for the child's environment");
  app->add_option("--cwd", d.cwd, "The folder that the child starts in; default: a home of its own");
  app->add_option("--open-timeout", d.open_seconds,
                  "Seconds to start, open a session and list its tools; default: the server's setting");
  app->add_option("--answer-timeout", d.answer_seconds, "Seconds to answer a call or tell its progress");
  app->add_option("--max-answer", d.max_answer_mib, "MiB that one answer may have");
}

void add_destinations(CLI::App& root, Line& line) {
  auto* destination = noun(root, "destination", "Destinations: the systems that tools act on");
  auto& d = line.destination;
  const auto verb = [&](const std::string& name, const std::string& what, auto function) {
    auto* app = destination->add_subcommand(name, what);
    app->add_option("NAME", d.name)->required();
    environment(app, d.environment);
    run(app, line, function, d);
    return app;
  };
  auto* add = verb("add", "Add a destination and list its tools", cli::add_destination);
  describe_destination(add, d);
  add->get_option("--owner")->required();
  add->get_option("--data-class")->required();
  auto* set = verb("set", "Change what was said of it; another address or command quarantines its tools",
                   cli::set_destination);
  describe_destination(set, d);
  set->add_option("--drop-var", d.dropped_variables,
                  "A variable that the child has no longer; may be repeated")
      ->allow_extra_args(false);
  set->add_option("--drop-secret", d.dropped_secrets,
                  "A header or variable whose credential goes; may be repeated")
      ->allow_extra_args(false);
  run(destination->add_subcommand("list", "Every destination"), line, list_destinations);
  verb("show", "What it is, and what its child may reach", show_destination);
  verb("scan", "Ask it which tools it offers now", scan_destination);
  verb("retire", "Retire it with its tools and the grants on them", retire_destination);
}

void add_tools(CLI::App& root, Line& line) {
  auto* tool = noun(root, "tool", "Tools: what agents may be granted");
  auto& t = line.tool;
  auto* list = tool->add_subcommand("list", "Every tool");
  environment(list, t.environment, false);
  run(list, line, list_tools, t);
  const auto verb = [&](const std::string& name, const std::string& what, auto function) {
    auto* app = tool->add_subcommand(name, what);
    environment(app, t.environment);
    run(app, line, function, t);
    return app;
  };
  const auto several = [&](CLI::App* app) {
    app->add_option("TOOL", t.tools, "destination/tool; several may be named, for all of them or none");
    app->add_option("--filter", t.filters, "Every tool with MEMBER=VALUE, as effect=read; may be repeated")
        ->allow_extra_args(false);
    return app;
  };
  const auto one = [&](CLI::App* app) {
    app->add_option("TOOL", t.tools, "destination/tool")->required()->expected(1);
    return app;
  };
  auto* classify =
      several(verb("classify", "Say what tools do and how sensitive their data is", classify_tool));
  classify->add_option("--effect", t.effect, "read, create, update, delete, send, execute or pay")
      ->required()
      ->check(CLI::IsMember({"read", "create", "update", "delete", "send", "execute", "pay"}));
  data_class(classify, t.data_class);
  classify->get_option("--data-class")->required();
  classify->add_option("--label", t.labels, "pii, secret, untrusted, …; may be repeated");
  by(classify, t.by);
  auto* grant = several(verb("grant", "Let an agent use tools", grant_tool));
  grant->add_option("--agent", t.agent)->required();
  grant->add_option("--expires", t.expires, "When the grant ends: 90d, 2027-02-22, an RFC 3339 time");
  by(grant, t.by);
  auto* revoke = several(verb("revoke", "End grants", revoke_tool));
  revoke->add_option("--agent", t.agent)->required();
  by(revoke, t.by, false);
  one(verb("change", "Show how a quarantined tool differs from its pin", show_change));
  auto* approve =
      one(verb("approve-change", "Pin the definition that `tool change` showed", cli::approve_change));
  approve->add_option("--digest", t.digest, "Of the definition that was read, as `tool change` prints it")
      ->required();
  by(approve, t.by);
}

void add_policies(CLI::App& root, Line& line) {
  auto* policy = noun(root, "policy", "Cedar policies");
  auto& p = line.policy;
  const auto allow_unknown = [&p](CLI::App* app) {
    app->add_flag("--allow-unknown", p.allow_unknown, "Let names through of what is yet to come");
  };
  const auto which = [&p](CLI::App* app) {
    return app->add_option("REVISION", p.which, "A number of the history, or an id; 0 is the baseline");
  };
  auto* validate = policy->add_subcommand("validate", "Check files, or the policies in force in --env");
  validate->add_option("FILE", p.files, "- for standard input");
  auto* against = validate->add_option("--schema", p.schema, "A schema in either syntax; needs no server");
  environment(validate, p.environment, false);
  validate->get_option("--env")->excludes(against);
  validate->add_option("--level", p.level, "How many entities in a row a policy may look through");
  // Last of all: what the line has too much is told first.
  validate->callback([&line, &p] {
    if (p.files.empty() && p.environment.empty())
      throw CLI::ValidationError("FILE", "name a file, or --env for the policies in force");
    if (p.level && p.schema.empty() && p.environment.empty())
      throw CLI::ValidationError("--level", "needs --schema or --env");
    if (p.allow_unknown && p.environment.empty())
      throw CLI::ValidationError("--allow-unknown", "needs --env");
    line.command = [&line, &p] { return validate_policies(line.context, p); };
  });
  allow_unknown(validate);
  auto* schema = policy->add_subcommand("schema", "What policies of an environment may name");
  environment(schema, p.environment);
  run(schema, line, show_schema, p);
  const auto publication = [&](CLI::App* app, auto function) {
    environment(app, p.environment);
    by(app, p.by);
    allow_unknown(app);
    app->add_flag("--yes", p.yes, "Do not ask whether what it changes is meant");
    run(app, line, function, p);
  };
  auto* publish =
      policy->add_subcommand("publish", "Show what a file would change, ask, and put it in force");
  publish->add_option("FILE", p.files)->required()->expected(1);
  publication(publish, publish_policies);
  auto* rollback = policy->add_subcommand("rollback", "The same with a text that was in force before");
  which(rollback)->required();
  publication(rollback, roll_back_policies);
  auto* history = policy->add_subcommand("history", "Every text that was in force, and who published it");
  environment(history, p.environment);
  run(history, line, list_published, p);
  auto* show = policy->add_subcommand("show", "The text that is in force, or was");
  which(show);
  environment(show, p.environment);
  run(show, line, show_policies, p);
  auto* test = policy->add_subcommand("test", "Put the cases of a file to policies; exits 9 if any fails");
  test->add_option("FILE", p.files,
                   "JSON: {\"cases\": [{\"agent\", \"tool\", \"arguments\", \"expect\", \"policies\"}]}; - "
                   "for standard input")
      ->required()
      ->expected(1);
  environment(test, p.environment);
  test->add_option("--policies", p.policies, "A file of policies in place of those in force");
  allow_unknown(test);
  run(test, line, test_policies, p);
  auto* format = policy->add_subcommand("format", "Lay files out; prints them, and needs no server");
  format->add_option("FILE", line.policy_text.files, "- for standard input")->required();
  auto* write = format->add_flag("--write", line.policy_text.write, "Replace the files instead");
  format->add_flag("--check", line.policy_text.check, "Only list those that differ; exits 9 if any does")
      ->excludes(write);
  run(format, line, format_policies, line.policy_text);
  auto* convert =
      policy->add_subcommand("convert", "From Cedar syntax to JSON, or from JSON to Cedar; needs no server");
  convert
      ->add_option("FILE", line.policy_text.files,
                   "Policies or a schema, told by its name or content; - for standard input")
      ->required()
      ->expected(1);
  convert->add_option("--to", line.policy_text.to, "json or cedar; without it the other one")
      ->check(CLI::IsMember({"json", "cedar"}));
  convert->add_flag("--schema", line.policy_text.schema, "It is a schema");
  run(convert, line, convert_policies, line.policy_text);
}

void add_policy_decisions(CLI::App& root, Line& line) {
  auto* policy = root.get_subcommand("policy");
  auto& d = line.policy_decision;
  const auto verb = [&](const std::string& name, const std::string& what, auto function) {
    auto* app = policy->add_subcommand(name, what);
    app->add_option("--policies", d.policies, "Policies and templates, in either syntax")->required();
    app->add_option("--entities", d.entities, "Entities in JSON")->required();
    app->add_option("--request", d.request,
                    "The request in JSON, - for standard input; what is null or absent is not known")
        ->required();
    app->add_option("--schema", d.schema, "A schema in either syntax, which says how to read the data");
    app->add_option("--links", d.links, "Links of templates: [{templateId, newId, values}]");
    run(app, line, function, d);
  };
  verb("authorize", "What policies decide of a request; needs no server", authorize_offline);
  verb("explain", "The same with every step, and the nearest permits", explain_offline);
}

// A published folder in place of the server, with what is needed to read it.
void folder(CLI::App* app, AuditOptions& a, bool with_names = true) {
  app->add_option("--folder", a.folder, "A published log's folder, in place of the server");
  app->add_option("--key", a.key,
                  "Its verifier key, or a file that holds it; without it the data folder's own");
  if (with_names)
    app->add_option("--names", a.names, "With --folder: the names file (remit audit names)")
        ->needs("--folder");
}

void asked(CLI::App* app, AuditOptions& a) {
  app->add_option("--since", a.since, "A date, an instant, or 30d: from then on");
  app->add_option("--until", a.until, "A date, an instant, or 30d: before then");
  environment(app, a.environment, false);
  app->add_option("--agent", a.agent, "By its name, ENV/NAME or id");
  app->add_option("--destination", a.destination, "By its name or id");
  app->add_option("--tool", a.tool, "destination/tool, or an id");
  app->add_option("--effect", a.effect, "What it does")
      ->check(CLI::IsMember({"read", "create", "update", "delete", "send", "execute", "pay"}));
  app->add_option("--data-class", a.data_class, "The data's class, or a label of it");
  app->add_option("--by", a.by, "Who decided: a person's name or id, or operator");
}

void add_log_readers(CLI::App& audit, Line& line) {
  auto& a = line.audit;
  const auto index = [&a](CLI::App* app) { app->add_option("INDEX", a.index, "Of the entry")->required(); };
  auto* list = audit.add_subcommand("list", "The entries that are such, in their order");
  asked(list, a);
  list->add_option("--kind", a.kind, "call or change")->check(CLI::IsMember({"call", "change"}));
  list->add_option("--verdict", a.verdict, "allow, deny or hold")
      ->check(CLI::IsMember({"allow", "deny", "hold"}));
  list->add_option("--from", a.from, "The index to begin at")->capture_default_str();
  list->add_option("--limit", a.limit, "How many at most")
      ->capture_default_str()
      ->check(CLI::Range(1, 100'000));
  folder(list, a);
  run(list, line, list_log, a);

  auto* who = audit.add_subcommand("could", "Which agents could use which tools, when, and on whose word");
  asked(who, a);
  folder(who, a);
  run(who, line, could, a);

  auto* show = audit.add_subcommand("show", "One entry, in words and whole");
  index(show);
  folder(show, a);
  run(show, line, show_entry, a);

  auto* reveal = audit.add_subcommand("reveal", "What an entry commits to, checked against its commitments");
  index(reveal);
  reveal->add_option("--value", a.values,
                     "FIELD=JSON: whether that is what the field commits to; may be repeated");
  folder(reveal, a);
  run(reveal, line, reveal_entry, a);

  auto* prove = audit.add_subcommand("prove", "A receipt of one entry (C2SP tlog-proof)");
  index(prove);
  prove->add_option("--out", a.out, "The file to write; without it, standard output");
  folder(prove, a, false);
  run(prove, line, prove_entry, a);

  auto* names = audit.add_subcommand("names", "Write a names file, for whoever audits the published folder");
  names->add_option("--out", a.out, "The file to write")->required();
  names->add_flag("--texts", a.texts, "With reasons, purposes and processes too");
  run(names, line, export_names, a);
}

void add_audit(CLI::App& root, Line& line) {
  auto* audit = noun(root, "audit", "The tamper-evident log");
  auto& a = line.audit;
  auto* tail = audit->add_subcommand("tail", "The newest entries");
  tail->add_option("-n,--count", a.count, "How many")->capture_default_str()->check(CLI::Range(1, 1000));
  tail->add_flag("-f,--follow", a.follow, "Go on with what comes");
  run(tail, line, tail_log, a);
  add_log_readers(*audit, line);
  auto* verify = audit->add_subcommand("verify", "Verify a published log; needs only its folder and its key");
  verify->add_option("DIR", a.folder, "The log's folder; without it the data folder's own");
  verify->add_option("--key", a.key,
                     "The verifier key, or a file that holds it; without it the data folder's own");
  verify->add_option("--checkpoint", a.checkpoints, "A checkpoint that was kept elsewhere; may be repeated");
  verify->add_option("--receipt", a.receipt, "Verify this receipt instead, with the key alone");
  run(verify, line, verify_log, a);
  run(audit->add_subcommand("key", "The log's verifier key (C2SP signed-note)"), line, show_log_key);
}

void add_keeping(CLI::App& root, Line& line) {
  auto* issuer = noun(root, "issuer", "The authorization servers of the environments");
  auto* rotate = issuer->add_subcommand("rotate", "Give one another key from the next start on");
  environment(rotate, line.rotation.environment);
  by(rotate, line.rotation.by);
  rotate->add_option("--reason", line.rotation.reason)->required();
  run(rotate, line, rotate_issuer, line.rotation);
  auto* backup = root.add_subcommand("backup", "Copy the store into a new folder, while the plane runs");
  backup->add_option("FOLDER", line.text)->required();
  run(backup, line, back_up, line.text);

  auto* put_back =
      root.add_subcommand("restore", "Put a backup back, and let the log go on from what was signed");
  put_back->add_option("FOLDER", line.restore.folder, "The backup; without it, the store as it is");
  put_back->add_option("--checkpoint", line.restore.checkpoints,
                       "A checkpoint of the log that was kept elsewhere; may be repeated");
  run(put_back, line, cli::restore, line.restore);

  auto* verify = noun(root, "verify", "Whether what is governed is what the log says");
  run(verify->add_subcommand("state", "Every governed row, against the log's digest"), line, verify_state);

  auto* sure =
      root.add_subcommand("confirm", "Say that you have looked: calls go on (remit status names what)");
  sure->add_option("WHAT", line.confirm.kind, "restore, …")->required();
  by(sure, line.confirm.by);
  sure->add_option("--reason", line.confirm.reason)->required();
  run(sure, line, cli::confirm, line.confirm);
}

void add_rest(CLI::App& root, Line& line) {
  auto* server = root.add_subcommand("serve", "Run the plane until SIGTERM");
  server->add_option("--listen", line.serve.listen, "HOST:PORT; port 0 takes any free one; may be repeated");
  server
      ->add_option("--log-level", line.serve.log_level,
                   "debug, info, warn or error; default: the configuration's")
      ->check(CLI::IsMember({"debug", "info", "warn", "error"}));
  server->add_flag("--detach", line.serve.detach,
                   "Return when it is ready, and let it go on in the background");
  run(server, line, serve, line.serve);
  run(root.add_subcommand("stop", "Stop the server that runs here, and wait until it has"), line, stop);
  run(root.add_subcommand("init", "Make a new plane in the data folder"), line, init);

  auto* one = root.add_subcommand("call", "Call a tool as an agent does; exits 5 where that is refused");
  one->add_option("TOOL", line.call.tool, "As the agent sees it, or destination/tool")->required();
  one->add_option("ARGUMENTS", line.call.arguments, "A JSON object")->capture_default_str();
  one->add_option("--agent", line.call.agent)->required();
  environment(one, line.call.environment);
  one->add_option("--key", line.call.key, "The file of its private JWK")->required();
  run(one, line, call_tool, line.call);

  auto* token = noun(root, "token", "Access tokens");
  auto* mint = token->add_subcommand("mint", "Get a token as the agent does, with its private key");
  mint->add_option("--agent", line.token.agent)->required();
  environment(mint, line.token.environment);
  mint->add_option("--key", line.token.key, "The file of the private JWK")->required();
  run(mint, line, mint_token, line.token);

  auto* why = root.add_subcommand("explain", "Explain a decision, or a code: dec_…, RMT-D020");
  why->add_option("WHAT", line.text)->required();
  run(why, line, explain, line.text);
  run(root.add_subcommand("status", "What runs here, and where it is reached"), line, status);
  run(root.add_subcommand("metrics", "The server's numbers, as Prometheus reads them"), line, metrics);

  auto* show = root.add_subcommand("demo", "A small company with real MCP servers, governed");
  show->add_option("--listen", line.demo.listen, "HOST:PORT; port 0 takes any free one");
  show->add_option("--servers", line.demo.servers,
                   "Where the demo's MCP servers are installed (node_modules)");
  show->add_flag("--once", line.demo.once, "Exit when it is done; 0 only if all went as expected");
  run(show, line, demo, line.demo);
}

void add_help(CLI::App& root, Line& line) {
  auto* help = root.add_subcommand("help", "What a command does and takes");
  help->add_option("COMMAND", line.words, "remit help agent register");
  run(help, line, show_help, line.words);
  run(root.add_subcommand("version", "The version of this program"), line, show_version);
  auto* completion = root.add_subcommand("completion", "A script that completes commands in a shell");
  completion->add_option("SHELL", line.text, "bash, zsh or fish")
      ->required()
      ->check(CLI::IsMember({"bash", "zsh", "fish"}));
  run(completion, line, completion_of, line.text);
  auto* man = root.add_subcommand("man", "Write the man pages into a folder");
  man->add_option("DIR", line.text)->required();
  run(man, line, man_pages_to, line.text);
  auto* config = noun(root, "config", "The configuration file");
  auto* check = config->add_subcommand("check", "Whether a file has faults; tells them all");
  check->add_option("FILE", line.text)->required();
  run(check, line, check_config, line.text);
  run(config->add_subcommand("reference", "Every key with its default and what it is for"), line,
      print_config_reference);
  run(config->add_subcommand("example", "A file with every key as a comment"), line, print_config_example);
}

void add_commands(CLI::App& root, Line& line) {
  add_rest(root, line);
  add_keeping(root, line);
  add_people(root, line);
  add_agents(root, line);
  add_agent_keys(root, line);
  add_destinations(root, line);
  add_tools(root, line);
  add_policies(root, line);
  add_policy_decisions(root, line);
  add_audit(root, line);
  add_help(root, line);
}

std::unique_ptr<CLI::App> make_root(Line& line) {
  auto root = std::make_unique<CLI::App>(
      "Remit: every agent a governed identity, every tool call authorised when it happens", "remit");
  root->set_version_flag("--version", "remit " REMIT_VERSION);
  root->require_subcommand(1);
  root->fallthrough();  // options of the root may stand behind the command
  root->add_option("--data", line.context.data, "The data folder [$REMIT_DATA, else ~/.local/state/remit]");
  root->add_option("--config", line.context.config_file, "A configuration file (TOML) in place of --data");
  root->add_option("-o,--output", line.format, "table or json")->check(CLI::IsMember({"table", "json"}));
  add_commands(*root, line);
  add_footers(*root, "remit");
  return root;
}

}  // namespace

Result<Command> read_command_line(const std::vector<std::string>& words) {
  const auto line = std::make_shared<Line>();
  const auto root = make_root(*line);
  try {
    root->parse(std::vector<std::string>(words.rbegin(), words.rend()));
  } catch (const CLI::Success& asked) {  // help, or the version
    std::ostringstream said;
    root->exit(asked, said, said);
    return [text = said.str()]() -> Result<int> {
      print_text(text);
      return kOk;
    };
  } catch (const CLI::ParseError& error) {
    return std::unexpected(usage_error(*root, error));
  }
  line->context.format = line->format == "json" ? Format::kJson : Format::kTable;
  return [line] { return line->command(); };
}

bool wants_json(const std::vector<std::string>& words) {
  for (std::size_t i = 0; i < words.size(); ++i) {
    if (words[i] == "--") return false;
    if (words[i] == "-ojson" || words[i] == "-o=json" || words[i] == "--output=json") return true;
    if ((words[i] == "-o" || words[i] == "--output") && i + 1 < words.size() && words[i + 1] == "json")
      return true;
  }
  return false;
}

CommandInfo describe_commands() {
  Line line;
  return describe(*make_root(line), "remit");
}

}  // namespace remit::cli
