#include "server/service_manager.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "mcp/child_process.h"
#include "store/temp_folder.h"

namespace remit::server {
namespace {

// A manager's socket; `name` as it stands in NOTIFY_SOCKET.
class Manager {
 public:
  explicit Manager(const std::string& name) : socket_(::socket(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0)) {
    sockaddr_un address{.sun_family = AF_UNIX, .sun_path = {}};
    name.copy(address.sun_path, sizeof(address.sun_path) - 1);
    if (name[0] == '@') address.sun_path[0] = '\0';
    const auto length = static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size());
    EXPECT_EQ(::bind(socket_.get(), reinterpret_cast<sockaddr*>(&address), length), 0) << strerror(errno);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~Manager() { ::unsetenv("NOTIFY_SOCKET"); }
  Manager(const Manager&) = delete;
  Manager& operator=(const Manager&) = delete;

  std::string heard() const {
    std::array<char, 256> message{};
    const auto size = ::recv(socket_.get(), message.data(), message.size(), 0);
    return size < 0 ? std::string() : std::string(message.data(), static_cast<std::size_t>(size));
  }

 private:
  mcp::Descriptor socket_;
};

TEST(ServiceManager, IsToldWhereItAsked) {
  const store::TempFolder folder;
  for (const auto& name :
       {(folder.path() / "notify").string(), "@remit-notify-" + std::to_string(::getpid())}) {
    const Manager manager(name);
    EXPECT_EQ(manager.heard(), "") << name;
    tell_service_manager(kReadyToServe);
    EXPECT_EQ(manager.heard(), "READY=1") << name;
    tell_service_manager(kStopping);
    EXPECT_EQ(manager.heard(), "STOPPING=1") << name;
  }
}

TEST(ServiceManager, IsNotMissedWhereThereIsNone) {
  ::unsetenv("NOTIFY_SOCKET");
  tell_service_manager(kReadyToServe);
  for (const auto& name :
       std::vector<std::string>{"", "/", "relative", "/nobody/listens/here", "/" + std::string(300, 'a')}) {
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
    tell_service_manager(kReadyToServe);
  }
  ::unsetenv("NOTIFY_SOCKET");
}

}  // namespace
}  // namespace remit::server
