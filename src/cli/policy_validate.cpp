// Policies, checked: against a schema file with nothing else, or against what an environment has.

#include <fmt/format.h>

#include <optional>

#include "catalog/policy_check.h"
#include "cli/cedar_files.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/files.h"
#include "cli/output.h"

namespace remit::cli {
namespace {

namespace json = boost::json;

// What policies are checked against.
struct Measure {
  std::string_view name;  // as shown: "syntax", "schema", "environment"
  std::optional<cedar::Schema> schema = {};
};

// A text that is checked, under the name that it has for people.
struct Subject {
  std::string file;
  std::string text;
};

void print_lines(std::string_view text) {
  for (const auto& line : visible_lines(text)) fmt::print(stderr, "{}\n", line);
}

Result<cedar::Schema> read_schema(const std::string& file) {
  ASSIGN_OR_RETURN(const auto text, read_file(file));
  ASSIGN_OR_RETURN(auto schema, parse_schema(text, file));
  for (const auto& warning : schema.warnings())
    print_lines(
        catalog::render({.code = {}, .is_error = false, .policy = {}, .diagnostic = warning}, text, file));
  return schema;
}

Result<Measure> measure_of(const PolicyOptions& options, std::optional<Client>& client) {
  if (!options.schema.empty()) {
    ASSIGN_OR_RETURN(auto schema, read_schema(options.schema));
    return Measure{"schema", std::move(schema)};
  }
  if (!client) return Measure{"syntax"};
  ASSIGN_OR_RETURN(const auto answer,
                   client->get("/v1/policies/" + segment(options.environment) + "/schema"));
  auto schema = cedar::Schema::parse(answer.at("text").as_string());
  if (schema) return Measure{"environment", std::move(*schema)};
  return fail(ErrorKind::kInternal, "RMT-P005", schema.error().front().message);
}

// Answers whether it passed.
bool check(const Context& context, const PolicyOptions& options, const Measure& measure,
           const Subject& subject, std::string_view& code) {
  const auto found =
      catalog::check_policies(subject.text, {.schema = measure.schema ? &*measure.schema : nullptr,
                                             .level = options.level,
                                             .obligations = measure.name == "environment"});
  const auto count = found.set.policies().size() + found.set.templates().size();
  const bool passed = found.passed();
  if (!passed && code.empty()) code = found.error({}, subject.text, subject.file).code;
  if (context.format == Format::kJson) {
    json::array findings;
    for (const auto& finding : found.findings) findings.push_back(catalog::to_json(finding));
    print_json(json::object{{"file", subject.file},
                            {"policies", count},
                            {"checked", measure.name},
                            {"valid", passed},
                            {"findings", std::move(findings)}});
    return passed;
  }
  for (const auto& finding : found.findings)
    print_lines(catalog::render(finding, subject.text, subject.file));
  if (!passed) return false;
  fmt::print("{}: {} {}, {}\n", visible(subject.file), count, count == 1 ? "policy" : "policies",
             measure.schema ? "valid" : "parsed only: --schema FILE or --env ENV checks what they name");
  return true;
}

}  // namespace

Result<int> validate_policies(const Context& context, const PolicyOptions& options) {
  std::optional<Client> client;
  if (!options.environment.empty()) {
    ASSIGN_OR_RETURN(auto opened, Client::open(context));
    client.emplace(std::move(opened));
  }
  ASSIGN_OR_RETURN(const auto measure, measure_of(options, client));
  std::vector<Subject> subjects;
  for (const auto& file : options.files) {
    ASSIGN_OR_RETURN(auto text, read_file(file));
    subjects.push_back({file, std::move(text)});
  }
  if (subjects.empty()) {
    ASSIGN_OR_RETURN(const auto answer, client->get("/v1/policies/" + segment(options.environment)));
    subjects.push_back({fmt::format("{} (in force in {})", std::string_view(answer.at("id").as_string()),
                                    options.environment),
                        std::string(answer.at("text").as_string())});
  }
  std::optional<std::string> first;
  std::string_view code;
  for (const auto& subject : subjects)
    if (!check(context, options, measure, subject, code) && !first) first = subject.file;
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
