// Policies: what is in force in an environment, how it came to be, and its replacement.

#include <algorithm>
#include <memory>

#include "admin/commit.h"
#include "admin/computing.h"
#include "admin/routes.h"
#include "admin/views.h"
#include "catalog/policies.h"
#include "snapshot/policy_schema.h"

namespace remit::admin {
namespace {

namespace json = boost::json;
using http::Method;
using snapshot::Snapshot;

json::object view(const catalog::PublishedPolicies& published, const Snapshot& snapshot) {
  return {{"number", published.number},
          {"id", published.id.str()},
          {"published_at", format_instant(published.published_at)},
          {"published_by", name_of(published.published_by, snapshot)},
          {"digest", published.digest.hex()}};
}

Result<Answer> show(const Call& call, const Snapshot& snapshot, store::Reader& reader) {
  TRY(call.query.all_known());
  ASSIGN_OR_RETURN(const auto environment, environment_of_path(call));
  ASSIGN_OR_RETURN(auto text, catalog::policy_text(reader, environment));
  ASSIGN_OR_RETURN(const auto published, catalog::policy_history(reader, environment));
  json::array history;
  history.reserve(published.size());
  for (const auto& one : published) history.push_back(view(one, snapshot));
  return Answer{json::object{{"environment", to_string(environment)},
                             {"id", published.empty() ? catalog::kBaselineId : published.front().id.str()},
                             {"text", std::move(text)},
                             {"history", std::move(history)}}};
}

// One text of the history.
Result<Answer> show_published(const Call& call, const Snapshot&, store::Reader& reader) {
  TRY(call.query.all_known());
  ASSIGN_OR_RETURN(const auto environment, environment_of_path(call));
  const auto& which = call.path.at("which");
  ASSIGN_OR_RETURN(auto text, catalog::published_text(reader, environment, which));
  return Answer{
      json::object{{"environment", to_string(environment)}, {"which", which}, {"text", std::move(text)}}};
}

json::array to_json(const std::vector<catalog::PolicyFinding>& findings) {
  json::array array;
  array.reserve(findings.size());
  for (const auto& finding : findings) array.push_back(catalog::to_json(finding));
  return array;
}

Result<Answer> schema(const Call& call, const Snapshot& snapshot) {
  TRY(call.query.all_known());
  ASSIGN_OR_RETURN(const auto environment, environment_of_path(call));
  auto schema = snapshot::policy_schema(snapshot.all(), environment);
  json::array warnings;
  warnings.reserve(schema.warnings.size());
  for (auto& warning : schema.warnings)
    warnings.push_back(json::object{{"tool", std::move(warning.tool)},
                                    {"pointer", std::move(warning.left_out.pointer)},
                                    {"reason", std::move(warning.left_out.reason)}});
  return Answer{json::object{{"environment", to_string(environment)},
                             {"revision", snapshot.revision()},
                             {"text", std::move(schema.text)},
                             {"warnings", std::move(warnings)}}};
}

// What a request to validate asks. Without a text: of what is in force.
struct Validation {
  Environment environment = Environment::kSandbox;
  std::optional<std::string> text = {};
  std::optional<std::uint32_t> level = {};
  bool allow_unknown = false;
};

Result<Validation> validation(const Call& call) {
  Validation asked;
  ASSIGN_OR_RETURN(asked.environment, environment_of_path(call));
  ASSIGN_OR_RETURN(asked.text, call.body.optional_text("text"));
  ASSIGN_OR_RETURN(const auto level, call.body.optional_count("level"));
  if (level) asked.level = static_cast<std::uint32_t>(std::min<std::uint64_t>(*level, UINT32_MAX));
  ASSIGN_OR_RETURN(asked.allow_unknown, call.body.flag("allow_unknown"));
  TRY(call.body.all_known());
  return asked;
}

Result<Answer> validate(const Validation& asked, const Snapshot& snapshot) {
  const auto* in_force = asked.text ? nullptr : snapshot.policies(asked.environment);
  ASSIGN_OR_RETURN(const auto types, catalog::schema_of(snapshot, asked.environment));
  const catalog::PolicyCheckOptions options{.schema = &types,
                                            .level = asked.level,
                                            .inventory = &snapshot,
                                            .environment = asked.environment,
                                            .allow_unknown = asked.allow_unknown};
  catalog::PolicyCheck found;
  if (asked.text)
    found = catalog::check_policies(*asked.text, options);
  else if (in_force != nullptr)
    found = catalog::check_policies(in_force->set, options);
  return Answer{
      json::object{{"environment", to_string(asked.environment)},
                   {"id", in_force == nullptr ? json::value(nullptr) : json::value(in_force->id.str())},
                   {"revision", snapshot.revision()},
                   {"policies", found.set.policies().size() + found.set.templates().size()},
                   {"valid", found.passed()},
                   {"findings", to_json(found.findings)}}};
}

http::Task<Result<Answer>> validate(const snapshot::SnapshotHolder* snapshots, ReadingThread* checking,
                                    Call call) {
  auto asked = validation(call);
  if (!asked) co_return std::unexpected(std::move(asked).error());
  co_return co_await compute(snapshots, checking, [asked = std::move(*asked)](const Snapshot& snapshot) {
    return validate(asked, snapshot);
  });
}

// What a request to publish asks.
struct Publication {
  Environment environment = Environment::kSandbox;
  std::string text;
  bool allow_unknown = false;
  std::string replaces;  // the id of what was in force when it was looked at; empty: whatever is
};

Result<Publication> publication(const Call& call) {
  Publication asked;
  ASSIGN_OR_RETURN(asked.environment, environment_of_path(call));
  ASSIGN_OR_RETURN(asked.text, call.body.text("text"));
  TRY(call.body.text("by"));  // looked up in the transaction
  ASSIGN_OR_RETURN(asked.allow_unknown, call.body.flag("allow_unknown"));
  ASSIGN_OR_RETURN(auto replaces, call.body.optional_text("replaces"));
  asked.replaces = std::move(replaces).value_or(std::string());
  TRY(call.body.all_known());
  return asked;
}

// Checks the text beside the loops and the store's writer, then puts it in force if the catalog still is what
// it was checked against; else once more.
http::Task<Result<Answer>> publish(ApiParts parts, ReadingThread* checking, Call call) {
  constexpr int kAttempts = 3;
  const auto asked = publication(call);
  if (!asked) co_return std::unexpected(asked.error());
  const auto shared_call = std::make_shared<Call>(std::move(call));
  for (int attempt = 1;; ++attempt) {
    const auto checked = std::make_shared<std::optional<catalog::CheckedPolicies>>();
    auto done = co_await compute(
        &parts.snapshots, checking, [checked, asked = *asked](const Snapshot& snapshot) -> Result<Answer> {
          ASSIGN_OR_RETURN(*checked, catalog::CheckedPolicies::check(asked.text, snapshot, asked.environment,
                                                                     asked.allow_unknown));
          return Answer{};
        });
    if (!done) co_return std::unexpected(std::move(done).error());

    const auto answer = std::make_shared<Answer>();
    auto published = co_await commit(
        &parts.store,
        [answer, checked, shared_call, replaces = asked->replaces,
         &policies = parts.policies](store::Transaction& tx) -> Result<> {
          ASSIGN_OR_RETURN(const auto by, person(*shared_call, tx, "by"));
          const audit::Actor actor{.id = by.str(), .via = shared_call->actor.via};
          ASSIGN_OR_RETURN(const auto id, policies.publish(tx, actor, **checked, by, replaces));
          *answer = Answer{json::object{{"id", id.str()},
                                        {"environment", to_string((*checked)->environment())},
                                        {"warnings", to_json((*checked)->warnings())}},
                           201};
          return {};
        });
    if (published) co_return std::move(*answer);
    if (published.error().code != "RMT-P004" || attempt == kAttempts)
      co_return std::unexpected(std::move(published).error());
  }
}

}  // namespace

std::vector<Route> policy_routes(const ApiParts& parts, ReadingThread& checking) {
  return {
      {Method::kGet, "/v1/policies/{environment}", Lookup(show)},
      {Method::kPost, "/v1/policies/{environment}",
       [parts, &checking](Call call) { return publish(parts, &checking, std::move(call)); }},
      {Method::kGet, "/v1/policies/{environment}/published/{which}", Lookup(show_published)},
      {Method::kGet, "/v1/policies/{environment}/schema",
       [](const Call& call, const Snapshot& snapshot, store::Reader&) { return schema(call, snapshot); }},
      {Method::kPost, "/v1/policies/{environment}/validate",
       [snapshots = &parts.snapshots, &checking](Call call) {
         return validate(snapshots, &checking, std::move(call));
       }},
  };
}

}  // namespace remit::admin
