// How much there is in a JSON text besides its bytes, counted before anything is built of it.
//
// What a value costs to read, to decide on and to record is several times its bytes where it is small: an
// object of 380,000 members is 3.7 MB, and took longer than half a second. So messages are bounded in these
// numbers too. The count is exact for JSON, but that an empty array counts as two values, and anything at all
// for what is no JSON: the parser refuses that.
//
// Thread-safety: pure functions.

#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace remit::mcp {

struct SizeLimits {
  std::size_t members = 10'000;  // of one object
  std::size_t values = 100'000;  // in all, at any depth
};

// What there is too much of, for people; none: it is within the limits. A text that is too short to be over
// them is not looked at.
std::optional<std::string> over_size(std::string_view text, const SizeLimits& limits);

}  // namespace remit::mcp
