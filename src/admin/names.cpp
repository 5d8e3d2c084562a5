#include "admin/names.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/json/array.hpp>

#include "admin/views.h"
#include "catalog/catalog.h"

namespace remit::admin {
namespace {

namespace json = boost::json;

// The texts within a value.
void collect(const json::value& value, std::vector<std::string>& texts) {
  if (const auto* text = value.if_string()) texts.emplace_back(*text);
  if (const auto* array = value.if_array())
    for (const auto& one : *array) collect(one, texts);
  if (const auto* object = value.if_object())
    for (const auto& [_, one] : *object) collect(one, texts);
}

template <typename T>
const T* by_id(const std::vector<T>& all, std::string_view id) {
  const auto found = std::ranges::find_if(all, [&](const T& one) { return one.id.str() == id; });
  return found == all.end() ? nullptr : &*found;
}

}  // namespace

Result<std::optional<std::string>> Names::find(const std::string& id) {
  if (is_id("dep", id)) {
    const auto* deployment = snapshot_.deployment(id);
    return deployment == nullptr ? std::nullopt : std::optional(label(*deployment));
  }
  if (is_id("agt", id)) {
    const auto* agent = by_id(snapshot_.all().agents, id);
    return agent == nullptr ? std::nullopt : std::optional(agent->name);
  }
  if (is_id("hum", id)) {
    const auto* human = snapshot_.human(id);
    return human == nullptr ? std::nullopt : std::optional(human->name);
  }
  if (is_id("svc", id)) {
    const auto* service = by_id(snapshot_.all().services, id);
    return service == nullptr ? std::nullopt : std::optional(service->name);
  }
  // The snapshot has the living ones alone.
  if (is_id("tol", id)) return catalog::name_of(reader_, ToolId::trusted(id));
  if (is_id("dst", id)) return catalog::name_of(reader_, DestinationId::trusted(id));
  return std::nullopt;
}

Result<std::optional<std::string>> Names::of(const std::string& id) {
  if (const auto known = known_.find(id); known != known_.end()) return known->second;
  ASSIGN_OR_RETURN(auto name, find(id));
  return known_.emplace(id, std::move(name)).first->second;
}

Result<json::object> Names::in(const json::object& entry) {
  std::vector<std::string> texts;
  for (const auto& [key, value] : entry)
    if (key != "tool_asked") collect(value, texts);  // an agent's words, and no id
  json::object names;
  for (const auto& text : texts) {
    ASSIGN_OR_RETURN(const auto name, of(text));
    if (name) names[text] = *name;
  }
  return names;
}

}  // namespace remit::admin
