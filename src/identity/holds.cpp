// Holds: the reasons why a deployment may not act right now.

#include <fmt/format.h>

#include "identity/registry.h"
#include "identity/rows.h"

namespace remit::identity {

using snapshot::to_string;

namespace {

struct HoldRow {
  std::string placed_by;
  Instant placed_at;
};

// Whether what the hold was placed for is mended.
Result<void> require_mended(store::Reader& reader, const DeploymentRow& deployment, HoldKind kind,
                            const HoldRow& hold, Instant now) {
  const auto still_there = [&](std::string_view why) {
    return fail(ErrorKind::kConflict, "RMT-I015",
                fmt::format("`{}` stays held as {}: {}", deployment.label(), to_string(kind), why));
  };
  switch (kind) {
    case HoldKind::kOwnerMissing:
      if (!require_active_human(reader, deployment.owner)) return still_there("its owner has left");
      return {};
    case HoldKind::kExpired:
      if (deployment.expires <= now) return still_there("its end date has passed");
      return {};
    case HoldKind::kCredentialExposed: {
      ASSIGN_OR_RETURN(auto exposed,
                       reader.query("SELECT 1 FROM credential WHERE deployment = ? AND revoked_at IS NULL "
                                    "AND created_at <= ?",
                                    {deployment.id.str(), to_micros(hold.placed_at)}));
      if (!exposed.empty()) return still_there("a key of before the exposure is not revoked");
      return {};
    }
    case HoldKind::kChangePending:
    case HoldKind::kReviewOverdue:
    case HoldKind::kDormant:
    case HoldKind::kKilled:
    case HoldKind::kDrift:
      return {};
  }
  return {};
}

// Two people, where one alone could undo what protects against that one.
Result<void> require_second_person(const DeploymentRow& deployment, HoldKind kind, const HoldRow& hold,
                                   const HumanId& lifter) {
  if (kind == HoldKind::kKilled && hold.placed_by == lifter.str())
    return fail(
        ErrorKind::kForbidden, "RMT-I014",
        fmt::format("`{}` was killed by `{}`, who cannot lift that", deployment.label(), lifter.str()));
  if (kind == HoldKind::kOwnerMissing && deployment.environment == Environment::kProduction &&
      deployment.owner == lifter)
    return fail(ErrorKind::kForbidden, "RMT-I014",
                fmt::format("`{}` goes on under its new owner `{}` when another person agrees",
                            deployment.label(), lifter.str()));
  return {};
}

}  // namespace

Result<bool> Registry::insert_hold(store::Transaction& tx, const audit::Actor& actor,
                                   std::string_view subject, HoldKind kind, std::string_view reason) {
  const std::string name(to_string(kind));
  ASSIGN_OR_RETURN(auto there, tx.query("SELECT 1 FROM identity_hold WHERE subject = ? AND kind = ?",
                                        {std::string(subject), name}));
  if (!there.empty()) return false;
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  TRY(tx.execute(
      "INSERT INTO identity_hold (subject, kind, placed_by, placed_at, reason, revision) "
      "VALUES (?, ?, ?, ?, ?, ?)",
      {std::string(subject), name, actor.id, to_micros(clock_.now()), std::string(reason), revision}));
  TRY(record(tx, actor, "hold.place", subject, {{"hold", name}}, reason));
  return true;
}

Result<void> Registry::place_hold(store::Transaction& tx, const audit::Actor& actor,
                                  const DeploymentId& deployment, HoldKind kind, std::string_view reason) {
  TRY(require_text("reason", reason));
  TRY(read_living(tx, deployment));
  TRY(insert_hold(tx, actor, deployment.str(), kind, reason));
  return {};
}

Result<std::vector<DeploymentId>> Registry::kill(store::Transaction& tx, const audit::Actor& actor,
                                                 const AgentId& agent, std::string_view reason) {
  TRY(require_text("reason", reason));
  ASSIGN_OR_RETURN(auto rows,
                   tx.query("SELECT id FROM deployment WHERE agent = ? AND retired_at IS NULL ORDER BY id",
                            {agent.str()}));
  if (rows.empty())
    return fail(ErrorKind::kNotFound, "RMT-I003",
                fmt::format("agent `{}` has no deployment that lives", agent.str()));
  std::vector<DeploymentId> killed;
  for (const auto& row : rows) {
    killed.push_back(DeploymentId::trusted(row.text(0)));
    TRY(insert_hold(tx, actor, row.text(0), HoldKind::kKilled, reason));
  }
  return killed;
}

Result<void> Registry::lift_hold(store::Transaction& tx, const audit::Actor& actor, const DeploymentId& id,
                                 HoldKind kind, const HumanId& lifter, std::string_view reason) {
  TRY(require_text("reason", reason));
  ASSIGN_OR_RETURN(auto deployment, read_living(tx, id));
  TRY(require_active_human(tx, lifter));
  const std::string name(to_string(kind));
  ASSIGN_OR_RETURN(auto rows,
                   tx.query("SELECT placed_by, placed_at FROM identity_hold WHERE subject = ? AND kind = ?",
                            {id.str(), name}));
  if (rows.empty())
    return fail(ErrorKind::kConflict, "RMT-I013",
                fmt::format("`{}` has no hold {}", deployment.label(), name));
  const HoldRow hold{rows.front().text(0), from_micros(rows.front().integer(1))};
  TRY(require_second_person(deployment, kind, hold, lifter));
  TRY(require_mended(tx, deployment, kind, hold, clock_.now()));
  TRY(tx.next_revision());
  TRY(tx.execute("DELETE FROM identity_hold WHERE subject = ? AND kind = ?", {id.str(), name}));
  return record(tx, actor, "hold.lift", id.str(), {{"hold", name}, {"lifter", lifter.str()}}, reason);
}

}  // namespace remit::identity
