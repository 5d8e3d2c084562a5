#include "mcp/lifecycle.h"

#include <fmt/format.h>

#include "mcp/raw_json.h"

namespace remit::mcp {
namespace {

namespace json = boost::json;

constexpr std::size_t kMaxInfo = 256;  // of a name, version or title: they are shown and logged

bool read_text(const json::object& object, std::string_view key, bool required, std::size_t max,
               std::string& out) {
  const auto* member = object.if_contains(key);
  if (!member) return !required;
  if (!member->is_string() || member->get_string().size() > max) return false;
  out.assign(member->get_string().data(), member->get_string().size());
  return true;
}

bool read_implementation(const json::object& holder, std::string_view key, Implementation& out) {
  const auto* member = holder.if_contains(key);
  const auto* info = member ? member->if_object() : nullptr;
  return info && read_text(*info, "name", true, kMaxInfo, out.name) &&
         read_text(*info, "version", true, kMaxInfo, out.version) &&
         read_text(*info, "title", false, kMaxInfo, out.title);
}

// Empty if there are none or they are not an object.
std::string read_capabilities(std::string_view raw, const json::object& holder) {
  const auto* member = holder.if_contains("capabilities");
  if (!member || !member->is_object()) return {};
  return std::string(raw_member(raw, holder, "capabilities").value_or(""));
}

std::string to_json(const Implementation& info) {
  return fmt::format(R"({{"name":{},"version":{}{}{}}})", mcp::quoted(info.name), mcp::quoted(info.version),
                     info.title.empty() ? "" : R"(,"title":)",
                     info.title.empty() ? "" : mcp::quoted(info.title));
}

}  // namespace

std::expected<InitializeParams, Refusal> parse_initialize(const Message& request) {
  const auto refuse = [&](std::string why) {
    return std::unexpected(
        Refusal{Error{ErrorKind::kInvalid, "RMT-M004", std::move(why)}, kInvalidParams, request.id()});
  };
  const auto* params = request.params();
  if (!params) return refuse("initialize needs params");
  InitializeParams out;
  if (!read_text(*params, "protocolVersion", true, kMaxInfo, out.protocol_version))
    return refuse("protocolVersion is not a version");
  if (!read_implementation(*params, "clientInfo", out.client))
    return refuse("clientInfo needs a name and a version");
  out.raw_capabilities = read_capabilities(request.raw_params(), *params);
  if (out.raw_capabilities.empty()) return refuse("capabilities is not an object");
  return out;
}

Result<InitializeResult> parse_initialize_result(const Message& response) {
  const auto bad = [](std::string why) { return fail(ErrorKind::kInvalid, "RMT-M021", std::move(why)); };
  const auto* result = response.result();
  if (!result) return bad("initialize was not answered with a result");
  InitializeResult out;
  if (!read_text(*result, "protocolVersion", true, kMaxInfo, out.protocol_version))
    return bad("the answer to initialize has no protocolVersion");
  if (!read_implementation(*result, "serverInfo", out.server))
    return bad("the answer to initialize has no serverInfo with a name and a version");
  out.raw_capabilities = read_capabilities(response.raw_result(), *result);
  if (out.raw_capabilities.empty()) return bad("the answer to initialize has no capabilities");
  if (!read_text(*result, "instructions", false, response.text().size(), out.instructions))
    return bad("instructions is not text");
  return out;
}

std::string to_json(const InitializeParams& params) {
  return fmt::format(R"({{"protocolVersion":{},"capabilities":{},"clientInfo":{}}})",
                     mcp::quoted(params.protocol_version), params.raw_capabilities, to_json(params.client));
}

std::string to_json(const InitializeResult& result) {
  const auto& text = result.instructions;
  return fmt::format(R"({{"protocolVersion":{},"capabilities":{},"serverInfo":{}{}{}}})",
                     mcp::quoted(result.protocol_version), result.raw_capabilities, to_json(result.server),
                     text.empty() ? "" : R"(,"instructions":)", text.empty() ? "" : mcp::quoted(text));
}

}  // namespace remit::mcp
