// Evaluates expressions, as the language reference says to the letter: operands from left to right, `&&`,
// `||` and `if` evaluate no more than they need, and every error ends the evaluation.
//
// Recursion is as deep as the tree, which the parser bounds. Allocates only from the scratch arena, where
// also the errors live.

#pragma once

#include <expected>

#include "cedar/engine/entity_store.h"
#include "cedar/syntax/ast.h"

namespace cedar {

struct EvalError {
  const ast::Expr* where;
  std::string_view message;
};
using EvalResult = std::expected<Value, const EvalError*>;

// What the variables stand for.
struct Bindings {
  Uid principal;
  Uid action;
  Uid resource;
  Value context;
};

class Evaluator {
 public:
  Evaluator(const Bindings& bindings, const EntityStore& entities, Arena& scratch)
      : bindings_(bindings), entities_(entities), scratch_(scratch) {}

  EvalResult evaluate(const ast::Expr& expr);
  // Whether every `when` holds and no `unless` does.
  std::expected<bool, const EvalError*> satisfied(std::span<const ast::Condition> conditions);

 private:
  EvalResult variable(const ast::VariableRef& expr);
  EvalResult negation(const ast::Unary& expr);
  EvalResult minus(const ast::Unary& expr);
  EvalResult is_empty(const ast::Unary& expr);
  EvalResult logic(const ast::Logic& expr);
  EvalResult choice(const ast::If& expr);
  EvalResult binary(const ast::Binary& expr);
  EvalResult compare_order(const ast::Binary& expr, const Value& left, const Value& right);
  EvalResult arithmetic(const ast::Binary& expr, const Value& left, const Value& right);
  EvalResult in(const ast::Expr& expr, const Value& left, const Value& right);
  EvalResult set_operation(const ast::Binary& expr, const Value& left, const Value& right);
  EvalResult tag(const ast::Binary& expr, const Value& left, const Value& right);
  EvalResult has(const ast::Has& expr);
  EvalResult get(const ast::Get& expr);
  EvalResult like(const ast::Like& expr);
  EvalResult is(const ast::Is& expr);
  EvalResult set(const ast::SetExpr& expr);
  EvalResult record(const ast::RecordExpr& expr);
  EvalResult call(const ast::Call& expr);

  std::expected<bool, const EvalError*> boolean(const ast::Expr& expr);
  std::unexpected<const EvalError*> error(const ast::Expr& where, std::string_view message);
  std::unexpected<const EvalError*> wrong_kind(const ast::Expr& where, std::string_view needed, Kind found);

  const Bindings& bindings_;
  const EntityStore& entities_;
  Arena& scratch_;
};

}  // namespace cedar
