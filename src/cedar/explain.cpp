#include "cedar/explain.h"

#include <algorithm>
#include <array>
#include <tuple>

#include "cedar/engine/partial_impl.h"
#include "cedar/syntax/print.h"

namespace cedar {
namespace {

using ast::ExprKind;

// A part of a policy that is looked at on its own.
struct Part {
  StepPart part;
  const ast::Expr* expr;
  StepResult result = StepResult::kNotReached;
  std::string_view message = {};
};

// The operands of a chain, and of chains within it.
void flatten(const ast::Expr& expr, ExprKind chain, StepPart part, std::vector<Part>& parts) {
  if (expr.kind != chain) {
    parts.push_back({part, &expr});
    return;
  }
  for (const ast::Expr* operand : as<ast::Logic>(expr).operands) flatten(*operand, chain, part, parts);
}

std::vector<Part> parts_of(const ast::Policy& policy, Arena& arena) {
  std::vector<Part> parts;
  const auto scope = [&](StepPart part, const ast::Expr* test) {
    if (test != nullptr) parts.push_back({part, test});
  };
  scope(StepPart::kPrincipal, as_expression(ast::Variable::kPrincipal, policy.principal, arena));
  scope(StepPart::kAction, as_expression(policy.action, arena));
  scope(StepPart::kResource, as_expression(ast::Variable::kResource, policy.resource, arena));
  for (const ast::Condition& condition : policy.conditions) {
    if (condition.unless)
      flatten(*condition.body, ExprKind::kOr, StepPart::kUnless, parts);
    else
      flatten(*condition.body, ExprKind::kAnd, StepPart::kWhen, parts);
  }
  return parts;
}

bool is_scope(StepPart part) { return part <= StepPart::kResource; }
bool stops(StepResult result) { return result == StepResult::kFailed || result == StepResult::kErred; }

// What the parts of a policy come to, in their order. All of its scope is looked at; of the conditions,
// nothing behind what fails.
void judge(std::vector<Part>& parts, PartialEvaluator& evaluator) {
  bool stopped = false;
  for (Part& part : parts) {
    if (stopped && !is_scope(part.part)) return;
    const Partial found = evaluator.boolean(*part.expr);
    if (found.value() != nullptr) {
      const bool holds = found.value()->as_bool() == (part.part != StepPart::kUnless);
      part.result = holds ? StepResult::kHeld : StepResult::kFailed;
    } else if (found.error() != nullptr) {
      part.result = StepResult::kErred;
      part.message = found.error()->message;
    } else {
      part.result = StepResult::kUnknown;
    }
    stopped = stopped || stops(part.result);
  }
}

StepResult overall(const std::vector<Part>& parts) {
  bool known = true;
  for (const Part& part : parts) {
    if (stops(part.result)) return part.result;
    known = known && part.result != StepResult::kUnknown;
  }
  return known ? StepResult::kHeld : StepResult::kUnknown;
}

// How near a policy came; greater is nearer.
auto nearness(const std::vector<Part>& parts) {
  std::size_t scope_failed = 0;
  std::size_t passed = 0;
  bool stopped = false;
  for (const Part& part : parts) {
    if (is_scope(part.part)) {
      scope_failed += part.result == StepResult::kFailed ? 1 : 0;
      continue;
    }
    stopped = stopped || stops(part.result);
    if (!stopped && part.result != StepResult::kNotReached) ++passed;
  }
  return std::tuple(-static_cast<std::ptrdiff_t>(scope_failed), !stopped, passed);
}

// An expression with values in place of what the variables stand for.
class Substitution {
 public:
  Substitution(PartialEvaluator& evaluator, Arena& arena) : evaluator_(evaluator), arena_(arena) {}

  const ast::Expr* of(const ast::Expr& expr) {
    switch (expr.kind) {
      case ExprKind::kLiteral:
        return &expr;
      case ExprKind::kVariable:
      case ExprKind::kGet:
        return value(expr);
      case ExprKind::kNot:
      case ExprKind::kNegate:
      case ExprKind::kIsEmpty:
        return with<ast::Unary>(expr, [&](ast::Unary& node) { node.operand = of(*node.operand); });
      case ExprKind::kBinary:
        if (as<ast::Binary>(expr).op == ast::BinaryOp::kGetTag) return value(expr);
        return with<ast::Binary>(expr, [&](ast::Binary& node) {
          node.left = of(*node.left);
          node.right = of(*node.right);
        });
      case ExprKind::kAnd:
      case ExprKind::kOr:
        return with<ast::Logic>(expr, [&](ast::Logic& node) { node.operands = all(node.operands); });
      case ExprKind::kIf:
        return with<ast::If>(expr, [&](ast::If& node) {
          node.condition = of(*node.condition);
          node.then_branch = of(*node.then_branch);
          node.else_branch = of(*node.else_branch);
        });
      case ExprKind::kHas:
        return with<ast::Has>(expr, [&](ast::Has& node) { node.operand = of(*node.operand); });
      case ExprKind::kLike:
        return with<ast::Like>(expr, [&](ast::Like& node) { node.operand = of(*node.operand); });
      case ExprKind::kIs:
        return with<ast::Is>(expr, [&](ast::Is& node) {
          node.operand = of(*node.operand);
          if (node.ancestor != nullptr) node.ancestor = of(*node.ancestor);
        });
      case ExprKind::kSet:
        return with<ast::SetExpr>(expr, [&](ast::SetExpr& node) { node.elements = all(node.elements); });
      case ExprKind::kRecord:
        return with<ast::RecordExpr>(expr, [&](ast::RecordExpr& node) {
          const auto fields = arena_.copy_of(node.fields);
          for (ast::RecordField& field : fields) field.value = of(*field.value);
          node.fields = fields;
        });
      case ExprKind::kCall:
        return with<ast::Call>(expr, [&](ast::Call& node) { node.arguments = all(node.arguments); });
    }
    std::unreachable();
  }

 private:
  template <typename Node, typename Change>
  const ast::Expr* with(const ast::Expr& expr, Change change) {
    auto* node = arena_.make<Node>(as<Node>(expr));
    change(*node);
    return node;
  }

  std::span<const ast::Expr*> all(std::span<const ast::Expr* const> exprs) {
    const auto copies = arena_.array<const ast::Expr*>(exprs.size());
    for (std::size_t i = 0; i < copies.size(); ++i) copies[i] = of(*exprs[i]);
    return copies;
  }

  // The whole context says too much to be read.
  const ast::Expr* value(const ast::Expr& expr) {
    const bool is_context =
        expr.kind == ExprKind::kVariable && as<ast::VariableRef>(expr).variable == ast::Variable::kContext;
    if (is_context) return &expr;
    const Partial found = evaluator_.evaluate(expr);
    return found.value() == nullptr ? &expr : evaluator_.embed(expr, found);
  }

  PartialEvaluator& evaluator_;
  Arena& arena_;
};

Step step_of(const Part& part, const Policy& policy, PartialEvaluator& evaluator, Arena& arena) {
  Step step{.part = part.part,
            .result = part.result,
            .span = part.expr->span,
            .position = policy.node().source->lines.position(part.expr->span.begin),
            .text = shortened(to_cedar(*part.expr), kMaxStepBytes),
            .values = {},
            .message = shortened(std::string(part.message), kMaxStepBytes)};
  if (part.result == StepResult::kNotReached) return step;
  step.values = shortened(to_cedar(*Substitution(evaluator, arena).of(*part.expr)), kMaxStepBytes);
  if (step.values == step.text) step.values.clear();
  return step;
}

Explanation describe(const Policy& policy, const std::vector<Part>& parts, PartialEvaluator& evaluator,
                     Arena& arena) {
  Explanation explanation{
      .policy = &policy, .steps = {}, .left_out = 0, .result = overall(parts), .scope_matches = true};
  explanation.steps.reserve(std::min(parts.size(), kMaxSteps));
  bool unknown_shown = false;
  for (const Part& part : parts) {
    if (is_scope(part.part) && part.result == StepResult::kFailed) explanation.scope_matches = false;
    const bool unknown = part.result == StepResult::kUnknown && !unknown_shown;
    if (explanation.steps.size() >= kMaxSteps && !stops(part.result) && !unknown) {
      ++explanation.left_out;
      continue;
    }
    unknown_shown = unknown_shown || unknown;
    explanation.steps.push_back(step_of(part, policy, evaluator, arena));
  }
  return explanation;
}

}  // namespace

std::string_view to_string(StepPart part) {
  static constexpr std::array<std::string_view, 5> kNames{"principal", "action", "resource", "when",
                                                          "unless"};
  return kNames.at(static_cast<std::size_t>(part));
}

std::string_view to_string(StepResult result) {
  static constexpr std::array<std::string_view, 5> kNames{"held", "failed", "erred", "unknown",
                                                          "not reached"};
  return kNames.at(static_cast<std::size_t>(result));
}

const Step* Explanation::obstacle() const {
  const auto stopped = std::ranges::find_if(steps, [](const Step& step) { return stops(step.result); });
  if (stopped != steps.end()) return &*stopped;
  const auto unknown = std::ranges::find(steps, StepResult::kUnknown, &Step::result);
  return unknown != steps.end() ? &*unknown : nullptr;
}

Explanation explain(const Policy& policy, const PartialRequest& request, const Entities& entities) {
  Arena arena;
  const PartialBindings bindings = bind(request);
  PartialEvaluator evaluator(bindings, entities.impl().store, arena);
  auto parts = parts_of(policy.node(), arena);
  judge(parts, evaluator);
  return describe(policy, parts, evaluator, arena);
}

std::vector<Explanation> nearest_permits(const PartialRequest& request, const PolicySet& policies,
                                         const Entities& entities, std::size_t count) {
  const PartialBindings bindings = bind(request);
  // Only the places of the nearest are kept: texts are made of those alone.
  std::vector<std::pair<decltype(nearness({})), std::size_t>> ranked;
  const auto all = policies.policies();
  for (std::size_t place = 0; place < all.size(); ++place) {
    if (all[place].effect() == Effect::kForbid) continue;
    Arena arena;
    PartialEvaluator evaluator(bindings, entities.impl().store, arena);
    auto parts = parts_of(all[place].node(), arena);
    judge(parts, evaluator);
    if (overall(parts) != StepResult::kHeld) ranked.emplace_back(nearness(parts), place);
  }
  const auto kept = std::min(count, ranked.size());
  std::ranges::partial_sort(ranked, ranked.begin() + static_cast<std::ptrdiff_t>(kept),
                            [](const auto& a, const auto& b) {
                              return a.first != b.first ? a.first > b.first : a.second < b.second;
                            });
  std::vector<Explanation> nearest;
  nearest.reserve(kept);
  for (std::size_t i = 0; i < kept; ++i) nearest.push_back(explain(all[ranked[i].second], request, entities));
  return nearest;
}

}  // namespace cedar
