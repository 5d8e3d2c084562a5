#include "decision/policy_case.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/nearest.h"

namespace remit::decision {
namespace {

using snapshot::Snapshot;

// "there is no agent `crm-bto` in production; did you mean `crm-bot`?"
template <typename Things, typename NameOf>
PolicyCaseResult no_such(std::string_view kind, std::string_view name, Environment environment,
                         const Things& things, NameOf name_of_thing) {
  std::vector<std::string_view> known;
  for (const auto& thing : things)
    if (thing.environment == environment) known.push_back(name_of_thing(thing));
  return {.problem = fmt::format("there is no {} `{}` in {}{}", kind, name, to_string(environment),
                                 nearest_hint(name, known))};
}

// Any credential that the agent has; one of the usual kind where it has none.
const snapshot::Credential* credential_of(const snapshot::Deployment& deployment, const Snapshot& snapshot) {
  static const snapshot::Credential kUsual;
  const auto all = snapshot.credentials_of(deployment.id.str());
  return all.empty() ? &kUsual : all.front();
}

bool same_names(std::vector<std::string> a, std::vector<std::string> b) {
  std::ranges::sort(a);
  std::ranges::sort(b);
  return a == b;
}

}  // namespace

PolicyCaseResult run_case(const PolicyCase& asked, Environment environment,
                          const snapshot::Policies* policies, const Snapshot& snapshot) {
  const auto* deployment = snapshot.deployment(environment, asked.agent);
  if (deployment == nullptr || deployment->state == snapshot::State::kRetired)
    return no_such("agent", asked.agent, environment, snapshot.all().deployments,
                   [](const snapshot::Deployment& one) -> std::string_view { return one.name; });
  const auto* tool = snapshot.tool(environment, asked.tool);
  const auto* destination = tool == nullptr ? nullptr : snapshot.destination(tool->destination.str());
  if (destination == nullptr)
    return no_such("tool", asked.tool, environment, snapshot.all().tools,
                   [](const snapshot::Tool& one) -> std::string_view { return one.qualified_name; });
  if (!tool->effect)
    return {.problem = fmt::format("the tool `{}` has no effect yet: `remit tool classify` gives it one",
                                   asked.tool)};
  const Call call{.environment = environment,
                  .deployment = deployment->id.str(),
                  .credential = {},
                  .tool = tool->qualified_name,
                  .arguments = &asked.arguments,
                  .now = asked.at};
  PolicyCaseResult result;
  result.decision =
      ask_policies(call, {deployment, credential_of(*deployment, snapshot), nullptr, tool, destination},
                   policies, snapshot);
  result.passed = result.decision->verdict == asked.expected &&
                  (!asked.policies || same_names(*asked.policies, result.decision->policies));
  return result;
}

}  // namespace remit::decision
