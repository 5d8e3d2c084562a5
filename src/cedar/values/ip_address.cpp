#include <array>
#include <charconv>

#include "cedar/values/extension_types.h"

namespace cedar {
namespace {

using Bits = unsigned __int128;

// Decimal without leading zeros or sign, at most `limit`.
std::optional<std::uint32_t> parse_number(std::string_view text, std::uint32_t limit) {
  if (text.empty() || text.size() > 3 || (text.size() > 1 && text.front() == '0')) return std::nullopt;
  std::uint32_t number = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    number = number * 10 + static_cast<std::uint32_t>(c - '0');
  }
  if (number > limit) return std::nullopt;
  return number;
}

std::optional<Bits> parse_v4(std::string_view text) {
  Bits bits = 0;
  for (int octet = 0; octet < 4; ++octet) {
    const std::size_t end = octet < 3 ? text.find('.') : text.size();
    if (end == std::string_view::npos) return std::nullopt;
    const auto number = parse_number(text.substr(0, end), 255);
    if (!number) return std::nullopt;
    bits = (bits << 8U) | *number;
    text.remove_prefix(octet < 3 ? end + 1 : end);
  }
  return bits;
}

struct Groups {
  std::array<std::uint16_t, 8> values{};
  std::size_t count = 0;
};

// Groups of one to four hexadecimal digits between colons; none in an empty text.
std::optional<Groups> parse_groups(std::string_view text) {
  Groups groups;
  if (text.empty()) return groups;
  while (true) {
    const std::size_t end = std::min(text.find(':'), text.size());
    if (groups.count == 8 || end == 0 || end > 4) return std::nullopt;
    std::uint16_t value = 0;
    const std::string_view digits = text.substr(0, end);
    const auto [stop, error] = std::from_chars(digits.begin(), digits.end(), value, 16);
    if (error != std::errc() || stop != digits.end()) return std::nullopt;
    groups.values.at(groups.count++) = value;
    if (end == text.size()) return groups;
    text.remove_prefix(end + 1);
  }
}

std::optional<Bits> parse_v6(std::string_view text) {
  const std::size_t gap = text.find("::");
  const auto head = parse_groups(text.substr(0, gap));
  const auto tail = parse_groups(gap == std::string_view::npos ? "" : text.substr(gap + 2));
  if (!head || !tail) return std::nullopt;
  const std::size_t count = head->count + tail->count;
  // `::` stands for at least one group.
  if (gap == std::string_view::npos ? count != 8 : count > 7) return std::nullopt;

  Bits bits = 0;
  for (std::size_t i = 0; i < head->count; ++i) bits |= Bits{head->values.at(i)} << (112 - 16 * i);
  for (std::size_t i = 0; i < tail->count; ++i)
    bits |= Bits{tail->values.at(i)} << (16 * (tail->count - 1 - i));
  return bits;
}

std::uint32_t width(const IpAddress& address) { return address.v6 ? 128 : 32; }

// The bits below a prefix.
Bits host_mask(const IpAddress& address) {
  const std::uint32_t host_bits = width(address) - address.prefix;
  return host_bits == 128 ? ~Bits{0} : (Bits{1} << host_bits) - 1;
}

}  // namespace

std::optional<IpAddress> parse_ip(std::string_view text) {
  const std::size_t slash = text.find('/');
  const std::string_view host = text.substr(0, slash);
  const bool v6 = host.contains(':');
  const auto bits = v6 ? parse_v6(host) : parse_v4(host);
  if (!bits) return std::nullopt;

  std::uint32_t prefix = v6 ? 128 : 32;
  if (slash != std::string_view::npos) {
    const auto written = parse_number(text.substr(slash + 1), prefix);
    if (!written) return std::nullopt;
    prefix = *written;
  }
  return IpAddress{*bits, static_cast<std::uint8_t>(prefix), v6};
}

// The prefix is left out where it says nothing. IPv6 as RFC 5952 recommends: lower case, no leading zeros,
// the first of the longest runs of zero groups as `::`, if it is one of two at least.
std::string ip_text(const IpAddress& address) {
  const auto part = [&](unsigned shift, std::uint32_t mask) {
    return static_cast<std::uint32_t>(address.bits >> shift) & mask;
  };
  std::string out;
  if (!address.v6) {
    for (unsigned i = 0; i < 4; ++i) out += (i > 0 ? "." : "") + std::to_string(part(24 - 8 * i, 0xFFU));
  } else {
    std::array<std::uint32_t, 8> groups{};
    for (unsigned i = 0; i < 8; ++i) groups.at(i) = part(112 - 16 * i, 0xFFFFU);
    std::size_t gap = 8;
    std::size_t longest = 1;
    for (std::size_t i = 0, run = 0; i < 8; ++i) {
      run = groups.at(i) == 0 ? run + 1 : 0;
      if (run <= longest) continue;
      longest = run;
      gap = i + 1 - run;
    }
    for (std::size_t i = 0; i < 8; ++i) {
      if (i == gap) {
        out += "::";
        i += longest - 1;
        continue;
      }
      if (i > 0 && !out.ends_with(':')) out += ':';
      std::array<char, 4> digits{};
      const auto [end, error] = std::to_chars(digits.begin(), digits.end(), groups.at(i), 16);
      out.append(digits.begin(), end);
    }
  }
  if (address.prefix != width(address)) out += "/" + std::to_string(address.prefix);
  return out;
}

bool is_in_range(const IpAddress& address, const IpAddress& range) {
  if (address.v6 != range.v6) return false;
  const Bits low = address.bits & ~host_mask(address);
  const Bits high = address.bits | host_mask(address);
  return low >= (range.bits & ~host_mask(range)) && high <= (range.bits | host_mask(range));
}

bool is_loopback(const IpAddress& address) {
  static constexpr IpAddress kV4{0x7F000000U, 8, false};  // 127.0.0.0/8
  static constexpr IpAddress kV6{1, 128, true};           // ::1
  return is_in_range(address, address.v6 ? kV6 : kV4);
}

bool is_multicast(const IpAddress& address) {
  static constexpr IpAddress kV4{0xE0000000U, 4, false};        // 224.0.0.0/4
  static constexpr IpAddress kV6{Bits{0xFF} << 120U, 8, true};  // ff00::/8
  return is_in_range(address, address.v6 ? kV6 : kV4);
}

}  // namespace cedar
