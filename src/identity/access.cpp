// Credentials and grants: what a deployment proves itself with, and what it may use.

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "base/canonical_json.h"
#include "identity/registry.h"
#include "identity/rows.h"
#include "identity/tool_names.h"

namespace remit::identity {

using snapshot::State;

namespace {

constexpr std::size_t kThumbprintSize = 43;  // 32 bytes in base64url

// The caller has parsed the key (jose); what is checked here keeps a private key out of the store whatever
// the caller did.
Result<void> require_public(const NewKey& key) {
  const auto refused = [](std::string_view why) {
    return fail(ErrorKind::kInvalid, "RMT-I009", fmt::format("the key cannot be registered: {}", why));
  };
  if (key.thumbprint.size() != kThumbprintSize || !from_base64url(key.thumbprint))
    return refused("its thumbprint is not one of RFC 7638");
  auto jwk = parse_json(key.public_jwk, {.max_bytes = 8192, .max_depth = 8});
  if (!jwk || !jwk->is_object()) return refused("it is not a JWK");
  for (const std::string_view member : {"d", "p", "q", "dp", "dq", "qi", "oth", "k"})
    if (jwk->get_object().contains(member)) return refused("it has private parts");
  return {};
}

}  // namespace

Result<void> Registry::require_new_key(store::Reader& reader, const NewKey& key) const {
  TRY(require_public(key));
  if (std::ranges::find(rules_.reserved_keys, key.material) != rules_.reserved_keys.end())
    return fail(ErrorKind::kInvalid, "RMT-I009",
                "the key cannot be registered: it is an issuer's own, and agents have keys of their own");
  ASSIGN_OR_RETURN(auto seen,
                   reader.query("SELECT d.environment, a.name, d.id FROM credential c JOIN deployment d ON "
                                "d.id = c.deployment JOIN agent a ON a.id = d.agent WHERE c.thumbprint = ? "
                                "OR c.material = ?",
                                {key.thumbprint, key.material}));
  if (!seen.empty())
    return fail(ErrorKind::kConflict, "RMT-I008",
                fmt::format("the key {} was registered before, for `{}/{}`", key.thumbprint,
                            seen.front().text(0), seen.front().text(1)));
  return {};
}

Result<CredentialId> Registry::insert_key(store::Transaction& tx, const DeploymentId& deployment,
                                          const NewKey& key, Instant expires,
                                          const std::optional<HumanId>& approver) {
  TRY(require_new_key(tx, key));
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  auto id = CredentialId::make(clock_, random_);
  const auto now = to_micros(clock_.now());
  TRY(tx.execute(
      "INSERT INTO credential (id, deployment, kind, public_jwk, thumbprint, material, approved_by, "
      "not_before, expires_at, created_at, revision) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {id.str(), deployment.str(), std::string(to_string(snapshot::CredentialKind::kKey)), key.public_jwk,
       key.thumbprint, key.material, nullable(approver), now, to_micros(expires), now, revision}));
  return id;
}

Result<CredentialId> Registry::add_credential(store::Transaction& tx, const audit::Actor& actor,
                                              const DeploymentId& id, const NewKey& key,
                                              const std::optional<HumanId>& approver) {
  ASSIGN_OR_RETURN(auto deployment, read_living(tx, id));
  if (approver) {
    TRY(require_active_human(tx, *approver));
    TRY(require_second_person(deployment, *approver, "RMT-I033", "add a key to it"));
  } else if (deployment.environment == Environment::kProduction) {
    return fail(ErrorKind::kForbidden, "RMT-I033",
                fmt::format("`{}` gets a key when a person says so who does not own it", deployment.label()));
  }
  TRY(require_not_over(deployment, clock_.now()));
  ASSIGN_OR_RETURN(auto credential, insert_key(tx, id, key, deployment.expires, approver));
  if (deployment.state == State::kApproved) TRY(move_state(tx, id, State::kApproved, State::kActive));
  TRY(record(tx, actor, "credential.add", credential.str(),
             {{"deployment", id.str()}, {"thumbprint", key.thumbprint}, {"approver", id_or_null(approver)}}));
  return credential;
}

Result<void> Registry::revoke_credential(store::Transaction& tx, const audit::Actor& actor,
                                         const CredentialId& id) {
  ASSIGN_OR_RETURN(auto rows,
                   tx.query("SELECT deployment, revoked_at FROM credential WHERE id = ?", {id.str()}));
  if (rows.empty())
    return fail(ErrorKind::kNotFound, "RMT-I003", fmt::format("there is no credential `{}`", id.str()));
  if (!rows.front().is_null(1))
    return fail(ErrorKind::kConflict, "RMT-I022",
                fmt::format("credential `{}` is revoked already", id.str()));
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  TRY(tx.execute("UPDATE credential SET revoked_at = ?, revision = ? WHERE id = ?",
                 {to_micros(clock_.now()), revision, id.str()}));
  return record(tx, actor, "credential.revoke", id.str(), {{"deployment", rows.front().text(0)}});
}

namespace {

struct Shown {
  std::vector<ShownTool> tools;
  std::map<std::string, std::string> former_names;
};

// What an agent was ever shown in an environment.
Result<Shown> ever_shown(store::Reader& reader, const AgentId& agent, Environment environment) {
  ASSIGN_OR_RETURN(
      const auto rows,
      reader.query(
          "SELECT DISTINCT g.tool_name, g.shown_name, g.former_name FROM tool_grant g JOIN deployment d ON "
          "d.id = g.deployment WHERE d.agent = ? AND d.environment = ? AND g.shown_name IS NOT NULL",
          {agent.str(), std::string(to_string(environment))}));
  Shown shown;
  for (const auto& row : rows) {
    shown.tools.push_back({row.text(0), row.text(1)});
    if (!row.is_null(2)) shown.former_names.emplace(row.text(0), row.text(2));
  }
  return shown;
}

}  // namespace

Result<Granted> Registry::grant(store::Transaction& tx, const audit::Actor& actor, const NewGrant& given) {
  ASSIGN_OR_RETURN(auto deployment, read_living(tx, given.deployment));
  TRY(require_active_human(tx, given.approver));
  TRY(require_second_person(deployment, given.approver, "RMT-I033", "grant it a tool"));
  if (given.tool_environment != deployment.environment)
    return fail(ErrorKind::kForbidden, "RMT-I017",
                fmt::format("`{}` cannot be granted a tool of {}", deployment.label(),
                            to_string(given.tool_environment)));
  if (given.expires && *given.expires <= clock_.now())
    return fail(ErrorKind::kInvalid, "RMT-I007",
                fmt::format("the end date {} is in the past", format_instant(*given.expires)));
  ASSIGN_OR_RETURN(
      auto there,
      tx.query("SELECT id, shown_name, expires_at FROM tool_grant WHERE deployment = ? AND tool = ? "
               "AND revoked_at IS NULL",
               {given.deployment.str(), given.tool.str()}));
  const auto until = given.expires ? std::optional(to_micros(*given.expires)) : std::nullopt;
  if (!there.empty() &&
      (there.front().is_null(2) ? std::nullopt : std::optional(there.front().integer(2))) == until)
    return Granted{
        .id = GrantId::trusted(there.front().text(0)), .shown_name = there.front().text(1), .is_new = false};
  if (!there.empty())
    return fail(ErrorKind::kConflict, "RMT-I016",
                fmt::format("`{}` has the tool `{}` already, until another end, by `{}`", deployment.label(),
                            given.tool_name, there.front().text(0)));
  ASSIGN_OR_RETURN(const auto ever, ever_shown(tx, deployment.agent, deployment.environment));
  const auto former = ever.former_names.find(given.tool_name);
  Granted granted{.id = GrantId::make(clock_, random_),
                  .shown_name = shown_name(given.tool_name, ever.tools)};
  const auto& id = granted.id;
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  TRY(tx.execute(
      "INSERT INTO tool_grant (id, deployment, tool, approved_by, granted_at, expires_at, revision, "
      "tool_name, shown_name, former_name) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
      {id.str(), given.deployment.str(), given.tool.str(), given.approver.str(), to_micros(clock_.now()),
       given.expires ? store::Value(to_micros(*given.expires)) : store::Value(nullptr), revision,
       given.tool_name, granted.shown_name,
       former == ever.former_names.end() ? store::Value(nullptr) : store::Value(former->second)}));
  boost::json::object detail{
      {"deployment", given.deployment.str()},
      {"environment", to_string(deployment.environment)},
      {"tool", given.tool.str()},
      {"approver", given.approver.str()},
      {"expires", given.expires ? boost::json::value(format_instant(*given.expires)) : nullptr}};
  for (const auto& [member, value] : given.tool_class) detail[member] = value;
  TRY(log_.append_governance(tx, {.actor = actor,
                                  .action = "grant.add",
                                  .object = id.str(),
                                  .detail = std::move(detail),
                                  .texts = {{"shown_name", granted.shown_name}}}));
  return granted;
}

Result<void> Registry::revoke_grant(store::Transaction& tx, const audit::Actor& actor,
                                    const DeploymentId& deployment, const ToolId& tool) {
  ASSIGN_OR_RETURN(auto rows, tx.query("SELECT id FROM tool_grant WHERE deployment = ? AND tool = ? "
                                       "AND revoked_at IS NULL",
                                       {deployment.str(), tool.str()}));
  if (rows.empty())
    return fail(ErrorKind::kNotFound, "RMT-I018",
                fmt::format("`{}` has no grant of the tool `{}`", deployment.str(), tool.str()));
  const auto& id = rows.front().text(0);
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  TRY(tx.execute("UPDATE tool_grant SET revoked_at = ?, revision = ? WHERE id = ?",
                 {to_micros(clock_.now()), revision, id}));
  return record(tx, actor, "grant.revoke", id, {{"deployment", deployment.str()}, {"tool", tool.str()}});
}

Result<std::int64_t> Registry::end_grants(store::Transaction& tx, const audit::Actor& actor,
                                          const ToolId& tool) {
  ASSIGN_OR_RETURN(
      const auto there,
      tx.query("SELECT 1 FROM tool_grant WHERE tool = ? AND revoked_at IS NULL LIMIT 1", {tool.str()}));
  if (there.empty()) return 0;
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  ASSIGN_OR_RETURN(const auto ended,
                   tx.execute("UPDATE tool_grant SET revoked_at = ?, revision = ? WHERE tool = ? "
                              "AND revoked_at IS NULL",
                              {to_micros(clock_.now()), revision, tool.str()}));
  TRY(record(tx, actor, "grant.end", tool.str(), {{"grants", ended}}));
  return ended;
}

}  // namespace remit::identity
