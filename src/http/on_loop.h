// on_loop: runs a coroutine on a loop and resumes on the caller's own. What belongs to one loop is reached
// from another with this, and with nothing else.

#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <utility>

#include "http/loop.h"

namespace remit::http {

template <typename T>
// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): a loop outlives what runs on it
Task<T> on_loop(Loop& loop, Task<T> task) {
  if (loop.on_own_thread()) co_return co_await std::move(task);
  co_return co_await boost::asio::co_spawn(loop.context(), std::move(task), boost::asio::use_awaitable);
}

}  // namespace remit::http
