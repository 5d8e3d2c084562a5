// From syntax trees to a Program and its index.
//
// A scope, and leading conjuncts that say what a scope could say (`when { principal in Group::"x" && … }`),
// are what the index may know a policy by. Lifting a conjunct is exact as long as nothing before it can err.

#pragma once

#include <span>
#include <vector>

#include "cedar/engine/program.h"
#include "cedar/engine/scope_index.h"

namespace cedar {

struct Compiled {
  Program program;
  std::vector<CompiledPolicy> policies;  // those that could ever match, as the index numbers them
  ScopeIndex index;
};

// The result refers to the trees, and to `policies`.
Compiled compile(std::span<const Policy> policies);

}  // namespace cedar
