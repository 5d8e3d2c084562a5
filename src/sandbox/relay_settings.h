// What the connections of children to their declared hosts may take. A connection holds two descriptors and
// 32 KiB.
//
// Thread-safety: values.

#pragma once

#include <chrono>
#include <cstddef>
#include <functional>
#include <string_view>

namespace remit::sandbox {

struct RelaySettings {
  std::size_t connections = 1024;  // of all children at once; one more is reset
  std::size_t connections_per_child = 64;
  std::chrono::milliseconds connect{10'000};  // the lookup and all tries together
  std::chrono::milliseconds idle{7'200'000};  // without a byte in either direction
  std::chrono::milliseconds ending{1000};     // for what a child sent before it ended
  // Why a connection was not made: of which destination, to which host, in words. From any thread.
  std::function<void(std::string_view id, std::string_view host, std::string_view why)> tell = {};
};

}  // namespace remit::sandbox
