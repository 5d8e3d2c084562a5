// SnapshotHolder: where the process keeps the Snapshot in force.
//
// One writer swaps it whole when the store's revision has moved; each reading thread keeps its own shared
// pointer and looks only at an atomic counter to see whether it is still the newest. So the common read is
// one atomic load: no lock, no shared reference count. After `swap` returns, every later `current` on every
// thread sees that snapshot or a newer one; this is what makes an acknowledged hold binding (security.md,
// invariant 3).
//
// A thread that stops reading keeps its last snapshot alive until it reads again or ends.
//
// Not std::atomic<std::shared_ptr>: libstdc++'s takes a spin lock for each load.
//
// Thread-safety: `current` from any thread, `swap` from any thread, one at a time or not.

#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>

#include "snapshot/snapshot.h"

namespace remit::snapshot {

class SnapshotHolder {
 public:
  SnapshotHolder();
  SnapshotHolder(const SnapshotHolder&) = delete;
  SnapshotHolder& operator=(const SnapshotHolder&) = delete;

  // Puts a snapshot in force. One of an older revision than the one in force is dropped.
  void swap(std::shared_ptr<const Snapshot> next);

  // The snapshot in force, or null before the first swap: no call may leave then. The reference is to this
  // thread's own pointer and is good until this thread calls `current` again; copy it to keep it across a
  // suspension.
  const std::shared_ptr<const Snapshot>& current() const;

 private:
  const std::uint64_t id_;                    // tells holders apart in the threads' caches; never reused
  std::atomic<std::uint64_t> generation_{0};  // moves after each swap
  mutable std::mutex mutex_;                  // guards latest_
  std::shared_ptr<const Snapshot> latest_;
};

}  // namespace remit::snapshot
