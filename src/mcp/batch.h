// A batch: several JSON-RPC messages in one JSON array (JSON-RPC 2.0 §6). MCP had them in revision 2025-03-26
// alone.
//
// Each message of a batch is read as if it had come alone, and refused alone: what is wrong with one of them
// is answered beside the answers to the others.
//
// Thread-safety: pure functions.

#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <vector>

#include "mcp/message.h"

namespace remit::mcp {

inline constexpr std::string_view kBatchVersion = "2025-03-26";

// Whether a text begins as an array does; what comes behind is not looked at.
bool is_batch(std::string_view text);

using BatchPart = std::expected<Message, Refusal>;

// Errors, of the batch as a whole: RMT-M001 (-32700) not JSON, RMT-M002 (-32600) over a limit, or more than
// `max_messages`; RMT-M003 (-32600) not an array, or an empty one. `initialize` is refused as a part of one
// (RMT-M003): before its answer the revision is not known.
std::expected<std::vector<BatchPart>, Refusal> parse_batch(std::string_view text, std::size_t max_messages,
                                                           const MessageLimits& limits = {});

}  // namespace remit::mcp
