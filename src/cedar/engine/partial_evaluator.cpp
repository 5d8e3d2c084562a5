#include "cedar/engine/partial_evaluator.h"

#include <algorithm>

namespace cedar {
namespace {

using ast::BinaryOp;
using ast::ExprKind;

std::optional<Kind> kind_of(const Partial& partial) {
  if (partial.value() != nullptr) return partial.value()->kind();
  return partial.remainder() != nullptr ? partial.remainder()->kind : std::nullopt;
}

// The type of an entity; empty: not known, or no entity.
std::string_view type_of(const Partial& partial) {
  if (const Value* value = partial.value())
    return value->kind() == Kind::kEntity ? value->uid().type : std::string_view();
  return partial.remainder() != nullptr ? partial.remainder()->type : std::string_view();
}

// Of operands that are evaluated one after the other.
Errs both(Errs first, Errs second) { return std::max(first, second); }

bool only_entities(const Value& set) {
  return std::ranges::all_of(set.elements(),
                             [](const Value& element) { return element.kind() == Kind::kEntity; });
}

// Whether an operation on operands that have values may err.
bool may_err(const ast::Binary& expr, const Partial& left, const Partial& right) {
  const auto left_kind = kind_of(left);
  const auto right_kind = kind_of(right);
  switch (expr.op) {
    case BinaryOp::kEqual:
    case BinaryOp::kNotEqual:
      return false;
    case BinaryOp::kIn:
      return left_kind != Kind::kEntity ||
             (right_kind != Kind::kEntity &&
              !(right.value() != nullptr && right_kind == Kind::kSet && only_entities(*right.value())));
    case BinaryOp::kContains:
      return left_kind != Kind::kSet;
    case BinaryOp::kContainsAll:
    case BinaryOp::kContainsAny:
      return left_kind != Kind::kSet || right_kind != Kind::kSet;
    case BinaryOp::kHasTag:
      return left_kind != Kind::kEntity || right_kind != Kind::kString;
    case BinaryOp::kLess:
    case BinaryOp::kLessEqual:
    case BinaryOp::kGreater:
    case BinaryOp::kGreaterEqual:
      return left_kind != right_kind ||
             (left_kind != Kind::kLong && left_kind != Kind::kDatetime && left_kind != Kind::kDuration);
    case BinaryOp::kAdd:
    case BinaryOp::kSubtract:
    case BinaryOp::kMultiply:
    case BinaryOp::kGetTag:
      return true;
  }
  std::unreachable();
}

std::optional<Kind> result_kind(BinaryOp op) {
  switch (op) {
    case BinaryOp::kAdd:
    case BinaryOp::kSubtract:
    case BinaryOp::kMultiply:
      return Kind::kLong;
    case BinaryOp::kGetTag:
      return std::nullopt;
    default:
      return Kind::kBool;
  }
}

bool is_literal(const ast::Expr& expr, bool value) {
  if (expr.kind != ExprKind::kLiteral) return false;
  const Value& literal = as<ast::Literal>(expr).value;
  return literal.kind() == Kind::kBool && literal.as_bool() == value;
}

// `r && true`, made only so that r must be a boolean: where that is asked anyway, r alone will do.
Remainder without_check(const Remainder& remainder) {
  const ast::Expr& expr = *remainder.expr;
  if (expr.constant != nullptr || (expr.kind != ExprKind::kAnd && expr.kind != ExprKind::kOr))
    return remainder;
  const auto operands = as<ast::Logic>(expr).operands;
  if (operands.size() != 2 || !is_literal(*operands[1], expr.kind == ExprKind::kAnd)) return remainder;
  Remainder bare = remainder;
  bare.expr = operands[0];
  bare.kind.reset();  // may still be anything, which whoever asks for a boolean finds out
  return bare;
}

// A chain of the same kind goes in as its parts; not a long one, which chains around chains would copy again
// and again.
void add_to_chain(const ast::Expr* part, ExprKind kind, std::vector<const ast::Expr*>& chain) {
  constexpr std::size_t kLong = 16;
  if (part->kind != kind || part->constant != nullptr || as<ast::Logic>(*part).operands.size() > kLong) {
    chain.push_back(part);
    return;
  }
  const auto parts = as<ast::Logic>(*part).operands;
  chain.insert(chain.end(), parts.begin(), parts.end());
}

}  // namespace

RecordShape* RecordShape::find_record(std::string_view name) const {
  const auto found = std::ranges::find_if(records, [&](const auto& one) { return one.first == name; });
  return found == records.end() ? nullptr : found->second.get();
}

const RecordShape::Unknown* RecordShape::find_unknown(std::string_view name) const {
  const auto found = std::ranges::find(unknown, name, &Unknown::name);
  return found == unknown.end() ? nullptr : &*found;
}

Errs Partial::errs_as_boolean() const {
  if (value() != nullptr) return value()->kind() == Kind::kBool ? Errs::kNever : Errs::kAlways;
  if (remainder() == nullptr || remainder()->kind == Kind::kBool) return errs();
  return remainder()->kind ? Errs::kAlways : std::max(errs(), Errs::kMaybe);
}

const ast::Expr* PartialEvaluator::literal(const Value& value, Span span) {
  auto* node = scratch_.make<ast::Literal>();
  node->kind = ExprKind::kLiteral;
  node->height = 1;
  node->span = span;
  node->value = value;
  return node;
}

const ast::Expr* PartialEvaluator::embed(const ast::Expr& original, const Partial& partial) {
  if (partial.remainder() != nullptr) return partial.remainder()->expr;
  if (partial.error() != nullptr || original.constant != nullptr || original.kind == ExprKind::kLiteral)
    return &original;
  return literal(*partial.value(), original.span);
}

Partial PartialEvaluator::boolean(const ast::Expr& expr) {
  const Partial found = evaluate(expr);
  if (found.remainder() != nullptr) {
    Remainder bare = without_check(*found.remainder());
    bare.errs = Partial(bare).errs_as_boolean();
    return bare;
  }
  if (found.value() == nullptr || found.value()->kind() == Kind::kBool) return found;
  return wrong_kind(expr, found.value()->kind());
}

EvalError* PartialEvaluator::wrong_kind(const ast::Expr& expr, Kind found) {
  const std::string message = "this must be a boolean, not " + std::string(describe(found));
  return scratch_.make<EvalError>(&expr, scratch_.copy(message));
}

Partial PartialEvaluator::evaluate(const ast::Expr& expr) {
  if (expr.constant != nullptr) return *expr.constant;
  switch (expr.kind) {
    case ExprKind::kLiteral:
      return as<ast::Literal>(expr).value;
    case ExprKind::kVariable:
      return variable(as<ast::VariableRef>(expr));
    case ExprKind::kNot:
    case ExprKind::kNegate:
    case ExprKind::kIsEmpty:
      return unary(as<ast::Unary>(expr));
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

Partial PartialEvaluator::variable(const ast::VariableRef& expr) {
  switch (expr.variable) {
    case ast::Variable::kPrincipal:
      return subject(expr, bindings_.principal);
    case ast::Variable::kAction:
      return subject(expr, bindings_.action);
    case ast::Variable::kResource:
      return subject(expr, bindings_.resource);
    case ast::Variable::kContext:
      if (bindings_.shape == nullptr) return bindings_.context;
      return Remainder{.expr = &expr, .errs = Errs::kNever, .kind = Kind::kRecord, .shape = bindings_.shape};
  }
  std::unreachable();
}

Partial PartialEvaluator::subject(const ast::VariableRef& expr, const PartialSubject& subject) {
  if (subject.uid) return Value::entity(&*subject.uid);
  return Remainder{.expr = &expr, .errs = Errs::kNever, .kind = Kind::kEntity, .type = subject.type};
}

Partial PartialEvaluator::unary(const ast::Unary& expr) {
  const bool is_not = expr.kind == ExprKind::kNot;
  const Partial operand = is_not ? boolean(*expr.operand) : evaluate(*expr.operand);
  if (operand.error() != nullptr) return operand;
  auto* node = scratch_.make<ast::Unary>(expr);
  node->operand = embed(*expr.operand, operand);
  if (operand.value() != nullptr) return evaluator_.evaluate(*node);
  Errs errs = operand.errs();
  if (expr.kind == ExprKind::kNegate || (!is_not && kind_of(operand) != Kind::kSet))
    errs = std::max(errs, Errs::kMaybe);
  Remainder remains{
      .expr = node, .errs = errs, .kind = expr.kind == ExprKind::kNegate ? Kind::kLong : Kind::kBool};
  if (is_not && operand.remainder()->only) remains.only = !*operand.remainder()->only;
  return remains;
}

// What the kinds and types of the operands tell, where neither errs.
std::optional<bool> PartialEvaluator::settled(const ast::Binary& expr, const Partial& left,
                                              const Partial& right) const {
  if (expr.op != BinaryOp::kEqual && expr.op != BinaryOp::kNotEqual) return std::nullopt;
  if (both(left.errs(), right.errs()) != Errs::kNever) return std::nullopt;
  const auto left_kind = kind_of(left);
  const auto right_kind = kind_of(right);
  if (!left_kind || !right_kind) return std::nullopt;
  const std::string_view left_type = type_of(left);
  const std::string_view right_type = type_of(right);
  const bool differ =
      left_kind != right_kind || (!left_type.empty() && !right_type.empty() && left_type != right_type);
  if (!differ) return std::nullopt;
  return expr.op == BinaryOp::kNotEqual;
}

Partial PartialEvaluator::binary(const ast::Binary& expr) {
  const Partial left = evaluate(*expr.left);
  if (left.error() != nullptr) return left;
  const Partial right = evaluate(*expr.right);
  if (left.value() != nullptr && right.error() != nullptr) return right;
  if (const auto answer = settled(expr, left, right)) return Value::boolean(*answer);
  auto* node = scratch_.make<ast::Binary>(expr);
  node->left = embed(*expr.left, left);
  node->right = embed(*expr.right, right);
  if (left.value() != nullptr && right.value() != nullptr) return evaluator_.evaluate(*node);
  Errs errs = both(left.errs(), right.errs());
  if (errs == Errs::kNever && may_err(expr, left, right)) errs = Errs::kMaybe;
  return Remainder{.expr = node, .errs = errs, .kind = result_kind(expr.op)};
}

Partial PartialEvaluator::logic(const ast::Logic& expr) {
  const bool decisive = expr.kind == ExprKind::kOr;
  std::vector<const ast::Expr*> remaining;
  std::size_t last_that_errs = 0;  // of those: how many there are up to the last that may err
  Errs errs = Errs::kNever;        // of those, one after the other
  bool boolean_alone = false;      // the first of those gives a boolean wherever it stands
  std::optional<bool> only;
  for (const ast::Expr* operand : expr.operands) {
    const Partial found = boolean(*operand);
    const bool first = remaining.empty();
    if (const Value* value = found.value()) {
      if (value->as_bool() != decisive) continue;
      // What cannot err makes no difference in front of what decides.
      if (errs == Errs::kNever) return Value::boolean(decisive);
      remaining.resize(last_that_errs);
      remaining.push_back(embed(*operand, found));
      only = decisive;
      break;
    }
    if (first && found.error() != nullptr) return found;
    add_to_chain(embed(*operand, found), expr.kind, remaining);
    if (first) boolean_alone = found.remainder()->kind == Kind::kBool;
    if (found.errs() != Errs::kNever) {
      last_that_errs = remaining.size();
      // Behind others, it may never be reached.
      errs = first ? found.errs() : Errs::kMaybe;
    }
    // Nothing behind this is ever reached.
    if (found.errs() == Errs::kAlways || found.remainder()->only == decisive) {
      only = decisive;
      break;
    }
  }
  if (remaining.empty()) return Value::boolean(!decisive);
  if (remaining.size() == 1) {
    if (boolean_alone)
      return Remainder{.expr = remaining.front(), .errs = errs, .kind = Kind::kBool, .only = only};
    remaining.push_back(literal(Value::boolean(!decisive), expr.span));
  }
  auto* node = scratch_.make<ast::Logic>(expr);
  node->operands = scratch_.copy_of(remaining);
  return Remainder{.expr = node, .errs = errs, .kind = Kind::kBool, .only = only};
}

Partial PartialEvaluator::choice(const ast::If& expr) {
  const Partial condition = boolean(*expr.condition);
  if (condition.error() != nullptr) return condition;
  if (condition.value() != nullptr)
    return evaluate(condition.value()->as_bool() ? *expr.then_branch : *expr.else_branch);
  const Partial then_branch = evaluate(*expr.then_branch);
  const Partial else_branch = evaluate(*expr.else_branch);
  if (condition.errs() == Errs::kNever && then_branch.value() != nullptr && else_branch.value() != nullptr &&
      *then_branch.value() == *else_branch.value())
    return then_branch;
  auto* node = scratch_.make<ast::If>(expr);
  node->condition = embed(*expr.condition, condition);
  node->then_branch = embed(*expr.then_branch, then_branch);
  node->else_branch = embed(*expr.else_branch, else_branch);
  const Errs branches = then_branch.errs() == else_branch.errs() ? then_branch.errs() : Errs::kMaybe;
  // A branch that errs has no value, so the other's kind is that of the whole.
  const auto kind = then_branch.errs() == Errs::kAlways            ? kind_of(else_branch)
                    : else_branch.errs() == Errs::kAlways          ? kind_of(then_branch)
                    : kind_of(then_branch) == kind_of(else_branch) ? kind_of(then_branch)
                                                                   : std::nullopt;
  return Remainder{.expr = node, .errs = both(condition.errs(), branches), .kind = kind};
}

Partial PartialEvaluator::has(const ast::Has& expr) {
  const Partial operand = evaluate(*expr.operand);
  if (operand.error() != nullptr) return operand;
  if (operand.remainder() != nullptr) return has_in(expr, *operand.remainder());
  auto* node = scratch_.make<ast::Has>(expr);
  node->operand = embed(*expr.operand, operand);
  return evaluator_.evaluate(*node);
}

Partial PartialEvaluator::has_in(const ast::Has& expr, const Remainder& operand) {
  auto* node = scratch_.make<ast::Has>(expr);
  node->operand = operand.expr;
  Remainder remains{.expr = node, .errs = operand.errs, .kind = Kind::kBool};
  const RecordShape* shape = operand.shape;
  if (shape == nullptr) {
    const bool has_attributes = operand.kind == Kind::kEntity || operand.kind == Kind::kRecord;
    if (!has_attributes || expr.path.size() > 1) remains.errs = std::max(remains.errs, Errs::kMaybe);
    return remains;
  }
  // Records with a shape never err themselves, so what the shape tells is the answer.
  for (std::size_t i = 0; i < expr.path.size(); ++i) {
    const std::string_view name = expr.path[i];
    const bool last = i + 1 == expr.path.size();
    if (const RecordShape* record = shape->find_record(name)) {
      shape = record;
      continue;
    }
    const RecordShape::Unknown* unknown = shape->find_unknown(name);
    if (unknown != nullptr && unknown->present && last) return Value::boolean(true);
    if (unknown == nullptr) {
      if (const Value* known = shape->known.find_field(name)) {
        if (last) return Value::boolean(true);
        auto* rest = scratch_.make<ast::Has>(expr);
        rest->operand = literal(*known, expr.operand->span);
        rest->path = expr.path.subspan(i + 1);
        return evaluator_.evaluate(*rest);
      }
      if (!shape->open) return Value::boolean(false);
    }
    if (!last) remains.errs = Errs::kMaybe;
    return remains;
  }
  return Value::boolean(true);
}

Partial PartialEvaluator::get(const ast::Get& expr) {
  const Partial operand = evaluate(*expr.operand);
  if (operand.error() != nullptr) return operand;
  if (operand.remainder() != nullptr) return get_of(expr, *operand.remainder());
  auto* node = scratch_.make<ast::Get>(expr);
  node->operand = embed(*expr.operand, operand);
  return evaluator_.evaluate(*node);
}

Partial PartialEvaluator::get_of(const ast::Get& expr, const Remainder& operand) {
  auto* node = scratch_.make<ast::Get>(expr);
  node->operand = operand.expr;
  const RecordShape* shape = operand.shape;
  if (shape == nullptr) return Remainder{.expr = node, .errs = std::max(operand.errs, Errs::kMaybe)};
  if (const RecordShape* record = shape->find_record(expr.name))
    return Remainder{.expr = node, .errs = Errs::kNever, .kind = Kind::kRecord, .shape = record};
  if (const RecordShape::Unknown* unknown = shape->find_unknown(expr.name))
    return Remainder{
        .expr = node, .errs = unknown->present ? Errs::kNever : Errs::kMaybe, .kind = unknown->kind};
  if (shape->known.find_field(expr.name) == nullptr && shape->open) return Remainder{.expr = node};
  node->operand = literal(shape->known, expr.operand->span);
  return evaluator_.evaluate(*node);
}

Partial PartialEvaluator::like(const ast::Like& expr) {
  const Partial operand = evaluate(*expr.operand);
  if (operand.error() != nullptr) return operand;
  auto* node = scratch_.make<ast::Like>(expr);
  node->operand = embed(*expr.operand, operand);
  if (operand.value() != nullptr) return evaluator_.evaluate(*node);
  const Errs errs =
      kind_of(operand) == Kind::kString ? operand.errs() : std::max(operand.errs(), Errs::kMaybe);
  return Remainder{.expr = node, .errs = errs, .kind = Kind::kBool};
}

Partial PartialEvaluator::is(const ast::Is& expr) {
  const Partial operand = evaluate(*expr.operand);
  if (operand.error() != nullptr) return operand;
  auto* node = scratch_.make<ast::Is>(expr);
  node->operand = embed(*expr.operand, operand);
  Errs errs = operand.errs();
  if (operand.value() != nullptr) {
    node->ancestor = nullptr;
    const Partial of_type = evaluator_.evaluate(*node);
    if (expr.ancestor == nullptr || of_type.error() != nullptr || !of_type.value()->as_bool()) return of_type;
  } else if (operand.remainder()->type.empty()) {
    if (kind_of(operand) != Kind::kEntity) errs = std::max(errs, Errs::kMaybe);
  } else if (errs == Errs::kNever) {
    if (operand.remainder()->type != expr.type) return Value::boolean(false);
    if (expr.ancestor == nullptr) return Value::boolean(true);
  }
  if (expr.ancestor == nullptr) return Remainder{.expr = node, .errs = errs, .kind = Kind::kBool};

  const Partial ancestor = evaluate(*expr.ancestor);
  if (ancestor.error() != nullptr && operand.value() != nullptr) return ancestor;
  node->ancestor = embed(*expr.ancestor, ancestor);
  if (operand.value() != nullptr && ancestor.value() != nullptr) return evaluator_.evaluate(*node);
  const bool fits = kind_of(ancestor) == Kind::kEntity ||
                    (ancestor.value() != nullptr && ancestor.value()->kind() == Kind::kSet &&
                     only_entities(*ancestor.value()));
  if (ancestor.errs() != Errs::kNever || !fits) errs = std::max(errs, Errs::kMaybe);
  return Remainder{.expr = node, .errs = errs, .kind = Kind::kBool};
}

Partial PartialEvaluator::set(const ast::SetExpr& expr) {
  const std::span<const ast::Expr*> elements = scratch_.array<const ast::Expr*>(expr.elements.size());
  bool known = true;
  Errs errs = Errs::kNever;
  for (std::size_t i = 0; i < elements.size(); ++i) {
    const Partial element = evaluate(*expr.elements[i]);
    if (element.error() != nullptr && known) return element;
    known = known && element.value() != nullptr;
    errs = both(errs, element.errs());
    elements[i] = embed(*expr.elements[i], element);
  }
  auto* node = scratch_.make<ast::SetExpr>(expr);
  node->elements = elements;
  if (known) return evaluator_.evaluate(*node);
  return Remainder{.expr = node, .errs = errs, .kind = Kind::kSet};
}

Partial PartialEvaluator::record(const ast::RecordExpr& expr) {
  const std::span<ast::RecordField> fields = scratch_.copy_of(expr.fields);
  bool known = true;
  Errs errs = Errs::kNever;
  for (ast::RecordField& field : fields) {
    const Partial value = evaluate(*field.value);
    if (value.error() != nullptr && known) return value;
    known = known && value.value() != nullptr;
    errs = both(errs, value.errs());
    field.value = embed(*field.value, value);
  }
  auto* node = scratch_.make<ast::RecordExpr>(expr);
  node->fields = fields;
  if (known) return evaluator_.evaluate(*node);
  return Remainder{.expr = node, .errs = errs, .kind = Kind::kRecord};
}

Partial PartialEvaluator::call(const ast::Call& expr) {
  const std::span<const ast::Expr*> arguments = scratch_.array<const ast::Expr*>(expr.arguments.size());
  bool known = true;
  Errs errs = Errs::kMaybe;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    const Partial argument = evaluate(*expr.arguments[i]);
    if (argument.error() != nullptr && known) return argument;
    known = known && argument.value() != nullptr;
    errs = both(errs, argument.errs());
    arguments[i] = embed(*expr.arguments[i], argument);
  }
  auto* node = scratch_.make<ast::Call>(expr);
  node->arguments = arguments;
  if (known) return evaluator_.evaluate(*node);
  return Remainder{.expr = node, .errs = errs, .kind = expr.function->result};
}

}  // namespace cedar
