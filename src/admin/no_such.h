// That what a request names is not in the snapshot, and what may have been meant.
//
// Thread-safety: pure functions.

#pragma once

#include <string_view>

#include "base/result.h"
#include "snapshot/snapshot.h"

namespace remit::admin {

std::unexpected<Error> no_such_agent(std::string_view name, const snapshot::Snapshot& snapshot);
std::unexpected<Error> no_such_deployment(Environment environment, std::string_view name,
                                          const snapshot::Snapshot& snapshot);
std::unexpected<Error> no_such_destination(Environment environment, std::string_view name,
                                           const snapshot::Snapshot& snapshot);

}  // namespace remit::admin
