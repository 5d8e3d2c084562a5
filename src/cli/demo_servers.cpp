#include "cli/demo_servers.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <cstdlib>
#include <sstream>
#include <thread>

namespace remit::cli {
namespace {

namespace fs = std::filesystem;

constexpr std::chrono::seconds kStartTimeout{30};
constexpr std::chrono::milliseconds kPoll{50};

bool runs(const fs::path& program) {
  return ::access(program.c_str(), X_OK) == 0 && fs::is_regular_file(program);
}

// The newer node that ./quickstart took from npm, else the one of the search path.
fs::path find_node(const fs::path& build) {
  if (auto own = build / "node/bin/node"; runs(own)) return own;
  const char* path = std::getenv("PATH");  // NOLINT(concurrency-mt-unsafe): before any thread is started
  std::istringstream folders(path == nullptr ? "" : path);
  for (std::string folder; std::getline(folders, folder, ':');)
    if (auto found = fs::path(folder) / "node"; runs(found)) return fs::absolute(found);
  return {};
}

sockaddr_in loopback(std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  address.sin_port = htons(port);
  return address;
}

// A port that is free now. The server cannot be given a socket, so another may take it before: it then says
// so.
std::uint16_t free_port() {
  const mcp::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  auto address = loopback(0);
  socklen_t size = sizeof(address);
  if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), size) != 0 ||
      ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&address), &size) != 0)
    return 0;
  return ntohs(address.sin_port);
}

bool accepts(std::uint16_t port) {
  const mcp::Descriptor socket(::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0));
  const auto address = loopback(port);
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0;
}

}  // namespace

Result<DemoServers> DemoServers::find(const fs::path& folder) {
  std::error_code ec;
  const fs::path program = fs::read_symlink("/proc/self/exe", ec);
  const fs::path build = program.parent_path().parent_path().parent_path();  // build/release/bin/remit
  const fs::path modules = (folder.empty() ? build / "npm/demo" : fs::absolute(folder)) / "node_modules";
  DemoServers servers{.node = find_node(build),
                      .filesystem = modules / "@modelcontextprotocol/server-filesystem/dist/index.js",
                      .everything = modules / "@modelcontextprotocol/server-everything/dist/index.js"};
  if (servers.node.empty())
    return fail(ErrorKind::kNotFound, "RMT-K010", "there is no `node` to run them with");
  for (const auto& file : {servers.filesystem, servers.everything})
    if (!fs::exists(file, ec))
      return fail(ErrorKind::kNotFound, "RMT-K010", fmt::format("{} is not there", file.string()));
  return servers;
}

std::vector<std::string> DemoServers::filesystem_command(const fs::path& files) const {
  return {node.string(), filesystem.string(), files.string()};
}

std::vector<std::string> DemoServers::program_folders() const {
  // …/node_modules/@modelcontextprotocol/server-filesystem/dist/index.js
  const auto modules = filesystem.parent_path().parent_path().parent_path().parent_path();
  std::vector<std::string> folders = {modules.string()};
  if (!node.native().starts_with("/usr/")) folders.push_back(node.parent_path().parent_path().string());
  return folders;
}

EverythingServer::EverythingServer(mcp::ChildProcess child, std::string url)
    : child_(std::move(child)), url_(std::move(url)) {}

EverythingServer::EverythingServer(EverythingServer&& other) noexcept
    : child_(std::move(other.child_)), url_(std::move(other.url_)) {
  other.child_.pid = -1;
}

EverythingServer::~EverythingServer() {
  if (child_.pid < 0) return;
  ::kill(-child_.pid, SIGKILL);
  ::waitpid(child_.pid, nullptr, 0);
}

Result<EverythingServer> EverythingServer::start(const DemoServers& servers, const fs::path& log) {
  const auto port = free_port();
  // It writes a line a request: to a file, since a pipe that nobody reads would stop it.
  ASSIGN_OR_RETURN(
      auto child, mcp::launch({.argv = {"/bin/sh", "-c", R"(exec "$0" "$@" >"$LOG" 2>&1)",
                                        servers.node.string(), servers.everything.string(), "streamableHttp"},
                               .environment = {{"PORT", std::to_string(port)}, {"LOG", log.string()}}}));
  EverythingServer server(std::move(child), fmt::format("http://127.0.0.1:{}/mcp", port));
  const auto deadline = std::chrono::steady_clock::now() + kStartTimeout;
  while (!accepts(port)) {
    int status = 0;
    if (::waitpid(server.child_.pid, &status, WNOHANG) != 0) {
      server.child_.pid = -1;
      return fail(ErrorKind::kUnavailable, "RMT-K011",
                  fmt::format("it ended at once; it wrote to {}", log.string()));
    }
    if (std::chrono::steady_clock::now() > deadline)
      return fail(
          ErrorKind::kUnavailable, "RMT-K011",
          fmt::format("it did not answer within {} s; it wrote to {}", kStartTimeout.count(), log.string()));
    std::this_thread::sleep_for(kPoll);
  }
  return server;
}

}  // namespace remit::cli
