#include "cedar/engine/scope_index.h"

#include <algorithm>

namespace cedar {

std::uint32_t ScopeIndexBuilder::intern(const Uid& uid) {
  const std::uint32_t found = index_.name_of(uid);
  if (found != FlatTable::kNone) return found;
  const auto name = static_cast<std::uint32_t>(index_.names_.size());
  index_.names_.push_back({.uid = &uid});
  index_.name_table_.insert(uid.hash, name);
  return name;
}

std::uint32_t ScopeIndexBuilder::intern_type(std::string_view type) {
  const std::uint32_t found = index_.type_of(type);
  if (found != FlatTable::kNone) return found;
  const auto name = static_cast<std::uint32_t>(index_.types_.size());
  index_.types_.push_back(type);
  index_.type_table_.insert(hash_text(type), name);
  return name;
}

std::uint32_t ScopeIndexBuilder::bucket(const Uid& action, ScopeIndex::Kind kind) {
  std::uint32_t& place = index_.names_[intern(action)].buckets.at(kind == ScopeIndex::Kind::kIn ? 1 : 0);
  if (place == FlatTable::kNone) {
    place = static_cast<std::uint32_t>(index_.buckets_.size());
    index_.buckets_.emplace_back();
  }
  return place;
}

std::uint32_t ScopeIndexBuilder::popularity(std::uint64_t key) {
  const std::uint64_t hash = mix(key, 0);
  const std::uint32_t found =
      popularity_table_.find(hash, [&](std::uint32_t at) { return popularity_[at].key == key; });
  if (found != FlatTable::kNone) return found;
  const auto fresh = static_cast<std::uint32_t>(popularity_.size());
  popularity_.push_back({key, 0});
  popularity_table_.insert(hash, fresh);
  return fresh;
}

void ScopeIndexBuilder::add(const ScopeIndex::Actions& actions, std::span<const ScopeIndex::Test> tests) {
  const std::size_t first = buckets_.size();
  if (actions.names.empty()) buckets_.push_back(0);
  for (const Uid* name : actions.names) buckets_.push_back(bucket(*name, actions.kind));
  const auto own =
      std::ranges::subrange(buckets_.begin() + static_cast<std::ptrdiff_t>(first), buckets_.end());
  std::ranges::sort(own);
  const auto repeated = std::ranges::unique(own);
  buckets_.erase(repeated.begin(), repeated.end());
  pending_.push_back(
      {.buckets = {static_cast<std::uint32_t>(first), static_cast<std::uint32_t>(buckets_.size() - first)},
       .candidates = {static_cast<std::uint32_t>(candidates_.size()),
                      static_cast<std::uint32_t>(tests.size())}});
  for (const ScopeIndex::Test& test : tests) {
    const std::uint32_t name =
        test.kind == ScopeIndex::Kind::kIs ? intern_type(test.type) : intern(*test.entity);
    const std::uint32_t shared = popularity(ScopeIndex::key(buckets_[first], test.slot, test.kind, name));
    ++popularity_[shared].policies;
    candidates_.push_back({test.slot, test.kind, name, shared});
  }
}

// The candidate that the fewest policies of the first bucket share; of several, the narrowest kind.
std::optional<std::uint32_t> ScopeIndexBuilder::choose(std::span<const Candidate> candidates) const {
  std::optional<std::uint32_t> best;
  std::pair<std::uint32_t, ScopeIndex::Kind> least{UINT32_MAX, ScopeIndex::Kind::kIs};
  for (std::uint32_t i = 0; i < candidates.size(); ++i) {
    const std::pair rank(popularity_[candidates[i].shared].policies, candidates[i].kind);
    if (rank >= least) continue;
    least = rank;
    best = i;
  }
  return best;
}

ScopeIndexBuilder::Built ScopeIndexBuilder::build() && {
  struct Posting {
    std::uint64_t key;
    std::uint32_t policy;
  };
  constexpr std::uint64_t kUnkeyed = 7ULL << 32U;  // no test has this number
  std::vector<Posting> postings;
  std::vector<std::optional<std::uint32_t>> chosen;
  postings.reserve(pending_.size());
  chosen.reserve(pending_.size());
  for (std::uint32_t policy = 0; policy < pending_.size(); ++policy) {
    const Pending& pending = pending_[policy];
    const std::optional<std::uint32_t> choice = choose(candidates(pending));
    chosen.push_back(choice);
    for (const std::uint32_t place :
         std::span(buckets_).subspan(pending.buckets.first, pending.buckets.count)) {
      if (!choice) {
        postings.push_back({(std::uint64_t{place} << 35U) | kUnkeyed, policy});
        continue;
      }
      const Candidate& known_by = candidates(pending)[*choice];
      const std::uint32_t bit = ScopeIndex::bit(known_by.slot, known_by.kind);
      index_.buckets_[place].kinds |= bit;
      index_.kinds_ |= bit;
      if (known_by.kind != ScopeIndex::Kind::kIs) index_.names_[known_by.name].kinds |= bit;
      postings.push_back({ScopeIndex::key(place, known_by.slot, known_by.kind, known_by.name), policy});
    }
  }
  std::ranges::sort(postings, {}, [](const Posting& one) { return std::pair(one.key, one.policy); });

  std::vector<std::uint32_t> order;
  std::vector<std::uint32_t> numbers(pending_.size(), FlatTable::kNone);
  order.reserve(pending_.size());
  index_.postings_.reserve(postings.size());
  for (std::size_t i = 0; i < postings.size();) {
    const std::uint64_t key = postings[i].key;
    ScopeIndex::Range range{static_cast<std::uint32_t>(i), 0};
    for (; i < postings.size() && postings[i].key == key; ++i, ++range.count) {
      std::uint32_t& number = numbers[postings[i].policy];
      if (number == FlatTable::kNone) {
        number = static_cast<std::uint32_t>(order.size());
        order.push_back(postings[i].policy);
      }
      index_.postings_.push_back(number);
    }
    if ((key & kUnkeyed) == kUnkeyed) {
      index_.buckets_[key >> 35U].unkeyed = range;
    } else {
      index_.keyed_table_.insert(mix(key, 0), static_cast<std::uint32_t>(index_.keyed_.size()));
      index_.keyed_.push_back({key, range});
    }
  }
  index_.names_.shrink_to_fit();
  index_.keyed_.shrink_to_fit();
  return {std::move(index_), std::move(order), std::move(chosen)};
}

}  // namespace cedar
