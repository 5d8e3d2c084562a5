// Hashes of texts: fast, the same in every run, and no defence against who chooses texts that collide;
// whoever finds something by its hash compares it in full.

#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace cedar {

// Multiplies to 128 bits and folds them: every bit of the result depends on every bit given.
inline std::uint64_t mix(std::uint64_t a, std::uint64_t b) {
  const auto product = static_cast<unsigned __int128>(a ^ 0x9E3779B97F4A7C15U) * (b ^ 0xD6E8FEB86659FD93U);
  return static_cast<std::uint64_t>(product) ^ static_cast<std::uint64_t>(product >> 64U);
}

inline std::uint64_t hash_text(std::string_view text) {
  const auto eight = [](const char* from) {
    std::uint64_t read = 0;
    std::memcpy(&read, from, sizeof read);
    return read;
  };
  const auto four = [](const char* from) {
    std::uint32_t read = 0;
    std::memcpy(&read, from, sizeof read);
    return std::uint64_t{read};
  };
  const char* at = text.data();
  std::size_t left = text.size();
  std::uint64_t state = left;
  for (; left > 16; left -= 16, at += 16) state = mix(eight(at) ^ state, eight(at + 8));
  // The rest, by reads that may overlap.
  if (left >= 8) return mix(eight(at) ^ state, eight(at + left - 8));
  if (left >= 4) return mix(four(at) ^ state, four(at + left - 4));
  if (left == 0) return mix(state, 0);
  const auto byte = [at](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(at[i])}; };
  return mix((byte(0) | byte(left / 2) << 8U | byte(left - 1) << 16U) ^ state, 1);
}

}  // namespace cedar
