// CallerLoad: what one deployment has under way, over all its sessions, connections and loops, and how much
// it may: so that no agent takes what is there for all.
//
// Thread-safety: thread-safe. What is counted on each request takes no lock; CallerLoads::of does, so loops
// keep what it gives.

#pragma once

#include <atomic>
#include <cstddef>
#include <memory>
#include <mutex>
#include <optional>
#include <unordered_map>
#include <utility>

#include "base/id.h"
#include "http/byte_budget.h"

namespace remit::gateway {

struct CallerLimits {
  std::size_t requests = 1024;  // that are being read or answered, streams included
  std::size_t calls = 128;      // tools/call
  std::size_t body_bytes = std::size_t{32} << 20U;
};

// How many there are of something, up to a number.
class Tally {
 public:
  explicit Tally(std::size_t most) : most_(most) {}

  bool take();
  void give_back() { count_.fetch_sub(1, std::memory_order_relaxed); }
  std::size_t count() const { return count_.load(std::memory_order_relaxed); }
  std::size_t most() const { return most_; }

 private:
  const std::size_t most_;
  std::atomic<std::size_t> count_ = 0;
};

struct CallerLoad {
  CallerLoad(const CallerLimits& limits, std::shared_ptr<http::ByteBudget> all_bodies)
      : requests(limits.requests),
        calls(limits.calls),
        bodies(std::make_shared<http::ByteBudget>(limits.body_bytes, std::move(all_bodies))) {}

  Tally requests;
  Tally calls;
  const std::shared_ptr<http::ByteBudget> bodies;
};

// One of those that a tally counts, for as long as this lives.
class Slot {
 public:
  // None: all are taken.
  static std::optional<Slot> take(std::shared_ptr<CallerLoad> load, Tally CallerLoad::* which);

  Slot(Slot&& other) noexcept : load_(std::move(other.load_)), which_(other.which_) {}
  Slot& operator=(Slot&&) = delete;
  ~Slot() {
    if (load_) (load_.get()->*which_).give_back();
  }

 private:
  Slot(std::shared_ptr<CallerLoad> load, Tally CallerLoad::* which) : load_(std::move(load)), which_(which) {}
  std::shared_ptr<CallerLoad> load_;
  Tally CallerLoad::* which_;
};

// The loads of all callers that have anything under way.
class CallerLoads {
 public:
  // `bodies` may be null: then what all callers together send has no bound here.
  CallerLoads(CallerLimits limits, std::shared_ptr<http::ByteBudget> bodies)
      : limits_(limits), bodies_(std::move(bodies)) {}

  // The same for all who ask while anybody still holds it.
  std::shared_ptr<CallerLoad> of(const DeploymentId& deployment);

 private:
  const CallerLimits limits_;
  const std::shared_ptr<http::ByteBudget> bodies_;
  std::mutex mutex_;
  std::unordered_map<DeploymentId, std::weak_ptr<CallerLoad>> loads_;
  std::size_t swept_at_ = 16;  // how many there may be before those that are gone are looked for
};

}  // namespace remit::gateway
