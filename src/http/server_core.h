// What the connections of a server share. Private to this module.

#pragma once

#include <condition_variable>
#include <memory>
#include <mutex>

#include "http/connection_table.h"
#include "http/server.h"

namespace remit::http {

class Acceptor;

class ServerCore : public std::enable_shared_from_this<ServerCore> {
 public:
  ServerCore(LoopGroup& loops, ServerOptions options, Admission admission)
      : loops(loops),
        options(std::move(options)),
        admission(std::move(admission)),
        table_(this->options.max_connections, this->options.max_connections_per_peer) {}

  LoopGroup& loops;
  const ServerOptions options;
  const Admission admission;

  // Whether there is room for it, or was made.
  bool add(const std::shared_ptr<Connection>& connection);
  void keep(const std::shared_ptr<Connection>& connection);
  void remove(const std::shared_ptr<Connection>& connection);
  std::vector<std::shared_ptr<Connection>> connections() const;
  std::size_t connection_count() const;
  bool crowded() const;
  bool wait_until_none(std::chrono::steady_clock::time_point until);

  bool draining() const { return draining_; }

  void add_acceptor(std::shared_ptr<Acceptor> acceptor);
  void stop_accepting();
  void start_draining();
  void close_all();
  Loop& next_loop() { return loops[next_loop_++ % loops.size()]; }

 private:
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  ConnectionTable table_;
  std::vector<std::shared_ptr<Acceptor>> acceptors_;
  std::atomic<bool> draining_ = false;
  std::atomic<std::size_t> next_loop_ = 0;
};

}  // namespace remit::http
