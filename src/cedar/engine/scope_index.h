// Finds the policies that could match a request, without looking at the others.
//
// First by action: each action, and each group, that a policy names has a bucket of its own; policies for any
// action share one. Within a bucket each policy is known by one test of principal or resource: the one that
// the fewest other policies of the bucket share. A request is resolved once: its entities and their ancestors
// become the numbers of the names that policies use, and from there on the search compares integers.
//
// What is found has passed the test of action that its bucket stands for, and the test it is known by.
// Skipping the others is exact, because none of these tests can err.

#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "cedar/engine/entity_store.h"
#include "cedar/values/flat_table.h"

namespace cedar {

// An entity of a request. What is known of it is sought when it is first asked for, since many decisions need
// not know.
class Subject {
 public:
  explicit Subject(const Uid& uid) : uid_(uid) {}

  const Uid& uid() const { return uid_; }
  const Entity* entity(const EntityStore& store) const {  // nullptr: nothing is known of it
    if (!sought_) {
      entity_ = store.find(uid_);
      sought_ = true;
    }
    return entity_;
  }

 private:
  Uid uid_;
  mutable const Entity* entity_ = nullptr;
  mutable bool sought_ = false;
};

class ScopeIndex {
 public:
  enum class Kind : std::uint8_t { kEqual, kIn, kIs };
  enum class Slot : std::uint8_t { kPrincipal, kResource };

  // A test of principal or resource.
  struct Test {
    Slot slot;
    Kind kind;
    std::string_view type;  // kIs
    const Uid* entity;      // kEqual, kIn
  };
  // The actions that a policy is for; empty: any. kIn: these, and all that are in one of them.
  struct Actions {
    Kind kind = Kind::kEqual;
    std::span<const Uid* const> names = {};
  };

  // Memory that searches reuse.
  struct Scratch {
    std::vector<std::uint32_t> names[2];
  };

  // Calls `found` with each policy that could match; more than once when several groups lead to it.
  template <typename Found>
  void find(const Subject& principal, const Subject& action, const Subject& resource,
            const EntityStore& store, Scratch& scratch, Found found) const;

 private:
  friend class ScopeIndexBuilder;
  static constexpr std::uint32_t kNone = FlatTable::kNone;

  // Policies, in a range of `postings_`.
  struct Range {
    std::uint32_t first = 0;
    std::uint32_t count = 0;
  };
  struct Bucket {
    std::uint32_t kinds = 0;  // a bit for each slot and kind that occurs
    Range unkeyed;
  };
  // An entity that a policy names.
  struct Name {
    const Uid* uid = nullptr;
    std::uint32_t kinds = 0;                             // as in Bucket
    std::array<std::uint32_t, 2> buckets{kNone, kNone};  // of actions: equal, in
  };
  struct Keyed {
    std::uint64_t key;
    Range range;
  };

  static std::uint32_t bit(Slot slot, Kind kind) {
    return 1U << (static_cast<std::uint32_t>(slot) * 4 + static_cast<std::uint32_t>(kind));
  }
  static std::uint64_t key(std::uint32_t bucket, Slot slot, Kind kind, std::uint32_t name) {
    const auto test = static_cast<std::uint64_t>(slot) * 4 + static_cast<std::uint64_t>(kind);
    return (std::uint64_t{bucket} << 35U) | (test << 32U) | name;
  }

  std::uint32_t name_of(const Uid& uid) const {
    return name_table_.find(uid.hash, [&](std::uint32_t at) { return *names_[at].uid == uid; });
  }
  std::uint32_t type_of(std::string_view type) const {
    return type_table_.find(hash_text(type), [&](std::uint32_t at) { return types_[at] == type; });
  }
  const Range* range_of(std::uint64_t key) const {
    const std::uint32_t at =
        keyed_table_.find(mix(key, 0), [&](std::uint32_t i) { return keyed_[i].key == key; });
    return at == kNone ? nullptr : &keyed_[at].range;
  }

  // Calls `visit` with the number of each name that policies use, of the entity itself and of what it is in.
  template <typename Visit>
  void resolve(const Subject& subject, const EntityStore& store, Visit visit) const;

  std::uint32_t kinds_ = 0;  // as in Bucket, of all of them
  std::vector<Name> names_;
  FlatTable name_table_;
  std::vector<std::string_view> types_;
  FlatTable type_table_;
  std::vector<Bucket> buckets_{Bucket{}};  // first, the one for any action
  std::vector<Keyed> keyed_;
  FlatTable keyed_table_;
  std::vector<std::uint32_t> postings_;
};

// Builds an index from the scopes of all policies; spent by `build`.
class ScopeIndexBuilder {
 public:
  // `candidates`: every test that the policy could be known by.
  void add(const ScopeIndex::Actions& actions, std::span<const ScopeIndex::Test> candidates);

  struct Built {
    ScopeIndex index;
    // The policies, as numbered by the order of `add`, in the order that the index has them in and numbers
    // them by: those that are found together stand together.
    std::vector<std::uint32_t> order;
    // For each policy, in the order of `add`, which candidate it is known by.
    std::vector<std::optional<std::uint32_t>> chosen;
  };
  Built build() &&;

 private:
  struct Pending {
    ScopeIndex::Range buckets;     // of buckets_
    ScopeIndex::Range candidates;  // of candidates_
  };
  struct Candidate {
    ScopeIndex::Slot slot;
    ScopeIndex::Kind kind;
    std::uint32_t name;
    std::uint32_t shared;  // of popularity_
  };
  // How many policies share a key.
  struct Popularity {
    std::uint64_t key;
    std::uint32_t policies;
  };

  std::uint32_t intern(const Uid& uid);
  std::uint32_t intern_type(std::string_view type);
  std::uint32_t bucket(const Uid& action, ScopeIndex::Kind kind);
  std::uint32_t popularity(std::uint64_t key);
  std::optional<std::uint32_t> choose(std::span<const Candidate> candidates) const;
  std::span<const Candidate> candidates(const Pending& pending) const {
    return std::span(candidates_).subspan(pending.candidates.first, pending.candidates.count);
  }

  ScopeIndex index_;
  std::vector<Pending> pending_;
  std::vector<std::uint32_t> buckets_;
  std::vector<Candidate> candidates_;
  std::vector<Popularity> popularity_;
  FlatTable popularity_table_;
};

template <typename Visit>
void ScopeIndex::resolve(const Subject& subject, const EntityStore& store, Visit visit) const {
  if (const std::uint32_t own = name_of(subject.uid()); own != kNone) visit(own, true);
  const Entity* entity = subject.entity(store);
  if (entity == nullptr) return;
  const std::span<const std::uint64_t> hashes = entity->hashes();
  for (std::size_t i = 0; i < hashes.size(); ++i) {
    const std::uint32_t name = name_table_.find(
        hashes[i], [&](std::uint32_t at) { return *names_[at].uid == store.at(entity->ancestors[i]).uid; });
    if (name != kNone) visit(name, false);
  }
}

template <typename Found>
void ScopeIndex::find(const Subject& principal, const Subject& action, const Subject& resource,
                      const EntityStore& store, Scratch& scratch, Found found) const {
  const std::array<const Subject*, 2> subjects{&principal, &resource};
  std::array<std::uint32_t, 2> own{kNone, kNone};
  std::array<std::uint32_t, 2> types{};
  for (std::size_t i = 0; i < 2; ++i) {
    const auto slot = static_cast<Slot>(i);
    const std::uint32_t of_interest = bit(slot, Kind::kEqual) | bit(slot, Kind::kIn);
    types[i] = (kinds_ & bit(slot, Kind::kIs)) == 0 ? kNone : type_of(subjects[i]->uid().type);
    scratch.names[i].clear();
    if ((kinds_ & of_interest) == 0) continue;
    resolve(*subjects[i], store, [&](std::uint32_t name, bool itself) {
      if ((names_[name].kinds & of_interest) == 0) return;
      if (itself) own[i] = name;
      scratch.names[i].push_back(name);
    });
  }

  const auto take = [&](Range range) {
    for (std::uint32_t i = 0; i < range.count; ++i) found(postings_[range.first + i]);
  };
  const auto probe = [&](std::uint32_t place, Slot slot, Kind kind, std::uint32_t name) {
    if (const Range* range = range_of(key(place, slot, kind, name))) take(*range);
  };
  const auto visit = [&](std::uint32_t place) {
    const Bucket& bucket = buckets_[place];
    take(bucket.unkeyed);
    if (bucket.kinds == 0) return;
    for (std::size_t i = 0; i < 2; ++i) {
      const auto slot = static_cast<Slot>(i);
      const bool equal = (bucket.kinds & bit(slot, Kind::kEqual)) != 0;
      if (equal && own[i] != kNone) probe(place, slot, Kind::kEqual, own[i]);
      if ((bucket.kinds & bit(slot, Kind::kIs)) != 0 && types[i] != kNone)
        probe(place, slot, Kind::kIs, types[i]);
      if ((bucket.kinds & bit(slot, Kind::kIn)) == 0) continue;
      for (const std::uint32_t name : scratch.names[i]) {
        if ((names_[name].kinds & bit(slot, Kind::kIn)) != 0) probe(place, slot, Kind::kIn, name);
      }
    }
  };

  visit(0);
  if (buckets_.size() == 1) return;
  resolve(action, store, [&](std::uint32_t name, bool itself) {
    const auto [equal, in] = names_[name].buckets;
    if (itself && equal != kNone) visit(equal);
    if (in != kNone) visit(in);
  });
}

}  // namespace cedar
