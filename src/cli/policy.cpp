// Policies: checked on this machine, published whole.

#include <fmt/format.h>

#include "catalog/policies.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/output.h"

namespace remit::cli {

// Needs no server and no data: the same check as before publishing.
Result<int> validate_policies(const Context& context, const PolicyOptions& options) {
  std::optional<Error> first;
  for (const auto& file : options.files) {
    ASSIGN_OR_RETURN(const auto text, read_file(file));
    const auto set = catalog::compile_policies(text, file);
    if (!set) {
      fmt::print(stderr, "{}\n", set.error().message);
      if (!first) first = Error{set.error().kind, set.error().code, fmt::format("{} is not valid", file)};
      continue;
    }
    const boost::json::object answer{{"file", file}, {"policies", set->policies().size()}};
    print_done(context, answer, fmt::format("{}: {} policies, valid", file, set->policies().size()));
  }
  if (first) return std::unexpected(std::move(*first));
  return kOk;
}

Result<int> publish_policies(const Context& context, const PolicyOptions& options) {
  const auto& file = options.files.front();
  ASSIGN_OR_RETURN(const auto text, read_file(file));
  // Told with the file's own name, before anyone is asked.
  TRY(catalog::compile_policies(text, file));
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto answer, client.post("/v1/policies/" + segment(options.environment),
                                                  {{"text", text}, {"by", options.by}}));
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
