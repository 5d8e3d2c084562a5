// What partial evaluation and explanations share behind their public values.

#pragma once

#include <memory>
#include <optional>
#include <vector>

#include "cedar/engine/impl.h"
#include "cedar/engine/partial_evaluator.h"
#include "cedar/partial.h"

namespace cedar {

struct PartialContext::Impl {
  Context known;
  std::unique_ptr<RecordShape> shape = nullptr;  // null: all of it is known
};

// Views into the request, which must outlive them.
PartialBindings bind(const PartialRequest& request);

struct PartialResponse::Impl {
  Impl(const PartialRequest& of, const PolicySet& set, const Entities& all)
      : request(of), policies(set), entities(all), bindings(bind(request)) {}
  Impl(const Impl&) = delete;
  Impl& operator=(const Impl&) = delete;

  // What the rest refers to.
  const PartialRequest request;
  const PolicySet policies;
  const Entities entities;
  Arena arena;

  const PartialBindings bindings;
  std::vector<const Policy*> satisfied;
  std::vector<PolicyError> errors;
  std::vector<Residual> residuals;
  std::optional<Decision> decision;
};

// Scope and conditions as one expression.
const ast::Expr* as_expression(const ast::Policy& policy, Arena& arena);

// A test of a scope as an expression; nullptr: it asks nothing.
const ast::Expr* as_expression(ast::Variable variable, const ast::EntityScope& scope, Arena& arena);
const ast::Expr* as_expression(const ast::ActionScope& scope, Arena& arena);

}  // namespace cedar
