// A call's arguments as policies see them: the record `context.input`.
//
//   integers that fit 64 bits            → long
//   other numbers, exact with at most    → decimal
//     four decimals and in its range
//   null, and all other numbers          → left out
//   strings, booleans, arrays, objects   → strings, booleans, sets, records
//
// What is left out, other than null, is named in `context.omitted` by its top-level argument, so that a
// policy can tell "was not given" from "cannot be said in Cedar": forbid (…) unless {
// !context.omitted.contains("amount") }.
//
// An object with a member `__entity` or `__extn` is refused: in Cedar's JSON those are not data but
// references to entities and calls of constructors, and an agent must not name its own entities.
//
// Thread-safety: pure functions.

#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "base/result.h"

namespace remit::decision {

struct PolicyInput {
  boost::json::object input;   // JSON with Cedar's escapes
  boost::json::array omitted;  // names, sorted by their place in the arguments
};

// Errors: kInvalid RMT-D044.
Result<PolicyInput> to_policy_input(const boost::json::object& arguments);

}  // namespace remit::decision
