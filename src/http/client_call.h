// One request and its answer on a connection of the pool. Private to this module.

#pragma once

#include <chrono>
#include <memory>
#include <string>

#include "http/client_pool.h"
#include "http/parser.h"

namespace remit::http {

class ClientCall : public std::enable_shared_from_this<ClientCall> {
 public:
  ClientCall(std::shared_ptr<ClientPool> pool, Call call, CallOptions options);
  ~ClientCall();

  Task<Result<void>> run_to_header();
  Task<Result<void>> read_to_end();
  Task<Result<std::string>> read_piece();
  void header_taken();  // from here on each read has a time of its own
  Response& response() { return parser_->response(); }

 private:
  Result<void> check() const;
  Task<Result<bool>> send(bool fresh);  // false: the connection had gone stale, nothing was sent
  Task<Result<void>> read_once();
  Result<void> feed();
  void new_parser();
  void subscribe();
  void give_back();  // the connection, for the next call if it may serve one
  void drop();       // the connection, which serves no other
  std::chrono::milliseconds left() const;
  std::unexpected<Error> lost(const std::string& why) const;

  const std::shared_ptr<ClientPool> pool_;
  const Call call_;
  const CallOptions options_;
  const std::string origin_;
  const std::chrono::steady_clock::time_point until_;
  std::shared_ptr<ClientConnection> connection_;
  std::unique_ptr<ResponseParser> parser_;
  std::uint64_t subscription_ = 0;
  bool sent_ = false;
};

}  // namespace remit::http
