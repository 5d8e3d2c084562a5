// Bytes and their text forms: hex, base64 (RFC 4648 §4) and base64url without padding (RFC 4648 §5, RFC 7515
// §2).
//
// Decoders are strict: any character outside the alphabet, wrong padding, or non-zero trailing bits is an
// error, since one value read two ways is an attack. Errors: kInvalid RMT-B001.

#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace remit {

using Bytes = std::vector<std::uint8_t>;
using BytesView = std::span<const std::uint8_t>;

inline BytesView as_bytes(std::string_view text) {
  return {reinterpret_cast<const std::uint8_t*>(text.data()), text.size()};
}
inline std::string_view as_text(BytesView bytes) {
  return {reinterpret_cast<const char*>(bytes.data()), bytes.size()};
}

std::string to_hex(BytesView bytes);  // lower case
Result<Bytes> from_hex(std::string_view text);
std::string to_base64(BytesView bytes);  // padded
Result<Bytes> from_base64(std::string_view text);
std::string to_base64url(BytesView bytes);  // not padded
Result<Bytes> from_base64url(std::string_view text);

// Equal without a branch on the content (lengths may be told apart).
bool equal_constant_time(BytesView a, BytesView b);

}  // namespace remit
