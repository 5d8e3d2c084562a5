// World: the enforcement point with everything that it needs, in one process and for real: the store in a
// folder of its own, the log, the snapshots swapped after each commit, keys and tokens, and an HTTP server on
// the gateway's loops. It is put together as the composition root does it.
//
// The clock stands still until a test moves it; timeouts of the network run in real time.
//
// Thread-safety: one thread, which is none of the loops'.

#pragma once

#include <spdlog/sinks/ringbuffer_sink.h>

#include <array>
#include <atomic>
#include <boost/json/object.hpp>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "audit/log.h"
#include "catalog/catalog.h"
#include "catalog/policies.h"
#include "gateway/gateway.h"
#include "gateway/testing/mcp_server.h"
#include "http/client.h"
#include "identity/registry.h"
#include "store/temp_folder.h"

namespace remit::gateway::testing {

// A child as any program would start it.
Result<mcp::Command> unconfined(const snapshot::Destination& destination,
                                const snapshot::StdioTransport& stdio,
                                std::vector<std::pair<std::string, std::string>> secrets);

struct WorldOptions {
  std::size_t loops = 2;
  std::string vfs = {};  // of a FaultVfs
  GatewayOptions gateway = {.public_url = "https://remit.example",
                            .upstream = {.open_timeout = std::chrono::seconds(20),
                                         .answer_timeout = std::chrono::seconds(20),
                                         .child = unconfined}};
};

// A deployment that may act, with its credential.
struct Bot {
  AgentId agent;
  DeploymentId deployment;
  CredentialId credential;
  Environment environment = Environment::kSandbox;
};

// Counts what is drawn: a call draws its decision's id when it arrives, and its salts when it has been
// decided.
class CountingRandom final : public Random {
 public:
  void fill(std::span<std::uint8_t> out) override {
    ++draws_;
    system_.fill(out);
  }
  std::uint64_t draws() const { return draws_; }

 private:
  SystemRandom system_;
  std::atomic<std::uint64_t> draws_ = 0;
};

class World {
 public:
  explicit World(WorldOptions options = {});
  ~World();
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  // Governance ------------------------------------------------------------------------------------------

  HumanId add_human(std::string_view name);
  Bot add_bot(std::string_view name, Environment environment = Environment::kSandbox);
  DestinationId add_destination(std::string_view name, snapshot::Transport transport,
                                std::optional<catalog::NewSecret> secret = {},
                                Environment environment = Environment::kSandbox,
                                snapshot::UpstreamBounds bounds = {});
  // Takes in what a server offers and says of each tool that it reads.
  void take_tools(const DestinationId& destination, const std::vector<std::string>& definitions,
                  snapshot::Effect effect = snapshot::Effect::kRead);
  // A destination at a server, with its tools.
  DestinationId connect(std::string_view name, const McpServer& server,
                        Environment environment = Environment::kSandbox);
  void grant(const Bot& bot, std::string_view qualified_name);
  void revoke(const Bot& bot, std::string_view qualified_name);
  catalog::CheckedPolicies check(std::string_view policies, Environment environment = Environment::kSandbox);
  void publish(std::string_view policies, Environment environment = Environment::kSandbox);
  void kill(const Bot& bot);
  ToolId tool_id(std::string_view qualified_name, Environment environment = Environment::kSandbox);
  // One command of the registry or the catalog; it must succeed.
  void command(const store::Store::Work& work);

  // What was recorded -------------------------------------------------------------------------------------

  // Waits for all that was submitted to the store before.
  void settle();
  // Log entries, oldest first; of one kind, where given.
  std::vector<boost::json::object> entries(std::string_view kind = {});
  boost::json::object last(std::string_view kind);
  // All that was written to the server's log.
  std::string log_text() const;

  // The plane ---------------------------------------------------------------------------------------------

  // Takes everything down in order and up again on the same store.
  void restart();
  // Ends the service as the composition root does it at a stop. Whether every call was finished in time.
  bool shut_down(std::chrono::milliseconds within);
  std::string token_for(const Bot& bot) const { return token_for(bot, bot.environment); }
  std::string token_for(const Bot& bot, Environment signed_by) const;

  const std::string& address() const { return address_; }
  Gateway& gateway() { return *gateway_; }
  http::Loop& agent_loop() { return agent_loops_[0]; }
  http::Client& agent_client() { return *agent_client_; }
  http::LoopGroup& loops() { return *loops_; }
  const catalog::Vault& vault() const { return *vault_; }
  snapshot::SnapshotHolder& snapshots() { return snapshots_; }
  store::Store& store() { return *store_; }
  audit::Log& log() { return *log_; }
  identity::Registry& registry() { return *registry_; }
  catalog::Catalog& catalog() { return *catalog_; }
  catalog::PolicyPublisher& policies() { return *policies_; }
  ManualClock& clock() { return clock_; }
  const CountingRandom& random() const { return random_; }
  std::filesystem::path folder() const { return folder_.path(); }

  const audit::Actor actor{"operator", "cli"};
  HumanId owner, approver;

 private:
  void start();
  void stop();
  void on_commit(std::int64_t revision, store::Reader& reader);
  const issuer::Settings& settings(Environment environment) const;

  const WorldOptions options_;
  store::TempFolder folder_;
  ManualClock clock_;
  CountingRandom random_;
  std::shared_ptr<spdlog::sinks::ringbuffer_sink_mt> server_log_;
  std::array<issuer::Settings, kEnvironments.size()> settings_;
  std::array<std::optional<jose::PrivateKey>, kEnvironments.size()> keys_;
  std::array<std::unique_ptr<issuer::AccessTokenVerifier>, kEnvironments.size()> verifiers_;
  snapshot::SnapshotHolder snapshots_;

  std::unique_ptr<http::LoopGroup> loops_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<audit::Log> log_;
  std::optional<catalog::Vault> vault_;
  std::optional<identity::Registry> registry_;
  std::optional<catalog::Catalog> catalog_;
  std::optional<catalog::PolicyPublisher> policies_;
  std::unique_ptr<Gateway> gateway_;
  std::atomic<bool> gateway_hears_commits_ = false;
  std::unique_ptr<http::Server> server_;
  std::string address_;

  http::LoopGroup agent_loops_{1};
  std::unique_ptr<http::Client> agent_client_ = std::make_unique<http::Client>(
      agent_loops_[0], http::ClientOptions{.max_connections_per_origin = 2'048});
};

}  // namespace remit::gateway::testing
