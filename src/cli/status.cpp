// What runs here, and where it can be reached.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>
#include <iterator>

#include "base/environment.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace remit::cli {

namespace {

namespace json = boost::json;

// Of each environment, whether its policies still fit what its catalog has.
Result<json::array> policies_in_force(Client& client) {
  json::array all;
  for (const auto environment : kEnvironments) {
    ASSIGN_OR_RETURN(const auto answer,
                     client.post(fmt::format("/v1/policies/{}/validate", to_string(environment)), {}));
    const auto& findings = answer.at("findings").as_array();
    const auto errors = std::ranges::count_if(
        findings, [](const json::value& finding) { return finding.at("severity") == "error"; });
    all.push_back(json::object{{"environment", to_string(environment)},
                               {"id", answer.at("id")},
                               {"valid", answer.at("valid")},
                               {"errors", errors},
                               {"warnings", std::ssize(findings) - errors}});
  }
  return all;
}

void print_invalid(const json::array& policies) {
  for (const auto& one : policies)
    if (!one.at("valid").as_bool()) {
      const auto& environment = cell(&one.at("environment"));
      fmt::print("{:<19} {} {} in {}: they do not fit what it has now; see remit policy validate --env {}\n",
                 "policies", cell(&one.at("errors")), one.at("errors") == 1 ? "error" : "errors", environment,
                 environment);
    }
}

std::string amount(const json::value& number, const json::value& unit) {
  const auto& name = unit.as_string();
  return fmt::format("{}{}{}", cell(&number), name.empty() ? "" : " ", std::string_view(name));
}

// Every bound that is kept; one that was configured, or for which there was not enough, shows its default
// too.
void print_limits(const json::array& limits) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& limit : limits)
    rows.push_back(
        {cell(&limit.at("name")), amount(limit.at("value"), limit.at("unit")),
         limit.at("value") == limit.at("default") ? "" : amount(limit.at("default"), limit.at("unit")),
         cell(&limit.at("bounds"))});
  fmt::print("\n");
  print_table({"LIMIT", "VALUE", "DEFAULT", "BOUNDS"}, rows);
}

void print_set_aside(const json::array& destinations) {
  for (const auto& one : destinations)
    fmt::print("{:<19} {} of {}/{}: {}: {}; see remit destination scan {} --env {}\n", "set aside",
               cell(&one.at("tools")), cell(&one.at("environment")), cell(&one.at("destination")),
               cell(&one.at("first").at("name")), cell(&one.at("first").at("reason")),
               cell(&one.at("destination")), cell(&one.at("environment")));
}

}  // namespace

Result<int> status(const Context& context) {
  ASSIGN_OR_RETURN(const auto config, load(context));
  ASSIGN_OR_RETURN(auto client, Client::open(config));
  ASSIGN_OR_RETURN(auto answer, client.get("/v1/status"));
  ASSIGN_OR_RETURN(const auto policies, policies_in_force(client));
  if (context.format == Format::kJson) {
    answer.as_object()["policies"] = policies;
    print_json(answer);
    return kOk;
  }
  const auto& shown = answer.as_object();
  const bool listens = !shown.at("public_url").is_null();
  fmt::print("{:<19} {}\n", "version", cell(shown.if_contains("version")));
  fmt::print("{:<19} {}\n", "server",
             listens ? cell(shown.if_contains("public_url")) : "none runs on this data folder");
  fmt::print("{:<19} {}\n", "data", config.data.string());
  fmt::print("{:<19} {}\n", "revision", cell(shown.if_contains("revision")));
  for (const auto& [name, count] : shown.at("counts").as_object())
    fmt::print("{:<19} {}\n", visible(name), cell(&count));
  fmt::print("{:<19} {}\n", "log entries", cell(&shown.at("audit").at("entries")));
  for (const auto& problem : shown.at("problems").as_array())
    fmt::print("{:<19} {}\n", "PROBLEM", cell(&problem));
  for (const auto& one : shown.at("cautions").as_array())
    fmt::print("{:<19} {}; no call is made before: remit confirm {} --by HUMAN --reason WHY\n", "CAUTION",
               cell(&one.at("what")), cell(&one.at("kind")));
  print_set_aside(shown.at("set_aside").as_array());
  if (listens)
    fmt::print("{:<19} {}\n", "metrics",
               shown.at("metrics").is_null() ? "remit metrics" : cell(shown.if_contains("metrics")));
  for (const auto& sentence : shown.at("confinement").as_array())
    fmt::print("{:<19} {}\n",
               &sentence == shown.at("confinement").as_array().begin() ? "confinement" : "  lacking",
               cell(&sentence));
  print_invalid(policies);
  if (!listens) return kOk;

  std::vector<std::vector<std::string>> rows;
  for (const auto& endpoint : shown.at("endpoints").as_array())
    rows.push_back(
        {cell(&endpoint.at("environment")), cell(&endpoint.at("mcp")), cell(&endpoint.at("issuer"))});
  fmt::print("\n");
  print_table({"ENVIRONMENT", "MCP", "ISSUER"}, rows);
  print_limits(shown.at("limits").as_array());
  return kOk;
}

Result<int> metrics(const Context& context) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto text, client.text("/metrics"));
  fmt::print("{}", text);
  return kOk;
}

}  // namespace remit::cli
