#include "admin/route.h"

namespace remit::admin {
namespace {

using Parts = std::map<std::string, std::string, std::less<>>;

std::string_view next_segment(std::string_view& path) {
  path.remove_prefix(1);  // the slash
  const auto segment = path.substr(0, path.find('/'));
  path.remove_prefix(segment.size());
  return segment;
}

}  // namespace

std::optional<Parts> match(std::string_view pattern, std::string_view path) {
  Parts parts;
  while (pattern.starts_with('/') && path.starts_with('/')) {
    const auto wanted = next_segment(pattern);
    const auto given = next_segment(path);
    if (!wanted.starts_with('{')) {
      if (wanted != given) return std::nullopt;
      continue;
    }
    auto decoded = percent_decode(given);
    if (!decoded || decoded->empty()) return std::nullopt;
    parts.emplace(wanted.substr(1, wanted.size() - 2), std::move(*decoded));
  }
  if (!pattern.empty() || !path.empty()) return std::nullopt;
  return parts;
}

Matched find_route(std::span<const Route> routes, http::Method method, std::string_view path) {
  Matched matched;
  for (const auto& route : routes) {
    auto parts = match(route.pattern, path);
    if (!parts) continue;
    if (route.method == method) return {.route = &route, .path = std::move(*parts)};
    matched.allow.append(matched.allow.empty() ? "" : ", ").append(http::to_string(route.method));
  }
  return matched;
}

}  // namespace remit::admin
