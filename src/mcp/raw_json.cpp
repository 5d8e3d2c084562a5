#include "mcp/raw_json.h"

#include <algorithm>
#include <boost/json/serialize.hpp>
#include <charconv>

namespace remit::mcp {
namespace {

std::size_t skip_space(std::string_view text, std::size_t at) {
  return std::min(text.find_first_not_of(kJsonSpace, at), text.size());
}

// Leaps from quote to quote: strings are the long parts of a message. Each byte is looked at twice at most.
std::size_t skip_string(std::string_view text, std::size_t at) {
  ++at;
  while (at < text.size()) {
    const std::size_t quote = text.find('"', at);
    if (quote == std::string_view::npos) return text.size();
    const std::string_view before = text.substr(0, quote);
    for (auto escape = before.find('\\', at); escape != std::string_view::npos;
         escape = before.find('\\', at))
      at = escape + 2;
    if (at <= quote) return quote + 1;
  }
  return text.size();
}

std::size_t skip_container(std::string_view text, std::size_t at) {
  std::size_t depth = 0;
  while (at < text.size()) {
    const char c = text[at];
    if (c == '"') {
      at = skip_string(text, at);
      continue;
    }
    ++at;
    if (c == '{' || c == '[') ++depth;
    if ((c == '}' || c == ']') && --depth == 0) return at;
  }
  return text.size();
}

std::size_t skip_value(std::string_view text, std::size_t at) {
  if (at >= text.size()) return text.size();
  if (text[at] == '"') return skip_string(text, at);
  if (text[at] == '{' || text[at] == '[') return skip_container(text, at);
  return std::min(text.find_first_of(",]} \t\n\r", at), text.size());
}

}  // namespace

std::vector<std::string_view> raw_values(std::string_view text) {
  std::vector<std::string_view> values;
  std::size_t at = skip_space(text, 0);
  if (at >= text.size() || (text[at] != '{' && text[at] != '[')) return values;
  const bool is_object = text[at] == '{';
  const char end = is_object ? '}' : ']';

  at = skip_space(text, at + 1);
  while (at < text.size() && text[at] != end) {
    if (is_object) {
      at = skip_space(text, skip_string(text, at));
      if (at >= text.size() || text[at] != ':') return {};
      at = skip_space(text, at + 1);
    }
    const std::size_t after = skip_value(text, at);
    if (after == at) return {};
    values.push_back(text.substr(at, after - at));
    at = skip_space(text, after);
    if (at < text.size() && text[at] == ',') at = skip_space(text, at + 1);
  }
  return values;
}

std::optional<std::string_view> raw_member(std::string_view text, const boost::json::object& object,
                                           std::string_view key) {
  const auto found = object.find(key);
  if (found == object.end()) return std::nullopt;
  const auto values = raw_values(text);
  if (values.size() != object.size()) return std::nullopt;
  return values[static_cast<std::size_t>(found - object.begin())];
}

std::string with_member(std::string_view text, const boost::json::object& object, std::string_view key,
                        std::string_view raw_value) {
  std::string out;
  out.reserve(text.size() + key.size() + raw_value.size() + 4);
  if (const auto old = raw_member(text, object, key)) {
    const auto before = static_cast<std::size_t>(old->data() - text.data());
    out.append(text.substr(0, before)).append(raw_value).append(text.substr(before + old->size()));
    return out;
  }
  const std::size_t end = text.rfind('}');
  if (end == std::string_view::npos) return out;
  out.append(text.substr(0, end)).append(object.empty() ? "" : ",");
  out.append(quoted(key)).append(":").append(raw_value).append(text.substr(end));
  return out;
}

std::string quoted(std::string_view text) {
  return boost::json::serialize(boost::json::string_view(text.data(), text.size()));
}

std::optional<std::string> without_lone_surrogates(std::string_view text) {
  constexpr std::size_t kEscape = 6;  // "\ud800"
  // 1 where the first half of a pair is escaped here, 2 where the second is, else 0.
  const auto half = [&](std::size_t at) -> int {
    if (text.substr(at, 2) != "\\u" || at + kEscape > text.size()) return 0;
    unsigned unit = 0;
    const char* const digits = text.data() + at + 2;
    const auto [end, error] = std::from_chars(digits, digits + 4, unit, 16);
    if (error != std::errc{} || end != digits + 4 || (unit & 0xf800U) != 0xd800U) return 0;
    return (unit & 0x400U) != 0 ? 2 : 1;
  };
  std::optional<std::string> out;
  for (auto at = text.find('\\'); at != std::string_view::npos; at = text.find('\\', at)) {
    const int found = half(at);
    if (found == 1 && half(at + kEscape) == 2) {
      at += 2 * kEscape;
    } else if (found != 0) {
      if (!out) out.emplace(text);
      out->replace(at, kEscape, "\\ufffd");
      at += kEscape;
    } else {
      at += 2;
    }
  }
  return out;
}

std::string on_one_line(std::string text) {
  std::ranges::replace_if(text, [](char c) { return c == '\n' || c == '\r'; }, ' ');
  return text;
}

}  // namespace remit::mcp
