// A client of plain bytes, for tests: blocking, with a limit of 5 s on every read.

#pragma once

#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <string>
#include <string_view>

namespace remit::http {

class RawClient {
 public:
  // "127.0.0.1:port" or "unix:/path"
  // `from`: another address of this machine to come from, "127.0.0.2".
  explicit RawClient(const std::string& address, int receive_buffer = 0, const char* from = nullptr) {
    const bool is_unix = address.starts_with("unix:");
    fd_ = ::socket(is_unix ? AF_UNIX : AF_INET, SOCK_STREAM, 0);
    const timeval limit{.tv_sec = 5, .tv_usec = 0};
    ::setsockopt(fd_, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
    if (receive_buffer > 0) ::setsockopt(fd_, SOL_SOCKET, SO_RCVBUF, &receive_buffer, sizeof(receive_buffer));
    if (from != nullptr) {
      sockaddr_in own{};
      own.sin_family = AF_INET;
      ::inet_pton(AF_INET, from, &own.sin_addr);
      ::bind(fd_, reinterpret_cast<const sockaddr*>(&own), sizeof(own));
    }
    sockaddr_storage storage{};
    socklen_t size = 0;
    if (is_unix) {
      auto* to = reinterpret_cast<sockaddr_un*>(&storage);
      to->sun_family = AF_UNIX;
      address.substr(5).copy(to->sun_path, sizeof(to->sun_path) - 1);
      size = sizeof(sockaddr_un);
    } else {
      auto* to = reinterpret_cast<sockaddr_in*>(&storage);
      to->sin_family = AF_INET;
      to->sin_addr.s_addr = htonl(INADDR_LOOPBACK);
      to->sin_port = htons(static_cast<std::uint16_t>(std::stoi(address.substr(address.rfind(':') + 1))));
      size = sizeof(sockaddr_in);
    }
    connected_ = ::connect(fd_, reinterpret_cast<sockaddr*>(&storage), size) == 0;
  }
  ~RawClient() { close(); }
  RawClient(const RawClient&) = delete;
  RawClient& operator=(const RawClient&) = delete;

  bool connected() const { return connected_; }
  bool send(std::string_view bytes) {
    while (!bytes.empty()) {
      const auto sent = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
      if (sent <= 0) return false;
      bytes.remove_prefix(static_cast<std::size_t>(sent));
    }
    return true;
  }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void finish_sending() { ::shutdown(fd_, SHUT_WR); }

  // What came up to and with `mark`; less where the connection ended or 5 s passed. The rest is kept.
  std::string read_until(std::string_view mark) {
    for (;;) {
      if (const auto at = pending_.find(mark); at != std::string::npos) {
        auto text = pending_.substr(0, at + mark.size());
        pending_.erase(0, at + mark.size());
        return text;
      }
      if (!read_more()) return std::exchange(pending_, {});
    }
  }
  // One whole answer with a Content-Length.
  std::string read_answer() {
    auto head = read_until("\r\n\r\n");
    const auto at = head.find("Content-Length: ");
    if (at == std::string::npos) return head;
    const auto length = std::stoul(head.substr(at + 16));
    while (pending_.size() < length && read_more()) {
    }
    head += pending_.substr(0, length);
    pending_.erase(0, length);
    return head;
  }
  std::string read_to_end() {
    while (read_more()) {
    }
    return std::exchange(pending_, {});
  }
  // Whether the other end closes within 5 s; bytes that come before are dropped.
  bool sees_close() {
    read_to_end();
    return ended_;
  }

 private:
  bool read_more() {
    char buffer[16 * 1024];
    const auto got = ::recv(fd_, buffer, sizeof(buffer), 0);
    if (got == 0 || (got < 0 && errno == ECONNRESET)) ended_ = true;
    if (got <= 0) return false;
    pending_.append(buffer, static_cast<std::size_t>(got));
    return true;
  }

  int fd_ = -1;
  bool connected_ = false;
  bool ended_ = false;
  std::string pending_;
};

}  // namespace remit::http
