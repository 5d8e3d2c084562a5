// Where a request goes: absolute http and https URLs (RFC 3986), and sockets on this machine.
//
//   https://mcp.example.com:8443/v1/mcp?x=1      http://[::1]:7420/      unix:/run/remit.sock
//
// Two spellings of one URL are one URL: what is read is brought into normal form (RFC 3986 §6.2.2, §6.2.3),
// and what is compared is compared in it.
//
// Thread-safety: values and pure functions.

#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "base/result.h"

namespace remit::http {

inline constexpr std::string_view kUnixPrefix = "unix:";

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

// The normal form of an absolute http or https URL: scheme and host in lower case, the host without the dot
// that may end it, an IPv6 address as RFC 5952 writes it, no default port, percent-encoding only where it is
// needed and in upper case, no dot segments, and no slash at the end: one there is forgiven wherever URLs are
// compared. Query kept, fragment refused. "HTTPS://Remit.Example.:443/a/./b/" is "https://remit.example/a/b".
// Errors: kInvalid RMT-H028.
Result<std::string> normal_url(std::string_view text);

// Whether both are URLs and have one normal form.
bool same_url(std::string_view a, std::string_view b);

// The host and port of a Host field or of a URL, in normal form.
struct Authority {
  std::string host;        // as Url::host: "::1" for "[::1]"
  std::uint16_t port = 0;  // 0: none was named

  bool operator==(const Authority&) const = default;
};

// From "example.com:8443", "[::1]:7420", "localhost" (RFC 9110 §7.2). None for what is no authority, and for
// one with a user name.
std::optional<Authority> parse_authority(std::string_view text);

}  // namespace remit::http
