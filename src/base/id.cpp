#include "base/id.h"

#include <algorithm>
#include <array>

namespace remit {

std::string make_uuid7(const Clock& clock, Random& random) {
  std::array<std::uint8_t, 16> uuid;
  random.fill(uuid);
  const auto millis = static_cast<std::uint64_t>(to_micros(clock.now()) / 1000);
  for (std::size_t i = 0; i < 6; ++i) uuid[i] = static_cast<std::uint8_t>(millis >> (40 - 8 * i));
  uuid[6] = static_cast<std::uint8_t>(0x70 | (uuid[6] & 0x0f));  // version 7
  uuid[8] = static_cast<std::uint8_t>(0x80 | (uuid[8] & 0x3f));  // variant 10
  return to_hex(uuid);
}

bool is_id(std::string_view prefix, std::string_view text) {
  if (text.size() != prefix.size() + 33 || !text.starts_with(prefix) || text[prefix.size()] != '_')
    return false;
  return std::ranges::all_of(text.substr(prefix.size() + 1),
                             [](char c) { return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f'); });
}

}  // namespace remit
