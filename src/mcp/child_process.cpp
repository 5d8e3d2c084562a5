#include "mcp/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/capability.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <signal.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <fstream>
#include <functional>
#include <future>
#include <mutex>
#include <queue>
#include <span>
#include <system_error>
#include <thread>

namespace remit::mcp {
namespace {

std::unexpected<Error> failed(std::string_view what, int error) {
  return fail(ErrorKind::kUnavailable, "RMT-M030",
              fmt::format("{}: {}", what, std::generic_category().message(error)));
}

// The one thread that forks. It is never destroyed: were it joined at exit, children would be killed while
// static objects that speak to them are still alive.
class Launcher {
 public:
  static Launcher& instance() {
    static Launcher* const launcher = new Launcher;
    return *launcher;
  }

  pid_t run(std::function<pid_t()> job) {
    std::packaged_task<pid_t()> task(std::move(job));
    auto done = task.get_future();
    {
      const std::lock_guard lock(mutex_);
      jobs_.push(std::move(task));
    }
    wake_.notify_one();
    return done.get();
  }

 private:
  Launcher() {
    std::thread([this] { serve(); }).detach();
  }

  [[noreturn]] void serve() {
    sigset_t all;
    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all,
                    nullptr);  // signals are for the threads that know what to do with them
    for (;;) {
      std::unique_lock lock(mutex_);
      wake_.wait(lock, [this] { return !jobs_.empty(); });
      auto job = std::move(jobs_.front());
      jobs_.pop();
      lock.unlock();
      job();
    }
  }

  std::mutex mutex_;
  std::condition_variable wake_;
  std::queue<std::packaged_task<pid_t()>> jobs_;
};

struct Prepared {
  char* const* argv;
  char* const* environment;
  const char* directory;
  int in, out, err, report;
  std::span<const int> handed;
  std::span<const Command::Mount> mounts;
  const Restrictions* restrictions;
  pid_t parent;
};

// The descriptors of the child that the report pipe and what is handed to it are moved to.
constexpr int kFirstHanded = 3;
constexpr std::size_t kMaxHanded = 100;
// Where the originals of them are: above all that they are moved to.
constexpr int kAside = kFirstHanded + static_cast<int>(kMaxHanded) + 1;

// How far a child came, told through the report pipe.
struct Failure {
  std::int32_t step;
  std::int32_t error;
};
constexpr std::array kSteps = {"isolating the process", "connecting its streams",
                               "entering its working directory", "starting the program",
                               "taking another account for"};

[[noreturn]] void give_up(int report, std::int32_t step) {
  const Failure failure{step, errno};
  [[maybe_unused]] const auto written = write(report, &failure, sizeof failure);
  _exit(127);
}

// The C library's functions of these names would make other threads follow, which are not there any more.
bool take_account(uid_t account) {
  return syscall(SYS_setgroups, 0, nullptr) == 0 && syscall(SYS_setresgid, account, account, account) == 0 &&
         syscall(SYS_setresuid, account, account, account) == 0;
}

// What is mounted from here on is seen by nobody else.
bool put_in_place(std::span<const Command::Mount> mounts) {
  if (mounts.empty()) return true;
  if (unshare(CLONE_NEWNS) != 0 || mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0)
    return false;
  for (const auto& [tree, at] : mounts)
    if (syscall(SYS_move_mount, tree->get(), "", AT_FDCWD, at.c_str(), MOVE_MOUNT_F_EMPTY_PATH) != 0)
      return false;
  return true;
}

// Of the bounding set too, from which root would have them again with the next program.
bool give_capabilities_up() {
  for (int capability = 0; prctl(PR_CAPBSET_READ, capability, 0, 0, 0) >= 0; ++capability)
    prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);  // fails where there is none to give up
  __user_cap_header_struct header{.version = _LINUX_CAPABILITY_VERSION_3, .pid = 0};
  const __user_cap_data_struct none[_LINUX_CAPABILITY_U32S_3] = {};
  return syscall(SYS_capset, &header, none) == 0;
}

bool lower(const Restrictions::Limit& limit) {
  rlimit now{};
  const auto resource = static_cast<__rlimit_resource_t>(limit.resource);
  if (getrlimit(resource, &now) != 0) return false;
  now.rlim_max = std::min(now.rlim_max, limit.most);
  now.rlim_cur = now.rlim_max;
  return setrlimit(resource, &now) == 0;
}

// In the child, after fork: async-signal-safe calls only, no allocation, no lock.
[[noreturn]] void become(const Prepared& p) {
  if (setsid() < 0) give_up(p.report, 0);
  if (!put_in_place(p.mounts)) give_up(p.report, 0);
  for (const auto& limit : p.restrictions->limits)
    if (!lower(limit)) give_up(p.report, 0);
  if (p.restrictions->account && !take_account(*p.restrictions->account)) give_up(p.report, 4);
  if (p.restrictions->no_capabilities && !give_capabilities_up()) give_up(p.report, 0);
  // Behind the change of account, which clears it.
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) give_up(p.report, 0);
  if (getppid() != p.parent) _exit(127);  // it ended before the line above
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) give_up(p.report, 0);
  // Before the ruleset, under which a folder may be out of reach that the child may nonetheless start in.
  if (chdir(p.directory) < 0) give_up(p.report, 2);
  if (p.restrictions->landlock &&
      syscall(SYS_landlock_restrict_self, p.restrictions->landlock->get(), 0U) != 0)
    give_up(p.report, 0);

  // All were put aside (see aside), so no dup2 overwrites a source.
  if (dup2(p.in, 0) < 0 || dup2(p.out, 1) < 0 || dup2(p.err, 2) < 0) give_up(p.report, 1);
  int next = kFirstHanded;
  for (const int handed : p.handed)
    if (dup2(handed, next++) < 0) give_up(p.report, 1);
  const int report = next;
  if (dup2(p.report, report) < 0) give_up(p.report, 1);
  if (fcntl(report, F_SETFD, FD_CLOEXEC) < 0) give_up(report, 1);
  if (syscall(SYS_close_range, static_cast<unsigned>(report) + 1, ~0U, 0U) < 0) give_up(report, 1);

  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal)
    sigaction(signal, &standard, nullptr);  // KILL and STOP fail: fine
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);  // of the one thread that there is; async-signal-safe

  const auto& filter = p.restrictions->filter;
  const sock_fprog program{
      static_cast<unsigned short>(filter.size()),  // NOLINT(google-runtime-int): its type
      const_cast<sock_filter*>(filter.data())};    // NOLINT: the kernel only reads it
  if (!filter.empty() && prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program, 0, 0) < 0) give_up(report, 0);

  execve(p.argv[0], p.argv, p.environment);
  give_up(report, 3);
}

// A copy of a descriptor that is above all that the child's are moved to.
Descriptor aside(int fd) { return Descriptor(fcntl(fd, F_DUPFD_CLOEXEC, kAside)); }

struct Ends {
  Descriptor parent;
  Descriptor child;
};

Result<Ends> make_pipe() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) < 0) return failed("making a pipe", errno);
  const Descriptor low(fds[1]);
  Ends ends{Descriptor(fds[0]), aside(low.get())};
  if (ends.child.get() < 0) return failed("making a pipe", errno);
  return ends;
}

Result<Ends> make_socket_pair() {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    return failed("making a socket pair", errno);
  const Descriptor low(fds[1]);
  Ends ends{Descriptor(fds[0]), aside(low.get())};
  if (ends.child.get() < 0) return failed("making a socket pair", errno);
  return ends;
}

bool set_nonblocking(const Descriptor& fd) {
  return fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) | O_NONBLOCK) == 0;
}

Result<void> check(const Command& command) {
  const auto bad = [](std::string why) { return fail(ErrorKind::kInvalid, "RMT-M030", std::move(why)); };
  const auto has_nul = [](const std::string& text) { return text.find('\0') != std::string::npos; };
  if (command.argv.empty() || !command.argv[0].starts_with('/'))
    return bad("the program is not an absolute path");
  if (!command.working_directory.starts_with('/') || has_nul(command.working_directory))
    return bad("the working directory is not an absolute path");
  for (const auto& argument : command.argv)
    if (has_nul(argument)) return bad("an argument contains a NUL");
  for (const auto& [name, value] : command.environment)
    if (name.empty() || name.contains('=') || has_nul(name) || has_nul(value))
      return bad("an environment variable has no usable name or value");
  if (command.descriptors.size() > kMaxHanded) return bad("it is handed too many descriptors");
  return {};
}

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> out;
  out.reserve(texts.size() + 1);
  for (auto& text : texts) out.push_back(text.data());
  out.push_back(nullptr);
  return out;
}

pid_t fork_and_become(const Prepared& prepared) {
  const pid_t pid = fork();
  if (pid == 0) become(prepared);
  return pid < 0 ? -errno : pid;
}

void kill_and_reap(pid_t pid) {
  kill(-pid, SIGKILL);
  kill(pid, SIGKILL);
  while (waitpid(pid, nullptr, 0) < 0 && errno == EINTR) {
  }
}

// The first process that another one started and that has not been reaped; 0 if there is none.
pid_t first_child(pid_t pid) {
  std::ifstream children(fmt::format("/proc/{0}/task/{0}/children", pid));
  pid_t child = 0;
  return children >> child ? child : 0;
}

}  // namespace

void signal_group(pid_t pid, bool monitored, int signal) {
  if (!monitored) {
    kill(-pid, signal);
    return;
  }
  // The first process of the namespace does not hear any but SIGKILL; the server is in its group.
  const pid_t first = first_child(pid);
  if (first > 0) kill(-first, signal);
  // The monitor's own end is the server's too (bwrap --die-with-parent).
  if (signal == SIGKILL) kill(-pid, SIGKILL);
}

Descriptor& Descriptor::operator=(Descriptor&& other) noexcept {
  if (this == &other) return *this;
  if (fd_ >= 0) close(fd_);
  fd_ = other.release();
  return *this;
}

Descriptor::~Descriptor() {
  if (fd_ >= 0) close(fd_);
}

Result<ChildProcess> launch(const Command& command) {
  TRY(check(command));
  auto arguments = command.argv;
  std::vector<std::string> variables;
  variables.reserve(command.environment.size());
  for (const auto& [name, value] : command.environment)
    variables.push_back(fmt::format("{}={}", name, value));
  const auto argv = pointers(arguments);
  const auto environment = pointers(variables);

  ASSIGN_OR_RETURN(auto in, make_socket_pair());
  ASSIGN_OR_RETURN(auto out, make_pipe());
  ASSIGN_OR_RETURN(auto err, make_pipe());
  ASSIGN_OR_RETURN(auto report, make_pipe());

  std::vector<Descriptor> copies;
  std::vector<int> handed;
  for (const auto& descriptor : command.descriptors) {
    copies.push_back(aside(descriptor->get()));
    if (copies.back().get() < 0) return failed("handing on a descriptor", errno);
    handed.push_back(copies.back().get());
  }

  const Prepared prepared{argv.data(),
                          environment.data(),
                          command.working_directory.c_str(),
                          in.child.get(),
                          out.child.get(),
                          err.child.get(),
                          report.child.get(),
                          handed,
                          command.mounts,
                          &command.restrictions,
                          getpid()};
  const pid_t pid = Launcher::instance().run([&] { return fork_and_become(prepared); });
  if (pid < 0) return failed("starting a process", -pid);
  for (auto* ends : {&in, &out, &err, &report}) ends->child = Descriptor();

  // The pipe closes at exec; until then the child may tell why it could not.
  Failure failure{};
  ssize_t got = 0;
  do got = read(report.parent.get(), &failure, sizeof failure);
  while (got < 0 && errno == EINTR);
  if (got != 0) {
    kill_and_reap(pid);
    if (got != sizeof failure) return failed("starting a process", EIO);
    return failed(fmt::format("{} {}", kSteps.at(static_cast<std::size_t>(failure.step)), command.argv[0]),
                  failure.error);
  }

  ChildProcess child{pid,
                     Descriptor(static_cast<int>(syscall(SYS_pidfd_open, pid, 0U))),
                     std::move(in.parent),
                     std::move(out.parent),
                     std::move(err.parent),
                     command.monitored};
  if (child.pidfd.get() < 0 || !set_nonblocking(child.standard_input) ||
      !set_nonblocking(child.standard_output) || !set_nonblocking(child.standard_error)) {
    const int error = errno;
    kill_and_reap(pid);
    return failed("watching a process", error);
  }
  if (command.started) {
    if (auto done = command.started(child); !done) {
      signal_group(pid, command.monitored, SIGKILL);
      kill_and_reap(pid);
      return std::unexpected(std::move(done).error());
    }
  }
  return child;
}

}  // namespace remit::mcp
