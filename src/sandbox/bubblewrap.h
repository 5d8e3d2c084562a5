// The command line of bubblewrap for a child. Private to the module.

#pragma once

#include <memory>
#include <optional>

#include "sandbox/confinement.h"
#include "sandbox/declared.h"
#include "sandbox/hosts.h"
#include "sandbox/inner_network.h"
#include "sandbox/machine.h"

namespace remit::sandbox {

// Where a child finds its HOME.
inline constexpr std::string_view kInnerHome = "/home/child";

struct Placed {
  Declared declared;
  bool writable = false;
  std::string mounted_at =
      {};  // where it is found if not at its path: a mount that is put there for the child
};

struct Inside {
  std::vector<std::string> command;
  std::string working_directory;
  std::vector<Placed> declared;  // their paths are theirs inside too
  Declared home;
  Network network = Network::kNone;
  std::vector<InnerHost> hosts = {};                       // for Network::kHosts
  std::shared_ptr<const InnerNetwork> inner_network = {};  // the same: what the server waits for
  Limits limits = {};
  std::optional<uid_t> account = {};  // that it takes inside, once all is mounted
  bool user_namespace = true;
};

// argv, descriptors and the filter; the environment and the limits are the caller's. Errors: RMT-M044.
Result<mcp::Command> bubblewrapped(const std::string& bubblewrap, const Inside& inside);

}  // namespace remit::sandbox
