// The rules of Streamable HTTP that need nothing but the request's headers.
//
// Rules: MCP 2025-11-25 "Transports / Streamable HTTP"; RFC 9110 §8.3 (Content-Type), §8.4
// (Content-Encoding), §12.5.1 (Accept). Header values are passed without surrounding white space; nullopt
// means absent. Of a header that came more than once, the lists (Accept, Content-Encoding) are joined before;
// any other must be refused before: joining two session ids would make a third.
//
// Each check passes or says which status and JSON-RPC error to answer with. Check in this order: method,
// Accept, Content-Encoding, Content-Type, session, version; the first that fails is the answer.
//
// Thread-safety: pure functions.

#pragma once

#include <expected>
#include <optional>
#include <string>
#include <string_view>

#include "mcp/message.h"

namespace remit::mcp {

using HeaderValue = std::optional<std::string_view>;

struct HttpRefusal {
  int status = 400;
  Refusal refusal = {};
  // A header that goes with the status: Allow with 405, Accept-Encoding with 415 for an encoding; else no
  // name.
  std::string_view header_name = {};
  std::string_view header_value = {};
};

using HttpCheck = std::expected<void, HttpRefusal>;

enum class HttpMethod { kPost, kGet, kDelete };
// 405 with Allow. RMT-M015. `get` and `del`: whether the endpoint offers them.
std::expected<HttpMethod, HttpRefusal> check_method(std::string_view method, bool get = true,
                                                    bool del = true);

// Accept: POST needs application/json and text/event-stream, GET text/event-stream, DELETE nothing. Wildcards
// count, q=0 excludes. 406, RMT-M010.
HttpCheck check_accept(HttpMethod method, HeaderValue accept);

// Content-Type of a POST: application/json, parameters permitted, a charset only if it is UTF-8. 415,
// RMT-M011.
HttpCheck check_content_type(HeaderValue content_type);

// Content-Encoding of a POST: absent or identity. 415 with Accept-Encoding (RFC 9110 §12.5.3), RMT-M060.
HttpCheck check_content_encoding(HeaderValue content_encoding);

// Mcp-Session-Id on anything but initialize: 400 if absent or not 1–256 visible ASCII characters. RMT-M013.
// Whether the session lives and is this caller's is for the caller to see, and answered by unknown_session().
std::expected<std::string_view, HttpRefusal> check_session_id(HeaderValue session_id);
// 404, RMT-M013: the same for sessions that ended, never were, or are someone else's.
HttpRefusal unknown_session();

// MCP-Protocol-Version on anything but initialize (there the body decides): the version to speak. Absent:
// what was negotiated, else 2025-03-26. A supported version that differs from the negotiated one passes,
// since the header only SHOULD repeat it, but the negotiated one is spoken. 400 if not supported. RMT-M012.
std::expected<std::string_view, HttpRefusal> check_protocol_version(HeaderValue header,
                                                                    HeaderValue negotiated = {});

// The status for a message that parse_message refused: 413 when over a limit, else 400.
int http_status_of(const Refusal& refusal);

}  // namespace remit::mcp
