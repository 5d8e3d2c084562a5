// What was spent and may not be used again: the `jti` of assertions (RFC 7523 §3, item 7).
//
// Memory is bounded, in all and for each client, and a cache that is full refuses: it never forgets what
// could still be replayed. A wall clock that steps back revives nothing: what was forgotten as expired stays
// refused.
//
// Of a second use it says what kind it is. The same `jti` again, or the same assertion from the same place,
// is what proxies that retry and libraries that keep an assertion do. The same assertion from another address
// is in other hands.

#pragma once

#include <cstddef>
#include <map>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/clock.h"
#include "base/result.h"
#include "base/sha256.h"

namespace remit::issuer {

// An assertion that a client shows.
struct Use {
  std::string_view client;
  std::string_view jti;
  Digest assertion;       // of its whole text
  std::string_view from;  // the client's address; empty: not known
  Instant until;          // how long it could be used
};

// One that was spent, as it can be kept (issuer/spent_assertions.h).
struct Spent {
  Digest token;   // of client and jti
  Digest client;  // of the client's id
  Instant until;
};

class ReplayCache {
 public:
  virtual ~ReplayCache() = default;

  // Spends (client, jti), to be remembered until `until`. Thread-safe; of two callers at once, one succeeds.
  // Errors: kUnauthorized RMT-J027 (spent before, or so old that this cannot be known), RMT-J035 (this very
  // assertion was spent from another address), kUnavailable RMT-J028 (full).
  virtual Result<Spent> spend(const Use& use, Instant now) = 0;
};

class MemoryReplayCache final : public ReplayCache {
 public:
  explicit MemoryReplayCache(std::size_t capacity = 100'000, std::size_t capacity_per_client = 10'000)
      : capacity_(capacity), capacity_per_client_(capacity_per_client) {}

  Result<Spent> spend(const Use& use, Instant now) override;

  // What was spent before a restart. It is never refused for want of room.
  void recall(const Spent& spent);
  // What is spent and could still be shown at `now`.
  std::vector<Spent> living(Instant now);

 private:
  struct First {
    Digest assertion;  // all zeros: not known any more
    std::string from;
  };
  void forget_expired(Instant now);
  void insert(const Spent& spent, First first);

  const std::size_t capacity_;
  const std::size_t capacity_per_client_;
  std::mutex mutex_;
  std::multimap<Instant, Spent> by_end_;
  std::unordered_map<Digest, First> spent_;
  std::unordered_map<Digest, std::size_t> per_client_;
  Instant forgotten_{Instant::min()};  // nothing that ends at or before it is remembered
};

}  // namespace remit::issuer
