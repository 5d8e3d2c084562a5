#include "cli/patience.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdio>
#include <thread>

#include "base/visible.h"
#include "mcp/child_process.h"

namespace remit::cli {
namespace {

using namespace std::chrono_literals;

constexpr auto kPatience = 30s;
constexpr auto kPoll = 50ms;

}  // namespace

bool is_served(const server::DataFolder& folder) {
  constexpr std::string_view kScheme = "unix:";
  const auto address = folder.socket_address();
  if (!address) return false;
  const auto path = address->text.substr(kScheme.size());
  sockaddr_un name{};
  name.sun_family = AF_UNIX;
  if (path.size() >= sizeof(name.sun_path)) return false;
  path.copy(name.sun_path, path.size());
  const mcp::Descriptor socket(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
  return ::connect(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof(name)) == 0;
}

Result<std::unique_ptr<server::Plane>> open_plane(const server::Config& config) {
  const auto until = std::chrono::steady_clock::now() + kPatience;
  for (bool said = false;; said = true) {
    auto opened = server::Plane::open(config);
    if (opened || opened.error().code != "RMT-S001" || std::chrono::steady_clock::now() > until)
      return opened;
    if (is_served(server::DataFolder(config.data))) return nullptr;
    if (!said) fmt::print(stderr, "waiting: {}\n", visible(opened.error().message));
    std::this_thread::sleep_for(kPoll);
  }
}

}  // namespace remit::cli
