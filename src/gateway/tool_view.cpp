#include "gateway/tool_view.h"

#include <vector>

#include "base/canonical_json.h"
#include "decision/decide.h"
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
  std::vector<const snapshot::Tool*> granted;
  std::map<std::string_view, int> uses;  // of a name, short or long
  for (const auto& grant : snapshot.all().grants) {
    if (grant.deployment != caller.deployment) continue;
    const auto* tool = snapshot.tool(grant.tool.str());
    if (tool == nullptr || tool->environment != environment) continue;
    granted.push_back(tool);
    ++uses[tool->name];
    ++uses[tool->qualified_name];
  }
  const auto shown_name = [&](const snapshot::Tool& tool) -> const std::string& {
    return uses[tool.name] == 1 ? tool.name : tool.qualified_name;
  };
  for (const auto* tool : granted) {
    by_name_.emplace(tool->qualified_name, tool);
    by_name_.emplace(shown_name(*tool), tool);
  }

  std::map<std::string, std::string> shown;  // in a fixed order
  for (const auto* tool :
       decision::callable_tools(environment, caller.deployment.str(), caller.credential.str(), now, snapshot))
    shown.emplace(shown_name(*tool), renamed(*tool, shown_name(*tool)));
  std::vector<std::string_view> definitions;
  definitions.reserve(shown.size());
  for (const auto& [name, definition] : shown) definitions.push_back(definition);
  list_result_ = mcp::tool_list_result(definitions);
}

const snapshot::Tool* ToolView::find(std::string_view name) const {
  const auto found = by_name_.find(name);
  return found == by_name_.end() ? nullptr : found->second;
}

}  // namespace remit::gateway
