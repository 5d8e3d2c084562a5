// Secret: bytes that are zeroed when they go, and that cannot be printed, logged, compared or turned to JSON
// by accident.

#pragma once

#include <string>
#include <string_view>

#include "base/bytes.h"

namespace remit {

class Secret {
 public:
  Secret() = default;
  explicit Secret(std::string value) : value_(std::move(value)) {}
  Secret(const Secret&) = default;
  Secret& operator=(const Secret& other);
  Secret(Secret&& other) noexcept;
  Secret& operator=(Secret&& other) noexcept;
  ~Secret();

  // The value, at the one place that uses it. Never pass it to a log, an error or a page.
  std::string_view reveal() const { return value_; }
  bool empty() const { return value_.empty(); }

 private:
  void wipe();
  std::string value_;
};

}  // namespace remit
