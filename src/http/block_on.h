// block_on: runs a coroutine on a loop and waits for its result. For main functions, commands and tests;
// never on a loop's own thread, which would wait for itself.

#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>

#include "http/loop.h"

namespace remit::http {

template <typename T>
T block_on(Loop& loop, Task<T> task) {
  return boost::asio::co_spawn(loop.context(), std::move(task), boost::asio::use_future).get();
}

}  // namespace remit::http
