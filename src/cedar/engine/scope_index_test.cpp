// The index must find what a look at every policy finds.

#include "cedar/engine/scope_index.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <string>

#include "cedar/authorize.h"

namespace cedar {
namespace {

std::string digit(int limit) { return std::to_string(*rc::gen::inRange(0, limit)); }
std::string group() { return "G::\"" + digit(6) + "\""; }
std::string action() { return "Action::\"" + digit(4) + "\""; }

std::string scope(const std::string& variable) {
  switch (*rc::gen::inRange(0, 5)) {
    case 0:
      return variable;
    case 1:
      return variable + " == " + group();
    case 2:
      return variable + " in " + group();
    case 3:
      return variable + (*rc::gen::arbitrary<bool>() ? " is G" : " is H");
    default:
      return variable + " is G in " + group();
  }
}

std::string action_scope() {
  switch (*rc::gen::inRange(0, 4)) {
    case 0:
      return "action";
    case 1:
      return "action == " + action();
    case 2:
      return "action in " + action();
    default:
      return "action in [" + action() + ", " + action() + ", " + action() + "]";
  }
}

// A condition says the same as a scope, but the index cannot see that.
std::string as_condition(std::string test) { return "((" + std::move(test) + ") == true)"; }

RC_GTEST_PROP(ScopeIndex, AgreesWithConditionsThatNoIndexSees, ()) {
  std::string indexed;
  std::string plain;
  const int count = *rc::gen::inRange(1, 120);
  for (int i = 0; i < count; ++i) {
    const std::string p = scope("principal");
    const std::string a = action_scope();
    const std::string r = scope("resource");
    indexed += "permit(" + p + ", " + a + ", " + r + ");\n";
    plain += "permit(principal, action, resource) when { ";
    plain += (p == "principal" ? "true" : as_condition(p)) + " && " +
             (a == "action" ? "true" : as_condition(a)) + " && " +
             (r == "resource" ? "true" : as_condition(r)) + " };\n";
  }
  EntitiesBuilder builder;
  // Parents have higher numbers, so that there is no cycle.
  for (int i = 0; i < 5; ++i) {
    const EntityUid above[] = {{"G", std::to_string(*rc::gen::inRange(i + 1, 6))}};
    RC_ASSERT(builder.add({"G", std::to_string(i)}, above).has_value());
  }
  const EntityUid read[] = {{"Action", "2"}, {"Action", "3"}};
  RC_ASSERT(builder.add({"Action", "0"}, read).has_value());
  const auto entities = std::move(builder).build();
  const auto first = PolicySet::parse(indexed);
  const auto second = PolicySet::parse(plain);
  RC_ASSERT(entities.has_value() && first.has_value() && second.has_value());

  for (int i = 0; i < 10; ++i) {
    const Request request{{"G", digit(7)}, {"Action", digit(4)}, {"G", digit(7)}};
    const Response by_index = authorize(request, *first, *entities);
    const Response by_condition = authorize(request, *second, *entities);
    RC_ASSERT(by_index.determining.size() == by_condition.determining.size());
    for (std::size_t k = 0; k < by_index.determining.size(); ++k) {
      RC_ASSERT(by_index.determining[k]->id() == by_condition.determining[k]->id());
    }
  }
}

}  // namespace
}  // namespace cedar
