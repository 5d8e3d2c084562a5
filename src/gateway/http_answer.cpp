#include "gateway/http_answer.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/object.hpp>
#include <boost/json/value.hpp>
#include <boost/url/parse.hpp>
#include <boost/url/url.hpp>

#include "base/canonical_json.h"
#include "base/visible.h"

namespace remit::gateway {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxQuoted = 200;

std::string_view media_type(const http::Headers& headers) {
  const auto* type = headers.find("Content-Type");
  if (type == nullptr) return {};
  const auto end = type->find_first_of("; ");
  return std::string_view(*type).substr(0, end);
}

bool has_media_type(const http::Headers& headers, std::string_view type) {
  return http::equal_ignoring_case(media_type(headers), type);
}

// The text that a JSON document is about: of a JSON-RPC error, of problem details, or of what else APIs say.
std::string message_in(const json::object& body) {
  if (const auto* error = body.if_contains("error")) {
    if (error->is_string()) return std::string(error->get_string());
    if (error->is_object()) return message_in(error->get_object());
  }
  for (const auto* name : {"message", "error_description", "detail", "title"})
    if (const auto* text = body.if_contains(name); text != nullptr && text->is_string())
      return std::string(text->get_string());
  return {};
}

// Where a redirect leads, as an absolute URL; empty if that cannot be told.
std::string location_of(const http::Url& url, const http::Headers& headers) {
  const auto* location = headers.find("Location");
  if (location == nullptr) return {};
  const auto here =
      (url.scheme == http::Scheme::kHttps ? "https://" : "http://") + url.authority() + url.target;
  const auto base = boost::urls::parse_uri(here);
  const auto to = boost::urls::parse_uri_reference(*location);
  boost::urls::url resolved;
  if (!base || !to || !boost::urls::resolve(*base, *to, resolved)) return {};
  return {resolved.buffer().data(), resolved.buffer().size()};
}

}  // namespace

bool is_stream(const http::Headers& headers) { return has_media_type(headers, "text/event-stream"); }

bool is_refusal(int status) { return status >= 400 && status <= 499 && status != 408; }

std::optional<http::Url> redirect_within(const http::Url& url, int status, const http::Headers& headers) {
  if (status != 307 && status != 308) return std::nullopt;
  auto to = http::parse_url(location_of(url, headers));
  if (!to || to->scheme == http::Scheme::kUnix || to->origin() != url.origin() || *to == url)
    return std::nullopt;
  return std::move(*to);
}

std::string describe_answer(const http::Url& url, int status, const http::Headers& headers,
                            std::string_view body, bool first) {
  std::string text = fmt::format("the server answered HTTP {}", status);
  if (status >= 300 && status <= 399) {
    const auto to = location_of(url, headers);
    if (to.empty()) return text + ", a redirect that leads nowhere";
    return text + fmt::format(", a redirect to {}: if that is right, add it with that address",
                              excerpt(to, kMaxQuoted));
  }
  if (const auto words = words_of(headers, body); !words.empty()) text += fmt::format(": {}", words);
  if (const auto* challenge = headers.find("WWW-Authenticate");
      challenge != nullptr && (status == 401 || status == 403))
    text += fmt::format("; it asks for: {}", excerpt(*challenge, kMaxQuoted));
  if (first && (status == 404 || status == 405))
    text +=
        "; it takes no POST at this address: a server of the old HTTP+SSE transport (2024-11-05) answers so, "
        "which is not spoken here, and so does a wrong path";
  return text;
}

std::string words_of(const http::Headers& headers, std::string_view body) {
  const auto value = parse_json(body);
  if (value && value->is_object()) return excerpt(message_in(value->get_object()), kMaxQuoted);
  if (value && value->is_string()) return excerpt(value->get_string(), kMaxQuoted);
  return has_media_type(headers, "text/plain") ? excerpt(body, kMaxQuoted) : std::string();
}

std::string unasked_encoding(const http::Headers& headers) {
  const auto* encoding = headers.find("Content-Encoding");
  if (encoding == nullptr || encoding->empty() || http::equal_ignoring_case(*encoding, "identity")) return {};
  return excerpt(*encoding, 40);
}

}  // namespace remit::gateway
