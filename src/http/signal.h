// Signal: lets one coroutine wait until other code on the same loop says that something has happened.
//
// There is no memory: look at the state first, then wait. All on one thread, so nothing can happen in
// between.

#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <utility>

#include "http/loop.h"

namespace remit::http {

class Signal {
 public:
  explicit Signal(Loop& loop) : loop_(loop) {}

  Task<void> wait() {
    return boost::asio::async_initiate<const boost::asio::use_awaitable_t<>&, void()>(
        [this](auto handler) { waiter_ = std::move(handler); }, boost::asio::use_awaitable);
  }

  void notify() {
    if (waiter_) boost::asio::post(loop_.context(), std::exchange(waiter_, nullptr));
  }

 private:
  Loop& loop_;
  std::move_only_function<void()> waiter_;
};

}  // namespace remit::http
