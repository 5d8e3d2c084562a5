#include "http/acceptor.h"

#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ip/v6_only.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <charconv>
#include <cstring>

#include "http/problem.h"
#include "http/serialize.h"
#include "http/url.h"

namespace remit::http {
namespace {

namespace asio = boost::asio;
using asio::generic::stream_protocol;
using asio::ip::tcp;
using boost::system::error_code;

constexpr std::chrono::milliseconds kPauseAfterError{100};
constexpr std::chrono::milliseconds kPauseInACrowd{2};

std::unexpected<Error> invalid(std::string_view address, std::string_view why) {
  return fail(ErrorKind::kInvalid, "RMT-H010", fmt::format("cannot listen on `{}`: {}", address, why));
}

std::unexpected<Error> unavailable(std::string_view address, std::string_view why) {
  return fail(ErrorKind::kUnavailable, "RMT-H010", fmt::format("cannot listen on `{}`: {}", address, why));
}

tcp::endpoint tcp_of(const stream_protocol::endpoint& generic) {
  tcp::endpoint endpoint;
  std::memcpy(endpoint.data(), generic.data(), std::min(generic.size(), endpoint.capacity()));
  endpoint.resize(generic.size());
  return endpoint;
}

std::string text_of(const tcp::endpoint& endpoint) {
  const auto address = endpoint.address();
  return fmt::format(fmt::runtime(address.is_v6() ? "[{}]:{}" : "{}:{}"), address.to_string(),
                     endpoint.port());
}

std::string network_of(const asio::ip::address& address) {
  if (address.is_v4()) return address.to_string();
  auto bytes = address.to_v6().to_bytes();
  std::ranges::fill(bytes.begin() + 8, bytes.end(), 0);
  return asio::ip::make_address_v6(bytes).to_string() + "/64";
}

// "127.0.0.1:7420" or "[::1]:7420"
std::optional<tcp::endpoint> parse_endpoint(std::string_view text) {
  const auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return std::nullopt;
  auto host = text.substr(0, colon);
  const auto digits = text.substr(colon + 1);
  std::uint16_t port = 0;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  if (error != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
  const bool bracketed = host.size() > 2 && host.front() == '[' && host.back() == ']';
  if (bracketed) host = host.substr(1, host.size() - 2);
  error_code bad;
  const auto address = asio::ip::make_address(std::string(host), bad);
  if (bad || address.is_v6() != bracketed) return std::nullopt;
  return tcp::endpoint(address, port);
}

}  // namespace

Acceptor::Acceptor(const std::shared_ptr<ServerCore>& core)
    : core_(core), loop_(core->loops[0]), acceptor_(loop_.context()), pause_(loop_.context()) {}

Result<std::shared_ptr<Acceptor>> Acceptor::open(const std::shared_ptr<ServerCore>& core,
                                                 std::string_view address) {
  auto acceptor = std::make_shared<Acceptor>(core);
  if (address.starts_with(kUnixPrefix))
    TRY(acceptor->open_unix(std::string(address.substr(kUnixPrefix.size()))));
  else
    TRY(acceptor->open_tcp(address));
  return acceptor;
}

Result<void> Acceptor::open_tcp(std::string_view address) {
  const auto endpoint = parse_endpoint(address);
  if (!endpoint) return invalid(address, "an address looks like 127.0.0.1:7420, [::1]:7420 or unix:/path");
  error_code error;
  acceptor_.open(stream_protocol(endpoint->protocol()), error);
  if (!error) acceptor_.set_option(asio::socket_base::reuse_address(true), error);
  // "::" is IPv6 alone on every system, whatever its default.
  if (!error && endpoint->address().is_v6()) acceptor_.set_option(asio::ip::v6_only(true), error);
  if (!error) acceptor_.bind(stream_protocol::endpoint(*endpoint), error);
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) return unavailable(address, error.message());
  address_ = text_of(tcp_of(acceptor_.local_endpoint()));
  return {};
}

Result<void> Acceptor::open_unix(std::string path) {
  address_ = std::string(kUnixPrefix) + path;
  if (!path.starts_with('/') || path.contains('\0')) return invalid(address_, "the path must be absolute");
  if (path.size() >= sizeof(sockaddr_un::sun_path))
    return invalid(address_, "the path is longer than 107 bytes");

  const asio::local::stream_protocol::endpoint endpoint(path);
  struct stat found{};
  error_code error;
  if (::lstat(path.c_str(), &found) == 0) {
    if (!S_ISSOCK(found.st_mode)) return unavailable(address_, "something that is not a socket is there");
    asio::local::stream_protocol::socket probe(loop_.context());
    probe.connect(endpoint, error);
    if (error != asio::error::connection_refused)
      return unavailable(address_, "another process may be using it");
    ::unlink(path.c_str());
  }
  acceptor_.open(stream_protocol(asio::local::stream_protocol()), error);
  if (!error) acceptor_.bind(stream_protocol::endpoint(endpoint), error);
  if (error) return unavailable(address_, error.message());
  // Before listen() nobody can connect, so there is no moment at which others could.
  if (::chmod(path.c_str(), 0600) != 0 || ::lstat(path.c_str(), &found) != 0)
    error = error_code(errno, boost::system::system_category());
  if (!error) acceptor_.listen(asio::socket_base::max_listen_connections, error);
  if (error) {
    ::unlink(path.c_str());
    return unavailable(address_, error.message());
  }
  unix_path_ = std::move(path);
  unix_inode_ = found.st_ino;
  return {};
}

void Acceptor::accept() {
  auto core = core_.lock();
  if (!core || !acceptor_.is_open()) return;
  if (core->crowded()) return accept_after(kPauseInACrowd);
  auto& target = core->next_loop();
  socket_.emplace(target.context());
  acceptor_.async_accept(
      *socket_, [self = shared_from_this(), &target](error_code error) { self->on_accept(error, target); });
}

void Acceptor::accept_after(std::chrono::milliseconds pause) {
  pause_.expires_after(pause);
  pause_.async_wait([self = shared_from_this()](error_code stopped) {
    if (!stopped) self->accept();
  });
}

void Acceptor::on_accept(error_code error, Loop& target) {
  auto core = core_.lock();
  if (!core || !acceptor_.is_open()) return;
  // Out of descriptors or memory, or a client that went at once: others will get through later.
  if (error) return accept_after(kPauseAfterError);
  if (unix_path_.empty()) socket_->set_option(tcp::no_delay(true), error);
  auto peer = peer_of(*socket_);
  auto connection = std::make_shared<Connection>(core, target, std::move(*socket_), std::move(peer));
  if (core->add(connection))
    target.post([connection] { connection->start(); });
  else
    target.post([connection] { connection->turn_away(); });
  accept();
}

Peer Acceptor::peer_of(const Socket& socket) const {
  if (!unix_path_.empty()) {
    ucred credentials{};
    socklen_t size = sizeof(credentials);
    // native_handle() is not const, though it changes nothing.
    const int handle = const_cast<Socket&>(socket).native_handle();
    if (::getsockopt(handle, SOL_SOCKET, SO_PEERCRED, &credentials, &size) != 0) return {.address = "unix"};
    return {.address = "unix", .uid = credentials.uid};
  }
  error_code gone;
  const auto generic = socket.remote_endpoint(gone);
  if (gone) return {};
  const auto endpoint = tcp_of(generic);
  return {.address = text_of(endpoint), .network = network_of(endpoint.address())};
}

void Acceptor::close() {
  error_code ignored;
  acceptor_.close(ignored);
  pause_.cancel();
  struct stat found{};
  // Only what is still ours: another process may have made its own there.
  if (!unix_path_.empty() && ::lstat(unix_path_.c_str(), &found) == 0 && found.st_ino == unix_inode_)
    ::unlink(unix_path_.c_str());
}

}  // namespace remit::http
