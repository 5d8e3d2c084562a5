#include "decision/prospect.h"

#include <fmt/format.h>

#include <algorithm>

#include "decision/denial.h"
#include "decision/policy_names.h"
#include "decision/request.h"

namespace remit::decision {
namespace {

constexpr std::size_t kMaxConditionBytes = 2000;

using snapshot::Snapshot;

std::optional<cedar::PartialResponse> ask(const Standing& standing, const Snapshot& snapshot,
                                          const cedar::PolicySet* policies = nullptr) {
  const auto environment = standing.deployment->environment;
  const auto* in_force = snapshot.policies(environment);
  if (policies == nullptr && in_force != nullptr) policies = &in_force->set;
  const auto* entities = snapshot.entities(environment);
  if (policies == nullptr || entities == nullptr) return std::nullopt;
  return cedar::partial_authorize(make_open_request(standing), *policies, *entities);
}

// The forbids that err whatever is asked: each refuses every call (decide.cpp).
std::vector<std::string> broken_forbids(const cedar::PartialResponse& response) {
  std::vector<std::string> names;
  const auto add = [&](const cedar::Policy& policy) {
    if (policy.effect() == cedar::Effect::kForbid) names.push_back(name_of(policy));
  };
  for (const auto& error : response.errors()) add(*error.policy);
  for (const auto& residual : response.residuals())
    if (residual.must_err) add(*residual.policy);
  return names;
}

Prospect never(const snapshot::Tool& tool, std::string_view code, std::string message) {
  return {.tool = &tool, .outlook = Outlook::kNever, .code = code, .message = std::move(message)};
}

// Where every call is refused, why.
std::optional<Prospect> refusal(const std::optional<cedar::PartialResponse>& response,
                                const snapshot::Tool& tool) {
  if (!response)
    return never(tool, "RMT-D040",
                 fmt::format("there are no policies in force in {}", to_string(tool.environment)));
  std::vector<std::string> forbids;
  for (const auto* policy : response->satisfied())
    if (policy->effect() == cedar::Effect::kForbid) forbids.push_back(name_of(*policy));
  if (!forbids.empty()) {
    auto refused = never(tool, "RMT-D042", fmt::format("the policy {} forbids every call", joined(forbids)));
    refused.policies = std::move(forbids);
    return refused;
  }
  if (auto broken = broken_forbids(*response); !broken.empty()) {
    auto refused =
        never(tool, "RMT-D043",
              fmt::format("the policy {} could not be evaluated for any call, so every call is refused",
                          joined(broken)));
    refused.policies = std::move(broken);
    return refused;
  }
  if (response->decision() == cedar::Decision::kDeny)
    return never(tool, "RMT-D041", "no policy permits any call");
  return std::nullopt;
}

std::string approval_of(const cedar::Policy& policy) {
  return std::string(policy.annotation("approval").value_or(""));
}

// What is left open, and what it comes to.
Prospect weigh(const cedar::PartialResponse& response, const snapshot::Tool& tool) {
  Prospect found{.tool = &tool};
  bool plain = false;          // a permit without an approval may apply
  bool certain_plain = false;  // and does, to every call
  std::string needed;          // the approval of a permit that applies to every call
  std::string possible;        // of one that may
  bool open_forbid = false;
  bool open_approval = false;
  for (const auto* policy : response.satisfied()) {
    found.policies.push_back(name_of(*policy));
    const auto approval = approval_of(*policy);
    if (!policy->annotation("approval")) plain = certain_plain = true;
    if (needed.empty()) needed = approval;
  }
  for (const auto& residual : response.residuals()) {
    const auto& policy = *residual.policy;
    const bool forbids = policy.effect() == cedar::Effect::kForbid;
    // A forbid that errs refuses the call; a permit that errs does nothing.
    if (!residual.may_hold && !(forbids && residual.may_err)) continue;
    const bool with_approval = policy.annotation("approval").has_value();
    // Where every call is permitted, no other plain permit matters.
    if (!forbids && !with_approval && certain_plain) continue;
    open_forbid |= forbids;
    open_approval |= with_approval;
    if (!forbids && !with_approval) plain = true;
    if (with_approval && possible.empty()) possible = approval_of(policy);
    found.open.push_back({.effect = policy.effect(),
                          .name = name_of(policy),
                          .condition = cedar::shortened(residual.condition(), kMaxConditionBytes),
                          .approval_path = approval_of(policy)});
  }
  // An approval is needed also where a plain permit applies too (decide.h).
  if (!needed.empty() || !plain) {
    found.outlook = Outlook::kApproval;
    found.approval_path = needed.empty() ? possible : needed;
  } else {
    found.outlook = certain_plain && !open_forbid && !open_approval ? Outlook::kAlways : Outlook::kDepends;
  }
  return found;
}

// The credential that the deployment could use now, else any of it.
const snapshot::Credential* credential_of(const snapshot::Deployment& deployment, Instant now,
                                          const Snapshot& snapshot) {
  const snapshot::Credential* any = nullptr;
  for (const auto& credential : snapshot.all().credentials) {
    if (credential.deployment != deployment.id) continue;
    if (!credential.revoked && credential.not_before <= now && now < credential.expires) return &credential;
    if (any == nullptr) any = &credential;
  }
  return any;
}

Prospect prospect(const Standing& standing, const Snapshot& snapshot, const cedar::PolicySet* policies) {
  const auto response = ask(standing, snapshot, policies);
  if (auto refused = refusal(response, *standing.tool)) return std::move(*refused);
  return weigh(*response, *standing.tool);
}

// Whether two prospects of a tool allow the same, as far as can be told.
bool is_same(const Prospect& a, const Prospect& b) {
  return a.outlook == b.outlook && a.approval_path == b.approval_path &&
         std::ranges::equal(a.open, b.open, [](const OpenPolicy& x, const OpenPolicy& y) {
           return x.effect == y.effect && x.condition == y.condition && x.approval_path == y.approval_path;
         });
}

}  // namespace

std::string_view to_string(Outlook outlook) {
  switch (outlook) {
    case Outlook::kAlways:
      return "always";
    case Outlook::kDepends:
      return "depends";
    case Outlook::kApproval:
      return "approval";
    case Outlook::kNever:
      return "never";
  }
  return "?";
}

Prospect prospect(const Standing& standing, const Snapshot& snapshot) {
  return prospect(standing, snapshot, nullptr);
}

bool is_hopeless(const Standing& standing, const Snapshot& snapshot) {
  const auto response = ask(standing, snapshot);
  return !response || response->decision() == cedar::Decision::kDeny || !broken_forbids(*response).empty();
}

std::vector<Prospect> prospects(const snapshot::Deployment& deployment, Instant now, const Snapshot& snapshot,
                                const cedar::PolicySet* policies) {
  const auto* credential = credential_of(deployment, now, snapshot);
  std::vector<Prospect> all;
  for (const auto& grant : snapshot.all().grants) {
    if (grant.deployment != deployment.id) continue;
    const auto* tool = snapshot.tool(grant.tool.str());
    if (tool == nullptr) continue;
    const auto standing =
        check_standing({.environment = deployment.environment,
                        .deployment = deployment.id.str(),
                        .credential = credential == nullptr ? std::string_view() : credential->id.str(),
                        .tool = tool->qualified_name,
                        .now = now},
                       snapshot);
    all.push_back(standing ? prospect(*standing, snapshot, policies)
                           : never(*tool, standing.error().code, standing.error().message));
  }
  std::ranges::sort(all, {},
                    [](const Prospect& one) -> const std::string& { return one.tool->qualified_name; });
  return all;
}

PolicyEffect effect_of(const cedar::PolicySet& policies, Environment environment, Instant now,
                       const Snapshot& snapshot, std::size_t most) {
  std::vector<const snapshot::Deployment*> deployments;
  for (const auto& deployment : snapshot.all().deployments)
    if (deployment.environment == environment && deployment.state != snapshot::State::kRetired)
      deployments.push_back(&deployment);
  std::ranges::sort(deployments, {},
                    [](const snapshot::Deployment* one) -> const std::string& { return one->name; });
  PolicyEffect effect;
  for (const auto* deployment : deployments) {
    auto before = prospects(*deployment, now, snapshot);
    auto after = prospects(*deployment, now, snapshot, &policies);
    effect.compared += before.size();
    for (std::size_t i = 0; i < before.size(); ++i) {
      if (is_same(before[i], after[i])) continue;
      if (effect.changed++ < most)
        effect.changes.push_back({deployment, std::move(before[i]), std::move(after[i])});
    }
  }
  return effect;
}

std::vector<cedar::Explanation> nearest_permits(const Standing& standing, Instant time,
                                                const Snapshot& snapshot, std::size_t count) {
  const auto environment = standing.deployment->environment;
  const auto* policies = snapshot.policies(environment);
  const auto* entities = snapshot.entities(environment);
  if (policies == nullptr || entities == nullptr) return {};
  return cedar::nearest_permits(make_open_request(standing, time), policies->set, *entities, count);
}

}  // namespace remit::decision
