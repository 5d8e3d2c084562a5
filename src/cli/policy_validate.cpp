// Policies, checked: against a schema file with nothing else, or against what an environment has.

#include <fmt/format.h>

#include <optional>

#include "catalog/policy_check.h"
#include "cli/cedar_files.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/output.h"
#include "cli/policy_findings.h"

namespace remit::cli {
namespace {

namespace json = boost::json;

Result<cedar::Schema> read_schema(const std::string& file) {
  ASSIGN_OR_RETURN(const auto text, read_file(file));
  ASSIGN_OR_RETURN(auto schema, parse_schema(text, file));
  for (const auto& warning : schema.warnings())
    print_findings({file, text}, {{.code = {}, .is_error = false, .policy = {}, .diagnostic = warning}});
  return schema;
}

// What policies are checked against: an environment, a schema, or (with neither) nothing but the language.
struct Measure {
  std::optional<Client> client = {};
  std::optional<cedar::Schema> schema = {};

  std::string_view name() const { return client ? "environment" : schema ? "schema" : "syntax"; }
};

Result<Measure> measure_of(const Context& context, const PolicyOptions& options) {
  Measure measure;
  if (!options.environment.empty()) {
    ASSIGN_OR_RETURN(auto client, Client::open(context));
    measure.client.emplace(std::move(client));
  } else if (!options.schema.empty()) {
    ASSIGN_OR_RETURN(measure.schema, read_schema(options.schema));
  }
  return measure;
}

Result<PolicyFindings> check(const PolicyText& policies, const PolicyOptions& options, Measure& measure) {
  if (measure.client)
    return check_policies(*measure.client, options.environment, policies.text, options.level,
                          options.allow_unknown);
  auto found = catalog::check_policies(
      policies.text,
      {.schema = measure.schema ? &*measure.schema : nullptr, .level = options.level, .obligations = false});
  return PolicyFindings{found.set.policies().size() + found.set.templates().size(),
                        std::move(found.findings)};
}

std::string_view verdict(std::string_view measure) {
  if (measure == "environment") return "valid";
  if (measure == "schema") return "valid; whether what they name is there was not checked: --env ENV does";
  return "parsed only: --schema FILE or --env ENV checks what they name";
}

void print(const Context& context, const PolicyText& policies, const PolicyFindings& found,
           std::string_view measure) {
  const bool passed = found.error_code().empty();
  if (context.format == Format::kJson) {
    json::array findings;
    for (const auto& finding : found.findings) findings.push_back(catalog::to_json(finding));
    return print_json(json::object{{"file", policies.file},
                                   {"policies", found.policies},
                                   {"checked", measure},
                                   {"names_checked", measure == "environment"},
                                   {"valid", passed},
                                   {"findings", std::move(findings)}});
  }
  print_findings(policies, found.findings);
  if (passed)
    fmt::print("{}: {} {}, {}\n", visible(policies.file), found.policies,
               found.policies == 1 ? "policy" : "policies", verdict(measure));
}

Result<PolicyText> in_force(Client& client, const std::string& environment) {
  ASSIGN_OR_RETURN(const auto answer, client.get("/v1/policies/" + segment(environment)));
  return PolicyText{
      fmt::format("{} (in force in {})", std::string_view(answer.at("id").as_string()), environment),
      std::string(answer.at("text").as_string())};
}

}  // namespace

Result<int> validate_policies(const Context& context, const PolicyOptions& options) {
  ASSIGN_OR_RETURN(auto measure, measure_of(context, options));
  std::vector<PolicyText> all;
  for (const auto& file : options.files) {
    ASSIGN_OR_RETURN(auto policies, read_policies(file));
    all.push_back(std::move(policies));
  }
  if (all.empty()) {
    ASSIGN_OR_RETURN(auto policies, in_force(*measure.client, options.environment));
    all.push_back(std::move(policies));
  }
  std::optional<std::string> first;
  std::string_view code;
  for (const auto& policies : all) {
    ASSIGN_OR_RETURN(const auto found, check(policies, options, measure));
    print(context, policies, found, measure.name());
    if (found.error_code().empty() || first) continue;
    first = policies.file;
    code = found.error_code();
  }
  if (first) return fail(ErrorKind::kInvalid, code, fmt::format("{} is not valid", *first));
  return kOk;
}

Result<int> show_schema(const Context& context, const PolicyOptions& options) {
  ASSIGN_OR_RETURN(auto client, Client::open(context));
  ASSIGN_OR_RETURN(const auto answer, client.get("/v1/policies/" + segment(options.environment) + "/schema"));
  if (context.format == Format::kJson) {
    print_json(answer);
    return kOk;
  }
  // Comments, so that what is printed is a schema.
  fmt::print("// What policies of {} may name, at revision {}.\n", visible(options.environment),
             cell(&answer.at("revision")));
  for (const auto& warning : answer.at("warnings").as_array())
    fmt::print("// left out: {} {}: {}\n", cell(&warning.at("tool")), cell(&warning.at("pointer")),
               cell(&warning.at("reason")));
  // Escapes that are made visible are escapes of Cedar: the schema stays the same.
  std::string_view text = answer.at("text").as_string();
  if (text.ends_with('\n')) text.remove_suffix(1);
  for (const auto& line : visible_lines(text)) fmt::print("{}\n", line);
  return kOk;
}

}  // namespace remit::cli
