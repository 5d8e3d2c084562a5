#include "mcp/child_process.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <condition_variable>
#include <cstdint>
#include <functional>
#include <future>
#include <mutex>
#include <queue>
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
  pid_t parent;
};

// How far a child came, told through the report pipe.
struct Failure {
  std::int32_t step;
  std::int32_t error;
};
constexpr std::array kSteps = {"isolating the process", "connecting its streams",
                               "entering its working directory", "starting the program"};

[[noreturn]] void give_up(int report, std::int32_t step) {
  const Failure failure{step, errno};
  [[maybe_unused]] const auto written = write(report, &failure, sizeof failure);
  _exit(127);
}

// In the child, after fork: async-signal-safe calls only, no allocation, no lock.
[[noreturn]] void become(const Prepared& p) {
  if (setsid() < 0) give_up(p.report, 0);
  if (prctl(PR_SET_PDEATHSIG, SIGKILL) < 0) give_up(p.report, 0);
  if (getppid() != p.parent) _exit(127);  // it ended before the line above
  if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) < 0) give_up(p.report, 0);

  // All four were made above the standard three (see above_standard), so no dup2 overwrites a source.
  if (dup2(p.in, 0) < 0 || dup2(p.out, 1) < 0 || dup2(p.err, 2) < 0) give_up(p.report, 1);
  if (dup2(p.report, 3) < 0) give_up(p.report, 1);
  if (fcntl(3, F_SETFD, FD_CLOEXEC) < 0) give_up(3, 1);
  if (syscall(SYS_close_range, 4U, ~0U, 0U) < 0) give_up(3, 1);
  if (chdir(p.directory) < 0) give_up(3, 2);

  struct sigaction standard = {};
  standard.sa_handler = SIG_DFL;
  for (int signal = 1; signal < NSIG; ++signal)
    sigaction(signal, &standard, nullptr);  // KILL and STOP fail: fine
  sigset_t none;
  sigemptyset(&none);
  pthread_sigmask(SIG_SETMASK, &none, nullptr);  // of the one thread that there is; async-signal-safe

  execve(p.argv[0], p.argv, p.environment);
  give_up(3, 3);
}

// A copy of `fd` that is at least 10, closing the original: the child's 0 to 3 stay free for dup2.
Descriptor above_standard(int fd) {
  const Descriptor low(fd);
  return Descriptor(fcntl(fd, F_DUPFD_CLOEXEC, 10));
}

struct Ends {
  Descriptor parent;
  Descriptor child;
};

Result<Ends> make_pipe() {
  int fds[2];
  if (pipe2(fds, O_CLOEXEC) < 0) return failed("making a pipe", errno);
  Ends ends{Descriptor(fds[0]), above_standard(fds[1])};
  if (ends.child.get() < 0) return failed("making a pipe", errno);
  return ends;
}

Result<Ends> make_socket_pair() {
  int fds[2];
  if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds) < 0)
    return failed("making a socket pair", errno);
  Ends ends{Descriptor(fds[0]), above_standard(fds[1])};
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

}  // namespace

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

  const Prepared prepared{argv.data(),
                          environment.data(),
                          command.working_directory.c_str(),
                          in.child.get(),
                          out.child.get(),
                          err.child.get(),
                          report.child.get(),
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

  ChildProcess child{pid, Descriptor(static_cast<int>(syscall(SYS_pidfd_open, pid, 0U))),
                     std::move(in.parent), std::move(out.parent), std::move(err.parent)};
  if (child.pidfd.get() < 0 || !set_nonblocking(child.standard_input) ||
      !set_nonblocking(child.standard_output) || !set_nonblocking(child.standard_error)) {
    const int error = errno;
    kill_and_reap(pid);
    return failed("watching a process", error);
  }
  return child;
}

}  // namespace remit::mcp
