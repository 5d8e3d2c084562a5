#include "server/descriptors.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>

namespace remit::server {
namespace {

constexpr rlim_t kMostOfUse = 1'048'576;
constexpr std::size_t kLeastConnections = 16;  // for each side
constexpr std::size_t kRelayedShare = 8;       // a quarter at most

}  // namespace

std::size_t raise_descriptor_limit() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return 0;
  rlimit raised = limit;
  raised.rlim_cur = std::max(limit.rlim_cur, std::min(limit.rlim_max, kMostOfUse));
  if (raised.rlim_cur != limit.rlim_cur && ::setrlimit(RLIMIT_NOFILE, &raised) == 0) limit = raised;
  return static_cast<std::size_t>(std::min(limit.rlim_cur, kMostOfUse));
}

Result<void> share_descriptors(std::size_t descriptors, Limits& limits) {
  const auto reserved = limits.count("reserved_descriptors");
  if (descriptors < reserved + 2 * kLeastConnections)
    return fail(
        ErrorKind::kUnavailable, "RMT-X050",
        fmt::format("this process may have {} descriptors, of which {} are reserved", descriptors, reserved));
  auto to_share = descriptors - reserved;
  // Each has two ends here.
  limits.lower("relayed_connections", (to_share - 2 * kLeastConnections) / kRelayedShare);
  to_share -= 2 * limits.count("relayed_connections");
  // Half for each side where there are too few: a call that came in needs one to go on.
  limits.lower("connections",
               std::max(to_share / 2, to_share - std::min(to_share, limits.count("upstream_connections"))));
  limits.lower("upstream_connections", to_share - limits.count("connections"));
  limits.lower("connections_per_peer", limits.count("connections"));
  return {};
}

}  // namespace remit::server
