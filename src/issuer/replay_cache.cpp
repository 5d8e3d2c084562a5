#include "issuer/replay_cache.h"

#include <algorithm>

namespace remit::issuer {
namespace {

// Of fixed length, so that no pair can be spelled as another.
Digest key_of(const Digest& client, std::string_view jti) { return sha256(client.bytes, as_bytes(jti)); }

std::unexpected<Error> used_before(std::string_view code, std::string_view what) {
  return fail(ErrorKind::kUnauthorized, code,
              "the assertion was used before" + std::string(what) + ": each needs a `jti` of its own");
}

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

void MemoryReplayCache::insert(const Spent& spent, First first) {
  if (!spent_.emplace(spent.token, std::move(first)).second) return;
  by_end_.emplace(spent.until, spent);
  ++per_client_[spent.client];
}

Result<Spent> MemoryReplayCache::spend(const Use& use, Instant now) {
  const auto client = sha256(use.client);
  const Spent spent{.token = key_of(client, use.jti), .client = client, .until = use.until};
  const std::scoped_lock lock(mutex_);
  forget_expired(now);
  if (use.until <= forgotten_) return used_before("RMT-J027", "");
  if (const auto found = spent_.find(spent.token); found != spent_.end()) {
    const auto& [assertion, from] = found->second;
    const bool known = !from.empty() && !use.from.empty();
    if (assertion == use.assertion && known && from != use.from)
      return used_before("RMT-J035", ", from another address");
    return used_before("RMT-J027", assertion == use.assertion ? "" : ", or another one with its `jti`");
  }
  const auto count = per_client_.find(client);
  if (spent_.size() >= capacity_ || (count != per_client_.end() && count->second >= capacity_per_client_))
    return fail(ErrorKind::kUnavailable, "RMT-J028", "too many assertions are in use at once");
  insert(spent, {.assertion = use.assertion, .from = std::string(use.from)});
  return spent;
}

std::vector<Spent> MemoryReplayCache::living(Instant now) {
  const std::scoped_lock lock(mutex_);
  forget_expired(now);
  std::vector<Spent> all;
  all.reserve(by_end_.size());
  for (const auto& [_, spent] : by_end_) all.push_back(spent);
  return all;
}

void MemoryReplayCache::recall(const Spent& spent) {
  const std::scoped_lock lock(mutex_);
  insert(spent, {});
}

}  // namespace remit::issuer
