// Cancellation: says to calls that are under way, on whatever loop, that their answers are no longer wanted.
//
// Thread-safety: thread-safe. Copies are handles of the same cancellation; it may be given to any number of
// calls.

#pragma once

#include <cstdint>
#include <functional>
#include <memory>

namespace remit::http {

class Cancellation {
 public:
  Cancellation();

  // Once and for good. A call that ends at the same moment may still give its answer. On the call's own loop
  // it counts at once: when this returns, nothing more is written.
  void cancel();
  bool cancelled() const;

  // Calls `hook` once when it is cancelled, on that thread; at once where it already is. 0: nothing to
  // unsubscribe.
  std::uint64_t subscribe(std::function<void()> hook) const;
  void unsubscribe(std::uint64_t id) const;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace remit::http
