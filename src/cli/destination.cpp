// Destinations: the systems that tools act on.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/value_from.hpp>
#include <cstdio>
#include <filesystem>

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
  std::string text = fmt::format("{} tools added, {} unchanged", count("added"),
                                 found.at("unchanged").to_number<std::size_t>());
  if (count("quarantined") > 0)
    text += fmt::format(", {} in quarantine: they differ from their pin", count("quarantined"));
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

Result<void> describe_child(const DestinationOptions& options, json::object& body) {
  body["command"] = json::value_from(options.command);
  body["reads"] = absolute(options.reads);
  body["writes"] = absolute(options.writes);
  TRY(describe_network(options.network, body));
  if (!options.cwd.empty()) body["cwd"] = absolute({options.cwd}).front();
  json::object variables;
  for (const auto& variable : options.variables) {
    ASSIGN_OR_RETURN(const auto parts, split("--var", variable));
    if (variables.contains(parts.first))
      return fail(ErrorKind::kInvalid, "RMT-K007", fmt::format("--var {} is given twice", parts.first));
    variables[parts.first] = parts.second;
  }
  body["variables"] = std::move(variables);
  return {};
}

}  // namespace

Result<int> add_destination(const Context& context, const DestinationOptions& options) {
  json::object body{{"name", options.name},
                    {"environment", options.environment},
                    {"owner", options.owner},
                    {"data_class", options.data_class},
                    {"labels", json::value_from(options.labels)}};
  if (!options.by.empty()) body["by"] = options.by;
  if (!options.url.empty()) body["url"] = options.url;
  if (options.open_seconds) body["open_seconds"] = *options.open_seconds;
  if (options.answer_seconds) body["answer_seconds"] = *options.answer_seconds;
  if (options.max_answer_mib) body["max_answer_mib"] = *options.max_answer_mib;
  if (!options.command.empty()) TRY(describe_child(options, body));
  json::array secrets;
  for (const auto& given : options.secrets) {
    ASSIGN_OR_RETURN(const auto parts, split("--secret", given));
    ASSIGN_OR_RETURN(const auto secret, read_secret(parts.second));
    secrets.push_back(json::object{{"slot", parts.first}, {"value", secret.reveal()}});
  }
  body["secrets"] = std::move(secrets);
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(auto answer, client.post("/v1/destinations", body));
  // What it offers is asked for at once: a destination without tools is of no use to anyone.
  const auto found = client.post(path_of(options, "scan"), {});
  if (context.format == Format::kJson) {
    answer.as_object()["scan"] = found ? *found : json::value(nullptr);
    print_json(answer);
  } else {
    fmt::print("added {}/{}\n", options.environment, options.name);
    if (found)
      fmt::print(
          "{}\nnext  remit tool classify {}/TOOL --env {} --effect EFFECT --data-class CLASS --by HUMAN\n",
          told(*found), options.name, options.environment);
  }
  if (found) return kOk;
  fmt::print(stderr,
             "it was added, but its tools could not be listed: {}: {}\n  fix: {}\n"
             "  then: remit destination scan {} --env {}\n",
             found.error().code, visible(found.error().message), fix_of(found.error()), options.name,
             options.environment);
  return kUnlisted;
}

Result<int> list_destinations(const Context& context) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto answer, client.get("/v1/destinations"));
  print_items(context, answer,
              {{"NAME", "name"},
               {"ENVIRONMENT", "environment"},
               {"TRANSPORT", "transport"},
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
  for (const auto& item : answer.at("items").as_array()) {
    if (cell(&item.at("name")) != options.name || cell(&item.at("environment")) != options.environment)
      continue;
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
              fmt::format("there is no destination `{}` in {}", options.name, options.environment));
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
             fmt::format("retired {}/{} with {} tools", visible(options.environment), visible(options.name),
                         answer.at("tools").as_array().size()));
  return kOk;
}

}  // namespace remit::cli
