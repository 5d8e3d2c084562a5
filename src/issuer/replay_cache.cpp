#include "issuer/replay_cache.h"

#include <algorithm>

namespace remit::issuer {
namespace {

// Of fixed length, so that no pair can be spelled as another.
Digest key_of(const Digest& client, std::string_view jti) { return sha256(client.bytes, as_bytes(jti)); }

}  // namespace

void MemoryReplayCache::forget_expired(Instant now) {
  while (!by_end_.empty() && by_end_.begin()->first <= now) {
    const auto first = by_end_.begin();
    forgotten_ = std::max(forgotten_, first->first);
    spent_.erase(first->second.token);
    const auto count = per_client_.find(first->second.client);
    if (--count->second == 0) per_client_.erase(count);
    by_end_.erase(first);
  }
}

Result<> MemoryReplayCache::spend(std::string_view client, std::string_view jti, Instant until, Instant now) {
  const auto client_key = sha256(client);
  const auto token_key = key_of(client_key, jti);
  const std::scoped_lock lock(mutex_);
  forget_expired(now);
  if (until <= forgotten_ || spent_.contains(token_key))
    return fail(ErrorKind::kUnauthorized, "RMT-J027",
                "the assertion was used before: each needs a `jti` of its own");
  const auto count = per_client_.find(client_key);
  if (spent_.size() >= capacity_ || (count != per_client_.end() && count->second >= capacity_per_client_))
    return fail(ErrorKind::kUnavailable, "RMT-J028", "too many assertions are in use at once");
  spent_.insert(token_key);
  by_end_.emplace(until, Entry{token_key, client_key});
  ++per_client_[client_key];
  return {};
}

}  // namespace remit::issuer
