// Syntax trees and values as Cedar text, with the fewest parentheses that keep the tree: what is printed
// parses to the tree that was given (format.h lays text out for people, and keeps comments).
//
// A chain of `&&` or `||` within the same chain keeps its parentheses, as the tree has them.

#pragma once

#include <string>
#include <string_view>

#include "cedar/syntax/ast.h"
#include "cedar/values/value.h"

namespace cedar {

std::string to_cedar(const ast::Expr& expr);

// Annotations, one a line, then the rest on a line; no line end. A template's slots are printed as slots, a
// link as the static policy that it stands for.
std::string to_cedar(const ast::Policy& policy);

// An expression without variables that evaluates to this value: sets and records in their own order, values
// of extension types as calls of their functions.
std::string to_cedar(const Value& value);

// Whether a name may stand without quotes: after a dot, after `has`, in a record.
bool is_identifier(std::string_view name);

// The right-hand side of `like`, with its quotes.
std::string to_cedar(const Pattern& pattern);

}  // namespace cedar
