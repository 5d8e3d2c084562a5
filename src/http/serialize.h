// The text of message headers (RFC 9112 §3 to §5). Private to this module.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"

namespace remit::http {

// How the body of an answer is told from what follows.
enum class Framing { kLength, kChunked, kClose };

// Whether every field may be written and the status is from 200 to 599.
bool is_writable(const Response& response);
bool is_writable(const Headers& headers);

// The header of an answer with its empty line. `http_1_1` is what the client speaks.
std::string response_head(const Response& response, Framing framing, bool keep_alive, bool http_1_1);

// The header of a request with its empty line.
std::string request_head(Method method, std::string_view target, std::string_view authority,
                         const Headers& headers, std::size_t body_bytes);

}  // namespace remit::http
