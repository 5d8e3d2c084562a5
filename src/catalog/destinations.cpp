// Destinations: what agents act on, and the credential with which Remit acts there for them.

#include <fmt/format.h>

#include <boost/json/value_from.hpp>
#include <set>

#include "base/utf8.h"
#include "catalog/catalog.h"
#include "catalog/values.h"
#include "store/near_names.h"

namespace remit::catalog {

using snapshot::to_string;

namespace {

constexpr std::size_t kMaxInstructions = 8192;
constexpr std::size_t kMaxSecrets = 16;

// The transport of a destination that is in use.
Result<snapshot::Transport> read_living(store::Reader& reader, const DestinationId& id) {
  ASSIGN_OR_RETURN(
      auto rows, reader.query("SELECT name, address, retired_at FROM destination WHERE id = ?", {id.str()}));
  if (rows.empty())
    return fail(ErrorKind::kNotFound, "RMT-C010", fmt::format("there is no destination `{}`", id.str()));
  const auto& row = rows.front();
  if (!row.is_null(2))
    return fail(ErrorKind::kConflict, "RMT-C011", fmt::format("destination `{}` is retired", row.text(0)));
  return transport_of(row.text(1));
}

Result<void> check_secrets(const NewDestination& given) {
  if (given.secrets.size() > kMaxSecrets)
    return fail(ErrorKind::kInvalid, "RMT-C014", fmt::format("there are more than {} secrets", kMaxSecrets));
  const auto* stdio = std::get_if<snapshot::StdioTransport>(&given.transport);
  std::set<std::string_view> taken;
  if (stdio != nullptr)
    for (const auto& [name, value] : stdio->variables) taken.insert(name);
  for (const auto& secret : given.secrets) {
    TRY(check_slot(given.transport, secret.slot, secret.value.reveal()));
    if (!taken.insert(secret.slot).second)
      return fail(ErrorKind::kInvalid, "RMT-C014", fmt::format("`{}` is given twice", secret.slot));
  }
  return {};
}

Result<void> set_bounds(store::Transaction& tx, const DestinationId& id,
                        const snapshot::UpstreamBounds& bounds) {
  const auto number = [](const auto& value) -> store::Value {
    return value ? store::Value(static_cast<std::int64_t>(*value)) : store::Value{};
  };
  const auto seconds = [&](const auto& value) {
    return number(value ? std::optional(value->count()) : std::nullopt);
  };
  TRY(tx.execute(
      "UPDATE destination SET open_seconds = ?, answer_seconds = ?, max_answer_bytes = ? WHERE id = ?",
      {seconds(bounds.open_timeout), seconds(bounds.answer_timeout), number(bounds.max_answer_bytes),
       id.str()}));
  return {};
}

// What a child may reach and how long it is waited for change nothing of what it is; its variables can
// (NODE_OPTIONS).
bool is_same_server(const snapshot::Transport& before, const snapshot::Transport& after) {
  const auto* was = std::get_if<snapshot::StdioTransport>(&before);
  const auto* is = std::get_if<snapshot::StdioTransport>(&after);
  if (was == nullptr || is == nullptr) return before == after;
  return was->command == is->command && was->variables == is->variables &&
         was->working_directory == is->working_directory;
}

}  // namespace

Result<DestinationState> find_destination_state(store::Reader& reader, const DestinationId& id) {
  DestinationState state;
  ASSIGN_OR_RETURN(state.transport, read_living(reader, id));
  ASSIGN_OR_RETURN(const auto rows,
                   reader.query("SELECT open_seconds, answer_seconds, max_answer_bytes FROM destination "
                                "WHERE id = ?",
                                {id.str()}));
  state.bounds = bounds_of(rows.front(), 0);
  return state;
}

Result<void> Catalog::record(store::Transaction& tx, const audit::Actor& actor, std::string_view action,
                             std::string_view object, boost::json::object detail) {
  TRY(log_.append_governance(tx, {.actor = actor,
                                  .action = std::string(action),
                                  .object = std::string(object),
                                  .detail = std::move(detail)}));
  return {};
}

Result<DestinationId> Catalog::add_destination(store::Transaction& tx, const audit::Actor& actor,
                                               const NewDestination& given) {
  TRY(check_destination_name(given.name));
  TRY(check_transport(given.transport));
  ASSIGN_OR_RETURN(auto labels, normal_labels(given.labels));
  TRY(check_secrets(given));
  TRY(check_bounds(given.bounds));
  TRY(require_person_(tx, given.owner));
  if (given.approver) TRY(require_person_(tx, *given.approver));
  TRY(require_second_person(given.environment, given.owner, given.approver,
                            fmt::format("destination `{}`", given.name)));
  const std::string environment(to_string(given.environment));
  ASSIGN_OR_RETURN(auto same, tx.query("SELECT id FROM destination WHERE environment = ? AND name = ? "
                                       "AND retired_at IS NULL",
                                       {environment, given.name}));
  if (!same.empty())
    return fail(ErrorKind::kConflict, "RMT-C013",
                fmt::format("there is a destination `{}/{}` already: `{}`", environment, given.name,
                            same.front().text(0)));
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  auto id = DestinationId::make(clock_, random_);
  TRY(
      tx.execute("INSERT INTO destination (id, environment, name, address, data_class, labels, owner, "
                 "created_at, revision) "
                 "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)",
                 {id.str(), environment, given.name, address_text(given.transport),
                  std::string(to_string(given.data_class)), labels_text(labels), given.owner.str(),
                  to_micros(clock_.now()), revision}));
  TRY(set_bounds(tx, id, given.bounds));
  for (const auto& secret : given.secrets) TRY(seal_into(tx, id, secret));
  TRY(log_.append_governance(
      tx, {.actor = actor,
           .action = "destination.add",
           .object = id.str(),
           .detail = {{"environment", environment},
                      {"owner", given.owner.str()},
                      {"approver", given.approver ? boost::json::value(given.approver->str()) : nullptr},
                      {"data_class", to_string(given.data_class)},
                      {"labels", boost::json::value_from(labels)},
                      {"secret", !given.secrets.empty()}},
           .names = {{id.str(), given.name}}}));
  return id;
}

Result<void> Catalog::seal_into(store::Transaction& tx, const DestinationId& destination,
                                const NewSecret& secret) {
  const auto sealed = vault_.seal(SecretId::make(clock_, random_), destination, secret.slot, secret.value);
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  TRY(tx.execute("DELETE FROM destination_secret WHERE destination = ? AND slot = ?",
                 {destination.str(), sealed.slot}));
  TRY(tx.execute("INSERT INTO destination_secret (destination, slot, id, box) VALUES (?, ?, ?, ?)",
                 {destination.str(), sealed.slot, sealed.id.str(), sealed.box}));
  TRY(tx.execute("UPDATE destination SET credential_echoed_at = NULL, revision = ? WHERE id = ?",
                 {revision, destination.str()}));
  return {};
}

Result<std::int64_t> Catalog::set_destination(store::Transaction& tx, const audit::Actor& actor,
                                              const DestinationId& id, const DestinationChange& change) {
  ASSIGN_OR_RETURN(const auto before, read_living(tx, id));
  ASSIGN_OR_RETURN(
      const auto rows,
      tx.query("SELECT name, environment, owner, data_class FROM destination WHERE id = ?", {id.str()}));
  ASSIGN_OR_RETURN(const auto environment, environment_of(rows.front().text(1)));
  const auto what = fmt::format("destination `{}`", rows.front().text(0));
  if (change.person) TRY(require_person_(tx, *change.person));
  TRY(require_second_person(environment, HumanId::trusted(rows.front().text(2)), change.person, what));
  if (change.owner) {
    TRY(require_person_(tx, *change.owner));
    TRY(require_second_person(environment, *change.owner, change.person, what));
  }
  const auto& transport = change.transport ? *change.transport : before;
  if (change.transport) TRY(check_transport(transport));
  if (change.bounds) TRY(check_bounds(*change.bounds));
  TRY(replace_secrets(tx, id, transport, change));

  boost::json::array changed;
  const auto set = [&](std::string_view member, std::string_view column, std::string value) -> Result<void> {
    changed.emplace_back(member);
    TRY(tx.execute(fmt::format("UPDATE destination SET {} = ? WHERE id = ?", column),
                   {std::move(value), id.str()}));
    return {};
  };
  const bool moved = !is_same_server(before, transport);
  if (transport != before) TRY(set(moved ? "server" : "reach", "address", address_text(transport)));
  if (change.data_class) TRY(set("data_class", "data_class", std::string(to_string(*change.data_class))));
  if (change.labels) {
    ASSIGN_OR_RETURN(const auto labels, normal_labels(*change.labels));
    TRY(set("labels", "labels", labels_text(labels)));
  }
  if (change.owner) TRY(set("owner", "owner", change.owner->str()));
  if (change.bounds) {
    changed.emplace_back("bounds");
    TRY(set_bounds(tx, id, *change.bounds));
  }
  if (!change.secrets.empty() || !change.dropped.empty()) changed.emplace_back("secrets");
  if (changed.empty())
    return fail(ErrorKind::kInvalid, "RMT-C018", fmt::format("nothing of the {} is to change", what));

  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  TRY(tx.execute("UPDATE destination SET revision = ? WHERE id = ?", {revision, id.str()}));
  std::int64_t quarantined = 0;
  if (moved) {
    ASSIGN_OR_RETURN(quarantined,
                     tx.execute("UPDATE tool SET moved_since = ?, revision = ? WHERE destination = ? AND "
                                "retired_at IS NULL",
                                {to_micros(clock_.now()), revision, id.str()}));
  }
  TRY(record(
      tx, actor, "destination.set", id.str(),
      {{"changed", std::move(changed)},
       {"owner", change.owner ? change.owner->str() : rows.front().text(2)},
       {"data_class", change.data_class ? std::string(to_string(*change.data_class)) : rows.front().text(3)},
       {"person", change.person ? boost::json::value(change.person->str()) : nullptr},
       {"quarantined", quarantined}}));
  return quarantined;
}

// The credentials that are there afterwards must all have a place in the transport.
Result<void> Catalog::replace_secrets(store::Transaction& tx, const DestinationId& id,
                                      const snapshot::Transport& transport, const DestinationChange& change) {
  for (const auto& slot : change.dropped) {
    ASSIGN_OR_RETURN(
        const auto count,
        tx.execute("DELETE FROM destination_secret WHERE destination = ? AND slot = ?", {id.str(), slot}));
    if (count == 0)
      return fail(ErrorKind::kInvalid, "RMT-C014", fmt::format("there is no secret `{}`", slot));
  }
  std::set<std::string, std::less<>> taken;
  if (const auto* stdio = std::get_if<snapshot::StdioTransport>(&transport))
    for (const auto& [name, value] : stdio->variables) taken.insert(name);
  std::set<std::string, std::less<>> given;
  for (const auto& secret : change.secrets) {
    TRY(check_slot(transport, secret.slot, secret.value.reveal()));
    if (taken.contains(secret.slot) || !given.insert(secret.slot).second)
      return fail(ErrorKind::kInvalid, "RMT-C014", fmt::format("`{}` is given twice", secret.slot));
    TRY(seal_into(tx, id, secret));
  }
  ASSIGN_OR_RETURN(const auto kept,
                   tx.query("SELECT slot FROM destination_secret WHERE destination = ?", {id.str()}));
  for (const auto& row : kept) {
    const auto& slot = row.text(0);
    if (taken.contains(slot))
      return fail(ErrorKind::kInvalid, "RMT-C014", fmt::format("`{}` is a secret and a variable", slot));
    if (!given.contains(slot)) TRY(check_slot_name(transport, slot));
  }
  if (kept.size() > kMaxSecrets)
    return fail(ErrorKind::kInvalid, "RMT-C014", fmt::format("there are more than {} secrets", kMaxSecrets));
  return {};
}

Result<void> Catalog::record_instructions(store::Transaction& tx, const audit::Actor& actor,
                                          const DestinationId& id, std::string_view text) {
  TRY(read_living(tx, id));
  const auto kept = utf8_head(text, kMaxInstructions);
  ASSIGN_OR_RETURN(auto rows, tx.query("SELECT instructions FROM destination WHERE id = ?", {id.str()}));
  if ((rows.front().is_null(0) ? std::string() : rows.front().text(0)) == kept) return {};
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  TRY(tx.execute("UPDATE destination SET instructions = ?, revision = ? WHERE id = ?",
                 {std::string(kept), revision, id.str()}));
  return record(tx, actor, "destination.instructions", id.str(), {{"digest", sha256(kept).hex()}});
}

Result<void> Catalog::record_credential_echo(store::Transaction& tx, const audit::Actor& actor,
                                             const DestinationId& id) {
  TRY(read_living(tx, id));
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  TRY(tx.execute("UPDATE destination SET credential_echoed_at = ?, revision = ? WHERE id = ?",
                 {to_micros(clock_.now()), revision, id.str()}));
  return record(tx, actor, "destination.credential_echoed", id.str());
}

Result<std::vector<ToolId>> Catalog::retire_destination(store::Transaction& tx, const audit::Actor& actor,
                                                        const DestinationId& id) {
  TRY(read_living(tx, id));
  ASSIGN_OR_RETURN(
      auto rows,
      tx.query("SELECT id FROM tool WHERE destination = ? AND retired_at IS NULL ORDER BY id", {id.str()}));
  std::vector<ToolId> tools;
  for (const auto& row : rows) {
    tools.push_back(ToolId::trusted(row.text(0)));
    TRY(retire_tool(tx, actor, tools.back()));
  }
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  TRY(tx.execute("DELETE FROM destination_secret WHERE destination = ?", {id.str()}));
  TRY(tx.execute("UPDATE destination SET retired_at = ?, revision = ? WHERE id = ?",
                 {to_micros(clock_.now()), revision, id.str()}));
  TRY(record(tx, actor, "destination.retire", id.str(), {{"tools", tools.size()}}));
  return tools;
}

Result<DestinationId> find_destination(store::Reader& reader, Environment environment,
                                       std::string_view name) {
  ASSIGN_OR_RETURN(auto rows, reader.query("SELECT id FROM destination WHERE environment = ? AND name = ? "
                                           "AND retired_at IS NULL",
                                           {std::string(to_string(environment)), std::string(name)}));
  if (rows.empty()) {
    ASSIGN_OR_RETURN(const auto meant,
                     store::nearest_hint(reader, name,
                                         {.from = "destination",
                                          .key = "name",
                                          .shown = "name",
                                          .where = "environment = ? AND retired_at IS NULL",
                                          .parameters = {std::string(to_string(environment))}}));
    return fail(ErrorKind::kNotFound, "RMT-C010",
                fmt::format("there is no destination `{}` in {}{}", name, to_string(environment), meant));
  }
  return DestinationId::trusted(rows.front().text(0));
}

Result<std::vector<std::string>> destination_names(store::Reader& reader, Environment environment) {
  ASSIGN_OR_RETURN(const auto rows,
                   reader.query("SELECT name FROM destination WHERE environment = ? AND retired_at IS NULL",
                                {std::string(to_string(environment))}));
  std::vector<std::string> names;
  names.reserve(rows.size());
  for (const auto& row : rows) names.push_back(row.text(0));
  return names;
}

}  // namespace remit::catalog
