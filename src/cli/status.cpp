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
  print_object(
      context, answer,
      {{"version", "version"}, {"url", "public_url"}, {"revision", "revision"}, {"counts", "counts"}});
  if (context.format == Format::kJson) return kOk;
  fmt::print("data      {}\n", config.data.string());
  std::vector<std::vector<std::string>> rows;
  for (const auto& endpoint : answer.at("endpoints").as_array())
    rows.push_back(
        {cell(&endpoint.at("environment")), cell(&endpoint.at("mcp")), cell(&endpoint.at("issuer"))});
  fmt::print("\n");
  print_table({"ENVIRONMENT", "MCP", "ISSUER"}, rows);
  return kOk;
}

}  // namespace remit::cli
