// CallCounters: what became of calls, by environment and destination, how long it took, and when each
// destination was heard last. For metrics and for who looks after a destination.
//
// Each loop has its own and alone counts there: without a lock, and without an allocation but for the first
// call to a destination. Whoever reads takes a lock that nobody else waits for but such a first call. The
// number of series is bounded: what goes to a destination beyond kMostDestinations is counted without its
// name.
//
// Thread-safety: totals() on any thread, all else on the loop's.

#pragma once

#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

#include "base/id.h"
#include "decision/decide.h"
#include "snapshot/snapshot.h"

namespace remit::gateway {

inline constexpr std::size_t kVerdicts = 3;  // by decision::Verdict

// Seconds up to which each bucket of a histogram reaches; one more has all that took longer.
inline constexpr std::array kBuckets = {0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1,
                                        0.25,   0.5,   1.0,    2.5,   5.0,  10.0,  30.0, 60.0};

struct HistogramTotals {
  std::array<std::uint64_t, kBuckets.size() + 1> buckets{};  // each for itself
  double seconds = 0;                                        // of all

  std::uint64_t count() const;
};

// A number that one thread changes and others read.
class LoopCount {
 public:
  void add(std::uint64_t more = 1) { value_.store(value() + more, std::memory_order_relaxed); }
  void set(std::uint64_t value) { value_.store(value, std::memory_order_relaxed); }
  std::uint64_t value() const { return value_.load(std::memory_order_relaxed); }

 private:
  std::atomic<std::uint64_t> value_{0};
};

class Histogram {
 public:
  void observe(std::chrono::steady_clock::duration took);
  void add_to(HistogramTotals& totals) const;

 private:
  std::array<LoopCount, kBuckets.size() + 1> buckets_;
  LoopCount nanoseconds_;
};

// The calls to one destination; those of an environment that never came to one are a series too.
struct CallSeries {
  std::array<LoopCount, kVerdicts> verdicts;
  LoopCount upstream_errors;  // released, and without an answer
  Histogram upstream;         // from the hand-over to the answer, or to its absence
  // When the destination last answered a call, and last failed one (it was not reached, said nothing that
  // can be read, or nothing in time). Microseconds since 1970; 0: never since the start.
  LoopCount answered_at;
  LoopCount failed_at;

  void decided(decision::Verdict verdict) { verdicts.at(static_cast<std::size_t>(verdict)).add(); }
};

struct CallTotals {
  struct Series {
    std::array<std::uint64_t, kVerdicts> verdicts{};
    std::uint64_t upstream_errors = 0;
    std::uint64_t answered_at = 0;
    std::uint64_t failed_at = 0;
    HistogramTotals upstream;
  };
  // By the destination's name, empty where there was none. Each environment has that one at least.
  std::array<std::map<std::string, Series>, kEnvironments.size()> by_destination;
  // From a call's arrival until its decision was durable, but for what a destination took to open.
  std::array<HistogramTotals, kEnvironments.size()> decisions;
};

class CallCounters {
 public:
  static constexpr std::size_t kMostDestinations = 1000;

  // Null: there was none. What it gives lives as long as this.
  CallSeries& of(Environment environment, const snapshot::Destination* destination);
  Histogram& decisions(Environment environment) {
    return decisions_.at(static_cast<std::size_t>(environment));
  }

  void add_to(CallTotals& totals) const;

 private:
  struct Named {
    Environment environment;
    std::string name;
    CallSeries series;
  };
  std::array<CallSeries, kEnvironments.size()> elsewhere_;
  std::array<Histogram, kEnvironments.size()> decisions_;
  mutable std::mutex mutex_;  // held to add one, and to read all; the loop alone adds
  std::unordered_map<DestinationId, std::unique_ptr<Named>> by_destination_;
};

}  // namespace remit::gateway
