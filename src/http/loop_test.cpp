#include "http/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <future>

#include "http/block_on.h"
#include "http/on_loop.h"

namespace remit::http {
namespace {

using std::chrono::milliseconds;
using std::chrono::steady_clock;

TEST(Loop, RunsWhatIsPostedInOrderOnItsOwnThread) {
  Loop loop;
  std::vector<int> order;
  std::promise<bool> done;
  for (int i = 0; i < 100; ++i) loop.post([&, i] { order.push_back(i); });
  loop.post([&] { done.set_value(loop.on_own_thread()); });
  EXPECT_TRUE(done.get_future().get());
  EXPECT_FALSE(loop.on_own_thread());
  ASSERT_EQ(order.size(), 100u);
  EXPECT_TRUE(std::ranges::is_sorted(order));
}

TEST(Loop, GivesTheResultOfACoroutine) {
  Loop loop;
  EXPECT_EQ(block_on(loop, []() -> Task<int> { co_return 42; }()), 42);
}

TEST(Loop, RunsWorkOfAnotherLoopThereAndResumesOnItsOwn) {
  LoopGroup loops(2);
  const auto where = block_on(loops[0], [](LoopGroup& group) -> Task<std::array<bool, 3>> {
    const auto asked = [](Loop& loop) -> Task<bool> { co_return loop.on_own_thread(); };
    const bool there = co_await on_loop(group[1], asked(group[1]));
    const bool back = group[0].on_own_thread();
    const bool here = co_await on_loop(group[0], asked(group[0]));
    co_return std::array{there, back, here};
  }(loops));
  EXPECT_THAT(where, testing::Each(true));
  loops.stop();
}

// Arms deadlines on the loop's thread and gives how late each was; a negative number is a deadline that came
// early.
std::vector<milliseconds> lateness(const std::vector<milliseconds>& durations) {
  Loop loop;
  std::vector<milliseconds> late(durations.size());
  std::vector<std::unique_ptr<Deadline>> deadlines;
  std::promise<void> all;
  std::atomic<std::size_t> left = durations.size();
  loop.post([&] {
    for (std::size_t i = 0; i < durations.size(); ++i) {
      const auto start = steady_clock::now();
      deadlines.push_back(std::make_unique<Deadline>(loop, [&, i, start] {
        late[i] = std::chrono::floor<milliseconds>(steady_clock::now() - start - durations[i]);
        if (--left == 0) all.set_value();
      }));
      deadlines.back()->arm(durations[i]);
    }
  });
  all.get_future().get();
  loop.stop();
  return late;
}

TEST(Deadline, IsNeverEarlyAndNotLate) {
  for (auto late : lateness({milliseconds(0), milliseconds(1), milliseconds(49), milliseconds(50),
                             milliseconds(51), milliseconds(120), milliseconds(333)})) {
    EXPECT_GE(late, milliseconds(0));
    EXPECT_LT(late, milliseconds(500));  // 100 by design; the rest is for a busy machine
  }
}

TEST(Deadline, ThatIsDisarmedOrDestroyedDoesNotFire) {
  Loop loop;
  std::atomic<int> fired = 0;
  std::promise<void> done;
  auto disarmed = std::make_unique<Deadline>(loop, [&] { ++fired; });
  auto destroyed = std::make_unique<Deadline>(loop, [&] { ++fired; });
  auto armed_again = std::make_unique<Deadline>(loop, [&] { done.set_value(); });
  loop.post([&] {
    disarmed->arm(milliseconds(60));
    destroyed->arm(milliseconds(60));
    armed_again->arm(milliseconds(1));
    disarmed->disarm();
    destroyed.reset();
    armed_again->arm(milliseconds(200));
  });
  done.get_future().get();
  EXPECT_EQ(fired, 0);
  loop.stop();
}

TEST(Deadline, MayDestroyItselfAndOthersFromItsCallback) {
  Loop loop;
  std::promise<void> done;
  std::unique_ptr<Deadline> first, second;
  first = std::make_unique<Deadline>(loop, [&] {
    second.reset();
    first.reset();
    done.set_value();
  });
  second = std::make_unique<Deadline>(loop, [] { FAIL() << "destroyed before its turn"; });
  loop.post([&] {
    first->arm(milliseconds(10));
    second->arm(milliseconds(10));
  });
  done.get_future().get();
  loop.stop();
}

TEST(Deadline, MayOutliveTheLoopUnarmed) {
  auto loop = std::make_unique<Loop>();
  auto deadline = std::make_unique<Deadline>(*loop, [] {});
  std::promise<void> armed;
  loop->post([&] {
    deadline->arm(std::chrono::hours(1));
    armed.set_value();
  });
  armed.get_future().get();
  loop.reset();
  EXPECT_FALSE(deadline->armed());
}

}  // namespace
}  // namespace remit::http
