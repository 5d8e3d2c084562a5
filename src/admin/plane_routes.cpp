// What is asked of the plane as a whole: a backup, whether its rows are as it left them, and the confirmation
// of what it is not sure of.

#include "admin/routes.h"
#include "store/governed.h"

namespace remit::admin {
namespace {

namespace json = boost::json;
using http::Method;
using snapshot::Snapshot;

Result<Answer> confirm(const ApiParts& parts, const Call& call, store::Transaction& tx) {
  ASSIGN_OR_RETURN(auto reason, call.body.text("reason"));
  ASSIGN_OR_RETURN(const auto by, person(call, tx, "by"));
  TRY(call.body.all_known());
  const auto& kind = call.path.at("kind");
  TRY(parts.confirm(tx, {.id = by.str(), .via = call.actor.via}, kind, std::move(reason)));
  return Answer{json::object{{"kind", kind}, {"confirmed", true}}};
}

Result<Answer> rotate_issuer(const ApiParts& parts, const Call& call, store::Transaction& tx) {
  ASSIGN_OR_RETURN(auto reason, call.body.text("reason"));
  ASSIGN_OR_RETURN(const auto by, person(call, tx, "by"));
  TRY(call.body.all_known());
  ASSIGN_OR_RETURN(const auto environment, environment_of_path(call));
  ASSIGN_OR_RETURN(const auto thumbprint, parts.rotate_issuer(tx, {.id = by.str(), .via = call.actor.via},
                                                              environment, std::move(reason)));
  return Answer{json::object{{"environment", to_string(environment)}, {"key", thumbprint}}};
}

Result<Answer> back_up(const ApiParts& parts, const Call& call) {
  ASSIGN_OR_RETURN(const auto folder, call.body.text("folder"));
  TRY(call.body.all_known());
  ASSIGN_OR_RETURN(auto made, parts.back_up(folder));
  return Answer{std::move(made), 201};
}

// Every governed row counted anew, against the sums in the store and the digest in the log.
Result<Answer> verify_state(const ApiParts& parts, const Call& call, store::Reader& reader) {
  TRY(call.query.all_known());
  json::array problems;
  const auto note = [&](const Result<void>& checked) {
    if (!checked) problems.emplace_back(checked.error().message);
  };
  ASSIGN_OR_RETURN(const auto counted, store::counted_sums(reader, parts.governs));
  const auto digest = store::digest_of(counted);
  note(store::check_governed(reader, parts.governs));
  note(audit::judge_governed(reader, digest));
  ASSIGN_OR_RETURN(const auto told, audit::told_state(reader));
  std::int64_t rows = 0;
  for (const auto& [table, sum] : counted) {
    ASSIGN_OR_RETURN(const auto count, reader.query("SELECT count(*) FROM " + table));
    rows += count.front().integer(0);
  }
  return Answer{json::object{{"digest", digest.hex()},
                             {"entry", told ? json::value(told->index) : json::value(nullptr)},
                             {"tables", counted.size()},
                             {"rows", rows},
                             {"problems", std::move(problems)}}};
}

}  // namespace

std::vector<Route> plane_routes(const ApiParts& parts) {
  return {{Method::kPost, "/v1/backups",
           [parts](const Call& call, const Snapshot&, store::Reader&) { return back_up(parts, call); }},
          {Method::kGet, "/v1/state",
           [parts](const Call& call, const Snapshot&, store::Reader& reader) {
             return verify_state(parts, call, reader);
           }},
          {Method::kPost, "/v1/cautions/{kind}/confirm",
           [parts](const Call& call, store::Transaction& tx) { return confirm(parts, call, tx); }},
          {Method::kPost, "/v1/issuers/{environment}/rotate",
           [parts](const Call& call, store::Transaction& tx) { return rotate_issuer(parts, call, tx); }}};
}

}  // namespace remit::admin
