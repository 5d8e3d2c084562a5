// Entities as evaluation sees them: found by name, ancestors precomputed.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <unordered_map>
#include <vector>

#include "cedar/value.h"

namespace cedar {

struct Entity {
  const Uid* uid = nullptr;
  bool declared = false;  // false: only named as a parent, has no attributes to speak of
  std::span<const Field> attributes;
  std::span<const Field> tags;
  std::vector<std::uint32_t> parents;
  std::vector<std::uint32_t> ancestors;  // indices, sorted; not itself
};

class EntityStore {
 public:
  // nullptr: nothing known of it.
  const Entity* find(const Uid& uid) const;
  // Reflexive, transitive; of unknown entities only reflexive.
  bool in(const Uid& descendant, const Uid& ancestor) const;
  std::span<const Entity> all() const { return entities_; }

  // The place of an entity; made when new, then with a copy of the name in `arena`.
  std::uint32_t intern(const Uid& uid, Arena& arena);
  Entity& at(std::uint32_t index) { return entities_[index]; }
  const Entity& at(std::uint32_t index) const { return entities_[index]; }

  enum class Problem : std::uint8_t { kNone, kCycle, kTooMany };
  struct Closed {
    Problem problem;
    std::uint32_t entity;  // kCycle: one that is its own ancestor
  };
  // Takes the transitive closure, within a bound on the memory that it needs.
  Closed close();

 private:
  struct Hash {
    std::size_t operator()(const Uid& uid) const { return uid.hash; }
  };
  std::unordered_map<Uid, std::uint32_t, Hash> index_;
  std::vector<Entity> entities_;
};

}  // namespace cedar
