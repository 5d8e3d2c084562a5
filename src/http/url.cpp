#include "http/url.h"

#include <algorithm>
#include <boost/url/parse.hpp>
#include <boost/url/url_view.hpp>
#include <charconv>
#include <vector>

namespace remit::http {
namespace {

std::uint16_t default_port(Scheme scheme) { return scheme == Scheme::kHttps ? 443 : 80; }

std::unexpected<Error> bad(std::string why) { return fail(ErrorKind::kInvalid, "RMT-H028", std::move(why)); }

std::string bracketed(const std::string& host) { return host.contains(':') ? "[" + host + "]" : host; }

// RFC 3986 §6.2.2.1, RFC 5952 §4; the dot that ends a name says that it is whole (RFC 1034 §3.1), which ours
// all are.
std::string normal_host(std::string_view host) {
  if (host.contains(':'))
    if (const auto ipv6 = boost::urls::parse_ipv6_address(host)) return ipv6->to_string();
  if (host.ends_with('.')) host.remove_suffix(1);
  std::string normal(host);
  for (char& c : normal)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  return normal;
}

// Of a host, or an IPv4 address. RFC 3986 has more characters in a name, and no host has them.
bool is_name(std::string_view normal) {
  const auto may_be = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || std::string_view("-._").contains(c);
  };
  return !normal.empty() && std::ranges::all_of(normal, may_be);
}

bool read_port(std::string_view text, std::uint16_t& port) {
  const auto [stop, error] = std::from_chars(text.data(), text.data() + text.size(), port);
  return error == std::errc{} && stop == text.data() + text.size() && port != 0;
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

bool is_unreserved(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         std::string_view("-._~").contains(c);
}

// RFC 3986 §6.2.2.1 and §6.2.2.2. By hand: Boost.URL 1.81 decodes "%2F" too, which makes another path of it.
std::string normal_escapes(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string normal;
  normal.reserve(text.size());
  for (std::size_t i = 0; i < text.size(); ++i) {
    const int high = text[i] == '%' && i + 2 < text.size() ? hex_digit(text[i + 1]) : -1;
    const int low = high >= 0 ? hex_digit(text[i + 2]) : -1;
    if (low < 0) {
      normal += text[i];
      continue;
    }
    i += 2;
    if (const char c = static_cast<char>(high * 16 + low); is_unreserved(c))
      normal += c;
    else
      normal.append({'%', kDigits[static_cast<std::size_t>(high)], kDigits[static_cast<std::size_t>(low)]});
  }
  return normal;
}

// RFC 3986 §5.2.4, of a path that begins with a slash.
std::string without_dot_segments(std::string_view path) {
  std::vector<std::string_view> kept;
  bool more = !path.empty();
  while (more) {
    path.remove_prefix(1);
    const auto segment = path.substr(0, path.find('/'));
    path.remove_prefix(segment.size());
    more = !path.empty();
    if (segment == ".." && !kept.empty()) kept.pop_back();
    const bool is_dots = segment == "." || segment == "..";
    if (!is_dots)
      kept.push_back(segment);
    else if (!more)
      kept.emplace_back();
  }
  std::string normal;
  for (const auto segment : kept) normal.append("/").append(segment);
  return normal;
}

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
  if (host.contains('%')) return bad("the host must be plain ASCII, without percent-encoding or zone");
  url.host = normal_host({host.data(), host.size()});
  if (url.host.empty()) return bad("the URL has no host");

  url.port = default_port(url.scheme);
  if (uri.has_port() && !uri.port().empty()) {
    const auto port = uri.port();
    if (!read_port({port.data(), port.size()}, url.port)) return bad("the port must be from 1 to 65535");
  }
  // Boost.URL takes "http://h:x/" for an empty port and the path "x/".
  const auto path = uri.encoded_path();
  if (!path.empty() && path[0] != '/') return bad("the port must be from 1 to 65535");
  const auto target = uri.encoded_target();
  url.target.assign(target.data(), target.size());
  if (!url.target.starts_with('/')) url.target.insert(0, "/");
  return url;
}

Result<std::string> normal_url(std::string_view text) {
  ASSIGN_OR_RETURN(auto url, parse_url(text));
  if (url.scheme == Scheme::kUnix) return bad("only http and https URLs have a normal form");
  if (text.contains('#')) return bad("the URL has a fragment");
  const std::string_view target = url.target;
  const auto question = std::min(target.find('?'), target.size());
  auto path = without_dot_segments(normal_escapes(target.substr(0, question)));
  if (path.ends_with('/')) path.pop_back();
  return std::string(url.scheme == Scheme::kHttps ? "https://" : "http://") + url.authority() + path +
         normal_escapes(target.substr(question));
}

bool same_url(std::string_view a, std::string_view b) {
  const auto first = normal_url(a);
  const auto second = normal_url(b);
  return first && second && *first == *second;
}

// By hand: Boost.URL 1.81 takes no name that begins as an IPv4 address does ("10.0.0.7.nip.io").
std::optional<Authority> parse_authority(std::string_view text) {
  const bool is_ipv6 = text.starts_with('[');
  const auto end = is_ipv6 ? text.find(']') : std::min(text.find(':'), text.size());
  if (end == std::string_view::npos) return std::nullopt;
  Authority authority{.host = normal_host(is_ipv6 ? text.substr(1, end - 1) : text.substr(0, end))};
  if (is_ipv6 ? !boost::urls::parse_ipv6_address(authority.host) : !is_name(authority.host))
    return std::nullopt;
  auto port = text.substr(is_ipv6 ? end + 1 : end);
  if (port.empty()) return authority;
  if (!port.starts_with(':')) return std::nullopt;
  port.remove_prefix(1);
  // RFC 3986 §6.2.3: an empty port is as good as none.
  if (!port.empty() && !read_port(port, authority.port)) return std::nullopt;
  return authority;
}

}  // namespace remit::http
