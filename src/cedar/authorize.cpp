// Language reference: "Authorization". Skip on error, forbid overrides permit, deny by default.

#include <algorithm>
#include <array>

#include "cedar/engine/evaluator.h"
#include "cedar/engine/impl.h"
#include "cedar/engine/machine.h"

namespace cedar {
namespace {

Subject subject(const EntityUid& uid) { return Subject({uid.type(), uid.id(), uid.hash()}); }

// What a policy that erred says of itself: it is evaluated once more, now over its tree.
PolicyError explain(const Policy& policy, const Machine::Request& request, const EntityStore& store,
                    Arena& arena) {
  const Bindings bindings{request.principal.uid(), request.action.uid(), request.resource.uid(),
                          request.context};
  const auto holds = Evaluator(bindings, store, arena).satisfied(policy.node().conditions);
  if (holds) return {&policy, "the policy could not be evaluated", policy.position()};  // never: both agree
  const EvalError& error = *holds.error();
  return {&policy, std::string(error.message), policy.node().source->lines.position(error.where->span.begin)};
}

}  // namespace

void authorize(const Request& request, const PolicySet& policies, const Entities& entities,
               Response& response) {
  static thread_local Scratch scratch;
  const PolicySet::Impl& set = policies.impl();
  const EntityStore& store = entities.impl().store;
  const Machine::Request asked{subject(request.principal), subject(request.action), subject(request.resource),
                               request.context.impl().record};

  alignas(std::max_align_t) std::array<std::byte, 4096> buffer;  // enough for most decisions; not cleared
  Arena arena(buffer);
  response.decision = Decision::kDeny;
  response.determining.clear();
  response.errors.clear();
  Machine machine(set.compiled.program, asked, store, scratch, arena);
  bool forbidden = false;
  set.compiled.index.find(
      asked.principal, asked.action, asked.resource, store, scratch.index, [&](std::uint32_t number) {
        const CompiledPolicy& policy = set.compiled.policies[number];
        const Truth found = machine.satisfied(policy);
        if (found == Truth::kFalse) return;
        if (found == Truth::kError) {
          response.errors.push_back(explain(set.policies[policy.place], asked, store, arena));
          return;
        }
        const bool forbids = policy.forbids != 0;
        if (forbidden && !forbids) return;  // permits determine nothing any more
        if (forbids && !forbidden) response.determining.clear();
        forbidden = forbids;
        response.determining.push_back(&set.policies[policy.place]);
      });
  if (!forbidden && !response.determining.empty()) response.decision = Decision::kAllow;
  // By position, each once, however the index came upon them.
  if (response.determining.size() > 1) {
    std::ranges::sort(response.determining);
    const auto repeated = std::ranges::unique(response.determining);
    response.determining.erase(repeated.begin(), repeated.end());
  }
  if (response.errors.size() > 1) {
    std::ranges::sort(response.errors, {}, &PolicyError::policy);
    const auto again = std::ranges::unique(response.errors, {}, &PolicyError::policy);
    response.errors.erase(again.begin(), again.end());
  }
}

Response authorize(const Request& request, const PolicySet& policies, const Entities& entities) {
  Response response;
  authorize(request, policies, entities, response);
  return response;
}

}  // namespace cedar
