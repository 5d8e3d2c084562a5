// The long-running plane.

#include <fcntl.h>
#include <fmt/format.h>
#include <poll.h>
#include <spawn.h>
#include <spdlog/spdlog.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <csignal>
#include <cstdio>
#include <fstream>

#include "cli/client.h"
#include "cli/commands.h"
#include "cli/output.h"
#include "cli/stop_signal.h"
#include "mcp/child_process.h"
#include "server/log_format.h"
#include "server/plane.h"
#include "server/service_manager.h"

namespace remit::cli {
namespace {

constexpr std::string_view kReady = "ready\n";

// The file that standard error goes to, where it is this data folder's: a server in the background.
std::filesystem::path own_log_file(const server::Config& config) {
  std::error_code ec;
  const auto file = std::filesystem::weakly_canonical(server::DataFolder(config.data).serve_log(), ec);
  return std::filesystem::read_symlink("/proc/self/fd/2", ec) == file ? file : std::filesystem::path();
}

// SIGHUP: the log goes on in a new file where the old one was moved away, and the keys are looked at.
void look_anew(server::Plane& plane, const std::filesystem::path& log_file) {
  if (!log_file.empty()) {
    const mcp::Descriptor file(
        ::open(log_file.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
    if (file.get() < 0 || ::dup2(file.get(), STDERR_FILENO) < 0)
      spdlog::error("{} cannot be opened: {}", log_file.string(), std::generic_category().message(errno));
  }
  if (const auto whole = plane.check_keys(); whole)
    spdlog::info("SIGHUP: the keys are all there, and the log goes on here");
  else
    spdlog::critical("SIGHUP: {}: {}", whole.error().code, whole.error().message);
}

Result<int> serve_here(const server::Config& config) {
  const StopSignal signals{SIGHUP, SIGUSR1};  // before any thread
  const auto log_file = own_log_file(config);
  server::start_logging({.level = config.log_level,
                         .max_line_bytes = config.limits.bytes("log_line_bytes"),
                         .max_lines_of_a_kind = config.limits.count("log_lines")});
  ASSIGN_OR_RETURN(const auto plane, open_plane(config));
  if (!plane)
    return fail(ErrorKind::kConflict, "RMT-K018",
                fmt::format("a server runs on {} already", config.data.string()));
  ASSIGN_OR_RETURN(const auto addresses, plane->listen());
  for (const auto& address : addresses) fmt::print("listening http://{}\n", address);
  for (const auto& sentence : plane->children().told()) {
    fmt::print("{}\n", sentence);
    spdlog::info("{}", sentence);
  }
  fmt::print("{}", kReady);
  std::fflush(stdout);
  server::tell_service_manager(server::kReadyToServe);
  spdlog::info("ready: version {}, data {}, {}", REMIT_VERSION, config.data.string(), plane->public_url());

  for (int signal = signals.wait(); signal == SIGHUP || signal == SIGUSR1; signal = signals.wait())
    if (signal == SIGHUP) look_anew(*plane, log_file);
  server::tell_service_manager(server::kStopping);
  spdlog::info("stopping: calls in flight have {} s to finish", config.drain.count());
  const bool finished = plane->stop();
  spdlog::info(finished ? "stopped" : "stopped: some calls were cut off");
  return kOk;
}

std::unexpected<Error> not_started(std::string_view what, int error) {
  return fail(ErrorKind::kUnavailable, "RMT-K015",
              fmt::format("{}: {}", what, std::generic_category().message(error)));
}

// The server as a process of its own, in a session of its own: what it says until it is ready goes to `said`.
Result<pid_t> spawn(std::vector<std::string> line, int said, int log) {
  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
  posix_spawn_file_actions_init(&actions);
  posix_spawnattr_init(&attributes);
  posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSID);
  posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY, 0);
  posix_spawn_file_actions_adddup2(&actions, said, STDOUT_FILENO);
  posix_spawn_file_actions_adddup2(&actions, log, STDERR_FILENO);
  std::vector<char*> arguments;
  arguments.reserve(line.size() + 1);
  for (auto& argument : line) arguments.push_back(argument.data());
  arguments.push_back(nullptr);
  pid_t server = 0;
  const int error = posix_spawn(&server, line[0].c_str(), &actions, &attributes, arguments.data(), environ);
  posix_spawn_file_actions_destroy(&actions);
  posix_spawnattr_destroy(&attributes);
  if (error != 0) return not_started(line[0], error);
  return server;
}

// Hands on what the server says until it is ready. False: it has ended before.
bool hand_on(int said) {
  std::string text;
  std::array<char, 4096> chunk{};
  for (ssize_t count = 0; (count = ::read(said, chunk.data(), chunk.size())) != 0;) {
    if (count < 0 && errno != EINTR) break;
    if (count < 0) continue;
    const std::string_view piece(chunk.data(), static_cast<std::size_t>(count));
    fmt::print("{}", piece);
    text += piece;
    if (text.ends_with(kReady)) return true;
  }
  return false;
}

// What the server wrote beside its log before it ended.
void print_errors(const std::string& log, std::streamoff from) {
  std::ifstream in(log);
  in.seekg(from);
  for (std::string line; std::getline(in, line);)
    if (!line.starts_with('{')) fmt::print(stderr, "{}\n", visible(line));
}

Result<int> serve_detached(const Context& context, const server::Config& config,
                           const ServeOptions& options) {
  TRY(server::DataFolder(config.data).make_ready());
  std::error_code ec;
  const auto log = server::DataFolder(config.data).serve_log().string();
  const mcp::Descriptor file(
      ::open(log.c_str(), O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC | O_NOFOLLOW, 0600));
  if (file.get() < 0) return not_started(log, errno);
  const auto from = ::lseek(file.get(), 0, SEEK_END);
  std::array<int, 2> ends{};
  if (::pipe2(ends.data(), O_CLOEXEC) != 0) return not_started("a pipe", errno);
  const mcp::Descriptor said(ends[0]);
  mcp::Descriptor saying(ends[1]);

  std::vector<std::string> line{std::filesystem::read_symlink("/proc/self/exe", ec).string()};
  if (context.config_file.empty())
    line.insert(line.end(), {"--data", config.data.string()});
  else
    line.insert(line.end(), {"--config", std::filesystem::absolute(context.config_file).string()});
  line.emplace_back("serve");
  for (const auto& address : options.listen) line.insert(line.end(), {"--listen", address});
  if (!options.log_level.empty()) line.insert(line.end(), {"--log-level", options.log_level});
  ASSIGN_OR_RETURN(const auto server, spawn(std::move(line), saying.get(), file.get()));
  saying = mcp::Descriptor();
  if (hand_on(said.get())) {
    fmt::print("in the background: process {}, log {}\nto end it: remit stop\n", server, visible(log));
    return kOk;
  }
  int status = 0;
  while (::waitpid(server, &status, 0) < 0 && errno == EINTR) {
  }
  print_errors(log, from);
  return WIFEXITED(status) ? WEXITSTATUS(status) : exit_code(ErrorKind::kInternal);
}

}  // namespace

Result<int> serve(const Context& context, const ServeOptions& options) {
  ASSIGN_OR_RETURN(auto config, load(context, options.listen));
  if (!options.log_level.empty()) config.log_level = options.log_level;
  return options.detach ? serve_detached(context, config, options) : serve_here(config);
}

Result<int> stop(const Context& context) {
  ASSIGN_OR_RETURN(const auto config, load(context));
  ASSIGN_OR_RETURN(auto client, Client::reach(server::DataFolder(config.data)));
  if (!client)
    return fail(ErrorKind::kUnavailable, "RMT-K016",
                fmt::format("no server runs on {}", config.data.string()));
  ASSIGN_OR_RETURN(const auto status, client->get("/v1/status"));
  const auto server = static_cast<pid_t>(status.at("process").as_int64());
  // Held by its descriptor the process is no other's, and has ended although nobody has waited for it yet.
  const mcp::Descriptor process(static_cast<int>(::syscall(SYS_pidfd_open, server, 0U)));
  if (process.get() < 0 || ::syscall(SYS_pidfd_send_signal, process.get(), SIGTERM, nullptr, 0U) != 0)
    return fail(
        ErrorKind::kForbidden, "RMT-K017",
        fmt::format("process {} cannot be stopped: {}", server, std::generic_category().message(errno)));
  const std::chrono::milliseconds at_most = config.drain + std::chrono::seconds(30);
  pollfd ended{.fd = process.get(), .events = POLLIN, .revents = 0};
  if (::poll(&ended, 1, static_cast<int>(at_most.count())) <= 0)
    return fail(ErrorKind::kUnavailable, "RMT-K015", fmt::format("process {} has not ended yet", server));
  fmt::print("stopped\n");
  return kOk;
}

}  // namespace remit::cli
