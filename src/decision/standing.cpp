// The checks that come before policy.

#include <fmt/format.h>

#include <algorithm>

#include "decision/decide.h"
#include "decision/denial.h"
#include "decision/prospect.h"

namespace remit::decision {
namespace {

using snapshot::Credential;
using snapshot::Deployment;
using snapshot::Snapshot;
using snapshot::State;

std::string label(const Deployment& deployment) {
  return fmt::format("{}/{}", to_string(deployment.environment), deployment.name);
}

std::string hold_names(const Deployment& deployment) {
  std::string names = deployment.killed ? "killed" : "";
  for (const auto& hold : deployment.holds) {
    if (!names.empty()) names += ", ";
    names += to_string(hold.kind);
  }
  return names;
}

std::optional<Decision> check_identity(const Deployment* deployment, Instant now, std::int64_t revision) {
  if (deployment == nullptr)
    return deny(revision, "RMT-D001", "The caller is no deployment that is known here.");
  if (deployment->state != State::kActive)
    return deny(revision, "RMT-D002",
                fmt::format("The agent {} is {} and may not act. Its owner can tell what is missing.",
                            label(*deployment), to_string(deployment->state)));
  if (deployment->killed || !deployment->holds.empty())
    return deny(revision, "RMT-D003",
                fmt::format("The agent {} is on hold ({}) and may not act until a person lifts it.",
                            label(*deployment), hold_names(*deployment)));
  if (deployment->expires <= now)
    return deny(revision, "RMT-D004",
                fmt::format("The agent {} was approved until {}. Its owner can have it renewed.",
                            label(*deployment), format_instant(deployment->expires)));
  return std::nullopt;
}

std::optional<Decision> check_credential(const Deployment& deployment, const Credential* credential,
                                         const Call& call, std::int64_t revision) {
  if (deployment.environment != call.environment)
    return deny(
        revision, "RMT-D010",
        fmt::format(
            "The agent {} may not act in {}: nothing that is valid in one environment is valid in another.",
            label(deployment), to_string(call.environment)));
  if (credential == nullptr || credential->deployment != deployment.id)
    return deny(revision, "RMT-D011",
                fmt::format("The credential is none of the agent {}.", label(deployment)));
  if (credential->revoked)
    return deny(revision, "RMT-D012", fmt::format("The credential {} is revoked.", credential->id.str()));
  if (call.now < credential->not_before || credential->expires <= call.now)
    return deny(revision, "RMT-D013",
                fmt::format("The credential {} is valid from {} until {}.", credential->id.str(),
                            format_instant(credential->not_before), format_instant(credential->expires)));
  return std::nullopt;
}

// One answer for all that the agent may not know: whether the tool exists at all.
Decision not_granted(std::string_view tool, const Deployment& deployment, std::int64_t revision) {
  return deny(revision, "RMT-D020",
              fmt::format("The tool {} is not one that the agent {} may use. Its owner can ask for a grant.",
                          tool.substr(0, 200), label(deployment)));
}

bool grant_lives(const snapshot::Grant* grant, Instant now) {
  return grant != nullptr && (!grant->expires || now < *grant->expires);
}

}  // namespace

std::expected<Standing, Decision> check_standing(const Call& call, const Snapshot& snapshot) {
  const auto revision = snapshot.revision();
  const auto* deployment = snapshot.deployment(call.deployment);
  if (auto refused = check_identity(deployment, call.now, revision))
    return std::unexpected(std::move(*refused));
  const auto* credential = snapshot.credential(call.credential);
  if (auto refused = check_credential(*deployment, credential, call, revision))
    return std::unexpected(std::move(*refused));

  const auto* tool = snapshot.tool(call.environment, call.tool);
  const auto* grant = tool == nullptr ? nullptr : snapshot.grant(deployment->id.str(), tool->id.str());
  const auto* destination = tool == nullptr ? nullptr : snapshot.destination(tool->destination.str());
  if (!grant_lives(grant, call.now) || destination == nullptr || destination->environment != call.environment)
    return std::unexpected(not_granted(call.tool, *deployment, revision));

  if (!tool->effect)
    return std::unexpected(
        deny(revision, "RMT-D030",
             fmt::format("Nobody has said yet what the tool {} does, so it cannot be called. The owner "
                         "of its destination can.",
                         tool->qualified_name)));
  if (tool->quarantined)
    return std::unexpected(
        deny(revision, "RMT-D031",
             tool->moved
                 ? fmt::format("The tool {} is quarantined: its destination has another address or command "
                               "since it was approved.",
                               tool->qualified_name)
                 : fmt::format("The tool {} is quarantined: its server offers another definition than "
                               "the one that was approved.",
                               tool->qualified_name)));
  return Standing{deployment, credential, grant, tool, destination};
}

std::vector<const snapshot::Tool*> callable_tools(Environment environment, std::string_view deployment_id,
                                                  std::string_view credential, Instant now,
                                                  const Snapshot& snapshot) {
  std::vector<const snapshot::Tool*> tools;
  const Call call{.environment = environment,
                  .deployment = deployment_id,
                  .credential = credential,
                  .tool = {},
                  .now = now};
  for (const auto& grant : snapshot.all().grants) {
    if (grant.deployment.str() != deployment_id) continue;
    const auto* tool = snapshot.tool(grant.tool.str());
    // What its server does not list can still be called: it may be back, which only the server can tell.
    if (tool == nullptr || tool->missing || !tool->readable) continue;
    Call attempt = call;
    attempt.tool = tool->qualified_name;
    const auto standing = check_standing(attempt, snapshot);
    if (standing && !is_hopeless(*standing, snapshot)) tools.push_back(standing->tool);
  }
  std::ranges::sort(tools, {}, &snapshot::Tool::qualified_name);
  return tools;
}

}  // namespace remit::decision
