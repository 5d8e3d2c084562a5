// Landlock rulesets: what a child may reach in the file system, by what path it may come to it (landlock(7)).
//
// The kernel's structures of the newest revision are spelled out here: Debian 12's headers have the second
// one.
//
// Thread-safety: functions of their arguments.

#pragma once

#include <memory>
#include <span>
#include <string>
#include <vector>

#include "base/result.h"
#include "mcp/child_process.h"

namespace remit::sandbox {

// The revision that the kernel has; 0 where it has none, or it is switched off.
int landlock_revision();

// From this revision on a child can be kept from the abstract sockets and from signalling what is outside.
inline constexpr int kLandlockScopes = 6;

struct FileRules {
  std::vector<std::string> reads = {};   // to read, list and execute
  std::vector<std::string> writes = {};  // to change as well
};

// A ruleset; without rules it leaves files alone. In either case the child reaches no abstract socket of
// others and signals nobody outside, where the kernel can say so. Paths that are not there are left out.
// Errors: kUnavailable RMT-M044.
Result<std::shared_ptr<const mcp::Descriptor>> make_ruleset(const FileRules* rules);

}  // namespace remit::sandbox
