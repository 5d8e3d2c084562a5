// JSON in the one form that digests and log entries are made over: RFC 8785 (JCS), and a parser that refuses
// what can be read two ways.

#pragma once

#include <boost/json/value.hpp>
#include <string>
#include <string_view>

#include "base/result.h"

namespace remit {

// Limits for JSON that comes from outside.
struct JsonLimits {
  std::size_t max_bytes = 4 * 1024 * 1024;
  std::size_t max_depth = 64;
};

// Strict RFC 8259: one value, valid UTF-8, no duplicate member, no comment, no trailing comma, numbers that
// fit a double (integers beyond 64 bits become doubles). Errors: kInvalid RMT-B010 with line and column,
// kTooLarge RMT-B011.
Result<boost::json::value> parse_json(std::string_view text, const JsonLimits& limits = {});

// RFC 8785: members sorted by UTF-16 code units, numbers as ECMAScript prints them, no white space.
// Integers outside ±2^53 are written as the double that they round to, as the RFC demands (§3.2.2.3).
std::string canonical_json(const boost::json::value& value);

}  // namespace remit
