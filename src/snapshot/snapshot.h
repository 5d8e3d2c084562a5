// Snapshot: the governed world at one revision of the store, immutable, indexed for the call path.
//
// A decision reads one Snapshot and nothing else, and names its revision, so it can be taken again exactly.
// Look-ups hash a string_view and allocate nothing; what they return lives as long as the Snapshot.
//
// Retired deployments and revoked credentials are in it, so that a refusal can say so. Retired destinations
// and tools, and revoked grants, are not: they are unknown.
//
// Thread-safety: immutable; any number of readers.

#pragma once

#include <array>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "snapshot/types.h"

namespace remit::snapshot {

// What `identity::load` and `catalog::load` fill in from one consistent read.
struct SnapshotData {
  std::int64_t revision = 0;
  std::vector<Human> humans;
  std::vector<Service> services;
  std::vector<Agent> agents;
  std::vector<Deployment> deployments;
  std::vector<Credential> credentials;
  std::vector<Grant> grants;
  std::vector<Destination> destinations;
  std::vector<Tool> tools;
  std::vector<Policies> policies;  // at most one for each environment
};

class Snapshot {
 public:
  explicit Snapshot(SnapshotData data);
  Snapshot(const Snapshot&) = delete;
  Snapshot& operator=(const Snapshot&) = delete;

  std::int64_t revision() const { return data_.revision; }

  // Each returns nullptr where there is no such thing.
  const Human* human(std::string_view id) const;
  const Agent* agent(std::string_view name) const;
  const Deployment* deployment(std::string_view id) const;
  const Deployment* deployment(Environment environment, std::string_view agent_name) const;
  const Credential* credential(std::string_view id) const;
  // Of a deployment, in the order of the load; revoked and expired ones too.
  std::span<const Credential* const> credentials_of(std::string_view deployment) const;
  const Grant* grant(std::string_view deployment, std::string_view tool) const;
  const Destination* destination(std::string_view id) const;
  const Destination* destination(Environment environment, std::string_view name) const;
  const Tool* tool(std::string_view id) const;
  const Tool* tool(Environment environment, std::string_view qualified_name) const;
  std::span<const Tool* const> tools_of(std::string_view destination) const;  // its id

  const Policies* policies(Environment environment) const;

  // What policies see of the environment (snapshot/entities.h); nullptr if it could not be built: nothing may
  // be decided.
  const cedar::Entities* entities(Environment environment) const;

  // Everything, for lists; in the order of the load.
  const SnapshotData& all() const { return data_; }

 private:
  template <typename T>
  using Index = std::unordered_map<std::string_view, const T*>;
  template <typename T>
  using PerEnvironment = std::array<Index<T>, kEnvironments.size()>;

  struct Pair {
    std::string_view first, second;
    bool operator==(const Pair&) const = default;
  };
  struct PairHash {
    std::size_t operator()(const Pair& pair) const noexcept;
  };

  // Keys of the indexes are views into `data_`, which never moves or changes after construction.
  const SnapshotData data_;
  Index<Human> humans_;
  Index<Agent> agents_by_name_;
  Index<Deployment> deployments_;
  PerEnvironment<Deployment> deployments_by_name_;
  Index<Credential> credentials_;
  std::unordered_map<std::string_view, std::vector<const Credential*>> credentials_of_;
  std::unordered_map<Pair, const Grant*, PairHash> grants_;
  Index<Destination> destinations_;
  PerEnvironment<Destination> destinations_by_name_;
  Index<Tool> tools_;
  PerEnvironment<Tool> tools_by_name_;
  std::unordered_map<std::string_view, std::vector<const Tool*>> tools_by_destination_;
  std::array<const Policies*, kEnvironments.size()> policies_{};
  std::array<std::optional<cedar::Entities>, kEnvironments.size()> entities_;
};

}  // namespace remit::snapshot
