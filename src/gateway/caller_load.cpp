#include "gateway/caller_load.h"

#include <algorithm>

namespace remit::gateway {

bool Tally::take() {
  auto count = count_.load(std::memory_order_relaxed);
  do {
    if (count >= most_) return false;
  } while (!count_.compare_exchange_weak(count, count + 1, std::memory_order_relaxed));
  return true;
}

std::optional<Slot> Slot::take(std::shared_ptr<CallerLoad> load, Tally CallerLoad::* which) {
  if (!(load.get()->*which).take()) return std::nullopt;
  return Slot(std::move(load), which);
}

std::shared_ptr<CallerLoad> CallerLoads::of(const DeploymentId& deployment) {
  const std::lock_guard lock(mutex_);
  auto& known = loads_[deployment];
  if (auto load = known.lock()) return load;
  auto load = std::make_shared<CallerLoad>(limits_, bodies_);
  known = load;
  if (loads_.size() >= swept_at_) {
    std::erase_if(loads_, [](const auto& entry) { return entry.second.expired(); });
    swept_at_ = 2 * std::max<std::size_t>(8, loads_.size());
  }
  return load;
}

}  // namespace remit::gateway
