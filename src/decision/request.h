// A call as Cedar has it: the agent, the tool, the destination, and the context
//
//   input     what the call gives, as decision/arguments.h says
//   omitted   the names of what it gives and policies do not see
//   tool      name, effect, data_class, labels
//   session   credential_kind
//   time      now, to the millisecond
//
// It passes cedar::validate against the environment's schema (snapshot/policy_schema.h).
//
// Thread-safety: a pure function.

#pragma once

#include <optional>

#include "decision/decide.h"

namespace remit::decision {

// Errors: those of to_policy_input.
Result<cedar::Request> make_request(const Call& call, const Standing& standing);

// The same before anyone knows the arguments, nor, without one, the time.
cedar::PartialRequest make_open_request(const Standing& standing, std::optional<Instant> time = std::nullopt);

}  // namespace remit::decision
