#include "wire.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <strings.h>
#include <sys/socket.h>

#include <charconv>
#include <ctime>
#include <stdexcept>
#include <system_error>

namespace remit::bench {
namespace {

constexpr std::string_view kLineEnd = "\r\n";

[[noreturn]] void fail_with_errno(const char* what) {
  throw std::system_error(errno, std::generic_category(), what);
}

std::size_t parse_number(std::string_view text, int base) {
  std::size_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value, base);
  if (error != std::errc{} || end == text.data())
    throw std::runtime_error("not a number in a message's framing");
  return value;
}

// Joins the chunks from `at`; gives where the message ends, or nothing while more has to come.
std::optional<std::size_t> join_chunks(std::string_view input, std::size_t at, std::string& joined) {
  joined.clear();
  for (;;) {
    const auto line_end = input.find(kLineEnd, at);
    if (line_end == std::string_view::npos) return std::nullopt;
    const auto size = parse_number(input.substr(at, line_end - at), 16);
    at = line_end + kLineEnd.size();
    if (input.size() < at + size + kLineEnd.size()) return std::nullopt;
    joined += input.substr(at, size);
    at += size + kLineEnd.size();
    if (size == 0) return at;
  }
}

int open_socket() {
  const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (fd < 0) fail_with_errno("socket");
  return fd;
}

sockaddr_in to_sockaddr(const Address& address) {
  sockaddr_in out{};
  out.sin_family = AF_INET;
  out.sin_addr.s_addr = address.ip;
  out.sin_port = htons(address.port);
  return out;
}

}  // namespace

std::optional<Message> read_message(std::string_view input, std::string& joined) {
  const auto head_end = input.find("\r\n\r\n");
  if (head_end == std::string_view::npos) return std::nullopt;
  const auto head = input.substr(0, head_end + kLineEnd.size());
  const auto first_end = head.find(kLineEnd);

  Message message;
  message.start_line = head.substr(0, first_end);
  message.fields = head.substr(first_end + kLineEnd.size());
  const auto body_at = head_end + 2 * kLineEnd.size();

  if (field(message, "Transfer-Encoding")) {
    const auto end = join_chunks(input, body_at, joined);
    if (!end) return std::nullopt;
    message.body = joined;
    message.bytes = *end;
    return message;
  }
  const auto length = field(message, "Content-Length");
  const auto size = length ? parse_number(*length, 10) : 0;
  if (input.size() < body_at + size) return std::nullopt;
  message.body = input.substr(body_at, size);
  message.bytes = body_at + size;
  return message;
}

std::optional<std::string_view> field(const Message& message, std::string_view name) {
  auto rest = message.fields;
  while (!rest.empty()) {
    const auto line = rest.substr(0, rest.find(kLineEnd));
    rest.remove_prefix(line.size() + kLineEnd.size());
    if (line.size() <= name.size() || line[name.size()] != ':') continue;
    if (::strncasecmp(line.data(), name.data(), name.size()) != 0) continue;
    auto value = line.substr(name.size() + 1);
    while (value.starts_with(' ')) value.remove_prefix(1);
    while (value.ends_with(' ')) value.remove_suffix(1);
    return value;
  }
  return std::nullopt;
}

int status_of(const Message& message) {
  if (message.start_line.size() < 12) throw std::runtime_error("not an answer's start line");
  return static_cast<int>(parse_number(message.start_line.substr(9, 3), 10));
}

Address parse_address(std::string_view text) {
  const auto colon = text.rfind(':');
  in_addr ip{};
  if (colon == std::string_view::npos ||
      ::inet_pton(AF_INET, std::string(text.substr(0, colon)).c_str(), &ip) != 1) {
    throw std::runtime_error("not an IPv4 address and port: " + std::string(text));
  }
  return {ip.s_addr, static_cast<std::uint16_t>(parse_number(text.substr(colon + 1), 10))};
}

int listen_on(const Address& address) {
  const int fd = open_socket();
  const int on = 1;
  ::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  const auto to = to_sockaddr(address);
  if (::bind(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0) fail_with_errno("bind");
  if (::listen(fd, 1024) != 0) fail_with_errno("listen");
  return fd;
}

int connect_to(const Address& address) {
  const int fd = open_socket();
  set_no_delay(fd);
  const auto to = to_sockaddr(address);
  if (::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof(to)) != 0 && errno != EINPROGRESS) {
    fail_with_errno("connect");
  }
  return fd;
}

std::uint16_t port_of(int socket) {
  sockaddr_in own{};
  socklen_t size = sizeof(own);
  if (::getsockname(socket, reinterpret_cast<sockaddr*>(&own), &size) != 0) fail_with_errno("getsockname");
  return ntohs(own.sin_port);
}

void set_no_delay(int socket) {
  const int on = 1;
  ::setsockopt(socket, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
}

std::uint64_t now_ns() {
  timespec time{};
  ::clock_gettime(CLOCK_MONOTONIC, &time);
  return static_cast<std::uint64_t>(time.tv_sec) * 1'000'000'000 + static_cast<std::uint64_t>(time.tv_nsec);
}

}  // namespace remit::bench
