#include "catalog/policy_check.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <utility>

#include "catalog/inventory_check.h"
#include "snapshot/policy_schema.h"

namespace remit::catalog {
namespace {

// Of the design, and not carried out yet: a policy that relies on one must not pass for enforced.
constexpr std::array<std::string_view, 2> kUnsupported = {"redact", "mode"};
constexpr std::uint32_t kMostFindings = 200;

std::string name_of(const cedar::Policy& policy) { return cedar::shortened(std::string(policy.name()), 100); }

void find_obligations(const cedar::PolicySet& set, std::vector<PolicyFinding>& findings) {
  const auto find = [&](const cedar::Policy& policy, std::string message, std::string help) {
    const auto start = policy.position();
    findings.push_back({"RMT-P002",
                        true,
                        name_of(policy),
                        {std::move(message), std::move(help), policy.span(), start, start}});
  };
  for (const auto& policy : set.templates())
    find(policy, "a template permits nothing until it is linked, and nothing links here",
         "write the entity in place of the slot");
  for (const auto& policy : set.policies()) {
    for (const auto name : kUnsupported)
      if (policy.annotation(name))
        find(policy, fmt::format("the obligation `@{}` is not carried out by this version", name),
             "leave the annotation out, or express the rule as a permit or a forbid");
    if (policy.annotation("approval") && policy.effect() == cedar::Effect::kForbid)
      find(policy, "`@approval` stands at a forbid, which no approval overrides",
           "write the condition as a permit with `@approval`, or leave the annotation out");
  }
}

// Names that tell nothing: decisions and the log name policies by them.
void find_names(const cedar::PolicySet& set, std::vector<PolicyFinding>& findings) {
  std::size_t count = 0;
  std::map<std::string_view, std::uint32_t> lines;
  const auto find = [&](const cedar::Policy& policy, std::string message, std::string help) {
    if (count == kMostFindings) return;
    ++count;
    const auto start = policy.position();
    findings.push_back({"RMT-P008",
                        false,
                        name_of(policy),
                        {std::move(message), std::move(help), policy.span(), start, start}});
  };
  for (const auto all : {set.policies(), set.templates()}) {
    for (const auto& policy : all) {
      if (policy.template_id()) continue;  // has an id of its own
      const auto id = policy.annotation("id");
      if (!id) continue;
      if (id->empty()) {
        find(policy, "the @id of this policy is empty", "name the policy, or leave the annotation out");
        continue;
      }
      const auto [first, fresh] = lines.emplace(*id, policy.position().line);
      if (!fresh)
        find(policy,
             fmt::format("two policies have the @id `{}`: nobody could tell which of them decided",
                         name_of(policy)),
             fmt::format("the other one is in line {}; give each a name of its own", first->second));
    }
  }
}

// What a whole text comes to, if it permits nothing.
void find_emptiness(const cedar::PolicySet& set, std::vector<PolicyFinding>& findings) {
  const auto tell = [&](std::string message) {
    findings.push_back({"RMT-P008", false, {}, {std::move(message), "write a permit", {}, {}, {}}});
  };
  if (set.policies().empty() && set.templates().empty())
    tell("there is no policy here, so every call is denied");
  else if (std::ranges::none_of(set.policies(), [](const cedar::Policy& policy) {
             return policy.effect() == cedar::Effect::kPermit;
           }))
    tell("there is no permit here, so every call is denied");
}

void validate(const cedar::PolicySet& set, const PolicyCheckOptions& options,
              std::vector<PolicyFinding>& findings) {
  auto report = cedar::validate(set, *options.schema, {.level = options.level, .findings = kMostFindings});
  for (auto& finding : report.findings) {
    const auto* policy = set.find(finding.policy);
    if (policy == nullptr) policy = set.find_template(finding.policy);
    const bool idle_forbid = !finding.is_error() && options.inventory != nullptr && !options.allow_unknown &&
                             policy != nullptr && policy->effect() == cedar::Effect::kForbid;
    if (idle_forbid)
      finding.diagnostic.help =
          "a forbid that never applies forbids nothing; --allow-unknown publishes it for "
          "what is to come";
    findings.push_back({idle_forbid ? "RMT-P008" : "RMT-P003", finding.is_error() || idle_forbid,
                        policy ? name_of(*policy) : finding.policy, std::move(finding.diagnostic)});
  }
}

}  // namespace

std::string render(const PolicyFinding& finding, std::string_view text, std::string_view file_name) {
  constexpr std::string_view kError = "error: ";
  auto rendered = cedar::render(finding.diagnostic, text, file_name);
  if (!finding.is_error && rendered.starts_with(kError)) rendered.replace(0, kError.size(), "warning: ");
  return rendered;
}

boost::json::object to_json(const PolicyFinding& finding) {
  const auto& diagnostic = finding.diagnostic;
  boost::json::object object{{"severity", finding.is_error ? "error" : "warning"},
                             {"code", finding.code},
                             {"policy", nullptr},
                             {"message", diagnostic.message},
                             {"help", nullptr},
                             {"line", diagnostic.start.line},
                             {"column", diagnostic.start.column},
                             {"end_line", diagnostic.end.line},
                             {"end_column", diagnostic.end.column},
                             {"begin", diagnostic.span.begin},
                             {"end", diagnostic.span.end}};
  if (!finding.policy.empty()) object["policy"] = finding.policy;
  if (!diagnostic.help.empty()) object["help"] = diagnostic.help;
  return object;
}

Result<PolicyFinding> read_finding(const boost::json::value& json) {
  bool whole = json.is_object();
  const auto member = [&](std::string_view name) {
    const auto* found = json.is_object() ? json.get_object().if_contains(name) : nullptr;
    whole = whole && found != nullptr;
    return found;
  };
  const auto text = [&](std::string_view name) {
    const auto* found = member(name);
    return found != nullptr && found->is_string() ? std::string(found->get_string()) : std::string();
  };
  const auto count = [&](std::string_view name) {
    const auto* found = member(name);
    boost::system::error_code ec;
    const auto number = found == nullptr ? 0U : found->to_number<std::uint32_t>(ec);
    whole = whole && !ec;
    return number;
  };
  const auto* known = find_error(text("code"));
  PolicyFinding finding{.code = known == nullptr ? std::string_view() : known->code,
                        .is_error = text("severity") != "warning",
                        .policy = text("policy"),
                        .diagnostic = {.message = text("message"),
                                       .help = text("help"),
                                       .span = {count("begin"), count("end")},
                                       .start = {count("line"), count("column")},
                                       .end = {count("end_line"), count("end_column")}}};
  if (whole && known != nullptr) return finding;
  return fail(ErrorKind::kInternal, "RMT-P005", "a finding of the server cannot be read");
}

bool PolicyCheck::passed() const { return std::ranges::none_of(findings, &PolicyFinding::is_error); }

Error PolicyCheck::error(std::string_view introduction, std::string_view text,
                         std::string_view file_name) const {
  Error error{ErrorKind::kInvalid, "RMT-P001", std::string(introduction)};
  const auto first = std::ranges::find(findings, true, &PolicyFinding::is_error);
  if (first != findings.end()) error.code = first->code;
  constexpr std::size_t kTold = 50;
  std::size_t count = 0;
  for (const auto& finding : findings)
    if (finding.is_error && ++count <= kTold) error.message += "\n" + render(finding, text, file_name);
  if (count > kTold) error.message += fmt::format("\nand {} more", count - kTold);
  return error;
}

PolicyCheck check_policies(std::string_view text, const PolicyCheckOptions& options) {
  auto parsed = cedar::PolicySet::parse(text);
  if (parsed) return check_policies(*parsed, options);
  PolicyCheck check;
  for (auto& diagnostic : parsed.error())
    check.findings.push_back({"RMT-P001", true, {}, std::move(diagnostic)});
  return check;
}

PolicyCheck check_policies(const cedar::PolicySet& set, const PolicyCheckOptions& options) {
  PolicyCheck check;
  check.set = set;
  if (options.obligations) find_obligations(set, check.findings);
  find_names(set, check.findings);
  if (options.schema != nullptr) validate(set, options, check.findings);
  if (options.inventory != nullptr) {
    find_emptiness(set, check.findings);
    find_unknown_names(set, *options.inventory, options.environment, options.allow_unknown, check.findings);
  }
  std::ranges::sort(check.findings, {}, [](const PolicyFinding& finding) {
    return std::pair(finding.diagnostic.span.begin, finding.code);
  });
  return check;
}

Result<cedar::Schema> schema_of(const snapshot::Snapshot& snapshot, Environment environment) {
  // As large as the catalog is, which is bounded where it is filled.
  constexpr cedar::Limits kLimits{.text_bytes = std::numeric_limits<std::uint32_t>::max(),
                                  .declarations = std::numeric_limits<std::uint32_t>::max()};
  const auto text = snapshot::policy_schema(snapshot.all(), environment).text;
  auto schema = cedar::Schema::parse(text, kLimits);
  if (schema) return std::move(*schema);
  return fail(ErrorKind::kInternal, "RMT-P005",
              fmt::format("the schema of {} is not one: {}", to_string(environment),
                          cedar::render(schema.error().front(), text, "schema")));
}

}  // namespace remit::catalog
