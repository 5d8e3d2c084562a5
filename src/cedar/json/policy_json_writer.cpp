#include <array>

#include "cedar/json/policy_json.h"
#include "cedar/values/extension_types.h"

namespace cedar {
namespace {

using ast::Expr;
using ast::ExprKind;

std::string uid_json(const Uid& uid) {
  return R"({"type":)" + json_quoted(uid.type) + R"(,"id":)" + json_quoted(uid.id) + "}";
}

class PolicyJsonWriter {
 public:
  std::string take() { return std::move(out_); }

  void policy(const ast::Policy& policy) {
    out_ += R"({"effect":)";
    out_ += policy.effect == Effect::kPermit ? "\"permit\"" : "\"forbid\"";
    scope("principal", policy.principal);
    scope(policy.action);
    scope("resource", policy.resource);
    out_ += R"(,"conditions":[)";
    separated(policy.conditions, [this](const ast::Condition& condition) {
      out_ += condition.unless ? R"({"kind":"unless","body":)" : R"({"kind":"when","body":)";
      expr(*condition.body);
      out_ += '}';
    });
    out_ += ']';
    if (!policy.annotations.empty()) {
      out_ += R"(,"annotations":{)";
      separated(policy.annotations, [this](const ast::Annotation& annotation) {
        out_ += json_quoted(annotation.name) + ":";
        out_ += annotation.bare ? "null" : json_quoted(annotation.value);
      });
      out_ += '}';
    }
    out_ += '}';
  }

 private:
  template <typename Range, typename Write>
  void separated(const Range& range, const Write& write) {
    bool first = true;
    for (const auto& one : range) {
      if (!first) out_ += ',';
      write(one);
      first = false;
    }
  }

  void scope(std::string_view variable, const ast::EntityScope& scope) {
    using enum ast::ScopeKind;
    out_ += ",\"" + std::string(variable) + R"(":{"op":)";
    const auto entity = [&] {
      if (scope.entity != nullptr)
        out_ += R"("entity":)" + uid_json(*scope.entity);
      else
        out_ += R"("slot":"?)" + std::string(variable) + '"';
    };
    if (scope.kind == kAny) {
      out_ += "\"All\"";
    } else if (scope.kind == kEqual || scope.kind == kIn) {
      out_ += scope.kind == kEqual ? "\"==\"," : "\"in\",";
      entity();
    } else {
      out_ += R"("is","entity_type":)" + json_quoted(scope.type);
      if (scope.kind == kIsIn) {
        out_ += R"(,"in":{)";
        entity();
        out_ += '}';
      }
    }
    out_ += '}';
  }

  // One action stands alone, whether or not it was written as a list.
  void scope(const ast::ActionScope& scope) {
    out_ += R"(,"action":{"op":)";
    if (scope.kind == ast::ScopeKind::kAny) {
      out_ += "\"All\"}";
      return;
    }
    out_ += scope.kind == ast::ScopeKind::kEqual ? "\"==\"" : "\"in\"";
    if (scope.actions.size() == 1) {
      out_ += R"(,"entity":)" + uid_json(*scope.actions.front()) + "}";
      return;
    }
    out_ += R"(,"entities":[)";
    separated(scope.actions, [this](const Uid* action) { out_ += uid_json(*action); });
    out_ += "]}";
  }

  void expr(const Expr& expr) {
    switch (expr.kind) {
      case ExprKind::kLiteral:
        return value(as<ast::Literal>(expr).value);
      case ExprKind::kVariable:
        return variable(as<ast::VariableRef>(expr).variable);
      case ExprKind::kNot:
        return unary("!", expr);
      case ExprKind::kNegate:
        return unary("neg", expr);
      case ExprKind::kIsEmpty:
        return unary("isEmpty", expr);
      case ExprKind::kBinary: {
        const auto& binary = as<ast::Binary>(expr);
        open(ast::spelling(binary.op), *binary.left);
        return right(*binary.right);
      }
      case ExprKind::kAnd:
      case ExprKind::kOr:
        return chain(as<ast::Logic>(expr));
      case ExprKind::kIf: {
        const auto& choice = as<ast::If>(expr);
        out_ += R"({"if-then-else":{"if":)";
        this->expr(*choice.condition);
        out_ += R"(,"then":)";
        this->expr(*choice.then_branch);
        out_ += R"(,"else":)";
        this->expr(*choice.else_branch);
        out_ += "}}";
        return;
      }
      case ExprKind::kHas:
        return has(as<ast::Has>(expr));
      case ExprKind::kGet:
        open(".", *as<ast::Get>(expr).operand);
        out_ += R"(,"attr":)" + json_quoted(as<ast::Get>(expr).name) + "}}";
        return;
      case ExprKind::kLike:
        return like(as<ast::Like>(expr));
      case ExprKind::kIs: {
        const auto& test = as<ast::Is>(expr);
        open("is", *test.operand);
        out_ += R"(,"entity_type":)" + json_quoted(test.type);
        if (test.ancestor != nullptr) {
          out_ += R"(,"in":)";
          this->expr(*test.ancestor);
        }
        out_ += "}}";
        return;
      }
      case ExprKind::kSet:
        out_ += R"({"Set":[)";
        separated(as<ast::SetExpr>(expr).elements, [this](const Expr* element) { this->expr(*element); });
        out_ += "]}";
        return;
      case ExprKind::kRecord:
        out_ += R"({"Record":{)";
        separated(as<ast::RecordExpr>(expr).fields, [this](const ast::RecordField& field) {
          out_ += json_quoted(field.name) + ":";
          this->expr(*field.value);
        });
        out_ += "}}";
        return;
      case ExprKind::kCall: {
        const auto& call = as<ast::Call>(expr);
        out_ += "{" + json_quoted(call.function->name) + ":[";
        separated(call.arguments, [this](const Expr* argument) { this->expr(*argument); });
        out_ += "]}";
        return;
      }
    }
    std::unreachable();
  }

  // {"op":{"left":…
  void open(std::string_view op, const Expr& left) {
    out_ += "{" + json_quoted(op) + R"(:{"left":)";
    expr(left);
  }
  void right(const Expr& operand) {
    out_ += R"(,"right":)";
    expr(operand);
    out_ += "}}";
  }

  void unary(std::string_view op, const Expr& expr) {
    out_ += "{" + json_quoted(op) + R"(:{"arg":)";
    this->expr(*as<ast::Unary>(expr).operand);
    out_ += "}}";
  }

  // Nested to the left, without recursion: chains may be long.
  void chain(const ast::Logic& expr) {
    const std::string_view begin = expr.kind == ExprKind::kAnd ? R"({"&&":{"left":)" : R"({"||":{"left":)";
    for (std::size_t i = 1; i < expr.operands.size(); ++i) out_ += begin;
    this->expr(*expr.operands.front());
    for (const Expr* operand : expr.operands.subspan(1)) right(*operand);
  }

  void has(const ast::Has& expr) {
    open("has", *expr.operand);
    out_ += R"(,"attr":)";
    if (expr.path.size() == 1) {
      out_ += json_quoted(expr.path.front()) + "}}";
      return;
    }
    out_ += '[';
    separated(expr.path, [this](std::string_view name) { out_ += json_quoted(name); });
    out_ += "]}}";
  }

  // A literal for each code point, as the reference implementation has it.
  void like(const ast::Like& expr) {
    open("like", *expr.operand);
    out_ += R"(,"pattern":[)";
    std::string_view before;
    const auto element = [&](const std::string& text) {
      out_.append(before).append(text);
      before = ",";
    };
    for (std::size_t i = 0; i < expr.pattern.pieces.size(); ++i) {
      if (i > 0) element("\"Wildcard\"");
      for (std::string_view rest = expr.pattern.pieces[i]; !rest.empty();) {
        const std::size_t size = code_point_size(rest);
        element(R"({"Literal":)" + json_quoted(rest.substr(0, size)) + "}");
        rest.remove_prefix(size);
      }
    }
    out_ += "]}}";
  }

  static std::size_t code_point_size(std::string_view text) {
    std::size_t size = 1;
    while (size < text.size() && (static_cast<unsigned char>(text[size]) & 0xC0U) == 0x80U) ++size;
    return size;
  }

  void variable(ast::Variable variable) {
    static constexpr std::array<std::string_view, 4> kNames{"principal", "action", "resource", "context"};
    out_ += R"({"Var":")" + std::string(kNames.at(static_cast<std::size_t>(variable))) + "\"}";
  }

  void value(const Value& value) {
    switch (value.kind()) {
      case Kind::kBool:
        return scalar(value.as_bool() ? "true" : "false");
      case Kind::kLong:
        return scalar(std::to_string(value.number()));
      case Kind::kString:
        return scalar(json_quoted(value.text()));
      case Kind::kEntity:
        return scalar(R"({"__entity":)" + uid_json(value.uid()) + "}");
      case Kind::kSet:
        out_ += R"({"Set":[)";
        separated(value.elements(), [this](const Value& element) { this->value(element); });
        out_ += "]}";
        return;
      case Kind::kRecord:
        out_ += R"({"Record":{)";
        separated(value.fields(), [this](const Field& field) {
          out_ += json_quoted(field.name) + ":";
          this->value(field.value);
        });
        out_ += "}}";
        return;
      case Kind::kDecimal:
        return call("decimal", decimal_text(value.number()));
      case Kind::kDuration:
        return call("duration", duration_text(value.number()));
      case Kind::kIp:
        return call("ip", ip_text(value.address()));
      case Kind::kDatetime:
        if (const auto text = datetime_text(value.number())) return call("datetime", *text);
        out_ += R"({"offset":[)";
        call("datetime", "1970-01-01");
        out_ += ',';
        call("duration", duration_text(value.number()));
        out_ += "]}";
        return;
    }
    std::unreachable();
  }

  void scalar(const std::string& json) { out_ += R"({"Value":)" + json + "}"; }

  void call(std::string_view function, std::string_view text) {
    out_ += "{" + json_quoted(function) + ":[";
    scalar(json_quoted(text));
    out_ += "]}";
  }

  std::string out_;
};

}  // namespace

std::string write_policy_json(const ast::Policy& policy) {
  PolicyJsonWriter writer;
  writer.policy(policy);
  return writer.take();
}

}  // namespace cedar
