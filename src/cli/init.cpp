// A new plane: its store, its keys, its log.

#include <fmt/format.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace remit::cli {

Result<int> init(const Context& context) {
  ASSIGN_OR_RETURN(const auto config, load(context));
  const server::DataFolder folder(config.data);
  std::error_code ec;
  const bool there = std::filesystem::exists(folder.store(), ec);
  ASSIGN_OR_RETURN(auto client, Client::open(config, Missing::kMake));
  ASSIGN_OR_RETURN(const auto status, client.get("/v1/status"));
  const auto& key = status.at("audit").at("key");
  if (context.format == Format::kJson) {
    print_json(boost::json::object{{"data", config.data.string()}, {"made", !there}, {"audit_key", key}});
    return kOk;
  }
  fmt::print("{} {}\n", there ? "there is a Remit already in" : "made a Remit in",
             visible(config.data.string()));
  fmt::print("log key  {}\n", cell(&key));
  return kOk;
}

}  // namespace remit::cli
