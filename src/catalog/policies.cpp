#include "catalog/policies.h"

#include <fmt/format.h>

#include <array>

namespace remit::catalog {
namespace {

// Of the design, and not carried out yet: a policy that relies on one must not pass for enforced.
constexpr std::array<std::string_view, 2> kUnsupported = {"redact", "mode"};

}  // namespace

std::string_view baseline_text() {
  static constexpr std::string_view text =
#include "catalog_baseline.inc"
      ;
  return text;
}

Result<cedar::PolicySet> compile_policies(std::string_view text, std::string_view file_name) {
  auto parsed = cedar::PolicySet::parse(text);
  if (!parsed) {
    std::string message = "the policies do not parse, and those in force stay:";
    for (const auto& diagnostic : parsed.error())
      message += "\n" + cedar::render(diagnostic, text, file_name);
    return fail(ErrorKind::kInvalid, "RMT-P001", std::move(message));
  }
  for (const auto& policy : parsed->templates())
    return fail(ErrorKind::kInvalid, "RMT-P002",
                fmt::format("{}:{}: a template permits nothing until it is linked, and nothing links here",
                            file_name, policy.position().line),
                "Write the entity in place of the slot.");
  for (const auto& policy : parsed->policies()) {
    for (const auto name : kUnsupported)
      if (policy.annotation(name))
        return fail(ErrorKind::kInvalid, "RMT-P002",
                    fmt::format("{}:{}: the obligation `@{}` is not carried out by this version", file_name,
                                policy.position().line, name));
    if (const auto path = policy.annotation("approval"); path && policy.effect() == cedar::Effect::kForbid)
      return fail(ErrorKind::kInvalid, "RMT-P002",
                  fmt::format("{}:{}: `@approval` stands at a forbid, which no approval overrides", file_name,
                              policy.position().line),
                  "Write the condition as a permit with `@approval`, or leave the annotation out.");
  }
  return std::move(*parsed);
}

Result<PolicySetId> PolicyPublisher::publish(store::Transaction& tx, const audit::Actor& actor,
                                             Environment environment, std::string_view text,
                                             const HumanId& person) {
  TRY(require_person_(tx, person));
  TRY(compile_policies(text, fmt::format("{}.cedar", to_string(environment))));
  const std::string name(to_string(environment));
  ASSIGN_OR_RETURN(auto last, tx.query("SELECT number, digest FROM policy_set WHERE environment = ? "
                                       "ORDER BY number DESC LIMIT 1",
                                       {name}));
  ASSIGN_OR_RETURN(const auto revision, tx.next_revision());
  auto id = PolicySetId::make(clock_, random_);
  const Digest digest = sha256(text);
  TRY(tx.execute(
      "INSERT INTO policy_set (id, environment, number, text, digest, published_by, published_at, revision) "
      "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
      {id.str(), name, last.empty() ? std::int64_t{1} : last.front().integer(0) + 1, std::string(text),
       digest.hex(), person.str(), to_micros(clock_.now()), revision}));
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
  return id;
}

Result<std::vector<PublishedPolicies>> policy_history(store::Reader& reader, Environment environment) {
  ASSIGN_OR_RETURN(auto rows, reader.query("SELECT id, published_at, published_by, digest FROM policy_set "
                                           "WHERE environment = ? ORDER BY number DESC",
                                           {std::string(to_string(environment))}));
  std::vector<PublishedPolicies> history;
  for (const auto& row : rows) {
    ASSIGN_OR_RETURN(const auto digest, digest_from_hex(row.text(3)));
    history.push_back({PolicySetId::trusted(row.text(0)), from_micros(row.integer(1)),
                       HumanId::trusted(row.text(2)), digest});
  }
  return history;
}

Result<std::string> policy_text(store::Reader& reader, Environment environment) {
  ASSIGN_OR_RETURN(auto rows, reader.query("SELECT text FROM policy_set WHERE environment = ? "
                                           "ORDER BY number DESC LIMIT 1",
                                           {std::string(to_string(environment))}));
  return rows.empty() ? std::string(baseline_text()) : rows.front().text(0);
}

}  // namespace remit::catalog
