// Making out what a message was meant to be that cannot be read: an answer of an MCP server that is no JSON
// must fail the request that it answers, at once and with a reason, rather than be waited for in vain.
//
// Thread-safety: pure functions.

#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "mcp/message.h"

namespace remit::mcp {

struct Glimpse {
  std::optional<Id> id = {};  // its `id`, if it has just one
  bool is_answer = false;     // it begins as a message does, and has no method
};

// What can be made out of a text that need not be JSON.
Glimpse glimpse(std::string_view text);

// What is wrong with a text that is no JSON, for people; `parsers_words` where nothing more is known.
std::string what_is_wrong(std::string_view text, std::string parsers_words);

}  // namespace remit::mcp
