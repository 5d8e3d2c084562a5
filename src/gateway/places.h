// Places: a limit on what is kept for agents between their calls (sessions, children), one over all loops: so
// many a deployment, so many in all.
//
// Where there is no room left, what was idle longest makes it: something of the same deployment's, and only
// where it has nothing idle and the limit is the one in all, another's. What is in use is never taken: then
// there is no place. Who is to lose a place loses it at once, whichever loop it is on, and is told.
//
// Thread-safety: thread-safe. Taking and giving back a place lock a mutex for as long as it takes to look
// through a deployment's places; the rest is lock-free.

#pragma once

#include <atomic>
#include <chrono>
#include <cstddef>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <unordered_map>
#include <vector>

#include "base/id.h"

namespace remit::gateway {

class Places;

// One thing's place, given back with the object.
class Place {
 public:
  using Time = std::chrono::steady_clock::time_point;

  ~Place();
  Place(const Place&) = delete;
  Place& operator=(const Place&) = delete;

  // Something that goes on and for which the place is needed: a call, a stream.
  class Use {
   public:
    Use() = default;
    // Without effect, and false, where the place is lost.
    explicit Use(std::shared_ptr<Place> place);
    ~Use();
    Use(Use&& other) noexcept = default;
    Use& operator=(Use&& other) noexcept;
    explicit operator bool() const { return place_ != nullptr; }

   private:
    std::shared_ptr<Place> place_;
  };

  bool lost() const { return uses_ < 0; }
  bool in_use() const { return uses_ > 0; }
  void touch(Time now) { last_used_ = now; }
  Time last_used() const { return last_used_; }

  // Makes it lost, unless it is in use or lost already. The owner is not told: it asked.
  bool give_up();

 private:
  friend class Places;
  Place(Places& places, DeploymentId deployment, std::function<void()> on_lost);

  Places& places_;
  const DeploymentId deployment_;
  const std::function<void()> on_lost_;
  std::atomic<int> uses_ = 0;  // -1: lost
  std::atomic<Time> last_used_;
};

class Places {
 public:
  static constexpr std::size_t kUnlimited = static_cast<std::size_t>(-1);
  struct Limits {
    std::size_t per_deployment = kUnlimited;
    std::size_t in_all = kUnlimited;
  };
  enum class Full { kDeployment, kInAll };

  explicit Places(Limits limits) : limits_(limits) {}

  // A place, or which limit is met by what is in use. `on_lost` is called once if the place is taken for
  // another: on any thread, and not while a lock is held.
  std::expected<std::shared_ptr<Place>, Full> take(const DeploymentId& deployment,
                                                   std::function<void()> on_lost);
  // A place whatever the limits say: for what is there already.
  std::shared_ptr<Place> hold(const DeploymentId& deployment, std::function<void()> on_lost);

  const Limits& limits() const { return limits_; }
  std::size_t taken() const { return taken_; }

 private:
  friend class Place;
  using Own = std::vector<Place*>;
  std::shared_ptr<Place> add(const DeploymentId& deployment, std::function<void()> on_lost);
  void remove(const Place& place);
  // Makes the place of `own` that was idle longest lost; none where all are in use.
  static Place* take_idle(const Own& own);

  const Limits limits_;
  std::atomic<std::size_t> taken_ = 0;
  std::mutex mutex_;
  std::unordered_map<DeploymentId, Own> places_;
};

}  // namespace remit::gateway
