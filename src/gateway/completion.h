// Completion<T>: a value that one side sets once and others wait for, on one loop.
//
// Where several things may end a wait (an answer, a deadline, a cancellation, a kill), each calls `set`, and
// the first one counts.
//
// Thread-safety: everything on the loop that it is waited on.

#pragma once

#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "http/loop.h"

namespace remit::gateway {

template <typename T>
class Completion {
 public:
  // Whether this was the first.
  bool set(T value) {
    if (value_) return false;
    value_.emplace(std::move(value));
    for (auto& wake : std::exchange(waiting_, {})) wake();
    return true;
  }

  // Calls `wake` when it is set, there where it is set; at once where it is.
  void then(std::move_only_function<void()> wake) {
    if (value_) return wake();
    waiting_.push_back(std::move(wake));
  }

  bool is_set() const { return value_.has_value(); }

  // `self` keeps the completion alive while it is waited for.
  static http::Task<T*> wait(std::shared_ptr<Completion> self) {
    if (!self->value_) {
      co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void()>(
          [&self](auto handler) {
            self->waiting_.push_back(
                [handler = std::move(handler)]() mutable { boost::asio::post(std::move(handler)); });
          },
          boost::asio::use_awaitable);
    }
    co_return &*self->value_;
  }

 private:
  std::optional<T> value_;
  std::vector<std::move_only_function<void()>> waiting_;
};

}  // namespace remit::gateway
