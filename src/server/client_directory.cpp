#include "server/client_directory.h"

#include <algorithm>

namespace remit::server {
namespace {

using snapshot::HoldKind;

std::string why_barred(const snapshot::Deployment& deployment, Instant now) {
  if (deployment.state != snapshot::State::kActive)
    return "the deployment is " + std::string(to_string(deployment.state));
  if (deployment.killed) return "the agent is killed";
  if (!deployment.holds.empty())
    return "hold `" + std::string(to_string(deployment.holds.front().kind)) + "`";
  if (deployment.expires <= now)
    return "the deployment expired on " + format_instant(deployment.expires) + ", and has to be renewed";
  return {};
}

bool is_drifted(const snapshot::Deployment& deployment) {
  return std::ranges::any_of(deployment.holds,
                             [](const auto& hold) { return hold.kind == HoldKind::kDrift && !hold.mended; });
}

bool proves(const snapshot::Credential& credential, Instant now) {
  return !credential.revoked && credential.key && credential.not_before <= now;
}

issuer::ClientKey key_of(const snapshot::Credential& credential, Instant now) {
  issuer::ClientKey key{
      .credential_id = credential.id.str(), .key = *credential.key, .thumbprint = credential.thumbprint};
  if (credential.expires <= now) key.barred = "the key expired on " + format_instant(credential.expires);
  return key;
}

}  // namespace

std::optional<issuer::Client> SnapshotDirectory::find(std::string_view client_id, Instant now) const {
  const auto snapshot = snapshots_.current();
  if (!snapshot) return std::nullopt;
  const auto* deployment = snapshot->deployment(client_id);
  if (deployment == nullptr || deployment->environment != environment_) return std::nullopt;

  issuer::Client client{.client_id = deployment->id.str(),
                        .barred = why_barred(*deployment, now),
                        .drifted = is_drifted(*deployment),
                        .agent_fp = {},
                        .keys = {}};
  // Whoever proves an expired key is told that it is expired; it takes no living one's place.
  for (const bool expired : {false, true})
    for (const auto* credential : snapshot->credentials_of(client_id))
      if ((credential->expires <= now) == expired && proves(*credential, now))
        client.keys.push_back(key_of(*credential, now));
  return client;
}

}  // namespace remit::server
