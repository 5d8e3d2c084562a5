#include "http/connection_table.h"

#include <algorithm>

#include "http/connection.h"

namespace remit::http {
namespace {

// So many are found at once, so that not every new connection looks at all the others.
constexpr std::size_t kLookedAtForOne = 128;
constexpr std::size_t kMostAtOnce = 16;
// A loop that does not get to closing must not let descriptors run out: whoever comes then waits outside,
// where the kernel keeps them, and is not turned away for what others did.
constexpr std::size_t kCrowd = 4 * kMostAtOnce;

}  // namespace

ConnectionTable::Taken ConnectionTable::add(const std::shared_ptr<Connection>& connection) {
  Taken taken;
  const auto peer = peers_.find(connection->peer_group());
  std::vector<const Set*> full;
  if (peer != peers_.end() && peer->second.size() >= most_per_peer_)
    full.push_back(&peer->second);
  else if (in_ >= most_)
    for (const auto& [name, set] : peers_) full.push_back(&set);
  if (!full.empty()) {
    taken.closed_for_it = let_go(full);
    if (taken.closed_for_it.empty()) return taken;
  }
  peers_[connection->peer_group()].insert(connection);
  ++in_;
  taken.in = true;
  return taken;
}

void ConnectionTable::keep(const std::shared_ptr<Connection>& connection) {
  if (leaving_.erase(connection) == 0) return;
  peers_[connection->peer_group()].insert(connection);
  ++in_;
}

void ConnectionTable::remove(const std::shared_ptr<Connection>& connection) {
  if (leaving_.erase(connection) > 0) return;
  const auto peer = peers_.find(connection->peer_group());
  if (peer == peers_.end() || peer->second.erase(connection) == 0) return;
  --in_;
  if (peer->second.empty()) peers_.erase(peer);
}

bool ConnectionTable::crowded() const { return leaving_.size() >= kCrowd; }

std::vector<std::shared_ptr<Connection>> ConnectionTable::all() const {
  std::vector<std::shared_ptr<Connection>> all(leaving_.begin(), leaving_.end());
  for (const auto& [name, set] : peers_) all.insert(all.end(), set.begin(), set.end());
  return all;
}

std::vector<std::shared_ptr<Connection>> ConnectionTable::let_go(const std::vector<const Set*>& among) {
  struct Idle {
    Connection::Idleness since;
    std::shared_ptr<Connection> connection;
  };
  std::vector<Idle> idle;
  std::size_t looked_at = 0;
  for (const auto* set : among) {
    looked_at += set->size();
    for (const auto& connection : *set)
      if (const auto since = connection->idle()) idle.push_back({*since, connection});
  }
  const auto count =
      std::min(idle.size(), std::clamp(looked_at / kLookedAtForOne, std::size_t{1}, kMostAtOnce));
  std::ranges::partial_sort(idle, idle.begin() + static_cast<std::ptrdiff_t>(count), {}, &Idle::since);
  std::vector<std::shared_ptr<Connection>> gone;
  for (std::size_t i = 0; i < count; ++i) {
    auto& connection = gone.emplace_back(std::move(idle[i].connection));
    remove(connection);
    leaving_.insert(connection);
  }
  return gone;
}

}  // namespace remit::http
