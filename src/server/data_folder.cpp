#include "server/data_folder.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/un.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>

namespace remit::server {

std::filesystem::path DataFolder::issuer_key(std::string_view environment) const {
  return root / fmt::format("issuer-{}.jwk", environment);
}

Result<DataFolder::SocketAddress> DataFolder::socket_address() const {
  if (socket().native().size() < sizeof(sockaddr_un::sun_path))
    return SocketAddress{.text = "unix:" + socket().string()};
  const int fd = ::open(root.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC);
  if (fd < 0)
    return fail(ErrorKind::kUnavailable, "RMT-X020",
                fmt::format("the data folder {} cannot be opened: {}", root.string(),
                            std::generic_category().message(errno)));
  return SocketAddress{.text = fmt::format("unix:/proc/self/fd/{}/{}", fd, socket().filename().string()),
                       .keep = std::shared_ptr<const int>(new int(fd), [](const int* open) {
                         ::close(*open);
                         delete open;
                       })};
}

}  // namespace remit::server
