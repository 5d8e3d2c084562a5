#include "http/byte_budget.h"

namespace remit::http {

bool ByteBudget::take(std::size_t bytes) {
  auto taken = taken_.load(std::memory_order_relaxed);
  do {
    if (bytes > limit_ - taken) return false;
  } while (!taken_.compare_exchange_weak(taken, taken + bytes, std::memory_order_relaxed));
  if (!above_ || above_->take(bytes)) return true;
  taken_.fetch_sub(bytes, std::memory_order_relaxed);
  return false;
}

void ByteBudget::give_back(std::size_t bytes) {
  taken_.fetch_sub(bytes, std::memory_order_relaxed);
  if (above_) above_->give_back(bytes);
}

ByteCharge& ByteCharge::operator=(ByteCharge&& other) noexcept {
  if (this == &other) return *this;
  release();
  budget_ = std::move(other.budget_);
  held_ = std::exchange(other.held_, 0);
  return *this;
}

bool ByteCharge::grow_to(std::size_t bytes) {
  if (bytes <= held_) return true;
  if (budget_ && !budget_->take(bytes - held_)) return false;
  held_ = bytes;
  return true;
}

void ByteCharge::release() {
  if (budget_ && held_ > 0) budget_->give_back(held_);
  held_ = 0;
}

}  // namespace remit::http
