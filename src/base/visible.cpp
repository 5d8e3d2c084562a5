#include "base/visible.h"

#include <fmt/format.h>

#include <cstdint>

#include "base/utf8.h"

namespace remit {
namespace {

// Controls, line and paragraph separators, and what changes direction or takes no room.
bool hides(char32_t c) {
  return c < 0x20 || (c >= 0x7F && c < 0xA0) || c == 0xAD || c == 0x61C || c == 0x180E ||
         (c >= 0x200B && c <= 0x200F) || (c >= 0x2028 && c <= 0x202E) || (c >= 0x2060 && c <= 0x206F) ||
         c == 0xFEFF || (c >= 0xFFF9 && c <= 0xFFFB) || (c >= 0xE0000 && c <= 0xE007F);
}

// Takes one character, or one byte that is none, off the front of `text` and shows it.
void show_one(std::string_view& text, std::string& out) {
  const auto whole = text;
  const char32_t point = take_code_point(text);
  if (point == kNotUtf8) {
    text = whole.substr(1);
    fmt::format_to(std::back_inserter(out), "\\x{:02X}", static_cast<unsigned char>(whole.front()));
  } else if (hides(point)) {
    fmt::format_to(std::back_inserter(out), "\\u{{{:X}}}", static_cast<std::uint32_t>(point));
  } else {
    out += whole.substr(0, whole.size() - text.size());
  }
}

}  // namespace

std::string visible(std::string_view text) {
  std::string out;
  out.reserve(text.size());
  while (!text.empty()) show_one(text, out);
  return out;
}

std::string excerpt(std::string_view text, std::size_t max_bytes) {
  constexpr std::string_view kSpace = " \t\n\r";
  std::string out;
  while (!text.empty()) {
    if (out.size() >= max_bytes) return out + "…";
    const auto word = text.find_first_not_of(kSpace);
    if (word == 0) {
      show_one(text, out);
      continue;
    }
    if (word == std::string_view::npos) break;
    if (!out.empty()) out += ' ';
    text.remove_prefix(word);
  }
  return out;
}

}  // namespace remit
