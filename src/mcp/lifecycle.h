// The handshake: what client and server tell each other at initialize.
//
// Rules: MCP 2025-11-25 "Lifecycle / Initialization". Capabilities are kept as the bytes that came: which of
// them count is for whoever knows what they permit.
//
// Thread-safety: values and pure functions.

#pragma once

#include <string>
#include <string_view>

#include "base/result.h"
#include "mcp/message.h"

namespace remit::mcp {

// A client's clientInfo or a server's serverInfo.
struct Implementation {
  std::string name;
  std::string version;
  std::string title = {};  // empty if none
};

struct InitializeParams {
  std::string protocol_version;
  Implementation client;
  std::string raw_capabilities = "{}";
};

struct InitializeResult {
  std::string protocol_version;
  Implementation server;
  std::string raw_capabilities = "{}";
  std::string instructions = {};  // empty if none
};

// Errors: -32602, RMT-M004.
std::expected<InitializeParams, Refusal> parse_initialize(const Message& request);
// Errors: RMT-M021. Whether the version is spoken is for the caller.
Result<InitializeResult> parse_initialize_result(const Message& response);

std::string to_json(const InitializeParams& params);
std::string to_json(const InitializeResult& result);

}  // namespace remit::mcp
