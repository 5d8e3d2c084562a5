#include "http/url.h"

#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>

namespace remit::http {
namespace {

constexpr std::string_view kUnixPrefix = "unix:";

std::uint16_t default_port(Scheme scheme) { return scheme == Scheme::kHttps ? 443 : 80; }

std::unexpected<Error> bad(std::string why) { return fail(ErrorKind::kInvalid, "RMT-H028", std::move(why)); }

std::string bracketed(const std::string& host) { return host.contains(':') ? "[" + host + "]" : host; }

}  // namespace

std::string Url::authority() const {
  if (scheme == Scheme::kUnix) return "localhost";
  return port == default_port(scheme) ? bracketed(host) : bracketed(host) + ":" + std::to_string(port);
}

std::string Url::origin() const {
  switch (scheme) {
    case Scheme::kHttp:
      return "http://" + bracketed(host) + ":" + std::to_string(port);
    case Scheme::kHttps:
      return "https://" + bracketed(host) + ":" + std::to_string(port);
    case Scheme::kUnix:
      return "unix:" + host;
  }
  return {};
}

Result<Url> parse_url(std::string_view text) {
  if (text.starts_with(kUnixPrefix)) {
    const auto path = text.substr(kUnixPrefix.size());
    if (!path.starts_with('/') || path.contains('\0'))
      return bad("a unix URL needs an absolute path: unix:/path");
    return Url{.scheme = Scheme::kUnix, .host = std::string(path)};
  }
  // The text is not repeated in the messages: it may hold a password.
  const auto parsed = boost::urls::parse_uri({text.data(), text.size()});
  if (!parsed) return bad("not an absolute URL");
  const auto& uri = *parsed;

  Url url;
  if (uri.scheme_id() == boost::urls::scheme::http) {
    url.scheme = Scheme::kHttp;
  } else if (uri.scheme_id() == boost::urls::scheme::https) {
    url.scheme = Scheme::kHttps;
  } else {
    return bad("only http, https and unix URLs are understood");
  }
  if (uri.has_userinfo()) return bad("a URL must not hold a user name or password");

  const auto host = uri.encoded_host_address();
  url.host.assign(host.data(), host.size());
  if (url.host.empty()) return bad("the URL has no host");
  if (url.host.contains('%')) return bad("the host must be plain ASCII, without percent-encoding or zone");
  for (char& c : url.host)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));

  url.port = default_port(url.scheme);
  if (uri.has_port() && !uri.port().empty()) {
    const auto port = uri.port();
    const auto* end = port.data() + port.size();
    const auto [stop, error] = std::from_chars(port.data(), end, url.port);
    if (error != std::errc{} || stop != end || url.port == 0) return bad("the port must be from 1 to 65535");
  }
  // Boost.URL takes "http://h:x/" for an empty port and the path "x/".
  const auto path = uri.encoded_path();
  if (!path.empty() && path[0] != '/') return bad("the port must be from 1 to 65535");
  const auto target = uri.encoded_target();
  url.target.assign(target.data(), target.size());
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  return url;
}

}  // namespace remit::http
