// One JSON-RPC 2.0 message, as MCP 2025-11-25 "Base Protocol / Messages" narrows it.
//
// A message is read once, strictly, by parse_json of base (sizes, depth, UTF-8, duplicate members); its parts
// are then available as values and as the bytes that came (raw_json.h). Batches are no message:
// batch.h. A null id is refused in requests, and read as "no id" in errors, since servers that could not read
// an id send it.
//
// Errors are a Refusal: the catalogued Error, the JSON-RPC code, and the request's id whenever it could be
// read.
//
// Thread-safety: values.

#pragma once

#include <boost/json/value.hpp>
#include <compare>
#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace remit::mcp {

// JSON-RPC 2.0 §5.1.
inline constexpr int kParseError = -32700;
inline constexpr int kInvalidRequest = -32600;
inline constexpr int kMethodNotFound = -32601;
inline constexpr int kInvalidParams = -32602;
inline constexpr int kInternalError = -32603;

struct MessageLimits {
  std::size_t max_bytes = 4 * 1024 * 1024;
  std::size_t max_depth = 64;
  std::size_t max_id_bytes = 256;      // as sent, quotes included: ids are kept while a request is open
  std::size_t max_method_bytes = 128;  // decoded
  // Of a server: lone surrogates in escapes, which are legal JSON (RFC 8259 §8.2), are read as U+FFFD and
  // stay in the bytes; and what can be made out of a text that is no JSON is in its refusal (glimpse.h).
  bool of_server = false;
};

// For what a server sends: answers nest deeper than what agents send.
inline MessageLimits server_limits(std::size_t max_bytes) {
  return {.max_bytes = max_bytes, .max_depth = 200, .of_server = true};
}

// A request id or a progress token: a string or an integer, written back exactly as it came. Two are equal if
// they mean the same: "\u0061" equals "a", 1.0 and 1e0 equal 1, and 1 differs from "1".
class Id {
 public:
  static Id number(std::int64_t value);
  static Id string(std::string_view value);
  // From a JSON token and its parsed value; none if it is neither a string nor an integer by its value.
  static std::optional<Id> from_token(std::string_view raw, const boost::json::value& value);

  const std::string& raw() const { return raw_; }  // JSON
  // The same for equal ids; to key maps with.
  const std::string& key() const { return key_; }
  std::optional<std::int64_t> as_number() const;
  // The number that an id of ours came back as: 3, or "3", as some servers write it.
  std::optional<std::int64_t> as_own() const;

  friend bool operator==(const Id& a, const Id& b) { return a.key_ == b.key_; }
  friend auto operator<=>(const Id& a, const Id& b) { return a.key_ <=> b.key_; }

 private:
  Id(std::string raw, std::string key) : raw_(std::move(raw)), key_(std::move(key)) {}
  std::string raw_;
  std::string key_;
};

enum class MessageKind { kRequest, kNotification, kResponse, kError };

// Why a message was not accepted, and how to say so to its sender.
struct Refusal {
  Error error;
  int rpc_code = kInvalidRequest;
  std::optional<Id> id = {};
  bool is_answer =
      false;  // it has a result or an error and no method: its id is one of the reader's own requests
};

class Message {
 public:
  MessageKind kind() const { return kind_; }
  const std::optional<Id>& id() const { return id_; }  // always there in requests and responses
  std::string_view method() const;                     // requests and notifications, else empty

  // Null or empty if there are none. Raw views live as long as this message is neither moved nor destroyed.
  const boost::json::object* params() const {
    return part_if(MessageKind::kRequest, MessageKind::kNotification);
  }
  std::string_view raw_params() const { return params() ? raw_part() : std::string_view{}; }
  const boost::json::object* result() const {
    return part_if(MessageKind::kResponse, MessageKind::kResponse);
  }
  std::string_view raw_result() const { return result() ? raw_part() : std::string_view{}; }
  const boost::json::object* error() const { return part_if(MessageKind::kError, MessageKind::kError); }
  std::string_view raw_error() const { return error() ? raw_part() : std::string_view{}; }
  int error_code() const;                  // errors, else 0
  std::string_view error_message() const;  // errors, else empty

  // `params._meta` or `result._meta`, if it is an object.
  const boost::json::object* meta() const;

  std::string_view text() const { return text_; }

 private:
  friend std::expected<Message, Refusal> parse_message(std::string, const MessageLimits&);
  Message() = default;
  const boost::json::object* part_if(MessageKind a, MessageKind b) const;
  std::string_view raw_part() const { return text().substr(part_begin_, part_size_); }

  std::string text_;
  boost::json::value body_;
  MessageKind kind_ = MessageKind::kNotification;
  std::optional<Id> id_;
  std::string_view part_key_;  // "params", "result" or "error", or empty: the part that this kind carries
  std::size_t part_begin_ = 0;
  std::size_t part_size_ = 0;
};

// Errors: RMT-M001 (-32700) not JSON, RMT-M002 (-32600) over a limit, RMT-M003 (-32600) not a message of MCP,
// RMT-M004 (-32602) params that are not an object.
std::expected<Message, Refusal> parse_message(std::string text, const MessageLimits& limits = {});

// Builders. Raw arguments are JSON and are copied as they are; an empty `raw_params` or `raw_data` leaves it
// out.
std::string make_request(const Id& id, std::string_view method, std::string_view raw_params = {});
std::string make_notification(std::string_view method, std::string_view raw_params = {});
std::string make_result(const Id& id, std::string_view raw_result = "{}");
// Without an id the member is left out: MCP's schema has no null id.
std::string make_error(const std::optional<Id>& id, int code, std::string_view message,
                       std::string_view raw_data = {});
// An error as it came (`raw_error` is the object of its `error` member), under another id.
std::string make_error_as_is(const Id& id, std::string_view raw_error);
// With the catalogue's code as `data.code`.
std::string make_error(const Refusal& refusal);

}  // namespace remit::mcp
