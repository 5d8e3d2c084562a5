#include "http/side_pool.h"

#include <gtest/gtest.h>

#include <latch>
#include <memory>
#include <stdexcept>

#include "http/block_on.h"

namespace remit::http {
namespace {

TEST(SidePool, ComputesOnAnotherThreadAndGoesOnOnTheLoop) {
  LoopGroup loops(1);
  SidePool pool(1);
  auto& loop = loops[0];
  const auto both = block_on(loop, [](Loop& own, SidePool& beside) -> Task<std::pair<bool, bool>> {
    const bool there = co_await beside.run([&own] { return own.on_own_thread(); });
    co_return std::pair(there, own.on_own_thread());
  }(loop, pool));
  EXPECT_EQ(both, std::pair(false, true));
}

TEST(SidePool, LeavesTheLoopFreeMeanwhile) {
  LoopGroup loops(1);
  SidePool pool(1);
  std::latch served(1);
  auto waited = boost::asio::co_spawn(
      loops[0].context(),
      [](SidePool& beside, std::latch& until) -> Task<bool> {
        co_return co_await beside.run([&until] {
          until.wait();
          return true;
        });
      }(pool, served),
      boost::asio::use_future);
  loops[0].post([&] { served.count_down(); });
  EXPECT_TRUE(waited.get());
}

TEST(SidePool, GivesWhatCannotBeCopiedAndThrowsWhatWasThrown) {
  LoopGroup loops(1);
  SidePool pool(2);
  const auto run = [&](bool fails) {
    return block_on(loops[0], [](SidePool& beside, bool throws) -> Task<std::unique_ptr<int>> {
      co_return co_await beside.run([throws] {
        if (throws) throw std::runtime_error("no");
        return std::make_unique<int>(7);
      });
    }(pool, fails));
  };
  EXPECT_EQ(*run(false), 7);
  EXPECT_THROW(run(true), std::runtime_error);
}

}  // namespace
}  // namespace remit::http
