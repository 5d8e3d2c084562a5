// Shard: the sessions of one loop, and what is done with each message of theirs. Private to the gateway.
//
// Thread-safety: everything on its loop's thread.

#pragma once

#include <memory>
#include <string>
#include <unordered_map>

#include "decision/decide.h"
#include "gateway/call_counters.h"
#include "gateway/caller_load.h"
#include "gateway/gateway.h"
#include "gateway/reply_channel.h"
#include "gateway/session.h"
#include "gateway/tool_view.h"
#include "mcp/lifecycle.h"

namespace remit::gateway {

// Who calls, as the token says. What it may do is looked up anew at each step.
struct Caller {
  Environment environment = Environment::kSandbox;
  TokenIdentity identity;
  std::shared_ptr<CallerLoad> load;  // what it has under way
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

  void restore(SessionRecord record);  // of before a restart

  // Verifies an access token for an environment's endpoint, and that its credential is not revoked. Errors:
  // those of issuer::AccessTokenVerifier; kUnauthorized RMT-D011, RMT-D012.
  Result<TokenIdentity> authenticate(Environment environment, std::string_view token);

  // What a deployment has under way, on every loop together.
  std::shared_ptr<CallerLoad> load_of(const DeploymentId& deployment);

  http::Task<Answer> initialize(Caller caller, mcp::Message request);
  // The revision that the session speaks; none where it is not the caller's.
  std::optional<std::string> version_of(const Caller& caller, const Digest& session);
  // Why the caller may not have a stream of the session's: unknown, or the deployment was cut off.
  std::optional<Answer> refuse_stream(const Caller& caller, const Digest& session);
  // `reply` is there for a tools/call, and waits with its caller. The body of the answer is empty where none
  // is owed: the agent has cancelled the call.
  http::Task<Answer> request(Caller caller, Digest session, mcp::Message request, ReplyChannel* reply);
  Answer notification(const Caller& caller, const Digest& session, const mcp::Message& notification);
  void attach(const Caller& caller, const Digest& session, const std::shared_ptr<http::EventStream>& stream);
  http::Task<Answer> end(Caller caller, Digest session);

  void on_snapshot();
  void end_streams();
  void tend(std::chrono::steady_clock::time_point now);
  void tend_regularly();
  void close();

  const CallCounters& counters() const { return counters_; }

 private:
  using SessionPtr = std::shared_ptr<Session>;

  // Whether the deployment was killed, suspended or retired, and so may hold no stream and open no session.
  bool cut_off(const DeploymentId& deployment) const;
  SessionPtr find(const Caller& caller, const Digest& session);
  // Sends what nobody asked for on one of the session's streams. Whether one took it.
  static bool tell(const Session& session, const std::string& message);
  // Says that the tools have changed, if they have since the agent was last told.
  void tell_of_tools(Session& session, const std::shared_ptr<const snapshot::Snapshot>& snapshot);
  void cancel_call(Session& session, const mcp::Message& notification);
  void detach(const Digest& session, const std::shared_ptr<http::EventStream>& stream);
  Answer no_room(const mcp::Message& request, Places::Full full);
  void adopt(SessionRecord record, std::shared_ptr<Place> place);
  void forget(const Digest& session);
  // Ends sessions, in the store too.
  void end_all(const std::vector<Digest>& sessions);
  std::function<void()> on_session_lost(const Digest& session);
  std::function<void()> on_upstream_lost(const Digest& session, const DestinationId& destination);
  void note_uses(std::chrono::steady_clock::time_point now);
  http::Task<Result<void>> commit(store::Store::Work work);
  const ToolView& view(const std::shared_ptr<const snapshot::Snapshot>& snapshot, Environment environment,
                       const TokenIdentity& caller);

  // call.cpp
  // A call on its way, for those who record, count and tell what becomes of it. It lives in govern().
  struct Governed {
    const Caller& caller;
    DecisionId id;
    std::chrono::steady_clock::time_point began;
    std::string_view tool;  // with its destination, or what the agent called one that there is not
    CallSeries& counted;
    ReplyChannel& reply;
  };
  http::Task<std::string> call(Caller caller, SessionPtr session, mcp::Message request, ReplyChannel& reply);
  http::Task<std::string> govern(const Caller& caller, SessionPtr session, const mcp::Message& request,
                                 const mcp::ToolCall& params, DecisionId id, std::shared_ptr<OpenCall> open,
                                 ReplyChannel& reply);
  std::uint64_t micros_now() const;  // since 1970
  // Counts a call by its verdict and, at `debug`, tells of it in one line of the server's log.
  void count(const Governed& call, decision::Verdict verdict, std::string_view code);
  std::string conclude(const mcp::Message& request, const Governed& call, const OpenCall& open,
                       const CallEnd& end);
  // A session with a destination, in use for as long as this is there.
  struct Reached {
    std::shared_ptr<Upstream> upstream;
    Place::Use use;
  };
  // A call on its way to its upstream. It lives in govern(), which waits for it.
  struct Handover {
    SessionPtr session;
    std::shared_ptr<OpenCall> open;
    DestinationId destination = {};
    Reached reached = {};  // another one when that was lost
    std::string_view tool = {};
    std::string_view raw_arguments = {};
    std::string raw_meta = {};
    std::move_only_function<bool()> last_look = {};
    mcp::ClientSession::Progress progress = {};
  };
  http::Task<CallEnd> forward(Handover& call);
  http::Task<std::expected<CallEnd, Error>> hand_over(Handover& call);
  http::Task<Result<Reached>> open_upstream(Handover& call, snapshot::Destination destination);
  // The session's upstream, or a new one, not yet opened. Errors: RMT-U070, RMT-U071 (no room for one more),
  // those of the vault.
  Result<Reached> reach(Session& session, const snapshot::Destination& destination);
  void record_outcome(const Governed& call, audit::OutcomeStatus status, std::string_view code,
                      std::string_view raw_result, bool answer_owed = true);
  // How a call ended, until the log has it.
  struct OwedOutcome {
    DecisionId id;
    audit::OutcomeStatus status;
    std::string reason = {};
    std::optional<std::chrono::microseconds> latency = {};  // none: the call was not made
    std::size_t bytes = 0;
    bool delivered = true;
    audit::Commitment result = {};  // empty: there was no answer
  };
  using OwedPtr = std::shared_ptr<const OwedOutcome>;
  static boost::json::object body_of(const OwedOutcome& outcome);
  void write_outcome(const OwedPtr& outcome, bool again);
  void settle_owed();
  void cut_all(std::string_view why);
  void cut_calls(Session& session, std::string_view why);
  void cut_upstreams(Session& session);
  void leave_moved(Session& session, const snapshot::Snapshot& snapshot);
  void end_upstreams(Session& session);
  void close_streams(Session& session);
  // At once, for a deployment that may do nothing any more; and in the ordinary way.
  void cut(Session& session, std::string_view why);
  void finish(Session& session, std::string_view why);

  Gateway& gateway_;
  http::Loop& loop_;
  http::Client client_;
  std::array<issuer::TokenCache, kEnvironments.size()> tokens_;
  std::unordered_map<DeploymentId, std::shared_ptr<CallerLoad>> loads_;  // of those who called lately
  std::unordered_map<Digest, SessionPtr> sessions_;
  bool streams_ended_ = false;                        // no stream may begin any more
  std::unordered_map<DestinationId, Digest> listed_;  // what each destination listed last
  std::shared_ptr<const snapshot::Snapshot> viewed_;  // the snapshot that views_ are of
  std::unordered_map<CredentialId, std::unique_ptr<ToolView>> views_;
  http::Deadline tending_;
  CallCounters counters_;
  // Outcomes that could not be written, and those of intents that may be in the log, whose calls were not
  // made.
  std::vector<OwedPtr> owed_;
  bool closed_ = false;
};

}  // namespace remit::gateway
