// Descriptors: how many files and connections this process may have open, and who may have how many.
//
// A process that has none left can accept nobody, read nothing and write no log: whoever opens connections
// could take the kill switch away. So what others can make Remit open is bounded below what there is, and
// the rest is kept for the command socket, the store and the log.
//
// Thread-safety: share_descriptors is a pure function. The other is to be called before there are threads.

#pragma once

#include <cstddef>

#include "base/result.h"
#include "server/limits.h"

namespace remit::server {

// Raises the process's limit (RLIMIT_NOFILE) as far as its hard limit lets it, up to what could ever be
// needed. Gives how many descriptors there may be.
std::size_t raise_descriptor_limit();

// Lowers `connections`, `upstream_connections` and `relayed_connections` where `descriptors` are too few for
// them beside `reserved_descriptors`. Errors: kUnavailable RMT-X050 (too few to serve at all).
Result<void> share_descriptors(std::size_t descriptors, Limits& limits);

}  // namespace remit::server
