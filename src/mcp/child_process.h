// Starting a program under tight rules, from a process that has many threads.
//
// The child gets: exactly the given arguments and environment; stdin, stdout and stderr, and no other
// descriptor; a session and process group of its own (setsid), so that signals to it reach its children too;
// no way to gain privileges (PR_SET_NO_NEW_PRIVS: setuid programs do not work); default signal handling;
// SIGKILL when this process ends (PR_SET_PDEATHSIG).
//
// PR_SET_PDEATHSIG watches the *thread* that forked, so all children are forked by one thread that lives as
// long as the process. Between fork and exec only async-signal-safe calls are made (signal-safety(7)); all
// else is made ready before. A child that cannot reach exec says why through a pipe: launch() then returns
// that error, and no child is left.
//
// Not here: seccomp, Landlock, resource limits. Linux 5.9 or newer (close_range, pidfd).
//
// Thread-safety: launch() may be called from any thread; it blocks for the fork and the exec, some
// milliseconds.

#pragma once

#include <sys/types.h>

#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace remit::mcp {

struct Command {
  std::vector<std::string> argv;  // argv[0]: the absolute path of the program; no PATH search, no shell
  std::vector<std::pair<std::string, std::string>> environment = {};
  std::string working_directory = "/";  // absolute
};

// A descriptor that closes itself.
class Descriptor {
 public:
  Descriptor() = default;
  explicit Descriptor(int fd) : fd_(fd) {}
  Descriptor(Descriptor&& other) noexcept : fd_(std::exchange(other.fd_, -1)) {}
  Descriptor& operator=(Descriptor&& other) noexcept;
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor();
  int get() const { return fd_; }
  int release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

// The parent's ends, all close-on-exec and not blocking. Whoever holds this must reap `pid`.
struct ChildProcess {
  pid_t pid = -1;
  Descriptor pidfd;            // readable once the child has ended (pidfd_open(2))
  Descriptor standard_input;   // a stream socket, so that writing to a dead child raises no SIGPIPE
  Descriptor standard_output;  // a pipe
  Descriptor standard_error;   // a pipe
};

// Errors: RMT-M030 (bad command, no such program, no rights, no descriptors or processes left).
Result<ChildProcess> launch(const Command& command);

}  // namespace remit::mcp
