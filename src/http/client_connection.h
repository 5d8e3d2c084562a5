// One connection of the client: TCP, TLS or unix. Private to this module; everything runs on its loop.
//
// stop() may come at any moment, from the deadline or from a cancellation: it closes the socket, so that
// whatever is waited for ends, and the reason is kept for the error that is made of it.

#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>
#include <boost/asio/ssl/stream.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "http/client.h"
#include "http/signal.h"

namespace remit::http {

class ClientConnection : public std::enable_shared_from_this<ClientConnection> {
 public:
  enum class Stop { kNone, kTimeout, kCancelled };

  ClientConnection(Loop& loop, const ClientOptions& options, boost::asio::ssl::context& tls);

  // Errors: RMT-H020, H024, H026, H030, H032.
  Task<Result<void>> connect(Url url);

  struct Written {
    boost::system::error_code error;
    std::size_t bytes;
  };
  Task<Written> write(std::string_view head, std::string_view body);

  // Reads more behind unread(); an error at the end of input.
  Task<boost::system::error_code> read_more();
  std::string_view unread() const { return {buffer_.data() + begin_, end_ - begin_}; }
  void consume(std::size_t bytes) { begin_ += bytes; }

  void arm(std::chrono::milliseconds from_now) { deadline_.arm(from_now); }
  void disarm() { deadline_.disarm(); }
  void stop(Stop why);
  Stop stopped() const { return stop_; }

  // Waits in the pool, for at most that long; `expired` takes it out.
  void rest(std::chrono::milliseconds at_most, std::function<void()> expired);
  // Ends the rest. False: the other end has closed meanwhile, or said what nobody asked for.
  bool wake_up();

 private:
  using Socket = boost::asio::generic::stream_protocol::socket;

  Task<Result<std::vector<boost::asio::ip::tcp::endpoint>>> resolve(Url url);
  Task<Result<void>> connect_tcp(Url url);
  Task<Result<void>> handshake(Url url);
  std::unexpected<Error> not_connected(const Url& url, std::string_view why) const;

  const ClientOptions& options_;
  boost::asio::ssl::context& tls_context_;
  Socket socket_;
  std::optional<boost::asio::ssl::stream<Socket&>> tls_;
  boost::asio::ip::tcp::resolver resolver_;
  Signal wake_;
  Deadline deadline_;
  std::function<void()> rest_expired_;
  Stop stop_ = Stop::kNone;
  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;
};

}  // namespace remit::http
