// The text forms of extension types. What parses answers nullopt for text that is not one, overflow included;
// what prints gives one text for each value, which parses to it.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "cedar/values/value.h"

namespace cedar {

std::optional<IpAddress> parse_ip(std::string_view text);
bool is_loopback(const IpAddress& address);
bool is_multicast(const IpAddress& address);
bool is_in_range(const IpAddress& address, const IpAddress& range);

std::optional<std::int64_t> parse_decimal(std::string_view text);   // in ten-thousandths
std::optional<std::int64_t> parse_datetime(std::string_view text);  // milliseconds since 1970-01-01T00:00:00Z
std::optional<std::int64_t> parse_duration(std::string_view text);  // milliseconds

std::string ip_text(const IpAddress& address);
std::string decimal_text(std::int64_t ten_thousandths);
// Years below 0 and above 9999 can be computed, but have no text: nullopt.
std::optional<std::string> datetime_text(std::int64_t milliseconds);
std::string duration_text(std::int64_t milliseconds);

}  // namespace cedar
