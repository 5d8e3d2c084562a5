// Tests of policies: cases from a file, put to the policies in force or to a file of them.

#include <fmt/format.h>

#include "base/canonical_json.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/output.h"
#include "cli/policy_findings.h"

namespace remit::cli {
namespace {

namespace json = boost::json;

Result<json::array> read_cases(const std::string& file) {
  ASSIGN_OR_RETURN(const auto text, read_file(file));
  auto read = parse_json(text);
  if (!read) return fail(ErrorKind::kInvalid, "RMT-P013", fmt::format("{}: {}", file, read.error().message));
  auto* object = read->if_object();
  auto* cases = object == nullptr ? nullptr : object->if_contains("cases");
  if (cases == nullptr || !cases->is_array() || object->size() != 1)
    return fail(ErrorKind::kInvalid, "RMT-P013", fmt::format("{} is not {{\"cases\": […]}}", file));
  if (cases->get_array().empty())
    return fail(ErrorKind::kInvalid, "RMT-P013", fmt::format("{} has no cases", file));
  return std::move(cases->get_array());
}

// "deny by limit", or what stands in the way of asking.
std::string told(const json::value& decision, const json::value& policies) {
  auto text = cell(&decision);
  if (policies.is_array() && !policies.get_array().empty()) text += " by " + cell(&policies);
  return text;
}

void print_results(const json::value& answer) {
  std::vector<std::vector<std::string>> rows;
  for (const auto& item : answer.at("items").as_array())
    rows.push_back({item.at("passed").as_bool() ? "ok" : "FAILED", cell(&item.at("name")),
                    told(item.at("expected"), item.at("expected_policies")),
                    item.at("decision").is_null() ? cell(&item.at("message"))
                                                  : told(item.at("decision"), item.at("policies"))});
  print_table({"RESULT", "CASE", "EXPECTED", "DECIDED"}, rows);
  fmt::print("{} passed, {} failed\n", cell(&answer.at("passed")), cell(&answer.at("failed")));
}

}  // namespace

Result<int> test_policies(const Context& context, const PolicyOptions& options) {
  const auto& file = options.files.front();
  ASSIGN_OR_RETURN(auto cases, read_cases(file));
  json::object body{{"cases", std::move(cases)}};
  std::optional<PolicyText> policies;
  if (!options.policies.empty()) {
    ASSIGN_OR_RETURN(policies, read_policies(options.policies));
    body["text"] = policies->text;
  }
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  if (policies) {
    ASSIGN_OR_RETURN(const auto found,
                     check_policies(client, options.environment, policies->text, {}, options.allow_unknown));
    print_findings(*policies, found.findings);
    if (const auto code = found.error_code(); !code.empty())
      return fail(ErrorKind::kInvalid, code, fmt::format("{} is not valid", policies->file));
  }
  auto answer = client.post("/v1/policies/" + segment(options.environment) + "/test", body);
  if (!answer) {
    if (answer.error().code == "RMT-P013") answer.error().message = file + ": " + answer.error().message;
    return std::unexpected(std::move(answer).error());
  }
  if (context.format == Format::kJson)
    print_json(*answer);
  else
    print_results(*answer);
  return answer->at("failed").to_number<std::uint64_t>() == 0 ? kOk : kFindings;
}

}  // namespace remit::cli
