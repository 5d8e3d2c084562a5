// Requests that web pages of other origins make: what a browser must be told before it lets a page send one,
// and before it shows the page the answer (Fetch Standard, "CORS protocol").
//
// Credentials mode is never permitted: what counts here is a token in a header, never a cookie. That a page
// is refused is not done here but where the Origin is checked (host_rules.h): a browser sends simple requests
// unasked.
//
// Thread-safety: pure functions.

#pragma once

#include <string_view>

#include "http/message.h"

namespace remit::http {

// What pages may do at a resource.
struct CrossOrigin {
  std::string_view methods;               // "POST, GET, DELETE"
  std::string_view request_headers = {};  // that pages may send beside those that are always permitted
  std::string_view exposed = {};          // headers of an answer that pages may read
};

// Whether a browser asks for a page, before it makes its request.
bool is_preflight(const Request& request);

// The answer to a preflight of a permitted origin: 204. Headers that the page means to send and `rules` do
// not name are permitted too, since what is not known here is not read. share() is yet to be called on it.
Response permit(const Request& preflight, const CrossOrigin& rules);

// Lets pages of `origin` read an answer; "*" is any. Empty: none, which is told to caches all the same.
void share(Headers& headers, std::string_view origin, const CrossOrigin& rules);

}  // namespace remit::http
