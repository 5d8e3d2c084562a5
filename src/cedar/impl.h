// What the public values share behind their pointers.

#pragma once

#include <string_view>
#include <vector>

#include "cedar/arena.h"
#include "cedar/ast.h"
#include "cedar/cedar.h"
#include "cedar/diagnostic.h"
#include "cedar/entity_store.h"
#include "cedar/scope_index.h"

namespace cedar {

struct PolicySet::Impl {
  Arena arena;
  std::vector<ast::Policy> nodes;
  std::vector<Policy> policies;  // one for each node, in the same order
  ScopeIndex index;
  std::string text;  // what spans refer to
  LineTable lines{{}};
};

struct Entities::Impl {
  Arena arena;
  EntityStore store;
};

struct Context::Impl {
  Arena arena;
  Value record = Value::record({});
};

}  // namespace cedar
