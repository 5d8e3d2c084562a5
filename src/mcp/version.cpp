#include "mcp/version.h"

#include <fmt/format.h>

#include <algorithm>

namespace remit::mcp {

bool is_supported(std::string_view version) {
  return std::ranges::find(kSupportedVersions, version) != kSupportedVersions.end();
}

bool is_supported_of_server(std::string_view version) {
  return version == "2024-11-05" || is_supported(version);
}

std::string_view negotiate(std::string_view requested) {
  const auto found = std::ranges::find(kSupportedVersions, requested);
  return found == kSupportedVersions.end() ? kLatestVersion : *found;
}

Era era_of(const Message& message) {
  if (message.method() == "server/discover") return Era::kStateless;
  const auto* meta = message.params() ? message.meta() : nullptr;
  return meta && meta->contains("io.modelcontextprotocol/protocolVersion") ? Era::kStateless : Era::kSessions;
}

Refusal refuse_stateless(const Message& message) {
  return {Error{ErrorKind::kNotFound, "RMT-M005",
                fmt::format("{} is not served without a session: start with initialize", message.method())},
          kMethodNotFound, message.id()};
}

}  // namespace remit::mcp
