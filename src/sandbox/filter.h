// The system calls that no child has a use for, as a seccomp filter.
//
// A list of what is denied, as Flatpak has it, on top of what Docker's default profile leaves out: tracing
// and reading other processes, mounts and namespaces, the kernel's keys, programs and modules, io_uring,
// performance counters, other socket families than those of the internet and of this machine, input into a
// terminal, and making a file setuid or setgid (a child may own a folder that others run programs from). They
// fail with EPERM; where programs fall back to an older call, with ENOSYS.
//
// Thread-safety: a function of its argument.

#pragma once

#include <linux/filter.h>

#include <vector>

#include "base/result.h"

namespace remit::sandbox {

struct FilterOptions {
  bool internet = true;  // sockets of AF_INET and AF_INET6
  bool local = true;     // sockets of AF_UNIX that are not made as a connected pair
};

// Errors: kUnavailable RMT-M044 (the library cannot make it).
Result<std::vector<sock_filter>> make_filter(const FilterOptions& options);

}  // namespace remit::sandbox
