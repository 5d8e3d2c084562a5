// Time, passed in: the lifecycle can be run for a simulated year in a second.
//
// Instants are wall-clock times in microseconds since 1970 (UTC). Durations that must not jump (timeouts,
// lifetimes of cached things) use std::chrono::steady_clock directly.

#pragma once

#include <atomic>
#include <chrono>
#include <string>

#include "base/result.h"

namespace remit {

using Instant = std::chrono::sys_time<std::chrono::microseconds>;

class Clock {
 public:
  virtual ~Clock() = default;
  virtual Instant now() const = 0;  // thread-safe
};

class SystemClock final : public Clock {
 public:
  Instant now() const override;
};

// A clock that stands still until it is moved. For tests and simulation. Thread-safe.
class ManualClock final : public Clock {
 public:
  explicit ManualClock(Instant start) : now_(start) {}
  Instant now() const override { return now_.load(); }
  void advance(std::chrono::microseconds by) { now_.store(now_.load() + by); }
  void set(Instant to) { now_.store(to); }

 private:
  std::atomic<Instant> now_;
};

// RFC 3339 in UTC with exactly six decimals: "2026-11-24T05:03:41.000000Z".
std::string format_instant(Instant instant);
// Accepts that form, with zero to six decimals. Errors: kInvalid RMT-B003.
Result<Instant> parse_instant(std::string_view text);

inline std::int64_t to_micros(Instant i) { return i.time_since_epoch().count(); }
inline Instant from_micros(std::int64_t us) { return Instant{std::chrono::microseconds{us}}; }
inline std::int64_t to_seconds(Instant i) {
  return std::chrono::floor<std::chrono::seconds>(i.time_since_epoch()).count();
}

}  // namespace remit
