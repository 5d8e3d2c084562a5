#include "cedar/syntax/fold.h"

#include <algorithm>

#include "cedar/engine/evaluator.h"

namespace cedar {
namespace {

class Folder {
 public:
  explicit Folder(Arena& arena) : arena_(arena), evaluator_(nothing_, no_entities_, arena) {}

  // Whether the expression has a constant value, which it then carries.
  bool fold(const ast::Expr& expr) {
    if (expr.constant != nullptr) return true;
    if (!children_are_constant(expr)) return false;
    const EvalResult value = evaluator_.evaluate(expr);
    if (!value) return false;
    // The tree was made in this arena and is not yet shared; only here is it ever written to again.
    const_cast<ast::Expr&>(expr).constant = arena_.make<Value>(*value);
    return true;
  }

 private:
  // All children are visited, also after one that is not constant.
  bool all(std::span<const ast::Expr* const> children) {
    bool constant = true;
    for (const ast::Expr* child : children) constant = fold(*child) && constant;
    return constant;
  }

  bool children_are_constant(const ast::Expr& expr) {
    using ast::ExprKind;
    switch (expr.kind) {
      case ExprKind::kLiteral:
        return true;
      case ExprKind::kVariable:
        return false;
      case ExprKind::kNot:
      case ExprKind::kNegate:
      case ExprKind::kIsEmpty:
        return fold(*as<ast::Unary>(expr).operand);
      case ExprKind::kBinary:
        return binary(as<ast::Binary>(expr));
      case ExprKind::kAnd:
      case ExprKind::kOr:
        return all(as<ast::Logic>(expr).operands);
      case ExprKind::kIf: {
        const auto& choice = as<ast::If>(expr);
        return all(std::array{choice.condition, choice.then_branch, choice.else_branch});
      }
      case ExprKind::kHas:
        return fold(*as<ast::Has>(expr).operand) && is_record(*as<ast::Has>(expr).operand);
      case ExprKind::kGet:
        return fold(*as<ast::Get>(expr).operand) && is_record(*as<ast::Get>(expr).operand);
      case ExprKind::kLike:
        return fold(*as<ast::Like>(expr).operand);
      case ExprKind::kIs: {
        const auto& test = as<ast::Is>(expr);
        const bool operand = fold(*test.operand);
        if (test.ancestor != nullptr) fold(*test.ancestor);
        return operand && test.ancestor == nullptr;
      }
      case ExprKind::kSet:
        return all(as<ast::SetExpr>(expr).elements);
      case ExprKind::kRecord: {
        bool constant = true;
        for (const ast::RecordField& field : as<ast::RecordExpr>(expr).fields)
          constant = fold(*field.value) && constant;
        return constant;
      }
      case ExprKind::kCall:
        return all(as<ast::Call>(expr).arguments);
    }
    std::unreachable();
  }

  // What asks the entities is never constant.
  bool binary(const ast::Binary& expr) {
    const bool constant = all(std::array{expr.left, expr.right});
    const bool asks = expr.op == ast::BinaryOp::kIn || expr.op == ast::BinaryOp::kGetTag ||
                      expr.op == ast::BinaryOp::kHasTag;
    return constant && !asks;
  }

  // A record whose values lead to no entity's attributes: `has a.b` may go through an entity held by a
  // record.
  static bool is_record(const ast::Expr& operand) {
    if (operand.constant->kind() != Kind::kRecord) return false;
    return std::ranges::none_of(operand.constant->fields(), [](const Field& field) {
      return field.value.kind() == Kind::kEntity || field.value.kind() == Kind::kRecord;
    });
  }

  Arena& arena_;
  Bindings nothing_{};
  EntityStore no_entities_;
  Evaluator evaluator_;
};

}  // namespace

void fold_constants(const ast::Expr& expr, Arena& arena) { Folder(arena).fold(expr); }

}  // namespace cedar
