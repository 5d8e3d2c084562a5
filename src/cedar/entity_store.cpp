#include "cedar/entity_store.h"

#include <algorithm>

namespace cedar {

bool EntityStore::is_above(const Entity* entity, const Uid& ancestor) const {
  if (entity == nullptr) return false;
  const std::span<const std::uint64_t> hashes = entity->hashes();
  const auto first = std::ranges::lower_bound(hashes, ancestor.hash);
  for (auto at = static_cast<std::size_t>(first - hashes.begin());
       at < hashes.size() && hashes[at] == ancestor.hash; ++at) {
    if (entities_[entity->ancestors[at]].uid == ancestor) return true;
  }
  return false;
}

std::uint32_t EntityStore::intern(const Uid& uid, Arena& arena) {
  const std::uint32_t found =
      index_.find(uid.hash, [&](std::uint32_t at) { return entities_[at].uid == uid; });
  if (found != FlatTable::kNone) return found;
  const auto index = static_cast<std::uint32_t>(entities_.size());
  entities_.emplace_back().uid = {arena.copy(uid.type), arena.copy(uid.id), uid.hash};
  index_.insert(uid.hash, index);
  return index;
}

void EntityStore::set_ancestors(Entity& entity, std::vector<std::uint32_t>& above, Arena& arena) {
  std::ranges::sort(above);
  const auto repeated = std::ranges::unique(above);
  above.erase(repeated.begin(), repeated.end());
  std::ranges::sort(above, {}, [this](std::uint32_t index) { return entities_[index].uid.hash; });
  entity.ancestors = arena.copy_of(above);
  const std::span<std::uint64_t> hashes = arena.array<std::uint64_t>(above.size());
  std::ranges::transform(above, hashes.begin(),
                         [this](std::uint32_t index) { return entities_[index].uid.hash; });
  entity.ancestor_hashes = hashes.data();
}

// Depth first without recursion (a chain of parents may be as long as the file): an entity is closed when all
// its parents are; meeting one that is still open is a cycle.
EntityStore::Closed EntityStore::close(Arena& arena) {
  constexpr std::size_t kMostAncestors = 16'000'000;  // of all entities together
  std::size_t ancestors = 0;
  enum class State : std::uint8_t { kNew, kOpen, kClosed };
  std::vector<State> states(entities_.size(), State::kNew);
  std::vector<std::uint32_t> stack;
  std::vector<std::uint32_t> above;
  for (std::uint32_t root = 0; root < entities_.size(); ++root) {
    if (states[root] == State::kNew) stack.push_back(root);
    while (!stack.empty()) {
      const std::uint32_t current = stack.back();
      Entity& entity = entities_[current];
      if (states[current] == State::kNew) {
        states[current] = State::kOpen;
        for (const std::uint32_t parent : entity.parents) {
          if (states[parent] == State::kOpen) return {Problem::kCycle, parent};
          if (states[parent] == State::kNew) stack.push_back(parent);
        }
        continue;
      }
      stack.pop_back();
      if (states[current] == State::kClosed) continue;  // was pushed twice
      states[current] = State::kClosed;
      if (entity.parents.empty()) continue;
      above.clear();
      for (const std::uint32_t parent : entity.parents) {
        above.push_back(parent);
        above.insert(above.end(), entities_[parent].ancestors.begin(), entities_[parent].ancestors.end());
      }
      set_ancestors(entity, above, arena);
      ancestors += entity.ancestors.size();
      if (ancestors > kMostAncestors) return {Problem::kTooMany, current};
    }
  }
  return {Problem::kNone, 0};
}

}  // namespace cedar
