// Constant folding: computes, once, what depends on no variable and no entity, such as ip("10.0.0.0/8") or a
// list of names. What would err is left alone, since its error belongs to evaluation.

#pragma once

#include "cedar/syntax/ast.h"

namespace cedar {

// Sets `constant` throughout the tree. Recursion is as deep as the tree.
void fold_constants(const ast::Expr& expr, Arena& arena);

}  // namespace cedar
