#include "base/utf8.h"

#include <array>
#include <cstdint>

namespace remit {

char32_t take_code_point(std::string_view& text) {
  const auto lead = static_cast<std::uint8_t>(text.front());
  text.remove_prefix(1);
  if (lead < 0x80) return lead;
  const unsigned more = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : 1;
  static constexpr std::array<char32_t, 4> kSmallest = {0, 0x80, 0x800, 0x10000};
  if (lead < 0xc0 || lead > 0xf4 || text.size() < more) return kNotUtf8;
  char32_t point = lead & (0x3fU >> more);
  for (unsigned i = 0; i < more; ++i) {
    const auto next = static_cast<std::uint8_t>(text.front());
    if ((next & 0xc0) != 0x80) return kNotUtf8;
    text.remove_prefix(1);
    point = (point << 6) | (next & 0x3f);
  }
  const bool valid = point >= kSmallest[more] && point <= 0x10ffff && (point < 0xd800 || point > 0xdfff);
  return valid ? point : kNotUtf8;
}

std::string_view utf8_head(std::string_view text, std::size_t max_bytes) {
  if (text.size() <= max_bytes) return text;
  while (max_bytes > 0 && (static_cast<std::uint8_t>(text[max_bytes]) & 0xc0) == 0x80) --max_bytes;
  return text.substr(0, max_bytes);
}

}  // namespace remit
