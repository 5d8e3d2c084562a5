#include "cedar/entity_store.h"

#include <algorithm>

namespace cedar {

const Entity* EntityStore::find(const Uid& uid) const {
  const auto found = index_.find(uid);
  return found == index_.end() ? nullptr : &entities_[found->second];
}

bool EntityStore::in(const Uid& descendant, const Uid& ancestor) const {
  if (descendant == ancestor) return true;
  const Entity* below = find(descendant);
  if (below == nullptr || below->ancestors.empty()) return false;
  const auto above = index_.find(ancestor);
  return above != index_.end() && std::ranges::binary_search(below->ancestors, above->second);
}

std::uint32_t EntityStore::intern(const Uid& uid, Arena& arena) {
  const auto found = index_.find(uid);
  if (found != index_.end()) return found->second;
  const auto* kept = arena.make<Uid>(arena.copy(uid.type), arena.copy(uid.id), uid.hash);
  const auto index = static_cast<std::uint32_t>(entities_.size());
  index_.emplace(*kept, index);
  entities_.emplace_back().uid = kept;
  return index;
}

// Depth first without recursion (a chain of parents may be as long as the file): an entity is closed when all
// its parents are; meeting one that is still open is a cycle.
EntityStore::Closed EntityStore::close() {
  constexpr std::size_t kMostAncestors = 16'000'000;  // of all entities together
  std::size_t ancestors = 0;
  enum class State : std::uint8_t { kNew, kOpen, kClosed };
  std::vector<State> states(entities_.size(), State::kNew);
  std::vector<std::uint32_t> stack;
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
      for (const std::uint32_t parent : entity.parents) {
        const std::vector<std::uint32_t>& above = entities_[parent].ancestors;
        entity.ancestors.push_back(parent);
        entity.ancestors.insert(entity.ancestors.end(), above.begin(), above.end());
      }
      std::ranges::sort(entity.ancestors);
      const auto repeated = std::ranges::unique(entity.ancestors);
      entity.ancestors.erase(repeated.begin(), repeated.end());
      ancestors += entity.ancestors.size();
      if (ancestors > kMostAncestors) return {Problem::kTooMany, current};
    }
  }
  return {Problem::kNone, 0};
}

}  // namespace cedar
