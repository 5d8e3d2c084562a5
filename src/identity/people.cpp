// Joiners and leavers among people, and the services that they own.

#include <fmt/format.h>

#include "identity/person_name.h"
#include "identity/registry.h"
#include "identity/rows.h"

namespace remit::identity {

using snapshot::State;
using snapshot::to_string;

Result<void> Registry::record(store::Transaction& tx, const audit::Actor& actor, std::string_view action,
                              std::string_view object, boost::json::object detail, std::string_view reason) {
  TRY(log_.append_governance(tx, {.actor = actor,
                                  .action = std::string(action),
                                  .object = std::string(object),
                                  .detail = std::move(detail),
                                  .reason = std::string(reason)}));
  return {};
}

Result<HumanId> Registry::add_human(store::Transaction& tx, const audit::Actor& actor,
                                    std::string_view name) {
  TRY(require_text("name", name));
  ASSIGN_OR_RETURN(const auto read, read_person_name(name));
  ASSIGN_OR_RETURN(
      auto same, tx.query("SELECT name FROM human WHERE (canonical = ? OR skeleton = ?) AND left_at IS NULL",
                          {read.canonical, read.skeleton}));
  if (!same.empty())
    return fail(ErrorKind::kConflict, "RMT-I005",
                fmt::format("somebody called `{}` is here already, which reads as `{}`", same.front().text(0),
                            read.shown));
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  auto id = HumanId::make(clock_, random_);
  TRY(
      tx.execute("INSERT INTO human (id, name, canonical, skeleton, joined_at, revision) "
                 "VALUES (?, ?, ?, ?, ?, ?)",
                 {id.str(), read.shown, read.canonical, read.skeleton, to_micros(clock_.now()), revision}));
  TRY(log_.append_governance(
      tx, {.actor = actor, .action = "human.add", .object = id.str(), .names = {{id.str(), read.shown}}}));
  return id;
}

Result<Departure> Registry::human_leaves(store::Transaction& tx, const audit::Actor& actor,
                                         const HumanId& human) {
  TRY(require_active_human(tx, human));
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  TRY(tx.execute("UPDATE human SET left_at = ?, revision = ? WHERE id = ?",
                 {to_micros(clock_.now()), revision, human.str()}));
  TRY(record(tx, actor, "human.leave", human.str()));
  Departure departure;
  for (const std::string_view table : {"agent", "service"}) TRY(succeed(tx, actor, table, human, departure));
  return departure;
}

// `table` is agent or service: both have an owner and a deputy.
Result<void> Registry::succeed(store::Transaction& tx, const audit::Actor& actor, std::string_view table,
                               const HumanId& leaver, Departure& departure) {
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  TRY(tx.execute(fmt::format("UPDATE {} SET deputy = NULL, revision = ? WHERE deputy = ?", table),
                 {revision, leaver.str()}));
  ASSIGN_OR_RETURN(auto owned,
                   tx.query(fmt::format("SELECT o.id, h.id FROM {} o LEFT JOIN human h ON h.id = o.deputy "
                                        "AND h.left_at IS NULL WHERE o.owner = ? ORDER BY o.id",
                                        table),
                            {leaver.str()}));
  for (const auto& row : owned) {
    const auto& id = row.text(0);
    if (row.is_null(1)) {
      TRY(hold_orphan(tx, actor, table, id, departure));
      continue;
    }
    TRY(tx.execute(
        fmt::format("UPDATE {} SET owner = deputy, deputy = NULL, revision = ? WHERE id = ?", table),
        {revision, id}));
    TRY(record(tx, actor, fmt::format("{}.owner", table), id,
               {{"from", leaver.str()}, {"to", row.text(1)}, {"deputy", nullptr}}));
    if (table == "agent") TRY(hold_own_approvals(tx, actor, id));
    departure.succeeded.push_back(id);
  }
  return {};
}

// Holds what nobody owns: the service itself, or each deployment of the agent that lives.
Result<void> Registry::hold_orphan(store::Transaction& tx, const audit::Actor& actor, std::string_view table,
                                   const std::string& id, Departure& departure) {
  std::vector<std::string> subjects = {id};
  if (table == "agent") {
    subjects.clear();
    ASSIGN_OR_RETURN(
        auto rows,
        tx.query("SELECT id FROM deployment WHERE agent = ? AND retired_at IS NULL ORDER BY id", {id}));
    for (const auto& row : rows) subjects.push_back(row.text(0));
  }
  for (const auto& subject : subjects) {
    ASSIGN_OR_RETURN(const bool placed, insert_hold(tx, actor, subject, HoldKind::kOwnerMissing,
                                                    "the owner has left and there is no deputy"));
    if (placed) departure.held.push_back(subject);
  }
  return {};
}

Result<ServiceId> Registry::add_service(store::Transaction& tx, const audit::Actor& actor,
                                        const NewService& service) {
  TRY(require_slug("a service", service.name));
  TRY(require_text("issuing system", service.issuing_system));
  TRY(require_owners(tx, service.owner, service.deputy));
  ASSIGN_OR_RETURN(auto same, tx.query("SELECT 1 FROM service WHERE name = ?", {service.name}));
  if (!same.empty())
    return fail(ErrorKind::kConflict, "RMT-I005",
                fmt::format("there is a service `{}` already", service.name));
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  auto id = ServiceId::make(clock_, random_);
  TRY(tx.execute(
      "INSERT INTO service (id, name, owner, deputy, issuing_system, state, created_at, revision) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      {id.str(), service.name, service.owner.str(), nullable(service.deputy), service.issuing_system,
       std::string(to_string(State::kActive)), to_micros(clock_.now()), revision}));
  TRY(log_.append_governance(
      tx, {.actor = actor,
           .action = "service.add",
           .object = id.str(),
           .detail = {{"owner", service.owner.str()}, {"deputy", id_or_null(service.deputy)}},
           .names = {{id.str(), service.name}},
           .texts = {{"issuing_system", service.issuing_system}}}));
  return id;
}

}  // namespace remit::identity
