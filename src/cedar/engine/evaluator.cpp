#include "cedar/engine/evaluator.h"

#include <algorithm>
#include <string>

// The value of an expression, or the end of this function with its error.
#define CEDAR_TRY(name, expression)                                      \
  auto name##_or_error = (expression);                                   \
  if (!name##_or_error) return std::unexpected(name##_or_error.error()); \
  const auto name = *name##_or_error

namespace cedar {
namespace {

using ast::BinaryOp;
using ast::ExprKind;

}  // namespace

std::unexpected<const EvalError*> Evaluator::error(const ast::Expr& where, std::string_view message) {
  return std::unexpected(
      static_cast<const EvalError*>(scratch_.make<EvalError>(&where, scratch_.copy(message))));
}

std::unexpected<const EvalError*> Evaluator::wrong_kind(const ast::Expr& where, std::string_view needed,
                                                        Kind found) {
  return error(where, std::string(needed) + ", not " + std::string(describe(found)));
}

std::expected<bool, const EvalError*> Evaluator::satisfied(std::span<const ast::Condition> conditions) {
  for (const ast::Condition& condition : conditions) {
    CEDAR_TRY(holds, boolean(*condition.body));
    if (holds == condition.unless) return false;
  }
  return true;
}

std::expected<bool, const EvalError*> Evaluator::boolean(const ast::Expr& expr) {
  CEDAR_TRY(value, evaluate(expr));
  if (value.kind() != Kind::kBool) return wrong_kind(expr, "this must be a boolean", value.kind());
  return value.as_bool();
}

EvalResult Evaluator::evaluate(const ast::Expr& expr) {
  if (expr.constant != nullptr) return *expr.constant;
  switch (expr.kind) {
    case ExprKind::kLiteral:
      return as<ast::Literal>(expr).value;
    case ExprKind::kVariable:
      return variable(as<ast::VariableRef>(expr));
    case ExprKind::kNot:
      return negation(as<ast::Unary>(expr));
    case ExprKind::kNegate:
      return minus(as<ast::Unary>(expr));
    case ExprKind::kIsEmpty:
      return is_empty(as<ast::Unary>(expr));
    case ExprKind::kBinary:
      return binary(as<ast::Binary>(expr));
    case ExprKind::kAnd:
    case ExprKind::kOr:
      return logic(as<ast::Logic>(expr));
    case ExprKind::kIf:
      return choice(as<ast::If>(expr));
    case ExprKind::kHas:
      return has(as<ast::Has>(expr));
    case ExprKind::kGet:
      return get(as<ast::Get>(expr));
    case ExprKind::kLike:
      return like(as<ast::Like>(expr));
    case ExprKind::kIs:
      return is(as<ast::Is>(expr));
    case ExprKind::kSet:
      return set(as<ast::SetExpr>(expr));
    case ExprKind::kRecord:
      return record(as<ast::RecordExpr>(expr));
    case ExprKind::kCall:
      return call(as<ast::Call>(expr));
  }
  std::unreachable();
}

EvalResult Evaluator::variable(const ast::VariableRef& expr) {
  switch (expr.variable) {
    case ast::Variable::kPrincipal:
      return Value::entity(&bindings_.principal);
    case ast::Variable::kAction:
      return Value::entity(&bindings_.action);
    case ast::Variable::kResource:
      return Value::entity(&bindings_.resource);
    case ast::Variable::kContext:
      return bindings_.context;
  }
  std::unreachable();
}

EvalResult Evaluator::negation(const ast::Unary& expr) {
  CEDAR_TRY(operand, boolean(*expr.operand));
  return Value::boolean(!operand);
}

EvalResult Evaluator::minus(const ast::Unary& expr) {
  CEDAR_TRY(operand, evaluate(*expr.operand));
  if (operand.kind() != Kind::kLong) return wrong_kind(*expr.operand, "`-` needs an integer", operand.kind());
  std::int64_t negated = 0;
  if (__builtin_sub_overflow(std::int64_t{0}, operand.number(), &negated))
    return error(expr, "integer overflow");
  return Value::integer(negated);
}

EvalResult Evaluator::is_empty(const ast::Unary& expr) {
  CEDAR_TRY(operand, evaluate(*expr.operand));
  if (operand.kind() != Kind::kSet) return wrong_kind(*expr.operand, "isEmpty needs a set", operand.kind());
  return Value::boolean(operand.elements().empty());
}

EvalResult Evaluator::logic(const ast::Logic& expr) {
  const bool decisive = expr.kind == ExprKind::kOr;
  for (const ast::Expr* part : expr.operands) {
    CEDAR_TRY(value, boolean(*part));
    if (value == decisive) return Value::boolean(decisive);
  }
  return Value::boolean(!decisive);
}

EvalResult Evaluator::choice(const ast::If& expr) {
  CEDAR_TRY(condition, boolean(*expr.condition));
  return evaluate(condition ? *expr.then_branch : *expr.else_branch);
}

EvalResult Evaluator::binary(const ast::Binary& expr) {
  CEDAR_TRY(left, evaluate(*expr.left));
  CEDAR_TRY(right, evaluate(*expr.right));
  switch (expr.op) {
    case BinaryOp::kEqual:
      return Value::boolean(left == right);
    case BinaryOp::kNotEqual:
      return Value::boolean(!(left == right));
    case BinaryOp::kLess:
    case BinaryOp::kLessEqual:
    case BinaryOp::kGreater:
    case BinaryOp::kGreaterEqual:
      return compare_order(expr, left, right);
    case BinaryOp::kAdd:
    case BinaryOp::kSubtract:
    case BinaryOp::kMultiply:
      return arithmetic(expr, left, right);
    case BinaryOp::kIn:
      return in(expr, left, right);
    case BinaryOp::kContains:
    case BinaryOp::kContainsAll:
    case BinaryOp::kContainsAny:
      return set_operation(expr, left, right);
    case BinaryOp::kGetTag:
    case BinaryOp::kHasTag:
      return tag(expr, left, right);
  }
  std::unreachable();
}

EvalResult Evaluator::compare_order(const ast::Binary& expr, const Value& left, const Value& right) {
  const Kind kind = left.kind();
  if (kind != Kind::kLong && kind != Kind::kDatetime && kind != Kind::kDuration) {
    return wrong_kind(*expr.left,
                      std::string(ast::spelling(expr.op)) + " needs integers, datetimes or durations", kind);
  }
  if (right.kind() != kind) {
    return wrong_kind(*expr.right, "this must be " + std::string(describe(kind)) + " like the left side",
                      right.kind());
  }
  switch (expr.op) {
    case BinaryOp::kLess:
      return Value::boolean(left.number() < right.number());
    case BinaryOp::kLessEqual:
      return Value::boolean(left.number() <= right.number());
    case BinaryOp::kGreater:
      return Value::boolean(left.number() > right.number());
    default:
      return Value::boolean(left.number() >= right.number());
  }
}

EvalResult Evaluator::arithmetic(const ast::Binary& expr, const Value& left, const Value& right) {
  for (const auto& [value, operand] : {std::pair(&left, expr.left), std::pair(&right, expr.right)}) {
    if (value->kind() == Kind::kLong) continue;
    return wrong_kind(*operand, std::string(ast::spelling(expr.op)) + " needs integers", value->kind());
  }
  std::int64_t result = 0;
  bool overflow = false;
  switch (expr.op) {
    case BinaryOp::kAdd:
      overflow = __builtin_add_overflow(left.number(), right.number(), &result);
      break;
    case BinaryOp::kSubtract:
      overflow = __builtin_sub_overflow(left.number(), right.number(), &result);
      break;
    default:
      overflow = __builtin_mul_overflow(left.number(), right.number(), &result);
      break;
  }
  if (overflow) return error(expr, "integer overflow");
  return Value::integer(result);
}

EvalResult Evaluator::in(const ast::Expr& expr, const Value& left, const Value& right) {
  if (left.kind() != Kind::kEntity) return wrong_kind(expr, "`in` needs an entity on its left", left.kind());
  if (right.kind() == Kind::kEntity) return Value::boolean(entities_.in(left.uid(), right.uid()));
  if (right.kind() != Kind::kSet)
    return wrong_kind(expr, "`in` needs an entity or a set of them on its right", right.kind());
  // All must be entities, also those after the first that matches.
  for (const Value& element : right.elements()) {
    if (element.kind() != Kind::kEntity)
      return wrong_kind(expr, "the set right of `in` may hold only entities", element.kind());
  }
  return Value::boolean(std::ranges::any_of(
      right.elements(), [&](const Value& element) { return entities_.in(left.uid(), element.uid()); }));
}

EvalResult Evaluator::set_operation(const ast::Binary& expr, const Value& left, const Value& right) {
  const std::string_view name = ast::spelling(expr.op);
  if (left.kind() != Kind::kSet)
    return wrong_kind(*expr.left, std::string(name) + " needs a set", left.kind());
  if (expr.op == BinaryOp::kContains) return Value::boolean(left.contains(right));
  if (right.kind() != Kind::kSet)
    return wrong_kind(*expr.right, std::string(name) + " needs a set", right.kind());
  const auto in_left = [&](const Value& element) { return left.contains(element); };
  return Value::boolean(expr.op == BinaryOp::kContainsAll ? std::ranges::all_of(right.elements(), in_left)
                                                          : std::ranges::any_of(right.elements(), in_left));
}

EvalResult Evaluator::tag(const ast::Binary& expr, const Value& left, const Value& right) {
  const std::string_view name = ast::spelling(expr.op);
  if (left.kind() != Kind::kEntity)
    return wrong_kind(*expr.left, std::string(name) + " needs an entity", left.kind());
  if (right.kind() != Kind::kString)
    return wrong_kind(*expr.right, std::string(name) + " needs a string", right.kind());
  const Entity* entity = entities_.find(left.uid());
  const Value* found = entity == nullptr ? nullptr : find_field(entity->tags, right.text());
  if (expr.op == BinaryOp::kHasTag) return Value::boolean(found != nullptr);
  if (found == nullptr) return error(expr, to_string(left.uid()) + " has no tag " + quoted(right.text()));
  return *found;
}

EvalResult Evaluator::has(const ast::Has& expr) {
  CEDAR_TRY(operand, evaluate(*expr.operand));
  Value current = operand;
  for (const std::string_view name : expr.path) {
    const Value* found = nullptr;
    if (current.kind() == Kind::kRecord) {
      found = current.find_field(name);
    } else if (current.kind() == Kind::kEntity) {
      const Entity* entity = entities_.find(current.uid());
      found = entity == nullptr ? nullptr : find_field(entity->attributes, name);
    } else {
      return wrong_kind(expr, "`has` needs an entity or a record", current.kind());
    }
    if (found == nullptr) return Value::boolean(false);
    current = *found;
  }
  return Value::boolean(true);
}

EvalResult Evaluator::get(const ast::Get& expr) {
  CEDAR_TRY(operand, evaluate(*expr.operand));
  if (operand.kind() == Kind::kRecord) {
    const Value* found = operand.find_field(expr.name);
    if (found == nullptr) return error(expr, "the record has no attribute " + quoted(expr.name));
    return *found;
  }
  if (operand.kind() != Kind::kEntity)
    return wrong_kind(*expr.operand, "only entities and records have attributes; this must be one",
                      operand.kind());
  const Entity* entity = entities_.find(operand.uid());
  if (entity == nullptr || !entity->declared)
    return error(expr, to_string(operand.uid()) + " is not among the entities");
  const Value* found = find_field(entity->attributes, expr.name);
  if (found == nullptr)
    return error(expr, to_string(operand.uid()) + " has no attribute " + quoted(expr.name));
  return *found;
}

EvalResult Evaluator::like(const ast::Like& expr) {
  CEDAR_TRY(operand, evaluate(*expr.operand));
  if (operand.kind() != Kind::kString)
    return wrong_kind(*expr.operand, "`like` needs a string", operand.kind());
  return Value::boolean(expr.pattern.matches(operand.text()));
}

EvalResult Evaluator::is(const ast::Is& expr) {
  CEDAR_TRY(operand, evaluate(*expr.operand));
  if (operand.kind() != Kind::kEntity)
    return wrong_kind(*expr.operand, "`is` needs an entity", operand.kind());
  if (operand.uid().type != expr.type) return Value::boolean(false);
  if (expr.ancestor == nullptr) return Value::boolean(true);
  CEDAR_TRY(ancestor, evaluate(*expr.ancestor));
  return in(expr, operand, ancestor);
}

EvalResult Evaluator::set(const ast::SetExpr& expr) {
  const std::span<Value> elements = scratch_.array<Value>(expr.elements.size());
  for (std::size_t i = 0; i < elements.size(); ++i) {
    CEDAR_TRY(element, evaluate(*expr.elements[i]));
    elements[i] = element;
  }
  return Value::set(elements);
}

EvalResult Evaluator::record(const ast::RecordExpr& expr) {
  const std::span<Field> fields = scratch_.array<Field>(expr.fields.size());
  for (std::size_t i = 0; i < fields.size(); ++i) {
    CEDAR_TRY(value, evaluate(*expr.fields[i].value));
    fields[i] = {expr.fields[i].name, value};
  }
  return Value::record(fields);
}

EvalResult Evaluator::call(const ast::Call& expr) {
  const std::span<Value> values = scratch_.array<Value>(expr.arguments.size());
  for (std::size_t i = 0; i < values.size(); ++i) {
    CEDAR_TRY(value, evaluate(*expr.arguments[i]));
    values[i] = value;
  }
  const FunctionResult result = cedar::call(*expr.function, values, scratch_);
  if (!result) return error(expr, result.error());
  return *result;
}

}  // namespace cedar
