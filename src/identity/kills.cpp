// The kill switch: who pulled it, and the two who put it back.

#include <fmt/format.h>

#include "identity/registry.h"
#include "identity/rows.h"

namespace remit::identity {
namespace {

struct KillRow {
  AgentId agent;
  std::string name;  // the agent's
  std::string owner;
  std::string owner_then;  // when it was killed
  std::string placed_by;
  std::optional<std::string> confirmed_by;
};

Result<KillRow> read_standing(store::Reader& reader, const KillId& id) {
  ASSIGN_OR_RETURN(
      auto rows,
      reader.query("SELECT a.id, a.name, a.owner, k.owner, k.placed_by, k.confirmed_by FROM agent_kill k "
                   "JOIN agent a ON a.id = k.agent WHERE k.id = ? AND k.lifted_at IS NULL",
                   {id.str()}));
  if (rows.empty())
    return fail(ErrorKind::kConflict, "RMT-I013", fmt::format("there is no kill `{}` that stands", id.str()));
  const auto& row = rows.front();
  return KillRow{AgentId::trusted(row.text(0)), row.text(1), row.text(2), row.text(3), row.text(4),
                 row.optional_text(5)};
}

// What a person is to a kill and its agent. Who owned it when it was killed cannot give it away to lift that.
Result<void> require_bystander(const KillRow& kill, const HumanId& person) {
  const auto refused = [&](std::string_view what) {
    return fail(ErrorKind::kForbidden, "RMT-I014",
                fmt::format("`{}` {} `{}`, and cannot lift its kill", person.str(), what, kill.name));
  };
  if (kill.placed_by == person.str()) return refused("killed");
  if (kill.owner == person.str()) return refused("owns");
  if (kill.owner_then == person.str()) return refused("owned, when it was killed,");
  return {};
}

}  // namespace

Result<KillId> Registry::kill(store::Transaction& tx, const audit::Actor& actor, const AgentId& agent,
                              const HumanId& killer, std::string_view reason) {
  TRY(require_text("reason", reason));
  TRY(require_active_human(tx, killer));
  ASSIGN_OR_RETURN(auto rows, tx.query("SELECT owner FROM agent WHERE id = ?", {agent.str()}));
  if (rows.empty())
    return fail(ErrorKind::kNotFound, "RMT-I003", fmt::format("there is no agent `{}`", agent.str()));
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  auto id = KillId::make(clock_, random_);
  TRY(
      tx.execute("INSERT INTO agent_kill (id, agent, owner, placed_by, placed_at, reason, revision) "
                 "VALUES (?, ?, ?, ?, ?, ?, ?)",
                 {id.str(), agent.str(), rows.front().text(0), killer.str(), to_micros(clock_.now()),
                  std::string(reason), revision}));
  TRY(record(tx, actor, "agent.kill", agent.str(), {{"kill", id.str()}, {"killer", killer.str()}}, reason));
  return id;
}

Result<bool> Registry::lift_kill(store::Transaction& tx, const audit::Actor& actor, const KillId& id,
                                 const HumanId& lifter, std::string_view reason) {
  TRY(require_text("reason", reason));
  TRY(require_active_human(tx, lifter));
  ASSIGN_OR_RETURN(const auto kill, read_standing(tx, id));
  TRY(require_bystander(kill, lifter));
  if (kill.confirmed_by == lifter.str())
    return fail(ErrorKind::kForbidden, "RMT-I014",
                fmt::format("`{}` has confirmed already that `{}` may go on: another person lifts the kill",
                            lifter.str(), kill.name));
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  const auto now = to_micros(clock_.now());
  const auto first = kill.confirmed_by ? HumanId::trusted(*kill.confirmed_by) : HumanId();
  const bool confirmed = !first.empty() && require_active_human(tx, first) && require_bystander(kill, first);
  if (!confirmed) {
    TRY(tx.execute("UPDATE agent_kill SET confirmed_by = ?, confirmed_at = ?, revision = ? WHERE id = ?",
                   {lifter.str(), now, revision, id.str()}));
    TRY(record(tx, actor, "kill.confirm", id.str(), {{"agent", kill.agent.str()}, {"person", lifter.str()}},
               reason));
    return false;
  }
  TRY(tx.execute("UPDATE agent_kill SET lifted_by = ?, lifted_at = ?, revision = ? WHERE id = ?",
                 {lifter.str(), now, revision, id.str()}));
  TRY(record(tx, actor, "kill.lift", id.str(),
             {{"agent", kill.agent.str()}, {"confirmed_by", first.str()}, {"lifter", lifter.str()}}, reason));
  return true;
}

Result<std::vector<KillId>> find_kills(store::Reader& reader, const AgentId& agent) {
  ASSIGN_OR_RETURN(auto rows, reader.query("SELECT id FROM agent_kill WHERE agent = ? AND lifted_at IS NULL "
                                           "ORDER BY placed_at, id",
                                           {agent.str()}));
  std::vector<KillId> kills;
  kills.reserve(rows.size());
  for (const auto& row : rows) kills.push_back(KillId::trusted(row.text(0)));
  return kills;
}

}  // namespace remit::identity
