// Starting a program under tight rules, from a process that has many threads.
//
// The child gets: exactly the given arguments and environment; stdin, stdout and stderr, the descriptors that
// are handed to it, and no other; a session and process group of its own (setsid), so that signals to it
// reach its children too; no way to gain privileges (PR_SET_NO_NEW_PRIVS: setuid programs do not work);
// default signal handling; SIGKILL when this process ends (PR_SET_PDEATHSIG).
//
// PR_SET_PDEATHSIG watches the *thread* that forked, so all children are forked by one thread that lives as
// long as the process. Between fork and exec only async-signal-safe calls are made (signal-safety(7)); all
// else is made ready before. A child that cannot reach exec says why through a pipe: launch() then returns
// that error, and no child is left.
//
// What it may do beyond that is the caller's to say: limits, another account, a Landlock ruleset, a seccomp
// filter (src/sandbox makes them). They are put on in that order, the filter last. Linux 5.9 or newer
// (close_range, pidfd).
//
// Thread-safety: launch() may be called from any thread; it blocks for the fork and the exec, some
// milliseconds.

#pragma once

#include <linux/filter.h>
#include <sys/resource.h>
#include <sys/types.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "base/result.h"

namespace remit::mcp {

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

// What a child is put under between fork and exec.
struct Restrictions {
  struct Limit {
    int resource = 0;  // RLIMIT_…, soft and hard; what is lower already stays (getrlimit(2))
    rlim_t most = 0;
  };
  std::vector<Limit> limits = {};
  std::optional<uid_t> account = {};  // user and group id; no further groups. Needs the right to
  bool no_capabilities = false;       // none, nor any to be gained, whatever the account
  std::shared_ptr<const Descriptor> landlock = {};  // a ruleset (landlock_create_ruleset(2))
  std::vector<sock_filter> filter = {};             // classic BPF for seccomp(2); empty: none
};

struct ChildProcess;

struct Command {
  std::vector<std::string> argv;  // argv[0]: the absolute path of the program; no PATH search, no shell
  std::vector<std::pair<std::string, std::string>> environment = {};
  std::string working_directory = "/";                              // absolute
  std::vector<std::shared_ptr<const Descriptor>> descriptors = {};  // become 3, 4, …
  // Trees (open_tree(2)) that are mounted in a mount namespace of its own. Needs root's rights.
  struct Mount {
    std::shared_ptr<const Descriptor> tree;
    std::string at;
  };
  std::vector<Mount> mounts = {};
  Restrictions restrictions = {};
  // The program is bubblewrap with a process id namespace: a monitor, whose child leads the group of the
  // server.
  bool monitored = false;
  // Called by launch() once the program runs; where it fails, the child is killed.
  std::function<Result<void>(const ChildProcess&)> started = {};
};

// The parent's ends, all close-on-exec and not blocking. Whoever holds this must reap `pid`.
struct ChildProcess {
  pid_t pid = -1;
  Descriptor pidfd;            // readable once the child has ended (pidfd_open(2))
  Descriptor standard_input;   // a stream socket, so that writing to a dead child raises no SIGPIPE
  Descriptor standard_output;  // a pipe
  Descriptor standard_error;   // a pipe
  bool monitored = false;      // as its command
};

// Signals a child that was not reaped yet: its process group, and through a monitor the server's.
void signal_group(pid_t pid, bool monitored, int signal);

// Errors: RMT-M030 (bad command, no such program, no rights, no descriptors or processes left); those of
// Command::started.
Result<ChildProcess> launch(const Command& command);

}  // namespace remit::mcp
