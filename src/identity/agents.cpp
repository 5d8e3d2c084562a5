// The life of agents and their deployments: draft → pending → approved → active → retired (identity.md).

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "audit/openings.h"
#include "identity/registry.h"
#include "identity/rows.h"

namespace remit::identity {

using snapshot::State;
using snapshot::to_string;

namespace {

// Every move that there is.
constexpr std::array<std::pair<State, State>, 8> kMoves = {{{State::kDraft, State::kPending},
                                                            {State::kPending, State::kApproved},
                                                            {State::kPending, State::kDraft},
                                                            {State::kApproved, State::kActive},
                                                            {State::kDraft, State::kRetired},
                                                            {State::kPending, State::kRetired},
                                                            {State::kApproved, State::kRetired},
                                                            {State::kActive, State::kRetired}}};

Result<void> require_state(const DeploymentRow& deployment, State needed, std::string_view command) {
  if (deployment.state == needed) return {};
  return fail(ErrorKind::kConflict, "RMT-I010",
              fmt::format("`{}` is {}; to {} it, it must be {}", deployment.label(),
                          to_string(deployment.state), command, to_string(needed)));
}

// What a known agent is registered as must be what it is; a difference names itself.
Result<void> require_same(std::string_view name, std::string_view what, std::string_view known,
                          std::string_view given) {
  if (known == given) return {};
  return fail(ErrorKind::kConflict, "RMT-I020",
              fmt::format("agent `{}` is known with the {} `{}`, not `{}`", name, what, known, given));
}

}  // namespace

Result<void> Registry::move_state(store::Transaction& tx, const DeploymentId& deployment, State from,
                                  State to) {
  if (std::ranges::find(kMoves, std::pair{from, to}) == kMoves.end())
    return fail(ErrorKind::kConflict, "RMT-I010",
                fmt::format("a deployment does not go from {} to {}", to_string(from), to_string(to)));
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  TRY(tx.execute("UPDATE deployment SET state = ?, revision = ? WHERE id = ?",
                 {std::string(to_string(to)), revision, deployment.str()}));
  return {};
}

// The agent's row: as it is, made, or (where none of its deployments lives) made anew from the registration.
Result<AgentId> Registry::take_up_agent(store::Transaction& tx, const Registration& given) {
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  ASSIGN_OR_RETURN(
      auto rows,
      tx.query("SELECT id, owner, deputy, purpose, process, issuing_system, (SELECT COUNT(*) FROM "
               "deployment d WHERE d.agent = agent.id AND d.retired_at IS NULL) FROM agent WHERE name = ?",
               {given.name}));
  if (rows.empty()) {
    auto id = AgentId::make(clock_, random_);
    TRY(tx.execute(
        "INSERT INTO agent (id, name, owner, deputy, purpose, process, issuing_system, created_at, revision) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
        {id.str(), given.name, given.owner.str(), nullable(given.deputy), given.purpose, given.process,
         given.issuing_system, to_micros(clock_.now()), revision}));
    return id;
  }
  const auto& row = rows.front();
  auto id = AgentId::trusted(row.text(0));
  if (row.integer(6) == 0) {
    TRY(tx.execute(
        "UPDATE agent SET owner = ?, deputy = ?, purpose = ?, process = ?, issuing_system = ?, revision = ? "
        "WHERE id = ?",
        {given.owner.str(), nullable(given.deputy), given.purpose, given.process, given.issuing_system,
         revision, id.str()}));
    return id;
  }
  TRY(require_same(given.name, "owner", row.text(1), given.owner.str()));
  TRY(require_same(given.name, "deputy", row.optional_text(2).value_or("none"),
                   given.deputy ? given.deputy->str() : "none"));
  TRY(require_same(given.name, "purpose", row.text(3), given.purpose));
  TRY(require_same(given.name, "process", row.text(4), given.process));
  TRY(require_same(given.name, "issuing system", row.text(5), given.issuing_system));
  return id;
}

Result<void> Registry::require_end(Environment environment, Instant expires) const {
  if (expires <= clock_.now())
    return fail(ErrorKind::kInvalid, "RMT-I007",
                fmt::format("the end date {} is in the past", format_instant(expires)));
  const auto longest = rules_.longest_life.at(static_cast<std::size_t>(environment));
  if (expires > clock_.now() + longest)
    return fail(ErrorKind::kInvalid, "RMT-I031",
                fmt::format("the end date {} is more than {} days ahead, the most in {}",
                            format_instant(expires), longest.count(), to_string(environment)));
  return {};
}

Result<Registered> Registry::register_agent(store::Transaction& tx, const audit::Actor& actor,
                                            const Registration& registration) {
  TRY(require_slug("an agent", registration.name));
  TRY(require_text("purpose", registration.purpose));
  TRY(require_text("process", registration.process));
  TRY(require_text("issuing system", registration.issuing_system));
  TRY(require_owners(tx, registration.owner, registration.deputy));
  TRY(require_end(registration.environment, registration.expires));
  ASSIGN_OR_RETURN(auto agent, take_up_agent(tx, registration));
  ASSIGN_OR_RETURN(const auto known_as, audit::name_of(tx, agent.str()));

  const std::string environment(to_string(registration.environment));
  ASSIGN_OR_RETURN(auto living, tx.query("SELECT id FROM deployment WHERE agent = ? AND environment = ? "
                                         "AND retired_at IS NULL",
                                         {agent.str(), environment}));
  if (!living.empty())
    return fail(ErrorKind::kConflict, "RMT-I019",
                fmt::format("`{}/{}` is registered already, as `{}`", environment, registration.name,
                            living.front().text(0)));

  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  auto id = DeploymentId::make(clock_, random_);
  TRY(
      tx.execute("INSERT INTO deployment (id, agent, environment, state, expires_at, created_at, revision) "
                 "VALUES (?, ?, ?, ?, ?, ?, ?)",
                 {id.str(), agent.str(), environment, std::string(to_string(State::kDraft)),
                  to_micros(registration.expires), to_micros(clock_.now()), revision}));
  ASSIGN_OR_RETURN(auto credential, insert_key(tx, id, registration.key, registration.expires, std::nullopt));
  audit::GovernanceEvent event{.actor = actor,
                               .action = "agent.register",
                               .object = id.str(),
                               .detail = {{"agent", agent.str()},
                                          {"environment", environment},
                                          {"owner", registration.owner.str()},
                                          {"deputy", id_or_null(registration.deputy)},
                                          {"expires", format_instant(registration.expires)},
                                          {"credential", credential.str()},
                                          {"thumbprint", registration.key.thumbprint}},
                               .names = {{id.str(), fmt::format("{}/{}", environment, registration.name)}},
                               .texts = {{"purpose", registration.purpose},
                                         {"process", registration.process},
                                         {"issuing_system", registration.issuing_system}}};
  if (!known_as) event.names.emplace(agent.str(), registration.name);
  TRY(log_.append_governance(tx, event));
  TRY(submit(tx, actor, id));
  return Registered{std::move(agent), std::move(id), std::move(credential)};
}

Result<void> Registry::submit(store::Transaction& tx, const audit::Actor& actor, const DeploymentId& id) {
  ASSIGN_OR_RETURN(auto deployment, read_living(tx, id));
  TRY(require_state(deployment, State::kDraft, "submit"));
  TRY(require_active_human(tx, deployment.owner));
  TRY(move_state(tx, id, State::kDraft, State::kPending));
  return record(tx, actor, "agent.submit", id.str(), {{"environment", to_string(deployment.environment)}});
}

Result<void> Registry::approve(store::Transaction& tx, const audit::Actor& actor, const DeploymentId& id,
                               const HumanId& approver) {
  ASSIGN_OR_RETURN(auto deployment, read_living(tx, id));
  TRY(require_state(deployment, State::kPending, "approve"));
  TRY(require_active_human(tx, approver));
  TRY(require_active_human(tx, deployment.owner));
  TRY(require_not_over(deployment, clock_.now()));
  TRY(require_second_person(deployment, approver, "RMT-I012", "approve it"));
  TRY(move_state(tx, id, State::kPending, State::kApproved));
  TRY(tx.execute("UPDATE deployment SET approved_by = ?, approved_at = ? WHERE id = ?",
                 {approver.str(), to_micros(clock_.now()), id.str()}));
  ASSIGN_OR_RETURN(const bool can_prove_itself, has_living_credential(tx, id, clock_.now()));
  if (can_prove_itself) TRY(move_state(tx, id, State::kApproved, State::kActive));
  return record(tx, actor, "agent.approve", id.str(),
                {{"environment", to_string(deployment.environment)},
                 {"approver", approver.str()},
                 {"state", to_string(can_prove_itself ? State::kActive : State::kApproved)}});
}

Result<void> Registry::refuse(store::Transaction& tx, const audit::Actor& actor, const DeploymentId& id,
                              const HumanId& approver, std::string_view reason) {
  TRY(require_text("reason", reason));
  ASSIGN_OR_RETURN(auto deployment, read_living(tx, id));
  TRY(require_state(deployment, State::kPending, "refuse"));
  TRY(require_active_human(tx, approver));
  TRY(move_state(tx, id, State::kPending, State::kDraft));
  return record(tx, actor, "agent.refuse", id.str(),
                {{"environment", to_string(deployment.environment)}, {"approver", approver.str()}}, reason);
}

// What lives as long as the deployment goes on living as long as it.
Result<void> Registry::renew(store::Transaction& tx, const audit::Actor& actor, const DeploymentId& id,
                             Instant expires, const HumanId& approver) {
  ASSIGN_OR_RETURN(auto deployment, read_living(tx, id));
  TRY(require_active_human(tx, approver));
  TRY(require_active_human(tx, deployment.owner));
  TRY(require_second_person(deployment, approver, "RMT-I012", "renew it"));
  TRY(require_end(deployment.environment, expires));
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  TRY(tx.execute("UPDATE deployment SET expires_at = ?, revision = ? WHERE id = ?",
                 {to_micros(expires), revision, id.str()}));
  TRY(
      tx.execute("UPDATE credential SET expires_at = ?, revision = ? WHERE deployment = ? AND expires_at = ? "
                 "AND revoked_at IS NULL",
                 {to_micros(expires), revision, id.str(), to_micros(deployment.expires)}));
  TRY(confirm_approvals(tx, deployment, approver, clock_.now()));
  TRY(tx.execute("DELETE FROM identity_hold WHERE subject = ? AND kind = ?",
                 {id.str(), std::string(to_string(HoldKind::kExpired))}));
  return record(tx, actor, "agent.renew", id.str(),
                {{"environment", to_string(deployment.environment)},
                 {"approver", approver.str()},
                 {"from", format_instant(deployment.expires)},
                 {"to", format_instant(expires)}});
}

Result<void> Registry::retire(store::Transaction& tx, const audit::Actor& actor, const DeploymentId& id,
                              std::string_view reason) {
  TRY(require_text("reason", reason));
  ASSIGN_OR_RETURN(auto deployment, read_living(tx, id));
  TRY(move_state(tx, id, deployment.state, State::kRetired));
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  const auto now = to_micros(clock_.now());
  TRY(tx.execute("UPDATE deployment SET retired_at = ? WHERE id = ?", {now, id.str()}));
  ASSIGN_OR_RETURN(const auto credentials, tx.execute("UPDATE credential SET revoked_at = ?, revision = ? "
                                                      "WHERE deployment = ? AND revoked_at IS NULL",
                                                      {now, revision, id.str()}));
  ASSIGN_OR_RETURN(const auto grants, tx.execute("UPDATE tool_grant SET revoked_at = ?, revision = ? "
                                                 "WHERE deployment = ? AND revoked_at IS NULL",
                                                 {now, revision, id.str()}));
  return record(tx, actor, "agent.retire", id.str(),
                {{"environment", to_string(deployment.environment)},
                 {"from", to_string(deployment.state)},
                 {"credentials", credentials},
                 {"grants", grants}},
                reason);
}

Result<void> Registry::assign_owner(store::Transaction& tx, const audit::Actor& actor, const AgentId& agent,
                                    const HumanId& owner, const std::optional<HumanId>& deputy) {
  TRY(require_owners(tx, owner, deputy));
  ASSIGN_OR_RETURN(auto rows, tx.query("SELECT owner FROM agent WHERE id = ?", {agent.str()}));
  if (rows.empty())
    return fail(ErrorKind::kNotFound, "RMT-I003", fmt::format("there is no agent `{}`", agent.str()));
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  TRY(tx.execute("UPDATE agent SET owner = ?, deputy = ?, revision = ? WHERE id = ?",
                 {owner.str(), nullable(deputy), revision, agent.str()}));
  TRY(record(tx, actor, "agent.owner", agent.str(),
             {{"from", rows.front().text(0)}, {"to", owner.str()}, {"deputy", id_or_null(deputy)}}));
  return hold_own_approvals(tx, actor, agent.str());
}

// What an owner approved as another than the owner is nobody's approval any more.
Result<void> Registry::hold_own_approvals(store::Transaction& tx, const audit::Actor& actor,
                                          std::string_view agent) {
  ASSIGN_OR_RETURN(
      auto rows,
      tx.query("SELECT d.id FROM deployment d JOIN agent a ON a.id = d.agent WHERE a.id = ? "
               "AND d.environment = ? AND d.retired_at IS NULL AND (d.approved_by = a.owner OR EXISTS "
               "(SELECT 1 FROM tool_grant g WHERE g.deployment = d.id AND g.revoked_at IS NULL "
               "AND g.approved_by = a.owner) OR EXISTS (SELECT 1 FROM credential c WHERE c.deployment = d.id "
               "AND c.revoked_at IS NULL AND c.approved_by = a.owner)) ORDER BY d.id",
               {std::string(agent), std::string(to_string(Environment::kProduction))}));
  for (const auto& row : rows)
    TRY(insert_hold(tx, actor, row.text(0), HoldKind::kChangePending,
                    "the person who approved it owns it now: another one has to confirm"));
  return {};
}

}  // namespace remit::identity
