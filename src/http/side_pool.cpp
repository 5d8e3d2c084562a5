#include "http/side_pool.h"

#include <sys/resource.h>
#include <unistd.h>

namespace remit::http {
namespace {

constexpr int kGivesWay = 10;  // added to the process's nice value

}  // namespace

SidePool::SidePool(std::size_t threads) : work_(boost::asio::make_work_guard(context_)) {
  for (std::size_t i = 0; i < threads; ++i)
    threads_.emplace_back([this] {
      // On Linux a nice value is a thread's. Where it cannot be set, the work is done all the same.
      const auto self = static_cast<id_t>(::gettid());
      ::setpriority(PRIO_PROCESS, self, ::getpriority(PRIO_PROCESS, self) + kGivesWay);
      context_.run();
    });
}

SidePool::~SidePool() { context_.stop(); }

}  // namespace remit::http
