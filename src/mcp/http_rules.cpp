#include "mcp/http_rules.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "mcp/version.h"

namespace remit::mcp {
namespace {

constexpr std::size_t kMaxSessionId = 256;

std::unexpected<HttpRefusal> refuse(int status, ErrorKind kind, std::string_view code, std::string message,
                                    std::string_view header_name = {}, std::string_view header_value = {}) {
  return std::unexpected(HttpRefusal{status, Refusal{Error{kind, code, std::move(message)}, kInvalidRequest},
                                     header_name, header_value});
}

char lower(char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; }

std::string lower(std::string_view text) {
  std::string out(text);
  for (char& c : out) c = lower(c);
  return out;
}

// Cuts `text` at the next `separator` outside a quoted string (RFC 9110 §5.6.4) and returns what was before
// it.
std::string_view next_part(std::string_view& text, char separator) {
  bool in_quotes = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (in_quotes && text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      in_quotes = !in_quotes;
    } else if (!in_quotes && text[i] == separator) {
      const auto part = text.substr(0, i);
      text.remove_prefix(i + 1);
      return trimmed(part);
    }
  }
  const auto part = text;
  text = {};
  return trimmed(part);
}

// "0", "0.", "0.000": a weight of nothing (RFC 9110 §12.4.2).
bool is_zero_weight(std::string_view parameter) {
  const auto value = lower(parameter);
  if (!value.starts_with("q=0")) return false;
  return value.find_first_not_of("0.", 2) == std::string::npos;
}

// The most specific range that matches decides (RFC 9110 §12.5.1).
bool accepts(std::string_view header, std::string_view type) {
  const std::string any_subtype = fmt::format("{}/*", type.substr(0, type.find('/')));
  int best = 0;
  bool accepted = false;
  while (!header.empty()) {
    auto range = next_part(header, ',');
    const auto name = lower(next_part(range, ';'));
    const int precision = name == type ? 3 : name == any_subtype ? 2 : name == "*/*" ? 1 : 0;
    if (precision <= best) continue;
    best = precision;
    accepted = true;
    while (!range.empty())
      if (is_zero_weight(next_part(range, ';'))) accepted = false;
  }
  return accepted;
}

}  // namespace

std::expected<HttpMethod, HttpRefusal> check_method(std::string_view method, bool get, bool del) {
  if (method == "POST") return HttpMethod::kPost;
  if (method == "GET" && get) return HttpMethod::kGet;
  if (method == "DELETE" && del) return HttpMethod::kDelete;
  const std::string_view allow = get && del ? "POST, GET, DELETE"
                                 : get      ? "POST, GET"
                                 : del      ? "POST, DELETE"
                                            : "POST";
  return refuse(405, ErrorKind::kInvalid, "RMT-M015", fmt::format("the endpoint accepts {}", allow), "Allow",
                allow);
}

HttpCheck check_accept(HttpMethod method, HeaderValue accept) {
  if (method == HttpMethod::kDelete) return {};
  const auto header = accept.value_or("");
  if (!accepts(header, "text/event-stream"))
    return refuse(406, ErrorKind::kInvalid, "RMT-M010", "Accept must list text/event-stream");
  if (method == HttpMethod::kPost && !accepts(header, "application/json"))
    return refuse(406, ErrorKind::kInvalid, "RMT-M010",
                  "Accept must list application/json and text/event-stream");
  return {};
}

HttpCheck check_content_type(HeaderValue content_type) {
  auto rest = content_type.value_or("");
  if (lower(next_part(rest, ';')) != "application/json")
    return refuse(415, ErrorKind::kInvalid, "RMT-M011", "Content-Type must be application/json");
  while (!rest.empty()) {
    const auto parameter = lower(next_part(rest, ';'));
    if (!parameter.starts_with("charset=")) continue;
    const auto charset = parameter.substr(8);
    if (charset != "utf-8" && charset != "\"utf-8\"")
      return refuse(415, ErrorKind::kInvalid, "RMT-M011", "the charset of a message is UTF-8");
  }
  return {};
}

HttpCheck check_content_encoding(HeaderValue content_encoding) {
  auto rest = content_encoding.value_or("");
  while (!rest.empty())
    if (const auto coding = lower(next_part(rest, ',')); !coding.empty() && coding != "identity")
      return refuse(415, ErrorKind::kInvalid, "RMT-M060", "the body of a message is not encoded here",
                    "Accept-Encoding", "identity");
  return {};
}

std::expected<std::string_view, HttpRefusal> check_session_id(HeaderValue session_id) {
  if (!session_id || session_id->empty())
    return refuse(400, ErrorKind::kInvalid, "RMT-M013", "the Mcp-Session-Id header is missing");
  const bool visible = std::ranges::all_of(*session_id, [](char c) { return c >= 0x21 && c <= 0x7e; });
  if (!visible || session_id->size() > kMaxSessionId)
    return refuse(400, ErrorKind::kInvalid, "RMT-M013",
                  "Mcp-Session-Id is not 1 to 256 visible ASCII characters");
  return *session_id;
}

HttpRefusal unknown_session() {
  return refuse(404, ErrorKind::kNotFound, "RMT-M013", "there is no such session: start with initialize")
      .error();
}

std::expected<std::string_view, HttpRefusal> check_protocol_version(HeaderValue header,
                                                                    HeaderValue negotiated) {
  if (header && !is_supported(*header))
    return refuse(400, ErrorKind::kInvalid, "RMT-M012",
                  fmt::format("MCP-Protocol-Version is none of {}", fmt::join(kSupportedVersions, ", ")));
  if (negotiated) return *negotiated;
  return header.value_or(kAssumedVersion);
}

int http_status_of(const Refusal& refusal) { return refusal.error.kind == ErrorKind::kTooLarge ? 413 : 400; }

}  // namespace remit::mcp
