#include "admin/api.h"

#include <boost/json/serialize.hpp>
#include <iterator>

#include "admin/commit.h"
#include "admin/routes.h"
#include "base/canonical_json.h"
#include "http/problem.h"

namespace remit::admin {
namespace {

Result<Fields> read_body(const http::Request& request) {
  if (request.body.empty()) return Fields();
  ASSIGN_OR_RETURN(auto value, parse_json(request.body));
  if (!value.is_object()) return fail(ErrorKind::kInvalid, "RMT-X012", "the body must be a JSON object");
  return Fields(std::move(value.get_object()));
}

void append(std::vector<Route>& routes, std::vector<Route> more) {
  std::ranges::move(more, std::back_inserter(routes));
}

// A transaction whose command's answer is kept beside it. Shared with the store, which may outlive the
// request.
http::Task<Result<Answer>> run_command(store::Store* store, Command command, Call call) {
  const auto shared_call = std::make_shared<Call>(std::move(call));
  const auto answer = std::make_shared<Answer>();
  auto done = co_await commit(store, [=](store::Transaction& tx) -> Result<> {
    ASSIGN_OR_RETURN(*answer, command(*shared_call, tx));
    return {};
  });
  if (!done) co_return std::unexpected(std::move(done).error());
  co_return std::move(*answer);
}

// The same for a read. It keeps its snapshot, whatever is swapped meanwhile.
http::Task<Result<Answer>> run_lookup(ReadingThread* thread, Lookup lookup, Call call,
                                      std::shared_ptr<const snapshot::Snapshot> snapshot) {
  const auto shared_call = std::make_shared<Call>(std::move(call));
  const auto answer = std::make_shared<Answer>();
  auto done = co_await thread->run([=](store::Reader& reader) -> Result<> {
    ASSIGN_OR_RETURN(*answer, lookup(*shared_call, *snapshot, reader));
    return {};
  });
  if (!done) co_return std::unexpected(std::move(done).error());
  co_return std::move(*answer);
}

http::Response response_of(Result<Answer> answer) {
  if (!answer) return http::problem(answer.error());
  return {.status = answer->status,
          .headers = {{"Content-Type", "application/json"}, {"Cache-Control", "no-store"}},
          .body = boost::json::serialize(answer->body) + "\n"};
}

}  // namespace

Api::Api(ApiParts parts) : parts_(std::move(parts)), reading_(parts_.store), checking_(parts_.store) {
  append(routes_, status_routes(parts_));
  append(routes_, plane_routes(parts_));
  append(routes_, people_routes(parts_));
  append(routes_, service_routes(parts_));
  append(routes_, agent_routes(parts_));
  append(routes_, deployment_routes(parts_));
  append(routes_, grant_routes(parts_));
  append(routes_, destination_routes(parts_));
  append(routes_, tool_routes(parts_));
  append(routes_, policy_routes(parts_, checking_));
  append(routes_, policy_trial_routes(parts_, checking_));
  append(routes_, prospect_routes(parts_));
  append(routes_, audit_routes(parts_));
  append(routes_, audit_query_routes(parts_));
}

http::Task<Result<Answer>> Api::run(const Route* route, Call call) const {
  if (const auto* command = std::get_if<Command>(&route->work))
    co_return co_await run_command(&parts_.store, *command, std::move(call));
  if (const auto* activity = std::get_if<Activity>(&route->work))
    co_return co_await (*activity)(std::move(call));

  auto snapshot = parts_.snapshots.current();
  if (!snapshot)
    co_return fail(ErrorKind::kUnavailable, "RMT-X011", "nothing has been read from the store yet");
  if (const auto* lookup = std::get_if<Lookup>(&route->work))
    co_return co_await run_lookup(&reading_, *lookup, std::move(call), std::move(snapshot));
  co_return std::get<Query>(route->work)(call, *snapshot);
}

http::Task<http::Response> Api::handle(http::Request request, audit::Actor actor) const {
  auto matched = find_route(routes_, request.method, request.path);
  if (matched.route == nullptr && !matched.allow.empty())
    co_return http::method_not_allowed(request.method, std::move(matched.allow));
  if (matched.route == nullptr)
    co_return http::problem(
        Error{ErrorKind::kNotFound, "RMT-X010", "there is no resource `" + request.path + "`"});

  auto body = read_body(request);
  if (!body) co_return http::problem(body.error());
  auto query = Fields::of_query(request.query);
  if (!query) co_return http::problem(query.error());
  Call call{.actor = std::move(actor),
            .path = std::move(matched.path),
            .query = std::move(*query),
            .body = std::move(*body)};
  co_return response_of(co_await run(matched.route, std::move(call)));
}

}  // namespace remit::admin
