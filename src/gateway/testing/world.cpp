#include "gateway/testing/world.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <iterator>
#include <stdexcept>

#include "catalog/load.h"
#include "gateway/session.h"
#include "identity/load.h"
#include "jose/key.h"

namespace remit::gateway::testing {
namespace {

namespace json = boost::json;

constexpr std::size_t kLogLines = 4'096;

std::vector<store::Migration> all_migrations() {
  auto all = audit::migrations();
  std::ranges::move(identity::migrations(), std::back_inserter(all));
  std::ranges::move(catalog::migrations(), std::back_inserter(all));
  std::ranges::move(migrations(), std::back_inserter(all));
  return all;
}

std::size_t index(Environment environment) { return static_cast<std::size_t>(environment); }

}  // namespace

World::World(WorldOptions options)
    : options_(std::move(options)),
      clock_(parse_instant("2026-11-24T05:00:00Z").value()),
      server_log_(std::make_shared<spdlog::sinks::ringbuffer_sink_mt>(kLogLines)) {
  spdlog::set_default_logger(std::make_shared<spdlog::logger>("test", server_log_));
  for (const auto environment : kEnvironments) {
    const auto i = index(environment);
    const std::string name(to_string(environment));
    settings_.at(i) = {.environment = environment,
                       .issuer = options_.gateway.public_url + "/issuer/" + name,
                       .audience = options_.gateway.public_url + "/mcp/" + name};
    keys_.at(i) = jose::PrivateKey::generate(jose::Algorithm::kEd25519, random_);
    verifiers_.at(i) = std::make_unique<issuer::AccessTokenVerifier>(
        settings_.at(i), issuer::KeyRing::of(*keys_.at(i)).value().published);
  }
  start();
  owner = add_human("Maria");
  approver = add_human("Tom");
}

Result<mcp::Command> unconfined(const snapshot::Destination&, const snapshot::StdioTransport& stdio,
                                std::vector<std::pair<std::string, std::string>> secrets) {
  return mcp::Command{.argv = stdio.command, .environment = std::move(secrets)};
}

World::~World() {
  stop();
  agent_loops_.stop();
  agent_client_.reset();
}

void World::start() {
  loops_ = std::make_unique<http::LoopGroup>(options_.loops);
  store_ =
      store::Store::open({.file = folder_ / "remit.db", .migrations = all_migrations(), .vfs = options_.vfs})
          .value();
  store_->on_commit([this](std::int64_t revision, store::Reader& reader) { on_commit(revision, reader); });
  log_ = audit::Log::open(*store_, clock_, random_).value();
  const auto vault_key = folder_ / "vault.key";
  const bool restarted = std::filesystem::exists(vault_key);
  vault_ = (restarted ? catalog::Vault::open : catalog::Vault::make)(vault_key, random_).value();
  registry_.emplace(*log_, clock_, random_);
  catalog_.emplace(*log_, clock_, random_, *vault_, identity::require_active_human);
  policies_.emplace(*log_, clock_, random_, identity::require_active_human);
  store_
      ->read([this](store::Reader& reader) -> Result<void> {
        on_commit(store_->revision(), reader);
        return {};
      })
      .value();

  GatewayParts parts{
      .loops = *loops_,
      .store = *store_,
      .log = *log_,
      .snapshots = snapshots_,
      .vault = *vault_,
      .clock = clock_,
      .random = random_,
      .verifiers = {},
      .on_listing =
          [this](const DestinationId& destination, const mcp::ToolPage& listing) {
            store_->submit(
                [this, destination, listing](store::Transaction& tx) -> Result<void> {
                  TRY(catalog_->record_discovery(tx, {.id = "remit", .via = "system"}, destination, listing));
                  return {};
                },
                [](const Result<void>& done) {
                  if (!done) spdlog::warn("listing not recorded: {}", done.error().message);
                });
          },
      .on_credential_echo =
          [this](const DestinationId& destination) {
            store_->submit(
                [this, destination](store::Transaction& tx) {
                  return catalog_->record_credential_echo(tx, {.id = "remit", .via = "system"}, destination);
                },
                [](const Result<void>& done) {
                  if (!done) spdlog::warn("finding not recorded: {}", done.error().message);
                });
          }};
  for (std::size_t i = 0; i < verifiers_.size(); ++i) parts.verifiers.at(i) = verifiers_.at(i).get();
  gateway_ = std::make_unique<Gateway>(std::move(parts), options_.gateway);
  gateway_->restore().value();
  gateway_hears_commits_ = true;
  server_ = std::make_unique<http::Server>(*loops_, http::ServerOptions{},
                                           [this](http::Request& header) { return gateway_->admit(header); });
  address_ = server_->listen("127.0.0.1:0").value();
}

void World::stop() {
  gateway_->close();
  server_.reset();
  gateway_hears_commits_ = false;
  std::ignore = store_->run([](store::Transaction&) -> Result<void> { return {}; });
  loops_->stop();
  gateway_.reset();
  store_.reset();
  loops_.reset();
}

bool World::shut_down(std::chrono::milliseconds within) {
  gateway_->end_streams();
  return server_->drain(within, [this] { gateway_->close(); });
}

void World::restart() {
  stop();
  start();
}

void World::on_commit(std::int64_t revision, store::Reader& reader) {
  snapshot::SnapshotData data;
  data.revision = revision;
  const bool loaded = identity::load(reader, data, snapshots_.current().get()) &&
                      catalog::load(reader, data, snapshots_.current().get());
  snapshots_.swap(loaded ? std::make_shared<const snapshot::Snapshot>(std::move(data)) : nullptr);
  if (gateway_hears_commits_) gateway_->on_snapshot();
}

void World::command(const store::Store::Work& work) { store_->run(work).value(); }

HumanId World::add_human(std::string_view name) {
  HumanId id;
  command([&](store::Transaction& tx) -> Result<void> {
    ASSIGN_OR_RETURN(id, registry_->add_human(tx, actor, name));
    return {};
  });
  return id;
}

Bot World::add_bot(std::string_view name, Environment environment) {
  const auto key = jose::PrivateKey::generate(jose::Algorithm::kEd25519, random_).public_key();
  Bot bot;
  command([&](store::Transaction& tx) -> Result<void> {
    ASSIGN_OR_RETURN(const auto made,
                     registry_->register_agent(tx, actor,
                                               {.name = std::string(name),
                                                .owner = owner,
                                                .purpose = "to be tested",
                                                .process = "testing",
                                                .issuing_system = "remit",
                                                .environment = environment,
                                                .expires = clock_.now() + std::chrono::days(30),
                                                .key = {.public_jwk = json::serialize(key.jwk()),
                                                        .thumbprint = key.thumbprint(),
                                                        .material = key.material_thumbprint()}}));
    bot = {made.agent, made.deployment, made.credential, environment};
    return registry_->approve(tx, actor, bot.deployment, approver);
  });
  return bot;
}

DestinationId World::add_destination(std::string_view name, snapshot::Transport transport,
                                     std::optional<catalog::NewSecret> secret, Environment environment,
                                     snapshot::UpstreamBounds bounds) {
  std::vector<catalog::NewSecret> secrets;
  if (secret) secrets.push_back(*secret);
  DestinationId id;
  command([&](store::Transaction& tx) -> Result<void> {
    ASSIGN_OR_RETURN(id, catalog_->add_destination(tx, actor,
                                                   {.environment = environment,
                                                    .name = std::string(name),
                                                    .transport = transport,
                                                    .owner = owner,
                                                    .approver = approver,
                                                    .secrets = secrets,
                                                    .bounds = bounds}));
    return {};
  });
  return id;
}

void World::take_tools(const DestinationId& destination, const std::vector<std::string>& definitions,
                       snapshot::Effect effect) {
  mcp::ToolPage listing;
  for (const auto& definition : definitions) listing.tools.push_back(mcp::parse_tool(definition).value());
  command([&](store::Transaction& tx) -> Result<void> {
    ASSIGN_OR_RETURN(const auto found, catalog_->record_discovery(tx, actor, destination, listing));
    for (const auto& id : found.added) TRY(catalog_->classify(tx, actor, id, {.effect = effect}, approver));
    return {};
  });
}

DestinationId World::connect(std::string_view name, const McpServer& server, Environment environment) {
  const auto id = add_destination(name, snapshot::HttpTransport{server.url()}, {}, environment);
  take_tools(id, server.offered());
  return id;
}

ToolId World::tool_id(std::string_view qualified_name, Environment environment) {
  ToolId id;
  command([&](store::Transaction& tx) -> Result<void> {
    ASSIGN_OR_RETURN(id, catalog::find_tool(tx, environment, qualified_name));
    return {};
  });
  return id;
}

void World::grant(const Bot& bot, std::string_view qualified_name) {
  const auto id = tool_id(qualified_name, bot.environment);
  command([&](store::Transaction& tx) -> Result<void> {
    TRY(registry_->grant(tx, actor,
                         {.deployment = bot.deployment,
                          .tool = id,
                          .tool_name = std::string(qualified_name),
                          .tool_environment = bot.environment,
                          .approver = approver}));
    return {};
  });
}

void World::revoke(const Bot& bot, std::string_view qualified_name) {
  const auto id = tool_id(qualified_name, bot.environment);
  command([&](store::Transaction& tx) { return registry_->revoke_grant(tx, actor, bot.deployment, id); });
}

catalog::CheckedPolicies World::check(std::string_view policies, Environment environment) {
  auto checked = catalog::CheckedPolicies::check(std::string(policies), *snapshots_.current(), environment);
  if (!checked) throw std::runtime_error(format(checked.error()));
  return *std::move(checked);
}

void World::publish(std::string_view policies, Environment environment) {
  const auto checked = check(policies, environment);
  command([&](store::Transaction& tx) -> Result<void> {
    TRY(policies_->publish(tx, actor, checked, owner));
    return {};
  });
}

void World::kill(const Bot& bot) {
  command([&](store::Transaction& tx) -> Result<void> {
    TRY(registry_->kill(tx, actor, bot.agent, approver, "a test says so"));
    return {};
  });
}

void World::settle() {
  std::ignore = store_->run([](store::Transaction&) -> Result<void> { return {}; });
}

std::vector<json::object> World::entries(std::string_view kind) {
  settle();
  std::vector<json::object> found;
  store_
      ->read([&](store::Reader& reader) -> Result<void> {
        ASSIGN_OR_RETURN(const auto rows, reader.query("SELECT entry FROM log_entry ORDER BY idx"));
        for (const auto& row : rows) {
          auto entry = json::parse(row.text(0)).as_object();
          if (kind.empty() || entry.at("kind") == json::value(kind)) found.push_back(std::move(entry));
        }
        return {};
      })
      .value();
  return found;
}

json::object World::last(std::string_view kind) {
  auto found = entries(kind);
  return found.empty() ? json::object{} : std::move(found.back());
}

std::string World::log_text() const {
  std::string all;
  for (const auto& line : server_log_->last_formatted()) all += line;
  return all;
}

const issuer::Settings& World::settings(Environment environment) const {
  return settings_.at(index(environment));
}

std::string World::token_for(const Bot& bot, Environment signed_by) const {
  SystemRandom random;
  return issuer::mint_access_token(settings(signed_by), *keys_.at(index(signed_by)),
                                   {.client_id = bot.deployment.str(), .credential_id = bot.credential.str()},
                                   clock_.now(), random)
      .token;
}

}  // namespace remit::gateway::testing
