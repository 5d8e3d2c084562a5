// Randomness, passed in, so that a simulation replays from its seed.

#pragma once

#include <mutex>
#include <random>
#include <span>

#include "base/bytes.h"

namespace remit {

class Random {
 public:
  virtual ~Random() = default;
  virtual void fill(std::span<std::uint8_t> out) = 0;  // thread-safe
  Bytes bytes(std::size_t count);
};

// The operating system's generator, through OpenSSL. Aborts if there is none: nothing here works without it.
class SystemRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override;
};

// Repeats itself from a seed; for tests only.
class SeededRandom final : public Random {
 public:
  explicit SeededRandom(std::uint64_t seed) : engine_(seed) {}
  void fill(std::span<std::uint8_t> out) override;

 private:
  std::mutex mutex_;
  std::mt19937_64 engine_;
};

}  // namespace remit
