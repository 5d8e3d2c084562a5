// Pin and policy: the checks that need the call itself.

#include "decision/decide.h"

#include <fmt/format.h>

#include <algorithm>

#include "decision/denial.h"
#include "decision/policy_names.h"
#include "decision/request.h"

namespace remit::decision {
namespace {

using snapshot::Snapshot;

// What was set aside of the server's last list under the tool's name, if anything was.
const snapshot::SetAside* set_aside_as(const Standing& standing) {
  const auto& all = standing.destination->set_aside;
  const auto found = std::ranges::find(all, standing.tool->name, &snapshot::SetAside::name);
  return found == all.end() ? nullptr : &*found;
}

std::optional<Decision> check_pin(const Call& call, const Standing& standing, std::int64_t revision) {
  const auto& tool = *standing.tool;
  if (!call.offered && set_aside_as(standing) != nullptr)
    return deny(
        revision, "RMT-D032",
        fmt::format("The tool {} is offered by its server in a form that cannot be used. The owner of "
                    "its destination can see why.",
                    tool.qualified_name));
  if (!call.offered)
    return deny(revision, "RMT-D032",
                fmt::format("The tool {} is not offered by its server any more.", tool.qualified_name));
  if (*call.offered != tool.digest)
    return deny(
        revision, "RMT-D033",
        fmt::format(
            "The tool {} is offered with another definition than the one that was approved. The owner of "
            "its destination can review it.",
            tool.qualified_name));
  return std::nullopt;
}

// From Cedar's answer to ours. Anything but a clean allow is denied.
Decision judge(const cedar::Response& response, const Standing& standing, std::int64_t revision) {
  const std::string& tool = standing.tool->qualified_name;
  Decision decision =
      deny(revision, "RMT-D041",
           fmt::format("No policy permits this call of {}. Whoever writes the policies of {} can permit "
                       "it, for these arguments or in general.",
                       tool, to_string(standing.tool->environment)));
  std::vector<std::string> broken_forbids;
  for (const auto& error : response.errors) {
    decision.errors.push_back(fmt::format("{}: {}", name_of(*error.policy), error.message));
    if (error.policy->effect() == cedar::Effect::kForbid) broken_forbids.push_back(name_of(*error.policy));
  }
  bool forbidden = false;
  for (const auto* policy : response.determining) {
    forbidden |= policy->effect() == cedar::Effect::kForbid;
    decision.policies.push_back(name_of(*policy));
  }
  if (forbidden) {
    decision.code = "RMT-D042";
    decision.message = fmt::format("The policy {} forbids this call of {}. No approval overrides that.",
                                   joined(decision.policies), tool);
    return decision;
  }
  if (!broken_forbids.empty()) {
    decision.code = "RMT-D043";
    decision.message =
        fmt::format("The policy {} could not be evaluated for this call of {}, so the call is refused.",
                    joined(broken_forbids), tool);
    decision.policies = std::move(broken_forbids);
    return decision;
  }
  if (response.decision != cedar::Decision::kAllow) return decision;

  for (const auto* policy : response.determining) {
    const auto path = policy->annotation("approval");
    if (!path) continue;
    decision.verdict = Verdict::kHold;
    decision.code = "RMT-D050";
    decision.approval_path = std::string(*path);
    decision.message = fmt::format(
        "The policy `{}` lets this call of {} through when the approval path `{}` has approved it.",
        name_of(*policy), tool, *path);
    return decision;
  }
  decision.verdict = Verdict::kAllow;
  decision.code = "RMT-D000";
  decision.message = fmt::format("{} is permitted.", tool);
  return decision;
}

// Policies that would have to know the value of an argument that Cedar cannot hold: with one of them the call
// cannot be judged, whatever the others say. A permit that only might err changes nothing.
std::optional<Decision> check_open(const PolicyRequest& asked, const snapshot::Policies& policies,
                                   const cedar::Entities& entities, const Standing& standing,
                                   std::int64_t revision) {
  if (asked.beyond.empty()) return std::nullopt;
  const auto response = cedar::partial_authorize(asked.open, policies.set, entities);
  std::vector<std::string> names;
  for (const auto& residual : response.residuals()) {
    const bool forbids = residual.policy->effect() == cedar::Effect::kForbid;
    if (residual.may_hold || (forbids && residual.may_err)) names.push_back(name_of(*residual.policy));
  }
  if (names.empty()) return std::nullopt;
  Decision refused = deny(
      revision, "RMT-D091",
      fmt::format("The policy {} asks about the argument `{}` of {}, whose value is beyond the numbers that "
                  "policies know, so the call is refused.",
                  joined(names), fmt::join(asked.beyond, "`, `"), standing.tool->qualified_name));
  refused.policies = std::move(names);
  refused.policy_set = &policies;
  return refused;
}

}  // namespace

std::string_view to_string(Verdict verdict) {
  switch (verdict) {
    case Verdict::kAllow:
      return "allow";
    case Verdict::kDeny:
      return "deny";
    case Verdict::kHold:
      return "hold";
  }
  return "?";
}

Decision ask_policies(const Call& call, const Standing& standing, const snapshot::Policies* policies,
                      const Snapshot& snapshot) {
  const auto revision = snapshot.revision();
  const auto* entities = snapshot.entities(call.environment);
  if (policies == nullptr || entities == nullptr)
    return deny(revision, "RMT-D040",
                fmt::format("There are no policies in force in {}, so nothing is permitted.",
                            to_string(call.environment)));
  const auto request = make_request(call, standing);
  if (!request)
    return deny(revision, request.error().code,
                fmt::format("The call of {} is refused: {}.", standing.tool->qualified_name,
                            request.error().message));
  if (auto refused = check_open(*request, *policies, *entities, standing, revision))
    return std::move(*refused);
  Decision decision = judge(cedar::authorize(request->request, policies->set, *entities), standing, revision);
  decision.policy_set = policies;
  return decision;
}

Decision decide(const Call& call, const Snapshot* snapshot) {
  if (snapshot == nullptr)
    return deny(0, "RMT-D040", "Nothing is known yet of who may do what, so nothing is permitted.");
  const auto standing = check_standing(call, *snapshot);
  if (!standing) return standing.error();
  if (auto refused = check_pin(call, *standing, snapshot->revision())) return std::move(*refused);
  return ask_policies(call, *standing, snapshot->policies(call.environment), *snapshot);
}

}  // namespace remit::decision
