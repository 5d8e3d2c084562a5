// The connections of a client: those that rest, and how many there are of each origin. Private to this
// module.

#pragma once

#include <boost/asio/ssl/context.hpp>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "http/client_connection.h"

namespace remit::http {

class ClientPool : public std::enable_shared_from_this<ClientPool> {
 public:
  ClientPool(Loop& loop, ClientOptions options);

  struct Lease {
    std::shared_ptr<ClientConnection> connection;
    bool used_before = false;
  };
  // A connection that rested, unless `fresh`, else a new one that is not yet connected.
  // Errors: RMT-H033.
  Result<Lease> take(const std::string& origin, bool fresh);
  void give_back(const std::string& origin, std::shared_ptr<ClientConnection> connection);
  void discard(const std::string& origin);  // it was taken and is gone
  void close_idle();

  std::size_t idle() const;
  Loop& loop() { return loop_; }
  const ClientOptions& options() const { return options_; }

 private:
  struct Origin {
    std::vector<std::shared_ptr<ClientConnection>> resting;  // the one used last at the end
    std::size_t open = 0;
  };
  void forget(const std::string& origin, const ClientConnection* connection);
  bool close_one_resting();

  Loop& loop_;
  const ClientOptions options_;
  boost::asio::ssl::context tls_;
  std::map<std::string, Origin> origins_;
  std::size_t open_ = 0;  // of all origins
  bool closed_ = false;
};

}  // namespace remit::http
