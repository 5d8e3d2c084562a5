// The front door of JSON: whatever comes, the parsers answer, raw parts lie inside the text, and what is
// built from them parses again to the same.

#include <cstdint>
#include <cstdlib>

#include "mcp/batch.h"
#include "mcp/lifecycle.h"
#include "mcp/tools.h"
#include "mcp/trace_context.h"
#include "mcp/version.h"

namespace {

void require(bool holds) {
  if (!holds) std::abort();
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace remit::mcp;
  const std::string text(reinterpret_cast<const char*>(data), size);
  // What a server may send is more than what an agent may, and of the rest its id is made out.
  const auto of_server = parse_message(text, server_limits(size));
  if (!of_server && of_server.error().id) require(text.contains(of_server.error().id->raw()));
  if (of_server && of_server->kind() == MessageKind::kResponse)
    require(text.contains(of_server->raw_result()));

  const auto message = parse_message(text);
  require(!message || of_server);
  if (const auto parts = parse_batch(text, 64))
    for (const auto& part : *parts) require(part || parse_message(make_error(part.error())).has_value());
  if (!message) {
    require(parse_message(make_error(message.error())).has_value());
    return 0;
  }
  (void)era_of(*message);
  (void)parse_initialize(*message);
  (void)parse_initialize_result(*message);
  (void)inspect_call_result(*message);
  if (auto page = parse_tool_page(*message)) {
    for (const auto& tool : page->tools) require(parse_tool(tool.raw).has_value());
    set_aside_doubles(*page);
  }
  if (const auto call = parse_tool_call(*message)) {
    const auto params = tool_call_params(call->name, call->raw_arguments, call->raw_meta);
    const auto again = parse_message(make_request(Id::number(1), "tools/call", params));
    require(again.has_value());
    const auto read = parse_tool_call(*again);
    require(read && read->name == call->name && read->raw_arguments == call->raw_arguments);
    require(read->progress_token == call->progress_token);
    const auto traced = call->meta != nullptr ? trace_context_of(*call->meta) : std::string();
    require(parse_message(make_request(Id::number(1), "tools/call",
                                       tool_call_params(call->name, call->raw_arguments, traced)))
                .has_value());
  }
  if (message->kind() == MessageKind::kRequest) {
    const auto again = parse_message(make_request(*message->id(), message->method(), message->raw_params()));
    require(again && again->id() == message->id() && again->method() == message->method());
  }
  if (message->kind() == MessageKind::kResponse) {
    const auto again = parse_message(make_result(*message->id(), message->raw_result()));
    require(again && again->raw_result() == message->raw_result());
  }
  return 0;
}
