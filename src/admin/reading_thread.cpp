#include "admin/reading_thread.h"

#include <boost/asio/associated_executor.hpp>
#include <boost/asio/async_result.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <string>

namespace remit::admin {
namespace {

Result<> guarded(const std::function<Result<>()>& work) {
  try {
    return work();
  } catch (const std::exception& thrown) {
    return fail(ErrorKind::kInternal, "RMT-X013", std::string("a read threw: ") + thrown.what());
  }
}

}  // namespace

http::Task<Result<>> ReadingThread::run(Work work) {
  return compute([&store = store_, work = std::move(work)] { return store.read(work); });
}

http::Task<Result<>> ReadingThread::compute(std::function<Result<>()> work) {
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Result<>)>(
      [this](auto handler, std::function<Result<>()> job) {
        auto executor = boost::asio::get_associated_executor(handler);
        boost::asio::post(thread_, [executor = std::move(executor), handler = std::move(handler),
                                    job = std::move(job)]() mutable {
          auto done = guarded(job);
          job = nullptr;  // what it holds goes before the caller goes on
          boost::asio::post(executor, [handler = std::move(handler), done = std::move(done)]() mutable {
            std::move(handler)(std::move(done));
          });
        });
      },
      boost::asio::use_awaitable, std::move(work));
}

}  // namespace remit::admin
