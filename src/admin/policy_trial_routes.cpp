// Policies tried before they come into force: what they would change, and whether they decide as expected.

#include <fmt/format.h>

#include <utility>

#include "admin/computing.h"
#include "admin/routes.h"
#include "admin/views.h"
#include "catalog/policies.h"
#include "decision/policy_case.h"
#include "decision/prospect.h"

namespace remit::admin {
namespace {

namespace json = boost::json;
using http::Method;
using snapshot::Snapshot;

constexpr std::size_t kMostChanges = 500;
constexpr std::size_t kMostCases = 10'000;

// What a request asks, and the policies that it is about: those of its text, else those in force.
struct Trial {
  Environment environment = Environment::kSandbox;
  std::optional<std::string> text = {};
  std::vector<decision::PolicyCase> cases = {};
  std::vector<std::string> names = {};  // of the cases
};

const snapshot::Policies* in_force(const Trial& trial, const Snapshot& snapshot) {
  return snapshot.policies(trial.environment);
}

Result<snapshot::Policies> policies_of(const Trial& trial, const Snapshot& snapshot) {
  snapshot::Policies policies{PolicySetId(), trial.environment, {}, {}};
  if (trial.text) {
    ASSIGN_OR_RETURN(policies.set, catalog::compile_policies(
                                       *trial.text, fmt::format("{}.cedar", to_string(trial.environment))));
  } else if (const auto* current = in_force(trial, snapshot)) {
    policies = *current;
  }
  return policies;
}

json::object view(const decision::Prospect& prospect) {
  json::array conditions;
  for (const auto& open : prospect.open)
    conditions.push_back(json::object{{"effect", open.effect == cedar::Effect::kPermit ? "permit" : "forbid"},
                                      {"policy", open.name},
                                      {"condition", open.condition}});
  return {{"outlook", to_string(prospect.outlook)},
          {"policies", json::array(prospect.policies.begin(), prospect.policies.end())},
          {"approval_path",
           prospect.approval_path.empty() ? json::value(nullptr) : json::value(prospect.approval_path)},
          {"open", std::move(conditions)}};
}

Result<Answer> compare(const Trial& trial, Instant now, const Snapshot& snapshot) {
  ASSIGN_OR_RETURN(const auto candidate, policies_of(trial, snapshot));
  const auto effect = decision::effect_of(candidate.set, trial.environment, now, snapshot, kMostChanges);
  json::array changes;
  for (const auto& change : effect.changes)
    changes.push_back(json::object{{"agent", change.deployment->name},
                                   {"tool", change.after.tool->qualified_name},
                                   {"before", view(change.before)},
                                   {"after", view(change.after)}});
  const auto* current = in_force(trial, snapshot);
  return Answer{
      json::object{{"environment", to_string(trial.environment)},
                   {"revision", snapshot.revision()},
                   {"in_force", current == nullptr ? json::value(nullptr) : json::value(current->id.str())},
                   {"compared", effect.compared},
                   {"changed", effect.changed},
                   {"changes", std::move(changes)}}};
}

Result<decision::Verdict> verdict(const Fields& fields) {
  using enum decision::Verdict;
  ASSIGN_OR_RETURN(const auto text, fields.text("expect"));
  for (const auto one : {kAllow, kDeny, kHold})
    if (text == to_string(one)) return one;
  return fail(ErrorKind::kInvalid, "RMT-X012",
              fmt::format("`expect` has no value `{}`: it is allow, deny or hold", text));
}

Result<decision::PolicyCase> read_case(json::object object, Instant now, std::string& name) {
  const auto* expected = object.if_contains("policies");
  const bool names_policies = expected != nullptr && !expected->is_null();
  const Fields fields(std::move(object));
  decision::PolicyCase made;
  ASSIGN_OR_RETURN(made.agent, fields.text("agent"));
  ASSIGN_OR_RETURN(made.tool, fields.text("tool"));
  ASSIGN_OR_RETURN(auto arguments, fields.optional_object("arguments"));
  if (arguments) made.arguments = std::move(*arguments);
  ASSIGN_OR_RETURN(const auto at, fields.optional_instant("at"));
  made.at = at.value_or(now);
  ASSIGN_OR_RETURN(made.expected, verdict(fields));
  ASSIGN_OR_RETURN(auto policies, fields.texts("policies"));
  if (names_policies) made.policies = std::move(policies);
  ASSIGN_OR_RETURN(auto given, fields.optional_text("name"));
  name = given ? std::move(*given) : fmt::format("{} calls {}", made.agent, made.tool);
  TRY(fields.all_known());
  return made;
}

json::object view(const decision::PolicyCase& asked, const std::string& name,
                  const decision::PolicyCaseResult& result) {
  const auto list = [](const std::vector<std::string>& names) {
    return json::array(names.begin(), names.end());
  };
  json::object object{{"name", name},
                      {"agent", asked.agent},
                      {"tool", asked.tool},
                      {"passed", result.passed},
                      {"expected", to_string(asked.expected)},
                      {"expected_policies", nullptr},
                      {"decision", nullptr},
                      {"policies", json::array()},
                      {"reason", nullptr},
                      {"message", result.problem}};
  if (asked.policies) object["expected_policies"] = list(*asked.policies);
  if (result.decision) {
    object["decision"] = to_string(result.decision->verdict);
    object["policies"] = list(result.decision->policies);
    object["reason"] = result.decision->code;
    object["message"] = result.decision->message;
  }
  return object;
}

Result<Answer> run_cases(const Trial& trial, const Snapshot& snapshot) {
  ASSIGN_OR_RETURN(const auto policies, policies_of(trial, snapshot));
  json::array items;
  std::size_t passed = 0;
  for (std::size_t i = 0; i < trial.cases.size(); ++i) {
    const auto result = decision::run_case(trial.cases[i], trial.environment, &policies, snapshot);
    passed += result.passed ? 1U : 0U;
    items.push_back(view(trial.cases[i], trial.names[i], result));
  }
  return Answer{json::object{{"environment", to_string(trial.environment)},
                             {"revision", snapshot.revision()},
                             {"id", trial.text ? json::value(nullptr) : json::value(policies.id.str())},
                             {"passed", passed},
                             {"failed", trial.cases.size() - passed},
                             {"items", std::move(items)}}};
}

Result<Trial> read_trial(const Call& call, Instant now, bool with_cases) {
  Trial trial;
  ASSIGN_OR_RETURN(trial.environment, environment_of_path(call));
  if (with_cases) {
    ASSIGN_OR_RETURN(trial.text, call.body.optional_text("text"));
    ASSIGN_OR_RETURN(auto cases, call.body.objects("cases"));
    if (cases.size() > kMostCases)
      return fail(ErrorKind::kInvalid, "RMT-P013", fmt::format("there are more than {} cases", kMostCases));
    for (auto& one : cases) {
      std::string name;
      auto made = read_case(std::move(one), now, name);
      if (!made)
        return fail(ErrorKind::kInvalid, "RMT-P013",
                    fmt::format("case {}: {}", trial.cases.size() + 1, made.error().message),
                    made.error().fix);
      trial.cases.push_back(std::move(*made));
      trial.names.push_back(std::move(name));
    }
  } else {
    ASSIGN_OR_RETURN(trial.text, call.body.text("text"));
  }
  TRY(call.body.all_known());
  return trial;
}

http::Task<Result<Answer>> try_out(ApiParts parts, ReadingThread* checking, Call call, bool with_cases) {
  const auto now = parts.clock.now();
  auto trial = read_trial(call, now, with_cases);
  if (!trial) co_return std::unexpected(std::move(trial).error());
  co_return co_await compute(&parts.snapshots, checking,
                             [trial = std::move(*trial), now, with_cases](const Snapshot& snapshot) {
                               return with_cases ? run_cases(trial, snapshot) : compare(trial, now, snapshot);
                             });
}

}  // namespace

std::vector<Route> policy_trial_routes(const ApiParts& parts, ReadingThread& checking) {
  return {
      {Method::kPost, "/v1/policies/{environment}/compare",
       [parts, &checking](Call call) { return try_out(parts, &checking, std::move(call), false); }},
      {Method::kPost, "/v1/policies/{environment}/test",
       [parts, &checking](Call call) { return try_out(parts, &checking, std::move(call), true); }},
  };
}

}  // namespace remit::admin
