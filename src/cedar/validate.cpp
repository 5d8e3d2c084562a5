// Validation of policies: names first, then the scope against what actions apply to, then the conditions in
// every request environment that the scope lets through.

#include <algorithm>
#include <tuple>
#include <unordered_set>

#include "cedar/engine/impl.h"
#include "cedar/schema/levels.h"
#include "cedar/schema/names_check.h"
#include "cedar/schema/schema_impl.h"
#include "cedar/schema/typecheck.h"

namespace cedar {
namespace {

using ast::ScopeKind;

// The findings of one policy, each once however many environments show it.
class Findings final : public ProblemSink {
 public:
  explicit Findings(std::size_t most) : most_(most) {}

  void start_policy(const ast::Policy& policy) {
    policy_ = &policy;
    first_ = findings_.size();
  }
  void error(Span span, std::string message, std::string help) override {
    add(FindingKind::kError, span, std::move(message), std::move(help));
  }
  // Of errors: no number of warnings ends a validation, or errors behind them would be let through.
  bool full() const { return errors_ >= most_; }
  bool clean() const { return findings_.size() == first_; }  // of the current policy

  void finish_policy() {
    std::ranges::sort(findings_.begin() + static_cast<std::ptrdiff_t>(first_), findings_.end(), {},
                      [](const Finding& finding) {
                        const Diagnostic& d = finding.diagnostic;
                        return std::tuple(d.span.begin, d.span.end, std::string_view(d.message));
                      });
  }
  std::vector<Finding> take() { return std::move(findings_); }

  void add(FindingKind kind, Span span, std::string message, std::string help) {
    const bool is_error = kind != FindingKind::kImpossible;
    if (is_error ? full() : findings_.size() - errors_ >= most_) return;
    for (std::size_t i = first_; i < findings_.size(); ++i) {
      const Diagnostic& known = findings_[i].diagnostic;
      if (known.span.begin == span.begin && known.span.end == span.end && known.message == message) return;
    }
    const LineTable& lines = policy_->source->lines;
    if (is_error) ++errors_;
    Diagnostic diagnostic = make_diagnostic(span, std::move(message), std::move(help));
    diagnostic.start = lines.position(span.begin);
    diagnostic.end = lines.position(span.end);
    findings_.push_back({kind, std::string(policy_->id), std::move(diagnostic)});
  }

 private:
  std::size_t most_;
  std::size_t errors_ = 0;
  const ast::Policy* policy_ = nullptr;
  std::size_t first_ = 0;
  std::vector<Finding> findings_;
};

// Which variables the conditions of a policy mention: environments that differ in nothing else are one to it.
struct Uses {
  bool principal = false;
  bool action = false;
  bool resource = false;
  bool context = false;
};

Uses uses_of(const ast::Policy& policy) {
  Uses uses;
  for (const ast::Condition& condition : policy.conditions) {
    for_each_expr(*condition.body, [&uses](const ast::Expr& expr) {
      if (expr.kind != ast::ExprKind::kVariable) return;
      switch (static_cast<const ast::VariableRef&>(expr).variable) {
        case ast::Variable::kPrincipal:
          uses.principal = true;
          break;
        case ast::Variable::kAction:
          uses.action = true;
          break;
        case ast::Variable::kResource:
          uses.resource = true;
          break;
        case ast::Variable::kContext:
          uses.context = true;
          break;
      }
    });
  }
  return uses;
}

struct Signature {
  const void* principal;
  const void* resource;
  const void* action_or_context;
  friend bool operator==(const Signature&, const Signature&) = default;
};
struct SignatureHash {
  std::size_t operator()(const Signature& s) const {
    const auto number = [](const void* pointer) { return reinterpret_cast<std::uintptr_t>(pointer); };
    return (number(s.principal) * 31 + number(s.resource)) * 31 + number(s.action_or_context);
  }
};

class Validator {
 public:
  Validator(const Schema::Impl& schema, const ValidationOptions& options)
      : schema_(schema),
        options_(options),
        findings_(std::max(options.findings, 1U)),
        types_(schema, findings_) {
    types_.keep_types(options.level.has_value());
  }

  void policy(const ast::Policy& policy) {
    findings_.start_policy(policy);
    if (policy.linked_from != nullptr) {
      link(policy);
    } else {
      const bool scope_known = check_names(policy, schema_, findings_);
      conditions(policy, scope_known);
    }
    findings_.finish_policy();
  }

  bool full() const { return findings_.full() || spent_ > options_.environments; }
  std::vector<Finding> take() { return findings_.take(); }

 private:
  // What its template was checked for holds of a link too; new are the entities in the slots.
  void link(const ast::Policy& policy) {
    ast::Policy slots_only = policy;
    slots_only.conditions = {};
    slots_only.action = {};
    for (ast::EntityScope* scope : {&slots_only.principal, &slots_only.resource}) {
      if (!scope->slot) *scope = {};
    }
    if (check_names(slots_only, schema_, findings_) && !applies(policy)) inapplicable(policy);
  }

  bool applies(const ast::Policy& policy) {
    bool found = false;
    environments(policy, [&found](const Environment&) {
      found = true;
      return false;
    });
    return found;
  }

  void inapplicable(const ast::Policy& policy) {
    findings_.add(FindingKind::kInapplicableScope, scope_span(policy),
                  "the scope fits no request: no action applies to such a principal and resource",
                  would_in_help(policy) ? "did you mean `in` instead of `==`?" : inapplicable_help(policy));
  }

  // From the first to the last test of the scope; of an open one, the policy.
  static Span scope_span(const ast::Policy& policy) {
    return {policy.principal.span.begin, std::max(policy.resource.span.end, policy.principal.span.end)};
  }

  // Whether `principal == Group::"x"` stands where only members of groups act, or the like of the resource.
  bool would_in_help(const ast::Policy& policy) {
    for (const bool principal : {true, false}) {
      ast::Policy changed = policy;
      ast::EntityScope& scope = principal ? changed.principal : changed.resource;
      if (scope.kind != ScopeKind::kEqual || scope.entity == nullptr) continue;
      scope.kind = ScopeKind::kIn;
      if (applies(changed)) return true;
    }
    return false;
  }

  std::string inapplicable_help(const ast::Policy& policy) const {
    if (policy.action.kind != ScopeKind::kEqual) return "";
    const Action* action = schema_.find_action(*policy.action.actions.front());
    if (action == nullptr) return "";
    if (action->principals.empty())
      return "the action applies to nothing; use `in` for what it is a group of";
    std::string help = "the action applies to principals ";
    const auto list = [&help](std::span<const EntityType* const> types) {
      constexpr std::size_t kShown = 5;
      for (std::size_t i = 0; i < std::min(types.size(), kShown); ++i) {
        if (i > 0) help += ", ";
        help += types[i]->name;
      }
      if (types.size() > kShown) help += ", …";
    };
    list(action->principals);
    help += " and resources ";
    list(action->resources);
    return help;
  }

  bool fits(const ast::EntityScope& scope, const EntityType* of_entity, const EntityType& type) const {
    const bool tests_type = scope.kind == ScopeKind::kIs || scope.kind == ScopeKind::kIsIn;
    if (tests_type && type.name != scope.type) return false;
    // A slot can be filled to fit; an unknown entity was reported.
    if (of_entity == nullptr) return true;
    return scope.kind == ScopeKind::kEqual ? &type == of_entity : type.has_ancestor(*of_entity);
  }

  // Calls `visit` with every environment that the scope lets through, until it answers false.
  template <typename Visit>
  void environments(const ast::Policy& policy, const Visit& visit) {
    const auto type_in = [this](const ast::EntityScope& scope) {
      return scope.entity == nullptr ? nullptr : schema_.find_type(scope.entity->type);
    };
    const EntityType* principal = type_in(policy.principal);
    const EntityType* resource = type_in(policy.resource);
    const auto of_action = [&](const Action& action) {
      for (const EntityType* p : action.principals) {
        if (!fits(policy.principal, principal, *p)) continue;
        for (const EntityType* r : action.resources) {
          if (fits(policy.resource, resource, *r) && !visit(Environment{p, &action, r})) return false;
        }
      }
      return true;
    };
    if (policy.action.kind == ScopeKind::kAny) {
      for (const Action& action : schema_.actions) {
        if (!of_action(action)) return;
      }
      return;
    }
    std::unordered_set<std::uint32_t> done;
    for (const Uid* uid : policy.action.actions) {
      const Action* named = schema_.find_action(*uid);
      if (named == nullptr) continue;
      if (policy.action.kind == ScopeKind::kEqual) {
        of_action(*named);
        return;
      }
      for (const std::uint32_t below : named->descendants) {
        const bool repeated = policy.action.actions.size() > 1 && !done.insert(below).second;
        if (!repeated && !of_action(schema_.actions[below])) return;
      }
    }
  }

  // A list of actions is a set like any other: not empty, and all of one type. False: reported.
  bool action_list(const ast::Policy& policy) {
    const std::span<const Uid* const> actions = policy.action.actions;
    if (policy.action.kind != ScopeKind::kIn) return true;
    const auto differs = [&](const Uid* uid) { return uid->type != actions.front()->type; };
    const auto different = std::ranges::find_if(actions, differs);
    if (!actions.empty() && different == actions.end()) return true;
    if (!fits_any_principal(policy)) return true;  // then nothing comes to the test
    if (actions.empty()) {
      findings_.error(scope_span(policy), "`action in []` fits no action",
                      "name the actions, or leave the test out");
      return false;
    }
    findings_.error(policy.action.spans[static_cast<std::size_t>(different - actions.begin())],
                    "the actions of a list must have one type, and `" + std::string((*different)->type) +
                        "` is not `" + std::string(actions.front()->type) + "`",
                    "write a policy for each");
    return false;
  }

  bool fits_any_principal(const ast::Policy& policy) const {
    const Uid* uid = policy.principal.entity;
    const EntityType* type = uid == nullptr ? nullptr : schema_.find_type(uid->type);
    return std::ranges::any_of(schema_.actions, [&](const Action& action) {
      return !action.resources.empty() &&
             std::ranges::any_of(action.principals, [&](const EntityType* principal) {
               return fits(policy.principal, type, *principal);
             });
    });
  }

  void conditions(const ast::Policy& policy, bool scope_known) {
    const Uses uses = uses_of(policy);
    types_.start_policy();
    std::unordered_set<Signature, SignatureHash> seen;
    bool any = false;
    bool possible = false;
    environments(policy, [&](const Environment& environment) {
      any = true;
      if (!afford(1)) return false;
      const void* action = uses.action    ? static_cast<const void*>(environment.action)
                           : uses.context ? environment.action->context
                                          : nullptr;
      const Signature signature{uses.principal ? environment.principal : nullptr,
                                uses.resource ? environment.resource : nullptr, action};
      if (!seen.insert(signature).second) return true;
      if (!afford(kCheck)) return false;
      const TypeChecker::Verdict verdict = types_.check(policy.conditions, environment);
      possible = possible || !verdict.impossible;
      if (options_.level && verdict.good)
        check_levels(policy, environment, types_, *options_.level, findings_);
      return !findings_.full();
    });
    if (spent_ > options_.environments) {
      findings_.error(policy.span, "validation gives up: there are too many kinds of requests to check",
                      "name the action, or the types of principal and resource, in the scope");
      return;
    }
    if (!action_list(policy)) return;
    if (!any && scope_known) {
      inapplicable(policy);
    } else if (any && !possible && findings_.clean()) {
      findings_.add(FindingKind::kImpossible, policy.span,
                    "this policy can never apply: its conditions are false for every valid request", "");
    }
  }

  static constexpr std::uint64_t kCheck = 20;

  bool afford(std::uint64_t cost) {
    spent_ += cost;
    return spent_ <= options_.environments;
  }

  const Schema::Impl& schema_;
  const ValidationOptions& options_;
  std::uint64_t spent_ = 0;  // in environments
  Findings findings_;
  TypeChecker types_;
};

// What policies mean cannot be told before every name has its definition.
std::optional<Finding> incompleteness(const Schema& schema) {
  if (schema.is_complete()) return std::nullopt;
  std::string names;
  const auto add = [&names](const std::string& name) {
    names += (names.empty() ? "" : ", ") + in_backticks(name);
  };
  for (const std::string& type : schema.external_entity_types()) add(type);
  for (const EntityUid& action : schema.external_actions()) add(to_string(action));
  Finding finding;
  finding.diagnostic = make_diagnostic({}, "the schema is incomplete: " + names + " is declared external",
                                       "link it with the schema that has the definition");
  return finding;
}

}  // namespace

bool ValidationReport::passed() const { return std::ranges::none_of(findings, &Finding::is_error); }

ValidationReport validate(const PolicySet& policies, const Schema& schema, const ValidationOptions& options) {
  if (auto incomplete = incompleteness(schema)) return {{std::move(*incomplete)}};
  Validator validator(schema.impl(), options);
  for (const std::span<const Policy> list : {policies.policies(), policies.templates()}) {
    for (const Policy& policy : list) {
      if (validator.full()) break;
      validator.policy(policy.node());
    }
  }
  return {validator.take()};
}

}  // namespace cedar
