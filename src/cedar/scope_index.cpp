#include "cedar/scope_index.h"

#include <algorithm>
#include <optional>

namespace cedar {
namespace {

using ast::ScopeKind;

bool matches(const ast::EntityScope& scope, const Uid& uid, const EntityStore& entities) {
  switch (scope.kind) {
    case ScopeKind::kAny:
      return true;
    case ScopeKind::kEqual:
      return uid == *scope.entity;
    case ScopeKind::kIn:
      return entities.in(uid, *scope.entity);
    case ScopeKind::kIs:
      return uid.type == scope.type;
    case ScopeKind::kIsIn:
      return uid.type == scope.type && entities.in(uid, *scope.entity);
  }
  std::unreachable();
}

bool matches(const ast::ActionScope& scope, const Uid& action, const EntityStore& entities) {
  if (scope.kind == ScopeKind::kAny) return true;
  if (scope.kind == ScopeKind::kEqual) return action == *scope.actions.front();
  return std::ranges::any_of(scope.actions, [&](const Uid* group) { return entities.in(action, *group); });
}

// How few requests a test lets through, at a guess: fewer is better.
int rank(const ast::EntityScope& scope) {
  switch (scope.kind) {
    case ScopeKind::kEqual:
      return 0;
    case ScopeKind::kIn:
    case ScopeKind::kIsIn:
      return 1;
    case ScopeKind::kIs:
      return 2;
    case ScopeKind::kAny:
      return 3;
  }
  std::unreachable();
}

Uid type_name(std::string_view type) { return {type, {}, hash_uid(type, {})}; }

}  // namespace

std::size_t ScopeIndex::KeyHash::operator()(const Key& key) const {
  const auto salt = static_cast<std::uint64_t>(key.slot) * 2 + (key.of_type ? 1 : 0);
  return key.name.hash + salt * 0x9E3779B97F4A7C15U;
}

ScopeIndex::ScopeIndex(std::span<const Policy> policies) : policies_(policies) {
  for (std::uint32_t place = 0; place < policies.size(); ++place) {
    const ast::ActionScope& action = policies[place].node().action;
    if (action.kind == ScopeKind::kAny) add(place, any_action_);
    for (const Uid* name : action.actions) add(place, by_action_[*name]);
  }
}

void ScopeIndex::add(std::uint32_t place, Bucket& bucket) {
  if (!bucket.all.empty() && bucket.all.back() == place) return;  // an action that the policy names twice
  bucket.all.push_back(place);
  const ast::Policy& policy = policies_[place].node();
  const bool by_resource = rank(policy.resource) < rank(policy.principal);
  const ast::EntityScope& scope = by_resource ? policy.resource : policy.principal;
  const Slot slot = by_resource ? Slot::kResource : Slot::kPrincipal;
  if (scope.kind == ScopeKind::kAny) {
    bucket.unkeyed.push_back(place);
  } else if (scope.kind == ScopeKind::kIs) {
    bucket.keyed[{slot, true, type_name(scope.type)}].push_back(place);
  } else {
    bucket.keyed[{slot, false, *scope.entity}].push_back(place);
  }
}

// One search: the request, what is known of its entities, and where matches go.
class ScopeIndex::Search {
 public:
  Search(const ScopeIndex& index, const Bindings& request, const EntityStore& entities, Matches& found)
      : index_(index),
        request_(request),
        entities_(entities),
        found_(found),
        principal_(entities.find(request.principal)),
        resource_(entities.find(request.resource)) {}

  void run() {
    visit(index_.any_action_);
    visit_action(request_.action);
    if (const Entity* action = entities_.find(request_.action)) {
      for (const std::uint32_t group : action->ancestors) visit_action(*entities_.at(group).uid);
    }
    // A policy may name several groups of the action.
    std::ranges::sort(found_);
    const auto repeated = std::ranges::unique(found_);
    found_.erase(repeated.begin(), repeated.end());
  }

 private:
  void visit_action(const Uid& action) {
    const auto bucket = index_.by_action_.find(action);
    if (bucket != index_.by_action_.end()) visit(bucket->second);
  }

  void visit(const Bucket& bucket) {
    const std::size_t lookups = 4 + ancestors(principal_) + ancestors(resource_);
    if (bucket.all.size() <= 2 * lookups) return take(bucket.all);
    take(bucket.unkeyed);
    visit_slot(bucket, Slot::kPrincipal, request_.principal, principal_);
    visit_slot(bucket, Slot::kResource, request_.resource, resource_);
  }

  void visit_slot(const Bucket& bucket, Slot slot, const Uid& uid, const Entity* entity) {
    take(bucket, {slot, false, uid});
    take(bucket, {slot, true, type_name(uid.type)});
    if (entity == nullptr) return;
    for (const std::uint32_t above : entity->ancestors) take(bucket, {slot, false, *entities_.at(above).uid});
  }

  void take(const Bucket& bucket, const Key& key) {
    const auto places = bucket.keyed.find(key);
    if (places != bucket.keyed.end()) take(places->second);
  }

  void take(std::span<const std::uint32_t> places) {
    for (const std::uint32_t place : places) {
      const ast::Policy& policy = index_.policies_[place].node();
      if (!matches(policy.principal, request_.principal, entities_)) continue;
      if (!matches(policy.resource, request_.resource, entities_)) continue;
      if (!matches(policy.action, request_.action, entities_)) continue;
      found_.push_back(place);
    }
  }

  static std::size_t ancestors(const Entity* entity) {
    return entity == nullptr ? 0 : entity->ancestors.size();
  }

  const ScopeIndex& index_;
  const Bindings& request_;
  const EntityStore& entities_;
  Matches& found_;
  const Entity* principal_;
  const Entity* resource_;
};

void ScopeIndex::find(const Bindings& request, const EntityStore& entities, Matches& found) const {
  Search(*this, request, entities, found).run();
}

}  // namespace cedar
