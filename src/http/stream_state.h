// The part of an event stream that its producers and its connection share. Private to this module.

#pragma once

#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "http/loop.h"

namespace remit::http {

class Connection;

class StreamState {
 public:
  // `head`: the header of the answer and what the stream begins with, which leave with the first batch.
  StreamState(std::shared_ptr<Connection> connection, std::string head, std::size_t max_bytes, bool chunked)
      : connection_(std::move(connection)),
        max_bytes_(max_bytes),
        chunked_(chunked),
        pending_(std::move(head)) {}

  // Frames a piece of the stream (RFC 9112 §7.1).
  static void append(std::string& out, std::string_view text, bool chunked);

  // For producers, on any thread.
  bool send(std::string_view text);
  bool offer(std::string_view text);
  void close(std::string_view last = {});
  bool open() const;
  void on_client_gone(std::function<void()> gone);

  // For the connection, on its loop.
  enum class Next { kWrite, kWait, kFinished };
  Next take(std::string& batch);  // kWrite: `batch` is what to write
  void client_gone();

 private:
  bool has_ended() const { return closed_ || cut_ || gone_; }
  void put(std::string_view text);
  void wake(std::unique_lock<std::mutex>& lock);  // lets the connection write; unlocks

  mutable std::mutex mutex_;
  std::shared_ptr<Connection> connection_;  // until the stream ends
  const std::size_t max_bytes_;
  const bool chunked_;
  std::string pending_;
  bool closed_ = false;  // by the producer
  bool cut_ = false;     // too slow; gone as soon as the loop gets to it
  bool gone_ = false;
  bool woken_ = true;  // the connection will call take() of itself
  std::function<void()> on_gone_;
};

}  // namespace remit::http
