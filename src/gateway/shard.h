// Shard: the sessions of one loop, and what is done with each message of theirs. Private to the gateway.
//
// Thread-safety: everything on its loop's thread.

#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "decision/decide.h"
#include "gateway/gateway.h"
#include "gateway/session.h"
#include "gateway/tool_view.h"
#include "mcp/lifecycle.h"

namespace remit::gateway {

// Who calls, as the token says. What it may do is looked up anew at each step.
struct Caller {
  Environment environment = Environment::kSandbox;
  TokenIdentity identity;
};

// What goes back for one message.
struct Answer {
  int status = 200;
  std::string body = {};        // a JSON-RPC message, or empty
  std::string session_id = {};  // of the session that was opened
};

class Shard {
 public:
  Shard(Gateway& gateway, http::Loop& loop);
  Shard(const Shard&) = delete;
  Shard& operator=(const Shard&) = delete;

  http::Loop& loop() { return loop_; }

  void adopt(SessionRecord record);  // of before a restart

  // Verifies an access token for an environment's endpoint, and that its credential is not revoked. Errors:
  // those of issuer::AccessTokenVerifier; kUnauthorized RMT-D011, RMT-D012.
  Result<TokenIdentity> authenticate(Environment environment, std::string_view token);

  http::Task<Answer> initialize(Caller caller, mcp::Message request);
  // Whether the session lives and is the caller's.
  bool knows(const Caller& caller, const Digest& session);
  // The revision that the session speaks; none where it is not the caller's.
  std::optional<std::string> version_of(const Caller& caller, const Digest& session);
  // Why the caller may not have a stream of the session's: unknown, or the deployment was cut off.
  std::optional<Answer> refuse_stream(const Caller& caller, const Digest& session);
  // `begun` is set once the session is found: from then on the status of the answer is 200.
  http::Task<Answer> request(Caller caller, Digest session, mcp::Message request,
                             std::shared_ptr<http::EventStream> stream,
                             std::shared_ptr<std::atomic<bool>> begun);
  Answer notification(const Caller& caller, const Digest& session, const mcp::Message& notification);
  void attach(const Caller& caller, const Digest& session, const std::shared_ptr<http::EventStream>& stream);
  http::Task<Answer> end(Caller caller, Digest session);

  void on_snapshot();
  void end_streams();
  void close();

 private:
  using SessionPtr = std::shared_ptr<Session>;

  // Whether the deployment was killed, suspended or retired, and so may hold no stream and open no session.
  bool cut_off(const DeploymentId& deployment) const;
  SessionPtr find(const Caller& caller, const Digest& session);
  void detach(const Digest& session, const std::shared_ptr<http::EventStream>& stream);
  void forget(const Digest& session);
  void evict_idle(const DeploymentId& deployment);
  http::Task<Result<void>> commit(store::Store::Work work);
  const ToolView& view(const std::shared_ptr<const snapshot::Snapshot>& snapshot, Environment environment,
                       const TokenIdentity& caller);

  // call.cpp
  http::Task<std::string> call(Caller caller, SessionPtr session, mcp::Message request,
                               std::shared_ptr<http::EventStream> stream);
  http::Task<std::string> govern(const Caller& caller, SessionPtr session, const mcp::Message& request,
                                 const mcp::ToolCall& params, DecisionId id, std::shared_ptr<OpenCall> open,
                                 std::shared_ptr<http::EventStream> stream);
  std::string conclude(const mcp::Message& request, const DecisionId& id, const OpenCall& open,
                       const CallEnd& end, std::chrono::microseconds latency);
  // A call on its way to its upstream. It lives in govern(), which waits for it.
  struct Handover {
    SessionPtr session;
    std::shared_ptr<OpenCall> open;
    DestinationId destination = {};
    std::shared_ptr<Upstream> upstream = {};  // another one when that was lost
    std::string_view tool = {};
    std::string_view raw_arguments = {};
    std::move_only_function<bool()> last_look = {};
    mcp::ClientSession::Progress progress = {};
  };
  http::Task<CallEnd> forward(Handover& call);
  http::Task<std::expected<CallEnd, Error>> hand_over(Handover& call);
  http::Task<std::shared_ptr<Upstream>> open_upstream(SessionPtr session, snapshot::Destination destination,
                                                      Error& why);
  std::shared_ptr<Upstream> upstream_of(Session& session, const snapshot::Destination& destination,
                                        Error& why);
  void record_outcome(const DecisionId& id, audit::OutcomeStatus status, std::string_view code,
                      std::string_view raw_result, std::chrono::microseconds latency);
  void settle_doubtful();
  void cut_all(std::string_view why);
  void cut_calls(Session& session, std::string_view why);
  void cut_upstreams(Session& session);
  void close_streams(Session& session);
  void cut(Session& session, std::string_view why);

  Gateway& gateway_;
  http::Loop& loop_;
  http::Client client_;
  std::array<issuer::TokenCache, kEnvironments.size()> tokens_;
  std::unordered_map<Digest, SessionPtr> sessions_;
  bool streams_ended_ = false;                        // no stream may begin any more
  std::unordered_map<DestinationId, Digest> listed_;  // what each destination listed last
  std::shared_ptr<const snapshot::Snapshot> viewed_;  // the snapshot that views_ are of
  std::unordered_map<CredentialId, std::unique_ptr<ToolView>> views_;
  std::vector<DecisionId> doubtful_;  // intents that may be in the log, and whose calls were not made
  bool closed_ = false;
};

}  // namespace remit::gateway
