#include "snapshot/holder.h"

#include <utility>

namespace remit::snapshot {
namespace {

struct Cache {
  std::uint64_t holder = 0;
  std::uint64_t generation = 0;
  std::shared_ptr<const Snapshot> snapshot;
};

std::uint64_t next_holder_id() {
  static std::atomic<std::uint64_t> last{0};
  return ++last;
}

}  // namespace

SnapshotHolder::SnapshotHolder() : id_(next_holder_id()) {}

void SnapshotHolder::swap(std::shared_ptr<const Snapshot> next) {
  {
    std::lock_guard lock(mutex_);
    if (latest_ && next && next->revision() < latest_->revision()) return;
    std::swap(latest_, next);
    generation_.fetch_add(1, std::memory_order_release);
  }
  // `next` is now the old one; if this was its last reference it is freed here, outside the lock.
}

const std::shared_ptr<const Snapshot>& SnapshotHolder::current() const {
  thread_local Cache cache;
  if (cache.holder == id_ && cache.generation == generation_.load(std::memory_order_acquire)) [[likely]]
    return cache.snapshot;

  std::shared_ptr<const Snapshot> old;  // declared before the lock, so freed after it is released
  std::lock_guard lock(mutex_);
  old = std::exchange(cache.snapshot, latest_);
  cache.holder = id_;
  cache.generation = generation_.load(std::memory_order_relaxed);
  return cache.snapshot;
}

}  // namespace remit::snapshot
