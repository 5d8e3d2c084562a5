#include "base/canonical_json.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/basic_parser_impl.hpp>
#include <boost/json/value_stack.hpp>
#include <charconv>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <memory>
#include <ranges>
#include <unordered_set>
#include <vector>

#include "base/utf8.h"

namespace remit {
namespace {

namespace json = boost::json;

// The keys of the objects that are open. Most objects have few members, which are compared one by one; from
// kMany on they are looked up, so that no text can make this quadratic.
class KeySet {
 public:
  void open_object() { open_.push_back({keys_.size(), nullptr}); }

  void close_object() {
    keys_.resize(open_.back().first);
    open_.pop_back();
  }

  // Whether the object that was opened last did not have this key.
  bool insert(std::string_view key) {
    Object& object = open_.back();
    if (object.many) return object.many->emplace(key).second;
    const auto own =
        std::ranges::subrange(keys_.begin() + static_cast<std::ptrdiff_t>(object.first), keys_.end());
    if (std::ranges::find(own, key) != own.end()) return false;
    if (own.size() < kMany) {
      keys_.emplace_back(key);
      return true;
    }
    object.many = std::make_unique<std::unordered_set<std::string>>(own.begin(), own.end());
    return object.many->emplace(key).second;
  }

 private:
  static constexpr std::size_t kMany = 16;
  struct Object {
    std::size_t first;  // of its keys
    std::unique_ptr<std::unordered_set<std::string>> many;
  };
  std::vector<std::string> keys_;
  std::vector<Object> open_;
};

// Builds the value from the parser's events. Boost.JSON's own builder keeps the last of two equal members and
// (1.81) rounds some doubles to a neighbour; this one refuses the former and reads numbers with
// std::from_chars.
struct Builder {
  static constexpr std::size_t max_object_size = std::size_t(-1);
  static constexpr std::size_t max_array_size = std::size_t(-1);
  static constexpr std::size_t max_key_size = std::size_t(-1);
  static constexpr std::size_t max_string_size = std::size_t(-1);

  json::value_stack stack;
  KeySet keys;
  std::string key;
  std::string number;
  bool duplicate = false;

  Builder() { stack.reset(); }

  bool on_document_begin(json::error_code&) { return true; }
  bool on_document_end(json::error_code&) { return true; }
  bool on_object_begin(json::error_code&) { return keys.open_object(), true; }
  bool on_object_end(std::size_t count, json::error_code&) {
    keys.close_object();
    return stack.push_object(count), true;
  }
  bool on_array_begin(json::error_code&) { return true; }
  bool on_array_end(std::size_t count, json::error_code&) { return stack.push_array(count), true; }
  bool on_key_part(json::string_view part, std::size_t, json::error_code&) {
    key += part;
    return stack.push_chars(part), true;
  }
  bool on_key(json::string_view part, std::size_t, json::error_code& ec) {
    key += part;
    duplicate = !keys.insert(key);
    if (duplicate) {
      ec = json::error::syntax;
      return false;
    }
    key.clear();
    return stack.push_key(part), true;
  }
  bool on_string_part(json::string_view part, std::size_t, json::error_code&) {
    return stack.push_chars(part), true;
  }
  bool on_string(json::string_view part, std::size_t, json::error_code&) {
    return stack.push_string(part), true;
  }
  bool on_number_part(json::string_view part, json::error_code&) { return number += part, true; }
  bool on_int64(std::int64_t value, json::string_view, json::error_code&) {
    number.clear();
    return stack.push_int64(value), true;
  }
  bool on_uint64(std::uint64_t value, json::string_view, json::error_code&) {
    number.clear();
    return stack.push_uint64(value), true;
  }
  bool on_double(double roughly, json::string_view part, json::error_code& ec) {
    number += part;
    double value = 0;
    const auto [end, status] = std::from_chars(number.data(), number.data() + number.size(), value);
    // A number too small for a double is zero; from_chars calls it out of range, as it does one too large.
    const bool vanishes = status == std::errc::result_out_of_range && std::abs(roughly) < 1;
    if ((status != std::errc{} && !vanishes) || end != number.data() + number.size()) {
      ec = json::error::exponent_overflow;
      return false;
    }
    number.clear();
    return stack.push_double(value), true;
  }
  bool on_bool(bool value, json::error_code&) { return stack.push_bool(value), true; }
  bool on_null(json::error_code&) { return stack.push_null(), true; }
  bool on_comment_part(json::string_view, json::error_code&) { return true; }
  bool on_comment(json::string_view, json::error_code&) { return true; }
};

// What stands at the place where the parser stopped, where that says more than the parser does.
std::string_view better_reason(std::string_view text, std::size_t offset, std::string_view why) {
  const auto rest = text.substr(offset);
  for (const std::string_view word : {"NaN", "Infinity"})
    if (rest.starts_with(word)) return "NaN and Infinity are no JSON";
  if (!rest.empty() && static_cast<unsigned char>(rest.front()) >= 0x80) {
    auto character = rest;
    if (take_code_point(character) == kNotUtf8) return "a byte that is not UTF-8";
  }
  return why;
}

auto malformed(std::string_view text, std::size_t offset, std::string_view why) {
  const auto before = text.substr(0, offset);
  const auto line = 1 + std::ranges::count(before, '\n');
  const auto last_newline = before.rfind('\n');
  const auto column = last_newline == std::string_view::npos ? offset + 1 : offset - last_newline;
  return fail(ErrorKind::kInvalid, "RMT-B010",
              fmt::format("malformed JSON at {}:{}: {}", line, column, better_reason(text, offset, why)));
}

// ECMAScript's Number::toString (ECMA-262 §6.1.6.1.20), which RFC 8785 §3.2.2.3 demands.
void append_number(std::string& out, double value) {
  if (value == 0) {
    out += '0';  // also for −0
    return;
  }
  char buffer[32];
  const auto [end, ec] =
      std::to_chars(buffer, buffer + sizeof buffer, std::abs(value), std::chars_format::scientific);
  const std::string_view shortest(buffer, static_cast<std::size_t>(end - buffer));
  const auto mark = shortest.find('e');
  std::string digits(shortest.substr(0, mark));
  std::erase(digits, '.');
  int exponent = 0;
  const char* exponent_begin = buffer + mark + 1 + (shortest[mark + 1] == '+' ? 1 : 0);
  std::from_chars(exponent_begin, end, exponent);

  const int k = static_cast<int>(digits.size());
  const int n = exponent + 1;  // the decimal point stands after n digits
  if (value < 0) out += '-';
  if (k <= n && n <= 21) {
    out += digits;
    out.append(static_cast<std::size_t>(n - k), '0');
  } else if (0 < n && n <= 21) {
    out.append(digits, 0, static_cast<std::size_t>(n));
    out += '.';
    out.append(digits, static_cast<std::size_t>(n));
  } else if (-6 < n && n <= 0) {
    out += "0.";
    out.append(static_cast<std::size_t>(-n), '0');
    out += digits;
  } else {
    out += digits[0];
    if (k > 1) {
      out += '.';
      out.append(digits, 1);
    }
    out += fmt::format("e{:+}", n - 1);
  }
}

void append_escaped(std::string& out, char c) {
  switch (c) {
    case '"':
      out += "\\\"";
      return;
    case '\\':
      out += "\\\\";
      return;
    case '\b':
      out += "\\b";
      return;
    case '\f':
      out += "\\f";
      return;
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      out += fmt::format("\\u{:04x}", static_cast<unsigned>(c));
  }
}

constexpr std::size_t kUsual = 1024;  // bytes of an entry of the log

bool needs_escape(char c) { return static_cast<unsigned char>(c) < 0x20 || c == '"' || c == '\\'; }

// Whether any of eight bytes needs an escape. A byte is below n where subtracting n borrows into its top bit,
// which it did not have; with XOR, equality is "below 1". A borrow can only come from a byte that is a hit.
bool any_needs_escape(const char* eight) {
  std::uint64_t word = 0;
  std::memcpy(&word, eight, sizeof word);
  constexpr std::uint64_t kOnes = 0x0101010101010101;
  const auto below = [](std::uint64_t bytes, std::uint64_t n) { return (bytes - kOnes * n) & ~bytes; };
  const std::uint64_t hits =
      below(word, 0x20) | below(word ^ (kOnes * '"'), 1) | below(word ^ (kOnes * '\\'), 1);
  return (hits & (kOnes * 0x80)) != 0;
}

const char* find_escape(const char* begin, const char* end) {
  while (end - begin >= 8 && !any_needs_escape(begin)) begin += 8;
  return std::find_if(begin, end, needs_escape);
}

void append_string(std::string& out, std::string_view text) {
  out += '"';
  // Stretches of what stands for itself are copied whole: nearly every string is one.
  const char* begin = text.data();
  const char* const end = begin + text.size();
  while (true) {
    const char* const stop = find_escape(begin, end);
    out.append(begin, stop);
    if (stop == end) break;
    append_escaped(out, *stop);
    begin = stop + 1;
  }
  out += '"';
}

// Order by UTF-16 code units, on UTF-8. It differs from byte order only where a character beyond U+FFFF (lead
// byte F0 or more, in UTF-16 a surrogate D800–DFFF) meets one of U+E000–U+FFFF (lead byte EE or EF): there
// the first is smaller.
bool utf16_less(std::string_view a, std::string_view b) {
  const auto [left, right] = std::ranges::mismatch(a, b);
  if (left == a.end() || right == b.end()) return left == a.end() && right != b.end();
  const auto x = static_cast<unsigned char>(*left);
  const auto y = static_cast<unsigned char>(*right);
  if (x >= 0xf0 && (y == 0xee || y == 0xef)) return true;
  if (y >= 0xf0 && (x == 0xee || x == 0xef)) return false;
  return x < y;
}

void append(std::string& out, const json::value& value) {
  switch (value.kind()) {
    case json::kind::null:
      out += "null";
      return;
    case json::kind::bool_:
      out += value.get_bool() ? "true" : "false";
      return;
    case json::kind::int64:
      append_number(out, static_cast<double>(value.get_int64()));
      return;
    case json::kind::uint64:
      append_number(out, static_cast<double>(value.get_uint64()));
      return;
    case json::kind::double_:
      append_number(out, value.get_double());
      return;
    case json::kind::string:
      append_string(out, value.get_string());
      return;
    case json::kind::array: {
      out += '[';
      bool first = true;
      for (const auto& element : value.get_array()) {
        if (!std::exchange(first, false)) out += ',';
        append(out, element);
      }
      out += ']';
      return;
    }
    case json::kind::object: {
      std::vector<const json::key_value_pair*> members;
      members.reserve(value.get_object().size());
      for (const auto& member : value.get_object()) members.push_back(&member);
      std::ranges::sort(members, utf16_less, [](auto* member) { return std::string_view(member->key()); });
      out += '{';
      bool first = true;
      for (const auto* member : members) {
        if (!std::exchange(first, false)) out += ',';
        append_string(out, member->key());
        out += ':';
        append(out, member->value());
      }
      out += '}';
      return;
    }
  }
}

}  // namespace

Result<json::value> parse_json(std::string_view text, const JsonLimits& limits) {
  if (text.size() > limits.max_bytes)
    return fail(ErrorKind::kTooLarge, "RMT-B011",
                fmt::format("JSON of {} bytes is over the limit of {}", text.size(), limits.max_bytes));
  json::parse_options options;
  options.max_depth = limits.max_depth;
  json::basic_parser<Builder> parser(options);
  json::error_code ec;
  const std::size_t consumed = parser.write_some(false, text.data(), text.size(), ec);
  Builder& builder = parser.handler();
  if (builder.duplicate)
    return malformed(text, consumed, fmt::format("member \"{}\" is there twice", builder.key.substr(0, 64)));
  if (ec == json::error::too_deep)
    return fail(ErrorKind::kTooLarge, "RMT-B011",
                fmt::format("JSON nested deeper than the limit of {}", limits.max_depth));
  if (ec) return malformed(text, consumed, ec.message());
  if (consumed < text.size()) return malformed(text, consumed, "text after the value");
  return builder.stack.release();
}

std::string canonical_json(const json::value& value) {
  std::string out;
  out.reserve(kUsual);
  append(out, value);
  return out;
}

}  // namespace remit
