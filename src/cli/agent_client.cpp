#include "cli/agent_client.h"

#include <fmt/format.h>

#include <boost/json/serialize.hpp>

#include "base/canonical_json.h"
#include "cli/client_assertion.h"
#include "http/block_on.h"
#include "http/sse.h"

namespace remit::cli {
namespace {

namespace json = boost::json;

constexpr std::string_view kProtocol = "2025-11-25";

std::string text_of(const json::object& object, std::string_view member) {
  const auto* value = object.if_contains(member);
  return value != nullptr && value->is_string() ? std::string(value->get_string()) : std::string();
}

// The JSON of an answer: a document, or the last event of a stream (MCP 2025-11-25, Streamable HTTP).
Result<std::string> document_of(const http::Response& response) {
  const auto* type = response.headers.find("Content-Type");
  if (type == nullptr || !type->starts_with("text/event-stream")) return response.body;
  http::SseParser parser(response.body.size() + 1);
  ASSIGN_OR_RETURN(const auto events, parser.feed(response.body));
  std::string last;
  for (const auto& event : events)
    if (!event.data.empty()) last = event.data;
  return last;
}

Result<json::object> object_of(const http::Response& response) {
  ASSIGN_OR_RETURN(const auto document, document_of(response));
  auto body = parse_json(document);
  if (!body || !body->is_object())
    return fail(ErrorKind::kInternal, "RMT-K003",
                fmt::format("HTTP {} without a JSON object", response.status));
  return std::move(body->get_object());
}

// The texts of the content, a line each.
std::string told(const json::object& result) {
  const auto* content = result.if_contains("content");
  std::string text;
  if (content == nullptr || !content->is_array()) return text;
  for (const auto& piece : content->get_array())
    if (piece.is_object() && piece.get_object().contains("text"))
      text += (text.empty() ? "" : "\n") + text_of(piece.get_object(), "text");
  return text;
}

AgentCall read_result(const json::object& result) {
  AgentCall call{.verdict = "allow", .text = told(result)};
  const auto* failed = result.if_contains("isError");
  call.failed = failed != nullptr && *failed == true;
  const auto* meta = result.if_contains("_meta");
  const auto* decision =
      meta != nullptr && meta->is_object() ? meta->get_object().if_contains("remit/decision") : nullptr;
  if (decision == nullptr || !decision->is_object()) return call;
  call.verdict = text_of(decision->get_object(), "decision");
  call.reason = text_of(decision->get_object(), "reason");
  call.decision = text_of(decision->get_object(), "decision_id");
  return call;
}

}  // namespace

AgentClient::AgentClient(std::string public_url, std::string environment, const issuer::KeyFile& key)
    : public_url_(std::move(public_url)), environment_(std::move(environment)), key_(key), client_(loop_) {}

AgentClient::~AgentClient() { loop_.stop(); }  // the client is destroyed after its loop was stopped

Result<void> AgentClient::fetch_token() {
  const std::string issuer = fmt::format("{}/issuer/{}", public_url_, environment_);
  ASSIGN_OR_RETURN(const auto url, http::parse_url(issuer + "/token"));
  const auto post = [&](std::string form) {
    return http::block_on(loop_, client_.call({.method = http::Method::kPost,
                                               .url = url,
                                               .headers = {{"Content-Type", std::string(kFormType)}},
                                               .body = std::move(form)}));
  };
  ASSIGN_OR_RETURN(const auto response, ask_for_token(key_.key, key_.client_id, issuer, post));
  ASSIGN_OR_RETURN(const auto answer, object_of(response));
  token_ = text_of(answer, "access_token");
  if (token_.empty())
    return fail(ErrorKind::kUnauthorized, "RMT-K008",
                fmt::format("{}: {}", text_of(answer, "error"), text_of(answer, "error_description")));
  return {};
}

Result<http::Response> AgentClient::post(std::string_view environment, const json::object& message) {
  ASSIGN_OR_RETURN(auto url, http::parse_url(fmt::format("{}/mcp/{}", public_url_, environment)));
  http::Call call{.method = http::Method::kPost,
                  .url = std::move(url),
                  .headers = {{"Authorization", "Bearer " + token_},
                              {"Accept", "application/json, text/event-stream"},
                              {"Content-Type", "application/json"}},
                  .body = json::serialize(message)};
  if (!session_.empty()) {
    call.headers.set("Mcp-Session-Id", session_);
    call.headers.set("MCP-Protocol-Version", std::string(kProtocol));
  }
  return http::block_on(loop_, client_.call(std::move(call), {.timeout = std::chrono::seconds(90)}));
}

Result<void> AgentClient::connect() {
  TRY(fetch_token());
  ASSIGN_OR_RETURN(const auto opened,
                   post(environment_, {{"jsonrpc", "2.0"},
                                       {"id", next_id_++},
                                       {"method", "initialize"},
                                       {"params",
                                        {{"protocolVersion", kProtocol},
                                         {"capabilities", json::object()},
                                         {"clientInfo", {{"name", "remit"}, {"version", REMIT_VERSION}}}}}}));
  const auto* session = opened.headers.find("Mcp-Session-Id");
  if (opened.status != 200 || session == nullptr)
    return fail(ErrorKind::kUnavailable, "RMT-K003",
                fmt::format("no session: HTTP {}: {}", opened.status, opened.body));
  session_ = *session;
  TRY(post(environment_, {{"jsonrpc", "2.0"}, {"method", "notifications/initialized"}}));
  return {};
}

Result<AgentCall> AgentClient::call(std::string_view tool, const json::object& arguments) {
  const auto began = std::chrono::steady_clock::now();
  ASSIGN_OR_RETURN(const auto response,
                   post(environment_, {{"jsonrpc", "2.0"},
                                       {"id", next_id_++},
                                       {"method", "tools/call"},
                                       {"params", {{"name", tool}, {"arguments", arguments}}}}));
  const auto took = std::chrono::steady_clock::now() - began;
  ASSIGN_OR_RETURN(const auto answer, object_of(response));
  const auto* result = answer.if_contains("result");
  AgentCall call = result != nullptr && result->is_object()
                       ? read_result(result->get_object())
                       : AgentCall{.verdict = "error", .text = response.body};
  call.answer = answer;
  call.time = std::chrono::duration_cast<std::chrono::microseconds>(took);
  return call;
}

Result<std::size_t> AgentClient::count_tools() {
  ASSIGN_OR_RETURN(const auto response,
                   post(environment_, {{"jsonrpc", "2.0"}, {"id", next_id_++}, {"method", "tools/list"}}));
  ASSIGN_OR_RETURN(const auto answer, object_of(response));
  const auto* result = answer.if_contains("result");
  if (result == nullptr)
    return fail(ErrorKind::kInternal, "RMT-K003", fmt::format("no list of tools: {}", response.body));
  return result->at("tools").as_array().size();
}

void AgentClient::end() {
  auto url = http::parse_url(fmt::format("{}/mcp/{}", public_url_, environment_));
  if (!url || session_.empty()) return;
  http::Call call{.method = http::Method::kDelete,
                  .url = std::move(*url),
                  .headers = {{"Authorization", "Bearer " + token_},
                              {"Mcp-Session-Id", std::exchange(session_, {})},
                              {"MCP-Protocol-Version", std::string(kProtocol)}}};
  // One that cannot be told ends all the same, later.
  if (!http::block_on(loop_, client_.call(std::move(call), {.timeout = std::chrono::seconds(5)}))) return;
}

Result<AgentCall> AgentClient::knock(std::string_view environment) {
  const auto began = std::chrono::steady_clock::now();
  ASSIGN_OR_RETURN(
      const auto response,
      post(environment, {{"jsonrpc", "2.0"},
                         {"id", next_id_++},
                         {"method", "tools/call"},
                         {"params", {{"name", "invoices/read_text_file"}, {"arguments", json::object()}}}}));
  const auto took = std::chrono::steady_clock::now() - began;
  AgentCall call{.verdict = response.status == 401 ? "deny" : "error",
                 .text = fmt::format("HTTP {}", response.status),
                 .time = std::chrono::duration_cast<std::chrono::microseconds>(took)};
  // The challenge names the code: error_description="RMT-J…" (RFC 6750 §3).
  if (const auto* challenge = response.headers.find("WWW-Authenticate"))
    if (const auto at = challenge->find("RMT-"); at != std::string::npos)
      call.reason = challenge->substr(at, 8);
  return call;
}

}  // namespace remit::cli
