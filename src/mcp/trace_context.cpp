#include "mcp/trace_context.h"

#include <algorithm>
#include <optional>

#include "base/ascii.h"
#include "mcp/raw_json.h"

namespace remit::mcp {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxTracestate = 512;
constexpr std::size_t kMaxTracestateMembers = 32;
constexpr std::size_t kMaxBaggage = 8'192;
constexpr std::size_t kMaxBaggageMembers = 64;
constexpr std::size_t kMaxKey = 256;
constexpr std::size_t kMaxStateValue = 256;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

bool is_hex(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return is_digit(c) || (c >= 'a' && c <= 'f'); });
}
bool is_zero(std::string_view text) { return text.find_first_not_of('0') == std::string_view::npos; }

// RFC 9110 §5.6.2
bool is_token(std::string_view text) {
  constexpr std::string_view kOthers = "!#$%&'*+-.^_`|~";
  return !text.empty() && std::ranges::all_of(text, [&](char c) {
    return is_lower(c) || is_digit(c) || (c >= 'A' && c <= 'Z') || kOthers.contains(c);
  });
}

// Whether each of at most `most` members between commas passes.
template <typename Passes>
bool each_member(std::string_view list, std::size_t most, Passes passes) {
  for (std::size_t members = 0; members < most; ++members) {
    const auto comma = list.find(',');
    if (!passes(trimmed(list.substr(0, comma)))) return false;
    if (comma == std::string_view::npos) return true;
    list.remove_prefix(comma + 1);
  }
  return false;
}

bool is_state_key(std::string_view key) {
  return !key.empty() && key.size() <= kMaxKey && (is_lower(key.front()) || is_digit(key.front())) &&
         std::ranges::all_of(
             key, [](char c) { return is_lower(c) || is_digit(c) || std::string_view("_-*/@").contains(c); });
}

bool is_state_member(std::string_view member) {
  if (member.empty()) return true;
  const auto equals = member.find('=');
  if (equals == std::string_view::npos || !is_state_key(member.substr(0, equals))) return false;
  const auto value = member.substr(equals + 1);
  return !value.empty() && value.size() <= kMaxStateValue &&
         std::ranges::all_of(value, [](char c) { return c >= ' ' && c <= '~' && c != '='; });
}

bool is_baggage_value(std::string_view value) {
  return std::ranges::all_of(
      value, [](char c) { return c > ' ' && c <= '~' && !std::string_view("\",;\\").contains(c); });
}

// key=value;property;property=value
bool is_baggage_member(std::string_view member) {
  for (bool is_property = false;; is_property = true) {
    const auto end = member.find(';');
    const auto pair = member.substr(0, end);
    const auto equals = pair.find('=');
    if (!is_token(trimmed(pair.substr(0, equals)))) return false;
    if (equals == std::string_view::npos && !is_property) return false;
    if (equals != std::string_view::npos && !is_baggage_value(trimmed(pair.substr(equals + 1)))) return false;
    if (end == std::string_view::npos) return true;
    member.remove_prefix(end + 1);
  }
}

std::optional<std::string_view> text_in(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  if (value == nullptr || !value->is_string()) return std::nullopt;
  return std::string_view(value->get_string().data(), value->get_string().size());
}

}  // namespace

// version "-" trace-id "-" parent-id "-" trace-flags, and what later versions add behind another "-".
bool is_traceparent(std::string_view value) {
  constexpr std::size_t kLength = 55;
  constexpr std::size_t kMaxLater = 128;
  if (value.size() < kLength || value.size() > kMaxLater) return false;
  const auto version = value.substr(0, 2);
  const auto trace_id = value.substr(3, 32);
  const auto parent_id = value.substr(36, 16);
  if (value[2] != '-' || value[35] != '-' || value[52] != '-') return false;
  if (!is_hex(version) || !is_hex(trace_id) || !is_hex(parent_id) || !is_hex(value.substr(53, 2)))
    return false;
  if (version == "ff" || is_zero(trace_id) || is_zero(parent_id)) return false;
  if (value.size() == kLength) return true;
  return version != "00" && value[kLength] == '-' &&
         std::ranges::all_of(value.substr(kLength), [](char c) { return c > ' ' && c <= '~'; });
}

bool is_tracestate(std::string_view value) {
  return !value.empty() && value.size() <= kMaxTracestate &&
         each_member(value, kMaxTracestateMembers, is_state_member);
}

bool is_baggage(std::string_view value) {
  return !value.empty() && value.size() <= kMaxBaggage &&
         each_member(value, kMaxBaggageMembers, is_baggage_member);
}

std::string trace_context_of(const json::object& meta) {
  std::string members;
  const auto pass_on = [&](std::string_view key, bool (*is_valid)(std::string_view)) {
    const auto value = text_in(meta, key);
    if (!value || !is_valid(*value)) return false;
    if (!members.empty()) members += ',';
    members.append(mcp::quoted(key)).append(":").append(mcp::quoted(*value));
    return true;
  };
  if (pass_on("traceparent", is_traceparent)) pass_on("tracestate", is_tracestate);
  pass_on("baggage", is_baggage);
  return members.empty() ? members : "{" + members + "}";
}

}  // namespace remit::mcp
