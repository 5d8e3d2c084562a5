#include "server/client_directory.h"

#include <spdlog/spdlog.h>

#include "base/canonical_json.h"

namespace remit::server {
namespace {

std::string why_barred(const snapshot::Deployment& deployment, Instant now) {
  if (deployment.state != snapshot::State::kActive)
    return "the deployment is " + std::string(to_string(deployment.state));
  if (!deployment.holds.empty())
    return "hold `" + std::string(to_string(deployment.holds.front().kind)) + "`";
  if (deployment.expires <= now) return "the deployment has expired";
  return {};
}

}  // namespace

std::optional<issuer::Client> SnapshotDirectory::find(std::string_view client_id, Instant now) const {
  const auto snapshot = snapshots_.current();
  if (!snapshot) return std::nullopt;
  const auto* deployment = snapshot->deployment(client_id);
  if (deployment == nullptr || deployment->environment != environment_) return std::nullopt;

  issuer::Client client{
      .client_id = deployment->id.str(), .barred = why_barred(*deployment, now), .agent_fp = {}, .keys = {}};
  for (const auto& credential : snapshot->all().credentials) {
    if (credential.deployment != deployment->id || credential.revoked) continue;
    if (now < credential.not_before || credential.expires <= now) continue;
    const auto jwk = parse_json(credential.public_jwk);
    auto key = jwk && jwk->is_object() ? jose::PublicKey::from_jwk(jwk->get_object())
                                       : fail(ErrorKind::kInternal, "RMT-J001", "not a JWK");
    if (!key) {
      spdlog::error("credential {} holds no usable key: {}", credential.id.str(), key.error().message);
      continue;
    }
    client.keys.push_back({.credential_id = credential.id.str(), .key = std::move(*key)});
  }
  return client;
}

}  // namespace remit::server
