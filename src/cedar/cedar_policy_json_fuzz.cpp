// Any JSON is a policy set or an error. What is one is the same when it was written and read again; and what
// is text is the same when it went through JSON, but for what JSON cannot tell.

#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "cedar/authorize.h"
#include "cedar/syntax/same_tree.h"

namespace {

void check(const cedar::PolicySet& policies, bool from_text) {
  const std::string json = policies.to_json();
  const auto again = cedar::PolicySet::parse_json(json);
  // A chain in text may be longer than JSON may be nested.
  if (!again && from_text && again.error().message.contains("nested")) return;
  if (!again || again->to_json() != json) std::abort();
  for (const cedar::Policy& policy : policies.policies()) {
    const cedar::Policy* other = again->find(policy.id());
    if (other == nullptr || !cedar::same_tree(policy.node(), other->node(), cedar::Chains::kFlattened))
      std::abort();
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  cedar::Limits limits;
  limits.depth = 40;
  if (const auto policies = cedar::PolicySet::parse_json(text, limits)) check(*policies, false);
  if (const auto policies = cedar::PolicySet::parse(text, limits)) check(*policies, true);
  cedar::PolicySetBuilder builder(limits);
  if (builder.add_json(text, "p")) check(std::move(builder).build(), false);
  return 0;
}
