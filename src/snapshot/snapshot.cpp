#include "snapshot/snapshot.h"

#include "snapshot/entities.h"

namespace remit::snapshot {
namespace {

constexpr std::size_t slot(Environment environment) { return static_cast<std::size_t>(environment); }

template <typename Map, typename Key>
auto find_in(const Map& map, const Key& key) -> typename Map::mapped_type {
  auto found = map.find(key);
  return found == map.end() ? nullptr : found->second;
}

}  // namespace

std::size_t Snapshot::PairHash::operator()(const Pair& pair) const noexcept {
  const std::size_t first = std::hash<std::string_view>{}(pair.first);
  const std::size_t second = std::hash<std::string_view>{}(pair.second);
  return first ^ (second + 0x9e3779b97f4a7c15ULL + (first << 6) + (first >> 2));
}

Snapshot::Snapshot(SnapshotData data) : data_(std::move(data)) {
  for (const auto& human : data_.humans) humans_.emplace(human.id.str(), &human);
  for (const auto& agent : data_.agents) agents_by_name_.emplace(agent.name, &agent);
  for (const auto& deployment : data_.deployments) {
    deployments_.emplace(deployment.id.str(), &deployment);
    // A name may belong to retired deployments and to one that lives: the living one answers to it.
    auto& named = deployments_by_name_[slot(deployment.environment)][deployment.name];
    if (named == nullptr || deployment.state != State::kRetired) named = &deployment;
  }
  for (const auto& credential : data_.credentials) {
    credentials_.emplace(credential.id.str(), &credential);
    credentials_of_[credential.deployment.str()].push_back(&credential);
  }
  for (const auto& grant : data_.grants)
    grants_.emplace(Pair{grant.deployment.str(), grant.tool.str()}, &grant);
  for (const auto& destination : data_.destinations) {
    destinations_.emplace(destination.id.str(), &destination);
    destinations_by_name_[slot(destination.environment)].emplace(destination.name, &destination);
  }
  for (const auto& tool : data_.tools) {
    tools_.emplace(tool.id.str(), &tool);
    tools_by_name_[slot(tool.environment)].emplace(tool.qualified_name, &tool);
    tools_by_destination_[tool.destination.str()].push_back(&tool);
  }
  for (const auto& policies : data_.policies) policies_[slot(policies.environment)] = &policies;
  for (const auto environment : kEnvironments)
    entities_[slot(environment)] = build_entities(data_, environment);
}

const Human* Snapshot::human(std::string_view id) const { return find_in(humans_, id); }

const Agent* Snapshot::agent(std::string_view name) const { return find_in(agents_by_name_, name); }

const Deployment* Snapshot::deployment(std::string_view id) const { return find_in(deployments_, id); }

const Deployment* Snapshot::deployment(Environment environment, std::string_view agent_name) const {
  return find_in(deployments_by_name_[slot(environment)], agent_name);
}

const Credential* Snapshot::credential(std::string_view id) const { return find_in(credentials_, id); }

std::span<const Credential* const> Snapshot::credentials_of(std::string_view deployment) const {
  const auto found = credentials_of_.find(deployment);
  if (found == credentials_of_.end()) return {};
  return found->second;
}

const Grant* Snapshot::grant(std::string_view deployment, std::string_view tool) const {
  return find_in(grants_, Pair{deployment, tool});
}

const Destination* Snapshot::destination(std::string_view id) const { return find_in(destinations_, id); }

const Destination* Snapshot::destination(Environment environment, std::string_view name) const {
  return find_in(destinations_by_name_[slot(environment)], name);
}

const Tool* Snapshot::tool(std::string_view id) const { return find_in(tools_, id); }

const Tool* Snapshot::tool(Environment environment, std::string_view qualified_name) const {
  return find_in(tools_by_name_[slot(environment)], qualified_name);
}

std::span<const Tool* const> Snapshot::tools_of(std::string_view destination) const {
  const auto found = tools_by_destination_.find(destination);
  if (found == tools_by_destination_.end()) return {};
  return found->second;
}

const Policies* Snapshot::policies(Environment environment) const { return policies_[slot(environment)]; }

const cedar::Entities* Snapshot::entities(Environment environment) const {
  const auto& entities = entities_[slot(environment)];
  return entities ? &*entities : nullptr;
}

}  // namespace remit::snapshot
