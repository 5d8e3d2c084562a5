// Protocol versions: which are spoken, what is agreed on at initialize, and which requests belong to the
// stateless era (2026-07-28) that is not spoken yet.
//
// Rules: MCP 2025-11-25 "Lifecycle / Version Negotiation", "Transports / Protocol Version Header".
// Thread-safety: pure functions.

#pragma once

#include <array>
#include <string_view>

#include "mcp/message.h"

namespace remit::mcp {

inline constexpr std::array<std::string_view, 3> kSupportedVersions = {"2025-03-26", "2025-06-18",
                                                                       "2025-11-25"};
inline constexpr std::string_view kLatestVersion = kSupportedVersions.back();
// What a request over HTTP without a version header and without a session to know it from speaks.
inline constexpr std::string_view kAssumedVersion = "2025-03-26";

bool is_supported(std::string_view version);

// What servers may answer initialize with. 2024-11-05 differs in what is not used of it here; over HTTP its
// servers that can be spoken to are those that have the later transport.
bool is_supported_of_server(std::string_view version);

// The version to answer `initialize` with: the one asked for if it is spoken, else the latest. So a client
// that offers 2026-07-28 at initialize is negotiated down, never refused.
std::string_view negotiate(std::string_view requested);

// Sessions (initialize) or stateless (2026-07-28).
enum class Era { kSessions, kStateless };

// A message whose `_meta` names a protocol version is stateless whatever else it says; so is
// `server/discover`.
Era era_of(const Message& message);

// The answer to a stateless message, to be sent with HTTP 404: method not found (-32601), under the request's
// id. All clients that probe fall back to initialize on it; -32022 (unsupported version) stops one of them.
// Error: RMT-M005.
Refusal refuse_stateless(const Message& message);

}  // namespace remit::mcp
