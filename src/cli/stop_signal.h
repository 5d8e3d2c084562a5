// StopSignal: SIGINT and SIGTERM, and others that are named, as something to wait for.
//
// Make it before any other thread is started: the signals are then blocked in all of them, and taken here
// alone.
//
// Thread-safety: one thread waits.

#pragma once

#include <chrono>
#include <csignal>
#include <initializer_list>

namespace remit::cli {

class StopSignal {
 public:
  explicit StopSignal(std::initializer_list<int> others = {});
  ~StopSignal();  // the signals act as before
  StopSignal(const StopSignal&) = delete;
  StopSignal& operator=(const StopSignal&) = delete;

  int wait() const;  // which one came
  // Whether one came within the time.
  bool wait_for(std::chrono::milliseconds time) const;

 private:
  sigset_t signals_{};
  sigset_t before_{};
};

}  // namespace remit::cli
