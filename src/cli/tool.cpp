// Tools: classified by a person, granted to a deployment, and looked at again when they change.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/value_from.hpp>

#include "base/canonical_json.h"
#include "base/clock.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/json_differences.h"
#include "cli/output.h"
#include "cli/time_argument.h"

namespace remit::cli {
namespace {

namespace json = boost::json;

std::string path_of(const ToolOptions& options, const std::string& tool, std::string_view command) {
  return fmt::format("/v1/tools/{}/{}/{}", segment(options.environment), segment(tool), command);
}

// member=value, of the tools that `tool list -o json` shows.
Result<std::vector<std::string>> tools_that_match(Client& client, const ToolOptions& options) {
  ASSIGN_OR_RETURN(const auto answer, client.get("/v1/tools"));
  std::vector<std::string> names;
  for (const auto& item : answer.at("items").as_array()) {
    const auto& tool = item.as_object();
    bool all = cell(tool.if_contains("environment")) == options.environment;
    for (const auto& filter : options.filters) {
      const auto equals = filter.find('=');
      const auto* value = tool.if_contains(filter.substr(0, equals));
      if (equals == std::string::npos || value == nullptr)
        return fail(ErrorKind::kInvalid, "RMT-K007",
                    fmt::format("--filter {} is not MEMBER=VALUE of a tool, as effect=read", filter));
      all = all && cell(value) == filter.substr(equals + 1);
    }
    if (all) names.push_back(cell(tool.if_contains("name")));
  }
  if (names.empty())
    return fail(ErrorKind::kNotFound, "RMT-C010", fmt::format("no tool of {} matches", options.environment));
  return names;
}

// The tools that are meant, as the API takes them: those that are named, or that match.
Result<json::value> tools_of(Client& client, const ToolOptions& options) {
  if (options.tools.empty() == options.filters.empty())
    return fail(ErrorKind::kInvalid, "RMT-K007", "name tools, or which with --filter effect=read; not both");
  if (!options.tools.empty()) return json::value_from(options.tools);
  ASSIGN_OR_RETURN(const auto names, tools_that_match(client, options));
  return json::value_from(names);
}

// A line for each tool of the answer.
void print_each(const Context& context, const ToolOptions& options, const json::value& answer,
                std::string_view done) {
  if (context.format == Format::kJson) return print_json(answer);
  for (const auto& item : answer.at("items").as_array()) {
    const auto& tool = item.as_object();
    const auto* made = tool.if_contains("new");
    auto line = fmt::format("{}{} {}/{}", made != nullptr && !made->as_bool() ? "has already: " : "", done,
                            visible(options.environment), cell(tool.if_contains("tool")));
    if (const auto* name = tool.if_contains("shown_name")) line += ", which it sees as " + cell(name);
    print_text(line + "\n");
  }
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
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(auto tools, tools_of(client, options));
  ASSIGN_OR_RETURN(const auto answer,
                   client.post(fmt::format("/v1/tools/{}/classify", segment(options.environment)),
                               {{"tool", std::move(tools)},
                                {"effect", options.effect},
                                {"data_class", options.data_class},
                                {"labels", json::value_from(options.labels)},
                                {"by", options.by}}));
  print_each(context, options, answer, "classified");
  return kOk;
}

Result<int> grant_tool(const Context& context, const ToolOptions& options) {
  json::object body{{"agent", options.agent}, {"environment", options.environment}, {"by", options.by}};
  if (!options.expires.empty()) {
    ASSIGN_OR_RETURN(const auto expires, parse_time(options.expires, SystemClock().now()));
    body["expires"] = format_instant(expires);
  }
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(body["tool"], tools_of(client, options));
  ASSIGN_OR_RETURN(const auto answer, client.post("/v1/grants", body));
  print_each(context, options, answer, "granted " + visible(options.agent));
  return kOk;
}

Result<int> revoke_tool(const Context& context, const ToolOptions& options) {
  json::object body{{"agent", options.agent}, {"environment", options.environment}};
  if (!options.by.empty()) body["by"] = options.by;
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(body["tool"], tools_of(client, options));
  ASSIGN_OR_RETURN(const auto answer, client.post("/v1/grants/revoke", body));
  print_each(context, options, answer, "revoked from " + visible(options.agent));
  return kOk;
}

// What a person has to see, and the digest that the approval names: nothing is approved that was not read.
Result<int> show_change(const Context& context, const ToolOptions& options) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  const auto& tool = options.tools.front();
  ASSIGN_OR_RETURN(const auto answer, client.get(path_of(options, tool, "change")));
  if (context.format == Format::kJson) {
    print_json(answer);
    return kOk;
  }
  ASSIGN_OR_RETURN(const auto pinned, parse_json(answer.at("pinned").as_string()));
  ASSIGN_OR_RETURN(const auto offered, parse_json(answer.at("offered").as_string()));
  const auto differences = json_differences(pinned, offered);
  if (differences.empty()) print_text("the definition is as it was pinned; another server offers it now\n");
  for (const auto& line : differences) print_text(visible(line) + "\n");
  print_text(
      fmt::format("\ndigest  {}\nnext    remit tool approve-change {} --env {} --digest {} --by HUMAN\n",
                  cell(&answer.at("offered_digest")), visible(tool), options.environment,
                  cell(&answer.at("offered_digest"))));
  return kOk;
}

Result<int> approve_change(const Context& context, const ToolOptions& options) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  const auto& tool = options.tools.front();
  ASSIGN_OR_RETURN(const auto answer, client.post(path_of(options, tool, "approve-change"),
                                                  {{"digest", options.digest}, {"by", options.by}}));
  print_done(context, answer, fmt::format("pinned anew {}/{}", visible(options.environment), visible(tool)));
  return kOk;
}

}  // namespace remit::cli
