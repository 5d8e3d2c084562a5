// Policies: what is in force in an environment, how it came to be, and its replacement.

#include <functional>
#include <memory>

#include "admin/commit.h"
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
  return {{"id", published.id.str()},
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

// Computes `work` on the checking thread, over the snapshot in force.
http::Task<Result<Answer>> check(const snapshot::SnapshotHolder* snapshots, ReadingThread* checking,
                                 std::function<Result<Answer>(const Snapshot&)> work) {
  auto snapshot = snapshots->current();
  if (!snapshot)
    co_return fail(ErrorKind::kUnavailable, "RMT-X011", "nothing has been read from the store yet");
  const auto answer = std::make_shared<Answer>();
  auto done = co_await checking->compute(
      [answer, snapshot = std::move(snapshot), work = std::move(work)]() -> Result<> {
        ASSIGN_OR_RETURN(*answer, work(*snapshot));
        return {};
      });
  if (!done) co_return std::unexpected(std::move(done).error());
  co_return std::move(*answer);
}

// Of a text, or of what is in force.
Result<Answer> validate(const std::optional<std::string>& text, Environment environment,
                        const Snapshot& snapshot) {
  const auto* in_force = snapshot.policies(environment);
  ASSIGN_OR_RETURN(const auto types, catalog::schema_of(snapshot, environment));
  catalog::PolicyCheck found;
  if (text)
    found = catalog::check_policies(*text, {.schema = &types});
  else if (in_force != nullptr)
    found = catalog::check_policies(in_force->set, {.schema = &types});
  return Answer{json::object{
      {"environment", to_string(environment)},
      {"id", text || in_force == nullptr ? json::value(nullptr) : json::value(in_force->id.str())},
      {"revision", snapshot.revision()},
      {"valid", found.passed()},
      {"findings", to_json(found.findings)}}};
}

http::Task<Result<Answer>> validate(const snapshot::SnapshotHolder* snapshots, ReadingThread* checking,
                                    Call call) {
  const auto environment = environment_of_path(call);
  if (!environment) co_return std::unexpected(environment.error());
  auto text = call.body.optional_text("text");
  if (!text) co_return std::unexpected(std::move(text).error());
  if (auto known = call.body.all_known(); !known) co_return std::unexpected(std::move(known).error());
  co_return co_await check(snapshots, checking,
                           [text = std::move(*text), environment = *environment](const Snapshot& snapshot) {
                             return validate(text, environment, snapshot);
                           });
}

// What a request to publish asks.
struct Publication {
  Environment environment = Environment::kSandbox;
  std::string text;
};

Result<Publication> publication(const Call& call) {
  Publication asked;
  ASSIGN_OR_RETURN(asked.environment, environment_of_path(call));
  ASSIGN_OR_RETURN(asked.text, call.body.text("text"));
  TRY(call.body.text("by"));  // looked up in the transaction
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
    auto done = co_await check(
        &parts.snapshots, checking, [checked, asked = *asked](const Snapshot& snapshot) -> Result<Answer> {
          ASSIGN_OR_RETURN(*checked,
                           catalog::CheckedPolicies::check(asked.text, snapshot, asked.environment));
          return Answer{};
        });
    if (!done) co_return std::unexpected(std::move(done).error());

    const auto answer = std::make_shared<Answer>();
    auto published = co_await commit(
        &parts.store,
        [answer, checked, shared_call, &policies = parts.policies](store::Transaction& tx) -> Result<> {
          ASSIGN_OR_RETURN(const auto by, person(*shared_call, tx, "by"));
          const audit::Actor actor{.id = by.str(), .via = shared_call->actor.via};
          ASSIGN_OR_RETURN(const auto id, policies.publish(tx, actor, **checked, by));
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
      {Method::kGet, "/v1/policies/{environment}/schema",
       [](const Call& call, const Snapshot& snapshot, store::Reader&) { return schema(call, snapshot); }},
      {Method::kPost, "/v1/policies/{environment}/validate",
       [snapshots = &parts.snapshots, &checking](Call call) {
         return validate(snapshots, &checking, std::move(call));
       }},
  };
}

}  // namespace remit::admin
