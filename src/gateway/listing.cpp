#include "gateway/listing.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <span>
#include <unordered_map>

namespace remit::gateway {

Digest digest_of(const mcp::ToolPage& listing) {
  std::string all;
  for (const auto& tool : listing.tools) all += tool.raw;
  for (const auto& tool : listing.refused) all += tool.name + '\n' + tool.error.message + '\n';
  return sha256(all);
}

bool is_news(const mcp::ToolPage& listing, const DestinationId& destination,
             const snapshot::Snapshot& snapshot) {
  const auto* known = snapshot.destination(destination.str());
  if (known == nullptr) return false;
  if (known->set_aside.empty() != listing.refused.empty()) return true;
  std::unordered_map<std::string_view, std::string_view> listed;
  for (const auto& tool : listing.tools) listed.emplace(tool.name, tool.raw);
  std::size_t found = 0;
  for (const auto* tool : snapshot.tools_of(destination.str())) {
    const auto offer = listed.find(tool->name);
    if (tool->missing != (offer == listed.end())) return true;
    if (offer == listed.end()) continue;
    ++found;
    if (tool->quarantined && !tool->moved && offer->second == tool->definition) return true;
  }
  return found < listed.size();
}

void log_set_aside(std::string_view destination, const mcp::ToolPage& listing) {
  constexpr std::size_t kMaxLines = 5;
  const auto& refused = listing.refused;
  for (const auto& tool : std::span(refused).first(std::min(refused.size(), kMaxLines)))
    spdlog::warn("destination {}: tool `{}` set aside: {}", destination, tool.name, tool.error.message);
  if (refused.size() > kMaxLines)
    spdlog::warn("destination {}: {} more tools set aside", destination, refused.size() - kMaxLines);
}

}  // namespace remit::gateway
