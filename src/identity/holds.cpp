// Holds: the reasons why a deployment may not act right now.

#include <fmt/format.h>

#include "identity/registry.h"
#include "identity/rows.h"

namespace remit::identity {

using snapshot::to_string;

namespace {

struct HoldRow {
  Instant placed_at;
  bool mended = false;
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
    case HoldKind::kChangePending:
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
    case HoldKind::kDrift:
      if (!hold.mended) return still_there("it was not seen to run what is approved since");
      return {};
    case HoldKind::kReviewOverdue:
    case HoldKind::kDormant:
    case HoldKind::kSuspended:
      return {};
  }
  return {};
}

// Whether lifting it says that the deployment may go on as it is now: an approval.
bool is_approval(HoldKind kind) {
  return kind == HoldKind::kOwnerMissing || kind == HoldKind::kChangePending;
}

}  // namespace

Result<bool> Registry::insert_hold(store::Transaction& tx, const audit::Actor& actor,
                                   std::string_view subject, HoldKind kind, std::string_view reason) {
  const std::string name(to_string(kind));
  ASSIGN_OR_RETURN(auto there, tx.query("SELECT mended_at FROM identity_hold WHERE subject = ? AND kind = ?",
                                        {std::string(subject), name}));
  if (!there.empty() && there.front().is_null(0)) return false;
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  // What was mended has come back: it is as if it were placed now.
  if (!there.empty())
    TRY(tx.execute("DELETE FROM identity_hold WHERE subject = ? AND kind = ?", {std::string(subject), name}));
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

Result<void> Registry::lift_hold(store::Transaction& tx, const audit::Actor& actor, const DeploymentId& id,
                                 HoldKind kind, const HumanId& lifter, std::string_view reason) {
  TRY(require_text("reason", reason));
  ASSIGN_OR_RETURN(auto deployment, read_living(tx, id));
  TRY(require_active_human(tx, lifter));
  const std::string name(to_string(kind));
  ASSIGN_OR_RETURN(auto rows,
                   tx.query("SELECT placed_at, mended_at FROM identity_hold WHERE subject = ? AND kind = ?",
                            {id.str(), name}));
  if (rows.empty())
    return fail(ErrorKind::kConflict, "RMT-I013",
                fmt::format("`{}` has no hold {}", deployment.label(), name));
  const HoldRow hold{.placed_at = from_micros(rows.front().integer(0)), .mended = !rows.front().is_null(1)};
  if (is_approval(kind) || kind == HoldKind::kDrift)
    TRY(require_second_person(deployment, lifter, "RMT-I014", fmt::format("lift `{}`", name)));
  TRY(require_mended(tx, deployment, kind, hold, clock_.now()));
  // To lift one of these approves it, and nobody approves what has ended.
  if (is_approval(kind) && deployment.expires <= clock_.now())
    return fail(ErrorKind::kConflict, "RMT-I007",
                fmt::format("`{}` ended at its end date: renew it first", deployment.label()));
  TRY(tx.next_revision());
  TRY(tx.execute("DELETE FROM identity_hold WHERE subject = ? AND kind = ?", {id.str(), name}));
  if (is_approval(kind)) TRY(confirm_approvals(tx, deployment, lifter, clock_.now()));
  return record(tx, actor, "hold.lift", id.str(), {{"hold", name}, {"lifter", lifter.str()}}, reason);
}

Result<void> Registry::mend_drift(store::Transaction& tx, const audit::Actor& actor, const DeploymentId& id) {
  const std::string drift(to_string(HoldKind::kDrift));
  ASSIGN_OR_RETURN(auto rows, tx.query("SELECT 1 FROM identity_hold WHERE subject = ? AND kind = ? "
                                       "AND mended_at IS NULL",
                                       {id.str(), drift}));
  if (rows.empty()) return {};
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  TRY(tx.execute("UPDATE identity_hold SET mended_at = ?, revision = ? WHERE subject = ? AND kind = ?",
                 {to_micros(clock_.now()), revision, id.str(), drift}));
  return record(tx, actor, "hold.mend", id.str(), {{"hold", drift}});
}

}  // namespace remit::identity
