#include "catalog/load.h"

#include <fmt/format.h>

#include <map>
#include <unordered_map>

#include "base/canonical_json.h"
#include "catalog/values.h"
#include "mcp/tool_definition.h"

namespace remit::catalog {
namespace {

using SecretsOf = std::unordered_map<std::string, std::vector<snapshot::SealedSecret>>;

Result<SecretsOf> load_secrets(store::Reader& reader) {
  ASSIGN_OR_RETURN(auto rows, reader.query("SELECT destination, slot, id, box FROM destination_secret "
                                           "ORDER BY destination, slot"));
  SecretsOf secrets;
  for (const auto& row : rows)
    secrets[row.text(0)].push_back({SecretId::trusted(row.text(2)), row.text(1), row.blob(3)});
  return secrets;
}

Result<void> load_destinations(store::Reader& reader, snapshot::SnapshotData& data) {
  ASSIGN_OR_RETURN(
      auto rows,
      reader.query("SELECT id, environment, name, address, data_class, labels, owner, open_seconds, "
                   "answer_seconds, max_answer_bytes, instructions, credential_echoed_at FROM destination "
                   "WHERE retired_at IS NULL ORDER BY id"));
  ASSIGN_OR_RETURN(auto secrets, load_secrets(reader));
  for (const auto& row : rows) {
    snapshot::Destination destination;
    destination.id = DestinationId::trusted(row.text(0));
    destination.name = row.text(2);
    destination.owner = HumanId::trusted(row.text(6));
    ASSIGN_OR_RETURN(destination.environment, environment_of(row.text(1)));
    ASSIGN_OR_RETURN(destination.transport, transport_of(row.text(3)));
    ASSIGN_OR_RETURN(destination.data_class, data_class_of(row.text(4)));
    ASSIGN_OR_RETURN(destination.labels, labels_of(row.text(5)));
    if (const auto own = secrets.find(row.text(0)); own != secrets.end())
      destination.secrets = std::move(own->second);
    destination.bounds = bounds_of(row, 7);
    if (!row.is_null(10)) destination.instructions = row.text(10);
    if (!row.is_null(11)) destination.credential_echoed = from_micros(row.integer(11));
    data.destinations.push_back(std::move(destination));
  }
  ASSIGN_OR_RETURN(
      auto set_aside,
      reader.query("SELECT s.destination, s.name, s.reason FROM set_aside s JOIN destination d ON d.id = "
                   "s.destination WHERE d.retired_at IS NULL ORDER BY s.destination, s.position"));
  std::map<DestinationId, std::vector<snapshot::SetAside>> by_destination;
  for (const auto& row : set_aside)
    by_destination[DestinationId::trusted(row.text(0))].push_back({row.text(1), row.text(2)});
  for (auto& destination : data.destinations)
    if (auto found = by_destination.find(destination.id); found != by_destination.end())
      destination.set_aside = std::move(found->second);
  return {};
}

// What a tool takes, and whether clients can read it: found out once for each definition.
Result<void> read_definition(snapshot::Tool& tool, const snapshot::Snapshot* previous) {
  const auto* known = previous == nullptr ? nullptr : previous->tool(tool.id.str());
  if (known != nullptr && known->digest == tool.digest) {
    tool.input = known->input;
    tool.readable = known->readable;
    return {};
  }
  ASSIGN_OR_RETURN(const auto definition, parse_json(tool.definition));
  const auto* object = definition.if_object();
  const auto* schema = object == nullptr ? nullptr : object->if_contains("inputSchema");
  if (schema == nullptr || !schema->is_object())
    return fail(ErrorKind::kInternal, "RMT-C030",
                fmt::format("the definition of tool `{}` in the store has no inputSchema", tool.id.str()));
  if (pin_of(*object) != tool.digest)
    return fail(ErrorKind::kInternal, "RMT-C032",
                fmt::format("the definition of tool `{}` in the store is not the one that was pinned",
                            tool.id.str()));
  tool.input = std::make_shared<const snapshot::ToolInput>(snapshot::read_tool_input(schema->get_object()));
  tool.readable = !mcp::find_fault(*object, tool.definition);
  return {};
}

Result<void> load_tools(store::Reader& reader, snapshot::SnapshotData& data,
                        const snapshot::Snapshot* previous) {
  ASSIGN_OR_RETURN(
      auto rows,
      reader.query("SELECT t.id, d.id, d.environment, d.name, t.name, t.effect, t.data_class, t.labels, "
                   "t.pinned, t.digest, t.offered_digest, t.missing_since, t.moved_since FROM tool t JOIN "
                   "destination d ON "
                   "d.id = t.destination "
                   "WHERE t.retired_at IS NULL AND d.retired_at IS NULL ORDER BY t.id"));
  for (const auto& row : rows) {
    snapshot::Tool tool;
    tool.id = ToolId::trusted(row.text(0));
    tool.destination = DestinationId::trusted(row.text(1));
    tool.name = row.text(4);
    tool.qualified_name = row.text(3) + "/" + row.text(4);
    tool.definition = row.text(8);
    tool.moved = !row.is_null(12);
    tool.quarantined = tool.moved || !row.is_null(10);
    tool.missing = !row.is_null(11);
    ASSIGN_OR_RETURN(tool.environment, environment_of(row.text(2)));
    if (!row.is_null(5)) {
      ASSIGN_OR_RETURN(tool.effect, effect_of(row.text(5)));
    }
    ASSIGN_OR_RETURN(tool.data_class, data_class_of(row.text(6)));
    ASSIGN_OR_RETURN(tool.labels, labels_of(row.text(7)));
    ASSIGN_OR_RETURN(tool.digest, digest_from_hex(row.text(9)));
    TRY(read_definition(tool, previous));
    data.tools.push_back(std::move(tool));
  }
  return {};
}

Result<void> load_policies(store::Reader& reader, snapshot::SnapshotData& data,
                           const snapshot::Snapshot* previous, const PolicyPublisher* publisher) {
  for (const auto environment : kEnvironments) {
    const std::string name(to_string(environment));
    ASSIGN_OR_RETURN(auto rows, reader.query("SELECT id, digest FROM policy_set WHERE environment = ? "
                                             "ORDER BY number DESC LIMIT 1",
                                             {name}));
    snapshot::Policies policies;
    policies.id = PolicySetId::trusted(rows.empty() ? std::string(kBaselineId) : rows.front().text(0));
    policies.environment = environment;
    const auto* known = previous == nullptr ? nullptr : previous->policies(environment);
    if (known != nullptr && known->id == policies.id) {
      data.policies.push_back(*known);
      continue;
    }
    policies.digest = sha256(baseline_text());
    if (!rows.empty()) {
      ASSIGN_OR_RETURN(policies.digest, digest_from_hex(rows.front().text(1)));
    }
    if (const auto* set = publisher ? publisher->published(environment, policies.digest) : nullptr) {
      policies.set = *set;
    } else {
      ASSIGN_OR_RETURN(const auto text, policy_text(reader, environment));
      if (sha256(text) != policies.digest)
        return fail(ErrorKind::kInternal, "RMT-C032",
                    fmt::format("the text of the policies `{}` is not the one that was published",
                                policies.id.str()));
      ASSIGN_OR_RETURN(policies.set, compile_policies(text, name + ".cedar"));
    }
    data.policies.push_back(std::move(policies));
  }
  return {};
}

}  // namespace

Result<void> load(store::Reader& reader, snapshot::SnapshotData& data, const snapshot::Snapshot* previous,
                  const PolicyPublisher* publisher) {
  TRY(load_destinations(reader, data));
  TRY(load_tools(reader, data, previous));
  return load_policies(reader, data, previous, publisher);
}

}  // namespace remit::catalog
