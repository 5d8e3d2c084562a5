#include "gateway/testing/agent.h"

#include <fmt/format.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_future.hpp>
#include <boost/json/parse.hpp>

#include "base/canonical_json.h"
#include "http/block_on.h"
#include "mcp/message.h"

namespace remit::gateway::testing {
namespace {

namespace json = boost::json;

std::string string_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

json::object object_at(const json::object& object, std::string_view key) {
  const auto* value = object.if_contains(key);
  return value != nullptr && value->is_object() ? value->get_object() : json::object();
}

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): the world's, which outlives it
http::Task<Reply> exchange(http::Client& client, http::Call call, http::Cancellation hang_up) {
  auto response =
      co_await client.call(std::move(call), {.timeout = std::chrono::seconds(60), .cancellation = hang_up});
  if (!response) co_return Reply{.status = 0, .headers = {}, .body = response.error().message};
  co_return Reply{
      .status = response->status, .headers = std::move(response->headers), .body = std::move(response->body)};
}

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): the world's, which outlives it
http::Task<std::unique_ptr<http::StreamedResponse>> open_stream(http::Client& client, http::Call call,
                                                                http::CallOptions options) {
  auto opened = co_await client.open(std::move(call), std::move(options));
  co_return std::make_unique<http::StreamedResponse>(std::move(opened).value());
}

}  // namespace

bool Reply::is_stream() const {
  const auto* type = headers.find("Content-Type");
  return type != nullptr && type->starts_with("text/event-stream");
}

std::vector<std::string> Reply::messages() const {
  if (!is_stream()) return {body};
  std::vector<std::string> all;
  const auto events = http::SseParser().feed(body).value();
  all.reserve(events.size());
  for (const auto& event : events) all.push_back(event.data);
  return all;
}

std::string Reply::answer_text() const {
  const auto all = messages();
  return all.empty() ? std::string() : all.back();
}

json::object Reply::answer() const {
  const auto value = parse_json(answer_text());
  return value && value->is_object() ? value->get_object() : json::object();
}

json::object Reply::result() const { return object_at(answer(), "result"); }

json::object Reply::decision() const { return object_at(object_at(result(), "_meta"), "remit/decision"); }

std::string Reply::reason() const { return string_at(decision(), "reason"); }

std::string Reply::text() const {
  const auto result = this->result();
  const auto* content = result.if_contains("content");
  if (content == nullptr || !content->is_array() || content->get_array().empty()) return {};
  return string_at(content->get_array().front().as_object(), "text");
}

bool Reply::is_tool_error() const {
  const auto result = this->result();
  const auto* value = result.if_contains("isError");
  return value != nullptr && value->is_bool() && value->get_bool();
}

int Reply::rpc_code() const {
  const auto error = object_at(answer(), "error");
  const auto* code = error.if_contains("code");
  return code != nullptr ? static_cast<int>(code->as_int64()) : 0;
}

std::string Reply::code() const {
  const auto whole = answer();
  if (whole.contains("code")) return string_at(whole, "code");
  return string_at(object_at(object_at(whole, "error"), "data"), "code");
}

Listening::Listening(http::Loop& loop, std::unique_ptr<http::StreamedResponse> response)
    : loop_(loop), response_(std::move(response)) {}

Listening::~Listening() {
  // A reader belongs to its loop.
  loop_.post([gone = std::move(response_)]() mutable { gone.reset(); });
}

std::optional<std::string> Listening::next() {
  while (waiting_.empty() && !ended_) {
    auto piece = http::block_on(loop_, response_->body.read());
    if (!piece || piece->empty()) {
      ended_ = piece.has_value();
      return std::nullopt;
    }
    waiting_ = parser_.feed(*piece).value();
  }
  if (waiting_.empty()) return std::nullopt;
  auto data = std::move(waiting_.front().data);
  waiting_.erase(waiting_.begin());
  return data;
}

bool Listening::ended() {
  while (next()) {
  }
  return ended_;
}

AgentClient::AgentClient(World& world, const Bot& bot)
    : token(world.token_for(bot)), path("/mcp/" + std::string(to_string(bot.environment))), world_(world) {}

http::Call AgentClient::make_call(http::Method method, std::string body) const {
  http::Call call{.method = method, .url = http::parse_url("http://" + world_.address()).value()};
  call.url.target = path;
  call.body = std::move(body);
  call.headers.set("Authorization", "Bearer " + token);
  call.headers.set(
      "Accept", method == http::Method::kGet ? "text/event-stream" : "application/json, text/event-stream");
  if (method == http::Method::kPost) call.headers.set("Content-Type", "application/json");
  if (!session.empty()) {
    call.headers.set("Mcp-Session-Id", session);
    call.headers.set("Mcp-Protocol-Version", version);
  }
  return call;
}

std::future<Reply> AgentClient::send(http::Call call, http::Cancellation hang_up) {
  return boost::asio::co_spawn(world_.agent_loop().context(),
                               exchange(world_.agent_client(), std::move(call), std::move(hang_up)),
                               boost::asio::use_future);
}

std::future<Reply> AgentClient::start(std::string body) {
  return send(make_call(http::Method::kPost, std::move(body)));
}

Reply AgentClient::open(std::string_view offered) {
  session.clear();
  auto reply = request(
      "initialize",
      fmt::format(
          R"({{"protocolVersion":"{}","capabilities":{{}},"clientInfo":{{"name":"agent","version":"1"}}}})",
          offered),
      "0");
  if (const auto* id = reply.headers.find("Mcp-Session-Id")) session = *id;
  if (!session.empty()) notify("notifications/initialized");
  return reply;
}

Reply AgentClient::request(std::string_view method, std::string_view raw_params, std::string_view id) {
  const auto params = raw_params.empty() ? std::string() : fmt::format(R"(,"params":{})", raw_params);
  return post(fmt::format(R"({{"jsonrpc":"2.0","id":{},"method":"{}"{}}})", id, method, params));
}

Reply AgentClient::notify(std::string_view method, std::string_view raw_params) {
  return post(mcp::make_notification(method, raw_params));
}

std::future<Reply> AgentClient::start_call(std::string_view tool, std::string_view arguments,
                                           std::string_view id, std::string_view meta) {
  const auto with_meta = meta.empty() ? std::string() : fmt::format(R"(,"_meta":{})", meta);
  return start(fmt::format(
      R"({{"jsonrpc":"2.0","id":{},"method":"tools/call","params":{{"name":"{}","arguments":{}{}}}}})", id,
      tool, arguments, with_meta));
}

Reply AgentClient::call(std::string_view tool, std::string_view arguments, std::string_view id) {
  return start_call(tool, arguments, id).get();
}

std::vector<std::string> AgentClient::tool_names() {
  std::vector<std::string> names;
  const auto result = list().result();
  for (const auto& tool : result.at("tools").as_array()) names.push_back(string_at(tool.as_object(), "name"));
  return names;
}

std::unique_ptr<Listening> AgentClient::listen(std::chrono::milliseconds patience) {
  auto opened = http::block_on(
      world_.agent_loop(),
      open_stream(world_.agent_client(), make_call(http::Method::kGet), {.read_timeout = patience}));
  return std::make_unique<Listening>(world_.agent_loop(), std::move(opened));
}

Reply AgentClient::end() { return send(make_call(http::Method::kDelete)).get(); }

}  // namespace remit::gateway::testing
