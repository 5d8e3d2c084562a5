#include "http/host_rules.h"

#include <algorithm>
#include <boost/url/ipv4_address.hpp>
#include <boost/url/ipv6_address.hpp>

namespace remit::http {
namespace {

constexpr std::uint16_t kHttpPort = 80;
constexpr std::uint16_t kHttpsPort = 443;

bool is_loopback(const std::string& host) {
  return host == "localhost" || host == "127.0.0.1" || host == "::1";
}

bool is_default(std::uint16_t port) { return port == kHttpPort || port == kHttpsPort; }

bool matches(const Authority& rule, const Authority& host) {
  if (rule.host != host.host) return false;
  return rule.port == 0 || rule.port == host.port || (host.port == 0 && is_default(rule.port));
}

// RFC 3986 §3.1
bool is_scheme(std::string_view text) {
  const auto is_letter = [](char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); };
  const auto may_follow = [&](char c) {
    return is_letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  };
  return !text.empty() && is_letter(text.front()) && std::ranges::all_of(text, may_follow);
}

}  // namespace

bool HostRules::permits_host(std::string_view host) const {
  const auto authority = parse_authority(host);
  if (!authority) return false;
  if (loopback && is_loopback(authority->host)) return true;
  return std::ranges::any_of(hosts, [&](const Authority& rule) { return matches(rule, *authority); });
}

bool HostRules::permits_origin(std::string_view origin) const {
  const auto normal = normal_origin(origin);
  if (!normal) return false;
  if (std::ranges::find(origins, *normal) != origins.end()) return true;
  const auto url = parse_url(*normal);
  if (!url) return false;  // another scheme
  if (loopback && is_loopback(url->host)) return true;
  return std::ranges::any_of(
      hosts, [&](const Authority& rule) { return matches(rule, {.host = url->host, .port = url->port}); });
}

std::optional<std::string> normal_origin(std::string_view text) {
  const auto colon = text.find("://");
  if (colon == std::string_view::npos || !is_scheme(text.substr(0, colon))) return std::nullopt;
  const auto host = text.substr(colon + 3);
  if (host.find_first_of("/?#@") != std::string_view::npos) return std::nullopt;
  if (const auto url = parse_url(text); url && url->scheme != Scheme::kUnix)
    return (url->scheme == Scheme::kHttps ? "https://" : "http://") + url->authority();
  std::string normal(text);
  for (char& c : normal)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c + ('a' - 'A'));
  if (normal.starts_with("http://") || normal.starts_with("https://") || !parse_authority(host))
    return std::nullopt;
  return normal;
}

bool is_address(const Authority& host) {
  return boost::urls::parse_ipv4_address(host.host).has_value() ||
         boost::urls::parse_ipv6_address(host.host).has_value();
}

}  // namespace remit::http
