// eventually: waits for something that happens on another thread soon.

#pragma once

#include <chrono>
#include <thread>

namespace remit::gateway::testing {

// Whether `condition` comes true within twenty seconds.
template <typename Condition>
bool eventually(Condition condition) {
  const auto until = std::chrono::steady_clock::now() + std::chrono::seconds(20);
  while (!condition()) {
    if (std::chrono::steady_clock::now() > until) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  return true;
}

}  // namespace remit::gateway::testing
