// Who is connected, by peer, and whose connection is closed when a bound is met. Private to this module.
//
// What a connection is doing is looked at only then, and several are found at once: neither a request nor, on
// the average, a new connection costs more where there are many.
//
// Thread-safety: none; what it reads of connections is thread-safe.

#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <vector>

namespace remit::http {

class Connection;

class ConnectionTable {
 public:
  ConnectionTable(std::size_t most, std::size_t most_per_peer) : most_(most), most_per_peer_(most_per_peer) {}

  struct Taken {
    bool in = false;
    std::vector<std::shared_ptr<Connection>> closed_for_it = {};  // by the caller; they stay until removed
  };
  Taken add(const std::shared_ptr<Connection>& connection);
  // One of those that were to be closed has work again, and so stays.
  void keep(const std::shared_ptr<Connection>& connection);
  void remove(const std::shared_ptr<Connection>& connection);

  std::vector<std::shared_ptr<Connection>> all() const;
  std::size_t size() const { return in_ + leaving_.size(); }
  // So many are being closed that nobody should be let in before some of them are gone.
  bool crowded() const;

 private:
  using Set = std::unordered_set<std::shared_ptr<Connection>>;

  // Moves those that have been idle longest to leaving_.
  std::vector<std::shared_ptr<Connection>> let_go(const std::vector<const Set*>& among);

  const std::size_t most_;
  const std::size_t most_per_peer_;
  std::unordered_map<std::string, Set> peers_;
  std::size_t in_ = 0;
  Set leaving_;  // being closed for others: they take no place any more
};

}  // namespace remit::http
