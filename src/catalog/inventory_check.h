// What policies name and an environment does not have: agents, destinations, processes and people that are
// nowhere, and texts that an attribute never has: an effect, a data class, a label, a name.
//
// Such a name is no error to Cedar: a forbid of it forbids nobody, in silence. Here it is one where the
// policy would forbid less, or permit more, than it says: in every forbid, and in a permit where it stands
// behind `unless`, `!` or `!=`. Elsewhere it is a warning: such a permit permits less.
//
// A name that is right and of another environment, or of an agent that is retired, is a warning: one text may
// serve all environments.
//
// Thread-safety: a pure function. Not on a loop: it may look through the whole inventory for each name.

#pragma once

#include <vector>

#include "base/environment.h"
#include "catalog/policy_check.h"
#include "cedar/cedar.h"
#include "snapshot/snapshot.h"

namespace remit::catalog {

// Adds a finding RMT-P008 for each, at most 200 errors and as many warnings. `allow_unknown`: all are
// warnings.
void find_unknown_names(const cedar::PolicySet& set, const snapshot::Snapshot& snapshot,
                        Environment environment, bool allow_unknown, std::vector<PolicyFinding>& findings);

}  // namespace remit::catalog
