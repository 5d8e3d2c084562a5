// What runs here, and where it can be reached.

#include <fmt/format.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace remit::cli {

Result<int> status(const Context& context) {
  ASSIGN_OR_RETURN(const auto config, load(context));
  ASSIGN_OR_RETURN(auto client, Client::open(config));
  ASSIGN_OR_RETURN(const auto answer, client.get("/v1/status"));
  if (context.format == Format::kJson) {
    print_json(answer);
    return kOk;
  }
  const auto& shown = answer.as_object();
  const bool listens = !shown.at("public_url").is_null();
  fmt::print("{:<19} {}\n", "version", cell(shown.if_contains("version")));
  fmt::print("{:<19} {}\n", "server",
             listens ? cell(shown.if_contains("public_url")) : "none runs on this data folder");
  fmt::print("{:<19} {}\n", "data", config.data.string());
  fmt::print("{:<19} {}\n", "revision", cell(shown.if_contains("revision")));
  for (const auto& [name, count] : shown.at("counts").as_object())
    fmt::print("{:<19} {}\n", visible(name), cell(&count));
  fmt::print("{:<19} {}\n", "log entries", cell(&shown.at("audit").at("entries")));
  if (!listens) return kOk;

  std::vector<std::vector<std::string>> rows;
  for (const auto& endpoint : shown.at("endpoints").as_array())
    rows.push_back(
        {cell(&endpoint.at("environment")), cell(&endpoint.at("mcp")), cell(&endpoint.at("issuer"))});
  fmt::print("\n");
  print_table({"ENVIRONMENT", "MCP", "ISSUER"}, rows);
  return kOk;
}

}  // namespace remit::cli
