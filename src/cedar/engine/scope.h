// The tests of a policy's scope over trees, for those who do not ask the index. They cannot err.

#pragma once

#include <algorithm>
#include <utility>

#include "cedar/engine/entity_store.h"
#include "cedar/syntax/ast.h"

namespace cedar {

inline bool matches(const ast::EntityScope& scope, const Uid& uid, const EntityStore& entities) {
  switch (scope.kind) {
    case ast::ScopeKind::kAny:
      return true;
    case ast::ScopeKind::kEqual:
      return uid == *scope.entity;
    case ast::ScopeKind::kIn:
      return entities.in(uid, *scope.entity);
    case ast::ScopeKind::kIs:
      return uid.type == scope.type;
    case ast::ScopeKind::kIsIn:
      return uid.type == scope.type && entities.in(uid, *scope.entity);
  }
  std::unreachable();
}

inline bool matches(const ast::ActionScope& scope, const Uid& uid, const EntityStore& entities) {
  if (scope.kind == ast::ScopeKind::kAny) return true;
  return std::ranges::any_of(scope.actions, [&](const Uid* one) {
    return scope.kind == ast::ScopeKind::kEqual ? uid == *one : entities.in(uid, *one);
  });
}

}  // namespace cedar
