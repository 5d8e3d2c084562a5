// ByteBudget: how many bytes may be held at once, counted by all who hold some. A budget may stand below
// another: what is taken from it is taken from both, so one caller cannot take what is everyone's.
//
// Thread-safety: ByteBudget is thread-safe and takes no lock. A ByteCharge belongs to one thread at a time.

#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <utility>

namespace remit::http {

class ByteBudget {
 public:
  explicit ByteBudget(std::size_t limit, std::shared_ptr<ByteBudget> above = {})
      : limit_(limit), above_(std::move(above)) {}

  // All of it or nothing.
  bool take(std::size_t bytes);
  void give_back(std::size_t bytes);

  std::size_t taken() const { return taken_.load(std::memory_order_relaxed); }

 private:
  const std::size_t limit_;
  const std::shared_ptr<ByteBudget> above_;
  std::atomic<std::size_t> taken_ = 0;
};

// What one holder has taken. It gives all of it back when it goes.
class ByteCharge {
 public:
  ByteCharge() = default;
  explicit ByteCharge(std::shared_ptr<ByteBudget> budget) : budget_(std::move(budget)) {}
  ByteCharge(ByteCharge&& other) noexcept
      : budget_(std::move(other.budget_)), held_(std::exchange(other.held_, 0)) {}
  ByteCharge& operator=(ByteCharge&& other) noexcept;
  ~ByteCharge() { release(); }

  // Whether there was room for it; without a budget there always is.
  bool grow_to(std::size_t bytes);
  void release();

 private:
  std::shared_ptr<ByteBudget> budget_;
  std::size_t held_ = 0;
};

}  // namespace remit::http
