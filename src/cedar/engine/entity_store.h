// Entities as evaluation sees them: found by name, ancestors precomputed.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cedar/values/flat_table.h"
#include "cedar/values/value.h"

namespace cedar {

struct Entity {
  Uid uid;
  bool declared = false;  // false: only named as a parent, has no attributes to speak of
  std::span<const Field> attributes;
  std::span<const Field> tags;
  std::span<const std::uint32_t> parents;          // indices, sorted
  std::span<const std::uint32_t> ancestors;        // indices, by the hash of their names; not itself
  const std::uint64_t* ancestor_hashes = nullptr;  // of their names, in the same order, hence sorted

  std::span<const std::uint64_t> hashes() const { return {ancestor_hashes, ancestors.size()}; }
};

class EntityStore {
 public:
  // nullptr: nothing known of it.
  const Entity* find(const Uid& uid) const {
    const std::uint32_t found =
        index_.find(uid.hash, [&](std::uint32_t at) { return entities_[at].uid == uid; });
    return found == FlatTable::kNone ? nullptr : &entities_[found];
  }
  // Reflexive, transitive; of unknown entities only reflexive.
  bool in(const Uid& descendant, const Uid& ancestor) const {
    return descendant == ancestor || is_above(find(descendant), ancestor);
  }
  // Whether `ancestor` is above an entity; nullptr: nothing is.
  bool is_above(const Entity* entity, const Uid& ancestor) const;
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
  Closed close(Arena& arena);

 private:
  std::vector<std::uint32_t> above(const Entity& entity) const;
  void set_ancestors(Entity& entity, std::span<const std::uint32_t> all, Arena& arena);

  FlatTable index_;
  std::vector<Entity> entities_;
};

}  // namespace cedar
