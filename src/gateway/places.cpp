#include "gateway/places.h"

#include <algorithm>
#include <utility>

namespace remit::gateway {

Place::Place(Places& places, DeploymentId deployment, std::function<void()> on_lost)
    : places_(places),
      deployment_(std::move(deployment)),
      on_lost_(std::move(on_lost)),
      last_used_(std::chrono::steady_clock::now()) {}

Place::~Place() {
  const std::lock_guard lock(places_.mutex_);
  places_.remove(*this);
}

bool Place::give_up() {
  int none = 0;
  return uses_.compare_exchange_strong(none, -1);
}

Place::Use::Use(std::shared_ptr<Place> place) {
  int uses = place->uses_;
  while (uses >= 0 && !place->uses_.compare_exchange_weak(uses, uses + 1)) {
  }
  if (uses >= 0) place_ = std::move(place);
}

Place::Use::~Use() {
  if (!place_) return;
  place_->touch(std::chrono::steady_clock::now());
  --place_->uses_;
}

Place::Use& Place::Use::operator=(Use&& other) noexcept {
  std::swap(place_, other.place_);
  return *this;
}

std::expected<std::shared_ptr<Place>, Places::Full> Places::take(const DeploymentId& deployment,
                                                                 std::function<void()> on_lost) {
  std::function<void()> tell_loser;
  std::shared_ptr<Place> taken;
  {
    const std::lock_guard lock(mutex_);
    const auto found = places_.find(deployment);
    const std::size_t own = found == places_.end() ? 0 : found->second.size();
    const bool full = taken_ >= limits_.in_all;
    if (own >= limits_.per_deployment || full) {
      Place* loser = own > 0 ? take_idle(found->second) : nullptr;
      if (loser == nullptr && own >= limits_.per_deployment) return std::unexpected(Full::kDeployment);
      if (loser == nullptr) {
        Own all;
        all.reserve(taken_);
        for (const auto& [_, places] : places_) all.insert(all.end(), places.begin(), places.end());
        loser = take_idle(all);
      }
      if (loser == nullptr) return std::unexpected(Full::kInAll);
      tell_loser = loser->on_lost_;
      remove(*loser);
    }
    taken = add(deployment, std::move(on_lost));
  }
  if (tell_loser) tell_loser();
  return taken;
}

std::shared_ptr<Place> Places::hold(const DeploymentId& deployment, std::function<void()> on_lost) {
  const std::lock_guard lock(mutex_);
  return add(deployment, std::move(on_lost));
}

std::shared_ptr<Place> Places::add(const DeploymentId& deployment, std::function<void()> on_lost) {
  std::shared_ptr<Place> place(new Place(*this, deployment, std::move(on_lost)));
  places_[deployment].push_back(place.get());
  ++taken_;
  return place;
}

// Without effect for one that was removed when it was lost.
void Places::remove(const Place& place) {
  const auto found = places_.find(place.deployment_);
  if (found == places_.end() || std::erase(found->second, &place) == 0) return;
  if (found->second.empty()) places_.erase(found);
  --taken_;
}

Place* Places::take_idle(const Own& own) {
  for (;;) {
    Place* idlest = nullptr;
    for (auto* place : own)
      if (place->uses_ == 0 && (idlest == nullptr || place->last_used() < idlest->last_used()))
        idlest = place;
    // It may have come into use meanwhile; then another one is.
    if (idlest == nullptr || idlest->give_up()) return idlest;
  }
}

}  // namespace remit::gateway
