// Language reference: "Authorization". Skip on error, forbid overrides permit, deny by default.

#include <algorithm>
#include <array>

#include "cedar/evaluator.h"
#include "cedar/impl.h"

namespace cedar {
namespace {

Uid view(const EntityUid& uid) { return {uid.type(), uid.id(), uid.hash()}; }

}  // namespace

void authorize(const Request& request, const PolicySet& policies, const Entities& entities,
               Response& response) {
  const PolicySet::Impl& set = policies.impl();
  const EntityStore& store = entities.impl().store;
  const Bindings bindings{view(request.principal), view(request.action), view(request.resource),
                          request.context.impl().record};

  alignas(std::max_align_t) std::array<std::byte, 8192> buffer;  // enough for most decisions; not cleared
  Arena scratch(buffer);
  ScopeIndex::Matches matches(scratch.resource());
  matches.reserve(64);
  set.index.find(bindings, store, matches);

  response.decision = Decision::kDeny;
  response.determining.clear();
  response.errors.clear();
  Evaluator evaluator(bindings, store, scratch);
  bool forbidden = false;
  for (const std::uint32_t place : matches) {
    const Policy& policy = set.policies[place];
    const auto holds = evaluator.satisfied(policy.node().conditions);
    if (!holds) {
      const EvalError& error = *holds.error();
      response.errors.push_back({&policy, std::string(error.message),
                                 policy.node().source->lines.position(error.where->span.begin)});
      continue;
    }
    if (!*holds) continue;
    // Both kinds are kept until it is known which of them determines.
    forbidden = forbidden || policy.effect() == Effect::kForbid;
    response.determining.push_back(&policy);
  }
  const Effect decisive = forbidden ? Effect::kForbid : Effect::kPermit;
  std::erase_if(response.determining,
                [decisive](const Policy* policy) { return policy->effect() != decisive; });
  if (!forbidden && !response.determining.empty()) response.decision = Decision::kAllow;
}

Response authorize(const Request& request, const PolicySet& policies, const Entities& entities) {
  Response response;
  authorize(request, policies, entities, response);
  return response;
}

}  // namespace cedar
