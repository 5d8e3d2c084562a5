// Destinations: the systems that tools act on.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/value_from.hpp>
#include <cstdio>
#include <filesystem>

#include "base/nearest.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/output.h"

namespace remit::cli {
namespace {

namespace json = boost::json;

std::string path_of(const DestinationOptions& options, std::string_view command) {
  return fmt::format("/v1/destinations/{}/{}/{}", segment(options.environment), segment(options.name),
                     command);
}

std::string told(const json::value& found) {
  const auto count = [&](std::string_view member) { return found.at(member).as_array().size(); };
  std::string text = fmt::format("{} added, {} unchanged", counted(count("added"), "tool"),
                                 found.at("unchanged").to_number<std::size_t>());
  if (count("quarantined") > 0)
    text += fmt::format(", {} in quarantine: a person has to look at them", count("quarantined"));
  if (count("missing") > 0) text += fmt::format(", {} no longer offered", count("missing"));
  for (const auto& tool : found.at("refused").as_array())
    text += fmt::format("\nset aside: {}: {}", cell(&tool.at("name")), cell(&tool.at("detail")));
  for (const auto& warning : found.at("warnings").as_array())
    text += fmt::format("\nwarning: {}", cell(&warning));
  if (const auto& words = found.at("instructions").as_string(); !words.empty())
    text += fmt::format("\nits instructions, which its agents are given: {}", excerpt(words, 2000));
  return text;
}

// NAME=REST. Only the name is ever said again: the rest may be what it should not be.
Result<std::pair<std::string, std::string>> split(std::string_view option, const std::string& text) {
  const auto equals = text.find('=');
  if (equals == 0 || equals == std::string::npos)
    return fail(ErrorKind::kInvalid, "RMT-K007", fmt::format("{} is not followed by NAME=…", option));
  return std::pair(text.substr(0, equals), text.substr(equals + 1));
}

// As a path from here, so that a person may write ./files; the plane wants it whole.
json::array absolute(const std::vector<std::string>& paths) {
  json::array array;
  for (const auto& path : paths) {
    auto whole = std::filesystem::absolute(path).lexically_normal();
    if (!whole.has_filename() && whole.has_relative_path())
      whole = whole.parent_path();  // a slash at its end
    array.emplace_back(whole.string());
  }
  return array;
}

// `none`, `all`, or each HOST:PORT.
Result<void> describe_network(const std::vector<std::string>& network, json::object& body) {
  const auto is_host = [](const std::string& text) { return text.contains(':'); };
  if (!network.empty() && std::ranges::all_of(network, is_host))
    body["hosts"] = json::value_from(network);
  else if (network.size() == 1)
    body["network"] = network.front();
  else if (!network.empty())
    return fail(ErrorKind::kInvalid, "RMT-K007",
                "--network is none, all, or HOST:PORT, and only HOST:PORT may be repeated");
  return {};
}

// {"NAME": "value"}, and null for one that goes.
Result<json::object> variables_of(const DestinationOptions& options) {
  json::object variables;
  const auto add = [&](const std::string& name, json::value value) -> Result<void> {
    if (variables.contains(name))
      return fail(ErrorKind::kInvalid, "RMT-K007", fmt::format("the variable {} is given twice", name));
    variables[name] = std::move(value);
    return {};
  };
  for (const auto& variable : options.variables) {
    ASSIGN_OR_RETURN(const auto parts, split("--var", variable));
    TRY(add(parts.first, json::value(parts.second)));
  }
  for (const auto& name : options.dropped_variables) TRY(add(name, nullptr));
  return variables;
}

// What was given of its server, its secrets and the time it is waited for.
Result<json::object> describe(const DestinationOptions& options) {
  json::object body;
  const auto put_text = [&](std::string_view member, const std::string& value) {
    if (!value.empty()) body[member] = value;
  };
  const auto put_list = [&](std::string_view member, const std::vector<std::string>& given,
                            json::array list) {
    if (!given.empty()) body[member] = std::move(list);
  };
  put_text("owner", options.owner);
  put_text("by", options.by);
  put_text("data_class", options.data_class);
  put_text("url", options.url);
  if (!options.cwd.empty()) body["cwd"] = absolute({options.cwd}).front();
  put_list("labels", options.labels, json::value_from(options.labels).as_array());
  put_list("command", options.command, json::value_from(options.command).as_array());
  put_list("reads", options.reads, absolute(options.reads));
  put_list("writes", options.writes, absolute(options.writes));
  put_list("drop_secrets", options.dropped_secrets, json::value_from(options.dropped_secrets).as_array());
  TRY(describe_network(options.network, body));
  ASSIGN_OR_RETURN(auto variables, variables_of(options));
  if (!variables.empty()) body["variables"] = std::move(variables);
  json::array secrets;
  for (const auto& given : options.secrets) {
    ASSIGN_OR_RETURN(const auto parts, split("--secret", given));
    ASSIGN_OR_RETURN(const auto secret, read_secret(parts.second));
    secrets.push_back(json::object{{"slot", parts.first}, {"value", secret.reveal()}});
  }
  if (!secrets.empty()) body["secrets"] = std::move(secrets);
  if (options.open_seconds) body["open_seconds"] = *options.open_seconds;
  if (options.answer_seconds) body["answer_seconds"] = *options.answer_seconds;
  if (options.max_answer_mib) body["max_answer_mib"] = *options.max_answer_mib;
  return body;
}

// Asks its server what it offers, and tells that under the command's own answer. What could not be asked for
// is told, and is an exit code of its own: the command itself was carried out.
Result<int> scan_after(const Context& context, const DestinationOptions& options, Client& client,
                       json::value answer, std::string_view done, std::string_view next) {
  const auto found = client.post(path_of(options, "scan"), {});
  if (context.format == Format::kJson) {
    answer.as_object()["scan"] = found ? *found : json::value(nullptr);
    print_json(answer);
  } else {
    fmt::print("{}\n", done);
    if (found) fmt::print("{}\nnext  {}\n", told(*found), next);
  }
  if (found) return kOk;
  fmt::print(stderr,
             "its tools could not be listed: {}: {}\n  fix: {}\n  then: remit destination scan {} --env {}\n",
             found.error().code, visible(found.error().message), fix_of(found.error()), options.name,
             options.environment);
  return kUnlisted;
}

std::string command_line_of(const json::array& command) {
  std::string line;
  for (const auto& word : command) line += (line.empty() ? "" : " ") + std::string(word.as_string());
  return line;
}

}  // namespace

Result<int> add_destination(const Context& context, const DestinationOptions& options) {
  ASSIGN_OR_RETURN(auto body, describe(options));
  body["name"] = options.name;
  body["environment"] = options.environment;
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(auto answer, client.post("/v1/destinations", body));
  // A destination without tools is of no use to anyone.
  return scan_after(
      context, options, client, std::move(answer),
      fmt::format("added {}/{}", options.environment, options.name),
      fmt::format("remit tool classify {}/TOOL --env {} --effect EFFECT --data-class CLASS --by HUMAN",
                  options.name, options.environment));
}

Result<int> set_destination(const Context& context, const DestinationOptions& options) {
  ASSIGN_OR_RETURN(const auto body, describe(options));
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(auto answer, client.post(path_of(options, "set"), body));
  auto done = fmt::format("changed {}/{}", options.environment, options.name);
  const auto quarantined = answer.at("quarantined").to_number<std::size_t>();
  if (quarantined == 0) {
    print_done(context, answer, done);
    return kOk;
  }
  done += fmt::format(": another server answers there now, so its tools are in quarantine ({})", quarantined);
  return scan_after(context, options, client, std::move(answer), done,
                    fmt::format("remit tool change {}/TOOL --env {}", options.name, options.environment));
}

Result<int> list_destinations(const Context& context) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(auto answer, client.get("/v1/destinations"));
  if (context.format == Format::kTable)
    for (auto& item : answer.at("items").as_array()) {
      auto& one = item.as_object();
      const auto* url = one.if_contains("url");
      one["where"] = url != nullptr ? *url : json::value(command_line_of(one.at("command").as_array()));
    }
  print_items(context, answer,
              {{"NAME", "name"},
               {"ENVIRONMENT", "environment"},
               {"WHERE", "where"},
               {"HEALTH", "health"},
               {"TOOLS", "tools"},
               {"DATA CLASS", "data_class"},
               {"NETWORK", "network"},
               {"LABELS", "labels"},
               {"OWNER", "owner"},
               {"SECRETS", "secret_slots"},
               {"SAID BACK", "credential_echoed"}});
  return kOk;
}

Result<int> show_destination(const Context& context, const DestinationOptions& options) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto answer, client.get("/v1/destinations"));
  std::vector<std::string_view> known;
  for (const auto& item : answer.at("items").as_array()) {
    if (cell(&item.at("environment")) != options.environment) continue;
    known.emplace_back(item.at("name").as_string());
    if (known.back() != options.name) continue;
    print_object(context, item,
                 {{"name", "name"},
                  {"environment", "environment"},
                  {"id", "id"},
                  {"owner", "owner"},
                  {"data class", "data_class"},
                  {"labels", "labels"},
                  {"transport", "transport"},
                  {"url", "url"},
                  {"command", "command"},
                  {"health", "health"},
                  {"last answer", "last_answer"},
                  {"last failure", "last_failure"},
                  {"reads", "reads"},
                  {"writes", "writes"},
                  {"network", "network"},
                  {"hosts", "hosts"},
                  {"variables", "variables"},
                  {"starts in", "cwd"},
                  {"secrets", "secret_slots"}});
    return kOk;
  }
  return fail(ErrorKind::kNotFound, "RMT-C010",
              fmt::format("there is no destination `{}` in {}{}", options.name, options.environment,
                          nearest_hint(options.name, known)));
}

Result<int> scan_destination(const Context& context, const DestinationOptions& options) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto found, client.post(path_of(options, "scan"), {}));
  print_done(context, found, told(found));
  return kOk;
}

Result<int> retire_destination(const Context& context, const DestinationOptions& options) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto answer, client.post(path_of(options, "retire"), {}));
  print_done(context, answer,
             fmt::format("retired {}/{} with {}", visible(options.environment), visible(options.name),
                         counted(answer.at("tools").as_array().size(), "tool")));
  return kOk;
}

}  // namespace remit::cli
