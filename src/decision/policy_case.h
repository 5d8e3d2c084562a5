// A case of a test of policies: a call, and what policies are expected to say of it.
//
// Policies alone are asked (decide.h): whether the agent is on hold, has the grant, and is offered the pinned
// tool is no matter of theirs. Agent, tool and destination are those of the snapshot.
//
// Thread-safety: a pure function.

#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <vector>

#include "decision/decide.h"

namespace remit::decision {

struct PolicyCase {
  std::string agent;  // its name
  std::string tool;   // qualified
  boost::json::object arguments = {};
  Instant at = {};
  Verdict expected = Verdict::kDeny;
  std::optional<std::vector<std::string>> policies = {};  // that determine it, in any order; none: any
};

struct PolicyCaseResult {
  bool passed = false;
  std::string problem = {};  // why it could not be asked; then there is no decision
  std::optional<Decision> decision = {};
};

PolicyCaseResult run_case(const PolicyCase& asked, Environment environment,
                          const snapshot::Policies* policies, const snapshot::Snapshot& snapshot);

}  // namespace remit::decision
