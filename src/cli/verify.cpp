// What is governed, held against the log.

#include <fmt/format.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace remit::cli {

Result<int> verify_state(const Context& context) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto report, client.get("/v1/state"));
  const auto& problems = report.at("problems").as_array();
  if (context.format == Format::kJson) {
    print_json(report);
  } else {
    for (const auto& problem : problems) fmt::print("{}\n", cell(&problem));
    fmt::print("{}  {} rows of {} tables\n", problems.empty() ? "verified" : "DAMAGED",
               cell(&report.at("rows")), cell(&report.at("tables")));
    fmt::print("digest    {}, by entry {} of the log\n", cell(&report.at("digest")),
               cell(&report.at("entry")));
  }
  return problems.empty() ? kOk : kFindings;
}

}  // namespace remit::cli
