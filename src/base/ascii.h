// ASCII, whatever the locale. Thread-safety: pure functions.

#pragma once

#include <string_view>

namespace remit {

constexpr bool is_digit(char c) { return c >= '0' && c <= '9'; }

// Without the spaces and tabs around it.
constexpr std::string_view trimmed(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t") - begin + 1);
}

}  // namespace remit
