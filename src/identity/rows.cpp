#include "identity/rows.h"

#include <fmt/format.h>

#include <algorithm>

#include "base/ascii.h"
#include "base/utf8.h"
#include "identity/person_name.h"
#include "identity/registry.h"
#include "store/near_names.h"

namespace remit::identity {
namespace {

using snapshot::State;

constexpr std::size_t kMaxSlug = 63;
constexpr std::size_t kMaxText = 500;

bool is_lower(char c) { return c >= 'a' && c <= 'z'; }

// What changes how the text around it is read: controls (C0, DEL, C1), line and paragraph separators, and the
// marks that turn the direction of writing for the eye alone.
bool is_control(char32_t c) {
  return c < 0x20 || (c >= 0x7f && c <= 0x9f) || (c >= 0x2028 && c <= 0x202e) || (c >= 0x2066 && c <= 0x2069);
}

template <typename T>
Result<T> understood(std::optional<T> value, std::string_view what, const std::string& text) {
  if (value) return *value;
  return fail(ErrorKind::kInternal, "RMT-I030",
              fmt::format("the store names an unknown {} `{}`", what, text));
}

store::NamedRows agents() { return {.from = "agent", .key = "name", .shown = "name"}; }

}  // namespace

std::string DeploymentRow::label() const { return fmt::format("{}/{}", to_string(environment), name); }

Result<DeploymentRow> read_deployment(store::Reader& reader, const DeploymentId& id) {
  ASSIGN_OR_RETURN(auto rows,
                   reader.query("SELECT d.agent, a.name, a.owner, d.environment, d.state, d.expires_at "
                                "FROM deployment d JOIN agent a ON a.id = d.agent WHERE d.id = ?",
                                {id.str()}));
  if (rows.empty())
    return fail(ErrorKind::kNotFound, "RMT-I003", fmt::format("there is no deployment `{}`", id.str()));
  const auto& row = rows.front();
  ASSIGN_OR_RETURN(auto environment, environment_of(row.text(3)));
  ASSIGN_OR_RETURN(auto state, state_of(row.text(4)));
  return DeploymentRow{.id = id,
                       .agent = AgentId::trusted(row.text(0)),
                       .name = row.text(1),
                       .owner = HumanId::trusted(row.text(2)),
                       .environment = environment,
                       .state = state,
                       .expires = from_micros(row.integer(5))};
}

Result<DeploymentRow> read_living(store::Reader& reader, const DeploymentId& id) {
  ASSIGN_OR_RETURN(auto deployment, read_deployment(reader, id));
  if (deployment.state == State::kRetired)
    return fail(ErrorKind::kConflict, "RMT-I011", fmt::format("`{}` is retired", deployment.label()));
  return deployment;
}

Result<void> require_not_over(const DeploymentRow& deployment, Instant now) {
  if (deployment.expires > now) return {};
  return fail(ErrorKind::kConflict, "RMT-I007",
              fmt::format("`{}` ended on {}", deployment.label(), format_instant(deployment.expires)),
              "Renew it first: remit agent renew NAME --env ENV --expires DATE --by HUMAN.");
}

Result<void> require_second_person(const DeploymentRow& deployment, const HumanId& person,
                                   std::string_view code, std::string_view what) {
  if (deployment.environment != Environment::kProduction || person != deployment.owner) return {};
  return fail(ErrorKind::kForbidden, code,
              fmt::format("`{}` is owned by `{}`, who alone cannot {} in production", deployment.label(),
                          person.str(), what));
}

Result<void> confirm_approvals(store::Transaction& tx, const DeploymentRow& deployment,
                               const HumanId& approver, Instant now) {
  TRY(
      tx.execute("UPDATE deployment SET approved_by = ?, approved_at = ? WHERE id = ? "
                 "AND approved_by IS NOT NULL",
                 {approver.str(), to_micros(now), deployment.id.str()}));
  for (const std::string_view table : {"tool_grant", "credential"})
    TRY(tx.execute(fmt::format("UPDATE {} SET approved_by = ? WHERE deployment = ? AND approved_by = ? "
                               "AND revoked_at IS NULL",
                               table),
                   {approver.str(), deployment.id.str(), deployment.owner.str()}));
  return {};
}

Result<void> require_active_human(store::Reader& reader, const HumanId& human) {
  ASSIGN_OR_RETURN(auto rows, reader.query("SELECT name, left_at FROM human WHERE id = ?", {human.str()}));
  if (rows.empty())
    return fail(ErrorKind::kNotFound, "RMT-I001",
                fmt::format("there is no person with the id `{}`", human.str()));
  if (!rows.front().is_null(1))
    return fail(ErrorKind::kForbidden, "RMT-I002",
                fmt::format("{} (`{}`) has left", rows.front().text(0), human.str()));
  return {};
}

Result<void> require_owners(store::Reader& reader, const HumanId& owner,
                            const std::optional<HumanId>& deputy) {
  TRY(require_active_human(reader, owner));
  if (!deputy) return {};
  if (*deputy == owner)
    return fail(ErrorKind::kInvalid, "RMT-I021", fmt::format("owner and deputy are both `{}`", owner.str()));
  return require_active_human(reader, *deputy);
}

Result<bool> has_living_credential(store::Reader& reader, const DeploymentId& deployment, Instant now) {
  ASSIGN_OR_RETURN(auto rows,
                   reader.query("SELECT 1 FROM credential WHERE deployment = ? AND revoked_at IS NULL "
                                "AND expires_at > ?",
                                {deployment.str(), to_micros(now)}));
  return !rows.empty();
}

Result<HumanId> find_human(store::Reader& reader, std::string_view name) {
  ASSIGN_OR_RETURN(auto rows, reader.query("SELECT id FROM human WHERE canonical = ? AND left_at IS NULL",
                                           {canonical_name(name)}));
  if (rows.empty()) {
    ASSIGN_OR_RETURN(const auto meant,
                     store::nearest_hint(
                         reader, name,
                         {.from = "human", .key = "canonical", .shown = "name", .where = "left_at IS NULL"}));
    return fail(ErrorKind::kNotFound, "RMT-I001", fmt::format("nobody here is called `{}`{}", name, meant));
  }
  return HumanId::trusted(rows.front().text(0));
}

Result<std::map<std::string, std::string>> all_names(store::Reader& reader) {
  ASSIGN_OR_RETURN(
      const auto rows,
      reader.query("SELECT id, name FROM human UNION ALL SELECT id, name FROM service UNION ALL "
                   "SELECT id, name FROM agent UNION ALL SELECT d.id, d.environment || '/' || a.name "
                   "FROM deployment d JOIN agent a ON a.id = d.agent"));
  std::map<std::string, std::string> names;
  for (const auto& row : rows) names.emplace(row.text(0), row.text(1));
  return names;
}

Result<AgentId> find_agent(store::Reader& reader, std::string_view name) {
  ASSIGN_OR_RETURN(auto rows, reader.query("SELECT id FROM agent WHERE name = ?", {std::string(name)}));
  if (rows.empty()) {
    ASSIGN_OR_RETURN(const auto meant, store::nearest_hint(reader, name, agents()));
    return fail(ErrorKind::kNotFound, "RMT-I003", fmt::format("there is no agent `{}`{}", name, meant));
  }
  return AgentId::trusted(rows.front().text(0));
}

Result<DeploymentId> find_deployment(store::Reader& reader, Environment environment,
                                     std::string_view agent_name) {
  ASSIGN_OR_RETURN(auto rows,
                   reader.query("SELECT d.id FROM deployment d JOIN agent a ON a.id = d.agent "
                                "WHERE a.name = ? AND d.environment = ? "
                                "ORDER BY CASE WHEN d.retired_at IS NULL THEN 0 ELSE 1 END, d.id DESC",
                                {std::string(agent_name), std::string(to_string(environment))}));
  if (rows.empty()) {
    auto here = agents();
    here.shown =
        "CASE WHEN EXISTS (SELECT 1 FROM deployment d WHERE d.agent = agent.id AND d.environment = ?) THEN "
        "name "
        "END";
    here.parameters = {std::string(to_string(environment))};
    ASSIGN_OR_RETURN(const auto meant, store::nearest_hint(reader, agent_name, here));
    return fail(ErrorKind::kNotFound, "RMT-I003",
                fmt::format("there is no agent `{}` in {}{}", agent_name, to_string(environment), meant));
  }
  return DeploymentId::trusted(rows.front().text(0));
}

Result<void> require_slug(std::string_view what, std::string_view text) {
  const bool good = !text.empty() && text.size() <= kMaxSlug && is_lower(text.front()) &&
                    std::ranges::all_of(text, [](char c) { return is_lower(c) || is_digit(c) || c == '-'; });
  if (good) return {};
  return fail(ErrorKind::kInvalid, "RMT-I004",
              fmt::format("`{}` cannot be the name of {}", text.substr(0, 80), what));
}

Result<void> require_text(std::string_view what, std::string_view text) {
  if (reads_as_empty(text))
    return fail(ErrorKind::kInvalid, "RMT-I006", fmt::format("the {} is missing", what));
  if (text.size() > kMaxText)
    return fail(ErrorKind::kInvalid, "RMT-I006",
                fmt::format("the {} has {} bytes, more than {}", what, text.size(), kMaxText));
  while (!text.empty()) {
    const char32_t c = take_code_point(text);
    if (c == kNotUtf8) return fail(ErrorKind::kInvalid, "RMT-I006", fmt::format("the {} is not UTF-8", what));
    if (is_control(c))
      return fail(ErrorKind::kInvalid, "RMT-I006",
                  fmt::format("the {} has the control character U+{:04X}", what, std::uint32_t{c}));
  }
  return {};
}

Result<Environment> environment_of(const std::string& text) {
  return understood(parse_environment(text), "environment", text);
}

Result<State> state_of(const std::string& text) {
  return understood(snapshot::parse_name<State>(text), "state", text);
}

Result<snapshot::HoldKind> hold_kind_of(const std::string& text) {
  return understood(snapshot::parse_name<snapshot::HoldKind>(text), "kind of hold", text);
}

Result<snapshot::CredentialKind> credential_kind_of(const std::string& text) {
  return understood(snapshot::parse_name<snapshot::CredentialKind>(text), "kind of credential", text);
}

}  // namespace remit::identity
