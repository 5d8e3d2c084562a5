// The CPU time that a process has used: user and system, all its threads, in ns.

#pragma once

#include <sys/types.h>

#include <cstdint>

namespace remit::bench {

// From /proc/PID/task/*/schedstat where the kernel keeps it (ns), else from /proc/PID/stat (10 ms). Threads
// that have ended are missed in the first: watch processes whose threads stay. Throws std::runtime_error when
// there is no such process.
std::uint64_t cpu_time_ns(pid_t process);

}  // namespace remit::bench
