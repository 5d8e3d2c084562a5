// Server-sent events: the text/event-stream format (WHATWG HTML, "Server-sent events", §9.2.5 and §9.2.6).
//
// Thread-safety: values; one thread at a time per parser.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"

namespace remit::http {

struct ServerEvent {
  std::string event = {};  // the type; empty: "message"
  std::string data = {};   // lines end in LF
  // The id that this event sets, if it has an `id` line; an empty one resets the last event id.
  std::optional<std::string> id = {};
  std::optional<std::uint64_t> retry = {};  // milliseconds

  bool operator==(const ServerEvent&) const = default;
};

// The event as text, with the empty line that ends it. There is always a `data` line, so that an event with
// empty data is dispatched too. CR, LF and NUL cannot be said in a type or an id and are left out of them.
std::string format_event(const ServerEvent& event);

// ": text" and an empty line, which clients ignore: keeps proxies from closing a quiet stream.
std::string format_comment(std::string_view text);

// Reads a stream piece by piece, however it is cut. CR, LF and CRLF all end a line; a BOM at the start is
// skipped; an event that is not ended by an empty line is never given out.
class SseParser {
 public:
  // `max_event_bytes` bounds what is held for one event: its lines and the line that is being read.
  explicit SseParser(std::size_t max_event_bytes = 4 * 1024 * 1024) : max_event_bytes_(max_event_bytes) {}

  // The events that `bytes` completes. After an error the parser must not be used again.
  // Errors: kTooLarge RMT-H031.
  Result<std::vector<ServerEvent>> feed(std::string_view bytes);

  // What a client sends as Last-Event-ID when it connects again: the id of the last event given out, or of an
  // earlier one if that had none.
  const std::string& last_event_id() const { return last_event_id_; }
  // The last `retry` that was said, in milliseconds: how long to wait before one connects again.
  std::optional<std::uint64_t> retry() const { return retry_; }

 private:
  void take_line(std::vector<ServerEvent>& out);
  void dispatch(std::vector<ServerEvent>& out);

  std::size_t max_event_bytes_;
  std::string line_;
  std::size_t bom_matched_ = 0;
  bool at_start_ = true;
  bool after_cr_ = false;
  bool has_data_ = false;
  ServerEvent event_;
  std::size_t event_bytes_ = 0;
  std::string last_event_id_;
  std::optional<std::uint64_t> retry_;
};

}  // namespace remit::http
