#include "cli/demo_company.h"

#include <fmt/format.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <boost/json/value_from.hpp>
#include <chrono>
#include <fstream>

#include "base/clock.h"
#include "base/random.h"
#include "issuer/key_file.h"

namespace remit::cli {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;

constexpr std::chrono::days kAgentLife{90};

Result<void> write(const fs::path& file, std::string_view text) {
  std::error_code ec;
  fs::create_directories(file.parent_path(), ec);
  std::ofstream out(file);
  out << text;
  out.close();
  if (!out)
    return fail(ErrorKind::kUnavailable, "RMT-K006", fmt::format("{} cannot be written", file.string()));
  return {};
}

Result<void> write_files(const DemoCompany& company) {
  TRY(write(company.invoices / "2026-0117.txt",
            "Invoice 2026-0117\nSupplier: Nordwind GmbH\nAmount: EUR 4,200.00\n"));
  TRY(write(company.invoices / "2026-0118.txt",
            "Invoice 2026-0118\nSupplier: Sable & Co\nAmount: EUR 180.00\n"));
  TRY(write(company.invoices / "approved/2026-0099.txt", "Invoice 2026-0099\nApproved by: raj@acme.test\n"));
  return write(company.archive / "salaries-2025.txt", "Salaries 2025: for the people of finance alone\n");
}

// A folder with all that is in it. Nobody else has written there yet.
Result<void> give(const fs::path& folder, uid_t account) {
  std::error_code ec;
  bool given = ::lchown(folder.c_str(), account, account) == 0;
  for (const auto& entry : fs::recursive_directory_iterator(folder, ec))
    given = given && ::lchown(entry.path().c_str(), account, account) == 0;
  if (given && !ec) return {};
  return fail(ErrorKind::kUnavailable, "RMT-K006", fmt::format("{} cannot be given away", folder.string()));
}

struct AgentPlan {
  std::string_view name, environment, owner, purpose, approver;
};

Result<issuer::KeyFile> add_agent(Client& client, const fs::path& keys, const AgentPlan& plan) {
  SystemRandom random;
  ASSIGN_OR_RETURN(auto key, issuer::make_key_file(keys / fmt::format("{}.jwk", plan.name),
                                                   jose::Algorithm::kEs256, random));
  ASSIGN_OR_RETURN(const auto answer,
                   client.post("/v1/agents", {{"name", plan.name},
                                              {"environment", plan.environment},
                                              {"owner", plan.owner},
                                              {"purpose", plan.purpose},
                                              {"process", "accounts-payable"},
                                              {"issuing_system", "remit-demo"},
                                              {"expires", format_instant(SystemClock().now() + kAgentLife)},
                                              {"public_jwk", key.public_key().jwk()}}));
  TRY(client.post(fmt::format("/v1/deployments/{}/{}/approve", plan.environment, plan.name),
                  {{"by", plan.approver}}));
  fmt::print("✔ registered    {}/{}   owner {}   approved by {}\n", plan.environment, plan.name, plan.owner,
             plan.approver);
  return issuer::KeyFile{.key = std::move(key),
                         .client_id = std::string(answer.at("deployment").as_string())};
}

struct DestinationPlan {
  std::string_view name, environment, data_class;
  std::string url;                   // or
  std::vector<std::string> command;  // one of the two
  std::vector<std::string> reads = {}, writes = {};
};

Result<void> add_destination(Client& client, const DestinationPlan& plan) {
  json::object body{{"name", plan.name},
                    {"environment", plan.environment},
                    {"owner", kApprover},
                    {"by", kOwner},
                    {"data_class", plan.data_class}};
  if (plan.url.empty()) {
    body["command"] = json::value_from(plan.command);
    body["reads"] = json::value_from(plan.reads);
    body["writes"] = json::value_from(plan.writes);
  } else {
    body["url"] = plan.url;
  }
  TRY(client.post("/v1/destinations", body));
  ASSIGN_OR_RETURN(const auto found,
                   client.post(fmt::format("/v1/destinations/{}/{}/scan", plan.environment, plan.name), {}));
  fmt::print("✔ destination   {}/{}   {}   {} data   {} tools pinned\n", plan.environment, plan.name,
             plan.url.empty() ? "stdio" : "Streamable HTTP", plan.data_class,
             found.at("added").as_array().size());
  return {};
}

struct ToolPlan {
  std::string_view tool, environment, effect, data_class, agent;
};

Result<void> grant(Client& client, const ToolPlan& plan) {
  TRY(client.post(
      fmt::format("/v1/tools/{}/classify", plan.environment),
      {{"tool", plan.tool}, {"effect", plan.effect}, {"data_class", plan.data_class}, {"by", kOwner}}));
  TRY(client.post(
      "/v1/grants",
      {{"agent", plan.agent}, {"environment", plan.environment}, {"tool", plan.tool}, {"by", kApprover}}));
  return {};
}

}  // namespace

std::string_view demo_policies() {
  return R"(// What is granted is permitted in production, but for what stands below.
@id("granted")
permit (principal, action in Remit::Action::"call", resource);

@id("approved-invoices-stay")
@description("An invoice that was approved is not changed any more.")
forbid (principal, action == Remit::Action::"invoices/write_file", resource)
when { context.input.path like "*/approved/*" };

@id("archive-is-for-finance")
@description("The archive is no business of accounts payable, whatever was granted.")
forbid (
  principal in Remit::Process::"accounts-payable",
  action,
  resource == Remit::Destination::"production/archive"
);
)";
}

Result<DemoCompany> found_company(Client& client, const fs::path& folder, const DemoFiles& files,
                                  const DemoServers& servers, const std::string& everything_url) {
  for (const auto name : {kOwner, kApprover, kSandboxOwner}) TRY(client.post("/v1/humans", {{"name", name}}));
  fmt::print("✔ people        {}, {}, {}\n", kOwner, kApprover, kSandboxOwner);

  const auto keys = folder / "agents";
  std::error_code ec;
  fs::create_directories(keys, ec);
  ASSIGN_OR_RETURN(auto invoice_bot, add_agent(client, keys,
                                               {.name = "invoice-bot",
                                                .environment = "production",
                                                .owner = kOwner,
                                                .purpose = "Close supplier invoices",
                                                .approver = kApprover}));
  ASSIGN_OR_RETURN(auto report_bot, add_agent(client, keys,
                                              {.name = "report-bot",
                                               .environment = "sandbox",
                                               .owner = kSandboxOwner,
                                               .purpose = "Try out monthly reports",
                                               .approver = kSandboxOwner}));
  DemoCompany company{.invoice_bot = std::move(invoice_bot),
                      .report_bot = std::move(report_bot),
                      .invoices = files.folder / "invoices",
                      .archive = files.folder / "archive"};
  TRY(write_files(company));
  if (files.account) TRY(give(files.folder, *files.account));

  const std::string_view production = "production";
  const std::string_view sandbox = "sandbox";
  const auto reads = servers.program_folders();
  TRY(add_destination(client, {"invoices",
                               production,
                               "confidential",
                               {},
                               servers.filesystem_command(company.invoices),
                               reads,
                               {company.invoices.string()}}));
  TRY(add_destination(client, {"archive",
                               production,
                               "restricted",
                               {},
                               servers.filesystem_command(company.archive),
                               reads,
                               {company.archive.string()}}));
  TRY(add_destination(client, {"desk", production, "internal", everything_url, {}}));
  TRY(add_destination(client, {"desk", sandbox, "internal", everything_url, {}}));

  const std::string_view invoice = "invoice-bot";
  const std::string_view report = "report-bot";
  TRY(grant(client, {"invoices/read_text_file", production, "read", "confidential", invoice}));
  TRY(grant(client, {"invoices/write_file", production, "update", "confidential", invoice}));
  TRY(grant(client, {"archive/read_text_file", production, "read", "restricted", invoice}));
  TRY(grant(client, {"desk/get-sum", production, "read", "internal", invoice}));
  TRY(grant(client, {"desk/echo", sandbox, "read", "internal", report}));
  fmt::print("✔ tools         5 classified by {} and granted by {}\n", kOwner, kApprover);

  TRY(client.post("/v1/policies/production", {{"text", demo_policies()}, {"by", kApprover}}));
  fmt::print("✔ policies      3 in force in production (remit policy show --env production)\n");
  return company;
}

}  // namespace remit::cli
