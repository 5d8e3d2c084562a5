#include "server/plane.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>
#include <unistd.h>

#include <boost/json/serialize.hpp>

#include "admin/commit.h"
#include "audit/files.h"
#include "audit/openings.h"
#include "catalog/load.h"
#include "gateway/session.h"
#include "gateway/upstream.h"
#include "http/cross_origin.h"
#include "http/problem.h"
#include "identity/load.h"
#include "issuer/spent_assertions.h"
#include "mcp/http_rules.h"
#include "mcp/stdio.h"
#include "server/backup.h"
#include "server/descriptors.h"
#include "server/metrics.h"

namespace remit::server {
namespace {

constexpr std::size_t kMetricsConnections = 64;
constexpr unsigned kSecondsBetweenProbes = 10;
constexpr std::chrono::milliseconds kPublishInterval{
    1000};  // audit.md: at least every second while there is traffic

// A little more than a server over stdio is given to end (mcp::StdioLimits).
constexpr std::chrono::milliseconds kChildrenEnd{4000};

std::string path_of(const std::string& url) {
  const auto parsed = http::parse_url(url);
  return parsed ? parsed->target : std::string();
}

std::string_view header(const http::Request& request, std::string_view name) {
  const auto* value = request.headers.find(name);
  return value ? std::string_view(*value) : std::string_view();
}

http::Response text_response(int status, std::string_view type, std::string body) {
  return {.status = status, .headers = {{"Content-Type", std::string(type)}}, .body = std::move(body)};
}

http::Response not_found(std::string why = "there is nothing here") {
  return http::problem(Error{ErrorKind::kNotFound, "RMT-X010", std::move(why), {}});
}

bool is_read(const http::Request& request) {
  return request.method == http::Method::kGet || request.method == http::Method::kHead;
}

// Whether a request is for `path`, a slash at its end forgiven.
bool is_for(const http::Request& request, std::string_view path) {
  std::string_view asked = request.path;
  if (asked.size() > path.size() && asked.ends_with('/')) asked.remove_suffix(1);
  return asked == path;
}

bool is_health(const http::Request& request) {
  return is_for(request, "/healthz") || is_for(request, "/readyz");
}

// The documents are public, and no page learns from them what it could not fetch otherwise. Clients send the
// version header with them (the official TypeScript SDK).
constexpr http::CrossOrigin kDocumentPages = {.methods = "GET, HEAD",
                                              .request_headers = "Accept, MCP-Protocol-Version"};
constexpr http::CrossOrigin kTokenPages = {.methods = "POST",
                                           .request_headers = "Accept, Authorization, Content-Type, DPoP",
                                           .exposed = "WWW-Authenticate, Retry-After"};

// Fields of a token request that two readers could read differently if they came twice.
constexpr std::string_view kSingleTokenHeaders[] = {"Authorization", "Content-Type", "DPoP", "Origin"};

http::Response to_response(issuer::TokenAnswer answer) {
  http::Response response{.status = answer.status, .headers = {}, .body = std::move(answer.body)};
  for (auto& [name, value] : answer.headers) response.headers.set(name, value);
  return response;
}

gateway::UpstreamLimits upstream_limits(const Config& config, Children& children) {
  return {.open_timeout = config.upstream_open,
          .answer_timeout = config.upstream_answer,
          .answer_ceiling = config.limits.time("upstream_answer_ceiling_seconds"),
          .listing_max_age = config.limits.time("listing_seconds"),
          .max_answer_bytes = config.limits.bytes("upstream_answer_mib"),
          .max_pages = config.limits.count("upstream_pages"),
          .child = [&children](const auto& destination, const auto& stdio, auto secrets) {
            return children.command(destination, stdio, std::move(secrets));
          }};
}

std::vector<admin::Limit> told(const Limits& limits) {
  std::vector<admin::Limit> all;
  all.reserve(std::size(kLimits));
  for (std::size_t i = 0; i < std::size(kLimits); ++i)
    all.push_back({.name = kLimits[i].name,
                   .value = limits.value(i),
                   .standard = kLimits[i].standard,
                   .unit = to_string(kLimits[i].unit),
                   .bounds = kLimits[i].bounds});
  return all;
}

http::ServerOptions server_options(const Config& config, std::shared_ptr<http::ByteBudget> bodies) {
  const auto& limits = config.limits;
  return {.max_header_bytes = limits.bytes("header_kib"),
          .max_fields = limits.count("header_fields"),
          .max_body_bytes = limits.bytes("mcp_body_kib"),
          .max_dropped_bytes = limits.bytes("dropped_body_mib"),
          .max_stream_bytes = limits.bytes("stream_kib"),
          .max_connections = limits.count("connections"),
          .max_connections_per_peer = limits.count("connections_per_peer"),
          .bodies = std::move(bodies),
          .first_byte_timeout = limits.time("first_byte_seconds"),
          .header_timeout = limits.time("header_seconds"),
          .body_timeout = limits.time("body_seconds"),
          .min_body_bytes_per_second = limits.count("body_bytes_per_second"),
          .idle_timeout = limits.time("idle_seconds"),
          .write_timeout = limits.time("write_seconds"),
          .stream_keep_alive = limits.time("stream_keep_alive_seconds")};
}

// A new log's name. It is fixed when the key is made, so that a changed address does not make another log of
// it.
std::string log_origin(const Config& config) {
  if (!config.audit_origin.empty()) return config.audit_origin;
  const auto url =
      http::parse_url(config.public_url.empty() ? "http://" + config.listen.front() : config.public_url);
  return (url ? url->authority() : "remit.local") + "/audit";
}

Result<std::map<std::string, std::string>> all_names(store::Reader& reader) {
  ASSIGN_OR_RETURN(auto names, identity::all_names(reader));
  ASSIGN_OR_RETURN(auto more, catalog::all_names(reader));
  names.merge(more);
  return names;
}

Result<identity::KnownTools> known_tools(store::Reader& reader) {
  identity::KnownTools known;
  ASSIGN_OR_RETURN(known.names, catalog::tool_names(reader));
  for (const auto environment : kEnvironments) {
    ASSIGN_OR_RETURN(known.destinations.at(static_cast<std::size_t>(environment)),
                     catalog::destination_names(reader, environment));
  }
  return known;
}

// Where agents connect by themselves, who they connect from is known. A configured public URL stands for a
// proxy, whose address says nothing; and on this machine every address is the same one.
std::string client_address(const http::Request& request, const Config& config) {
  if (!config.public_url.empty()) return {};
  const auto& peer = request.peer.address;
  const auto host = peer.substr(0, peer.rfind(':'));
  const bool here = host.starts_with("127.") || host == "[::1]" || peer == "unix";
  return here ? "this machine" : host;
}

}  // namespace

std::vector<store::Migration> plane_migrations() {
  std::vector<store::Migration> all;
  for (const auto& module :
       {audit::migrations(), identity::migrations(), catalog::migrations(), gateway::migrations(),
        issuer::migrations(), key_migrations(), caution_migrations()})
    all.insert(all.end(), module.begin(), module.end());
  return all;
}

// Everything that is not a record of its own kind, or a session's: a table that is new is governed.
bool is_governed(std::string_view table) {
  constexpr std::string_view kNot[] = {"gateway_session", "spent_assertion", "issuing"};
  return !table.starts_with("log_") && !table.starts_with("store_") && !table.starts_with("sqlite_") &&
         std::ranges::find(kNot, table) == std::end(kNot);
}

Issuer::Issuer(Environment environment, const std::string& public_url, const issuer::KeyRing& keys,
               const snapshot::SnapshotHolder& snapshots, Random& random, Instant started)
    : settings{.environment = environment,
               .issuer = fmt::format("{}/issuer/{}", public_url, to_string(environment)),
               .audience = fmt::format("{}/mcp/{}", public_url, to_string(environment)),
               .started = started},
      directory(environment, snapshots),
      verifier(settings, keys.published),
      endpoint(settings, keys, directory, replays, random),
      documents(issuer::documents(settings, keys.published)) {}

Plane::Plane(Config config)
    : config_(std::move(config)),
      folder_(config_.data),
      children_(config_),
      loops_(config_.threads > 0 ? config_.threads : std::max(1U, std::thread::hardware_concurrency())),
      bodies_(std::make_shared<http::ByteBudget>(config_.limits.bytes("bodies_mib"))),
      bodies_of_strangers_(
          std::make_shared<http::ByteBudget>(config_.limits.bytes("stranger_bodies_mib"), bodies_)) {}

Result<std::unique_ptr<Plane>> Plane::open(Config config) {
  TRY(share_descriptors(raise_descriptor_limit(), config.limits));
  std::unique_ptr<Plane> plane(new Plane(std::move(config)));
  TRY(plane->open_parts());
  return plane;
}

// Everything is looked at before anything is written: a start that is refused leaves the store as it was.
Result<void> Plane::open_parts() {
  TRY(folder_.make_ready());
  TRY(folder_.check_whole());
  ASSIGN_OR_RETURN(store_,
                   store::Store::open({.file = folder_.store(),
                                       .migrations = plane_migrations(),
                                       .governs = is_governed,
                                       .judge_governed = audit::judge_governed,
                                       .on_governed_change = [this](store::Transaction& tx) -> Result<void> {
                                         // Before the log is open its first entry tells.
                                         return log_ ? audit::append_state(*log_, tx) : Result<void>();
                                       }}));
  store_->on_commit([this](std::int64_t revision, store::Reader& reader) { on_commit(revision, reader); });
  TRY(open_keys());
  folder_.remove_half_written();
  ASSIGN_OR_RETURN(log_, audit::Log::open(*store_, clock_, random_, config_.clock_jump));
  log_->tell_governance([](std::uint64_t index, const audit::GovernanceEvent& event) {
    spdlog::info("governance {} {} by {}{}{}: entry {} of the audit log", event.action, event.object,
                 event.actor.id, event.actor.via.empty() ? "" : " via ", event.actor.via, index);
  });
  TRY(store_->run(identity::bring_up_to_date));
  TRY(identity::Registry::name_older_grants(*store_, known_tools));
  TRY(audit::record_older_names(*store_, *log_, all_names));
  TRY(store_->read([this](store::Reader& reader) -> Result<void> {
    ASSIGN_OR_RETURN(auto snapshot, build_snapshot(store_->revision(), reader));
    snapshots_.swap(std::move(snapshot));
    heed_cautions(reader);
    return {};
  }));
  registry_.emplace(*log_, clock_, random_, rules());
  catalog_.emplace(*log_, clock_, random_, *vault_, identity::require_active_human);
  policies_.emplace(*log_, clock_, random_, identity::require_active_human);
  api_ = std::make_unique<admin::Api>(admin::ApiParts{
      .store = *store_,
      .registry = *registry_,
      .catalog = *catalog_,
      .policies = *policies_,
      .snapshots = snapshots_,
      .clock = clock_,
      .list_tools =
          [this](snapshot::Destination destination) {
            return gateway::list_tools(command_loop_[0], *vault_, std::move(destination),
                                       upstream_limits(config_, children_));
          },
      .admit_child = [this](snapshot::StdioTransport stdio) { return children_.admit(std::move(stdio)); },
      .version = REMIT_VERSION,
      .doors = [this] { return doors(); },
      .governs = is_governed,
      .back_up = [this](const std::string& folder) -> Result<boost::json::object> {
        ASSIGN_OR_RETURN(const auto made,
                         make_backup(*store_, folder, REMIT_VERSION, log_key().text(), clock_.now()));
        return made.json();
      },
      .confirm =
          [this](store::Transaction& tx, const audit::Actor& actor, std::string_view kind,
                 std::string reason) { return confirm_caution(tx, *log_, actor, kind, std::move(reason)); },
      .rotate_issuer =
          [this](store::Transaction& tx, const audit::Actor& actor, Environment environment,
                 std::string reason) {
            return KeyFiles::rotate_issuer(folder_, environment, tx, *log_,
                                           {.actor = actor,
                                            .action = "issuer.rotate",
                                            .object = std::string(to_string(environment)),
                                            .reason = std::move(reason)},
                                           random_);
          },
      .limits = told(config_.limits),
      .contacts = [this] { return contacts(); }});
  // A kill does not wait for a folder that cannot be written; readiness does (look_at_disk).
  if (const auto published = publish(); !published) {
    if (published.error().code != "RMT-A021") return std::unexpected(published.error());
    spdlog::error("the audit log is not published: {}: {}", published.error().code,
                  published.error().message);
  }
  return {};
}

std::filesystem::path Plane::audit_folder() const {
  return config_.audit_folder.empty() ? folder_.audit() : config_.audit_folder;
}

Result<void> Plane::open_keys() {
  ASSIGN_OR_RETURN(auto keys, KeyFiles::open(folder_, log_origin(config_), *store_, random_));
  // After a restore it may be that of the next log: "origin/2" (restore.h).
  const auto& name = keys.log.verifier().name;
  if (!config_.audit_origin.empty() && name != config_.audit_origin &&
      !name.starts_with(config_.audit_origin + "/"))
    return fail(
        ErrorKind::kInvalid, "RMT-A022",
        fmt::format("the log's key is of `{}`, the configuration says `{}`", name, config_.audit_origin));
  vault_ = std::move(keys.vault);
  issuer_keys_ = std::move(keys.issuers);
  ASSIGN_OR_RETURN(publisher_,
                   audit::Publisher::open(*store_, std::move(keys.log),
                                          {.folder = audit_folder(), .state = folder_.audit_checkpoint()}));
  return {};
}

Result<void> Plane::check_keys() {
  TRY(folder_.make_ready());
  return KeyFiles::check(folder_, log_key(), *store_, random_);
}

Result<audit::Checkpoint> Plane::publish() {
  const std::lock_guard lock(publishing_);
  auto checkpoint = publisher_->publish();
  if (checkpoint) {
    published_entries_ = checkpoint->head.size;
    published_at_ = std::chrono::steady_clock::now();
  }
  return checkpoint;
}

void Plane::tend_log(const std::stop_token& stop) {
  std::mutex mutex;
  std::condition_variable_any wake;
  std::unique_lock lock(mutex);
  while (!stop.stop_requested()) {
    wake.wait_for(lock, stop, kPublishInterval, [] { return false; });
    const auto done = publish();
    if (!done)
      spdlog::error("the audit log is not published: {}: {}", done.error().code, done.error().message);
    look_at_disk(done);
    // A clock may go wrong, and right again, while nothing is committed.
    std::ignore = store_->read([this](store::Reader& reader) -> Result<void> {
      heed_cautions(reader);
      return {};
    });
    if (const bool room = has_room(); room != gateway_->has_room()) {
      gateway_->set_room(room);
      if (room)
        spdlog::info("the disk has room again: calls go on");
      else
        spdlog::critical("less than {} MiB are free for {}: no new call is made",
                         config_.min_free_bytes >> 20U, folder_.root.string());
    }
    if (const auto snapshot = snapshots_.current()) policy_watch_.look(*snapshot);
  }
}

// Reads may come from memory, and nothing is written where nothing happens: so a small file is written now
// and then, and each second while something is wrong.
void Plane::look_at_disk(const Result<audit::Checkpoint>& published) {
  std::vector<std::string> found;
  if (!store_->in_service()) found.emplace_back("the store is out of service after an error of the disk");
  if (!published) found.push_back("the audit log is not published: " + published.error().message);
  if (!found.empty() || until_probe_ == 0) {
    until_probe_ = kSecondsBetweenProbes;
    if (const auto probed = audit::write_durable(folder_.probe(), {}, 0600); !probed) {
      found.push_back("the data folder cannot be written: " + probed.error().message);
      until_probe_ = 0;
    }
  } else {
    --until_probe_;
  }
  const std::lock_guard lock(problems_mutex_);
  if (found.empty() && !problems_.empty()) spdlog::info("the disk is well again");
  for (const auto& problem : found)
    if (std::ranges::find(problems_, problem) == problems_.end()) spdlog::critical("{}", problem);
  problems_ = std::move(found);
}

std::vector<std::string> Plane::problems() const {
  const std::lock_guard lock(problems_mutex_);
  return problems_;
}

// What cannot be found out counts as none.
bool Plane::has_room() const {
  std::error_code ec;
  for (const auto& folder : {folder_.root, audit_folder()}) {
    const auto space = std::filesystem::space(folder, ec);
    if (ec || space.available < config_.min_free_bytes) return false;
  }
  return true;
}

Result<std::shared_ptr<const snapshot::Snapshot>> Plane::build_snapshot(std::int64_t revision,
                                                                        store::Reader& reader) {
  snapshot::SnapshotData data;
  data.revision = revision;
  const auto previous = snapshots_.current();
  TRY(identity::load(reader, data, previous.get()));
  TRY(catalog::load(reader, data, previous.get(), policies_ ? &*policies_ : nullptr));
  return std::make_shared<const snapshot::Snapshot>(std::move(data));
}

void Plane::on_commit(std::int64_t revision, store::Reader& reader) {
  auto snapshot = build_snapshot(revision, reader);
  if (!snapshot) {
    spdlog::critical("no snapshot of revision {}, so nothing leaves: {}: {}", revision, snapshot.error().code,
                     snapshot.error().message);
    snapshots_.swap(nullptr);
  } else {
    snapshots_.swap(std::move(*snapshot));
  }
  heed_cautions(reader);
  if (gateway_hears_commits_) gateway_->on_snapshot();
}

// What cannot be read counts as one: no call is made on a guess.
void Plane::heed_cautions(store::Reader& reader) {
  auto found = cautions(reader, log_.get(), clock_.now());
  if (!found)
    found = std::vector<Caution>{{.kind = "store", .since = clock_.now(), .what = found.error().message}};
  const bool cautious = !found->empty();
  {
    const std::lock_guard lock(cautions_mutex_);
    cautions_ = std::move(*found);
  }
  cautious_ = cautious;
  if (ready_.load(std::memory_order_acquire)) gateway_->set_cautious(cautious);
}

identity::Rules Plane::rules() const {
  const auto& limits = config_.limits;
  const auto days = [](std::size_t count) { return std::chrono::days(static_cast<int>(count)); };
  identity::Rules rules{.longest_life = {days(limits.count("sandbox_days")), days(limits.count("pilot_days")),
                                         days(limits.count("production_days"))}};
  for (const auto& ring : issuer_keys_)
    for (const auto& key : ring.published.keys()) rules.reserved_keys.push_back(key.material_thumbprint());
  return rules;
}

Result<void> Plane::open_issuers(std::string public_url) {
  public_url_ = std::move(public_url);
  Instant known_since;
  TRY(store_->run([&](store::Transaction& tx) -> Result<void> {
    ASSIGN_OR_RETURN(known_since, issuer::begin_issuing(tx, clock_.now()));
    return {};
  }));
  for (const auto environment : kEnvironments) {
    const auto& keys = issuer_keys_.at(static_cast<std::size_t>(environment));
    auto made = std::make_unique<Issuer>(environment, public_url_, keys, snapshots_, random_, known_since);
    TRY(issuer::check(made->settings));
    TRY(store_->read(
        [&](store::Reader& reader) { return issuer::recall(reader, environment, made->replays); }));
    issuers_.at(static_cast<std::size_t>(environment)) = std::move(made);
  }
  return {};
}

std::map<std::pair<Environment, std::string>, admin::Contact> Plane::contacts() const {
  std::map<std::pair<Environment, std::string>, admin::Contact> contacts;
  if (!ready_.load(std::memory_order_acquire)) return contacts;
  const auto instant = [](std::uint64_t micros) {
    return micros == 0 ? std::nullopt : std::optional(from_micros(static_cast<std::int64_t>(micros)));
  };
  const auto totals = gateway_->calls();
  for (const auto environment : kEnvironments)
    for (const auto& [name, series] : totals.by_destination.at(static_cast<std::size_t>(environment)))
      if (!name.empty())
        contacts.emplace(std::pair(environment, name), admin::Contact{.answered = instant(series.answered_at),
                                                                      .failed = instant(series.failed_at)});
  return contacts;
}

admin::Doors Plane::doors() const {
  admin::Doors doors{.log_key = log_key().text(),
                     .confinement = children_.told(),
                     .public_url = {},
                     .metrics = {},
                     .endpoints = {}};
  doors.problems = problems();
  {
    const std::lock_guard lock(cautions_mutex_);
    for (const auto& caution : cautions_) doors.cautions.emplace_back(caution.kind, caution.what);
  }
  if (!ready_.load(std::memory_order_acquire)) return doors;
  if (!gateway_->has_room())
    doors.problems.push_back(fmt::format("less than {} MiB are free for {}", config_.min_free_bytes >> 20U,
                                         folder_.root.string()));
  doors.sessions = static_cast<std::size_t>(std::max<std::int64_t>(0, gateway_->counters().sessions));
  doors.children = gateway_->children();
  if (!metrics_address_.empty()) doors.metrics = "http://" + metrics_address_ + "/metrics";
  doors.public_url = public_url_;
  for (const auto& issuer : issuers_)
    doors.endpoints.push_back({.environment = issuer->settings.environment,
                               .mcp = issuer->settings.audience,
                               .issuer = issuer->settings.issuer,
                               .token_endpoint = issuer->settings.token_endpoint()});
  return doors;
}

const Issuer* Plane::issuer(Environment environment) const {
  return issuers_.at(static_cast<std::size_t>(environment)).get();
}

Result<std::vector<std::string>> Plane::listen() {
  server_ = std::make_unique<http::Server>(loops_, server_options(config_, bodies_),
                                           [this](http::Request& header) { return admit(header); });
  std::vector<std::string> taken;
  for (const auto& address : config_.listen) {
    TRY(check_listen(address, config_.plain_http_beyond_loopback));
    ASSIGN_OR_RETURN(auto got, server_->listen(address));
    taken.push_back(std::move(got));
  }
  TRY(open_issuers(config_.public_url.empty() ? "http://" + taken.front() : config_.public_url));

  host_rules_ = {.hosts = config_.hosts, .origins = config_.origins};
  if (const auto url = http::parse_url(public_url_))
    if (auto authority = http::parse_authority(url->authority()))
      host_rules_.hosts.push_back(*std::move(authority));
  gateway::GatewayOptions options{
      .public_url = public_url_,
      .upstream = upstream_limits(config_, children_),
      .upstream_idle = config_.limits.time("idle_child_seconds"),
      .session_idle = config_.limits.time("idle_session_seconds"),
      .max_sessions_per_deployment = config_.limits.count("sessions_per_deployment"),
      .max_sessions = config_.limits.count("sessions"),
      .max_children_per_deployment = config_.limits.count("children_per_deployment"),
      .max_children = config_.limits.count("children"),
      .max_open_calls_per_session = config_.limits.count("calls_per_session"),
      .max_batch_messages = config_.limits.count("batch_messages"),
      .max_upstream_connections = config_.limits.count("upstream_connections"),
      .max_message_bytes = config_.limits.bytes("mcp_body_kib"),
      .message_size = {.members = config_.limits.count("message_members"),
                       .values = config_.limits.count("message_values")},
      .parse_beside_bytes = config_.limits.bytes("parse_beside_kib"),
      .caller = {.requests = config_.limits.count("requests_per_deployment"),
                 .calls = config_.limits.count("calls_per_deployment"),
                 .body_bytes = config_.limits.bytes("caller_bodies_mib")},
      .bodies = bodies_};
  options.host_rules = host_rules_;
  gateway::GatewayParts parts{
      .loops = loops_,
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
                [destination](const Result<void>& done) {
                  if (!done)
                    spdlog::warn("tools of {} not recorded: {}: {}", destination.str(), done.error().code,
                                 done.error().message);
                });
          },
      .on_credential_echo =
          [this](const DestinationId& destination) {
            store_->submit(
                [this, destination](store::Transaction& tx) {
                  return catalog_->record_credential_echo(tx, {.id = "remit", .via = "system"}, destination);
                },
                [destination](const Result<void>& done) {
                  if (!done)
                    spdlog::warn("finding on {} not recorded: {}: {}", destination.str(), done.error().code,
                                 done.error().message);
                });
          }};
  for (const auto environment : kEnvironments)
    parts.verifiers.at(static_cast<std::size_t>(environment)) = &issuer(environment)->verifier;
  gateway_ = std::make_unique<gateway::Gateway>(std::move(parts), std::move(options));
  TRY(gateway_->restore());
  TRY(store_->run([this](store::Transaction& tx) -> Result<void> {
    gateway_hears_commits_ = true;
    heed_cautions(tx);
    gateway_->set_cautious(cautious_);
    return {};
  }));

  gateway_->set_room(has_room());
  TRY(listen_for_metrics());
  // Before the socket is there: whoever asks for the status over it is told the endpoints.
  ready_.store(true, std::memory_order_release);

  command_server_ = std::make_unique<http::Server>(
      command_loop_, http::ServerOptions{},
      // NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): it outlives the handler
      [this](http::Request& request, http::Exchange&) { return handle_command(request); });
  ASSIGN_OR_RETURN(command_address_, folder_.socket_address());
  TRY(command_server_->listen(command_address_.text));
  log_thread_ = std::jthread([this](const std::stop_token& stop) { tend_log(stop); });
  return taken;
}

Result<void> Plane::listen_for_metrics() {
  if (config_.metrics_listen.empty()) return {};
  TRY(check_listen(config_.metrics_listen, config_.plain_http_beyond_loopback));
  // A scraper comes by address or by name; a page that rebinds its name comes by that name.
  const auto by_address = [this](std::string_view host) {
    const auto authority = http::parse_authority(host);
    return authority && (http::is_address(*authority) || host_rules_.permits_host(host));
  };
  metrics_server_ = std::make_unique<http::Server>(
      loops_, http::ServerOptions{.max_connections = kMetricsConnections, .host_allowed = by_address},
      // NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): it outlives the handler
      [this](http::Request& request, http::Exchange&) { return handle_metrics(request); });
  ASSIGN_OR_RETURN(metrics_address_, metrics_server_->listen(config_.metrics_listen));
  return {};
}

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): it outlives the handler
http::Task<http::Response> Plane::handle_metrics(http::Request& request) {
  if (is_health(request)) co_return answer_health(request);
  co_return is_for(request, "/metrics") ? answer_metrics(request) : not_found();
}

// Only agents, and those who ask for a token, have a body to send.
std::expected<http::Admitted, http::Response> Plane::admit(http::Request& header) {
  if (gateway::Gateway::serves(header.path) && ready_.load(std::memory_order_acquire))
    return gateway_->admit(header);
  const bool asks_for_token = issuer_of(header, &issuer::Settings::token_endpoint) != nullptr;
  return http::Admitted{
      // NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): it outlives the handler
      .answer = [this](http::Request& request, http::Exchange&) { return handle(request); },
      .max_body_bytes = asks_for_token ? config_.limits.bytes("token_body_kib") : 0,
      .bodies = bodies_of_strangers_};
}

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): it outlives the handler
http::Task<http::Response> Plane::handle(http::Request& request) {
  // Whoever balances load asks each machine by its address: these two answer to every Host, and tell nothing
  // else.
  if (is_health(request)) co_return answer_health(request);
  if (!ready_.load(std::memory_order_acquire) || !snapshots_.current())
    co_return http::problem(
        Error{ErrorKind::kUnavailable, "RMT-G007", "no governance state is in force yet", {}});
  if (!host_rules_.permits_host(header(request, "Host")))
    co_return http::problem(
        421, {ErrorKind::kForbidden, "RMT-H007", "this server does not answer for the Host that was asked"});
  if (const auto* asked = issuer_of(request, &issuer::Settings::token_endpoint))
    co_return co_await token_to_page(request, *asked);
  if (issuer_of(request, &issuer::Settings::authorization_endpoint) != nullptr)
    co_return to_response(issuer::refuse_authorization());
  if (is_for(request, "/metrics"))
    co_return not_found("metrics are not served here but on `metrics_listen`, and by `remit metrics`");
  auto response =
      http::is_preflight(request) ? http::permit(request, kDocumentPages) : answer_document(request);
  http::share(response.headers, "*", kDocumentPages);
  co_return response;
}

http::Response Plane::answer_health(const http::Request& request) const {
  if (!is_read(request)) return http::method_not_allowed(request.method, "GET, HEAD");
  if (is_for(request, "/healthz")) return text_response(200, "text/plain", "ok\n");
  if (!ready_.load(std::memory_order_acquire) || !snapshots_.current())
    return http::problem(
        Error{ErrorKind::kUnavailable, "RMT-G007", "no governance state is in force yet", {}});
  if (!gateway_->has_room())
    return http::problem(
        Error{ErrorKind::kUnavailable, "RMT-G009", "the disk has no room for new calls", {}});
  if (!problems().empty())
    return http::problem(
        Error{ErrorKind::kUnavailable, "RMT-G011", "the disk fails; `remit status` says more", {}});
  return text_response(200, "text/plain", "ready\n");
}

http::Response Plane::answer_metrics(const http::Request& request) const {
  if (!is_read(request)) return http::method_not_allowed(request.method, "GET, HEAD");
  if (!ready_.load(std::memory_order_acquire))
    return http::problem(
        Error{ErrorKind::kUnavailable, "RMT-X011", "no server runs on this data folder", {}});
  const auto snapshot = snapshots_.current();
  const auto calls = gateway_->calls();
  MetricSources sources{.gateway = gateway_->counters(),
                        .calls = calls,
                        .store = *store_,
                        .published_entries = published_entries_,
                        .token_replays = token_replays_,
                        .snapshot = snapshot.get(),
                        .children = gateway_->children(),
                        .waiting_messages = gateway_->waiting_beside(),
                        .publishing_lag = std::chrono::steady_clock::now() - published_at_.load()};
  for (const auto environment : kEnvironments)
    sources.policy_errors.at(static_cast<std::size_t>(environment)) = policy_watch_.errors(environment);
  for (const auto& [name, folder] : {std::pair("data", folder_.root), std::pair("audit", audit_folder())}) {
    std::error_code ec;
    if (const auto space = std::filesystem::space(folder, ec); !ec)
      sources.free.emplace_back(name, space.available);
  }
  return text_response(200, "text/plain; version=0.0.4", metrics_text(sources));
}

const Issuer* Plane::issuer_of(const http::Request& request,
                               std::string (issuer::Settings::*endpoint)() const) const {
  for (const auto& issuer : issuers_)
    if (issuer && is_for(request, path_of((issuer->settings.*endpoint)()))) return issuer.get();
  return nullptr;
}

http::Response Plane::answer_document(const http::Request& request) const {
  for (const auto& issuer : issuers_)
    for (const auto& document : issuer->documents) {
      if (!is_for(request, document.path)) continue;
      if (!is_read(request)) return http::method_not_allowed(request.method, "GET, HEAD");
      auto response = text_response(200, "application/json", boost::json::serialize(document.body));
      response.headers.set("Cache-Control", "max-age=300");
      return response;
    }
  return not_found();
}

// A page gets a token where it may call the gateway too.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): both outlive the handler
http::Task<http::Response> Plane::token_to_page(http::Request& request, const Issuer& issuer) {
  const std::string origin(header(request, "Origin"));
  const bool may_read = !origin.empty() && host_rules_.permits_origin(origin);
  http::Response response;
  if (request.headers.contains("Origin") && !may_read)
    response = to_response(issuer::refuse_request(
        403, {ErrorKind::kForbidden, "RMT-M014", "requests from this Origin are not accepted", {}}));
  else if (http::is_preflight(request))
    response = http::permit(request, kTokenPages);
  else
    response = co_await answer_token(request, issuer);
  http::share(response.headers, may_read ? std::string_view(origin) : std::string_view(), kTokenPages);
  co_return response;
}

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): both outlive the handler
http::Task<http::Response> Plane::answer_token(http::Request& request, const Issuer& issuer) {
  if (request.method != http::Method::kPost) co_return http::method_not_allowed(request.method, "POST");
  for (const auto name : kSingleTokenHeaders)
    if (request.headers.count(name) > 1)
      co_return to_response(issuer::refuse_request(
          400, {ErrorKind::kInvalid, "RMT-M016", std::string(name) + " came more than once", {}}));
  request.headers.join("Content-Encoding");
  if (const auto ok = mcp::check_content_encoding(header(request, "Content-Encoding")); !ok) {
    auto response = to_response(issuer::refuse_request(ok.error().status, ok.error().refusal.error));
    response.headers.set(std::string(ok.error().header_name), std::string(ok.error().header_value));
    co_return response;
  }
  const auto now = clock_.now();
  const auto from = client_address(request, config_);
  auto answer = issuer.endpoint.answer({.content_type = header(request, "Content-Type"),
                                        .authorization = header(request, "Authorization"),
                                        .dpop = header(request, "DPoP"),
                                        .body = request.body,
                                        .from = from},
                                       now);
  act_on(answer);
  if (answer.keep) {
    const auto kept = co_await admin::commit(
        store_.get(), [spent = *answer.keep, environment = issuer.settings.environment,
                       now](store::Transaction& tx) { return issuer::keep(tx, environment, spent, now); });
    if (!kept) answer = issuer::unavailable(kept.error());
  }
  co_return to_response(std::move(answer));
}

// What the token endpoint found out about a client that had proved its key.
void Plane::act_on(const issuer::TokenAnswer& answer) {
  if (answer.error)
    spdlog::info("{}: token refused for {}: {}", answer.error->code,
                 answer.client_id.empty() ? "an unproven client" : answer.client_id, answer.error->message);
  for (const auto finding : answer.findings) act_on(finding, answer);
}

void Plane::act_on(issuer::Finding finding, const issuer::TokenAnswer& answer) {
  using snapshot::HoldKind;
  const audit::Actor remit{.id = "remit", .via = "system"};
  const auto client = DeploymentId::trusted(answer.client_id);
  const auto hold = [&](HoldKind kind, std::string_view why) {
    submit(client, [this, remit, client, kind, why](store::Transaction& tx) {
      return registry_->place_hold(tx, remit, client, kind, why);
    });
  };
  switch (finding) {
    case issuer::Finding::kTokenEndpointAudience:
      spdlog::warn("{} sends the token endpoint as its assertion's audience", answer.client_id);
      return;
    case issuer::Finding::kReplay:
      return record_replay(CredentialId::trusted(answer.credential_id), client);
    case issuer::Finding::kExposure:
      return hold(HoldKind::kCredentialExposed,
                  "a client assertion that was spent came again, from another address");
    case issuer::Finding::kDrift:
      return hold(HoldKind::kDrift, "another fingerprint runs than was approved");
    case issuer::Finding::kRunsApproved:
      return submit(client, [this, remit, client](store::Transaction& tx) {
        return registry_->mend_drift(tx, remit, client);
      });
  }
}

// Told and recorded once, and then from time to time with how often it was: a client that repeats each
// request fills neither log.
void Plane::record_replay(const CredentialId& credential, const DeploymentId& client) {
  ++token_replays_;
  const auto times = replays_told_.count(credential.str(), clock_.now());
  if (times == 0) return;
  spdlog::warn("{} showed a client assertion a second time, signed by {} ({} times since this was last told)",
               client.str(), credential.str(), times);
  submit(client, [this, credential, client, times](store::Transaction& tx) -> Result<void> {
    // Nothing that is governed changes, so the revision stays.
    TRY(log_->append_governance(tx, {.actor = {.id = "remit", .via = "system"},
                                     .action = "credential.replay",
                                     .object = credential.str(),
                                     .detail = {{"deployment", client.str()}, {"times", times}}}));
    return {};
  });
}

void Plane::submit(const DeploymentId& client, store::Store::Work work) {
  store_->submit(std::move(work), [client](const Result<void>& done) {
    if (!done)
      spdlog::error("what was found out about {} is not recorded: {}: {}", client.str(), done.error().code,
                    done.error().message);
  });
}

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): it outlives the handler
http::Task<http::Response> Plane::handle_command(http::Request& request) {
  // The socket's mode lets only this account in; root is let in by the kernel, and anyone else by a mistake.
  if (!request.peer.uid || (*request.peer.uid != ::geteuid() && *request.peer.uid != 0))
    co_return http::problem(
        Error{ErrorKind::kForbidden, "RMT-X021", "this socket is for the server's own account", {}});
  co_return co_await command(request);
}

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): as the header says
http::Task<http::Response> Plane::command(http::Request& request) {
  if (const auto* asked = issuer_of(request, &issuer::Settings::token_endpoint))
    co_return co_await answer_token(request, *asked);
  if (is_for(request, "/metrics")) co_return answer_metrics(request);
  co_return co_await api_->handle(std::move(request), {.id = "operator", .via = "cli"});
}

// Nobody answers token requests any more. Where this fails, the next process refuses what was made before it.
void Plane::end_issuing() {
  std::vector<issuer::Remembered> all;
  const auto now = clock_.now();
  for (const auto& issuer : issuers_)
    if (issuer) all.push_back({issuer->settings.environment, issuer->replays.living(now)});
  if (all.empty() || !store_) return;  // it has not listened
  const auto ended = store_->run([&](store::Transaction& tx) { return issuer::end_issuing(tx, all, now); });
  if (!ended)
    spdlog::warn("spent client assertions are not stored: {}: {}", ended.error().code, ended.error().message);
}

bool Plane::stop() {
  if (std::exchange(stopped_, true)) return true;
  bool finished = true;
  // A stream that an agent listens on ends when one of the two ends it: nothing to wait for.
  if (gateway_) gateway_->end_streams();
  // What outlasts the time is answered too: with what became of it.
  if (server_)
    finished = server_->drain(std::chrono::duration_cast<std::chrono::milliseconds>(config_.drain), [this] {
      if (gateway_) gateway_->close();
    });
  if (gateway_) gateway_->close();
  // The loops go on meanwhile. What has not ended by then is killed with them.
  if (!mcp::StdioTransport::wait_until_ended(kChildrenEnd))
    spdlog::warn("some servers over stdio did not end in time");
  if (command_server_) finished = command_server_->drain(std::chrono::seconds(2)) && finished;
  server_.reset();
  command_server_.reset();
  metrics_server_.reset();
  end_issuing();
  // From here on no loop may be waited for. This also waits for every outcome that was submitted before.
  if (store_) {
    const auto quiet = store_->run([this](store::Transaction&) -> Result<void> {
      gateway_hears_commits_ = false;
      return {};
    });
    if (!quiet)
      spdlog::error("the store did not close cleanly: {}: {}", quiet.error().code, quiet.error().message);
  }
  log_thread_ = {};
  if (publisher_)
    if (const auto last = publish(); !last)
      spdlog::error("the audit log is not published: {}: {}", last.error().code, last.error().message);
  loops_.stop();
  command_loop_.stop();
  gateway_.reset();
  return finished;
}

Plane::~Plane() {
  stop();
  api_.reset();  // it reads from the store on a thread of its own
  // What the store still calls back must be gone after it.
  store_.reset();
}

}  // namespace remit::server
