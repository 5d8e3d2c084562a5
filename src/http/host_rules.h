// Under which names a server may be reached, and which web pages may call it.
//
// A page that rebinds its own name to our address sends that name in Host and in Origin, so both are compared
// with what is permitted here (DNS rebinding; MCP 2025-11-25, "Transports / Security Warning").
//
// Thread-safety: a value.

#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "http/url.h"

namespace remit::http {

struct HostRules {
  std::vector<Authority> hosts = {};      // port 0: any port
  std::vector<std::string> origins = {};  // further ones, as normal_origin() writes them
  bool loopback = true;                   // localhost, 127.0.0.1 and [::1], any port

  // `host` is the value of a Host field. One without a port stands for the ports of http and https: which of
  // the two it was is known to the proxy in front alone.
  bool permits_host(std::string_view host) const;

  // `origin` is the value of an Origin field (RFC 6454 §7): http or https at a permitted host, or one of
  // `origins`. "null" never is.
  bool permits_origin(std::string_view origin) const;
};

// "https://app.example", without a path: scheme and host in lower case, no default port. Other schemes than
// http and https (those of browser extensions and of editors) are kept. None for what is no origin.
std::optional<std::string> normal_origin(std::string_view text);

// Whether a host is an IP address, and so no name that somebody could rebind.
bool is_address(const Authority& host);

}  // namespace remit::http
