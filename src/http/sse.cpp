#include "http/sse.h"

#include <algorithm>
#include <charconv>

namespace remit::http {
namespace {

constexpr std::string_view kBom = "\xEF\xBB\xBF";

void append_field(std::string& out, std::string_view name, std::string_view value) {
  out.append(name).append(": ");
  for (char c : value)
    if (c != '\r' && c != '\n' && c != '\0') out += c;
  out += '\n';
}

}  // namespace

std::string format_event(const ServerEvent& event) {
  std::string out;
  out.reserve(event.data.size() + event.event.size() + 64);
  if (!event.event.empty()) append_field(out, "event", event.event);
  if (event.id) append_field(out, "id", *event.id);
  if (event.retry) append_field(out, "retry", std::to_string(*event.retry));

  std::string_view rest = event.data;
  for (;;) {
    const auto end = rest.find_first_of("\r\n");
    out.append("data: ").append(rest.substr(0, end)).append("\n");
    if (end == std::string_view::npos) break;
    rest.remove_prefix(end + (rest.substr(end, 2) == "\r\n" ? 2 : 1));
  }
  return out += '\n';
}

std::string format_comment(std::string_view text) {
  std::string out = ": ";
  for (char c : text)
    if (c != '\r' && c != '\n') out += c;
  return out += "\n\n";
}

Result<std::vector<ServerEvent>> SseParser::feed(std::string_view bytes) {
  std::vector<ServerEvent> out;
  while (!bytes.empty()) {
    if (at_start_) {
      // The BOM may itself be cut; what turned out not to be one belongs to the first line.
      if (bytes.front() == kBom[bom_matched_]) {
        bytes.remove_prefix(1);
        if (++bom_matched_ == kBom.size()) at_start_ = false;
        continue;
      }
      line_ = kBom.substr(0, bom_matched_);
      at_start_ = false;
    }
    if (after_cr_) {
      after_cr_ = false;
      if (bytes.front() == '\n') {
        bytes.remove_prefix(1);
        continue;
      }
    }
    const auto end = bytes.find_first_of("\r\n");
    const auto piece = bytes.substr(0, end);
    if (line_.size() + piece.size() + event_bytes_ > max_event_bytes_)
      return fail(ErrorKind::kTooLarge, "RMT-H031",
                  "a server-sent event is over " + std::to_string(max_event_bytes_) + " bytes");
    line_.append(piece);
    if (end == std::string_view::npos) break;
    after_cr_ = bytes[end] == '\r';
    bytes.remove_prefix(end + 1);
    take_line(out);
    line_.clear();
  }
  return out;
}

void SseParser::take_line(std::vector<ServerEvent>& out) {
  if (line_.empty()) return dispatch(out);
  std::string_view name = line_;
  std::string_view value;
  if (const auto colon = name.find(':'); colon != std::string_view::npos) {
    value = name.substr(colon + 1);
    name = name.substr(0, colon);
    if (value.starts_with(' ')) value.remove_prefix(1);
  }
  if (name == "data") {
    if (has_data_) event_.data += '\n';
    event_.data.append(value);
    has_data_ = true;
    event_bytes_ += value.size() + 1;
  } else if (name == "event") {
    event_.event = value;
  } else if (name == "id") {
    if (!value.contains('\0')) event_.id = value;
  } else if (name == "retry") {
    std::uint64_t milliseconds = 0;
    const bool digits =
        !value.empty() && std::ranges::all_of(value, [](char c) { return c >= '0' && c <= '9'; });
    if (digits && std::from_chars(value.data(), value.data() + value.size(), milliseconds).ec == std::errc{})
      event_.retry = milliseconds;
  }
}

void SseParser::dispatch(std::vector<ServerEvent>& out) {
  // An id counts even when its block has no data and so is not an event.
  if (event_.id) last_event_id_ = *event_.id;
  if (event_.retry) retry_ = event_.retry;
  if (has_data_) out.push_back(std::move(event_));
  event_ = {};
  has_data_ = false;
  event_bytes_ = 0;
}

}  // namespace remit::http
