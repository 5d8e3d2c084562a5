#include "http/loop.h"

#include <algorithm>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/post.hpp>
#include <exception>

#include "http/deadline_wheel.h"

namespace remit::http {

namespace asio = boost::asio;

Loop::Loop()
    : context_(1),
      work_(asio::make_work_guard(context_)),
      wheel_(std::make_unique<DeadlineWheel>(context_)),
      thread_([this] { context_.run(); }) {}

Loop::~Loop() { stop(); }

void Loop::stop() {
  context_.stop();
  if (thread_.joinable() && !on_own_thread()) thread_.join();
}

void Loop::post(std::move_only_function<void()> work) { asio::post(context_, std::move(work)); }

void Loop::spawn(Task<void> task) {
  asio::co_spawn(context_, std::move(task), [](const std::exception_ptr& thrown) {
    if (thrown) std::rethrow_exception(thrown);
  });
}

LoopGroup::LoopGroup(std::size_t count) {
  loops_.reserve(count);
  for (std::size_t i = 0; i < count; ++i) loops_.push_back(std::make_unique<Loop>());
}

void LoopGroup::stop() {
  for (auto& loop : loops_) loop->stop();
}

Deadline::Deadline(Loop& loop, std::function<void()> expired)
    : wheel_(&loop.wheel()), expired_(std::move(expired)) {}

void Deadline::arm(std::chrono::milliseconds from_now) {
  disarm();
  wheel_->insert(*this, from_now);
}

void Deadline::disarm() {
  if (wheel_ == nullptr || !armed()) return;
  unlink();
  wheel_->removed();
}

void Deadline::link_before(Deadline& head) {
  next_ = &head;
  previous_ = head.previous_;
  previous_->next_ = this;
  head.previous_ = this;
}

void Deadline::unlink() {
  previous_->next_ = next_;
  next_->previous_ = previous_;
  next_ = previous_ = nullptr;
}

DeadlineWheel::DeadlineWheel(asio::io_context& context)
    : timer_(context), start_(std::chrono::steady_clock::now()) {
  for (auto& head : slots_) head.next_ = head.previous_ = &head;
  firing_.next_ = firing_.previous_ = &firing_;
}

DeadlineWheel::~DeadlineWheel() {
  while (firing_.next_ != &firing_) firing_.next_->unlink();
  for (auto& head : slots_)
    while (head.next_ != &head) head.next_->unlink();
}

std::uint64_t DeadlineWheel::tick_of(std::chrono::steady_clock::time_point time) const {
  return static_cast<std::uint64_t>((time - start_) / kTick);
}

void DeadlineWheel::insert(Deadline& deadline, std::chrono::milliseconds from_now) {
  const auto now = std::chrono::steady_clock::now();
  if (!turning_) last_tick_ = tick_of(now);
  // Rounded up, and past every tick that was already turned: never early, never lost for a whole turn.
  deadline.due_tick_ = std::max(tick_of(now + from_now), last_tick_) + 1;
  deadline.link_before(slots_[deadline.due_tick_ % kSlots]);
  ++armed_;
  if (!turning_) schedule();
}

void DeadlineWheel::removed() { --armed_; }

void DeadlineWheel::schedule() {
  turning_ = true;
  timer_.expires_at(start_ + kTick * static_cast<std::int64_t>(last_tick_ + 1));
  timer_.async_wait([this](boost::system::error_code error) {
    if (!error) turn();
  });
}

void DeadlineWheel::turn() {
  const auto now = tick_of(std::chrono::steady_clock::now());
  // After a long pause one whole turn visits every slot.
  const auto first = std::max(last_tick_ + 1, now >= kSlots ? now - kSlots + 1 : 0);
  for (auto tick = first; tick <= now; ++tick) {
    auto& head = slots_[tick % kSlots];
    for (auto* deadline = head.next_; deadline != &head;) {
      auto* next = deadline->next_;
      if (deadline->due_tick_ <= now) {
        deadline->unlink();
        deadline->link_before(firing_);
      }
      deadline = next;
    }
  }
  last_tick_ = std::max(last_tick_, now);
  // A callback may arm, disarm or destroy any deadline, its own included: take them one by one.
  while (firing_.next_ != &firing_) {
    auto& deadline = *firing_.next_;
    deadline.unlink();
    --armed_;
    const auto expired = deadline.expired_;
    expired();
  }
  turning_ = false;
  if (armed_ > 0) schedule();
}

}  // namespace remit::http
