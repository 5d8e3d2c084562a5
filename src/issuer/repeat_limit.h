// RepeatLimit: what is worth telling once and then from time to time, however often it happens.
//
// Thread-safety: any thread.

#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>
#include <string_view>

#include "base/clock.h"

namespace remit::issuer {

class RepeatLimit {
 public:
  // Each subject is told at most once in `interval`. Of more than `capacity` subjects at once the ones beyond
  // are told each time they come: nothing is left untold for want of memory.
  explicit RepeatLimit(std::chrono::seconds interval = std::chrono::minutes(10),
                       std::size_t capacity = 10'000)
      : interval_(interval), capacity_(capacity) {}

  // How often it has happened since it was last told, this time included; 0: not to be told now.
  std::int64_t count(std::string_view subject, Instant now);

 private:
  struct Told {
    Instant at;
    std::int64_t untold = 0;
  };

  const std::chrono::seconds interval_;
  const std::size_t capacity_;
  std::mutex mutex_;
  std::map<std::string, Told, std::less<>> told_;
};

}  // namespace remit::issuer
