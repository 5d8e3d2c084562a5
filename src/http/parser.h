// From bytes to messages (RFC 9112), strictly: what two readers could take in two ways is refused, since a
// request that one proxy sees and another does not is how requests are smuggled (RFC 9112 §11.2). Beyond
// Beast's own checks:
//
//   - lines end in CRLF alone, never in a bare LF; no bare CR, no NUL; no obs-fold (§2.2, §5.2)
//   - Content-Length: one, of digits alone; never together with Transfer-Encoding (§6.1, §6.3)
//   - Transfer-Encoding: "chunked" alone, once, and only in HTTP/1.1 (§6.1)
//   - requests: exactly one Host in HTTP/1.1, at most one in HTTP/1.0 (§3.2)
//
// Trailer fields are read and dropped (RFC 9110 §6.5.1). Private to this module.

#pragma once

#include <cstdint>
#include <expected>
#include <memory>
#include <optional>
#include <string_view>

#include "base/error.h"
#include "http/body_salvage.h"
#include "http/message.h"

namespace remit::http {

struct ParseLimits {
  std::size_t header_bytes = 32 * 1024;  // start line and fields; also chunk headers and trailers
  std::size_t fields = 128;
  std::size_t body_bytes = 4 * 1024 * 1024;
  std::size_t dropped_bytes =
      0;  // by how much a request's body may be over that and still be read to its end
};

struct ParseFailure {
  int status;  // what a server answers
  Error error;
};

// Reads one message. Feed it until done(); what was not consumed is given again, with more behind it. The
// call that completes a header consumes nothing behind it, so that the header is looked at before any of the
// body.
class MessageParser {
 public:
  virtual ~MessageParser() = default;

  // How many bytes were consumed; the rest are incomplete or belong to the next message.
  virtual std::expected<std::size_t, ParseFailure> feed(std::string_view bytes) = 0;

  virtual bool header_done() const = 0;
  virtual bool done() const = 0;
  virtual bool keep_alive() const = 0;  // whether the sender lets the connection be used again
  virtual bool http_1_1() const = 0;
};

class RequestParser : public MessageParser {
 public:
  static std::unique_ptr<RequestParser> make(const ParseLimits& limits);
  virtual void reset() = 0;  // for the next request
  // Bounds this request's body, within the limits; when the header is done. A larger one is read to its end
  // by `salvage`, up to `dropped_bytes` more, where there is one and the client does not wait to be asked for
  // it. A failure if more than that was announced.
  virtual std::expected<void, ParseFailure> limit_body(std::size_t bytes,
                                                       std::unique_ptr<BodySalvage> salvage = {}) = 0;
  // How much of the body is still to come; none where it comes in chunks.
  virtual std::optional<std::uint64_t> body_left() const = 0;
  virtual bool expects_continue() const = 0;  // RFC 9110 §10.1.1
  virtual Request& request() = 0;             // whole when done()
};

class ResponseParser : public MessageParser {
 public:
  // `to_head`: answers to HEAD have no body, whatever their fields say.
  static std::unique_ptr<ResponseParser> make(const ParseLimits& limits, bool to_head);
  // The sender closed. Ends a body that runs to the close (RFC 9112 §6.3); otherwise the message was cut.
  virtual std::expected<void, ParseFailure> end_of_input() = 0;
  // Status and fields when header_done(); the body grows as it comes, and a reader may take it out as it
  // does.
  virtual Response& response() = 0;
};

}  // namespace remit::http
