#include "gateway/shard.h"

#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "mcp/http_rules.h"
#include "mcp/raw_json.h"

namespace remit::gateway {
namespace {

// Each agent session with a destination keeps one connection for the server's own stream, and each call needs
// one.
constexpr std::size_t kMaxConnectionsPerDestination = 16'384;

// Refusals by policy are answers to calls; these two are about a session as a whole.
bool is_cut(const snapshot::Deployment& deployment) {
  return deployment.state == snapshot::State::kRetired || deployment.killed ||
         std::ranges::any_of(deployment.holds,
                             [](const auto& hold) { return hold.kind == snapshot::HoldKind::kSuspended; });
}

Answer unknown_session() {
  const auto refused = mcp::unknown_session();
  return {.status = refused.status, .body = mcp::make_error(refused.refusal)};
}

std::string refusal_text(const mcp::Message& request, int code, std::string_view catalogue_code,
                         std::string message) {
  return mcp::make_error(mcp::Refusal{.error = {ErrorKind::kInvalid, catalogue_code, std::move(message)},
                                      .rpc_code = code,
                                      .id = request.id()});
}

}  // namespace

Shard::Shard(Gateway& gateway, http::Loop& loop)
    : gateway_(gateway),
      loop_(loop),
      client_(loop, {.max_connections_per_origin = kMaxConnectionsPerDestination}) {}

void Shard::adopt(SessionRecord record) {
  auto session = std::make_shared<Session>();
  session->last_used = std::chrono::steady_clock::now();
  session->record = std::move(record);
  const Digest key = session->record.id_hash;
  sessions_.emplace(key, std::move(session));
  ++gateway_.counters_.sessions;
}

Result<TokenIdentity> Shard::authenticate(Environment environment, std::string_view token) {
  const auto index = static_cast<std::size_t>(environment);
  ASSIGN_OR_RETURN(const auto verified, gateway_.parts_.verifiers.at(index)->verify(
                                            token, gateway_.parts_.clock.now(), tokens_.at(index)));
  // What a token says of its credential was true when it was made.
  const auto snapshot = gateway_.parts_.snapshots.current();
  const auto* credential = snapshot ? snapshot->credential(verified->credential_id()) : nullptr;
  if (credential == nullptr || credential->deployment.str() != verified->client_id())
    return fail(ErrorKind::kUnauthorized, "RMT-D011", "the token's credential is none of its deployment's");
  if (credential->revoked) {
    spdlog::warn("a token of the revoked credential {} was refused", verified->credential_id());
    return fail(ErrorKind::kUnauthorized, "RMT-D012", "the token's credential is revoked");
  }
  return TokenIdentity{.deployment = DeploymentId::trusted(verified->client_id()),
                       .credential = CredentialId::trusted(verified->credential_id())};
}

// Resumes on the loop, once the work is durable or known not to be: in one hop from the writer's thread.
http::Task<Result<void>> Shard::commit(store::Store::Work work) {
  co_return co_await boost::asio::async_initiate<const boost::asio::use_awaitable_t<>, void(Result<void>)>(
      [&](auto handler) {
        const auto resume = std::make_shared<decltype(handler)>(std::move(handler));
        gateway_.parts_.store.submit(std::move(work), [this, resume](Result<void> result) {
          loop_.post(
              [resume, result = std::move(result)]() mutable { std::move (*resume)(std::move(result)); });
        });
      },
      boost::asio::use_awaitable);
}

const ToolView& Shard::view(const std::shared_ptr<const snapshot::Snapshot>& snapshot,
                            Environment environment, const TokenIdentity& caller) {
  if (viewed_ != snapshot) {
    views_.clear();
    viewed_ = snapshot;
  }
  auto& view = views_[caller.credential];
  if (!view) view = std::make_unique<ToolView>(*snapshot, environment, caller, gateway_.parts_.clock.now());
  return *view;
}

http::Task<Answer> Shard::initialize(Caller caller, mcp::Message request) {
  const auto params = mcp::parse_initialize(request);
  if (!params) co_return Answer{.status = 400, .body = mcp::make_error(params.error())};

  // A deployment that may not act gets no session: there is nothing that it could do with one.
  if (cut_off(caller.identity.deployment))
    co_return Answer{.status = 403,
                     .body = refusal_text(request, mcp::kInvalidRequest, "RMT-G003",
                                          "this deployment was killed or retired and can open no session")};

  evict_idle(caller.identity.deployment);
  // A random id that its hash sends to this loop again, whatever connection it comes on.
  std::string id;
  Digest id_hash;
  do {
    id = to_base64url(gateway_.parts_.random.bytes(32));
    id_hash = sha256(id);
  } while (&gateway_.shard_of(id_hash) != this);

  SessionRecord record{.id_hash = id_hash,
                       .environment = caller.environment,
                       .deployment = caller.identity.deployment,
                       .credential = caller.identity.credential,
                       .protocol_version = std::string(mcp::negotiate(params->protocol_version)),
                       .created = gateway_.parts_.clock.now()};
  const auto stored =
      co_await commit([record](store::Transaction& tx) { return insert_session(tx, record); });
  if (!stored)
    co_return Answer{
        .status = 503,
        .body = refusal_text(request, mcp::kInternalError, stored.error().code, stored.error().message)};

  mcp::InitializeResult result{.protocol_version = record.protocol_version,
                               .server = {.name = "remit", .version = REMIT_VERSION},
                               .raw_capabilities = R"({"tools":{"listChanged":true}})"};
  if (const auto snapshot = gateway_.parts_.snapshots.current())
    result.instructions = view(snapshot, caller.environment, caller.identity).instructions();
  adopt(std::move(record));
  co_return Answer{.body = mcp::make_result(*request.id(), mcp::to_json(result)),
                   .session_id = std::move(id)};
}

// Makes room for one more session of a deployment: clients that end without DELETE leave theirs behind.
void Shard::evict_idle(const DeploymentId& deployment) {
  const auto now = std::chrono::steady_clock::now();
  std::vector<SessionPtr> own;
  std::vector<Digest> gone;
  for (const auto& [key, session] : sessions_) {
    const bool busy = !session->calls.empty() || !session->streams.empty();
    if (!busy && now - session->last_used > gateway_.options_.session_idle)
      gone.push_back(key);
    else if (session->record.deployment == deployment)
      own.push_back(session);
  }
  const std::size_t limit =
      std::max<std::size_t>(1, gateway_.options_.max_sessions_per_deployment / gateway_.shards_.size());
  if (own.size() >= limit) {
    std::ranges::sort(own, {}, [](const auto& session) { return session->last_used; });
    for (std::size_t i = 0; i + limit <= own.size(); ++i) gone.push_back(own[i]->record.id_hash);
  }
  for (const auto& key : gone) {
    gateway_.parts_.store.submit([key](store::Transaction& tx) { return delete_session(tx, key); },
                                 [](auto&&) {});
    forget(key);
  }
}

Shard::SessionPtr Shard::find(const Caller& caller, const Digest& session) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end()) return nullptr;
  const SessionRecord& record = found->second->record;
  // Another caller's session answers as an unknown one does.
  if (record.deployment != caller.identity.deployment || record.credential != caller.identity.credential ||
      record.environment != caller.environment)
    return nullptr;
  found->second->last_used = std::chrono::steady_clock::now();
  return found->second;
}

bool Shard::cut_off(const DeploymentId& id) const {
  const auto snapshot = gateway_.parts_.snapshots.current();
  const auto* deployment = snapshot ? snapshot->deployment(id.str()) : nullptr;
  return deployment == nullptr || is_cut(*deployment);
}

bool Shard::knows(const Caller& caller, const Digest& session) { return find(caller, session) != nullptr; }

std::optional<std::string> Shard::version_of(const Caller& caller, const Digest& session) {
  const auto found = find(caller, session);
  return found ? std::optional(found->record.protocol_version) : std::nullopt;
}

std::optional<Answer> Shard::refuse_stream(const Caller& caller, const Digest& session) {
  if (!find(caller, session)) return unknown_session();
  if (!cut_off(caller.identity.deployment)) return std::nullopt;
  return Answer{
      .status = 403,
      .body = mcp::make_error({.error = {ErrorKind::kForbidden, "RMT-G003",
                                         "this deployment was killed or retired and can open no stream"}})};
}

http::Task<Answer> Shard::request(Caller caller, Digest key, mcp::Message request,
                                  std::shared_ptr<http::EventStream> stream,
                                  std::shared_ptr<std::atomic<bool>> begun) {
  const auto session = find(caller, key);
  if (!session) co_return unknown_session();
  *begun = true;
  const std::string_view method = request.method();
  if (method == "ping") co_return Answer{.body = mcp::make_result(*request.id())};
  if (method == "tools/call")
    co_return Answer{.body =
                         co_await call(std::move(caller), session, std::move(request), std::move(stream))};
  if (method == "tools/list") {
    // The list is one page, so no cursor was ever given (2025-11-25, "Pagination / Error Handling").
    const auto* cursor = request.params() != nullptr ? request.params()->if_contains("cursor") : nullptr;
    if (cursor != nullptr && !cursor->is_null())
      co_return Answer{.body = refusal_text(request, mcp::kInvalidParams, "RMT-M004",
                                            "`cursor` is none that this server gave: its list is one page")};
    const auto snapshot = gateway_.parts_.snapshots.current();
    if (!snapshot)
      co_return Answer{
          .status = 503,
          .body = refusal_text(request, mcp::kInternalError, "RMT-G007", "no governance state is in force")};
    const std::string& list = view(snapshot, caller.environment, caller.identity).list_result();
    session->shown_tools = sha256(list);
    co_return Answer{.body = mcp::make_result(*request.id(), list)};
  }
  ++gateway_.counters_.refused_requests;
  co_return Answer{.body = refusal_text(
                       request, mcp::kMethodNotFound, "RMT-G001",
                       "`" + std::string(method.substr(0, 128)) + "` is not governed and so not passed on")};
}

Answer Shard::notification(const Caller& caller, const Digest& key, const mcp::Message& notification) {
  const auto session = find(caller, key);
  if (!session) return unknown_session();
  if (notification.method() == "notifications/cancelled" && notification.params() != nullptr) {
    const auto* value = notification.params()->if_contains("requestId");
    const auto raw = value ? mcp::raw_member(notification.raw_params(), *notification.params(), "requestId")
                           : std::nullopt;
    const auto id = raw ? mcp::Id::from_token(*raw, *value) : std::nullopt;
    const auto open = id ? session->calls.find(*id) : session->calls.end();
    if (open != session->calls.end())
      open->second->end->set({.how = CallEnd::How::kCancelled, .why = "cancelled by the agent"});
  }
  // Nothing else that an agent may tell us changes anything here.
  return {.status = 202};
}

void Shard::attach(const Caller& caller, const Digest& key,
                   const std::shared_ptr<http::EventStream>& stream) {
  const auto found = sessions_.find(key);
  // Much may have happened since it was asked for.
  if (found == sessions_.end() || streams_ended_ || closed_ || refuse_stream(caller, key))
    return stream->close();
  ++gateway_.counters_.streams;
  found->second->streams.push_back(stream);
  stream->on_client_gone([this, key, gone = std::weak_ptr(stream)] {
    loop_.post([this, key, gone] { detach(key, gone.lock()); });
  });
}

// A stream that its agent has left.
void Shard::detach(const Digest& key, const std::shared_ptr<http::EventStream>& stream) {
  const auto found = sessions_.find(key);
  if (found == sessions_.end() || !stream) return;
  gateway_.counters_.streams -= static_cast<std::int64_t>(std::erase(found->second->streams, stream));
}

http::Task<Answer> Shard::end(Caller caller, Digest key) {
  if (!find(caller, key)) co_return unknown_session();
  const auto deleted = co_await commit([key](store::Transaction& tx) { return delete_session(tx, key); });
  if (!deleted) co_return Answer{.status = 503, .body = mcp::make_error({.error = deleted.error()})};
  forget(key);
  co_return Answer{.status = 200};
}

void Shard::forget(const Digest& key) {
  const auto found = sessions_.find(key);
  if (found == sessions_.end()) return;
  const auto session = found->second;
  sessions_.erase(found);
  --gateway_.counters_.sessions;
  cut(*session, "the session has ended");
}

void Shard::cut_calls(Session& session, std::string_view why) {
  for (const auto& [id, open] : session.calls)
    open->end->set({.how = CallEnd::How::kCut, .why = std::string(why)});
}

void Shard::cut_upstreams(Session& session) {
  for (const auto& [destination, upstream] : session.upstreams) upstream->cut();
  session.upstreams.clear();
}

void Shard::close_streams(Session& session) {
  for (const auto& stream : session.streams) stream->close();
  gateway_.counters_.streams -= static_cast<std::int64_t>(session.streams.size());
  session.streams.clear();
}

void Shard::cut(Session& session, std::string_view why) {
  cut_calls(session, why);
  cut_upstreams(session);
  close_streams(session);
}

void Shard::on_snapshot() {
  const auto snapshot = gateway_.parts_.snapshots.current();
  if (!snapshot) return cut_all("no governance state is in force");  // nothing may leave
  std::vector<Digest> gone;
  for (const auto& [key, session] : sessions_) {
    const SessionRecord& record = session->record;
    const auto* deployment = snapshot->deployment(record.deployment.str());
    const auto* credential = snapshot->credential(record.credential.str());
    if (deployment == nullptr || credential == nullptr || credential->revoked) {
      gone.push_back(key);
      continue;
    }
    if (is_cut(*deployment)) {
      cut(*session, "the agent was killed, suspended or retired");
      continue;
    }
    // A call may have been handed over and not yet written, and once this returns nothing may leave any more.
    const bool may_act = deployment->state == snapshot::State::kActive && deployment->holds.empty();
    if (!may_act || std::ranges::any_of(session->calls, [&](const auto& call) {
          const std::string& tool = call.second->tool.str();
          return !tool.empty() && snapshot->grant(record.deployment.str(), tool) == nullptr;
        })) {
      cut_calls(*session, "what the deployment may do has changed");
      cut_upstreams(*session);
    }
    if (session->streams.empty()) continue;
    if (const Digest tools =
            sha256(view(snapshot, record.environment, {record.deployment, record.credential}).list_result());
        tools != session->shown_tools) {
      session->shown_tools = tools;
      for (const auto& stream : session->streams)
        stream->send({.data = mcp::make_notification("notifications/tools/list_changed")});
    }
  }
  for (const auto& key : gone) {
    gateway_.parts_.store.submit([key](store::Transaction& tx) { return delete_session(tx, key); },
                                 [](auto&&) {});
    forget(key);
  }
}

void Shard::end_streams() {
  streams_ended_ = true;
  for (const auto& [key, session] : sessions_) close_streams(*session);
}

void Shard::cut_all(std::string_view why) {
  for (const auto& [key, session] : sessions_) cut(*session, why);
}

void Shard::close() {
  closed_ = true;
  cut_all("the gateway is shutting down");
}

}  // namespace remit::gateway
