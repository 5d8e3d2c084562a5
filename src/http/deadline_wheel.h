// The wheel behind Deadline: a ring of lists, one per tick, turned by the only timer of a loop. It stands
// still while nothing is armed.

#pragma once

#include <boost/asio/steady_timer.hpp>

#include "http/loop.h"

namespace remit::http {

class DeadlineWheel {
 public:
  explicit DeadlineWheel(boost::asio::io_context& context);
  ~DeadlineWheel();  // disarms what is left: coroutines destroyed with the io_context may outlive the wheel

  void insert(Deadline& deadline, std::chrono::milliseconds from_now);
  void removed();

 private:
  static constexpr std::chrono::milliseconds kTick{50};
  static constexpr std::size_t kSlots =
      512;  // 25.6 s a turn; later deadlines are passed over until their turn

  std::uint64_t tick_of(std::chrono::steady_clock::time_point time) const;
  void schedule();
  void turn();

  boost::asio::steady_timer timer_;
  const std::chrono::steady_clock::time_point start_;
  Deadline slots_[kSlots];
  Deadline firing_;
  std::uint64_t last_tick_ = 0;
  std::size_t armed_ = 0;
  bool turning_ = false;
};

}  // namespace remit::http
