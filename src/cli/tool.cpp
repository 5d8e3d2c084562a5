// Tools: classified by a person, granted to a deployment, and looked at again when they change.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/value_from.hpp>

#include "base/clock.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/time_argument.h"

namespace remit::cli {
namespace {

namespace json = boost::json;

std::string path_of(const ToolOptions& options, const std::string& tool, std::string_view command) {
  return fmt::format("/v1/tools/{}/{}/{}", segment(options.environment), segment(tool), command);
}

// Does the same with each tool that was named; stops at the first that fails.
template <typename Body>
Result<int> with_each(const Context& context, const ToolOptions& options, std::string_view done, Body ask) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  for (const auto& tool : options.tools) {
    ASSIGN_OR_RETURN(const auto answer, ask(client, tool));
    auto sentence = fmt::format("{} {}/{}", done, visible(options.environment), visible(tool));
    if (const auto* name = answer.as_object().if_contains("shown_name"))
      sentence += ", which it sees as " + cell(name);
    print_done(context, answer, sentence);
  }
  return kOk;
}

}  // namespace

Result<int> list_tools(const Context& context, const ToolOptions& options) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(auto answer, client.get("/v1/tools"));
  if (!options.environment.empty()) {
    auto& items = answer.as_object().at("items").as_array();
    items.erase(std::remove_if(items.begin(), items.end(),  // NOLINT(modernize-use-ranges): Boost's array
                               [&](const auto& tool) {
                                 return tool.at("environment") != json::value(options.environment);
                               }),
                items.end());
  }
  print_items(context, answer,
              {{"TOOL", "name"},
               {"ENVIRONMENT", "environment"},
               {"EFFECT", "effect"},
               {"DATA CLASS", "data_class"},
               {"LABELS", "labels"},
               {"OFFERED", "offered"},
               {"AGENTS SEE", "shown_names"}});
  return kOk;
}

Result<int> classify_tool(const Context& context, const ToolOptions& options) {
  const json::object body{{"effect", options.effect},
                          {"data_class", options.data_class},
                          {"labels", json::value_from(options.labels)},
                          {"by", options.by}};
  return with_each(context, options, "classified", [&](Client& client, const std::string& tool) {
    return client.post(path_of(options, tool, "classify"), body);
  });
}

Result<int> grant_tool(const Context& context, const ToolOptions& options) {
  json::object body{{"agent", options.agent}, {"environment", options.environment}, {"by", options.by}};
  if (!options.expires.empty()) {
    ASSIGN_OR_RETURN(const auto expires, parse_time(options.expires, SystemClock().now()));
    body["expires"] = format_instant(expires);
  }
  return with_each(context, options, "granted " + visible(options.agent),
                   [&](Client& client, const std::string& tool) {
                     body["tool"] = tool;
                     return client.post("/v1/grants", body);
                   });
}

Result<int> revoke_tool(const Context& context, const ToolOptions& options) {
  json::object body{{"agent", options.agent}, {"environment", options.environment}};
  if (!options.by.empty()) body["by"] = options.by;
  return with_each(context, options, "revoked from " + visible(options.agent),
                   [&](Client& client, const std::string& tool) {
                     body["tool"] = tool;
                     return client.post("/v1/grants/revoke", body);
                   });
}

Result<int> show_change(const Context& context, const ToolOptions& options) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  for (const auto& tool : options.tools) {
    ASSIGN_OR_RETURN(const auto answer, client.get(path_of(options, tool, "change")));
    print_object(context, answer,
                 {{"pinned", "pinned"},
                  {"offered", "offered"},
                  {"pinned digest", "pinned_digest"},
                  {"offered digest", "offered_digest"}});
  }
  return kOk;
}

// Pins what is offered now. The digest that is sent is the one of the definition that is printed here, so
// that nothing is approved that was not shown.
Result<int> approve_change(const Context& context, const ToolOptions& options) {
  return with_each(context, options, "pinned anew",
                   [&](Client& client, const std::string& tool) -> Result<json::value> {
                     ASSIGN_OR_RETURN(const auto change, client.get(path_of(options, tool, "change")));
                     if (context.format == Format::kTable)
                       fmt::print("{}\n", cell(change.as_object().if_contains("offered")));
                     return client.post(path_of(options, tool, "approve-change"),
                                        {{"digest", change.at("offered_digest")}, {"by", options.by}});
                   });
}

}  // namespace remit::cli
