// Sandbox: makes the command of a child that can reach what its confinement names and nothing else, as well
// as this machine can (machine.h).
//
// Where namespaces are to be had, the program is bubblewrap's to start: a well-kept program that does this
// one thing. Below that, the process puts itself under the same filter and limits before it starts the
// program.
//
// Thread-safety: any number of threads. The first use tries what the machine gives, some 50 ms.

#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

#include "base/result.h"
#include "mcp/child_process.h"
#include "sandbox/confinement.h"
#include "sandbox/homes.h"
#include "sandbox/machine.h"
#include "sandbox/relay_settings.h"

namespace remit::sandbox {

class Relay;

struct Settings {
  std::filesystem::path data;  // Remit's own: out of reach for every child
  std::filesystem::path
      children;  // their homes; empty: DATA/children, or beside DATA where accounts must enter it
  Accounts accounts = {};
  Limits limits = {};
  Level most = Level::kNamespaces;  // what the machine gives beyond this is not used
  RelaySettings relay = {};
};

class Sandbox {
 public:
  explicit Sandbox(Settings settings);
  // On a machine that gives this and no more.
  Sandbox(Settings settings, Machine machine);
  ~Sandbox();  // ends the connections of the children that it made commands for
  Sandbox(const Sandbox&) = delete;
  Sandbox& operator=(const Sandbox&) = delete;

  const Machine& machine() const;

  // `id` names the home: a destination's id. Errors: RMT-C040, RMT-C041, RMT-C042 (a folder that the child's
  // account could not use), RMT-C043 (a host), RMT-C044 (single hosts, where there are no namespaces),
  // RMT-M044 to M048. The command is to be started once, while this object is there.
  Result<mcp::Command> command(const std::string& id, const Confinement& confinement);

  // As command() would check it, for what is about to be registered.
  Result<void> check(const Confinement& confinement) const;

 private:
  Relay& relay();

  const Settings settings_;
  const std::optional<Machine> known_;
  mutable std::once_flag probed_;
  mutable Machine machine_;
  mutable std::optional<Homes> homes_;
  std::once_flag relay_made_;
  std::unique_ptr<Relay> relay_;
};

// What this process keeps from others of its own account, and from a core file: its memory holds keys.
// prctl(PR_SET_DUMPABLE, 0), RLIMIT_CORE 0.
void close_own_memory();

}  // namespace remit::sandbox
