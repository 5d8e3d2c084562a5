#include "issuer/repeat_limit.h"

#include <utility>

namespace remit::issuer {

std::int64_t RepeatLimit::count(std::string_view subject, Instant now) {
  const std::scoped_lock lock(mutex_);
  if (const auto found = told_.find(subject); found != told_.end()) {
    auto& [at, untold] = found->second;
    ++untold;
    // A clock that stepped back must not silence it.
    if (now >= at && now < at + interval_) return 0;
    at = now;
    return std::exchange(untold, 0);
  }
  if (told_.size() >= capacity_)
    std::erase_if(told_, [&](const auto& one) { return now >= one.second.at + interval_; });
  if (told_.size() < capacity_) told_.emplace(subject, Told{.at = now});
  return 1;
}

}  // namespace remit::issuer
