// Explains a decision from the log, or a code from the catalogue.

#include <fmt/format.h>

#include "cli/audit_words.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/explanation.h"
#include "cli/output.h"

namespace remit::cli {
namespace {

namespace json = boost::json;

Result<int> explain_code(const Context& context, std::string_view code) {
  const auto* info = find_error(code);
  if (info == nullptr)
    return fail(ErrorKind::kNotFound, "RMT-K009", fmt::format("there is no code `{}`", code));
  const json::object answer{{"code", info->code}, {"title", info->title}, {"fix", info->fix}};
  print_done(context, answer, fmt::format("{}  {}\n  fix: {}", info->code, info->title, info->fix));
  return kOk;
}

}  // namespace

Result<int> explain(const Context& context, const std::string& what) {
  if (what.starts_with("RMT-")) return explain_code(context, what);
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto answer, client.get("/v1/decisions/" + segment(what)));
  print_object(context, answer,
               {{"decision", "decision"},
                {"verdict", "verdict"},
                {"reason", "reason"},
                {"meaning", "title"},
                {"fix", "fix"},
                {"time", "time"},
                {"environment", "environment"},
                {"agent", "agent"},
                {"tool", "tool"},
                {"seen as", "shown_name"},
                {"destination", "destination"},
                {"effect", "effect"},
                {"data class", "data_class"},
                {"policies", "policies"},
                {"policy errors", "policy_errors"},
                {"revision", "revision"}});
  if (context.format == Format::kJson) return kOk;
  if (const auto* outcome = answer.as_object().if_contains("outcome"); outcome && outcome->is_object()) {
    print_object(context, *outcome, {{"outcome      ", "status"}, {"ended        ", "time"}});
    if (outcome->as_object().contains("delivered"))
      fmt::print("delivered      no: nobody was there to hear the answer\n");
  }
  if (const auto* nearest = answer.as_object().if_contains("nearest"); nearest && nearest->is_object()) {
    fmt::print("\nnearest permits: {}\n", cell(&nearest->at("note")));
    for (const auto& permit : nearest->at("permits").as_array()) print_explanation(permit);
    fmt::print("\n");
  }
  for (const auto& item : answer.at("entries").as_array())
    fmt::print("log entry {}: {}\n", cell(&item.at("index")), sentence(item.as_object()));
  return kOk;
}

}  // namespace remit::cli
