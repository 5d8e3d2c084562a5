// SidePool: threads beside the loops, for work that is too long for one. While it runs, the loop serves
// others; the threads give way to the loops where there are not enough cores for all.
//
// Thread-safety: `run` from any loop. Stop the loops, destroy the pool, destroy the loops: what runs in the
// pool is awaited by coroutines of a loop, and a thread of the pool holds on to the loop for a moment after
// it has answered.

#pragma once

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "http/loop.h"

namespace remit::http {

class SidePool {
 public:
  explicit SidePool(std::size_t threads);
  ~SidePool();
  SidePool(const SidePool&) = delete;
  SidePool& operator=(const SidePool&) = delete;

  // What `work` gives, or throws, on the coroutine's own loop.
  template <typename Work>
  Task<std::invoke_result_t<Work&>> run(Work work) {
    std::optional<std::invoke_result_t<Work&>> result;
    const auto compute = [&]() -> Task<void> {
      result.emplace(work());
      co_return;
    };
    co_await boost::asio::co_spawn(context_, compute, boost::asio::use_awaitable);
    co_return std::move(*result);
  }

 private:
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::vector<std::jthread> threads_;
};

}  // namespace remit::http
