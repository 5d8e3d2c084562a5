#include "http/cross_origin.h"

#include <algorithm>
#include <string>

namespace remit::http {
namespace {

// Browsers keep an answer for two hours at most; a change of the configuration should be seen sooner.
constexpr std::string_view kMaxAge = "600";
constexpr std::size_t kMaxAskedBytes = 4096;

// A list of field names (Fetch Standard, "CORS-unsafe request-header names"), to be given back as it came.
bool is_list_of_names(std::string_view text) {
  const auto may_be = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("-_.!#$%&'^`|~, ").contains(c);
  };
  return !text.empty() && text.size() <= kMaxAskedBytes && std::ranges::all_of(text, may_be);
}

}  // namespace

bool is_preflight(const Request& request) {
  return request.method == Method::kOptions && request.headers.contains("Origin") &&
         request.headers.contains("Access-Control-Request-Method");
}

Response permit(const Request& preflight, const CrossOrigin& rules) {
  Response response{.status = 204};
  response.headers.set("Access-Control-Allow-Methods", std::string(rules.methods));
  std::string names(rules.request_headers);
  const auto* asked = preflight.headers.find("Access-Control-Request-Headers");
  if (asked != nullptr && is_list_of_names(*asked)) names += names.empty() ? *asked : ", " + *asked;
  if (!names.empty()) response.headers.set("Access-Control-Allow-Headers", std::move(names));
  response.headers.set("Access-Control-Max-Age", std::string(kMaxAge));
  response.headers.set("Vary", "Access-Control-Request-Headers");
  return response;
}

void share(Headers& headers, std::string_view origin, const CrossOrigin& rules) {
  if (origin != "*") {
    const auto* varies = headers.find("Vary");
    headers.set("Vary", varies == nullptr ? "Origin" : "Origin, " + *varies);
  }
  if (origin.empty()) return;
  headers.set("Access-Control-Allow-Origin", std::string(origin));
  if (!rules.exposed.empty()) headers.set("Access-Control-Expose-Headers", std::string(rules.exposed));
}

}  // namespace remit::http
