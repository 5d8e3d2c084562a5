// Why a policy is satisfied or not: which test of its scope, and which part of which condition, was the first
// that did not hold, with the values that were compared. And which permits of a denied request came nearest.
//
// The request may be known in part; a part of a condition that depends on what is not known is told as such.
//
// Bounded, so that it can be shown: texts of at most kMaxStepBytes, and kMaxSteps of each policy, but for
// what failed, erred, or is the first that is unknown.
//
// Thread-safety: pure functions.

#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "cedar/partial.h"

namespace cedar {

inline constexpr std::size_t kMaxSteps = 100;
inline constexpr std::size_t kMaxStepBytes = 500;

enum class StepPart : std::uint8_t { kPrincipal, kAction, kResource, kWhen, kUnless };
enum class StepResult : std::uint8_t {
  kHeld,        // in a `when`: true; in an `unless`: false
  kFailed,      // the policy is not satisfied because of it
  kErred,       // the policy is skipped because of it
  kUnknown,     // depends on what is not known
  kNotReached,  // behind one that failed or erred
};
std::string_view to_string(StepPart part);      // "principal", "when", …
std::string_view to_string(StepResult result);  // "held", "failed", "erred", "unknown", "not reached"

// One test of a scope, or one operand of the `&&` of a `when`, of the `||` of an `unless`.
struct Step {
  StepPart part;
  StepResult result;
  Span span;           // in the policy's source
  Position position;   // of its begin
  std::string text;    // in Cedar's syntax: "context.input.amount <= 5000"
  std::string values;  // the same with what the variables stand for: "9000 <= 5000"; empty where that says no
                       // more. Shortened where it is long
  std::string message;  // of an error
};

struct Explanation {
  const Policy* policy;  // lives as long as its policy set
  std::vector<Step> steps;
  std::size_t left_out;  // steps that are not shown, since there are too many
  StepResult result;     // kHeld: satisfied; kUnknown: whether it is depends
  bool scope_matches;    // as far as known
  // The first step that failed or erred, else the first that is unknown; nullptr: all held.
  const Step* obstacle() const;
};

Explanation explain(const Policy& policy, const PartialRequest& request, const Entities& entities);

// The permits that are not satisfied, nearest first, at most `count`: those whose scope matches before
// others, then by how many parts of conditions held before the first that failed or erred, those without one
// first.
std::vector<Explanation> nearest_permits(const PartialRequest& request, const PolicySet& policies,
                                         const Entities& entities, std::size_t count = 3);

}  // namespace cedar
