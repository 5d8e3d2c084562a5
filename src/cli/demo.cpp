// `remit demo`: the main job on the embedded store, with real MCP servers behind the gateway and a scripted
// agent in front of it. Every line is what the agent was answered; nothing is decided here.

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <thread>

#include "audit/verifier.h"
#include "cli/agent_client.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/demo_company.h"
#include "cli/demo_servers.h"
#include "cli/output.h"
#include "cli/stop_signal.h"
#include "server/data_folder.h"
#include "server/plane.h"

namespace remit::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::string_view kMarker = ".remit-demo";  // the folder is the demo's, to be made anew each time

// One call of the script, and what must come of it.
struct Step {
  std::string_view verdict;      // expected
  std::string_view reason = {};  // expected; an allow has none
  std::string_view tool, destination, data_class;
  std::string_view why = {};  // what the step shows
};

class Script {
 public:
  void print_head() const {
    fmt::print("\n  {:<7} {:<24} {:<12} {:<13} {:>9}  {}\n", "VERDICT", "TOOL", "DESTINATION", "DATA CLASS",
               "TIME", "REASON");
  }

  void take(const Step& step, const Result<AgentCall>& call) {
    const bool expected = call && call->verdict == step.verdict && call->reason == step.reason;
    all_as_expected_ = all_as_expected_ && expected;
    if (!call) {
      fmt::print("  ERROR   {:<24} {}\n", step.tool, visible(format(call.error())));
      return;
    }
    if (call->verdict == "allow") ++allowed_;
    std::string verdict = call->verdict;
    for (auto& c : verdict) c = static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
    fmt::print("  {} {:<24} {:<12} {:<13} {:>6.1f} ms  {}{}{}\n", coloured(verdict), step.tool,
               step.destination, step.data_class, static_cast<double>(call->time.count()) / 1000.0,
               call->reason, call->reason.empty() ? "" : " ", step.why);
    if (!expected)
      fmt::print("          NOT as expected ({} {}): {}\n", step.verdict, step.reason, visible(call->text));
    if (!call->decision.empty()) last_decision_ = call->decision;
  }

  void check(bool as_expected) { all_as_expected_ = all_as_expected_ && as_expected; }
  bool all_as_expected() const { return all_as_expected_; }
  std::size_t allowed() const { return allowed_; }
  const std::string& last_decision() const { return last_decision_; }

 private:
  std::string coloured(const std::string& verdict) const {
    std::string padded = fmt::format("{:<7}", verdict);
    if (!colours_) return padded;
    return fmt::format("\x1b[{}m{}\x1b[0m", verdict == "ALLOW" ? "32" : "31", padded);
  }

  bool all_as_expected_ = true;
  std::size_t allowed_ = 0;
  std::string last_decision_;
  const bool colours_ =
      ::isatty(STDOUT_FILENO) == 1 && std::getenv("NO_COLOR") == nullptr;  // NOLINT(concurrency-mt-unsafe)
};

// An empty folder, of which an earlier demo's remains were cleared. Nothing else is ever deleted.
Result<void> clear(const fs::path& folder) {
  std::error_code ec;
  if (fs::exists(folder, ec) && !fs::is_empty(folder, ec)) {
    if (!fs::exists(folder / kMarker, ec))
      return fail(ErrorKind::kConflict, "RMT-K012",
                  fmt::format("{} is not empty, and no demo's", folder.string()));
    fs::remove_all(folder, ec);
  }
  if (!ec) fs::create_directories(folder, ec);
  std::ofstream marker(folder / kMarker);
  marker << "remit demo makes this folder anew each time\n";
  marker.close();
  if (ec || !marker)
    return fail(ErrorKind::kUnavailable, "RMT-X020", fmt::format("{} cannot be made", folder.string()));
  return {};
}

// Whether any account may go to a path.
bool open_to_all(const fs::path& path) {
  std::error_code ec;
  for (auto way = path.parent_path(); way.has_relative_path(); way = way.parent_path())
    if ((fs::status(way, ec).permissions() & fs::perms::others_exec) == fs::perms::none) return false;
  return true;
}

// The demo runs on every machine, and says what the machine lacks. Where servers are given accounts of their
// own and go by their paths, these must lead there.
Result<DemoFiles> make_room(server::Config& config, const DemoServers& servers) {
  const fs::path shared = "/var/lib/remit-demo";
  DemoFiles files{.folder = config.data.string() + "-files"};
  if (server::Children(config).machine().level == sandbox::Level::kAccount) {
    if (std::ranges::all_of(servers.program_folders(),
                            [](const auto& folder) { return open_to_all(folder + "/x"); })) {
      files = {.folder = shared / "files", .account = config.children.accounts.last};
      config.children.folder = shared / "children";
    } else {
      config.children.most = sandbox::Level::kLandlock;
    }
  }
  server::Children children(config);
  config.children.production = std::min(config.children.production, children.machine().level);
  TRY(clear(files.folder));
  for (const auto& sentence : children.told()) fmt::print("{}\n", sentence);
  fmt::print("\n");
  return files;
}

void run_script(Script& script, Client& client, AgentClient& invoice_bot, AgentClient& report_bot,
                const DemoCompany& company) {
  const auto invoice = (company.invoices / "2026-0117.txt").string();
  script.print_head();
  script.take(
      {.verdict = "allow", .tool = "read_text_file", .destination = "invoices", .data_class = "confidential"},
      invoice_bot.call("read_text_file", {{"path", invoice}}));
  script.take(
      {.verdict = "allow", .tool = "write_file", .destination = "invoices", .data_class = "confidential"},
      invoice_bot.call("write_file", {{"path", (company.invoices / "2026-0117.note.txt").string()},
                                      {"content", "Checked: the amount is as ordered.\n"}}));
  script.take({.verdict = "allow", .tool = "get-sum", .destination = "desk", .data_class = "internal"},
              invoice_bot.call("get-sum", {{"a", 4200}, {"b", 180}}));
  script.take(
      {.verdict = "deny",
       .reason = "RMT-D042",
       .tool = "write_file",
       .destination = "invoices",
       .data_class = "confidential",
       .why = "by its argument: an approved invoice stays"},
      invoice_bot.call("write_file", {{"path", (company.invoices / "approved/2026-0099.txt").string()},
                                      {"content", "Amount: EUR 99,000.00\n"}}));
  script.take({.verdict = "deny",
               .reason = "RMT-D042",
               .tool = "read_text_file",
               .destination = "archive",
               .data_class = "restricted",
               .why = "by its destination: the archive is for finance"},
              invoice_bot.call("archive__read_text_file",
                               {{"path", (company.archive / "salaries-2025.txt").string()}}));
  script.take({.verdict = "allow",
               .tool = "echo (report-bot)",
               .destination = "desk",
               .data_class = "internal",
               .why = "in sandbox, with its sandbox credential"},
              report_bot.call("echo", {{"message", "a draft of the report"}}));
  script.take({.verdict = "deny",
               .reason = "RMT-J015",
               .tool = "read_text_file",
               .destination = "invoices",
               .data_class = "confidential",
               .why = "a sandbox credential in production"},
              report_bot.knock("production"));
  script.take({.verdict = "deny",
               .reason = "RMT-D020",
               .tool = "wire_money",
               .destination = "-",
               .data_class = "-",
               .why = "unknown tool, or not granted: they look alike"},
              invoice_bot.call("wire_money", {{"amount", 99000}}));

  const auto left = client.post("/v1/humans/" + segment(kOwner) + "/leave", {});
  script.check(left.has_value());
  if (left)
    fmt::print("✔ {} left the company: invoice-bot has no owner any more\n", kOwner);
  else
    fmt::print("✘ {} could not leave: {}\n", kOwner, visible(format(left.error())));
  script.take({.verdict = "deny",
               .reason = "RMT-D003",
               .tool = "read_text_file",
               .destination = "invoices",
               .data_class = "confidential",
               .why = "on hold: owner-missing, in the same session"},
              invoice_bot.call("read_text_file", {{"path", invoice}}));
}

void verify_log(Script& script, server::Plane& plane) {
  const auto checkpoint = plane.publish();
  const auto report = audit::verify(plane.audit_folder(), plane.log_key());
  if (!checkpoint || !report || !report->good()) {
    script.check(false);
    fmt::print("✘ the audit log does not verify: {}\n", visible(!checkpoint ? format(checkpoint.error())
                                                                : !report   ? format(report.error())
                                                                            : report->problems.front().what));
    return;
  }
  const auto count = [&](const char* kind) {
    const auto found = report->kinds.find(kind);
    return found == report->kinds.end() ? 0 : found->second;
  };
  script.check(count("intent") == script.allowed());
  fmt::print(
      "✔ audit log     {} entries: {} intents, {} outcomes, {} denials, {} governance events; verified "
      "offline\n"
      "                root {}\n",
      report->entries, count("intent"), count("outcome"), count("denial"), count("governance"),
      report->checkpoint.head.root.hex());
}

// Where the plane listens: as asked, else the usual port, else any.
Result<std::vector<std::string>> listen(std::unique_ptr<server::Plane>& plane, server::Config config,
                                        bool any_port) {
  ASSIGN_OR_RETURN(plane, server::Plane::open(config));
  auto taken = plane->listen();
  if (taken || !any_port || taken.error().code != "RMT-H010") return taken;
  plane.reset();
  config.listen = {"127.0.0.1:0"};
  ASSIGN_OR_RETURN(plane, server::Plane::open(config));
  return plane->listen();
}

}  // namespace

Result<int> demo(const Context& context, const DemoOptions& options) {
  const StopSignal stop;  // before any thread
  ASSIGN_OR_RETURN(const auto servers, DemoServers::find(options.servers));
  Context place = context;
  if (place.data.empty() && place.config_file.empty()) place.data = default_data_folder() / "demo";
  ASSIGN_OR_RETURN(auto config, load(place));
  if (!options.listen.empty()) config.listen = {options.listen};
  TRY(server::make_private_folders(config.data.parent_path()));  // the usual data folder is one of them
  TRY(clear(config.data));
  std::error_code ec;
  fs::permissions(config.data, fs::perms::owner_all, ec);
  fmt::print("remit demo {} · data in {} (made anew each time)\n", REMIT_VERSION, config.data.string());
  ASSIGN_OR_RETURN(const auto files, make_room(config, servers));

  ASSIGN_OR_RETURN(const auto everything,
                   EverythingServer::start(servers, config.data / "server-everything.log"));
  std::unique_ptr<server::Plane> plane;
  TRY(listen(plane, config, options.listen.empty()));
  ASSIGN_OR_RETURN(auto client, Client::open(config));
  ASSIGN_OR_RETURN(const auto company, found_company(client, config.data, files, servers, everything.url()));

  Script script;
  {
    AgentClient invoice_bot(plane->public_url(), "production", company.invoice_bot);
    AgentClient report_bot(plane->public_url(), "sandbox", company.report_bot);
    TRY(invoice_bot.connect());
    TRY(report_bot.connect());
    ASSIGN_OR_RETURN(const auto shown, invoice_bot.count_tools());
    fmt::print("✔ connected     invoice-bot sees {} tools, those that it was granted\n", shown);
    run_script(script, client, invoice_bot, report_bot, company);
  }
  verify_log(script, *plane);
  fmt::print("{}\n", script.all_as_expected() ? "✔ every outcome was as expected"
                                              : "✘ NOT every outcome was as expected");

  const std::string folder = config.data.string();
  fmt::print(
      "\nTry next, with --data {}:\n"
      "  remit explain {}\n"
      "  remit agent show invoice-bot\n"
      "  remit audit tail -n 5\n"
      "  remit audit verify\n",
      folder, script.last_decision());
  if (options.once) {
    plane->stop();
    return script.all_as_expected() ? kOk : 1;
  }
  fmt::print(
      "Give invoice-bot an owner again, and a token:\n"
      "  remit agent owner invoice-bot --owner {1} && remit agent lift invoice-bot --env production --hold "
      "owner-missing --by {2} --reason \"new owner\"\n"
      "  remit token mint --agent invoice-bot --env production --key {0}/agents/invoice-bot.jwk\n"
      "Agents connect to {3}/mcp/production. Ctrl-C ends the demo.\n",
      folder, kApprover, kSandboxOwner, plane->public_url());
  std::fflush(stdout);
  stop.wait();
  plane->stop();
  return script.all_as_expected() ? kOk : 1;
}

}  // namespace remit::cli
