#include "cedar/schema/levels.h"

#include <algorithm>
#include <vector>

namespace cedar {
namespace {

using ast::BinaryOp;
using ast::Expr;
using ast::ExprKind;

class LevelChecker {
 public:
  LevelChecker(const Environment& environment, const TypeChecker& types, std::uint32_t most,
               ProblemSink& problems)
      : environment_(environment), types_(types), most_(most), problems_(problems) {}

  // What type checking did not come by cannot be evaluated either.
  void check(const Expr& expr) {
    if (types_.type_of(expr) == nullptr) return;
    switch (expr.kind) {
      case ExprKind::kLiteral:
      case ExprKind::kVariable:
        return;
      case ExprKind::kNot:
      case ExprKind::kNegate:
      case ExprKind::kIsEmpty:
        return check(*as<ast::Unary>(expr).operand);
      case ExprKind::kAnd:
      case ExprKind::kOr:
        for (const Expr* operand : as<ast::Logic>(expr).operands) check(*operand);
        return;
      case ExprKind::kIf:
        check(*as<ast::If>(expr).condition);
        check(*as<ast::If>(expr).then_branch);
        return check(*as<ast::If>(expr).else_branch);
      case ExprKind::kBinary: {
        const auto& binary = as<ast::Binary>(expr);
        const bool looks =
            binary.op == BinaryOp::kIn || binary.op == BinaryOp::kGetTag || binary.op == BinaryOp::kHasTag;
        looks ? look_through(*binary.left, expr.span) : check(*binary.left);
        return check(*binary.right);
      }
      case ExprKind::kHas:
        return check_has(as<ast::Has>(expr));
      case ExprKind::kGet: {
        const Expr& operand = *as<ast::Get>(expr).operand;
        return is_entity(types_.type_of(operand)) ? look_through(operand, expr.span) : check(operand);
      }
      case ExprKind::kLike:
        return check(*as<ast::Like>(expr).operand);
      case ExprKind::kIs: {
        const auto& test = as<ast::Is>(expr);
        check(*test.operand);
        if (test.ancestor == nullptr || types_.type_of(*test.ancestor) == nullptr) return;
        look_through(*test.operand, expr.span);
        return check(*test.ancestor);
      }
      case ExprKind::kSet:
        for (const Expr* element : as<ast::SetExpr>(expr).elements) check(*element);
        return;
      case ExprKind::kRecord:
        for (const ast::RecordField& field : as<ast::RecordExpr>(expr).fields) check(*field.value);
        return;
      case ExprKind::kCall:
        for (const Expr* argument : as<ast::Call>(expr).arguments) check(*argument);
        return;
    }
  }

  void scope_test(bool looks, Span span) {
    if (looks && most_ == 0) too_far(span, 1);
  }

 private:
  static bool is_entity(const Type* type) { return type != nullptr && type->kind == TypeKind::kEntity; }

  void look_through(const Expr& entity, Span span) {
    path_.clear();
    if (const std::uint32_t level = level_of(entity); level >= most_) too_far(span, level + 1);
  }

  void too_far(Span span, std::uint32_t needed) {
    problems_.error(span,
                    "this looks through " + std::to_string(needed) + " entities in a row, and at most " +
                        std::to_string(most_) + " may be",
                    "give the entities or the context what is needed, or raise the level");
  }

  void check_has(const ast::Has& expr) {
    const Type* type = types_.type_of(*expr.operand);
    if (type == nullptr) return;
    std::uint32_t looked = 0;  // through how many entities on the way
    for (std::size_t i = 0; i < expr.path.size() && type != nullptr; ++i) {
      const bool entity = type->kind == TypeKind::kEntity;
      if (entity) ++looked;
      const Type* record = entity ? type->entity->attributes : type;
      const AttributeType* attribute =
          record->kind == TypeKind::kRecord ? record->find(expr.path[i]) : nullptr;
      type = attribute == nullptr ? nullptr : attribute->type;
    }
    if (looked == 0) return check(*expr.operand);
    path_.clear();
    // Attributes of records on the way to the first entity.
    const Type* first = types_.type_of(*expr.operand);
    std::vector<std::string_view> names;
    for (const std::string_view name : expr.path) {
      if (first->kind == TypeKind::kEntity) break;
      names.push_back(name);
      first = first->find(name)->type;
    }
    path_.assign(names.rbegin(), names.rend());
    const std::uint32_t level = level_of(*expr.operand) + looked - 1;
    if (level >= most_) too_far(expr.span, level + 1);
  }

  // How many entities are looked through to reach the entity that an expression is, or that is at `path_`
  // (the last name first) in the record that it is.
  std::uint32_t level_of(const Expr& expr) {
    if (types_.type_of(expr) == nullptr) return 0;
    switch (expr.kind) {
      case ExprKind::kVariable:
        return 0;
      case ExprKind::kLiteral:
        if (!(as<ast::Literal>(expr).value.uid() == *environment_.action->uid)) {
          problems_.error(expr.span,
                          "an entity that is named here is not among those that a level brings along",
                          "start from principal, action, resource or context");
        }
        return 0;
      case ExprKind::kIf: {
        check(*as<ast::If>(expr).condition);
        const std::vector<std::string_view> path = path_;
        const std::uint32_t then_level = level_of(*as<ast::If>(expr).then_branch);
        path_ = path;
        return std::max(then_level, level_of(*as<ast::If>(expr).else_branch));
      }
      case ExprKind::kGet: {
        const auto& get = as<ast::Get>(expr);
        if (is_entity(types_.type_of(*get.operand))) {
          path_.clear();
          return level_of(*get.operand) + 1;
        }
        path_.push_back(get.name);
        return level_of(*get.operand);
      }
      case ExprKind::kBinary: {  // getTag
        const auto& tag = as<ast::Binary>(expr);
        path_.clear();
        const std::uint32_t level = level_of(*tag.left) + 1;
        check(*tag.right);
        return level;
      }
      case ExprKind::kRecord: {
        const std::string_view name = path_.empty() ? std::string_view() : path_.back();
        if (!path_.empty()) path_.pop_back();
        const Expr* inner = nullptr;
        for (const ast::RecordField& field : as<ast::RecordExpr>(expr).fields) {
          if (field.name == name) {
            inner = field.value;
          } else {
            check_apart(*field.value);
          }
        }
        return inner == nullptr ? 0 : level_of(*inner);
      }
      default:
        return 0;
    }
  }

  // Leaves `path_` as it is.
  void check_apart(const Expr& expr) {
    const std::vector<std::string_view> path = path_;
    check(expr);
    path_ = path;
  }

  const Environment& environment_;
  const TypeChecker& types_;
  std::uint32_t most_;
  ProblemSink& problems_;
  std::vector<std::string_view> path_;
};

bool tests_hierarchy(ast::ScopeKind kind) {
  return kind == ast::ScopeKind::kIn || kind == ast::ScopeKind::kIsIn;
}

}  // namespace

void check_levels(const ast::Policy& policy, const Environment& environment, const TypeChecker& types,
                  std::uint32_t most, ProblemSink& problems) {
  LevelChecker levels(environment, types, most, problems);
  levels.scope_test(tests_hierarchy(policy.principal.kind), policy.principal.span);
  levels.scope_test(tests_hierarchy(policy.resource.kind), policy.resource.span);
  if (tests_hierarchy(policy.action.kind) && !policy.action.spans.empty())
    levels.scope_test(true, policy.action.spans.front());
  for (const ast::Condition& condition : policy.conditions) levels.check(*condition.body);
}

}  // namespace cedar
