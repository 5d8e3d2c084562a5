#include "mcp/tools.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/canonical_json.h"
#include "mcp/raw_json.h"
#include "mcp/tool_definition.h"

namespace remit::mcp {
namespace {

namespace json = boost::json;

std::unexpected<Error> bad_tool(std::string why) {
  return fail(ErrorKind::kInvalid, "RMT-M020", std::move(why));
}
std::unexpected<Error> bad_answer(std::string why) {
  return fail(ErrorKind::kInvalid, "RMT-M021", std::move(why));
}

std::string text_member(const json::object& object, std::string_view key) {
  const auto* member = object.if_contains(key);
  return member && member->is_string() ? std::string(view(member->get_string())) : std::string();
}

Result<Tool> read_tool(std::string raw, const json::value& value) {
  const auto* definition = value.if_object();
  if (!definition) return bad_tool("a tool definition is not an object");
  Tool tool;
  tool.name = text_member(*definition, "name");
  if (!is_tool_name(tool.name))
    return bad_tool(fmt::format("/name: is not 1 to {} letters, digits or any of _ . / -", kMaxToolName));
  if (const auto fault = find_fault(*definition, raw))
    return bad_tool(
        fmt::format("{}: {}", fault->pointer.empty() ? "the definition" : fault->pointer, fault->what));
  tool.title = text_member(*definition, "title");
  tool.description = text_member(*definition, "description");
  tool.raw = std::move(raw);
  tool.definition = *definition;
  return tool;
}

// A name to show for a definition that was refused: bounded, printable, and perhaps empty.
std::string shown_name(const json::value& value) {
  const auto* object = value.if_object();
  const auto* name = object ? object->if_contains("name") : nullptr;
  if (!name || !name->is_string()) return {};
  std::string shown(view(name->get_string()).substr(0, 80));
  std::ranges::replace_if(shown, [](char c) { return c < 0x20 || c > 0x7e; }, '?');
  return shown;
}

}  // namespace

bool is_tool_name(std::string_view name) {
  const auto permitted = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
           c == '.' || c == '/' || c == '-';
  };
  return !name.empty() && name.size() <= kMaxToolName && std::ranges::all_of(name, permitted);
}

Result<Tool> parse_tool(std::string raw, const MessageLimits& limits) {
  auto value = parse_json(raw, {.max_bytes = limits.max_bytes, .max_depth = limits.max_depth});
  if (!value) {
    const bool too_large = value.error().kind == ErrorKind::kTooLarge;
    return fail(value.error().kind, too_large ? "RMT-M002" : "RMT-M001", std::move(value.error().message));
  }
  return read_tool(std::move(raw), *value);
}

Result<ToolPage> parse_tool_page(const Message& response) {
  const auto* result = response.result();
  const auto* tools = result ? result->if_contains("tools") : nullptr;
  if (!tools || !tools->is_array()) return bad_answer("the answer to tools/list has no list of tools");
  const auto raw_tools = raw_member(response.raw_result(), *result, "tools");
  const auto raw = raw_values(raw_tools.value_or(std::string_view{}));
  const auto& values = tools->get_array();
  if (raw.size() != values.size()) return bad_answer("the answer to tools/list could not be taken apart");

  ToolPage page;
  for (std::size_t i = 0; i < raw.size(); ++i) {
    // By itself, and by the stricter limits of what is stored: it must be possible to read it again.
    auto tool = parse_tool(std::string(raw[i]));
    if (tool) {
      page.tools.push_back(std::move(*tool));
    } else {
      page.refused.push_back({shown_name(values[i]), std::move(tool.error())});
    }
  }
  const auto* cursor = result->if_contains("nextCursor");
  if (!cursor || cursor->is_null()) return page;
  if (!cursor->is_string()) return bad_answer("nextCursor is not a string");
  page.next_cursor = view(cursor->get_string());
  return page;
}

void set_aside_doubles(ToolPage& page) {
  std::map<std::string, int> bearers;
  for (const auto& tool : page.tools) ++bearers[tool.name];
  for (const auto& [name, count] : bearers) {
    if (count == 1) continue;
    page.refused.push_back(
        {name, Error{ErrorKind::kInvalid, "RMT-M020", fmt::format("{} tools are named {}", count, name)}});
  }
  std::erase_if(page.tools, [&](const Tool& tool) { return bearers[tool.name] > 1; });
}

std::string tool_list_result(std::span<const std::string_view> raw_definitions,
                             std::string_view next_cursor) {
  return fmt::format(R"({{"tools":[{}]{}{}}})", fmt::join(raw_definitions, ","),
                     next_cursor.empty() ? "" : R"(,"nextCursor":)",
                     next_cursor.empty() ? "" : mcp::quoted(next_cursor));
}

std::expected<ToolCall, Refusal> parse_tool_call(const Message& request) {
  const auto refuse = [&](std::string why) {
    return std::unexpected(
        Refusal{Error{ErrorKind::kInvalid, "RMT-M004", std::move(why)}, kInvalidParams, request.id()});
  };
  static const json::object kNoArguments;
  const auto* params = request.params();
  if (!params) return refuse("tools/call needs params");
  const auto* name = params->if_contains("name");
  if (!name || !name->is_string() || name->get_string().empty()) return refuse("name is not a tool's name");

  ToolCall call{.name = view(name->get_string()),
                .raw_arguments = "{}",
                .arguments = &kNoArguments,
                .progress_token = {},
                .raw_meta = {},
                .wants_task = params->contains("task")};
  if (const auto* arguments = params->if_contains("arguments")) {
    if (!arguments->is_object()) return refuse("arguments is not an object");
    call.arguments = &arguments->get_object();
    call.raw_arguments = raw_member(request.raw_params(), *params, "arguments").value_or("{}");
  }
  const auto* meta = params->if_contains("_meta");
  if (!meta) return call;
  if (!meta->is_object()) return refuse("_meta is not an object");
  call.raw_meta = raw_member(request.raw_params(), *params, "_meta").value_or("");
  call.meta = &meta->get_object();
  const auto* token = meta->get_object().if_contains("progressToken");
  if (!token) return call;
  const auto raw_token = raw_member(call.raw_meta, meta->get_object(), "progressToken").value_or("");
  call.progress_token = Id::from_token(raw_token, *token);
  if (!call.progress_token || raw_token.size() > MessageLimits{}.max_id_bytes)
    return refuse("progressToken is not a short string or an integer");
  return call;
}

std::string tool_call_params(std::string_view name, std::string_view raw_arguments,
                             std::string_view raw_meta) {
  return fmt::format(R"({{"name":{},"arguments":{}{}{}}})", mcp::quoted(name), raw_arguments,
                     raw_meta.empty() ? "" : R"(,"_meta":)", raw_meta);
}

Result<CallResult> inspect_call_result(const Message& response) {
  static const json::array kNoContent;
  const auto* result = response.result();
  if (!result) return bad_answer("tools/call was not answered with a result");
  CallResult seen{.content = &kNoContent};
  seen.has_structured_content = result->contains("structuredContent");
  if (const auto* is_error = result->if_contains("isError")) {
    if (!is_error->is_bool()) return bad_answer("isError is neither true nor false");
    seen.is_error = is_error->get_bool();
  }
  const auto* content = result->if_contains("content");
  if (!content && !seen.has_structured_content) return bad_answer("the result of tools/call has no content");
  if (content && !content->is_array()) return bad_answer("the content of a result is not a list");
  if (content) seen.content = &content->get_array();
  return seen;
}

std::string tool_error_result(std::string_view text, std::string_view raw_meta) {
  return fmt::format(R"({{"content":[{{"type":"text","text":{}}}],"isError":true{}{}}})", mcp::quoted(text),
                     raw_meta.empty() ? "" : R"(,"_meta":)", raw_meta);
}

}  // namespace remit::mcp
