// A call as Cedar has it: the agent, the tool, the destination, and the context
//
//   input     what the call gives, as decision/arguments.h says
//   omitted   the names of what it gives and policies do not see, or not the value of
//   tool      name, effect, data_class, labels
//   session   credential_kind
//   time      now, to the millisecond
//
// It passes cedar::validate against the environment's schema (snapshot/policy_schema.h).
//
// Thread-safety: a pure function.

#pragma once

#include <optional>
#include <string>
#include <vector>

#include "decision/decide.h"

namespace remit::decision {

// A call as it is put to the policies. Of an argument whose value Cedar cannot hold, `request` has another
// value of its kind, and `open` has none: what is not the same for every value remains open there, and must
// not be decided by the value that stands in.
struct PolicyRequest {
  cedar::Request request;
  std::vector<std::string> beyond =
      {};  // "/amount": those arguments; mostly none, and then there is no `open`
  cedar::PartialRequest open = {};
};

// Errors: those of to_policy_input.
Result<PolicyRequest> make_request(const Call& call, const Standing& standing);

// The same before anyone knows the arguments, nor, without one, the time.
cedar::PartialRequest make_open_request(const Standing& standing, std::optional<Instant> time = std::nullopt);

}  // namespace remit::decision
