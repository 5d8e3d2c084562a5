// Policies put in force: a file, or a text that was in force before. First it is checked, then what it
// changes is shown, then a person says yes.

#include <fmt/format.h>
#include <unistd.h>

#include <boost/json/array.hpp>
#include <cstdio>
#include <iostream>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/line_diff.h"
#include "cli/output.h"
#include "cli/policy_findings.h"

namespace remit::cli {
namespace {

namespace json = boost::json;

// "depends (small, limit)", "approval by cfo"
std::string outlook(const json::value& prospect) {
  auto text = cell(&prospect.at("outlook"));
  if (const auto* path = &prospect.at("approval_path"); path->is_string()) text += " by " + cell(path);
  std::string names;
  for (const auto& open : prospect.at("open").as_array())
    names.append(names.empty() ? "" : ", ").append(cell(&open.at("policy")));
  return names.empty() ? text : text + " (" + names + ")";
}

void print_effect(const json::value& effect, std::string_view environment) {
  const auto& changes = effect.at("changes").as_array();
  const auto changed = effect.at("changed").to_number<std::uint64_t>();
  const auto compared = effect.at("compared").to_number<std::uint64_t>();
  if (changed == 0) {
    fmt::print("What agents can do in {} stays as it is ({} granted tools compared).\n", environment,
               compared);
    return;
  }
  fmt::print("What agents can do in {} changes for {} of {} granted tools:\n", environment, changed,
             compared);
  std::vector<std::vector<std::string>> rows;
  for (const auto& change : changes) {
    auto before = outlook(change.at("before"));
    auto after = outlook(change.at("after"));
    if (before == after) after += ", on other conditions";
    rows.push_back(
        {cell(&change.at("agent")), cell(&change.at("tool")), std::move(before), std::move(after)});
  }
  print_table({"AGENT", "TOOL", "BEFORE", "AFTER"}, rows);
  if (changed > changes.size()) fmt::print("… and {} more\n", changed - changes.size());
}

void print_diff(std::string_view before, std::string_view after) {
  const auto lines = line_diff(before, after);
  if (lines.empty()) fmt::print("The text is the same as the one in force.\n");
  for (const auto& line : lines) fmt::print("{}\n", visible(line));
  fmt::print("\n");
}

Result<void> confirm(const std::string& question) {
  if (::isatty(STDIN_FILENO) != 1)
    return fail(ErrorKind::kInvalid, "RMT-P012",
                "nothing was published: nobody can be asked here whether this is meant",
                "give --yes to publish without being asked");
  fmt::print(stderr, "{} [y/N] ", question);
  std::fflush(stderr);
  std::string answer;
  std::getline(std::cin, answer);
  if (answer == "y" || answer == "Y" || answer == "yes") return {};
  return fail(ErrorKind::kInvalid, "RMT-P012", "nothing was published");
}

Result<int> publish(const Context& context, const PolicyOptions& options, Client& client,
                    const PolicyText& policies) {
  ASSIGN_OR_RETURN(const auto found,
                   check_policies(client, options.environment, policies.text, {}, options.allow_unknown));
  print_findings(policies, found.findings);
  if (const auto code = found.error_code(); !code.empty())
    return fail(ErrorKind::kInvalid, code,
                fmt::format("{} cannot come into force in {}; the policies that are stay", policies.file,
                            options.environment));
  const auto path = "/v1/policies/" + segment(options.environment);
  ASSIGN_OR_RETURN(const auto effect, client.post(path + "/compare", {{"text", policies.text}}));
  ASSIGN_OR_RETURN(const auto before, client.get(path));
  if (context.format != Format::kJson) {
    print_diff(before.at("text").as_string(), policies.text);
    print_effect(effect, options.environment);
  }
  if (!options.yes)
    TRY(confirm(fmt::format("Put {} in force in {}?", visible(policies.file), visible(options.environment))));
  ASSIGN_OR_RETURN(auto answer, client.post(path, {{"text", policies.text},
                                                   {"by", options.by},
                                                   {"allow_unknown", options.allow_unknown},
                                                   {"replaces", before.at("id")}}));
  answer.as_object()["effect"] = effect;
  print_done(context, answer,
             fmt::format("{} is in force in {}", visible(policies.file), visible(options.environment)));
  return kOk;
}

}  // namespace

Result<int> publish_policies(const Context& context, const PolicyOptions& options) {
  ASSIGN_OR_RETURN(const auto policies, read_policies(options.files.front()));
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  return publish(context, options, client, policies);
}

Result<int> roll_back_policies(const Context& context, const PolicyOptions& options) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto answer, client.get("/v1/policies/" + segment(options.environment) +
                                                 "/published/" + segment(options.which)));
  return publish(context, options, client,
                 {fmt::format("{} of {}", options.which, options.environment),
                  std::string(answer.at("text").as_string())});
}

}  // namespace remit::cli
