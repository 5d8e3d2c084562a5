#include "cedar/schema/names_check.h"

#include <algorithm>

namespace cedar {
namespace {

class NameChecker {
 public:
  NameChecker(const Schema::Impl& schema, ProblemSink& problems) : schema_(schema), problems_(problems) {}

  bool type(std::string_view name, Span span) {
    if (is_action_type(name) || schema_.find_type(name) != nullptr) return true;
    std::vector<std::string_view> known;
    std::string otherwise;
    for (const EntityType& type : schema_.entity_types) {
      if (type.is_action) continue;
      known.push_back(type.name);
      if (last_name(type.name) == last_name(name))
        otherwise = "did you mean " + in_backticks(type.name) + "?";
    }
    if (otherwise.empty()) otherwise = did_you_mean(name, known);
    problems_.error(span, "the schema has no entity type " + in_backticks(name), std::move(otherwise));
    return false;
  }

  bool entity(const Uid& uid, Span span) {
    if (is_action_type(uid.type)) return action(uid, span);
    if (!type(uid.type, span)) return false;
    const EntityType& found = *schema_.find_type(uid.type);
    if (found.allows_id(uid.id)) return true;
    std::string otherwise = "its ids are";
    constexpr std::size_t kShown = 8;
    for (std::size_t i = 0; i < std::min(found.ids.size(), kShown); ++i)
      otherwise += (i == 0 ? " " : ", ") + quoted(found.ids[i]);
    if (found.ids.size() > kShown) otherwise += ", …";
    problems_.error(span, in_backticks(uid.type) + " has no entity " + quoted(uid.id),
                    did_you_mean(uid.id, found.ids, std::move(otherwise)));
    return false;
  }

 private:
  bool action(const Uid& uid, Span span) {
    if (schema_.find_action(uid) != nullptr) return true;
    std::vector<std::string> names;
    std::string otherwise;
    for (const Action& action : schema_.actions) {
      names.push_back(to_string(*action.uid));
      if (action.uid->id == uid.id) otherwise = "did you mean " + in_backticks(names.back()) + "?";
    }
    const std::vector<std::string_view> known(names.begin(), names.end());
    if (otherwise.empty()) otherwise = did_you_mean(to_string(uid), known);
    problems_.error(span, "the schema has no action " + in_backticks(to_string(uid)), std::move(otherwise));
    return false;
  }

  const Schema::Impl& schema_;
  ProblemSink& problems_;
};

}  // namespace

bool check_names(const ast::Policy& policy, const Schema::Impl& schema, ProblemSink& problems) {
  NameChecker names(schema, problems);
  bool good = true;
  for (const ast::EntityScope* scope : {&policy.principal, &policy.resource}) {
    const bool tests_type = scope->kind == ast::ScopeKind::kIs || scope->kind == ast::ScopeKind::kIsIn;
    if (tests_type && !names.type(scope->type, scope->span)) good = false;
    if (scope->entity != nullptr && !names.entity(*scope->entity, scope->span)) good = false;
  }
  for (std::size_t i = 0; i < policy.action.actions.size(); ++i) {
    if (!names.entity(*policy.action.actions[i], policy.action.spans[i])) good = false;
  }
  for (const ast::Condition& condition : policy.conditions) {
    for_each_expr(*condition.body, [&](const ast::Expr& expr) {
      if (expr.kind == ast::ExprKind::kIs) {
        names.type(static_cast<const ast::Is&>(expr).type, expr.span);
      } else if (expr.kind == ast::ExprKind::kLiteral) {
        const Value& value = static_cast<const ast::Literal&>(expr).value;
        if (value.kind() == Kind::kEntity) names.entity(value.uid(), expr.span);
      }
    });
  }
  return good;
}

}  // namespace cedar
