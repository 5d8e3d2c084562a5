// One listening socket, TCP or unix. Private to this module.

#pragma once

#include <boost/asio/basic_socket_acceptor.hpp>
#include <boost/asio/generic/stream_protocol.hpp>
#include <boost/asio/steady_timer.hpp>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/connection.h"
#include "http/server_core.h"

namespace remit::http {

class Acceptor : public std::enable_shared_from_this<Acceptor> {
 public:
  // Errors: kInvalid, kUnavailable RMT-H010.
  static Result<std::shared_ptr<Acceptor>> open(const std::shared_ptr<ServerCore>& core,
                                                std::string_view address);

  explicit Acceptor(const std::shared_ptr<ServerCore>& core);

  const std::string& address() const { return address_; }
  Loop& loop() { return loop_; }
  void accept();  // on the loop
  void close();   // on the loop

 private:
  Result<void> open_tcp(std::string_view address);
  Result<void> open_unix(std::string path);
  void accept_after(std::chrono::milliseconds pause);
  void on_accept(boost::system::error_code error, Loop& target);
  Peer peer_of(const Socket& socket) const;

  const std::weak_ptr<ServerCore> core_;
  Loop& loop_;
  boost::asio::basic_socket_acceptor<boost::asio::generic::stream_protocol> acceptor_;
  boost::asio::steady_timer pause_;
  std::optional<Socket> socket_;
  std::string address_;
  std::string unix_path_;
  ino_t unix_inode_ = 0;
};

}  // namespace remit::http
