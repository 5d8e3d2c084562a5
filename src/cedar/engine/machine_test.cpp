// The program and the tree must say the same of every policy: satisfied, not, or in error.

#include "cedar/engine/machine.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <vector>

#include "cedar/authorize.h"
#include "cedar/engine/evaluator.h"
#include "cedar/engine/impl.h"
#include "cedar/testing/random_policies.h"

namespace cedar {
namespace {

// What the trees say, by ids.
struct Verdicts {
  std::vector<std::string_view> satisfied;
  std::map<std::string_view, std::string> errors;
};

Verdicts of_trees(const PolicySet& set, const Request& request, const EntityStore& store) {
  const auto view = [](const EntityUid& uid) { return Uid{uid.type(), uid.id(), uid.hash()}; };
  const Bindings bindings{view(request.principal), view(request.action), view(request.resource),
                          request.context.impl().record};
  Verdicts verdicts;
  Arena arena;
  for (const Policy& one : set.policies()) {
    const ast::EntityScope& scope = one.node().principal;
    if (scope.kind == ast::ScopeKind::kEqual && !(*scope.entity == bindings.principal)) continue;
    if (scope.kind == ast::ScopeKind::kIn && !store.in(bindings.principal, *scope.entity)) continue;
    if (scope.kind == ast::ScopeKind::kIs && scope.type != bindings.principal.type) continue;
    const auto holds = Evaluator(bindings, store, arena).satisfied(one.node().conditions);
    if (!holds) {
      verdicts.errors.emplace(one.id(), holds.error()->message);
    } else if (*holds) {
      verdicts.satisfied.push_back(one.id());
    }
  }
  return verdicts;
}

TEST(Machine, SaysOfEveryPolicyWhatItsTreeSays) {
  const std::uint64_t seed = random::reseed(20'260'729);
  const Entities entities = *Entities::parse_json(random::kEntities);
  const Context context = *Context::parse_json(random::kContext);
  std::size_t errors = 0;
  std::size_t satisfied = 0;
  constexpr int kSets = 1'500;
  for (int i = 0; i < kSets; ++i) {
    std::string text;
    for (int k = 0; k < 20; ++k) text += random::policy();
    const auto set = PolicySet::parse(text);
    ASSERT_TRUE(set.has_value()) << text;
    const Request request{{"User", random::pick({"alice", "bob", "nobody"})},
                          {"Action", random::pick({"view", "edit"})},
                          {random::pick({"User", "Group"}), random::pick({"alice", "staff"})},
                          context};
    const Verdicts expected = of_trees(*set, request, entities.impl().store);
    const Response response = authorize(request, *set, entities);
    Verdicts found;
    for (const Policy* one : response.determining) found.satisfied.push_back(one->id());
    for (const PolicyError& error : response.errors) found.errors.emplace(error.policy->id(), error.message);
    ASSERT_EQ(found.satisfied, expected.satisfied) << "seed " << seed << "\n" << text;
    ASSERT_EQ(found.errors, expected.errors) << "seed " << seed << "\n" << text;
    errors += expected.errors.size();
    satisfied += expected.satisfied.size();
  }
  // The generator is worth something: all three verdicts are common.
  EXPECT_GT(errors, 1'500U);
  EXPECT_GT(satisfied, 1'500U);
  EXPECT_LT(errors + satisfied, 20U * kSets - 1'500U);
}

}  // namespace
}  // namespace cedar
