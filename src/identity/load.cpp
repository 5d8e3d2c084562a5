#include "identity/load.h"

#include <fmt/format.h>

#include <map>

#include "base/canonical_json.h"
#include "identity/rows.h"

namespace remit::identity {
namespace {

using snapshot::Hold;
using HoldsBySubject = std::map<std::string, std::vector<Hold>>;
using KillsByAgent = std::map<std::string, std::vector<snapshot::Kill>>;

std::optional<HumanId> optional_human(const store::Row& row, std::size_t column) {
  if (row.is_null(column)) return std::nullopt;
  return HumanId::trusted(row.text(column));
}

std::optional<Instant> optional_instant(const store::Row& row, std::size_t column) {
  if (row.is_null(column)) return std::nullopt;
  return from_micros(row.integer(column));
}

Result<HoldsBySubject> load_holds(store::Reader& reader) {
  ASSIGN_OR_RETURN(
      auto rows,
      reader.query("SELECT subject, kind, placed_by, placed_at, reason, mended_at FROM identity_hold "
                   "ORDER BY subject, placed_at, kind"));
  HoldsBySubject holds;
  for (const auto& row : rows) {
    ASSIGN_OR_RETURN(auto kind, hold_kind_of(row.text(1)));
    holds[row.text(0)].push_back(
        {kind, row.text(2), from_micros(row.integer(3)), row.text(4), optional_instant(row, 5)});
  }
  return holds;
}

Result<KillsByAgent> load_kills(store::Reader& reader) {
  ASSIGN_OR_RETURN(auto rows, reader.query("SELECT agent, id, placed_by, placed_at, reason, confirmed_by "
                                           "FROM agent_kill WHERE lifted_at IS NULL ORDER BY placed_at, id"));
  KillsByAgent kills;
  for (const auto& row : rows)
    kills[row.text(0)].push_back({KillId::trusted(row.text(1)), row.text(2), from_micros(row.integer(3)),
                                  row.text(4), optional_human(row, 5)});
  return kills;
}

Result<void> load_people(store::Reader& reader, const HoldsBySubject& holds, snapshot::SnapshotData& data) {
  ASSIGN_OR_RETURN(auto humans, reader.query("SELECT id, name, left_at FROM human ORDER BY id"));
  for (const auto& row : humans)
    data.humans.push_back({HumanId::trusted(row.text(0)), row.text(1), row.is_null(2)});
  ASSIGN_OR_RETURN(
      auto services,
      reader.query("SELECT id, name, owner, deputy, issuing_system, state FROM service ORDER BY id"));
  for (const auto& row : services) {
    ASSIGN_OR_RETURN(auto state, state_of(row.text(5)));
    snapshot::Service service{.id = ServiceId::trusted(row.text(0)),
                              .name = row.text(1),
                              .owner = HumanId::trusted(row.text(2)),
                              .deputy = optional_human(row, 3),
                              .issuing_system = row.text(4),
                              .state = state,
                              .holds = {}};
    if (auto found = holds.find(row.text(0)); found != holds.end())
      for (const auto& hold : found->second) service.holds.push_back(hold.kind);
    data.services.push_back(std::move(service));
  }
  return {};
}

Result<void> load_agents(store::Reader& reader, const KillsByAgent& kills, snapshot::SnapshotData& data) {
  ASSIGN_OR_RETURN(auto rows,
                   reader.query("SELECT id, name, owner, deputy, purpose, process, issuing_system FROM agent "
                                "ORDER BY id"));
  for (const auto& row : rows) {
    data.agents.push_back({AgentId::trusted(row.text(0)), row.text(1), HumanId::trusted(row.text(2)),
                           optional_human(row, 3), row.text(4), row.text(5), row.text(6)});
    if (const auto found = kills.find(row.text(0)); found != kills.end())
      data.agents.back().kills = found->second;
  }
  return {};
}

Result<void> load_deployments(store::Reader& reader, HoldsBySubject holds, const KillsByAgent& kills,
                              snapshot::SnapshotData& data) {
  ASSIGN_OR_RETURN(
      auto rows,
      reader.query(
          "SELECT d.id, d.environment, a.id, a.name, a.owner, a.deputy, d.state, a.purpose, a.process, "
          "d.expires_at FROM deployment d JOIN agent a ON a.id = d.agent ORDER BY d.id"));
  for (const auto& row : rows) {
    ASSIGN_OR_RETURN(auto environment, environment_of(row.text(1)));
    ASSIGN_OR_RETURN(auto state, state_of(row.text(6)));
    data.deployments.push_back({.id = DeploymentId::trusted(row.text(0)),
                                .environment = environment,
                                .agent = AgentId::trusted(row.text(2)),
                                .name = row.text(3),
                                .owner = HumanId::trusted(row.text(4)),
                                .deputy = optional_human(row, 5),
                                .state = state,
                                .holds = std::move(holds[row.text(0)]),
                                .purpose = row.text(7),
                                .process = row.text(8),
                                .expires = from_micros(row.integer(9)),
                                .killed = kills.contains(row.text(2))});
  }
  return {};
}

// A credential's key never changes, and reading one takes long: what was read once is taken over.
std::optional<jose::PublicKey> key_of(const store::Row& row, const snapshot::Snapshot* previous) {
  const auto* known = previous != nullptr ? previous->credential(row.text(0)) : nullptr;
  if (known != nullptr && known->public_jwk == row.text(2)) return known->key;
  const auto jwk = parse_json(row.text(2));
  if (!jwk || !jwk->is_object()) return std::nullopt;
  auto key = jose::PublicKey::from_jwk(jwk->get_object());
  if (!key) return std::nullopt;
  return *std::move(key);
}

Result<void> load_access(store::Reader& reader, const snapshot::Snapshot* previous,
                         snapshot::SnapshotData& data) {
  ASSIGN_OR_RETURN(auto credentials,
                   reader.query("SELECT id, deployment, public_jwk, thumbprint, not_before, expires_at, "
                                "revoked_at, kind FROM credential ORDER BY id"));
  for (const auto& row : credentials) {
    ASSIGN_OR_RETURN(const auto kind, credential_kind_of(row.text(7)));
    data.credentials.push_back({.id = CredentialId::trusted(row.text(0)),
                                .deployment = DeploymentId::trusted(row.text(1)),
                                .kind = kind,
                                .public_jwk = row.text(2),
                                .thumbprint = row.text(3),
                                .key = key_of(row, previous),
                                .not_before = from_micros(row.integer(4)),
                                .expires = from_micros(row.integer(5)),
                                .revoked = !row.is_null(6)});
  }
  ASSIGN_OR_RETURN(
      auto grants,
      reader.query("SELECT id, deployment, tool, expires_at, shown_name, former_name FROM tool_grant "
                   "WHERE revoked_at IS NULL ORDER BY id"));
  for (const auto& row : grants) {
    if (row.is_null(4))
      return fail(ErrorKind::kInternal, "RMT-I030",
                  fmt::format("the grant `{}` in the store has no name for its tool", row.text(0)));
    data.grants.push_back({.id = GrantId::trusted(row.text(0)),
                           .deployment = DeploymentId::trusted(row.text(1)),
                           .tool = ToolId::trusted(row.text(2)),
                           .expires = optional_instant(row, 3),
                           .shown_name = row.text(4),
                           .former_name = row.optional_text(5).value_or("")});
  }
  return {};
}

}  // namespace

Result<void> load(store::Reader& reader, snapshot::SnapshotData& data, const snapshot::Snapshot* previous) {
  ASSIGN_OR_RETURN(auto holds, load_holds(reader));
  ASSIGN_OR_RETURN(const auto kills, load_kills(reader));
  TRY(load_people(reader, holds, data));
  TRY(load_agents(reader, kills, data));
  TRY(load_deployments(reader, std::move(holds), kills, data));
  return load_access(reader, previous, data);
}

}  // namespace remit::identity
