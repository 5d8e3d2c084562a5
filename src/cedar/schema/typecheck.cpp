#include "cedar/schema/typecheck.h"

#include <algorithm>
#include <array>
#include <optional>
#include <tuple>

namespace cedar {
namespace {

using ast::BinaryOp;
using ast::Expr;
using ast::ExprKind;

const Type* boolean() { return primitive(TypeKind::kBool); }
const Type* always(bool value) { return primitive(value ? TypeKind::kTrue : TypeKind::kFalse); }

std::string show_type(const Type& type) { return in_backticks(to_string(type)); }

const Type* attributes_of(const Type& type) {
  if (type.kind == TypeKind::kRecord) return &type;
  return type.kind == TypeKind::kEntity ? type.entity->attributes : nullptr;
}

// Of `left && right`, where `left` may be true.
const Type* both(const Type* left, const Type* right) {
  if (is_kind(right, TypeKind::kFalse)) return right;
  if (left == nullptr || right == nullptr) return nullptr;
  if (right->kind == TypeKind::kTrue) return left;
  return left->kind == TypeKind::kTrue ? right : boolean();
}

// A literal as the reference's parser leaves it, where `true && false` is one already.
std::optional<Value> folded_literal(const Expr& expr) {
  if (expr.kind == ExprKind::kLiteral) return as<ast::Literal>(expr).value;
  if (expr.kind != ExprKind::kAnd && expr.kind != ExprKind::kOr) return std::nullopt;
  bool any = false;
  bool all = true;
  for (const Expr* operand : as<ast::Logic>(expr).operands) {
    const auto value = folded_literal(*operand);
    if (!value || value->kind() != Kind::kBool) return std::nullopt;
    any = any || value->as_bool();
    all = all && value->as_bool();
  }
  return Value::boolean(expr.kind == ExprKind::kAnd ? all : any);
}

}  // namespace

void TypeChecker::start_policy() {
  shapes_.clear();
  active_.clear();
  marks_.clear();
}

TypeChecker::Verdict TypeChecker::check(std::span<const ast::Condition> conditions,
                                        const Environment& environment) {
  environment_ = environment;
  good_ = true;
  kept_.clear();
  const Type* whole = always(true);
  for (const ast::Condition& condition : conditions) {
    const std::size_t before = shown_.size();
    const Type* type = expect_bool(*condition.body);
    if (condition.unless) {
      forget(before);
      if (type != nullptr && type->kind != TypeKind::kBool) type = always(type->kind == TypeKind::kFalse);
    }
    activate(before, shown_.size(), 1);
    whole = both(whole, type);
    if (is_kind(whole, TypeKind::kFalse)) break;
  }
  shown_.clear();
  std::ranges::fill(active_, 0U);
  return {good_, is_kind(whole, TypeKind::kFalse)};
}

const Type* TypeChecker::type_of(const Expr& expr) const {
  const auto found = kept_.find(&expr);
  return found == kept_.end() ? nullptr : found->second;
}

void TypeChecker::error(Span span, std::string message, std::string help) {
  good_ = false;
  problems_.error(span, std::move(message), std::move(help));
}

void TypeChecker::activate(std::size_t from, std::size_t to, int by) {
  if (active_.size() < shapes_.known_count()) active_.resize(shapes_.known_count());
  for (std::size_t i = from; i < to; ++i) active_[shown_[i]] += static_cast<std::uint32_t>(by);
}

void TypeChecker::intersect(std::size_t from, std::size_t middle) {
  if (marks_.size() < shapes_.known_count()) marks_.resize(shapes_.known_count());
  for (std::size_t i = middle; i < shown_.size(); ++i) marks_[shown_[i]] = 1;
  std::size_t kept = from;
  for (std::size_t i = from; i < middle; ++i) {
    if (marks_[shown_[i]] != 0) std::swap(shown_[kept++], shown_[i]);
  }
  for (std::size_t i = middle; i < shown_.size(); ++i) marks_[shown_[i]] = 0;
  forget(kept);
}

const Type* TypeChecker::check(const Expr& expr) {
  const Type* type = check_node(expr);
  if (keeps_types_) kept_[&expr] = type;
  return type;
}

const Type* TypeChecker::check_node(const Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kAnd:
      return conjunction(as<ast::Logic>(expr).operands);
    case ExprKind::kOr:
      return disjunction(as<ast::Logic>(expr).operands);
    case ExprKind::kIf:
      return choice(as<ast::If>(expr));
    case ExprKind::kHas:
      return has(as<ast::Has>(expr));
    case ExprKind::kBinary:
      return binary(as<ast::Binary>(expr));
    case ExprKind::kIs:
      return is(as<ast::Is>(expr));
    default:
      break;
  }
  // Nothing follows from the others being what they are.
  const std::size_t before = shown_.size();
  const Type* type = nullptr;
  switch (expr.kind) {
    case ExprKind::kLiteral:
      return literal(as<ast::Literal>(expr));
    case ExprKind::kVariable:
      return variable(as<ast::VariableRef>(expr));
    case ExprKind::kNot:
    case ExprKind::kNegate:
    case ExprKind::kIsEmpty:
      type = unary(as<ast::Unary>(expr));
      break;
    case ExprKind::kGet:
      type = get(as<ast::Get>(expr));
      break;
    case ExprKind::kLike: {
      const Type* operand = expect_kind(*as<ast::Like>(expr).operand, TypeKind::kString,
                                        "`like` is for text; entities are compared with `==`, `in` or `is`");
      std::ignore = operand;
      type = boolean();
      break;
    }
    case ExprKind::kSet:
      type = set(as<ast::SetExpr>(expr));
      break;
    case ExprKind::kRecord:
      type = record(as<ast::RecordExpr>(expr));
      break;
    default:
      type = call(as<ast::Call>(expr));
      break;
  }
  forget(before);
  return type;
}

const Type* TypeChecker::literal(const ast::Literal& expr) {
  switch (expr.value.kind()) {
    case Kind::kBool:
      return always(expr.value.as_bool());
    case Kind::kEntity: {
      // Names that do not exist were reported before any environment was looked at.
      const Uid& uid = expr.value.uid();
      const EntityType* type = schema_.find_type(uid.type);
      const bool known = type != nullptr && (type->is_action ? schema_.find_action(uid) != nullptr : true);
      if (known) return &type->reference;
      good_ = false;
      return nullptr;
    }
    default:
      return type_of_kind(expr.value.kind());
  }
}

const Type* TypeChecker::variable(const ast::VariableRef& expr) const {
  switch (expr.variable) {
    case ast::Variable::kPrincipal:
      return &environment_.principal->reference;
    case ast::Variable::kAction:
      return &environment_.action->type->reference;
    case ast::Variable::kResource:
      return &environment_.resource->reference;
    case ast::Variable::kContext:
      return environment_.action->context;
  }
  std::unreachable();
}

template <typename Allowed>
const Type* TypeChecker::expect(const Expr& expr, Allowed allowed, std::string_view expected,
                                std::string_view help) {
  const Type* type = check(expr);
  if (type == nullptr || allowed(*type)) return type;
  error(expr.span, "expected " + std::string(expected) + ", found " + show_type(*type), std::string(help));
  return nullptr;
}

const Type* TypeChecker::expect_kind(const Expr& expr, TypeKind kind, std::string_view help) {
  return expect(
      expr, [kind](const Type& type) { return type.kind == kind; }, show_type(*primitive(kind)), help);
}

const Type* TypeChecker::expect_bool(const Expr& expr) {
  return expect(expr, [](const Type& type) { return type.is_bool(); }, "`Bool`");
}

const Type* TypeChecker::expect_entity(const Expr& expr, std::string_view help) {
  return expect(expr, [](const Type& type) { return type.kind == TypeKind::kEntity; }, "an entity", help);
}

bool TypeChecker::comparable(const Expr& whole, const Type* left, const Type* right, std::string_view what) {
  if (left == nullptr || right == nullptr || types_.join(*left, *right) != nullptr) return true;
  const bool records = left->kind == TypeKind::kRecord && right->kind == TypeKind::kRecord;
  error(whole.span, std::string(what) + ": " + show_type(*left) + " and " + show_type(*right),
        records ? "records must have the same attributes, and the same of them optional" : "");
  return false;
}

const Type* TypeChecker::unary(const ast::Unary& expr) {
  if (expr.kind == ExprKind::kNegate) {
    expect_kind(*expr.operand, TypeKind::kLong);
    return primitive(TypeKind::kLong);
  }
  if (expr.kind == ExprKind::kIsEmpty) {
    expect(
        *expr.operand, [](const Type& type) { return type.kind == TypeKind::kSet; }, "a set",
        "whether a text is empty is tested with == \"\"");
    return boolean();
  }
  const Type* operand = expect_bool(*expr.operand);
  if (operand == nullptr || operand->kind == TypeKind::kBool) return operand;
  return always(operand->kind == TypeKind::kFalse);
}

// Each operand may count on what those before it have shown; once one is false, the others are never reached.
const Type* TypeChecker::conjunction(std::span<const Expr* const> operands) {
  const std::size_t base = shown_.size();
  const Type* whole = always(true);
  bool first = true;
  std::size_t active_to = base;
  for (const Expr* operand : operands) {
    const Type* type = expect_bool(*operand);
    whole = first ? type : both(whole, type);
    first = false;
    if (is_kind(whole, TypeKind::kFalse)) break;
    activate(active_to, shown_.size(), 1);
    active_to = shown_.size();
  }
  activate(base, active_to, -1);
  if (is_kind(whole, TypeKind::kFalse)) forget(base);
  return whole;
}

const Type* TypeChecker::disjunction(std::span<const Expr* const> operands) {
  const std::size_t base = shown_.size();
  const Type* whole = expect_bool(*operands.front());
  for (const Expr* operand : operands.subspan(1)) {
    if (is_kind(whole, TypeKind::kTrue)) break;
    const std::size_t middle = shown_.size();
    const Type* type = expect_bool(*operand);
    if (is_kind(type, TypeKind::kFalse)) {
      forget(middle);
    } else if (is_kind(type, TypeKind::kTrue) || cedar::is_kind(whole, TypeKind::kFalse)) {
      shown_.erase(shown_.begin() + static_cast<std::ptrdiff_t>(base),
                   shown_.begin() + static_cast<std::ptrdiff_t>(middle));
      whole = type;
    } else {
      intersect(base, middle);
      whole = whole == nullptr || type == nullptr ? nullptr : boolean();
    }
  }
  return whole;
}

const Type* TypeChecker::choice(const ast::If& expr) {
  const std::size_t base = shown_.size();
  const Type* condition = expect_bool(*expr.condition);
  if (is_kind(condition, TypeKind::kFalse)) {
    forget(base);
    return check(*expr.else_branch);
  }
  const std::size_t condition_end = shown_.size();
  activate(base, condition_end, 1);
  const Type* then_type = check(*expr.then_branch);
  activate(base, condition_end, -1);
  if (is_kind(condition, TypeKind::kTrue)) return then_type;
  const std::size_t middle = shown_.size();
  const Type* else_type = check(*expr.else_branch);
  intersect(base, middle);
  if (!comparable(expr, then_type, else_type, "the branches of `if` have different types")) return nullptr;
  return then_type == nullptr || else_type == nullptr ? nullptr : types_.join(*then_type, *else_type);
}

const Type* TypeChecker::has(const ast::Has& expr) {
  const std::size_t base = shown_.size();
  const auto has_attributes = [](const Type& type) { return attributes_of(type) != nullptr; };
  const Type* type =
      expect(*expr.operand, has_attributes, "an entity or a record", "a set is searched with `contains`");
  forget(base);
  if (type == nullptr) return boolean();

  std::uint32_t shape = shapes_.of(*expr.operand);
  const Type* whole = always(true);
  for (std::size_t i = 0; i < expr.path.size(); ++i) {
    const std::string_view name = expr.path[i];
    if (!has_attributes(*type)) {
      error(expr.span,
            "`." + std::string(expr.path[i - 1]) + "` is no entity or record, but " + show_type(*type));
      return nullptr;
    }
    const AttributeType* attribute = attributes_of(*type)->find(name);
    if (attribute == nullptr) {
      forget(base);
      return always(false);
    }
    const std::uint32_t fact = shapes_.has_attribute(shape, name);
    const bool certain = is_known(fact) || (attribute->required && type->kind == TypeKind::kRecord);
    if (!certain) whole = boolean();
    show(fact);
    if (i + 1 < expr.path.size()) shape = shapes_.attribute_of(shape, name);
    type = attribute->type;
  }
  return whole;
}

const Type* TypeChecker::get(const ast::Get& expr) {
  const Type* type = expect(
      *expr.operand, [](const Type& t) { return attributes_of(t) != nullptr; }, "an entity or a record");
  if (type == nullptr) return nullptr;
  const Type& record = *attributes_of(*type);
  const AttributeType* attribute = record.find(expr.name);
  if (attribute == nullptr) {
    std::vector<std::string_view> names;
    names.reserve(record.attributes.size());
    for (const AttributeType& one : record.attributes) names.push_back(one.name);
    std::string otherwise;
    if (type->kind == TypeKind::kEntity && type->entity->is_action) otherwise = "actions have no attributes";
    error(expr.span, show_type(*type) + " has no attribute " + in_backticks(expr.name),
          did_you_mean(expr.name, names, std::move(otherwise)));
    return nullptr;
  }
  if (!attribute->required && !is_known(shapes_.has_attribute(expr))) {
    error(expr.span, "the attribute " + in_backticks(expr.name) + " of " + show_type(*type) + " is optional",
          "test that it is there first: … has " + std::string(expr.name) + " && …");
  }
  return attribute->type;
}

const Type* TypeChecker::is(const ast::Is& expr) {
  const std::size_t base = shown_.size();
  const Type* operand = expect_entity(*expr.operand, "`is` tests the type of entities only");
  forget(base);
  const Type* type = operand == nullptr ? boolean() : always(operand->entity->name == expr.type);
  if (expr.ancestor == nullptr || type->kind == TypeKind::kFalse) return type;
  return both(type, in(*expr.operand, operand, *expr.ancestor));
}

const Type* TypeChecker::set(const ast::SetExpr& expr) {
  if (expr.elements.empty()) {
    error(expr.span, "the empty set has no type", "use .isEmpty() to test for it");
    return nullptr;
  }
  const Type* joined = nullptr;
  bool good = true;
  for (const Expr* element : expr.elements) {
    const Type* type = check(*element);
    if (type == nullptr || !good) {
      good = false;
      continue;
    }
    const Type* next = joined == nullptr ? type : types_.join(*joined, *type);
    if (next == nullptr) {
      error(element->span,
            "the elements of a set have different types: " + show_type(*joined) + " and " + show_type(*type));
      good = false;
      continue;
    }
    joined = next;
  }
  return good ? types_.set(*joined) : nullptr;
}

const Type* TypeChecker::record(const ast::RecordExpr& expr) {
  std::vector<AttributeType> attributes;
  attributes.reserve(expr.fields.size());
  bool good = true;
  for (const ast::RecordField& field : expr.fields) {
    const Type* type = check(*field.value);
    good = good && type != nullptr;
    attributes.push_back({field.name, type, true});
  }
  return good ? types_.record(attributes) : nullptr;
}

const Type* TypeChecker::call(const ast::Call& expr) {
  const Function& function = *expr.function;
  const Type* result = type_of_kind(function.result);
  if (expr.arguments.size() != function.parameters.size()) {
    error(expr.span, in_backticks(function.name) + " takes " +
                         std::to_string(function.parameters.size() - (function.method ? 1 : 0)) +
                         " argument(s), not " +
                         std::to_string(expr.arguments.size() - (function.method ? 1 : 0)));
    for (const Expr* argument : expr.arguments) check(*argument);
    return result;
  }
  if (!function.method) {
    check_arguments(expr);
    return result;
  }
  for (std::size_t i = 0; i < expr.arguments.size(); ++i) {
    expect_kind(*expr.arguments[i], type_of_kind(function.parameters[i])->kind);
  }
  return result;
}

// ip("…"), decimal("…"), datetime("…"), duration("…"): their texts are checked here, so that they cannot fail
// later, hence must be there.
void TypeChecker::check_arguments(const ast::Call& expr) {
  const Expr& argument = *expr.arguments.front();
  if (expect_kind(argument, TypeKind::kString) == nullptr) return;
  if (argument.kind != ExprKind::kLiteral) {
    error(expr.span, in_backticks(expr.function->name) + " needs a literal text, so that it can be checked",
          "give attributes and context the extension type itself");
    return;
  }
  const std::array<Value, 1> arguments{as<ast::Literal>(argument).value};
  Arena scratch;
  const FunctionResult result = cedar::call(*expr.function, arguments, scratch);
  if (!result) error(argument.span, result.error());
}

const Type* TypeChecker::binary(const ast::Binary& expr) {
  const std::size_t before = shown_.size();
  const Type* type = nullptr;
  switch (expr.op) {
    case BinaryOp::kEqual:
    case BinaryOp::kNotEqual:
      type = equality(expr);
      break;
    case BinaryOp::kLess:
    case BinaryOp::kLessEqual:
    case BinaryOp::kGreater:
    case BinaryOp::kGreaterEqual:
      type = order(expr);
      break;
    case BinaryOp::kAdd:
    case BinaryOp::kSubtract:
    case BinaryOp::kMultiply:
      type = arithmetic(expr);
      break;
    case BinaryOp::kIn: {
      const Type* left = expect_entity(*expr.left, "membership of a set is tested with `contains`");
      type = in(*expr.left, left, *expr.right);
      break;
    }
    case BinaryOp::kContains:
    case BinaryOp::kContainsAll:
    case BinaryOp::kContainsAny:
      type = containment(expr);
      break;
    case BinaryOp::kGetTag:
    case BinaryOp::kHasTag:
      return tag(expr);
  }
  forget(before);
  return type;
}

const Type* TypeChecker::equality(const ast::Binary& expr) {
  const Type* left = check(*expr.left);
  const Type* right = check(*expr.right);
  const auto answer = [&](bool equal) { return always(equal == (expr.op == BinaryOp::kEqual)); };
  if (left == nullptr || right == nullptr) return boolean();
  if (left->kind == TypeKind::kEntity && right->kind == TypeKind::kEntity && left != right)
    return answer(false);

  const Uid* left_entity = literal_entity(*expr.left);
  const Uid* right_entity = literal_entity(*expr.right);
  if (left_entity != nullptr && right_entity != nullptr) return answer(*left_entity == *right_entity);
  const auto left_literal = folded_literal(*expr.left);
  const auto right_literal = folded_literal(*expr.right);
  if ((left_literal || left_entity != nullptr) && (right_literal || right_entity != nullptr)) {
    if (left_entity != nullptr || right_entity != nullptr) return answer(false);
    return answer(*left_literal == *right_literal);
  }
  comparable(expr, left, right, "these can never be equal, their types differ");
  return boolean();
}

const Type* TypeChecker::order(const ast::Binary& expr) {
  const Type* left = check(*expr.left);
  const Type* right = check(*expr.right);
  const auto has_order = [](const Type& type) {
    return type.kind == TypeKind::kLong || type.kind == TypeKind::kDatetime ||
           type.kind == TypeKind::kDuration;
  };
  static constexpr std::string_view kExpected = "expected `Long`, `datetime` or `duration`, found ";
  const auto help = [](const Type& type) -> std::string {
    return type.kind == TypeKind::kDecimal ? "decimals are compared with .lessThan(…) and its like" : "";
  };
  bool good = true;
  for (const auto& [operand, type] : {std::pair{expr.left, left}, std::pair{expr.right, right}}) {
    if (type == nullptr || has_order(*type)) continue;
    error(operand->span, std::string(kExpected) + show_type(*type), help(*type));
    good = false;
  }
  if (good && left != nullptr && right != nullptr && left != right) {
    error(expr.span, "these cannot be compared: " + show_type(*left) + " and " + show_type(*right));
  }
  return boolean();
}

const Type* TypeChecker::arithmetic(const ast::Binary& expr) {
  const std::string_view help = expr.op == BinaryOp::kAdd ? "`+` adds integers; texts cannot be joined" : "";
  expect_kind(*expr.left, TypeKind::kLong, help);
  expect_kind(*expr.right, TypeKind::kLong, help);
  return primitive(TypeKind::kLong);
}

const Type* TypeChecker::containment(const ast::Binary& expr) {
  const auto is_set = [](const Type& type) { return type.kind == TypeKind::kSet; };
  const Type* left = expect(*expr.left, is_set, "a set",
                            "entities are tested with `in`, records with `has`, texts with `like`");
  if (expr.op == BinaryOp::kContains) {
    const Type* right = check(*expr.right);
    comparable(expr, left == nullptr ? nullptr : left->element, right, "this set can never contain that");
    return boolean();
  }
  const Type* right = expect(*expr.right, is_set, "a set", "one element is sought with `contains`");
  comparable(expr, left, right, "these sets can never have an element in common");
  return boolean();
}

const Type* TypeChecker::tag(const ast::Binary& expr) {
  const std::size_t before = shown_.size();
  const Type* entity = expect_entity(*expr.left);
  expect_kind(*expr.right, TypeKind::kString);
  forget(before);
  const bool reads = expr.op == BinaryOp::kGetTag;
  if (entity == nullptr) return reads ? nullptr : boolean();
  const Type* tags = entity->entity->tags;
  if (!reads) {
    if (tags == nullptr) return always(false);
    const std::uint32_t fact = shapes_.has_tag(expr);
    const bool certain = is_known(fact);
    show(fact);
    return certain ? always(true) : boolean();
  }
  if (tags == nullptr) {
    error(expr.span, "entities of type " + show_type(*entity) + " have no tags",
          "declare them: entity … tags String;");
    return nullptr;
  }
  if (!is_known(shapes_.has_tag(expr))) {
    error(expr.span, "this tag may not be there", "test for it first: ….hasTag(…) && ….getTag(…)");
  }
  return tags;
}

const Uid* TypeChecker::literal_entity(const Expr& expr) const {
  if (expr.kind == ExprKind::kLiteral) {
    const Value& value = as<ast::Literal>(expr).value;
    return value.kind() == Kind::kEntity ? &value.uid() : nullptr;
  }
  const bool action =
      expr.kind == ExprKind::kVariable && as<ast::VariableRef>(expr).variable == ast::Variable::kAction;
  return action ? environment_.action->uid : nullptr;
}

const Action* TypeChecker::literal_action(const Expr& expr) const {
  const Uid* uid = literal_entity(expr);
  return uid == nullptr ? nullptr : schema_.find_action(*uid);
}

const Type* TypeChecker::in(const Expr& left, const Type* left_type, const Expr& right) {
  const std::size_t before = shown_.size();
  const auto allowed = [](const Type& type) {
    return type.kind == TypeKind::kEntity ||
           (type.kind == TypeKind::kSet && type.element->kind == TypeKind::kEntity);
  };
  const Type* right_type = expect(right, allowed, "an entity or a set of entities",
                                  "membership of a set is tested with `contains`");
  forget(before);
  if (left_type == nullptr || right_type == nullptr) return boolean();

  // The hierarchy of actions is the schema's, hence known.
  if (const Action* action = literal_action(left)) {
    const std::array<const Expr*, 1> one{&right};
    const std::span<const Expr* const> places =
        right.kind == ExprKind::kSet ? std::span<const Expr* const>(as<ast::SetExpr>(right).elements) : one;
    const auto is_literal = [this](const Expr* place) { return literal_entity(*place) != nullptr; };
    if (std::ranges::all_of(places, is_literal)) {
      return always(std::ranges::any_of(places, [&](const Expr* place) {
        const Action* above = literal_action(*place);
        return above != nullptr && action->in(*above);
      }));
    }
  }
  const Type& above = right_type->kind == TypeKind::kSet ? *right_type->element : *right_type;
  return left_type->entity->has_ancestor(*above.entity) ? boolean() : always(false);
}

}  // namespace cedar
