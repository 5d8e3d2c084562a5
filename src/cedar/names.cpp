#include "cedar/names.h"

#include <algorithm>
#include <utility>

#include "cedar/syntax/ast.h"
#include "cedar/syntax/print.h"

namespace cedar {
namespace {

using ast::BinaryOp;
using ast::Expr;
using ast::ExprKind;

Sense turned(Sense sense) {
  switch (sense) {
    case Sense::kNarrows:
      return Sense::kWidens;
    case Sense::kWidens:
      return Sense::kNarrows;
    case Sense::kEither:
      break;
  }
  return Sense::kEither;
}

// "principal.owner.name"; empty for what is no attribute of a variable.
std::string attribute_of(const Expr& expr) {
  if (expr.kind != ExprKind::kGet) return {};
  const auto& get = ast::as<ast::Get>(expr);
  std::string name;
  if (get.operand->kind == ExprKind::kVariable)
    name = ast::kVariableNames.at(static_cast<std::size_t>(ast::as<ast::VariableRef>(*get.operand).variable));
  else
    name = attribute_of(*get.operand);
  if (name.empty()) return name;
  return name.append(".").append(get.name);
}

class Walk {
 public:
  explicit Walk(const ast::Policy& policy) : policy_(policy) {}

  std::vector<Name> names() {
    scope(policy_.principal);
    for (std::size_t i = 0; i < policy_.action.actions.size(); ++i)
      entity(*policy_.action.actions[i], policy_.action.spans[i], Sense::kNarrows);
    scope(policy_.resource);
    for (const auto& condition : policy_.conditions)
      visit(*condition.body, condition.unless ? Sense::kWidens : Sense::kNarrows);
    std::ranges::sort(names_, {}, [](const Name& name) { return std::pair(name.span.begin, name.span.end); });
    return std::move(names_);
  }

 private:
  Name& add(Span span, Sense sense) {
    const LineTable& lines = policy_.source->lines;
    names_.push_back(
        {.sense = sense, .span = span, .start = lines.position(span.begin), .end = lines.position(span.end)});
    return names_.back();
  }

  void entity(const Uid& uid, Span span, Sense sense) {
    add(span, sense).entity.emplace(std::string(uid.type), std::string(uid.id));
  }

  void scope(const ast::EntityScope& scope) {
    if (scope.entity != nullptr) entity(*scope.entity, scope.span, Sense::kNarrows);
  }

  // The texts that an attribute is held against; nothing where it is no attribute, or they are no texts.
  void texts(const Expr& left, const Expr& right, Sense sense) {
    auto attribute = attribute_of(left);
    if (attribute.empty()) return;
    const auto text = [&](const Expr& expr) {
      if (expr.kind != ExprKind::kLiteral) return;
      const Value& value = ast::as<ast::Literal>(expr).value;
      if (value.kind() != Kind::kString) return;
      Name& name = add(expr.span, sense);
      name.attribute = attribute;
      name.text = value.text();
    };
    text(right);
    if (right.kind == ExprKind::kSet)
      for (const Expr* element : ast::as<ast::SetExpr>(right).elements) text(*element);
  }

  void like(const ast::Like& expr, Sense sense) {
    visit(*expr.operand, Sense::kEither);
    auto attribute = attribute_of(*expr.operand);
    if (attribute.empty()) return;
    Name& name = add(expr.span, sense);
    name.attribute = std::move(attribute);
    name.pattern = &expr.pattern;
  }

  // An operand of a test: a name, or names, of this sense; what is computed may be of any.
  void operand(const Expr& expr, Sense sense) {
    const bool plain = expr.kind == ExprKind::kLiteral || expr.kind == ExprKind::kSet;
    visit(expr, plain ? sense : Sense::kEither);
  }

  void binary(const ast::Binary& expr, Sense sense) {
    if (expr.op == BinaryOp::kNotEqual) sense = turned(sense);
    texts(*expr.left, *expr.right, sense);
    texts(*expr.right, *expr.left, sense);
    operand(*expr.left, sense);
    operand(*expr.right, sense);
  }

  void visit(const Expr& expr, Sense sense) {
    switch (expr.kind) {
      case ExprKind::kLiteral: {
        const Value& value = ast::as<ast::Literal>(expr).value;
        if (value.kind() == Kind::kEntity) entity(value.uid(), expr.span, sense);
        break;
      }
      case ExprKind::kVariable:
        break;
      case ExprKind::kNot:
        visit(*ast::as<ast::Unary>(expr).operand, turned(sense));
        break;
      case ExprKind::kNegate:
      case ExprKind::kIsEmpty:
        visit(*ast::as<ast::Unary>(expr).operand, Sense::kEither);
        break;
      case ExprKind::kBinary:
        binary(ast::as<ast::Binary>(expr), sense);
        break;
      case ExprKind::kAnd:
      case ExprKind::kOr:
        for (const Expr* one : ast::as<ast::Logic>(expr).operands) visit(*one, sense);
        break;
      case ExprKind::kIf:
        visit(*ast::as<ast::If>(expr).condition, Sense::kEither);
        visit(*ast::as<ast::If>(expr).then_branch, sense);
        visit(*ast::as<ast::If>(expr).else_branch, sense);
        break;
      case ExprKind::kHas:
        visit(*ast::as<ast::Has>(expr).operand, Sense::kEither);
        break;
      case ExprKind::kGet:
        visit(*ast::as<ast::Get>(expr).operand, Sense::kEither);
        break;
      case ExprKind::kLike:
        like(ast::as<ast::Like>(expr), sense);
        break;
      case ExprKind::kIs:
        visit(*ast::as<ast::Is>(expr).operand, Sense::kEither);
        if (ast::as<ast::Is>(expr).ancestor != nullptr) operand(*ast::as<ast::Is>(expr).ancestor, sense);
        break;
      case ExprKind::kSet:
        for (const Expr* one : ast::as<ast::SetExpr>(expr).elements) operand(*one, sense);
        break;
      case ExprKind::kRecord:
        for (const auto& field : ast::as<ast::RecordExpr>(expr).fields) visit(*field.value, Sense::kEither);
        break;
      case ExprKind::kCall:
        for (const Expr* one : ast::as<ast::Call>(expr).arguments) visit(*one, Sense::kEither);
        break;
    }
  }

  const ast::Policy& policy_;
  std::vector<Name> names_;
};

}  // namespace

std::string to_text(const Pattern& pattern) {
  auto text = to_cedar(pattern);
  return text.substr(1, text.size() - 2);
}

std::vector<Name> names_in(const Policy& policy) { return Walk(policy.node()).names(); }

}  // namespace cedar
