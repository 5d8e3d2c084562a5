// Texts of a megabyte that mean harm.

#pragma once

#include <cstddef>
#include <string>

namespace cedar {

inline constexpr std::size_t kSize = 1'000'000;

struct Attack {
  const char* name;
  std::string text;
};

// `piece` as often as fits into `size` bytes; of `%`, its number, and of `^`, the number before.
inline std::string filled(const std::string& piece, std::size_t size = kSize) {
  std::string out;
  for (std::size_t i = 1; out.size() + piece.size() + 16 < size; ++i) {
    for (const char c : piece) {
      if (c == '%') {
        out += std::to_string(i);
      } else if (c == '^') {
        out += std::to_string(i - 1);
      } else {
        out += c;
      }
    }
  }
  return out;
}

inline std::string repeated(const std::string& piece, std::size_t count) {
  std::string out;
  for (std::size_t i = 0; i < count; ++i) out += piece;
  return out;
}

}  // namespace cedar
