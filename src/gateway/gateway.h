// Gateway: the enforcement point that agents speak MCP to (Streamable HTTP, revision 2025-11-25).
//
// One endpoint per environment, `/mcp/<environment>`, serves the tools of all its destinations that the
// calling deployment is granted. Every tools/call takes the path of architecture.md: authenticate, resolve,
// decide, record the intent, forward, record the outcome. What was decided on is byte for byte what is sent.
//
// A refusal by policy is a result with `isError` and `_meta["remit/decision"]`, never an HTTP status: clients
// hide or choke on those (mcp-in-the-wild.md). Methods that are not governed are refused, so nothing passes
// unseen.
//
// Order of events that makes a kill binding: a command commits → the snapshot is swapped → `on_snapshot`
// returns, when every loop has run the cut → the command is acknowledged. A released call looks at the
// snapshot once more on its loop, and is handed to its upstream without suspending in between; so a call that
// is sent after the acknowledgement cannot exist.
//
// Threads: sessions are spread over the loops by their id, and each is touched on its own loop alone.

#pragma once

#include <array>
#include <atomic>
#include <expected>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "audit/log.h"
#include "base/clock.h"
#include "base/random.h"
#include "catalog/vault.h"
#include "gateway/call_counters.h"
#include "gateway/caller_load.h"
#include "gateway/places.h"
#include "gateway/upstream.h"
#include "http/client.h"
#include "http/host_rules.h"
#include "http/loop.h"
#include "http/server.h"
#include "http/side_pool.h"
#include "issuer/access_token.h"
#include "mcp/batch.h"
#include "mcp/http_rules.h"
#include "mcp/message_size.h"
#include "snapshot/holder.h"
#include "store/store.h"

namespace remit::gateway {

// What a verified access token says about who calls.
struct TokenIdentity {
  DeploymentId deployment;
  CredentialId credential;
};

struct GatewayOptions {
  std::string public_url;  // "http://127.0.0.1:7420", in normal form
  http::HostRules host_rules = {};
  UpstreamLimits upstream = {};
  // What nobody uses ends by itself: first the gateway's own session with a destination, and with it the
  // child that a destination over stdio is, later the agent's session.
  std::chrono::milliseconds upstream_idle = std::chrono::minutes(10);
  std::chrono::milliseconds session_idle = std::chrono::hours(24);
  std::chrono::milliseconds tend_every = std::chrono::seconds(5);
  // Over all loops. What was idle longest makes room; what is in use does not.
  std::size_t max_sessions_per_deployment = 256;
  std::size_t max_sessions = 16'384;
  std::size_t max_children_per_deployment = 16;
  std::size_t max_children = 64;
  std::size_t max_open_calls_per_session = 64;
  std::size_t max_batch_messages = 64;
  std::size_t max_upstream_connections = 4096;  // to destinations over HTTP, of all loops
  // Of messages of agents.
  std::size_t max_message_bytes = std::size_t{4} << 20U;
  mcp::SizeLimits message_size = {};
  std::size_t parse_beside_bytes = std::size_t{64} << 10U;  // larger messages are read beside the loops
  CallerLimits caller = {};
  std::shared_ptr<http::ByteBudget> bodies = {};  // of all callers; none: no bound
};

struct GatewayParts {
  http::LoopGroup& loops;
  store::Store& store;
  audit::Log& log;
  const snapshot::SnapshotHolder& snapshots;
  const catalog::Vault& vault;
  const Clock& clock;
  Random& random;
  std::array<const issuer::AccessTokenVerifier*, kEnvironments.size()>
      verifiers;  // by environment, none null
  // Told when a destination lists other tools than it did before, so that what differs from its pin is
  // quarantined for everyone, and what is gone is not shown. On a loop; must not block.
  std::function<void(const DestinationId&, const mcp::ToolPage&)> on_listing;
  // Told when a destination's server says its credential back, once an hour at most. On a loop; must not
  // block.
  std::function<void(const DestinationId&)> on_credential_echo = {};
};

// Numbers for `metrics`; read from any thread.
struct GatewayCounters {
  std::atomic<std::uint64_t> refused_requests{0}, credential_echoes{0};
  std::atomic<std::uint64_t> undelivered{0};  // answers of released calls that did not reach their agent
  std::atomic<std::int64_t> open_calls{0}, sessions{0}, streams{0};
  // What ended because nobody used it, and what made room for another.
  std::atomic<std::uint64_t> expired_sessions{0}, expired_upstreams{0}, evicted_sessions{0},
      evicted_children{0};
  std::atomic<std::uint64_t> refused_sessions{0}, refused_children{0};  // for want of room
};

class Shard;
struct Caller;

class Gateway {
 public:
  Gateway(GatewayParts parts, GatewayOptions options);
  ~Gateway();  // after the server is closed, what was submitted to the store is done, and the loops have
               // stopped

  // Takes up the sessions of before a restart. Before the first request. Errors: the store's.
  Result<void> restore();

  // Whether `path` is an endpoint of the gateway.
  static bool serves(std::string_view path);

  // Lets a request to an endpoint in by its header, its access token included, or turns it away; what is let
  // in has its answer here. What is turned away before a decision is counted and told to the server's log;
  // from the decision on, the audit log has it.
  std::expected<http::Admitted, http::Response> admit(http::Request& header);

  // Tells every loop of a new snapshot and waits until each has ended what may go on no longer: calls and
  // streams of deployments that were killed or retired, and sessions of credentials that were revoked. Not on
  // a loop's thread.
  void on_snapshot();

  // Ends every stream that agents listen on, and lets no other begin; calls go on, with their own. For a
  // server that waits until its connections are done. Not on a loop's thread.
  void end_streams();

  // Ends what nobody has used for so long by `now`. Each loop does that by itself every now and then. Not on
  // a loop's thread.
  void tend(std::chrono::steady_clock::time_point now);

  // Whether the disk has room for new calls. Without it they are refused while there still is some, so that
  // calls that are out can be given their outcome, and people can place holds (audit.md, *Room to finish*).
  void set_room(bool room) { room_.store(room, std::memory_order_relaxed); }
  bool has_room() const { return room_.load(std::memory_order_relaxed); }

  // Whether new calls wait until a person has confirmed what the plane is not sure of.
  void set_cautious(bool cautious) { cautious_.store(cautious, std::memory_order_relaxed); }
  bool is_cautious() const { return cautious_.load(std::memory_order_relaxed); }

  // Ends every call and stream. Not on a loop's thread.
  void close();

  const GatewayCounters& counters() const { return counters_; }
  CallTotals calls() const;  // of all loops
  // Messages that wait to be read beside the loops.
  std::size_t waiting_beside() const { return beside_.waiting(); }
  // Programs that are running as destinations.
  std::size_t children() const { return children_.taken(); }

 private:
  friend class Shard;
  std::expected<http::Admitted, http::Response> look_at(http::Request& header);
  http::Task<http::Response> answer(http::Request& request, http::Exchange& exchange, mcp::HttpMethod method,
                                    Caller caller);
  http::Task<http::Response> answer_by_method(http::Request& request, http::Exchange& exchange,
                                              mcp::HttpMethod method, Caller caller);
  void credential_echoed(const DestinationId& destination);
  void record_refusal(const http::Request& request, const http::Response& response);
  http::Response refuse_message(const http::Request& request, const mcp::Refusal& refusal);
  std::optional<mcp::Refusal> refuse_size(std::string_view text) const;
  template <class Reading>
  http::Task<std::expected<Reading, mcp::Refusal>> read(
      std::string text, std::expected<Reading, mcp::Refusal> (Gateway::*how)(std::string) const);
  std::expected<mcp::Message, mcp::Refusal> parse_message(std::string text) const;
  std::expected<std::vector<mcp::BatchPart>, mcp::Refusal> parse_batch(std::string text) const;
  std::optional<http::Response> refuse_front(http::Request& request,
                                             std::optional<Environment> environment) const;
  void record_undelivered(const DecisionId& id);
  http::Task<http::Response> post(http::Request& request, http::Exchange& exchange, Caller caller);
  http::Task<http::Response> post_batch(http::Request& request, http::Exchange& exchange, Caller caller);
  void share(const http::Request& request, http::Headers& headers) const;
  std::string challenge(Environment environment) const;
  Shard& own_shard();
  Shard& shard_of(const Digest& session_id_hash);
  void on_every_loop(const std::function<void(Shard&)>& work);

  const GatewayParts parts_;
  const GatewayOptions options_;
  GatewayCounters counters_;
  std::atomic<bool> room_{true};
  std::atomic<bool> cautious_{false};
  std::mutex echoes_mutex_;  // not on the path of a call that is as it should be
  std::unordered_map<DestinationId, std::chrono::steady_clock::time_point> echoes_;  // when last told
  Places sessions_;
  Places children_;
  Places remotes_{{}};  // sessions with destinations over HTTP
  CallerLoads loads_;
  http::SidePool beside_;
  std::vector<std::unique_ptr<Shard>> shards_;
};

}  // namespace remit::gateway
