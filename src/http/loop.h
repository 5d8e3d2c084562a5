// Loops: threads that run coroutines, each with an io_context of its own and one coarse wheel of deadlines.
//
// State that belongs to a loop is touched on its thread alone, so it needs no lock. A timeout is an entry in
// the wheel, not a timer of its own: arming and disarming cost a few pointer writes and no system call, and a
// deadline may be up to two ticks (100 ms) late, never early.
//
// Order of destruction: what runs on a loop (servers, clients, streams) goes before the loop.

#pragma once

#include <boost/asio/awaitable.hpp>
#include <boost/asio/io_context.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

namespace remit::http {

template <typename T>
using Task = boost::asio::awaitable<T>;

class DeadlineWheel;

class Loop {
 public:
  Loop();
  ~Loop();  // as stop()
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  // Stops taking work, joins the thread (unless called on it). What waits is destroyed with the loop.
  // Thread-safe.
  void stop();

  // Runs `work` on the loop's thread, after what was posted before it. Thread-safe.
  void post(std::move_only_function<void()> work);

  // Runs a coroutine to its end on the loop's thread. An exception that leaves it ends the program: catch
  // what can be handled inside. Thread-safe.
  void spawn(Task<void> task);

  bool on_own_thread() const { return std::this_thread::get_id() == thread_.get_id(); }
  boost::asio::io_context& context() { return context_; }
  DeadlineWheel& wheel() { return *wheel_; }

 private:
  boost::asio::io_context context_;
  boost::asio::executor_work_guard<boost::asio::io_context::executor_type> work_;
  std::unique_ptr<DeadlineWheel> wheel_;
  std::jthread thread_;
};

class LoopGroup {
 public:
  explicit LoopGroup(std::size_t count);

  std::size_t size() const { return loops_.size(); }
  Loop& operator[](std::size_t index) { return *loops_[index]; }
  void stop();

 private:
  std::vector<std::unique_ptr<Loop>> loops_;
};

// A deadline that calls back on its loop's thread when it is not disarmed in time. Used on that thread alone;
// it may be destroyed from its own callback.
class Deadline {
 public:
  Deadline(Loop& loop, std::function<void()> expired);
  ~Deadline() { disarm(); }
  Deadline(const Deadline&) = delete;
  Deadline& operator=(const Deadline&) = delete;

  void arm(std::chrono::milliseconds from_now);  // in place of what was armed before
  void disarm();
  bool armed() const { return next_ != nullptr; }

 private:
  friend class DeadlineWheel;
  Deadline() = default;  // the head of a list

  void link_before(Deadline& head);
  void unlink();

  DeadlineWheel* wheel_ = nullptr;
  std::function<void()> expired_;
  std::uint64_t due_tick_ = 0;
  Deadline* next_ = nullptr;
  Deadline* previous_ = nullptr;
};

}  // namespace remit::http
