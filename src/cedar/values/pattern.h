// The right-hand side of `like`: literal texts with wildcards between them, each matching any text, even
// none.

#pragma once

#include <span>
#include <string_view>

namespace cedar {

struct Pattern {
  // The texts between wildcards, n wildcards giving n + 1 of them, the first and the last perhaps empty.
  std::span<const std::string_view> pieces;

  // Linear in the sizes of both, whatever the pattern: each piece is sought once, leftmost.
  bool matches(std::string_view text) const;
};

}  // namespace cedar
