#include "cedar/syntax/print.h"

#include <array>

#include "cedar/syntax/parser_impl.h"
#include "cedar/values/extension_types.h"

namespace cedar {
namespace {

using ast::BinaryOp;
using ast::ExprKind;

// How tightly an expression holds together, after the levels of the grammar. Where one of a level is
// wanted, a tighter one will do, and a looser one needs parentheses.
enum class Level : std::uint8_t { kIf, kOr, kAnd, kRelation, kSum, kProduct, kUnary, kMember };

Level tighter(Level level) { return static_cast<Level>(static_cast<int>(level) + 1); }

bool is_negative(const Value& value) { return value.kind() == Kind::kLong && value.number() < 0; }

bool is_integer(const ast::Expr& expr) {
  return expr.kind == ExprKind::kLiteral && as<ast::Literal>(expr).value.kind() == Kind::kLong;
}

bool is_method(BinaryOp op) { return op >= BinaryOp::kContains; }

Level level_of(BinaryOp op) {
  if (op <= BinaryOp::kIn) return Level::kRelation;
  if (op <= BinaryOp::kSubtract) return Level::kSum;
  return op == BinaryOp::kMultiply ? Level::kProduct : Level::kMember;
}

Level level_of(const ast::Expr& expr) {
  switch (expr.kind) {
    case ExprKind::kLiteral:
      return is_negative(as<ast::Literal>(expr).value) ? Level::kUnary : Level::kMember;
    case ExprKind::kNot:
    case ExprKind::kNegate:
      return Level::kUnary;
    case ExprKind::kBinary:
      return level_of(as<ast::Binary>(expr).op);
    case ExprKind::kAnd:
      return Level::kAnd;
    case ExprKind::kOr:
      return Level::kOr;
    case ExprKind::kIf:
      return Level::kIf;
    case ExprKind::kHas:
    case ExprKind::kLike:
    case ExprKind::kIs:
      return Level::kRelation;
    case ExprKind::kVariable:
    case ExprKind::kGet:
    case ExprKind::kIsEmpty:
    case ExprKind::kSet:
    case ExprKind::kRecord:
    case ExprKind::kCall:
      return Level::kMember;
  }
  std::unreachable();
}

// Years before 0 and after 9999 can be computed, but not be written.
std::string datetime_call(std::int64_t milliseconds) {
  if (const auto text = datetime_text(milliseconds)) return "datetime(" + cedar::quoted(*text) + ")";
  return "datetime(\"1970-01-01\").offset(duration(" + cedar::quoted(duration_text(milliseconds)) + "))";
}

class Printer {
 public:
  std::string take() { return std::move(out_); }

  void expr(const ast::Expr& expr, Level wanted = Level::kIf) {
    const bool parentheses = level_of(expr) < wanted;
    if (parentheses) out_ += '(';
    bare(expr);
    if (parentheses) out_ += ')';
  }

  void value(const Value& value) {
    switch (value.kind()) {
      case Kind::kBool:
        out_ += value.as_bool() ? "true" : "false";
        return;
      case Kind::kLong:
        out_ += std::to_string(value.number());
        return;
      case Kind::kString:
        out_ += cedar::quoted(value.text());
        return;
      case Kind::kEntity:
        out_ += to_string(value.uid());
        return;
      case Kind::kSet:
        out_ += '[';
        separated(value.elements(), [this](const Value& element) { this->value(element); });
        out_ += ']';
        return;
      case Kind::kRecord:
        out_ += '{';
        separated(value.fields(), [this](const Field& field) {
          name(field.name);
          this->value(field.value);
        });
        out_ += '}';
        return;
      case Kind::kDecimal:
        out_ += "decimal(" + cedar::quoted(decimal_text(value.number())) + ")";
        return;
      case Kind::kDatetime:
        out_ += datetime_call(value.number());
        return;
      case Kind::kDuration:
        out_ += "duration(" + cedar::quoted(duration_text(value.number())) + ")";
        return;
      case Kind::kIp:
        out_ += "ip(" + cedar::quoted(ip_text(value.address())) + ")";
        return;
    }
    std::unreachable();
  }

  void policy(const ast::Policy& policy) {
    for (const ast::Annotation& annotation : policy.annotations) {
      out_.append("@").append(annotation.name);
      if (!annotation.bare) out_ += "(" + cedar::quoted(annotation.value) + ")";
      out_ += '\n';
    }
    out_ += policy.effect == Effect::kPermit ? "permit(" : "forbid(";
    scope("principal", policy.principal);
    out_ += ", ";
    scope(policy.action);
    out_ += ", ";
    scope("resource", policy.resource);
    out_ += ')';
    for (const ast::Condition& condition : policy.conditions) {
      out_ += condition.unless ? " unless { " : " when { ";
      expr(*condition.body);
      out_ += " }";
    }
    out_ += ';';
  }

 private:
  template <typename Range, typename Print>
  void separated(const Range& range, const Print& print, std::string_view separator = ", ") {
    std::string_view before;
    for (const auto& one : range) {
      out_ += before;
      print(one);
      before = separator;
    }
  }

  void arguments(std::span<const ast::Expr* const> all) {
    out_ += '(';
    separated(all, [this](const ast::Expr* argument) { expr(*argument); });
    out_ += ')';
  }

  void name(std::string_view name) {
    out_ += is_identifier(name) ? std::string(name) : cedar::quoted(name);
    out_ += ": ";
  }

  void bare(const ast::Expr& expr) {
    switch (expr.kind) {
      case ExprKind::kLiteral:
        return value(as<ast::Literal>(expr).value);
      case ExprKind::kVariable:
        return variable(as<ast::VariableRef>(expr).variable);
      case ExprKind::kNot:
      case ExprKind::kNegate:
        return sign(expr);
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
        this->expr(*as<ast::Like>(expr).operand, Level::kSum);
        out_ += " like " + to_cedar(as<ast::Like>(expr).pattern);
        return;
      case ExprKind::kIs:
        return is(as<ast::Is>(expr));
      case ExprKind::kIsEmpty:
        this->expr(*as<ast::Unary>(expr).operand, Level::kMember);
        out_ += ".isEmpty()";
        return;
      case ExprKind::kSet:
        out_ += '[';
        separated(as<ast::SetExpr>(expr).elements,
                  [this](const ast::Expr* element) { this->expr(*element); });
        out_ += ']';
        return;
      case ExprKind::kRecord:
        out_ += '{';
        separated(as<ast::RecordExpr>(expr).fields, [this](const ast::RecordField& field) {
          name(field.name);
          this->expr(*field.value);
        });
        out_ += '}';
        return;
      case ExprKind::kCall:
        return call(as<ast::Call>(expr));
    }
    std::unreachable();
  }

  void variable(ast::Variable variable) {
    out_ += ast::kVariableNames.at(static_cast<std::size_t>(variable));
  }

  // At most four of one sign stand in a row, and two signs never next to each other. `-5` is a literal; its
  // negation, and the negation of 5, need parentheses.
  void sign(const ast::Expr& whole) {
    constexpr int kMost = 4;
    const ast::Expr* operand = &whole;
    int count = 0;
    for (; operand->kind == whole.kind && count < kMost; ++count) {
      out_ += whole.kind == ExprKind::kNot ? '!' : '-';
      operand = as<ast::Unary>(*operand).operand;
    }
    const bool parentheses =
        level_of(*operand) < Level::kMember || (whole.kind == ExprKind::kNegate && is_integer(*operand));
    if (parentheses) out_ += '(';
    bare(*operand);
    if (parentheses) out_ += ')';
  }

  void binary(const ast::Binary& expr) {
    const Level level = level_of(expr.op);
    if (is_method(expr.op)) {
      this->expr(*expr.left, Level::kMember);
      out_.append(".").append(spelling(expr.op)).append("(");
      this->expr(*expr.right);
      out_ += ')';
      return;
    }
    // Comparisons do not chain; sums and products do, to the left.
    this->expr(*expr.left, level == Level::kRelation ? Level::kSum : level);
    out_.append(" ").append(spelling(expr.op)).append(" ");
    this->expr(*expr.right, tighter(level));
  }

  void logic(const ast::Logic& expr) {
    const bool is_and = expr.kind == ExprKind::kAnd;
    const Level wanted = tighter(is_and ? Level::kAnd : Level::kOr);
    separated(
        expr.operands, [&](const ast::Expr* operand) { this->expr(*operand, wanted); },
        is_and ? " && " : " || ");
  }

  void choice(const ast::If& expr) {
    out_ += "if ";
    this->expr(*expr.condition);
    out_ += " then ";
    this->expr(*expr.then_branch);
    out_ += " else ";
    this->expr(*expr.else_branch);
  }

  void has(const ast::Has& expr) {
    this->expr(*expr.operand, Level::kSum);
    out_ += " has ";
    separated(
        expr.path,
        [this](std::string_view name) {
          out_ += is_identifier(name) ? std::string(name) : cedar::quoted(name);
        },
        ".");
  }

  void get(const ast::Get& expr) {
    this->expr(*expr.operand, Level::kMember);
    if (is_identifier(expr.name))
      out_.append(".").append(expr.name);
    else
      out_ += "[" + cedar::quoted(expr.name) + "]";
  }

  void is(const ast::Is& expr) {
    this->expr(*expr.operand, Level::kSum);
    out_.append(" is ").append(expr.type);
    if (expr.ancestor == nullptr) return;
    out_ += " in ";
    this->expr(*expr.ancestor, Level::kSum);
  }

  void call(const ast::Call& expr) {
    if (!expr.function->method) {
      out_ += expr.function->name;
      return arguments(expr.arguments);
    }
    this->expr(*expr.arguments.front(), Level::kMember);
    out_.append(".").append(expr.function->name);
    arguments(expr.arguments.subspan(1));
  }

  void scope(std::string_view variable, const ast::EntityScope& scope) {
    using enum ast::ScopeKind;
    out_ += variable;
    if (scope.kind == kEqual) out_ += " == ";
    if (scope.kind == kIs || scope.kind == kIsIn) out_.append(" is ").append(scope.type);
    if (scope.kind == kIn || scope.kind == kIsIn) out_ += " in ";
    if (scope.kind == kAny || scope.kind == kIs) return;
    out_ += scope.entity != nullptr ? to_string(*scope.entity) : "?" + std::string(variable);
  }

  void scope(const ast::ActionScope& scope) {
    out_ += "action";
    if (scope.kind == ast::ScopeKind::kAny) return;
    out_ += scope.kind == ast::ScopeKind::kEqual ? " == " : " in ";
    const bool one = scope.actions.size() == 1;
    if (!one) out_ += '[';
    separated(scope.actions, [this](const Uid* action) { out_ += to_string(*action); });
    if (!one) out_ += ']';
  }

  std::string out_;
};

}  // namespace

bool is_identifier(std::string_view name) { return !name.contains(':') && is_type_name(name); }

std::string to_cedar(const ast::Expr& expr) {
  Printer printer;
  printer.expr(expr);
  return printer.take();
}

std::string to_cedar(const ast::Policy& policy) {
  Printer printer;
  printer.policy(policy);
  return printer.take();
}

std::string to_cedar(const Value& value) {
  Printer printer;
  printer.value(value);
  return printer.take();
}

std::string to_cedar(const Pattern& pattern) {
  std::string out = "\"";
  for (std::size_t i = 0; i < pattern.pieces.size(); ++i) {
    if (i > 0) out += '*';
    const std::string piece = cedar::quoted(pattern.pieces[i]);
    for (const char c : std::string_view(piece).substr(1, piece.size() - 2)) {
      if (c == '*') out += '\\';
      out += c;
    }
  }
  return out + '"';
}

}  // namespace cedar
