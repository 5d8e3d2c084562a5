#include "cedar/engine/scope.h"

#include <array>
#include <vector>

#include "cedar/engine/partial_impl.h"

namespace cedar {
namespace {

using ast::ExprKind;
using ast::ScopeKind;

template <typename Node>
Node* make(Arena& arena, ExprKind kind, Span span) {
  auto* node = arena.make<Node>();
  node->kind = kind;
  node->span = span;
  return node;
}

const ast::Expr* entity(const Uid* uid, Span span, Arena& arena) {
  auto* node = make<ast::Literal>(arena, ExprKind::kLiteral, span);
  node->value = Value::entity(uid);
  return node;
}

const ast::Expr* variable(ast::Variable which, Span span, Arena& arena) {
  auto* node = make<ast::VariableRef>(arena, ExprKind::kVariable, span);
  node->variable = which;
  return node;
}

const ast::Expr* binary(ast::BinaryOp op, const ast::Expr* left, const ast::Expr* right, Arena& arena) {
  auto* node = make<ast::Binary>(arena, ExprKind::kBinary, left->span);
  node->op = op;
  node->left = left;
  node->right = right;
  return node;
}

}  // namespace

const ast::Expr* as_expression(ast::Variable which, const ast::EntityScope& scope, Arena& arena) {
  const ast::Expr* subject = variable(which, scope.span, arena);
  switch (scope.kind) {
    case ScopeKind::kAny:
      return nullptr;
    case ScopeKind::kEqual:
      return binary(ast::BinaryOp::kEqual, subject, entity(scope.entity, scope.span, arena), arena);
    case ScopeKind::kIn:
      return binary(ast::BinaryOp::kIn, subject, entity(scope.entity, scope.span, arena), arena);
    case ScopeKind::kIs:
    case ScopeKind::kIsIn: {
      auto* node = make<ast::Is>(arena, ExprKind::kIs, scope.span);
      node->operand = subject;
      node->type = scope.type;
      if (scope.kind == ScopeKind::kIsIn) node->ancestor = entity(scope.entity, scope.span, arena);
      return node;
    }
  }
  std::unreachable();
}

const ast::Expr* as_expression(const ast::ActionScope& scope, Arena& arena) {
  if (scope.kind == ScopeKind::kAny) return nullptr;
  const Span span = scope.spans.empty() ? Span{} : Span{scope.spans.front().begin, scope.spans.back().end};
  const ast::Expr* action = variable(ast::Variable::kAction, span, arena);
  if (scope.kind == ScopeKind::kEqual)
    return binary(ast::BinaryOp::kEqual, action, entity(scope.actions.front(), span, arena), arena);
  if (scope.actions.size() == 1)
    return binary(ast::BinaryOp::kIn, action, entity(scope.actions.front(), span, arena), arena);
  auto* set = make<ast::SetExpr>(arena, ExprKind::kSet, span);
  const std::span<const ast::Expr*> elements = arena.array<const ast::Expr*>(scope.actions.size());
  for (std::size_t i = 0; i < elements.size(); ++i) elements[i] = entity(scope.actions[i], span, arena);
  set->elements = elements;
  return binary(ast::BinaryOp::kIn, action, set, arena);
}

const ast::Expr* as_expression(const ast::Policy& policy, Arena& arena) {
  std::vector<const ast::Expr*> parts;
  for (const ast::Expr* test : {as_expression(ast::Variable::kPrincipal, policy.principal, arena),
                                as_expression(policy.action, arena),
                                as_expression(ast::Variable::kResource, policy.resource, arena)}) {
    if (test != nullptr) parts.push_back(test);
  }
  for (const ast::Condition& condition : policy.conditions) {
    if (condition.unless) {
      auto* negation = make<ast::Unary>(arena, ExprKind::kNot, condition.span);
      negation->operand = condition.body;
      parts.push_back(negation);
    } else if (condition.body->kind == ExprKind::kAnd) {
      const auto& chain = static_cast<const ast::Logic&>(*condition.body);
      parts.insert(parts.end(), chain.operands.begin(), chain.operands.end());
    } else {
      parts.push_back(condition.body);
    }
  }
  if (parts.size() == 1) return parts.front();
  if (parts.empty()) {
    auto* always = make<ast::Literal>(arena, ExprKind::kLiteral, policy.span);
    always->value = Value::boolean(true);
    return always;
  }
  auto* all = make<ast::Logic>(arena, ExprKind::kAnd, policy.span);
  all->operands = arena.copy_of(parts);
  return all;
}

}  // namespace cedar
