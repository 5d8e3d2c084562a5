// PolicyWatch: whether the policies in force still fit what the catalog has, for metrics and the server's
// log.
//
// A publication is checked before it comes into force; a tool that changes or goes later can leave policies
// behind that name what is no more. They stay in force, permit nothing by what cannot be evaluated, and
// somebody has to be told.
//
// Thread-safety: look() on one thread, errors() on any. A look takes as long as a check (policy_check.h).

#pragma once

#include <array>
#include <atomic>
#include <cstddef>
#include <cstdint>

#include "base/environment.h"
#include "snapshot/snapshot.h"

namespace remit::server {

class PolicyWatch {
 public:
  // Checks the policies of every environment, unless this revision has been looked at; says in the log where
  // the number of errors is another than before.
  void look(const snapshot::Snapshot& snapshot);

  std::size_t errors(Environment environment) const {
    return errors_.at(static_cast<std::size_t>(environment)).load(std::memory_order_relaxed);
  }

 private:
  std::int64_t revision_ = -1;
  std::array<std::atomic<std::size_t>, kEnvironments.size()> errors_{};
};

}  // namespace remit::server
