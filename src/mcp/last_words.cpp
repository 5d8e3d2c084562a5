#include "mcp/last_words.h"

#include <fmt/format.h>

#include <deque>
#include <iterator>

#include "base/utf8.h"

namespace remit::mcp {
namespace {

constexpr std::size_t kMaxLines = 12;
constexpr std::size_t kMaxBytes = 1200;

// C0, DEL, C1, and the marks that change the direction of text.
bool hides(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c < 0xa0) || c == 0x200e || c == 0x200f || (c >= 0x202a && c <= 0x202e) ||
         (c >= 0x2066 && c <= 0x2069) || c == 0x2028 || c == 0x2029;
}

std::string printable(std::string_view line) {
  std::string out;
  while (!line.empty()) {
    const auto before = line;
    const char32_t c = take_code_point(line);
    const auto taken = before.substr(0, before.size() - line.size());
    if (c == '\t') {
      out += ' ';
    } else if (c != kNotUtf8 && !hides(c)) {
      out += taken;
    } else {
      for (const char byte : taken)
        fmt::format_to(std::back_inserter(out), "\\x{:02x}", static_cast<unsigned char>(byte));
    }
  }
  return out;
}

}  // namespace

std::string last_words(std::string_view text) {
  std::deque<std::string> lines;
  std::size_t bytes = 0;
  while (!text.empty() && lines.size() < kMaxLines && bytes < kMaxBytes) {
    const auto end = text.rfind('\n');
    auto line = end == std::string_view::npos ? text : text.substr(end + 1);
    text = end == std::string_view::npos ? std::string_view{} : text.substr(0, end);
    if (line.ends_with('\r')) line.remove_suffix(1);
    if (line.find_first_not_of(" \t") == std::string_view::npos) continue;
    std::string_view cut;
    if (line.size() > kMaxBytes - bytes) {
      line = line.substr(line.size() - (kMaxBytes - bytes));
      cut = "…";
    }
    bytes += line.size();
    lines.push_front(fmt::format("{}{}", cut, printable(line)));
  }
  return fmt::format("{}", fmt::join(lines, "\n"));
}

}  // namespace remit::mcp
