#include "cli/policy_findings.h"

#include <fmt/format.h>

#include <algorithm>

#include "cli/cedar_files.h"
#include "cli/files.h"
#include "cli/output.h"

namespace remit::cli {

Result<PolicyText> read_policies(const std::string& file) {
  ASSIGN_OR_RETURN(auto text, read_file(file));
  if (text.find_first_not_of(" \t\r\n") == std::string::npos)
    return fail(ErrorKind::kInvalid, "RMT-P008",
                fmt::format("{} is empty: without a policy every call is denied", file),
                "write policies into it; `remit policy show --env ENV` has those in force");
  if (syntax_of(text) == Syntax::kJson) {
    ASSIGN_OR_RETURN(const auto policies, parse_policies(text, file));
    ASSIGN_OR_RETURN(text, to_text(policies, file));
  }
  return PolicyText{file, std::move(text)};
}

std::string_view PolicyFindings::error_code() const {
  const auto first = std::ranges::find(findings, true, &catalog::PolicyFinding::is_error);
  return first == findings.end() ? std::string_view() : first->code;
}

Result<PolicyFindings> check_policies(Client& client, const std::string& environment, std::string_view text,
                                      std::optional<std::uint32_t> level, bool allow_unknown) {
  boost::json::object body{{"text", text}, {"allow_unknown", allow_unknown}};
  if (level) body["level"] = *level;
  ASSIGN_OR_RETURN(const auto answer,
                   client.post("/v1/policies/" + segment(environment) + "/validate", body));
  PolicyFindings found{.policies = answer.at("policies").to_number<std::size_t>(), .findings = {}};
  for (const auto& one : answer.at("findings").as_array()) {
    ASSIGN_OR_RETURN(auto finding, catalog::read_finding(one));
    found.findings.push_back(std::move(finding));
  }
  return found;
}

void print_findings(const PolicyText& policies, const std::vector<catalog::PolicyFinding>& findings) {
  for (const auto& finding : findings)
    for (const auto& line : visible_lines(catalog::render(finding, policies.text, policies.file)))
      fmt::print(stderr, "{}\n", line);
}

}  // namespace remit::cli
