#include "cedar/engine/entity_store.h"

#include <algorithm>
#include <iterator>

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

// The parents and what they are in: ancestors are kept in one order throughout, so that they can be merged.
std::vector<std::uint32_t> EntityStore::above(const Entity& entity) const {
  const auto before = [this](std::uint32_t a, std::uint32_t b) {
    const std::uint64_t left = entities_[a].uid.hash;
    const std::uint64_t right = entities_[b].uid.hash;
    return left != right ? left < right : a < b;
  };
  std::vector<std::uint32_t> all(entity.parents.begin(), entity.parents.end());
  std::ranges::sort(all, before);
  std::vector<std::uint32_t> merged;
  for (const std::uint32_t parent : entity.parents) {
    const std::span<const std::uint32_t> more = entities_[parent].ancestors;
    if (more.empty()) continue;
    merged.clear();
    merged.reserve(all.size() + more.size());
    std::ranges::set_union(all, more, std::back_inserter(merged), before);
    all.swap(merged);
  }
  return all;
}

void EntityStore::set_ancestors(Entity& entity, std::span<const std::uint32_t> all, Arena& arena) {
  entity.ancestors = arena.copy_of(all);
  const std::span<std::uint64_t> hashes = arena.array<std::uint64_t>(all.size());
  std::ranges::transform(all, hashes.begin(),
                         [this](std::uint32_t index) { return entities_[index].uid.hash; });
  entity.ancestor_hashes = hashes.data();
}

// Depth first without recursion (a chain of parents may be as long as the file): an entity is closed when all
// its parents are; meeting one that is still open is a cycle.
EntityStore::Closed EntityStore::close(Arena& arena) {
  // Of all entities together: more than hierarchies have, less than a long chain would make.
  const std::size_t most = 4'000'000 + 64 * entities_.size();
  std::size_t ancestors = 0;
  constexpr std::uint32_t kNobody = UINT32_MAX;
  std::vector<std::uint32_t> only_child(entities_.size(),
                                        kNobody);  // of a parent, a closed one with no other
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
      if (entity.parents.empty()) continue;
      const std::uint32_t parent = entity.parents.front();
      if (entity.parents.size() == 1 && only_child[parent] != kNobody) {  // it has the same ancestors
        entity.ancestors = entities_[only_child[parent]].ancestors;
        entity.ancestor_hashes = entities_[only_child[parent]].ancestor_hashes;
        continue;
      }
      if (entity.parents.size() == 1) only_child[parent] = current;
      const std::vector<std::uint32_t> all = above(entity);
      ancestors += all.size();
      if (ancestors > most) return {Problem::kTooMany, current};
      set_ancestors(entity, all, arena);
    }
  }
  return {Problem::kNone, 0};
}

}  // namespace cedar
