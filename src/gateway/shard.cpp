#include "gateway/shard.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/asio/async_result.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <ranges>

#include "base/utf8.h"
#include "mcp/http_rules.h"
#include "mcp/raw_json.h"

namespace remit::gateway {
namespace {

// Each agent session with a destination keeps one connection for the server's own stream, and each call needs
// one.
constexpr std::size_t kMaxConnectionsPerDestination = 16'384;

// How far what is stored of a session's last use may be behind.
constexpr std::chrono::hours kUseNotedEvery{1};

constexpr std::size_t kMaxCancelReason = 512;  // of an agent's words that a destination is told

// Before they are asked for anew, which takes a lock.
constexpr std::size_t kMostLoadsKept = 1024;

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
      client_(loop, {.max_connections_per_origin = kMaxConnectionsPerDestination,
                     .max_connections = std::max<std::size_t>(
                         1, gateway.options_.max_upstream_connections / gateway.parts_.loops.size())}),
      tending_(loop, [this] { tend_regularly(); }) {}

void Shard::adopt(SessionRecord record, std::shared_ptr<Place> place) {
  auto session = std::make_shared<Session>();
  session->place = std::move(place);
  session->record = std::move(record);
  const Digest key = session->record.id_hash;
  sessions_.emplace(key, std::move(session));
  ++gateway_.counters_.sessions;
}

void Shard::restore(SessionRecord record) {
  auto place = gateway_.sessions_.hold(record.deployment, on_session_lost(record.id_hash));
  place->touch(std::chrono::steady_clock::now() - (gateway_.parts_.clock.now() - record.last_used));
  adopt(std::move(record), std::move(place));
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

std::shared_ptr<CallerLoad> Shard::load_of(const DeploymentId& deployment) {
  if (const auto known = loads_.find(deployment); known != loads_.end()) return known->second;
  if (loads_.size() >= kMostLoadsKept) loads_.clear();
  return loads_.emplace(deployment, gateway_.loads_.of(deployment)).first->second;
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

  // A random id that its hash sends to this loop again, whatever connection it comes on.
  std::string id;
  Digest id_hash;
  do {
    id = to_base64url(gateway_.parts_.random.bytes(32));
    id_hash = sha256(id);
  } while (&gateway_.shard_of(id_hash) != this);

  auto place = gateway_.sessions_.take(caller.identity.deployment, on_session_lost(id_hash));
  if (!place) co_return no_room(request, place.error());
  // For as long as it is being stored, it is not idle.
  const Place::Use use(*place);

  SessionRecord record{.id_hash = id_hash,
                       .environment = caller.environment,
                       .deployment = caller.identity.deployment,
                       .credential = caller.identity.credential,
                       .protocol_version = std::string(mcp::negotiate(params->protocol_version)),
                       .created = gateway_.parts_.clock.now(),
                       .last_used = gateway_.parts_.clock.now()};
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
  adopt(std::move(record), std::move(*place));
  co_return Answer{.body = mcp::make_result(*request.id(), mcp::to_json(result)),
                   .session_id = std::move(id)};
}

// Too many are in use for one more, of the deployment's own or of all.
Answer Shard::no_room(const mcp::Message& request, Places::Full full) {
  ++gateway_.counters_.refused_sessions;
  const auto& limits = gateway_.sessions_.limits();
  if (full == Places::Full::kDeployment)
    return {
        .status = 429,
        .body = refusal_text(request, mcp::kInternalError, "RMT-G071",
                             fmt::format("this deployment has {} sessions with open calls or streams, which "
                                         "is its limit (`limits.sessions_per_deployment`)",
                                         limits.per_deployment))};
  return {.status = 503,
          .body = refusal_text(request, mcp::kInternalError, "RMT-G072",
                               fmt::format("{} sessions have open calls or streams, which is the limit "
                                           "(`limits.sessions`)",
                                           limits.in_all))};
}

std::function<void()> Shard::on_session_lost(const Digest& key) {
  return [this, key] {
    loop_.post([this, key] {
      ++gateway_.counters_.evicted_sessions;
      end_all({key});
    });
  };
}

std::function<void()> Shard::on_upstream_lost(const Digest& key, const DestinationId& destination) {
  return [this, key, destination] {
    loop_.post([this, key, destination] {
      ++gateway_.counters_.evicted_children;
      const auto session = sessions_.find(key);
      if (session == sessions_.end()) return;
      const auto found = session->second->upstreams.find(destination);
      // Another one may be there by now.
      if (found == session->second->upstreams.end() || !found->second.place->lost()) return;
      found->second.upstream->end();
      session->second->upstreams.erase(found);
    });
  };
}

void Shard::end_all(const std::vector<Digest>& keys) {
  if (keys.empty()) return;
  gateway_.parts_.store.submit(
      [keys](store::Transaction& tx) -> Result<void> {
        for (const auto& key : keys) TRY(delete_session(tx, key));
        return {};
      },
      [](const Result<void>& done) {
        if (!done)
          spdlog::warn("sessions that have ended are still stored: {}: {}", done.error().code,
                       done.error().message);
      });
  for (const auto& key : keys) forget(key);
}

void Shard::tend_regularly() {
  if (closed_) return;
  tend(std::chrono::steady_clock::now());
  tending_.arm(gateway_.options_.tend_every);
}

void Shard::tend(std::chrono::steady_clock::time_point now) {
  if (!owed_.empty()) settle_owed();
  std::vector<Digest> gone;
  for (const auto& [key, session] : sessions_) {
    std::erase_if(session->upstreams, [&](const auto& one) {
      const auto& [upstream, place] = one.second;
      const bool idle = now - place->last_used() >= gateway_.options_.upstream_idle;
      if (upstream->opening() || (upstream->open() && !idle) || !place->give_up()) return false;
      if (upstream->open()) ++gateway_.counters_.expired_upstreams;
      upstream->end();
      return true;
    });
    if (now - session->place->last_used() >= gateway_.options_.session_idle && session->place->give_up())
      gone.push_back(key);
  }
  gateway_.counters_.expired_sessions += gone.size();
  end_all(gone);
  note_uses(now);
}

// So that a restart makes no idle session a new one.
void Shard::note_uses(std::chrono::steady_clock::time_point now) {
  std::vector<std::pair<Digest, Instant>> uses;
  const auto wall_now = gateway_.parts_.clock.now();
  for (const auto& [key, session] : sessions_) {
    const auto used =
        wall_now - std::chrono::duration_cast<Instant::duration>(now - session->place->last_used());
    if (used - session->record.last_used < kUseNotedEvery) continue;
    session->record.last_used = used;
    uses.emplace_back(key, used);
  }
  if (uses.empty()) return;
  gateway_.parts_.store.submit_behind(
      [uses = std::move(uses)](store::Transaction& tx) -> Result<void> {
        for (const auto& [key, used] : uses) TRY(note_last_use(tx, key, used));
        return {};
      },
      [](const Result<void>& done) {
        if (!done)
          spdlog::warn("when sessions were last used is not stored: {}: {}", done.error().code,
                       done.error().message);
      });
}

Shard::SessionPtr Shard::find(const Caller& caller, const Digest& session) {
  const auto found = sessions_.find(session);
  if (found == sessions_.end() || found->second->place->lost()) return nullptr;
  const SessionRecord& record = found->second->record;
  // Another caller's session answers as an unknown one does.
  if (record.deployment != caller.identity.deployment || record.credential != caller.identity.credential ||
      record.environment != caller.environment)
    return nullptr;
  found->second->place->touch(std::chrono::steady_clock::now());
  return found->second;
}

bool Shard::cut_off(const DeploymentId& id) const {
  const auto snapshot = gateway_.parts_.snapshots.current();
  const auto* deployment = snapshot ? snapshot->deployment(id.str()) : nullptr;
  return deployment == nullptr || is_cut(*deployment);
}

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

http::Task<Answer> Shard::request(Caller caller, Digest key, mcp::Message request, ReplyChannel* reply) {
  const auto session = find(caller, key);
  if (!session) co_return unknown_session();
  const std::string_view method = request.method();
  if (method == "ping") co_return Answer{.body = mcp::make_result(*request.id())};
  if (reply != nullptr) {
    const Place::Use use(session->place);
    if (!use) co_return unknown_session();
    reply->session_found();
    co_return Answer{.body = co_await call(std::move(caller), session, std::move(request), *reply)};
  }
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
  if (notification.method() == "notifications/cancelled" && notification.params() != nullptr)
    cancel_call(*session, notification);
  // Nothing else that an agent may tell us changes anything here.
  return {.status = 202};
}

void Shard::cancel_call(Session& session, const mcp::Message& notification) {
  const auto& params = *notification.params();
  const auto* value = params.if_contains("requestId");
  const auto raw = value ? mcp::raw_member(notification.raw_params(), params, "requestId") : std::nullopt;
  const auto id = raw ? mcp::Id::from_token(*raw, *value) : std::nullopt;
  const auto found = id ? session.calls.find(*id) : session.calls.end();
  if (found == session.calls.end()) return;  // it has ended, or never was
  const auto* reason = params.if_contains("reason");
  const auto* text = reason ? reason->if_string() : nullptr;
  auto& open = *found->second;
  std::string why = text ? std::string(utf8_head({text->data(), text->size()}, kMaxCancelReason))
                         : "cancelled by the agent";
  if (open.end->set({.how = CallEnd::How::kCancelled, .why = std::move(why)})) open.cancelled = true;
}

void Shard::attach(const Caller& caller, const Digest& key,
                   const std::shared_ptr<http::EventStream>& stream) {
  const auto found = sessions_.find(key);
  // Much may have happened since it was asked for.
  if (found == sessions_.end() || streams_ended_ || closed_ || refuse_stream(caller, key))
    return stream->close();
  Place::Use use(found->second->place);
  if (!use) return stream->close();
  ++gateway_.counters_.streams;
  found->second->streams.push_back({stream, std::move(use)});
  // What changed while it did not listen.
  if (const auto snapshot = gateway_.parts_.snapshots.current();
      snapshot && found->second->shown_tools != Digest{})
    tell_of_tools(*found->second, snapshot);
  stream->on_client_gone([this, key, gone = std::weak_ptr(stream)] {
    loop_.post([this, key, gone] { detach(key, gone.lock()); });
  });
}

// On the stream that was opened last, as long as it takes it: a message is never on several streams (MCP
// 2025-11-25 "Multiple Connections").
bool Shard::tell(const Session& session, const std::string& message) {
  return std::ranges::any_of(std::views::reverse(session.streams),
                             [&](const auto& one) { return one.stream->send({.data = message}); });
}

void Shard::tell_of_tools(Session& session, const std::shared_ptr<const snapshot::Snapshot>& snapshot) {
  if (session.streams.empty()) return;
  const SessionRecord& record = session.record;
  const Digest tools =
      sha256(view(snapshot, record.environment, {record.deployment, record.credential}).list_result());
  if (tools == session.shown_tools) return;
  if (tell(session, mcp::make_notification("notifications/tools/list_changed"))) session.shown_tools = tools;
}

// A stream that its agent has left.
void Shard::detach(const Digest& key, const std::shared_ptr<http::EventStream>& stream) {
  const auto found = sessions_.find(key);
  if (found == sessions_.end() || !stream) return;
  gateway_.counters_.streams -= static_cast<std::int64_t>(
      std::erase_if(found->second->streams, [&](const auto& one) { return one.stream == stream; }));
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
  finish(*session, "the session has ended");
}

void Shard::cut_calls(Session& session, std::string_view why) {
  for (const auto& [id, open] : session.calls)
    open->end->set({.how = CallEnd::How::kCut, .why = std::string(why)});
}

void Shard::cut_upstreams(Session& session) {
  for (const auto& [destination, connected] : session.upstreams) connected.upstream->cut();
  session.upstreams.clear();
}

void Shard::end_upstreams(Session& session) {
  for (const auto& [destination, connected] : session.upstreams) connected.upstream->end();
  session.upstreams.clear();
}

// A destination that was given another address or command is another server: nothing goes on with the old
// one.
void Shard::leave_moved(Session& session, const snapshot::Snapshot& snapshot) {
  std::erase_if(session.upstreams, [&](const auto& entry) {
    const auto& [id, connected] = entry;
    const auto* destination = snapshot.destination(id.str());
    if (destination == nullptr || connected.upstream->reaches(destination->transport)) return false;
    for (const auto& [request, open] : session.calls)
      if (const auto* tool = snapshot.tool(open->tool.str()); tool != nullptr && tool->destination == id)
        open->end->set({.how = CallEnd::How::kCut, .why = "the destination is another server now"});
    connected.upstream->cut();
    return true;
  });
}

void Shard::close_streams(Session& session) {
  for (const auto& listener : session.streams) listener.stream->close();
  gateway_.counters_.streams -= static_cast<std::int64_t>(session.streams.size());
  session.streams.clear();
}

void Shard::cut(Session& session, std::string_view why) {
  cut_calls(session, why);
  cut_upstreams(session);
  close_streams(session);
}

void Shard::finish(Session& session, std::string_view why) {
  cut_calls(session, why);
  end_upstreams(session);
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
      cut(*session, "the deployment is gone, or its credential was revoked");
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
    leave_moved(*session, *snapshot);
    tell_of_tools(*session, snapshot);
  }
  end_all(gone);
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
  tending_.disarm();
  for (const auto& [key, session] : sessions_) finish(*session, "the gateway is shutting down");
  settle_owed();
}

}  // namespace remit::gateway
