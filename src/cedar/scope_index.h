// Finds the policies whose scope could match a request, without looking at the others.
//
// First by action: each action, and each group, that a policy names has a bucket of its own; policies for any
// action share one. Within a bucket by the most telling test of principal or resource: a named entity, else a
// type, else nothing. Buckets with few policies are simply walked. Skipping a policy by its scope is exact,
// because the test of a scope cannot err; what is found is still tested in full.

#pragma once

#include <cstdint>
#include <span>
#include <unordered_map>
#include <vector>

#include "cedar/ast.h"
#include "cedar/entity_store.h"
#include "cedar/evaluator.h"

namespace cedar {

class ScopeIndex {
 public:
  using Matches = std::pmr::vector<std::uint32_t>;

  ScopeIndex() = default;
  explicit ScopeIndex(std::span<const Policy> policies);

  // Appends the places of the policies whose scope matches, in order and each once.
  void find(const Bindings& request, const EntityStore& entities, Matches& matches) const;

 private:
  enum class Slot : std::uint8_t { kPrincipal, kResource };

  // A named entity, or (id empty, `of_type`) a type, in one of the two slots.
  struct Key {
    Slot slot;
    bool of_type;
    Uid name;
    friend bool operator==(const Key& a, const Key& b) {
      return a.slot == b.slot && a.of_type == b.of_type && a.name == b.name;
    }
  };
  struct KeyHash {
    std::size_t operator()(const Key& key) const;
  };
  struct UidHash {
    std::size_t operator()(const Uid& uid) const { return uid.hash; }
  };
  struct Bucket {
    std::vector<std::uint32_t> all;      // every policy of the bucket
    std::vector<std::uint32_t> unkeyed;  // those without a telling test
    std::unordered_map<Key, std::vector<std::uint32_t>, KeyHash> keyed;
  };
  class Search;

  void add(std::uint32_t place, Bucket& bucket);

  std::span<const Policy> policies_;
  Bucket any_action_;
  std::unordered_map<Uid, Bucket, UidHash> by_action_;
};

}  // namespace cedar
