// Plane: the composition root. It makes every part of Remit, hands each what it needs, and takes them down in
// order.
//
// One process owns a data folder: the store's lock keeps every other out. A command line that finds no server
// opens the plane itself, asks its API, and closes it (no listener, no gateway).
//
// A command is acknowledged in this order: its transaction is durable → the snapshot is built anew and
// swapped → the gateway has ended what may go on no longer. If the snapshot cannot be built, none is in force
// and nothing leaves.
//
// Bounds on what others may make the plane hold are the configuration's limits (limits.h). Commands have a
// socket, a loop and descriptors of their own.
//
// Threads: open, listen, stop and destruction on one thread, which is none of the loops'.

#pragma once

#include <array>
#include <atomic>
#include <condition_variable>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "admin/api.h"
#include "audit/log.h"
#include "audit/publisher.h"
#include "base/clock.h"
#include "base/random.h"
#include "catalog/catalog.h"
#include "catalog/policies.h"
#include "catalog/vault.h"
#include "gateway/gateway.h"
#include "http/host_rules.h"
#include "http/loop.h"
#include "http/server.h"
#include "identity/registry.h"
#include "issuer/metadata.h"
#include "issuer/repeat_limit.h"
#include "issuer/token_endpoint.h"
#include "server/cautions.h"
#include "server/children.h"
#include "server/client_directory.h"
#include "server/config.h"
#include "server/key_files.h"
#include "server/policy_watch.h"
#include "snapshot/holder.h"
#include "store/store.h"

namespace remit::server {

// One environment's authorization server.
struct Issuer {
  Issuer(Environment environment, const std::string& public_url, const issuer::KeyRing& keys,
         const snapshot::SnapshotHolder& snapshots, Random& random, Instant started);
  const issuer::Settings settings;
  const SnapshotDirectory directory;
  issuer::MemoryReplayCache replays;
  const issuer::AccessTokenVerifier verifier;
  const issuer::TokenEndpoint endpoint;
  const std::vector<issuer::Document> documents;
};

// The migrations of every module.
std::vector<store::Migration> plane_migrations();
// Whether a table is of what is governed (store/governed.h).
bool is_governed(std::string_view table);

class Plane {
 public:
  // Opens the data folder (made where it is missing) and everything that needs no listener. Errors: those of
  // the parts; the first that fails.
  static Result<std::unique_ptr<Plane>> open(Config config);
  ~Plane();
  Plane(const Plane&) = delete;
  Plane& operator=(const Plane&) = delete;

  // Listens for agents on the configured addresses and for commands on the folder's socket, and serves. Gives
  // the addresses that were taken. Errors: RMT-H010, those of the issuers and the gateway.
  Result<std::vector<std::string>> listen();

  // Answers a command: the API, and metrics and token requests where it listens. On loop(); `request` must
  // outlive the answer.
  http::Task<http::Response> command(http::Request& request);

  // Publishes what is durable now, so that it can be verified. Errors: those of the publisher.
  Result<audit::Checkpoint> publish();

  // That the key files are as they were at the start: what is wrong with them would stop the next one.
  // Errors: those of KeyFiles::check.
  Result<void> check_keys();

  // Finishes calls in flight within the configured time and takes everything down. Whether all was finished.
  bool stop();

  http::Loop& loop() { return command_loop_[0]; }
  const Issuer* issuer(Environment environment) const;
  const std::string& public_url() const { return public_url_; }
  Children& children() { return children_; }
  const audit::VerifierKey& log_key() const { return publisher_->verifier(); }
  std::filesystem::path audit_folder() const;

 private:
  explicit Plane(Config config);
  identity::Rules rules() const;
  Result<void> open_issuers(std::string public_url);
  void end_issuing();
  Result<void> open_parts();
  Result<void> listen_for_metrics();
  Result<void> open_keys();
  admin::Doors doors() const;
  std::map<std::pair<Environment, std::string>, admin::Contact> contacts() const;
  Result<std::shared_ptr<const snapshot::Snapshot>> build_snapshot(std::int64_t revision,
                                                                   store::Reader& reader);
  void on_commit(std::int64_t revision, store::Reader& reader);
  // Each second: publishes what is new in the log, and looks whether the disk is well and has room for more,
  // and whether the policies in force fit.
  void tend_log(const std::stop_token& stop);
  bool has_room() const;
  void look_at_disk(const Result<audit::Checkpoint>& published);
  std::vector<std::string> problems() const;
  void heed_cautions(store::Reader& reader);

  std::expected<http::Admitted, http::Response> admit(http::Request& header);
  http::Task<http::Response> handle(http::Request& request);
  http::Response answer_health(const http::Request& request) const;
  http::Response answer_metrics(const http::Request& request) const;
  http::Task<http::Response> handle_command(http::Request& request);
  http::Task<http::Response> handle_metrics(http::Request& request);
  const Issuer* issuer_of(const http::Request& request,
                          std::string (issuer::Settings::*endpoint)() const) const;
  http::Task<http::Response> answer_token(http::Request& request, const Issuer& issuer);
  http::Task<http::Response> token_to_page(http::Request& request, const Issuer& issuer);
  http::Response answer_document(const http::Request& request) const;
  void act_on(const issuer::TokenAnswer& answer);
  void act_on(issuer::Finding finding, const issuer::TokenAnswer& answer);
  void record_replay(const CredentialId& credential, const DeploymentId& client);
  void submit(const DeploymentId& client, store::Store::Work work);

  const Config config_;
  const DataFolder folder_;
  Children children_;
  SystemClock clock_;
  SystemRandom random_;
  http::LoopGroup loops_;  // for agents and strangers
  // Commands come on a loop that nobody else can keep busy: whoever floods the plane must not hold up its
  // kill switch.
  http::LoopGroup command_loop_{1};
  const std::shared_ptr<http::ByteBudget> bodies_;
  const std::shared_ptr<http::ByteBudget> bodies_of_strangers_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<audit::Log> log_;
  std::optional<catalog::Vault> vault_;
  std::optional<identity::Registry> registry_;
  std::optional<catalog::Catalog> catalog_;
  std::optional<catalog::PolicyPublisher> policies_;
  snapshot::SnapshotHolder snapshots_;
  std::unique_ptr<admin::Api> api_;

  std::mutex publishing_;
  std::unique_ptr<audit::Publisher> publisher_;
  std::atomic<std::uint64_t> published_entries_{0};
  std::atomic<std::chrono::steady_clock::time_point> published_at_{std::chrono::steady_clock::now()};
  PolicyWatch policy_watch_;
  unsigned until_probe_ = 0;  // log thread
  mutable std::mutex problems_mutex_;
  std::vector<std::string> problems_;  // of the disk: what stands in the way of calls
  std::jthread log_thread_;

  mutable std::mutex cautions_mutex_;
  std::vector<Caution> cautions_;
  std::atomic<bool> cautious_{false};

  std::vector<issuer::KeyRing> issuer_keys_;  // by environment
  issuer::RepeatLimit replays_told_;
  std::atomic<std::uint64_t> token_replays_{0};
  std::string public_url_;
  http::HostRules host_rules_;
  std::array<std::unique_ptr<Issuer>, kEnvironments.size()> issuers_;
  std::unique_ptr<gateway::Gateway> gateway_;
  std::atomic<bool> ready_{false};      // the handlers may use all of the above
  bool gateway_hears_commits_ = false;  // writer thread only
  std::unique_ptr<http::Server> server_;
  std::unique_ptr<http::Server> command_server_;
  std::unique_ptr<http::Server> metrics_server_;
  std::string metrics_address_;  // empty: there is no listener
  DataFolder::SocketAddress command_address_;
  bool stopped_ = false;
};

}  // namespace remit::server
