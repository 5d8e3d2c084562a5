// What a plane answers to a command of its API, as over its socket. For tests.

#pragma once

#include <string>
#include <string_view>

#include "http/block_on.h"
#include "server/plane.h"

namespace remit::server {

// `target` is a path, with a query behind `?` where there is one.
inline http::Response asked(Plane& plane, http::Method method, std::string_view target, std::string body = {},
                            http::Headers headers = {}) {
  const auto query = target.find('?');
  if (!body.empty() && headers.find("Content-Type") == nullptr)
    headers.set("Content-Type", "application/json");
  http::Request request{
      .method = method,
      .target = std::string(target),
      .path = std::string(target.substr(0, query)),
      .query = query == std::string_view::npos ? std::string() : std::string(target.substr(query + 1)),
      .headers = std::move(headers),
      .body = std::move(body),
      .peer = {}};
  return http::block_on(plane.loop(), plane.command(request));
}

}  // namespace remit::server
