// What an HTTP answer of a destination means where it is not the answer that was asked for: whether the
// request was carried out, and how to say what is wrong so that somebody can mend it.
//
// Texts quote the server within bounds, on one line and with nothing hidden in it. They may hold whatever it
// says, the destination's credential too: who shows them hides that (Upstream).
//
// Thread-safety: pure functions.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "http/message.h"
#include "http/url.h"

namespace remit::gateway {

// Whether the body is a stream of events.
bool is_stream(const http::Headers& headers);

// Whether a status says that a request was not carried out. A 408, a redirect, or anything that a server or a
// proxy says of its own failure leaves that open.
bool is_refusal(int status);

// Where a 307 or 308 leads, if that is in the same origin: there the same request may be made, with the same
// credential.
std::optional<http::Url> redirect_within(const http::Url& url, int status, const http::Headers& headers);

// A POST that was answered with something else than a message: "HTTP 401; it asks for: Bearer realm=…". The
// hint for servers of the old HTTP+SSE transport is given where `first`: nothing was answered there before.
std::string describe_answer(const http::Url& url, int status, const http::Headers& headers,
                            std::string_view body, bool first);

// What the body says for people: the message of a JSON-RPC error, or of plain text; empty for a page.
std::string words_of(const http::Headers& headers, std::string_view body);

// The encoding of a body that was not asked for, if it has one: "gzip".
std::string unasked_encoding(const http::Headers& headers);

}  // namespace remit::gateway
