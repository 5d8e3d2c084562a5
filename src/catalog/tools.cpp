// Tools: discovery, pins, quarantine, and what people say of them.

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/value_from.hpp>
#include <map>
#include <set>
#include <span>

#include "base/canonical_json.h"
#include "catalog/catalog.h"
#include "catalog/values.h"
#include "store/near_names.h"

namespace remit::catalog {

using snapshot::to_string;

namespace {

constexpr std::size_t kMaxSetAside = 100;  // that are kept for each destination

struct ToolRow {
  DestinationId destination;
  std::string label;  // "erp/create_payment"
  Environment environment = Environment::kSandbox;
  HumanId owner;  // its destination's
  std::string pinned;
  Digest digest;
  std::optional<std::string> offered;
  std::optional<Digest> offered_digest;
  bool moved = false;
};

Result<ToolRow> read_living(store::Reader& reader, const ToolId& id) {
  ASSIGN_OR_RETURN(
      auto rows,
      reader.query(
          "SELECT d.name, t.name, t.pinned, t.digest, t.offered, t.offered_digest, "
          "t.retired_at, d.environment, d.owner, t.moved_since, d.id FROM tool t JOIN destination d ON d.id "
          "= t.destination WHERE t.id = ?",
          {id.str()}));
  if (rows.empty())
    return fail(ErrorKind::kNotFound, "RMT-C010", fmt::format("there is no tool `{}`", id.str()));
  const auto& row = rows.front();
  ToolRow tool;
  tool.label = fmt::format("{}/{}", row.text(0), row.text(1));
  tool.pinned = row.text(2);
  ASSIGN_OR_RETURN(tool.environment, environment_of(row.text(7)));
  tool.owner = HumanId::trusted(row.text(8));
  tool.moved = !row.is_null(9);
  tool.destination = DestinationId::trusted(row.text(10));
  if (!row.is_null(6))
    return fail(ErrorKind::kConflict, "RMT-C011", fmt::format("tool `{}` is retired", tool.label));
  ASSIGN_OR_RETURN(tool.digest, digest_from_hex(row.text(3)));
  if (row.is_null(4)) return tool;
  tool.offered = row.text(4);
  ASSIGN_OR_RETURN(tool.offered_digest, digest_from_hex(row.text(5)));
  return tool;
}

Result<ToolRow> read_quarantined(store::Reader& reader, const ToolId& id) {
  ASSIGN_OR_RETURN(auto tool, read_living(reader, id));
  if (tool.offered) return tool;
  if (tool.moved) {
    tool.offered = tool.pinned;
    tool.offered_digest = tool.digest;
    return tool;
  }
  return fail(ErrorKind::kConflict, "RMT-C016",
              fmt::format("tool `{}` is offered as it is pinned", tool.label));
}

}  // namespace

Digest pin_of(const boost::json::object& definition) { return sha256(canonical_json(definition)); }

Result<Discovery> Catalog::record_discovery(store::Transaction& tx, const audit::Actor& actor,
                                            const DestinationId& id, const mcp::ToolPage& listing) {
  ASSIGN_OR_RETURN(auto destination,
                   tx.query("SELECT name, data_class, retired_at FROM destination WHERE id = ?", {id.str()}));
  if (destination.empty())
    return fail(ErrorKind::kNotFound, "RMT-C010", fmt::format("there is no destination `{}`", id.str()));
  const auto& name = destination.front().text(0);
  if (!destination.front().is_null(2))
    return fail(ErrorKind::kConflict, "RMT-C011", fmt::format("destination `{}` is retired", name));

  struct Known {
    ToolId id;
    std::string digest;
    std::optional<std::string> offered_digest;
    bool missing = false;
    bool moved = false;
  };
  std::map<std::string, Known, std::less<>> known;
  ASSIGN_OR_RETURN(
      auto rows,
      tx.query("SELECT name, id, digest, offered_digest, missing_since, moved_since FROM tool WHERE "
               "destination = ? AND retired_at IS NULL",
               {id.str()}));
  for (const auto& row : rows)
    known.emplace(row.text(0), Known{ToolId::trusted(row.text(1)), row.text(2), row.optional_text(3),
                                     !row.is_null(4), !row.is_null(5)});

  Discovery found;
  std::set<std::string_view> listed;
  for (const auto& tool : listing.tools) {
    if (!listed.insert(tool.name).second)
      return fail(ErrorKind::kInvalid, "RMT-C015",
                  fmt::format("`{}` lists two tools called `{}`", name, tool.name));
    const auto entry = known.find(tool.name);
    if (entry == known.end()) {
      ASSIGN_OR_RETURN(auto added, add_tool(tx, actor, id, name, destination.front().text(1), tool));
      found.added.push_back(std::move(added));
      continue;
    }
    const auto& [tool_id, pin, last_offered, missing, moved] = entry->second;
    if (missing) TRY(set_missing(tx, actor, tool_id, false));
    const Digest digest = pin_of(tool.definition);
    if (digest.hex() != pin) {
      if (last_offered != digest.hex()) TRY(quarantine(tx, actor, tool_id, tool, digest));
      found.quarantined.push_back(tool_id);
    } else if (last_offered) {
      TRY(restore(tx, actor, tool_id));
      (moved ? found.quarantined : found.restored).push_back(tool_id);
    } else {
      (moved ? found.quarantined : found.unchanged).push_back(tool_id);
    }
  }
  for (const auto& [tool_name, tool] : known) {
    if (listed.contains(tool_name)) continue;
    if (!tool.missing) TRY(set_missing(tx, actor, tool.id, true));
    found.missing.push_back(tool.id);
  }
  TRY(set_aside(tx, actor, id, listing.refused));
  return found;
}

Result<void> Catalog::set_missing(store::Transaction& tx, const audit::Actor& actor, const ToolId& id,
                                  bool missing) {
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  TRY(tx.execute(
      "UPDATE tool SET missing_since = ?, revision = ? WHERE id = ?",
      {missing ? store::Value(to_micros(clock_.now())) : store::Value(nullptr), revision, id.str()}));
  return record(tx, actor, missing ? "tool.missing" : "tool.return", id.str());
}

// Names and reasons are the server's words, so the log has only how many there are.
Result<void> Catalog::set_aside(store::Transaction& tx, const audit::Actor& actor, const DestinationId& id,
                                const std::vector<mcp::RefusedTool>& refused) {
  using Entry = std::pair<std::string, std::string>;
  std::vector<Entry> now;
  for (const auto& tool : std::span(refused).first(std::min(refused.size(), kMaxSetAside)))
    now.emplace_back(tool.name, tool.error.message);
  if (refused.size() > kMaxSetAside)
    now.emplace_back("", fmt::format("and {} more", refused.size() - kMaxSetAside));
  ASSIGN_OR_RETURN(
      const auto rows,
      tx.query("SELECT name, reason FROM set_aside WHERE destination = ? ORDER BY position", {id.str()}));
  if (std::ranges::equal(now, rows, {}, {}, [](const auto& row) { return Entry(row.text(0), row.text(1)); }))
    return {};
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  TRY(tx.execute("DELETE FROM set_aside WHERE destination = ?", {id.str()}));
  for (std::size_t i = 0; i < now.size(); ++i)
    TRY(tx.execute(
        "INSERT INTO set_aside (destination, position, name, reason, since, revision) VALUES (?, ?, ?, "
        "?, ?, ?)",
        {id.str(), static_cast<std::int64_t>(i), now[i].first, now[i].second, to_micros(clock_.now()),
         revision}));
  return record(tx, actor, "destination.set-aside", id.str(), {{"tools", refused.size()}});
}

// As sensitive as its destination until a person says otherwise.
Result<ToolId> Catalog::add_tool(store::Transaction& tx, const audit::Actor& actor,
                                 const DestinationId& destination, std::string_view destination_name,
                                 std::string_view data_class, const mcp::Tool& offered) {
  if (!mcp::is_tool_name(offered.name))
    return fail(
        ErrorKind::kInvalid, "RMT-C012",
        fmt::format("`{}` cannot be the name of a tool", std::string_view(offered.name).substr(0, 80)));
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  auto id = ToolId::make(clock_, random_);
  const std::string definition = canonical_json(offered.definition);
  const std::string digest = sha256(definition).hex();
  TRY(tx.execute(
      "INSERT INTO tool (id, destination, name, data_class, labels, pinned, definition, digest, created_at, "
      "revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {id.str(), destination.str(), offered.name, std::string(data_class), labels_text({}), offered.raw,
       definition, digest, to_micros(clock_.now()), revision}));
  TRY(log_.append_governance(tx,
                             {.actor = actor,
                              .action = "tool.discover",
                              .object = id.str(),
                              .detail = {{"destination", destination.str()}, {"pin", digest}},
                              .names = {{id.str(), fmt::format("{}/{}", destination_name, offered.name)}}}));
  return id;
}

Result<void> Catalog::quarantine(store::Transaction& tx, const audit::Actor& actor, const ToolId& id,
                                 const mcp::Tool& offered, const Digest& digest) {
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  TRY(tx.execute("UPDATE tool SET offered = ?, offered_digest = ?, revision = ? WHERE id = ?",
                 {offered.raw, digest.hex(), revision, id.str()}));
  return record(tx, actor, "tool.quarantine", id.str(), {{"offered", digest.hex()}});
}

Result<void> Catalog::restore(store::Transaction& tx, const audit::Actor& actor, const ToolId& id) {
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  TRY(tx.execute("UPDATE tool SET offered = NULL, offered_digest = NULL, revision = ? WHERE id = ?",
                 {revision, id.str()}));
  return record(tx, actor, "tool.restore", id.str());
}

Result<void> Catalog::classify(store::Transaction& tx, const audit::Actor& actor, const ToolId& id,
                               const Classification& given, const HumanId& person) {
  ASSIGN_OR_RETURN(const auto tool, read_living(tx, id));
  TRY(require_person_(tx, person));
  TRY(require_second_person(tool.environment, tool.owner, person, fmt::format("tool `{}`", tool.label)));
  ASSIGN_OR_RETURN(const auto labels, normal_labels(given.labels));
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  const std::string effect(to_string(given.effect));
  const std::string data_class(to_string(given.data_class));
  TRY(tx.execute(
      "UPDATE tool SET effect = ?, data_class = ?, labels = ?, classified_by = ?, revision = ? WHERE id = ?",
      {effect, data_class, labels_text(labels), person.str(), revision, id.str()}));
  return record(tx, actor, "tool.classify", id.str(),
                {{"environment", to_string(tool.environment)},
                 {"destination", tool.destination.str()},
                 {"effect", effect},
                 {"data_class", data_class},
                 {"labels", boost::json::value_from(labels)},
                 {"person", person.str()}});
}

Result<PinChange> Catalog::pin_change(store::Reader& reader, const ToolId& id) {
  ASSIGN_OR_RETURN(auto tool, read_quarantined(reader, id));
  return PinChange{std::move(tool.pinned), std::move(*tool.offered), tool.digest, *tool.offered_digest};
}

Result<void> Catalog::accept_definition(store::Transaction& tx, const audit::Actor& actor, const ToolId& id,
                                        const Digest& seen, const HumanId& person) {
  TRY(require_person_(tx, person));
  ASSIGN_OR_RETURN(const auto tool, read_quarantined(tx, id));
  TRY(require_second_person(tool.environment, tool.owner, person, fmt::format("tool `{}`", tool.label)));
  if (*tool.offered_digest != seen)
    return fail(ErrorKind::kConflict, "RMT-C017",
                fmt::format("tool `{}` is offered as {} by now, not as {}", tool.label,
                            tool.offered_digest->hex(), seen.hex()));
  ASSIGN_OR_RETURN(const auto definition, parse_json(*tool.offered));
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  TRY(
      tx.execute("UPDATE tool SET pinned = ?, definition = ?, digest = ?, offered = NULL, "
                 "offered_digest = NULL, moved_since = NULL, revision = ? WHERE id = ?",
                 {*tool.offered, canonical_json(definition), seen.hex(), revision, id.str()}));
  return record(tx, actor, "tool.pin", id.str(),
                {{"from", tool.digest.hex()}, {"to", seen.hex()}, {"person", person.str()}});
}

Result<void> Catalog::retire_tool(store::Transaction& tx, const audit::Actor& actor, const ToolId& id) {
  TRY(read_living(tx, id));
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  TRY(tx.execute("UPDATE tool SET retired_at = ?, revision = ? WHERE id = ?",
                 {to_micros(clock_.now()), revision, id.str()}));
  return record(tx, actor, "tool.retire", id.str());
}

Result<ToolId> find_tool(store::Reader& reader, Environment environment, std::string_view qualified_name) {
  const auto slash = qualified_name.find('/');
  const auto destination = qualified_name.substr(0, slash);
  const auto name = slash == std::string_view::npos ? std::string_view() : qualified_name.substr(slash + 1);
  ASSIGN_OR_RETURN(
      auto rows,
      reader.query(
          "SELECT t.id FROM tool t JOIN destination d ON d.id = t.destination WHERE d.environment = ? "
          "AND d.name = ? AND t.name = ? AND t.retired_at IS NULL AND d.retired_at IS NULL",
          {std::string(to_string(environment)), std::string(destination), std::string(name)}));
  if (!rows.empty()) return ToolId::trusted(rows.front().text(0));
  std::string meant;
  if (slash != std::string_view::npos) {
    ASSIGN_OR_RETURN(const auto at, find_destination(reader, environment, destination));
    ASSIGN_OR_RETURN(meant, store::nearest_hint(reader, name,
                                                {.from = "tool",
                                                 .key = "name",
                                                 .shown = "name",
                                                 .where = "destination = ? AND retired_at IS NULL",
                                                 .parameters = {at.str()}}));
  }
  return fail(ErrorKind::kNotFound, "RMT-C010",
              fmt::format("there is no tool `{}` in {}{}", qualified_name, to_string(environment), meant));
}

Result<std::map<ToolId, std::string>> tool_names(store::Reader& reader) {
  ASSIGN_OR_RETURN(const auto rows,
                   reader.query("SELECT t.id, d.name, t.name FROM tool t JOIN destination d ON "
                                "d.id = t.destination"));
  std::map<ToolId, std::string> names;
  for (const auto& row : rows)
    names.emplace(ToolId::trusted(row.text(0)), fmt::format("{}/{}", row.text(1), row.text(2)));
  return names;
}

Result<std::map<std::string, std::string>> all_names(store::Reader& reader) {
  std::map<std::string, std::string> names;
  ASSIGN_OR_RETURN(const auto tools, tool_names(reader));
  for (const auto& [id, name] : tools) names.emplace(id.str(), name);
  ASSIGN_OR_RETURN(const auto destinations, reader.query("SELECT id, name FROM destination"));
  for (const auto& row : destinations) names.emplace(row.text(0), row.text(1));
  return names;
}

Result<boost::json::object> class_of(store::Reader& reader, const ToolId& id) {
  ASSIGN_OR_RETURN(
      const auto rows,
      reader.query("SELECT effect, data_class, labels, destination FROM tool WHERE id = ?", {id.str()}));
  if (rows.empty())
    return fail(ErrorKind::kNotFound, "RMT-C010", fmt::format("there is no tool `{}`", id.str()));
  const auto& row = rows.front();
  ASSIGN_OR_RETURN(const auto labels, labels_of(row.text(2)));
  return boost::json::object{
      {"destination", row.text(3)},
      {"effect", row.is_null(0) ? boost::json::value(nullptr) : boost::json::value(row.text(0))},
      {"data_class", row.text(1)},
      {"labels", boost::json::value_from(labels)}};
}

}  // namespace remit::catalog
