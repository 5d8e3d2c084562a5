// Where a request goes: absolute http and https URLs (RFC 3986), and sockets on this machine.
//
//   https://mcp.example.com:8443/v1/mcp?x=1      http://[::1]:7420/      unix:/run/remit.sock
//
// Thread-safety: values.

#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "base/result.h"

namespace remit::http {

enum class Scheme { kHttp, kHttps, kUnix };

struct Url {
  Scheme scheme = Scheme::kHttp;
  std::string host;  // lower case, without brackets; for kUnix the path of the socket
  std::uint16_t port = 0;
  std::string target = "/";  // path and query, percent-encoded

  // What the Host field says: the port only where it is not the scheme's own; "localhost" for kUnix.
  std::string authority() const;
  // Names a connection pool: two URLs share connections if and only if their origins are equal.
  std::string origin() const;

  bool operator==(const Url&) const = default;
};

// User names and passwords in a URL are refused: they end up in logs. A fragment is dropped (RFC 9110 §7.1).
// A unix URL takes its target apart: parse_url("unix:/run/remit.sock"), then set `target`. Errors: kInvalid
// RMT-H028.
Result<Url> parse_url(std::string_view text);

}  // namespace remit::http
