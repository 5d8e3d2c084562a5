#include "admin/names.h"

#include "audit/openings.h"
#include "audit/query.h"

namespace remit::admin {

namespace json = boost::json;

Result<std::optional<std::string>> Names::of(const std::string& id) {
  if (const auto known = known_.find(id); known != known_.end()) return known->second;
  ASSIGN_OR_RETURN(auto name, audit::name_of(reader_, id));
  return known_.emplace(id, std::move(name)).first->second;
}

Result<json::object> Names::in(std::uint64_t index, const json::object& entry) {
  json::object names;
  for (const auto& id : audit::ids_in(entry)) {
    ASSIGN_OR_RETURN(const auto name, of(id));
    if (name) names[id] = *name;
  }
  if (entry.contains("tool_asked")) {
    ASSIGN_OR_RETURN(const auto openings, audit::openings_of(reader_, index));
    json::object asked;
    audit::add_tool_asked(entry, openings, asked);
    for (const auto& [commitment, words] : asked) {
      if (words.is_string()) known_.insert_or_assign(commitment, std::string(words.get_string()));
      names[commitment] = words;
    }
  }
  return names;
}

}  // namespace remit::admin
