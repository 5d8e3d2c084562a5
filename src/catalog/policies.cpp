#include "catalog/policies.h"

#include <fmt/format.h>

#include <algorithm>

namespace remit::catalog {
namespace {

std::string file_of(Environment environment) { return fmt::format("{}.cedar", to_string(environment)); }

// The revision at which the environment's schema last may have changed; 0: never.
Result<std::int64_t> catalog_revision(store::Reader& reader, const std::string& environment) {
  ASSIGN_OR_RETURN(
      const auto rows,
      reader.query(
          "SELECT COALESCE(MAX(revision), 0) FROM destination WHERE environment = ? UNION ALL "
          "SELECT COALESCE(MAX(t.revision), 0) FROM tool t JOIN destination d ON d.id = t.destination "
          "WHERE d.environment = ?",
          {environment, environment}));
  std::int64_t last = 0;
  for (const auto& row : rows) last = std::max(last, row.integer(0));
  return last;
}

}  // namespace

std::string_view baseline_text() {
  static constexpr std::string_view text =
#include "catalog_baseline.inc"
      ;
  return text;
}

Result<cedar::PolicySet> compile_policies(std::string_view text, std::string_view file_name) {
  auto check = check_policies(text, {});
  if (check.passed()) return std::move(check.set);
  return fail(check.error("the policies cannot come into force, and those that are stay:", text, file_name));
}

Result<CheckedPolicies> CheckedPolicies::check(std::string text, const snapshot::Snapshot& snapshot,
                                               Environment environment, bool allow_unknown) {
  ASSIGN_OR_RETURN(const auto schema, schema_of(snapshot, environment));
  auto check = check_policies(text, {.schema = &schema,
                                     .inventory = &snapshot,
                                     .environment = environment,
                                     .allow_unknown = allow_unknown});
  if (!check.passed())
    return fail(check.error(
        fmt::format("the policies do not fit what {} has, and those in force stay:", to_string(environment)),
        text, file_of(environment)));
  CheckedPolicies checked;
  checked.digest_ = sha256(text);
  checked.text_ = std::move(text);
  checked.set_ = std::move(check.set);
  checked.environment_ = environment;
  checked.revision_ = snapshot.revision();
  checked.warnings_ = std::move(check.findings);
  return checked;
}

Result<PolicySetId> PolicyPublisher::publish(store::Transaction& tx, const audit::Actor& actor,
                                             const CheckedPolicies& policies, const HumanId& person,
                                             std::string_view replaces) {
  TRY(require_person_(tx, person));
  const std::string& text = policies.text();
  const std::string name(to_string(policies.environment()));
  ASSIGN_OR_RETURN(const auto changed, catalog_revision(tx, name));
  if (changed > policies.revision())
    return fail(ErrorKind::kConflict, "RMT-P004",
                fmt::format("the tools of {} changed while the policies were checked", name));
  ASSIGN_OR_RETURN(auto last, tx.query("SELECT number, digest, id FROM policy_set WHERE environment = ? "
                                       "ORDER BY number DESC LIMIT 1",
                                       {name}));
  if (!replaces.empty() && replaces != (last.empty() ? kBaselineId : last.front().text(2)))
    return fail(
        ErrorKind::kConflict, "RMT-P011",
        fmt::format("the policies of {} were replaced by others since these were compared with them", name));
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  auto id = PolicySetId::make(clock_, random_);
  const Digest& digest = policies.digest();
  TRY(tx.execute(
      "INSERT INTO policy_set (id, environment, number, text, digest, published_by, published_at, revision) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      {id.str(), name, last.empty() ? std::int64_t{1} : last.front().integer(0) + 1, text, digest.hex(),
       person.str(), to_micros(clock_.now()), revision}));
  audit::GovernanceEvent event{.actor = actor,
                               .action = "policy.publish",
                               .object = id.str(),
                               .detail = {{"environment", name}, {"person", person.str()}},
                               .after = digest};
  if (last.empty()) {
    event.before = sha256(baseline_text());
  } else {
    ASSIGN_OR_RETURN(event.before, digest_from_hex(last.front().text(1)));
  }
  TRY(log_.append_governance(tx, event));
  last_.at(static_cast<std::size_t>(policies.environment())) = {digest, policies.set()};
  return id;
}

const cedar::PolicySet* PolicyPublisher::published(Environment environment, const Digest& digest) const {
  const auto& last = last_.at(static_cast<std::size_t>(environment));
  return last && last->digest == digest ? &last->set : nullptr;
}

Result<std::vector<PublishedPolicies>> policy_history(store::Reader& reader, Environment environment) {
  ASSIGN_OR_RETURN(auto rows,
                   reader.query("SELECT id, published_at, published_by, digest, number FROM policy_set "
                                "WHERE environment = ? ORDER BY number DESC",
                                {std::string(to_string(environment))}));
  std::vector<PublishedPolicies> history;
  for (const auto& row : rows) {
    ASSIGN_OR_RETURN(const auto digest, digest_from_hex(row.text(3)));
    history.push_back({row.integer(4), PolicySetId::trusted(row.text(0)), from_micros(row.integer(1)),
                       HumanId::trusted(row.text(2)), digest});
  }
  return history;
}

Result<std::string> published_text(store::Reader& reader, Environment environment, std::string_view which) {
  if (which == "0" || which == kBaselineId) return std::string(baseline_text());
  const std::string name(to_string(environment));
  ASSIGN_OR_RETURN(auto rows, reader.query("SELECT text FROM policy_set WHERE environment = ? AND "
                                           "(id = ? OR CAST(number AS TEXT) = ?)",
                                           {name, std::string(which), std::string(which)}));
  if (!rows.empty()) return rows.front().text(0);
  return fail(ErrorKind::kNotFound, "RMT-P009",
              fmt::format("no policies `{}` were ever in force in {}", which, name));
}

Result<std::string> policy_text(store::Reader& reader, Environment environment) {
  ASSIGN_OR_RETURN(auto rows, reader.query("SELECT text FROM policy_set WHERE environment = ? "
                                           "ORDER BY number DESC LIMIT 1",
                                           {std::string(to_string(environment))}));
  return rows.empty() ? std::string(baseline_text()) : rows.front().text(0);
}

}  // namespace remit::catalog
