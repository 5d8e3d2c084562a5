// SHA-256 and HMAC-SHA-256 (FIPS 180-4, RFC 2104) on OpenSSL, with the algorithm fetched once per process.

#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <string>

#include "base/bytes.h"

namespace remit {

// A SHA-256 value: of a tool definition, a manifest, a token, a leaf.
struct Digest {
  std::array<std::uint8_t, 32> bytes{};
  auto operator<=>(const Digest&) const = default;
  std::string hex() const { return to_hex(bytes); }
};

Digest sha256(BytesView data);
inline Digest sha256(std::string_view text) { return sha256(as_bytes(text)); }

// Of two pieces one after the other, without joining them.
Digest sha256(BytesView first, BytesView second);

// Of what comes in pieces. One thread at a time.
class Sha256 {
 public:
  Sha256();
  ~Sha256();
  Sha256(const Sha256&) = delete;
  Sha256& operator=(const Sha256&) = delete;
  void add(BytesView piece);
  Digest finish();  // once

 private:
  void* context_;
};

Digest hmac_sha256(BytesView key, BytesView data);

Result<Digest> digest_from_hex(std::string_view hex);  // errors: kInvalid RMT-B001

}  // namespace remit

template <>
struct std::hash<remit::Digest> {
  std::size_t operator()(const remit::Digest& digest) const noexcept;
};
