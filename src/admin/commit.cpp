#include "admin/commit.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <memory>

namespace remit::admin {

http::Task<Result<>> commit(store::Store* store, store::Store::Work work) {
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Result<>)>(
      [store](auto handler, store::Store::Work job) {
        const auto executor = boost::asio::get_associated_executor(handler);
        // Shared, because the store's callback is copyable and the handler is not.
        const auto shared = std::make_shared<decltype(handler)>(std::move(handler));
        store->submit(std::move(job), [shared, executor](Result<> done) {
          boost::asio::post(
              executor, [shared, done = std::move(done)]() mutable { std::move (*shared)(std::move(done)); });
        });
      },
      boost::asio::use_awaitable, std::move(work));
}

}  // namespace remit::admin
