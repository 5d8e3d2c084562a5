#include "http/serialize.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <ctime>

namespace remit::http {
namespace {

// Written by this module alone: a caller who could set them could say where a message ends.
bool is_framing(std::string_view name) {
  return equal_ignoring_case(name, "Content-Length") || equal_ignoring_case(name, "Transfer-Encoding") ||
         equal_ignoring_case(name, "Connection");
}

void append_fields(std::string& out, const Headers& headers, std::string_view also_own) {
  for (const auto& [name, value] : headers)
    if (!is_framing(name) && !equal_ignoring_case(name, also_own))
      out.append(name).append(": ").append(value).append("\r\n");
}

// RFC 9110 §5.6.7, made once a second.
std::string_view date_now() {
  thread_local std::time_t made_at = 0;
  thread_local char text[32] = {};
  const std::time_t now = std::time(nullptr);
  if (now != made_at) {
    std::tm parts{};
    gmtime_r(&now, &parts);
    constexpr const char* kDays[] = {"Sun", "Mon", "Tue", "Wed", "Thu", "Fri", "Sat"};
    constexpr const char* kMonths[] = {"Jan", "Feb", "Mar", "Apr", "May", "Jun",
                                       "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"};
    *fmt::format_to_n(text, sizeof(text) - 1, "{}, {:02} {} {} {:02}:{:02}:{:02} GMT", kDays[parts.tm_wday],
                      parts.tm_mday, kMonths[parts.tm_mon], parts.tm_year + 1900, parts.tm_hour, parts.tm_min,
                      parts.tm_sec)
         .out = '\0';
    made_at = now;
  }
  return text;
}

}  // namespace

bool is_writable(const Headers& headers) {
  return std::ranges::all_of(headers,
                             [](const auto& field) { return is_valid_field(field.first, field.second); });
}

bool is_writable(const Response& response) {
  return response.status >= 200 && response.status <= 599 && is_writable(response.headers);
}

std::string response_head(const Response& response, Framing framing, bool keep_alive, bool http_1_1) {
  std::string out;
  out.reserve(256);
  fmt::format_to(std::back_inserter(out), "HTTP/1.1 {} {}\r\nDate: {}\r\n", response.status,
                 reason_phrase(response.status), date_now());
  append_fields(out, response.headers, "Date");
  const bool has_length = response.status != 204 && response.status != 304;  // RFC 9110 §8.6
  if (framing == Framing::kChunked)
    out += "Transfer-Encoding: chunked\r\n";
  else if (framing == Framing::kLength && has_length)
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", response.body.size());
  if (!keep_alive)
    out += "Connection: close\r\n";
  else if (!http_1_1)
    out += "Connection: keep-alive\r\n";
  return out += "\r\n";
}

std::string request_head(Method method, std::string_view target, std::string_view authority,
                         const Headers& headers, std::size_t body_bytes) {
  std::string out;
  out.reserve(512);
  fmt::format_to(std::back_inserter(out), "{} {} HTTP/1.1\r\nHost: {}\r\n", to_string(method), target,
                 authority);
  append_fields(out, headers, "Host");
  const bool may_have_body = method != Method::kGet && method != Method::kHead &&
                             method != Method::kOptions && method != Method::kDelete;
  if (body_bytes > 0 || may_have_body)
    fmt::format_to(std::back_inserter(out), "Content-Length: {}\r\n", body_bytes);
  return out += "\r\n";
}

}  // namespace remit::http
