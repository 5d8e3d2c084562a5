// What was spent and may not be used again: the `jti` of assertions (RFC 7523 §3, item 7).
//
// Memory is bounded, in all and for each client, and a cache that is full refuses: it never forgets what
// could still be replayed. A wall clock that steps back revives nothing: what was forgotten as expired stays
// refused.

#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "base/clock.h"
#include "base/result.h"
#include "base/sha256.h"

namespace remit::issuer {

class ReplayCache {
 public:
  virtual ~ReplayCache() = default;

  // Spends (client, jti), to be remembered until `until`. Thread-safe; of two callers at once, one succeeds.
  // Errors: kUnauthorized RMT-J027 (spent before, or so old that this cannot be known), kUnavailable RMT-J028
  // (full).
  virtual Result<> spend(std::string_view client, std::string_view jti, Instant until, Instant now) = 0;
};

class MemoryReplayCache final : public ReplayCache {
 public:
  explicit MemoryReplayCache(std::size_t capacity = 100'000, std::size_t capacity_per_client = 10'000)
      : capacity_(capacity), capacity_per_client_(capacity_per_client) {}

  Result<> spend(std::string_view client, std::string_view jti, Instant until, Instant now) override;

 private:
  struct Entry {
    Digest token;
    Digest client;
  };
  void forget_expired(Instant now);

  const std::size_t capacity_;
  const std::size_t capacity_per_client_;
  std::mutex mutex_;
  std::multimap<Instant, Entry> by_end_;
  std::unordered_set<Digest> spent_;
  std::unordered_map<Digest, std::size_t> per_client_;
  Instant forgotten_{Instant::min()};  // nothing that ends at or before it is remembered
};

}  // namespace remit::issuer
