#include "http/cancellation.h"

#include <map>
#include <mutex>
#include <utility>

namespace remit::http {

struct Cancellation::State {
  std::mutex mutex;
  bool cancelled = false;
  std::uint64_t last_id = 0;
  std::map<std::uint64_t, std::function<void()>> hooks;
};

Cancellation::Cancellation() : state_(std::make_shared<State>()) {}

void Cancellation::cancel() {
  std::unique_lock lock(state_->mutex);
  state_->cancelled = true;
  const auto hooks = std::exchange(state_->hooks, {});
  lock.unlock();
  for (const auto& [id, hook] : hooks) hook();
}

bool Cancellation::cancelled() const {
  std::lock_guard lock(state_->mutex);
  return state_->cancelled;
}

std::uint64_t Cancellation::subscribe(std::function<void()> hook) const {
  std::unique_lock lock(state_->mutex);
  if (!state_->cancelled) {
    state_->hooks.emplace(++state_->last_id, std::move(hook));
    return state_->last_id;
  }
  lock.unlock();
  hook();
  return 0;
}

void Cancellation::unsubscribe(std::uint64_t id) const {
  std::lock_guard lock(state_->mutex);
  state_->hooks.erase(id);
}

}  // namespace remit::http
