// ReadingThread: where the API reads rows that the snapshot does not have.
//
// A loop may not wait for the disk, and the store's writer is for writes: every call waits for it. So such
// reads have a thread of their own, one after another, each on a consistent view of what is durable
// (store::Store::read). None holds up a commit. They are to be short: the next one waits.
//
// Thread-safety: `run` from any loop. The store must outlive it. Destroy it when no loop runs any more: what
// still waits is dropped.

#pragma once

#include <boost/asio/thread_pool.hpp>
#include <functional>

#include "http/loop.h"
#include "store/store.h"

namespace remit::admin {

class ReadingThread {
 public:
  using Work = std::function<Result<>(store::Reader&)>;

  explicit ReadingThread(store::Store& store) : store_(store) {}

  // Runs `work` on the reading thread and goes on with this coroutine on its own loop. Errors: the work's,
  // those of store::Store::read, kInternal RMT-X013 (it threw).
  http::Task<Result<>> run(Work work);

  // The same for what computes long and reads nothing: no view of the store is kept open for it.
  http::Task<Result<>> compute(std::function<Result<>()> work);

 private:
  store::Store& store_;
  boost::asio::thread_pool thread_{1};
};

}  // namespace remit::admin
