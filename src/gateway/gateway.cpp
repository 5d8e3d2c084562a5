#include "gateway/gateway.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <boost/url/parse_query.hpp>
#include <latch>
#include <thread>

#include "base/canonical_json.h"
#include "base/utf8.h"
#include "gateway/reply_channel.h"
#include "gateway/shard.h"
#include "http/cross_origin.h"
#include "http/on_loop.h"
#include "mcp/http_rules.h"
#include "mcp/id_finder.h"
#include "mcp/version.h"

namespace remit::gateway {
namespace {

constexpr std::string_view kPrefix = "/mcp/";
constexpr std::chrono::hours kEchoInterval{1};
constexpr std::size_t kCodeLength = 8;  // "RMT-G002"
constexpr std::size_t kMaxShownPath = 256;

// A call that takes longer is answered with a stream, whose header goes at once. The Python SDKs (1.30, 2.3),
// where they authenticate by OAuth, send nothing else until they have seen the header of an answer: no other
// call, and not even that they cancel this one.
constexpr std::chrono::milliseconds kHeaderPatience{100};

std::optional<std::string_view> value_of(const http::Headers& headers, std::string_view name) {
  const auto* value = headers.find(name);
  return value ? std::optional<std::string_view>(*value) : std::nullopt;
}

http::Response json_response(int status, std::string body) {
  http::Response response{.status = status};
  if (!body.empty()) response.headers.set("Content-Type", "application/json");
  response.body = std::move(body);
  return response;
}

http::Response refused(const mcp::HttpRefusal& refusal) {
  auto response = json_response(refusal.status, mcp::make_error(refusal.refusal));
  if (!refusal.header_name.empty())
    response.headers.set(std::string(refusal.header_name), std::string(refusal.header_value));
  return response;
}

http::Response refused(int status, const mcp::Refusal& refusal) {
  return json_response(status, mcp::make_error(refusal));
}

http::Response to_response(Answer answer) {
  auto response = json_response(answer.status, std::move(answer.body));
  if (!answer.session_id.empty()) response.headers.set("Mcp-Session-Id", std::move(answer.session_id));
  return response;
}

// NOLINTBEGIN(cppcoreguidelines-avoid-reference-coroutine-parameters): shards outlive every request
http::Task<std::optional<Answer>> refuse_stream(Shard& shard, Caller caller, Digest session) {
  co_return shard.refuse_stream(caller, session);
}

http::Task<std::optional<std::string>> version_of(Shard& shard, Caller caller, Digest session) {
  co_return shard.version_of(caller, session);
}

http::Task<Answer> notify(Shard& shard, Caller caller, Digest session, mcp::Message notification) {
  co_return shard.notification(caller, session, notification);
}

// One message of a batch, as if it had come alone; progress is not told, for there is no stream of its own.
// `decisions` grows by the call's, if it is one.
http::Task<Answer> carry_out(Shard& shard, Caller caller, Digest session, mcp::Message message,
                             http::Exchange& exchange, std::vector<DecisionId>& decisions) {
  if (message.kind() != mcp::MessageKind::kRequest)
    co_return co_await http::on_loop(shard.loop(),
                                     notify(shard, std::move(caller), session, std::move(message)));
  const bool is_call = message.method() == "tools/call";
  const auto reply = is_call ? ReplyChannel::make_for_batch(exchange) : nullptr;
  auto answer = co_await http::on_loop(
      shard.loop(), shard.request(std::move(caller), session, std::move(message), reply.get()));
  if (reply && reply->decision()) decisions.push_back(*reply->decision());
  co_return answer;
}
// NOLINTEND(cppcoreguidelines-avoid-reference-coroutine-parameters)

http::Response unauthorized(std::string challenge, const Error* why) {
  auto response =
      refused(401, {.error = why ? *why
                                 : Error{ErrorKind::kUnauthorized, "RMT-G002",
                                         "this endpoint needs an access token (Authorization: Bearer …)"}});
  if (why) challenge += ", error=\"invalid_token\", error_description=\"" + std::string(why->code) + "\"";
  response.headers.set("WWW-Authenticate", std::move(challenge));
  return response;
}

http::Response too_many_requests(std::size_t most) {
  auto response =
      refused(429, {.error = {ErrorKind::kUnavailable, "RMT-G051",
                              fmt::format("this agent has {} requests and streams open, which is all "
                                          "that it may have at once",
                                          most)}});
  response.headers.set("Retry-After", "1");
  return response;
}

// A token that came in a wrong way (RFC 6750 §3.1).
http::Response misused_token(std::string challenge, Error why) {
  challenge += ", error=\"invalid_request\", error_description=\"" + std::string(why.code) + "\"";
  auto response = refused(400, {.error = std::move(why)});
  response.headers.set("WWW-Authenticate", std::move(challenge));
  return response;
}

// Keeps the id of a request, as JSON.
class MessageSalvage final : public http::BodySalvage {
 public:
  void read(std::string_view piece) override { finder_.read(piece); }
  std::string kept() override {
    const auto id = finder_.request_id();
    return id ? id->raw() : std::string();
  }

 private:
  mcp::IdFinder finder_;
};

// What was kept of it is its id.
mcp::Refusal too_large(const std::string& raw_id) {
  mcp::Refusal refusal{
      .error = {ErrorKind::kTooLarge, "RMT-M002", "the message is over the limit of this server"}};
  if (const auto value = parse_json(raw_id)) refusal.id = mcp::Id::from_token(raw_id, *value);
  return refusal;
}

// Whether a query has the parameter that RFC 6750 §2.3 would put a token in, however it is spelt. Such a
// token is refused even beside a good one: it is in the logs of every proxy (RFC 9700 §4.3.2).
bool has_token(std::string_view query) {
  if (query.empty()) return false;
  const auto parameters = boost::urls::parse_query(query);
  return parameters ? parameters->contains("access_token") : query.contains("access_token");
}

std::optional<std::string_view> bearer_token(const http::Headers& headers) {
  const auto* header = headers.find("Authorization");
  if (header == nullptr) return std::nullopt;
  const std::string_view value = *header;
  constexpr std::string_view kScheme = "Bearer ";
  if (value.size() <= kScheme.size() || !http::equal_ignoring_case(value.substr(0, kScheme.size()), kScheme))
    return std::nullopt;
  return value.substr(kScheme.size());
}

// Fields that have one value: two readers could read another one each if they came twice, so not even two
// equal ones are taken for one.
constexpr std::string_view kSingleHeaders[] = {"Host",
                                               "Origin",
                                               "Authorization",
                                               "Content-Type",
                                               "Mcp-Session-Id",
                                               "MCP-Protocol-Version",
                                               "Last-Event-ID",
                                               "Mcp-Method",
                                               "Mcp-Name",
                                               "DPoP",
                                               "Access-Control-Request-Method"};
// Fields that are lists, and mean the same on several lines (RFC 9110 §5.3).
constexpr std::string_view kListHeaders[] = {"Accept", "Content-Encoding", "Access-Control-Request-Headers"};

constexpr http::CrossOrigin kPages = {
    .methods = "POST, GET, DELETE",
    .request_headers =
        "Authorization, Content-Type, Accept, Mcp-Session-Id, MCP-Protocol-Version, Last-Event-ID, "
        "Mcp-Method, Mcp-Name, DPoP",
    .exposed = "Mcp-Session-Id, WWW-Authenticate, Retry-After"};

std::optional<Environment> environment_of(std::string_view path) {
  path.remove_prefix(kPrefix.size());
  if (path.ends_with('/')) path.remove_suffix(1);
  return parse_environment(path);
}

}  // namespace

Gateway::Gateway(GatewayParts parts, GatewayOptions options)
    : parts_(std::move(parts)),
      options_(std::move(options)),
      sessions_({.per_deployment = options_.max_sessions_per_deployment, .in_all = options_.max_sessions}),
      children_({.per_deployment = options_.max_children_per_deployment, .in_all = options_.max_children}),
      loads_(options_.caller, options_.bodies),
      beside_(std::max(1U, std::thread::hardware_concurrency() / 2)) {
  for (std::size_t i = 0; i < parts_.loops.size(); ++i)
    shards_.push_back(std::make_unique<Shard>(*this, parts_.loops[i]));
}

Gateway::~Gateway() = default;

Result<void> Gateway::restore() {
  std::vector<SessionRecord> records;
  TRY(parts_.store.read([&](store::Reader& reader) -> Result<void> {
    ASSIGN_OR_RETURN(records, load_sessions(reader));
    return {};
  }));
  // Before the first request: nothing runs on the loops that could see a shard.
  for (auto& record : records) shard_of(record.id_hash).restore(std::move(record));
  for (const auto& shard : shards_) shard->loop().post([&shard] { shard->tend_regularly(); });
  return {};
}

bool Gateway::serves(std::string_view path) { return path.starts_with(kPrefix); }

Shard& Gateway::shard_of(const Digest& session_id_hash) {
  return *shards_[session_id_hash.bytes[0] % shards_.size()];
}

// The shard of the loop that runs us: a session begins where its first connection is.
Shard& Gateway::own_shard() {
  return **std::ranges::find_if(shards_, [](const auto& shard) { return shard->loop().on_own_thread(); });
}

void Gateway::on_every_loop(const std::function<void(Shard&)>& work) {
  std::latch done(static_cast<std::ptrdiff_t>(shards_.size()));
  for (const auto& shard : shards_)
    shard->loop().post([&] {
      work(*shard);
      done.count_down();
    });
  done.wait();
}

CallTotals Gateway::calls() const {
  CallTotals totals;
  for (const auto& shard : shards_) shard->counters().add_to(totals);
  return totals;
}

void Gateway::on_snapshot() {
  on_every_loop([](Shard& shard) { shard.on_snapshot(); });
}

void Gateway::tend(std::chrono::steady_clock::time_point now) {
  on_every_loop([now](Shard& shard) { shard.tend(now); });
}

void Gateway::end_streams() {
  on_every_loop([](Shard& shard) { shard.end_streams(); });
}

void Gateway::close() {
  on_every_loop([](Shard& shard) { shard.close(); });
}

std::expected<http::Admitted, http::Response> Gateway::admit(http::Request& header) {
  auto admitted = look_at(header);
  if (admitted) return admitted;
  if (admitted.error().status >= 400) record_refusal(header, admitted.error());
  share(header, admitted.error().headers);
  return admitted;
}

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): both outlive the answer
http::Task<http::Response> Gateway::answer(http::Request& request, http::Exchange& exchange,
                                           mcp::HttpMethod method, Caller caller) {
  if (request.headers.contains("Origin")) {
    http::Headers of_stream;
    share(request, of_stream);
    exchange.set_stream_headers(std::move(of_stream));
  }
  auto response = co_await answer_by_method(request, exchange, method, std::move(caller));
  if (response.status >= 400) record_refusal(request, response);
  share(request, response.headers);
  co_return response;
}

// A server that shows what it was given may show it to others too: a finding, and not one a call.
void Gateway::credential_echoed(const DestinationId& destination) {
  ++counters_.credential_echoes;
  const auto now = std::chrono::steady_clock::now();
  {
    const std::lock_guard lock(echoes_mutex_);
    const auto [told, first] = echoes_.try_emplace(destination, now);
    if (!first && now - told->second < kEchoInterval) return;
    told->second = now;
  }
  spdlog::warn("destination {} says its credential back; it was hidden, and should be replaced",
               destination.str());
  if (parts_.on_credential_echo) parts_.on_credential_echo(destination);
}

// Lets a page read an answer, where its origin is permitted.
void Gateway::share(const http::Request& request, http::Headers& headers) const {
  const auto* origin = request.headers.find("Origin");
  const bool permitted = origin != nullptr && request.headers.count("Origin") == 1 &&
                         options_.host_rules.permits_origin(*origin);
  http::share(headers, permitted ? *origin : std::string(), kPages);
}

// Where a client learns which authorization server to ask (RFC 9728 §5.1, RFC 6750 §3).
std::string Gateway::challenge(Environment environment) const {
  return fmt::format("Bearer resource_metadata=\"{}/.well-known/oauth-protected-resource/mcp/{}\"",
                     options_.public_url, to_string(environment));
}

void Gateway::record_refusal(const http::Request& request, const http::Response& response) {
  ++counters_.refused_requests;
  // Every refusal names its code in the body (mcp::make_error).
  const auto at = response.body.find("RMT-");
  const auto code = at == std::string::npos ? std::string("-") : response.body.substr(at, kCodeLength);
  // To come without a token is how a client learns where to get one.
  const auto level = code == "RMT-G002" ? spdlog::level::debug : spdlog::level::info;
  // The code first: it tells the lines of one kind.
  spdlog::log(level, "{}: refused {} {} from {} with {}", code, http::to_string(request.method),
              utf8_head(request.path, kMaxShownPath), request.peer.address, response.status);
}

// One that is too much of a message is answered under its id, where that was read: clients end their session
// at a status (0015). It is counted here, since no status tells of it.
http::Response Gateway::refuse_message(const http::Request& request, const mcp::Refusal& refusal) {
  const bool fails_alone = refusal.error.kind == ErrorKind::kTooLarge && refusal.id;
  auto response = refused(fails_alone ? 200 : mcp::http_status_of(refusal), refusal);
  if (fails_alone) record_refusal(request, response);
  return response;
}

// What is wrong with a request whoever it is from; also the answer to a browser that asks for a page.
std::optional<http::Response> Gateway::refuse_front(http::Request& request,
                                                    std::optional<Environment> environment) const {
  for (const auto name : kListHeaders) request.headers.join(name);
  for (const auto name : kSingleHeaders) {
    if (request.headers.count(name) < 2) continue;
    Error twice{ErrorKind::kInvalid, "RMT-M016", std::string(name) + " came more than once"};
    if (name == "Authorization" && environment)
      return misused_token(challenge(*environment), std::move(twice));
    return refused(400, {.error = std::move(twice)});
  }
  const auto* host = request.headers.find("Host");
  if (host == nullptr || host->empty())
    return refused(400, {.error = {ErrorKind::kInvalid, "RMT-M014", "the Host header is missing"}});
  if (!options_.host_rules.permits_host(*host))
    return refused(403, {.error = {ErrorKind::kForbidden, "RMT-M014",
                                   "this endpoint is not served under the name in Host"}});
  const auto* origin = request.headers.find("Origin");
  if (origin != nullptr && !options_.host_rules.permits_origin(*origin))
    return refused(
        403, {.error = {ErrorKind::kForbidden, "RMT-M014", "requests from this Origin are not accepted"}});
  if (!environment)
    return refused(404, {.error = {ErrorKind::kNotFound, "RMT-G005",
                                   "there is no such endpoint; there are /mcp/sandbox, /mcp/pilot and "
                                   "/mcp/production"}});
  if (http::is_preflight(request)) return http::permit(request, kPages);
  if (!parts_.snapshots.current())
    return refused(503,
                   {.error = {ErrorKind::kUnavailable, "RMT-G007", "no governance state is in force yet"}});
  if (has_token(request.query))
    return misused_token(
        challenge(*environment),
        {ErrorKind::kInvalid, "RMT-G008", "an access token came in the query; it belongs in a header"});
  return std::nullopt;
}

std::expected<http::Admitted, http::Response> Gateway::look_at(http::Request& request) {
  const auto header = [&](std::string_view name) { return value_of(request.headers, name); };
  const auto environment = environment_of(request.path);
  if (auto no = refuse_front(request, environment)) return std::unexpected(std::move(*no));
  const auto method = mcp::check_method(http::to_string(request.method));
  if (!method) return std::unexpected(refused(method.error()));
  const auto token = bearer_token(request.headers);
  if (!token) return std::unexpected(unauthorized(challenge(*environment), nullptr));
  const auto identity = own_shard().authenticate(*environment, *token);
  if (!identity) return std::unexpected(unauthorized(challenge(*environment), &identity.error()));
  Caller caller{
      .environment = *environment, .identity = *identity, .load = own_shard().load_of(identity->deployment)};

  if (const auto ok = mcp::check_accept(*method, header("Accept")); !ok)
    return std::unexpected(refused(ok.error()));
  const bool is_post = *method == mcp::HttpMethod::kPost;
  if (is_post) {
    if (const auto ok = mcp::check_content_encoding(header("Content-Encoding")); !ok)
      return std::unexpected(refused(ok.error()));
    if (const auto ok = mcp::check_content_type(header("Content-Type")); !ok)
      return std::unexpected(refused(ok.error()));
  }

  auto slot = Slot::take(caller.load, &CallerLoad::requests);
  if (!slot) return std::unexpected(too_many_requests(caller.load->requests.most()));
  auto bodies = caller.load->bodies;
  return http::Admitted{
      .answer = [this, method = *method, caller = std::move(caller), slot = std::move(*slot)](
                    http::Request& whole,
                    http::Exchange& exchange) { return answer(whole, exchange, method, caller); },
      .max_body_bytes = is_post ? options_.max_message_bytes : 0,
      .salvage = is_post ? std::make_unique<MessageSalvage>() : nullptr,
      .proven = true,
      .bodies = std::move(bodies)};
}

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): both outlive the answer
http::Task<http::Response> Gateway::answer_by_method(http::Request& request, http::Exchange& exchange,
                                                     mcp::HttpMethod method, Caller caller) {
  if (method == mcp::HttpMethod::kPost) co_return co_await post(request, exchange, std::move(caller));

  const auto session = mcp::check_session_id(value_of(request.headers, "Mcp-Session-Id"));
  if (!session) co_return refused(session.error());
  const Digest key = sha256(*session);
  Shard& shard = shard_of(key);
  if (method == mcp::HttpMethod::kDelete)
    co_return to_response(co_await http::on_loop(shard.loop(), shard.end(caller, key)));

  if (auto no = co_await http::on_loop(shard.loop(), refuse_stream(shard, caller, key)))
    co_return to_response(std::move(*no));
  auto stream = exchange.start_events();
  shard.loop().post([&shard, caller, key, stream = std::move(stream)] { shard.attach(caller, key, stream); });
  co_return http::Response{};
}

std::optional<mcp::Refusal> Gateway::refuse_size(std::string_view text) const {
  auto over = mcp::over_size(text, options_.message_size);
  if (!over) return std::nullopt;
  mcp::IdFinder finder;
  finder.read(text);
  return mcp::Refusal{.error = {ErrorKind::kTooLarge, "RMT-M002", std::move(*over)},
                      .rpc_code = mcp::kInvalidRequest,
                      .id = finder.request_id()};
}

// A large text is read beside the loop, so that the others on it do not wait.
template <class Reading>
http::Task<std::expected<Reading, mcp::Refusal>> Gateway::read(
    std::string text, std::expected<Reading, mcp::Refusal> (Gateway::*how)(std::string) const) {
  const auto whole = [this, how](std::string bytes) -> std::expected<Reading, mcp::Refusal> {
    if (auto refusal = refuse_size(bytes)) return std::unexpected(std::move(*refusal));
    return (this->*how)(std::move(bytes));
  };
  if (text.size() <= options_.parse_beside_bytes) co_return whole(std::move(text));
  co_return co_await beside_.run(
      [whole, text = std::move(text)]() mutable { return whole(std::move(text)); });
}

std::expected<mcp::Message, mcp::Refusal> Gateway::parse_message(std::string text) const {
  return mcp::parse_message(std::move(text), {.max_bytes = options_.max_message_bytes});
}

// NOLINTNEXTLINE(performance-unnecessary-value-param): as parse_message
std::expected<std::vector<mcp::BatchPart>, mcp::Refusal> Gateway::parse_batch(std::string text) const {
  return mcp::parse_batch(text, options_.max_batch_messages, {.max_bytes = options_.max_message_bytes});
}

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): both outlive the answer
http::Task<http::Response> Gateway::post(http::Request& request, http::Exchange& exchange, Caller caller) {
  const auto header = [&](std::string_view name) { return value_of(request.headers, name); };
  if (request.over_limit) co_return refuse_message(request, too_large(request.body));
  if (mcp::is_batch(request.body)) co_return co_await post_batch(request, exchange, std::move(caller));
  auto message = co_await read(std::move(request.body), &Gateway::parse_message);
  if (!message) co_return refuse_message(request, message.error());
  if (mcp::era_of(*message) == mcp::Era::kStateless) co_return refused(404, mcp::refuse_stateless(*message));

  if (message->kind() == mcp::MessageKind::kRequest && message->method() == "initialize")
    co_return to_response(co_await own_shard().initialize(std::move(caller), std::move(*message)));

  const auto session = mcp::check_session_id(header("Mcp-Session-Id"));
  if (!session) co_return refused(session.error());
  if (const auto version = mcp::check_protocol_version(header("MCP-Protocol-Version")); !version)
    co_return refused(version.error());
  const Digest key = sha256(*session);
  Shard& shard = shard_of(key);

  if (message->kind() != mcp::MessageKind::kRequest)
    co_return to_response(
        co_await http::on_loop(shard.loop(), notify(shard, std::move(caller), key, std::move(*message))));

  if (message->method() != "tools/call")
    co_return to_response(co_await http::on_loop(
        shard.loop(), shard.request(std::move(caller), key, std::move(*message), nullptr)));

  const auto reply = ReplyChannel::make(exchange);
  http::Deadline patience(exchange.loop(), [&] {
    if (!reply->begin_stream()) patience.arm(kHeaderPatience);
  });
  patience.arm(kHeaderPatience);
  auto answer = co_await http::on_loop(
      shard.loop(), shard.request(std::move(caller), key, std::move(*message), reply.get()));
  patience.disarm();
  if (const auto& decision = reply->decision())
    exchange.on_answered([this, id = *decision](bool whole) {
      if (!whole) record_undelivered(id);
    });
  if (reply->finish(answer.body)) co_return http::Response{};
  co_return to_response(std::move(answer));
}

// The outcome of the call is in the log already, since it must not wait for a reader (docs/decisions/0016).
void Gateway::record_undelivered(const DecisionId& id) {
  ++counters_.undelivered;
  parts_.store.submit_behind(
      [this, id](store::Transaction& tx) -> Result<void> {
        TRY(parts_.log.append_undelivered(tx, id));
        return {};
      },
      [id](const Result<void>& done) {
        if (!done)
          spdlog::error("that the answer of {} did not arrive is not recorded: {}: {}", id.str(),
                        done.error().code, done.error().message);
      });
}

// Messages are carried out one after another: what comes later may rely on what came before, and a kill in
// between stops the rest. As a call does, a batch that takes its time is answered with a stream (0005).
// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): both outlive the answer
http::Task<http::Response> Gateway::post_batch(http::Request& request, http::Exchange& exchange,
                                               Caller caller) {
  const auto session = mcp::check_session_id(value_of(request.headers, "Mcp-Session-Id"));
  if (!session) co_return refused(session.error());
  const auto header = mcp::check_protocol_version(value_of(request.headers, "MCP-Protocol-Version"));
  if (!header) co_return refused(header.error());
  const Digest key = sha256(*session);
  Shard& shard = shard_of(key);
  const auto version = co_await http::on_loop(shard.loop(), version_of(shard, caller, key));
  if (!version) co_return refused(mcp::unknown_session());
  if (*version != mcp::kBatchVersion)
    co_return refused(400,
                      {.error = {ErrorKind::kInvalid, "RMT-M003",
                                 fmt::format("batches are of revision {} alone, and this session speaks {}: "
                                             "send one message",
                                             mcp::kBatchVersion, *version)}});
  auto parts = co_await read(std::move(request.body), &Gateway::parse_batch);
  if (!parts) co_return refuse_message(request, parts.error());

  std::shared_ptr<http::EventStream> stream;
  http::Deadline patience(exchange.loop(), [&] { stream = exchange.start_events(); });
  patience.arm(kHeaderPatience);
  std::string answers;
  std::vector<DecisionId> decisions;
  for (auto& part : *parts) {
    if (exchange.client_gone()) break;  // nobody is there to hear of the rest
    std::string answer;
    if (part)
      answer = (co_await carry_out(shard, caller, key, std::move(*part), exchange, decisions)).body;
    else
      answer = mcp::make_error(part.error());
    if (!answer.empty()) answers.append(answers.empty() ? "[" : ",").append(answer);
  }
  patience.disarm();
  exchange.on_answered([this, ids = std::move(decisions)](bool whole) {
    if (whole) return;
    for (const auto& id : ids) record_undelivered(id);
  });
  if (!answers.empty()) answers += ']';
  if (!stream) co_return json_response(answers.empty() ? 202 : 200, std::move(answers));
  if (answers.empty())
    stream->close();
  else
    stream->finish({.data = std::move(answers)});
  co_return http::Response{};
}

}  // namespace remit::gateway
