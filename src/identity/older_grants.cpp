// Grants from before the names that agents see were kept with them.

#include "identity/registry.h"
#include "identity/rows.h"
#include "identity/tool_names.h"

namespace remit::identity {
namespace {

struct UnnamedGrant {
  std::string id;
  OlderGrant grant;
};

using UnnamedGrants = std::map<std::pair<std::string, Environment>, std::vector<UnnamedGrant>>;  // by agent

Result<UnnamedGrants> unnamed_grants(store::Reader& reader, const KnownTools& known) {
  ASSIGN_OR_RETURN(
      const auto rows,
      reader.query(
          "SELECT g.id, d.agent, d.environment, g.tool, g.revoked_at FROM tool_grant g JOIN deployment d "
          "ON d.id = g.deployment WHERE g.shown_name IS NULL ORDER BY g.granted_at, g.id"));
  UnnamedGrants grants;
  for (const auto& row : rows) {
    ASSIGN_OR_RETURN(const auto environment, environment_of(row.text(2)));
    const auto name = known.names.find(ToolId::trusted(row.text(3)));
    grants[{row.text(1), environment}].push_back(
        {row.text(0), {name == known.names.end() ? row.text(3) : name->second, row.is_null(4)}});
  }
  return grants;
}

}  // namespace

Result<void> Registry::name_older_grants(
    store::Store& store, const std::function<Result<KnownTools>(store::Reader&)>& known_tools) {
  bool none = false;
  TRY(store.read([&](store::Reader& reader) -> Result<void> {
    ASSIGN_OR_RETURN(const auto rows,
                     reader.query("SELECT 1 FROM tool_grant WHERE shown_name IS NULL LIMIT 1"));
    none = rows.empty();
    return {};
  }));
  if (none) return {};
  return store.run([&](store::Transaction& tx) -> Result<void> {
    ASSIGN_OR_RETURN(const auto known, known_tools(tx));
    ASSIGN_OR_RETURN(const auto all, unnamed_grants(tx, known));
    for (const auto& [agent, unnamed] : all) {
      std::vector<OlderGrant> grants;
      grants.reserve(unnamed.size());
      for (const auto& one : unnamed) grants.push_back(one.grant);
      const auto names = adopt_names(grants, known.destinations.at(static_cast<std::size_t>(agent.second)));
      for (std::size_t i = 0; i < unnamed.size(); ++i)
        TRY(tx.execute("UPDATE tool_grant SET tool_name = ?, shown_name = ?, former_name = ? WHERE id = ?",
                       {grants[i].tool, names[i].name,
                        names[i].former.empty() ? store::Value(nullptr) : store::Value(names[i].former),
                        unnamed[i].id}));
    }
    return {};
  });
}

}  // namespace remit::identity
