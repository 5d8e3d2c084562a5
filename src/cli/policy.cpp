// Policies: published whole, and shown.

#include <fmt/format.h>

#include "catalog/policies.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/output.h"

namespace remit::cli {

Result<int> publish_policies(const Context& context, const PolicyOptions& options) {
  const auto& file = options.files.front();
  ASSIGN_OR_RETURN(const auto text, read_file(file));
  // Told with the file's own name, before anyone is asked.
  TRY(catalog::compile_policies(text, file));
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto answer, client.post("/v1/policies/" + segment(options.environment),
                                                  {{"text", text}, {"by", options.by}}));
  if (context.format != Format::kJson)
    for (const auto& warning : answer.at("warnings").as_array())
      fmt::print(stderr, "warning: {}:{}:{}: {}\n", visible(file), cell(&warning.at("line")),
                 cell(&warning.at("column")), cell(&warning.at("message")));
  print_done(context, answer,
             fmt::format("{} is in force in {}", visible(file), visible(options.environment)));
  return kOk;
}

Result<int> show_policies(const Context& context, const PolicyOptions& options) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto answer, client.get("/v1/policies/" + segment(options.environment)));
  if (context.format == Format::kJson)
    print_json(answer);
  else
    fmt::print("{}", std::string_view(answer.at("text").as_string()));
  return kOk;
}

}  // namespace remit::cli
