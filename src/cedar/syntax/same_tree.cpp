#include "cedar/syntax/same_tree.h"

#include <algorithm>
#include <vector>

namespace cedar {
namespace {

using ast::Expr;
using ast::ExprKind;

// The operands of a chain, those of a chain of the same kind in front of them included.
void flatten(const ast::Logic& chain, std::vector<const Expr*>& operands) {
  const Expr& first = *chain.operands.front();
  if (first.kind == chain.kind)
    flatten(as<ast::Logic>(first), operands);
  else
    operands.push_back(&first);
  operands.insert(operands.end(), chain.operands.begin() + 1, chain.operands.end());
}

class Comparison {
 public:
  explicit Comparison(Chains chains) : chains_(chains) {}

  bool same(const Expr& a, const Expr& b) const {
    if (a.kind != b.kind) return false;
    switch (a.kind) {
      case ExprKind::kLiteral:
        return as<ast::Literal>(a).value == as<ast::Literal>(b).value;
      case ExprKind::kVariable:
        return as<ast::VariableRef>(a).variable == as<ast::VariableRef>(b).variable;
      case ExprKind::kNot:
      case ExprKind::kNegate:
      case ExprKind::kIsEmpty:
        return same(*as<ast::Unary>(a).operand, *as<ast::Unary>(b).operand);
      case ExprKind::kBinary:
        return same_binary(as<ast::Binary>(a), as<ast::Binary>(b));
      case ExprKind::kAnd:
      case ExprKind::kOr:
        return same_logic(as<ast::Logic>(a), as<ast::Logic>(b));
      case ExprKind::kIf:
        return same_choice(as<ast::If>(a), as<ast::If>(b));
      case ExprKind::kHas:
        return std::ranges::equal(as<ast::Has>(a).path, as<ast::Has>(b).path) &&
               same(*as<ast::Has>(a).operand, *as<ast::Has>(b).operand);
      case ExprKind::kGet:
        return as<ast::Get>(a).name == as<ast::Get>(b).name &&
               same(*as<ast::Get>(a).operand, *as<ast::Get>(b).operand);
      case ExprKind::kLike:
        return std::ranges::equal(as<ast::Like>(a).pattern.pieces, as<ast::Like>(b).pattern.pieces) &&
               same(*as<ast::Like>(a).operand, *as<ast::Like>(b).operand);
      case ExprKind::kIs:
        return same_is(as<ast::Is>(a), as<ast::Is>(b));
      case ExprKind::kSet:
        return all_same(as<ast::SetExpr>(a).elements, as<ast::SetExpr>(b).elements);
      case ExprKind::kRecord:
        return std::ranges::equal(as<ast::RecordExpr>(a).fields, as<ast::RecordExpr>(b).fields,
                                  [this](const ast::RecordField& x, const ast::RecordField& y) {
                                    return x.name == y.name && same(*x.value, *y.value);
                                  });
      case ExprKind::kCall:
        return as<ast::Call>(a).function == as<ast::Call>(b).function &&
               all_same(as<ast::Call>(a).arguments, as<ast::Call>(b).arguments);
    }
    std::unreachable();
  }

 private:
  bool all_same(std::span<const Expr* const> a, std::span<const Expr* const> b) const {
    return std::ranges::equal(a, b, [this](const Expr* x, const Expr* y) { return same(*x, *y); });
  }

  bool same_binary(const ast::Binary& a, const ast::Binary& b) const {
    return a.op == b.op && same(*a.left, *b.left) && same(*a.right, *b.right);
  }

  bool same_logic(const ast::Logic& a, const ast::Logic& b) const {
    if (chains_ == Chains::kAsWritten) return all_same(a.operands, b.operands);
    std::vector<const Expr*> of_a;
    std::vector<const Expr*> of_b;
    flatten(a, of_a);
    flatten(b, of_b);
    return all_same(of_a, of_b);
  }

  bool same_choice(const ast::If& a, const ast::If& b) const {
    return same(*a.condition, *b.condition) && same(*a.then_branch, *b.then_branch) &&
           same(*a.else_branch, *b.else_branch);
  }

  bool same_is(const ast::Is& a, const ast::Is& b) const {
    if (a.type != b.type || !same(*a.operand, *b.operand)) return false;
    if (a.ancestor == nullptr || b.ancestor == nullptr) return a.ancestor == b.ancestor;
    return same(*a.ancestor, *b.ancestor);
  }

  Chains chains_;
};

bool same_uid(const Uid* a, const Uid* b) { return a == nullptr || b == nullptr ? a == b : *a == *b; }

bool same_scope(const ast::EntityScope& a, const ast::EntityScope& b) {
  return a.kind == b.kind && a.type == b.type && same_uid(a.entity, b.entity);
}

// `in A` and `in [A]` are one.
bool same_scope(const ast::ActionScope& a, const ast::ActionScope& b) {
  return a.kind == b.kind && std::ranges::equal(a.actions, b.actions, same_uid);
}

bool same_annotation(const ast::Annotation& a, const ast::Annotation& b) {
  return a.name == b.name && a.value == b.value && a.bare == b.bare;
}

}  // namespace

bool same_tree(const ast::Expr& a, const ast::Expr& b, Chains chains) {
  return Comparison(chains).same(a, b);
}

bool same_tree(const ast::Policy& a, const ast::Policy& b, Chains chains) {
  return a.effect == b.effect && std::ranges::equal(a.annotations, b.annotations, same_annotation) &&
         same_scope(a.principal, b.principal) && same_scope(a.action, b.action) &&
         same_scope(a.resource, b.resource) &&
         std::ranges::equal(a.conditions, b.conditions,
                            [chains](const ast::Condition& x, const ast::Condition& y) {
                              return x.unless == y.unless && same_tree(*x.body, *y.body, chains);
                            });
}

}  // namespace cedar
