#include "gateway/tool_view.h"

#include <algorithm>
#include <ranges>
#include <utility>
#include <vector>

#include "base/canonical_json.h"
#include "decision/decide.h"
#include "gateway/instructions.h"
#include "mcp/raw_json.h"
#include "mcp/tools.h"

namespace remit::gateway {
namespace {

// The pinned definition under another name; otherwise its bytes.
std::string renamed(const snapshot::Tool& tool, const std::string& shown) {
  if (shown == tool.name) return tool.definition;
  const auto value = parse_json(tool.definition);
  return mcp::with_member(tool.definition, value->as_object(), "name", mcp::quoted(shown));
}

}  // namespace

ToolView::ToolView(const snapshot::Snapshot& snapshot, Environment environment, const TokenIdentity& caller,
                   Instant now) {
  std::vector<std::pair<const snapshot::Grant*, const snapshot::Tool*>> granted;
  for (const auto& grant : snapshot.all().grants) {
    if (grant.deployment != caller.deployment) continue;
    const auto* tool = snapshot.tool(grant.tool.str());
    if (tool == nullptr || tool->environment != environment) continue;
    granted.emplace_back(&grant, tool);
  }
  // A name that was shown stays that tool's, also where another's qualified name is the same.
  for (const auto& [grant, tool] : granted) by_name_.emplace(grant->shown_name, tool);
  for (const auto& [grant, tool] : granted)
    if (!grant->former_name.empty()) by_name_.emplace(grant->former_name, tool);
  for (const auto& [grant, tool] : granted) by_name_.emplace(tool->qualified_name, tool);
  for (const auto& [grant, tool] : granted)
    if (!grant->expires || now < *grant->expires) by_own_name_.emplace(tool->name, grant->shown_name);

  std::map<std::string_view, const snapshot::Destination*> destinations;
  for (const auto& [grant, tool] : granted)
    if (const auto* destination = snapshot.destination(tool->destination.str()))
      destinations.emplace(destination->name, destination);
  const auto values = std::views::values(destinations);
  instructions_ = joined_instructions(std::vector(values.begin(), values.end()));

  std::map<std::string_view, std::string> shown;  // in a fixed order
  for (const auto* tool : decision::callable_tools(environment, caller.deployment.str(),
                                                   caller.credential.str(), now, snapshot)) {
    const auto& name = snapshot.grant(caller.deployment.str(), tool->id.str())->shown_name;
    shown.emplace(name, renamed(*tool, name));
  }
  std::vector<std::string_view> definitions;
  definitions.reserve(shown.size());
  for (const auto& [name, definition] : shown) definitions.push_back(definition);
  list_result_ = mcp::tool_list_result(definitions);
}

const snapshot::Tool* ToolView::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

std::vector<std::string_view> ToolView::called(std::string_view own_name) const {
  std::vector<std::string_view> names;
  const auto [first, last] = by_own_name_.equal_range(own_name);
  for (auto one = first; one != last; ++one) names.push_back(one->second);
  std::ranges::sort(names);
  return names;
}

}  // namespace remit::gateway
