// Whether two syntax trees say the same: all but ids and places.

#pragma once

#include "cedar/syntax/ast.h"

namespace cedar {

// `(a && b) && c` is a tree of two chains, `a && b && c` one of one; both mean the same, and JSON can only
// write one of them.
enum class Chains : std::uint8_t { kAsWritten, kFlattened };

bool same_tree(const ast::Expr& a, const ast::Expr& b, Chains chains = Chains::kAsWritten);

// Links count as what they stand for.
bool same_tree(const ast::Policy& a, const ast::Policy& b, Chains chains = Chains::kAsWritten);

}  // namespace cedar
