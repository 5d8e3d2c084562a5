#include "http/client_connection.h"

#include <fmt/format.h>
#include <sys/socket.h>

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/ssl/error.hpp>
#include <boost/asio/ssl/host_name_verification.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstring>

namespace remit::http {

namespace asio = boost::asio;
using asio::ip::tcp;
using boost::system::error_code;

namespace {

constexpr std::size_t kBuffer = std::size_t{16} * 1024;
constexpr std::size_t kMaxUnread = std::size_t{1024} * 1024;
constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);

}  // namespace

ClientConnection::ClientConnection(Loop& loop, const ClientOptions& options, asio::ssl::context& tls)
    : options_(options),
      tls_context_(tls),
      socket_(loop.context()),
      resolver_(loop.context()),
      wake_(loop),
      deadline_(loop,
                [this] {
                  if (rest_expired_) return std::exchange(rest_expired_, nullptr)();
                  stop(Stop::kTimeout);
                }),
      buffer_(kBuffer) {}

Task<Result<void>> ClientConnection::connect(Url url) {
  Result<void> connected;
  if (url.scheme == Scheme::kUnix) {
    if (url.host.size() >= sizeof(sockaddr_un::sun_path))
      co_return not_connected(url, "the path is too long");
    const asio::local::stream_protocol::endpoint endpoint(url.host);
    const auto [error] = co_await socket_.async_connect(endpoint, kAwait);
    if (error) connected = not_connected(url, error.message());
  } else {
    connected = co_await connect_tcp(url);
    if (connected && url.scheme == Scheme::kHttps) connected = co_await handshake(url);
  }
  if (stop_ == Stop::kTimeout)
    co_return fail(ErrorKind::kUnavailable, "RMT-H024",
                   fmt::format("no connection to {} in time", url.origin()));
  if (stop_ == Stop::kCancelled)
    co_return fail(ErrorKind::kUnavailable, "RMT-H026", "cancelled while connecting to " + url.origin());
  co_return connected;
}

Task<Result<std::vector<tcp::endpoint>>> ClientConnection::resolve(Url url) {
  std::vector<tcp::endpoint> endpoints;
  error_code not_numeric;
  if (const auto address = asio::ip::make_address(url.host, not_numeric); !not_numeric) {
    endpoints.emplace_back(address, url.port);
    co_return endpoints;
  }
  // The system's resolver cannot be interrupted, so its end is not waited for when the call is stopped.
  struct Lookup {
    bool done = false;
    error_code error;
    tcp::resolver::results_type results;
  };
  auto lookup = std::make_shared<Lookup>();
  resolver_.async_resolve(
      url.host, std::to_string(url.port), tcp::resolver::numeric_service,
      [lookup, self = shared_from_this()](error_code error, tcp::resolver::results_type results) {
        *lookup = {true, error, std::move(results)};
        self->wake_.notify();
      });
  while (!lookup->done && stop_ == Stop::kNone) co_await wake_.wait();
  if (!lookup->done || lookup->error) co_return not_connected(url, lookup->error.message());
  for (const auto& entry : lookup->results) endpoints.push_back(entry.endpoint());
  co_return endpoints;
}

Task<Result<void>> ClientConnection::connect_tcp(Url url) {
  auto endpoints = co_await resolve(url);
  if (!endpoints) co_return std::unexpected(std::move(endpoints).error());
  Result<void> last = not_connected(url, "the name has no address");
  for (const auto& endpoint : *endpoints) {
    if (options_.address_allowed && !options_.address_allowed(endpoint.address())) {
      last = fail(
          ErrorKind::kForbidden, "RMT-H032",
          fmt::format("{} stands for {}, which may not be called", url.host, endpoint.address().to_string()));
      continue;
    }
    error_code ignored;
    socket_.close(ignored);
    const auto [error] =
        co_await socket_.async_connect(asio::generic::stream_protocol::endpoint(endpoint), kAwait);
    if (stop_ != Stop::kNone) break;
    if (!error) {
      socket_.set_option(tcp::no_delay(true), ignored);
      co_return Result<void>{};
    }
    last = not_connected(url, error.message());
  }
  co_return last;
}

Task<Result<void>> ClientConnection::handshake(Url url) {
  tls_.emplace(socket_, tls_context_);
  error_code numeric;
  asio::ip::make_address(url.host, numeric);
  // RFC 6066 §3: a server name is a name, never an address.
  const bool is_name = static_cast<bool>(numeric);
  if (is_name && SSL_set_tlsext_host_name(tls_->native_handle(), url.host.c_str()) != 1)
    co_return not_connected(url, "the host cannot be a server name");
  tls_->set_verify_callback(asio::ssl::host_name_verification(url.host));
  const auto [error] = co_await tls_->async_handshake(asio::ssl::stream_base::client, kAwait);
  if (!error) co_return Result<void>{};
  const auto verified = SSL_get_verify_result(tls_->native_handle());
  co_return fail(
      ErrorKind::kUnavailable, "RMT-H030",
      fmt::format("no trusted TLS connection to {}: {}", url.origin(),
                  verified != X509_V_OK ? X509_verify_cert_error_string(verified) : error.message()));
}

Task<ClientConnection::Written> ClientConnection::write(std::string_view head, std::string_view body) {
  const std::array<asio::const_buffer, 2> buffers = {asio::buffer(head.data(), head.size()),
                                                     asio::buffer(body.data(), body.size())};
  if (tls_) {
    const auto [error, bytes] = co_await asio::async_write(*tls_, buffers, kAwait);
    co_return Written{error, bytes};
  }
  const auto [error, bytes] = co_await asio::async_write(socket_, buffers, kAwait);
  co_return Written{error, bytes};
}

Task<error_code> ClientConnection::read_more() {
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (end_ == buffer_.size()) {
    // The parser refuses a header long before this.
    if (buffer_.size() >= kMaxUnread) co_return asio::error::make_error_code(asio::error::no_buffer_space);
    buffer_.resize(buffer_.size() * 2);
  }
  const auto space = asio::buffer(buffer_.data() + end_, buffer_.size() - end_);
  if (tls_) {
    const auto [error, bytes] = co_await tls_->async_read_some(space, kAwait);
    end_ += bytes;
    co_return error;
  }
  const auto [error, bytes] = co_await socket_.async_read_some(space, kAwait);
  end_ += bytes;
  co_return error;
}

void ClientConnection::stop(Stop why) {
  if (stop_ != Stop::kNone) return;
  stop_ = why;
  deadline_.disarm();
  error_code ignored;
  socket_.close(ignored);
  resolver_.cancel();
  wake_.notify();
}

void ClientConnection::rest(std::chrono::milliseconds at_most, std::function<void()> expired) {
  rest_expired_ = std::move(expired);
  deadline_.arm(at_most);
}

bool ClientConnection::wake_up() {
  rest_expired_ = nullptr;
  deadline_.disarm();
  char byte = 0;
  const auto got = ::recv(socket_.native_handle(), &byte, 1, MSG_PEEK | MSG_DONTWAIT);
  return got < 0 && (errno == EAGAIN || errno == EWOULDBLOCK);
}

std::unexpected<Error> ClientConnection::not_connected(const Url& url, std::string_view why) const {
  return fail(ErrorKind::kUnavailable, "RMT-H020",
              fmt::format("could not connect to {}: {}", url.origin(), why));
}

}  // namespace remit::http
