// People: who may own, approve and review.

#include <fmt/format.h>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace remit::cli {

Result<int> add_human(const Context& context, const std::string& name) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto answer, client.post("/v1/humans", {{"name", name}}));
  print_done(context, answer, fmt::format("added {}", visible(name)));
  return kOk;
}

Result<int> list_humans(const Context& context) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto answer, client.get("/v1/humans"));
  print_items(context, answer, {{"NAME", "name"}, {"ACTIVE", "active"}, {"ID", "id"}});
  return kOk;
}

Result<int> human_leaves(const Context& context, const std::string& name) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto answer, client.post("/v1/humans/" + segment(name) + "/leave", {}));
  const auto count = [&](std::string_view member) { return answer.at(member).as_array().size(); };
  print_done(context, answer,
             fmt::format("{} has left: {} went to {} deputies, {} on hold (owner-missing)", visible(name),
                         counted(count("succeeded"), "identity", "identities"),
                         count("succeeded") == 1 ? "its" : "their",
                         counted(count("held"), "identity is", "identities are")));
  return kOk;
}

}  // namespace remit::cli
