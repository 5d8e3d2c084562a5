// Tools as the protocol has them: definitions, calls and results, each with the bytes that came.
//
// Rules: MCP 2025-11-25 "Server Features / Tools" and its schema. What a server says of a tool (annotations)
// is a claim; nothing here acts on it. A tool whose definition not every client can read is set aside
// (mcp/tool_definition.h).
//
// Thread-safety: values and pure functions.

#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/result.h"
#include "mcp/message.h"

namespace remit::mcp {

inline constexpr std::size_t kMaxToolName = 128;

// 1–128 of [A-Za-z0-9_./-]: what 2025-11-25 recommends, and the slash of 2026-07-28. What agents see of it is
// narrower (identity/tool_names.h).
bool is_tool_name(std::string_view name);

struct Tool {
  std::string name;
  std::string title;               // empty if none
  std::string description;         // empty if none
  std::string raw;                 // the definition as it was listed
  boost::json::object definition;  // the same as a value
  const boost::json::object& input_schema() const { return definition.at("inputSchema").get_object(); }
};

// One definition. Errors: RMT-M001, RMT-M002 (not JSON, over a limit), RMT-M020 (a name that is none,
// or a definition that not every client can read: the message has the place and what is wrong).
Result<Tool> parse_tool(std::string raw, const MessageLimits& limits = {});

struct RefusedTool {
  std::string name;  // as far as it could be read
  Error error;
};

struct ToolPage {
  std::vector<Tool> tools;
  std::vector<RefusedTool> refused;  // shown to people, never dropped in silence
  std::optional<std::string> next_cursor;
  std::vector<std::string> warnings = {};  // what a server should not do, and what was made of it
  std::string instructions = {};  // what it says to whoever uses it, where a session was opened for the list
};

// The answer to tools/list. A single bad definition is set aside; an answer that is not a list is an error.
// Errors: RMT-M021.
Result<ToolPage> parse_tool_page(const Message& response);

// Sets aside every tool whose name is borne by more than one: which of them a call would reach is not known.
void set_aside_doubles(ToolPage& page);

// {"tools":[…]} with the definitions as they are.
std::string tool_list_result(std::span<const std::string_view> raw_definitions,
                             std::string_view next_cursor = {});

// The parameters of tools/call. Views and pointers live as long as the message.
struct ToolCall {
  std::string_view name;
  std::string_view raw_arguments;        // "{}" if absent
  const boost::json::object* arguments;  // never null
  std::optional<Id> progress_token;
  std::string_view raw_meta;                  // `_meta`, empty if absent
  const boost::json::object* meta = nullptr;  // the same as a value
  bool wants_task = false;                    // task-augmented (2025-11-25 "Tasks")
};

// Errors: -32602, RMT-M004. An unusual name is no error here: it is the name of no tool, and answered as
// that.
std::expected<ToolCall, Refusal> parse_tool_call(const Message& request);

// Parameters for tools/call. `raw_meta` may be empty.
std::string tool_call_params(std::string_view name, std::string_view raw_arguments,
                             std::string_view raw_meta = {});

struct CallResult {
  bool is_error = false;
  bool has_structured_content = false;
  const boost::json::array* content = nullptr;  // empty array if absent beside structured content
};

// What a tools/call answered. Errors: RMT-M021 (content or isError of the wrong type; neither content nor
// structuredContent there).
Result<CallResult> inspect_call_result(const Message& response);

// {"content":[{"type":"text",…}],"isError":true}, with `_meta` if given.
std::string tool_error_result(std::string_view text, std::string_view raw_meta = {});

}  // namespace remit::mcp
