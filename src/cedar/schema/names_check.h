// What a policy names that the schema does not know, whatever the request: entity types, actions, ids of
// enumerated types.

#pragma once

#include "cedar/schema/schema_impl.h"
#include "cedar/schema/typecheck.h"
#include "cedar/syntax/ast.h"

namespace cedar {

// Reports to `problems`. False: something in the scope is unknown, hence what it allows cannot be told.
bool check_names(const ast::Policy& policy, const Schema::Impl& schema, ProblemSink& problems);

// Calls `visit` with an expression and everything below it, each before what is below it.
template <typename Visit>
void for_each_expr(const ast::Expr& expr, const Visit& visit) {
  using ast::ExprKind;
  visit(expr);
  const auto below = [&visit](const ast::Expr* child) { for_each_expr(*child, visit); };
  const auto all_below = [&below](std::span<const ast::Expr* const> children) {
    for (const ast::Expr* child : children) below(child);
  };
  switch (expr.kind) {
    case ExprKind::kLiteral:
    case ExprKind::kVariable:
      break;
    case ExprKind::kNot:
    case ExprKind::kNegate:
    case ExprKind::kIsEmpty:
      below(static_cast<const ast::Unary&>(expr).operand);
      break;
    case ExprKind::kBinary:
      below(static_cast<const ast::Binary&>(expr).left);
      below(static_cast<const ast::Binary&>(expr).right);
      break;
    case ExprKind::kAnd:
    case ExprKind::kOr:
      all_below(static_cast<const ast::Logic&>(expr).operands);
      break;
    case ExprKind::kIf:
      below(static_cast<const ast::If&>(expr).condition);
      below(static_cast<const ast::If&>(expr).then_branch);
      below(static_cast<const ast::If&>(expr).else_branch);
      break;
    case ExprKind::kHas:
      below(static_cast<const ast::Has&>(expr).operand);
      break;
    case ExprKind::kGet:
      below(static_cast<const ast::Get&>(expr).operand);
      break;
    case ExprKind::kLike:
      below(static_cast<const ast::Like&>(expr).operand);
      break;
    case ExprKind::kIs:
      below(static_cast<const ast::Is&>(expr).operand);
      if (static_cast<const ast::Is&>(expr).ancestor != nullptr)
        below(static_cast<const ast::Is&>(expr).ancestor);
      break;
    case ExprKind::kSet:
      all_below(static_cast<const ast::SetExpr&>(expr).elements);
      break;
    case ExprKind::kRecord:
      for (const ast::RecordField& field : static_cast<const ast::RecordExpr&>(expr).fields)
        below(field.value);
      break;
    case ExprKind::kCall:
      all_below(static_cast<const ast::Call&>(expr).arguments);
      break;
  }
}

}  // namespace cedar
