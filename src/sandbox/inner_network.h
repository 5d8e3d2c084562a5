// The network of a child's own: holds what bubblewrap starts until there are sockets in it that this process
// listens on.
//
// A socket belongs to the network that it was made in, wherever it is handed. So a short-lived process of
// ours enters the child's network, gives its loopback interface the addresses of hosts that are declared by
// address, and makes the listening sockets; the child's server, which has not run yet, has no part in it. The
// network is the one that bubblewrap named, and never this process's own, or none.
//
// Thread-safety: an object is used by one thread at a time. Private to the module.

#pragma once

#include <memory>
#include <vector>

#include "base/result.h"
#include "mcp/child_process.h"
#include "sandbox/hosts.h"

namespace remit::sandbox {

class InnerNetwork {
 public:
  // Errors: kUnavailable RMT-M048.
  static Result<std::shared_ptr<InnerNetwork>> make();

  // bubblewrap's ends: where it tells what it has made (--info-fd), and what the server waits for
  // (--block-fd).
  const std::shared_ptr<const mcp::Descriptor>& told_through() const { return told_.theirs; }
  const std::shared_ptr<const mcp::Descriptor>& held_by() const { return held_.theirs; }

  // A listening socket for each host, in their order. Waits until bubblewrap has made the network, some
  // milliseconds, at most five seconds. Errors: kUnavailable RMT-M048.
  Result<std::vector<mcp::Descriptor>> listen(const mcp::ChildProcess& bubblewrap,
                                              const std::vector<InnerHost>& hosts);

  // Lets the server start. Errors: kUnavailable RMT-M048.
  Result<void> release();

 private:
  struct Ends {
    mcp::Descriptor ours;
    std::shared_ptr<const mcp::Descriptor> theirs;
  };
  Ends told_, held_;
};

}  // namespace remit::sandbox
