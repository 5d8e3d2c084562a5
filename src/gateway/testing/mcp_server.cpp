#include "gateway/testing/mcp_server.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "mcp/lifecycle.h"
#include "mcp/tools.h"

namespace remit::gateway::testing {

namespace asio = boost::asio;

McpServer::McpServer(const std::string& address)
    : server_(std::make_unique<http::Server>(
          loops_, http::ServerOptions{},
          // NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): both outlive the handler
          [this](http::Request& request, http::Exchange& exchange) { return handle(request, exchange); })) {
  address_ = server_->listen(address).value();
}

McpServer::~McpServer() {
  die();
  loops_.stop();  // before what was posted there loses what it works on
}

void McpServer::die() {
  let_go();
  {
    const std::lock_guard lock(mutex_);
    streams_.clear();
  }
  if (server_) server_->close_all();
  let_go();
  server_.reset();
}

void McpServer::offer(std::vector<std::string> definitions) {
  const std::lock_guard lock(mutex_);
  tools_ = std::move(definitions);
}

void McpServer::script(const std::string& method, Script script) {
  const std::lock_guard lock(mutex_);
  scripts_[method] = std::move(script);
}

void McpServer::script_get(GetScript script) {
  const std::lock_guard lock(mutex_);
  get_script_ = std::move(script);
}

void McpServer::hang_up() {
  const std::lock_guard lock(mutex_);
  for (const auto& stream : std::exchange(streams_, {})) stream->close();
}

std::vector<McpServer::Received> McpServer::received(std::string_view method) const {
  const std::lock_guard lock(mutex_);
  std::vector<Received> found;
  std::ranges::copy_if(received_, std::back_inserter(found),
                       [&](const auto& message) { return message.method == method; });
  return found;
}

bool McpServer::receives(std::string_view method, std::size_t count) {
  std::unique_lock lock(mutex_);
  return changed_.wait_for(lock, std::chrono::seconds(20), [&] {
    return std::ranges::count(received_, method, &Received::method) >= static_cast<std::ptrdiff_t>(count);
  });
}

void McpServer::say(const std::string& message) {
  const std::lock_guard lock(mutex_);
  for (const auto& stream : streams_) stream->send({.data = message});
}

http::Task<void> McpServer::hang() {
  const auto timer =
      std::make_shared<asio::steady_timer>(loops_[0].context(), asio::steady_timer::time_point::max());
  hanging_.push_back(timer);
  co_await timer->async_wait(asio::as_tuple(asio::use_awaitable));
}

void McpServer::let_go() {
  loops_[0].post([this] {
    for (const auto& timer : std::exchange(hanging_, {})) timer->cancel();
  });
}

http::Response McpServer::answer(std::string body) {
  return {.status = 200, .headers = {{"Content-Type", "application/json"}}, .body = std::move(body)};
}

http::Response McpServer::echo(const mcp::Message& call) {
  const auto params = mcp::parse_tool_call(call);
  return answer(mcp::make_result(
      *call.id(), fmt::format(R"({{ "content":[],"structuredContent":{} }})", params->raw_arguments)));
}

http::Response McpServer::respond(const mcp::Message& message) {
  if (message.kind() != mcp::MessageKind::kRequest) return {.status = 202};
  if (message.method() == "initialize") {
    auto response = answer(mcp::make_result(
        *message.id(),
        mcp::to_json(mcp::InitializeResult{"2025-11-25", {"scripted", "1"}, R"({"tools":{}})"})));
    response.headers.set("Mcp-Session-Id", "upstream-session");
    return response;
  }
  if (message.method() == "tools/list") {
    const std::lock_guard lock(mutex_);
    const std::vector<std::string_view> tools(tools_.begin(), tools_.end());
    return answer(mcp::make_result(*message.id(), mcp::tool_list_result(tools)));
  }
  if (message.method() == "tools/call") return echo(message);
  return answer(mcp::make_error(message.id(), mcp::kMethodNotFound, "no such method"));
}

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): both outlive the handler
http::Task<http::Response> McpServer::handle(http::Request& request, http::Exchange& exchange) {
  std::optional<mcp::Message> message;
  std::string method(http::to_string(request.method));
  if (request.method == http::Method::kPost) {
    message = mcp::parse_message(request.body).value();
    method = message->method();
  }
  Script script;
  GetScript get_script;
  {
    const std::lock_guard lock(mutex_);
    received_.push_back({method, request.body, request.headers, request.target});
    if (const auto found = scripts_.find(method); found != scripts_.end()) script = found->second;
    if (method == "GET") get_script = get_script_;
    if (method == "GET" && !script && !get_script) streams_.push_back(exchange.start_events());
  }
  changed_.notify_all();
  if (get_script) co_return co_await get_script(request, exchange);
  if (message && script) co_return co_await script(std::move(*message), exchange);
  if (message) co_return respond(*message);
  co_return http::Response{.status = script ? 405 : 200};
}

std::string tool(std::string_view name, std::string_view description) {
  return fmt::format(
      R"({{ "inputSchema":{{"type":"object","properties":{{"path":{{"type":"string"}}}},"$defs":{{}}}},"description":"{}","name":"{}" }})",
      description, name);
}

}  // namespace remit::gateway::testing
