// Declared: a file or folder that a child was promised, opened so that nobody can exchange it for a link
// between the look at it and its use, and the mount by which another account owns it in the child's eyes.
//
// Thread-safety: functions of their arguments.

#pragma once

#include <sys/types.h>

#include <memory>
#include <string>

#include "base/result.h"
#include "mcp/child_process.h"

namespace remit::sandbox {

struct Declared {
  std::string path;
  std::shared_ptr<const mcp::Descriptor> opened;  // O_PATH
  uid_t owner = 0;
  gid_t group = 0;
  mode_t mode = 0;

  bool folder() const;
  // Whether an account that is in no group may read it, or write to it.
  bool readable_by(uid_t account) const;
  bool writable_by(uid_t account) const;
};

// Errors: kUnavailable RMT-M046 (it is not there any more, or is a link or behind one).
Result<Declared> open_declared(const std::string& path);

// A mount of it, not yet anywhere, on which `account` and its group stand for the owner and the owner's group
// (mount_setattr(2), MOUNT_ATTR_IDMAP): what the child makes there belongs to the owner. Root only.
// Errors: kUnavailable RMT-M047 (this kernel or its file system cannot).
Result<std::shared_ptr<const mcp::Descriptor>> mount_as(const Declared& declared, uid_t account);

}  // namespace remit::sandbox
