// Children: how the servers that Remit starts itself are confined, as the configuration and this machine have
// it.
//
// Thread-safety: any number of threads.

#pragma once

#include <string>
#include <vector>

#include "mcp/child_process.h"
#include "sandbox/sandbox.h"
#include "server/config.h"
#include "snapshot/types.h"

namespace remit::server {

class Children {
 public:
  explicit Children(const Config& config);

  // Whether a destination may be registered so: its program is found, and what it declares is there and is
  // nobody else's. Gives it with the program's path, and its hosts in normal form. Errors: RMT-C040,
  // RMT-C041, RMT-C043, RMT-C044.
  Result<snapshot::StdioTransport> admit(snapshot::StdioTransport stdio) const;

  // The command of a destination's child. `secrets` are variables of its environment.
  // Errors: kForbidden RMT-X040 (production, and the machine gives less than is asked for there); those of
  // sandbox::Sandbox.
  Result<mcp::Command> command(const snapshot::Destination& destination,
                               const snapshot::StdioTransport& stdio,
                               std::vector<std::pair<std::string, std::string>> secrets);

  const sandbox::Machine& machine() const { return sandbox_.machine(); }
  // Sentences for whoever starts the server: what confines children here, and what of it is not to be had.
  std::vector<std::string> told() const;

 private:
  const sandbox::Level production_;
  sandbox::Sandbox sandbox_;
};

}  // namespace remit::server
