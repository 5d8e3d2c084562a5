#include "mcp/batch.h"

#include <fmt/format.h>

#include "base/canonical_json.h"
#include "mcp/raw_json.h"

namespace remit::mcp {
namespace {

std::unexpected<Refusal> refuse_batch(int rpc_code, std::string_view code, std::string message,
                                      ErrorKind kind = ErrorKind::kInvalid) {
  return std::unexpected(Refusal{.error = Error{kind, code, std::move(message)}, .rpc_code = rpc_code});
}

BatchPart parse_part(std::string_view text, const MessageLimits& limits) {
  auto message = parse_message(std::string(text), limits);
  if (message && message->method() == "initialize")
    return std::unexpected(
        Refusal{.error = {ErrorKind::kInvalid, "RMT-M003", "initialize is not part of a batch"},
                .id = message->id()});
  return message;
}

}  // namespace

bool is_batch(std::string_view text) {
  const auto begin = text.find_first_not_of(" \t\r\n");
  return begin != std::string_view::npos && text[begin] == '[';
}

std::expected<std::vector<BatchPart>, Refusal> parse_batch(std::string_view text, std::size_t max_messages,
                                                           const MessageLimits& limits) {
  const auto parsed = parse_json(text, {.max_bytes = limits.max_bytes, .max_depth = limits.max_depth + 1});
  if (!parsed && parsed.error().kind == ErrorKind::kTooLarge)
    return refuse_batch(kInvalidRequest, "RMT-M002", parsed.error().message, ErrorKind::kTooLarge);
  if (!parsed) return refuse_batch(kParseError, "RMT-M001", parsed.error().message);
  if (!parsed->is_array() || parsed->get_array().empty())
    return refuse_batch(kInvalidRequest, "RMT-M003", "a batch is an array of at least one message");
  const auto texts = raw_values(text);
  if (texts.size() > max_messages)
    return refuse_batch(kInvalidRequest, "RMT-M002",
                        fmt::format("a batch has at most {} messages here", max_messages),
                        ErrorKind::kTooLarge);
  std::vector<BatchPart> parts;
  parts.reserve(texts.size());
  for (const auto part : texts) parts.push_back(parse_part(part, limits));
  return parts;
}

}  // namespace remit::mcp
