// SidePool: threads beside the loops, for work that is too long for one. While it runs, the loop serves
// others; the threads give way to the loops where there are not enough cores for all.
//
// Thread-safety: `run` from any loop. Stop the loops, destroy the pool, destroy the loops: what runs in the
// pool is awaited by coroutines of a loop, and a thread of the pool holds on to the loop for a moment after
// it has answered.

#pragma once

#include <atomic>
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
    waiting_.fetch_add(1, std::memory_order_relaxed);
    const auto compute = [&]() -> Task<void> {
      waiting_.fetch_sub(1, std::memory_order_relaxed);
      result.emplace(work());
      co_return;
    };
    co_await boost::asio::co_spawn(context_, compute, boost::asio::use_awaitable);
    co_return std::move(*result);
  }

  // What has been given to it and not begun. Thread-safe.
  std::size_t waiting() const { return waiting_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::size_t> waiting_{0};
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::vector<std::jthread> threads_;
};

}  // namespace remit::http
