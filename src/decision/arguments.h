// A call's arguments as policies see them: the record `context.input`, typed as the tool's definition
// declares (snapshot/tool_input.h), whatever an argument looks like.
//
//   declared   given
//   String     a string
//   Bool       true, false
//   Long       a whole number; also written 5.0
//   decimal    a number; what has more than four decimals is rounded away from zero, so that no amount looks
//              smaller than it is
//   Set        an array whose elements are so; null among them, where it is allowed, is left out
//   record     an object whose members are so
//
// An argument that is declared and given is seen by policies, or the call is refused: if what does not fit
// were left out, a caller could get past `context.input has amount && …` by how it writes an amount. Null is
// as if nothing were given. A required argument that is not given is refused too.
//
// A number of the declared kind that is beyond what Cedar holds (nanoseconds since 1970 in a `number`, 64
// bits without a sign) is there for policies and its value is not: it is named in `omitted`, and what
// policies say counts only where it is the same for every value (decision/request.h).
//
// What is not declared, or has no type in Cedar, is left out, and named in `context.omitted` by its top-level
// argument: forbid (…) unless { context.omitted.isEmpty() }.
//
// So the request of any call passes cedar::validate against the environment's schema
// (snapshot/policy_schema.h), or is refused here. docs/decisions/0011 says why.
//
// An object with a member `__entity`, `__extn` or `__expr` is refused, wherever it stands: in Cedar's JSON
// those are not data but references to entities and calls of constructors, and an agent must not name its own
// entities.
//
// Thread-safety: pure functions.

#pragma once

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <string>
#include <vector>

#include "base/result.h"
#include "snapshot/tool_input.h"

namespace remit::decision {

// An argument, or a set within one, whose value is beyond what Cedar holds.
struct BeyondCedar {
  std::vector<std::string> path;  // {"payment", "amount"}
  snapshot::InputType::Kind kind = snapshot::InputType::Kind::kDecimal;
};

struct PolicyInput {
  boost::json::object input;        // JSON with Cedar's escapes
  boost::json::array omitted;       // names, sorted by their place in the arguments
  std::vector<BeyondCedar> beyond;  // for each of these `input` has some value of its kind
};

// `declared`: a record. Errors: kInvalid RMT-D044 (a reserved member, nested too deep), RMT-D045 (not what is
// declared; the message has the place and never the value).
Result<PolicyInput> to_policy_input(const boost::json::object& arguments,
                                    const snapshot::InputType& declared);

}  // namespace remit::decision
