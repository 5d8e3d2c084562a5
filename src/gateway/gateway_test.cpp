// The front door: what is refused before anything is decided. Each case is a call that would be allowed but
// for one thing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/canonical_json.h"
#include "gateway/testing/agent.h"
#include "http/raw_client.h"
#include "mcp/message.h"

namespace remit::gateway::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;

constexpr std::string_view kCall =
    R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"say","arguments":{}}})";

class Front : public ::testing::Test {
 protected:
  Front() {
    server_.offer({tool("say")});
    world_.connect("crm", server_);
    bot_ = world_.add_bot("clerk");
    world_.grant(bot_, "crm/say");
    agent_.emplace(world_, bot_);
    agent_->open();
  }

  http::Call allowed_call() { return agent_->make_call(http::Method::kPost, std::string(kCall)); }

  McpServer server_;
  World world_;
  Bot bot_;
  std::optional<AgentClient> agent_;
};

TEST_F(Front, TheCallThatTheCasesBreakIsAllowed) {
  const auto reply = agent_->send(allowed_call()).get();
  EXPECT_EQ(reply.status, 200);
  EXPECT_FALSE(reply.is_tool_error());
  EXPECT_EQ(server_.calls(), 1U);
}

struct Case {
  std::string name;
  std::function<void(http::Call&)> spoil;
  int status;
  std::string code;
  int rpc_code = mcp::kInvalidRequest;
};

std::string nested(int depth) {
  return R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"say","arguments":)" + [&] {
    std::string text;
    for (int i = 0; i < depth; ++i) text += R"({"a":)";
    return text + "1" + std::string(static_cast<std::size_t>(depth), '}');
  }() + "}}";
}

auto header(std::string name, std::string value) {
  return [=](http::Call& call) { call.headers.set(name, value); };
}
auto again(std::string name, std::string value) {
  return [=](http::Call& call) { call.headers.add(name, value); };
}
auto without(std::string name) {
  return [=](http::Call& call) { call.headers.remove(name); };
}
auto body(std::string text) {
  return [=](http::Call& call) { call.body = text; };
}
auto method(http::Method method) {
  return [=](http::Call& call) { call.method = method; };
}
auto target(std::string text) {
  return [=](http::Call& call) { call.url.target = text; };
}

const std::vector<Case> kCases = {
    {"HalfAJsonText", body(R"({"jsonrpc":"2.0","id":7,)"), 400, "RMT-M001", mcp::kParseError},
    {"NoBody", body(""), 400, "RMT-M001", mcp::kParseError},
    {"AMemberTwice", body(R"({"jsonrpc":"2.0","id":7,"id":8,"method":"ping"})"), 400, "RMT-M001",
     mcp::kParseError},
    {"JsonThatIsNoMessage", body(R"({"hello":"world"})"), 400, "RMT-M003"},
    {"ABatch", body("[" + std::string(kCall) + "]"), 400, "RMT-M003"},
    {"ParametersInAnArray", body(R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":[]})"), 400,
     "RMT-M004", mcp::kInvalidParams},
    {"DeepNesting", body(nested(100)), 200, "RMT-M002"},
    {"VeryDeepNesting", body(nested(50'000)), 200, "RMT-M002"},
    {"AHugeBodyThatIsNoRequest", body(std::string(5 * 1024 * 1024, ' ') + "{}"), 413, "RMT-M002"},
    {"AMethodOfHttpThatIsNotServed", method(http::Method::kPut), 405, "RMT-M015"},
    {"Options", method(http::Method::kOptions), 405, "RMT-M015"},
    {"AContentTypeThatIsNotJson", header("Content-Type", "text/plain"), 415, "RMT-M011"},
    {"AnAcceptWithoutEventStream", header("Accept", "application/json"), 406, "RMT-M010"},
    {"AVersionThatIsNotSpoken", header("Mcp-Protocol-Version", "2019-01-01"), 400, "RMT-M012"},
    {"NoToken", without("Authorization"), 401, "RMT-G002"},
    {"AnotherScheme", header("Authorization", "Basic dXNlcjpwYXNz"), 401, "RMT-G002"},
    {"NoTokenBehindTheScheme", header("Authorization", "Bearer "), 401, "RMT-G002"},
    {"ATokenThatIsNone", header("Authorization", "Bearer abc"), 401, "RMT-J010"},
    {"TwoAuthorizationHeaders", again("Authorization", "Bearer abc"), 400, "RMT-M016"},
    {"AnyQueryWithAToken", target("/mcp/sandbox?access_token=abc"), 400, "RMT-G008"},
    {"ATokenInTheQueryInDisguise", target("/mcp/sandbox?x=1&access%5Ftoken=abc"), 400, "RMT-G008"},
    {"AForeignOrigin", header("Origin", "https://evil.example"), 403, "RMT-M014"},
    {"AnOpaqueOrigin", header("Origin", "null"), 403, "RMT-M014"},
    {"TwoOrigins",
     [](http::Call& call) {
       call.headers.add("Origin", "http://localhost");
       call.headers.add("Origin", "http://localhost");
     },
     400, "RMT-M016"},
    {"TwoSessions", again("Mcp-Session-Id", "abc"), 400, "RMT-M016"},
    {"ASessionThatNeverWas", header("Mcp-Session-Id", "abc"), 404, "RMT-M013"},
    {"NoSession", without("Mcp-Session-Id"), 400, "RMT-M013"},
    {"ASessionIdWithSpaces", header("Mcp-Session-Id", "a b"), 400, "RMT-M013"},
    {"AnEncodedBody", header("Content-Encoding", "gzip"), 415, "RMT-M060"},
    {"TwoEncodingsOfWhichOneIsIdentity",
     [](http::Call& call) {
       call.headers.add("Content-Encoding", "identity");
       call.headers.add("Content-Encoding", "br");
     },
     415, "RMT-M060"},
    {"AnAcceptThatExcludesItsSecondLine",
     [](http::Call& call) {
       call.headers.set("Accept", "application/json, text/event-stream;q=0");
       call.headers.add("Accept", "text/html");
     },
     406, "RMT-M010"},
    {"TwoContentTypes", again("Content-Type", "application/json"), 400, "RMT-M016"},
    {"TwoLastEventIds",
     [](http::Call& call) {
       call.headers.add("Last-Event-ID", "1");
       call.headers.add("Last-Event-ID", "2");
     },
     400, "RMT-M016"},
    {"AnEnvironmentThatIsNone", target("/mcp/staging"), 404, "RMT-G005"},
    {"TwoSlashes", target("/mcp/sandbox//"), 404, "RMT-G005"},
    {"AStatelessCall",
     body(R"({"jsonrpc":"2.0","id":7,"method":"tools/call","params":{"name":"say","arguments":{},)"
          R"("_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}}})"),
     404, "RMT-M005", mcp::kMethodNotFound},
};

class BadRequests : public Front, public ::testing::WithParamInterface<Case> {};

TEST_P(BadRequests, AreRefusedClearlyAndReachNothing) {
  const Case& c = GetParam();
  auto call = allowed_call();
  c.spoil(call);
  const std::uint64_t refused = world_.gateway().counters().refused_requests;
  const auto reply = agent_->send(std::move(call)).get();
  EXPECT_EQ(reply.status, c.status);
  EXPECT_EQ(reply.code(), c.code) << reply.body;
  EXPECT_EQ(reply.rpc_code(), c.rpc_code) << reply.body;
  EXPECT_NE(find_error(c.code), nullptr) << "not in the catalogue";
  if (c.status == 405) {
    ASSERT_NE(reply.headers.find("Allow"), nullptr);
    EXPECT_EQ(*reply.headers.find("Allow"), "POST, GET, DELETE");
  }
  if (c.status == 401) {
    ASSERT_NE(reply.headers.find("WWW-Authenticate"), nullptr);
    EXPECT_THAT(
        *reply.headers.find("WWW-Authenticate"),
        HasSubstr("resource_metadata=\"https://remit.example/.well-known/oauth-protected-resource/mcp/"
                  "sandbox\""));
  }
  EXPECT_EQ(server_.calls(), 0U);
  EXPECT_TRUE(world_.entries("intent").empty());
  // What the HTTP server turns away by itself never gets to the gateway.
  EXPECT_EQ(world_.gateway().counters().refused_requests, refused + (c.code.starts_with("RMT-H") ? 0 : 1));
  // The session is none the worse for it.
  EXPECT_FALSE(agent_->call("say").is_tool_error());
}

INSTANTIATE_TEST_SUITE_P(All, BadRequests, ::testing::ValuesIn(kCases),
                         [](const auto& info) { return info.param.name; });

TEST_F(Front, AFieldThatIsAListMayComeOnSeveralLines) {
  auto call = allowed_call();
  call.headers.set("Accept", "application/json");
  call.headers.add("Accept", "text/event-stream");
  call.headers.add("Content-Encoding", "identity");
  EXPECT_EQ(agent_->send(std::move(call)).get().status, 200);
  EXPECT_EQ(server_.calls(), 1U);
}

TEST_F(Front, ASlashAtTheEndOfTheEndpointIsForgiven) {
  auto call = allowed_call();
  call.url.target = "/mcp/sandbox/";
  const auto reply = agent_->send(std::move(call)).get();
  EXPECT_EQ(reply.status, 200);
  EXPECT_FALSE(reply.is_tool_error()) << reply.body;
}

TEST_F(Front, AnEncodedBodyIsToldWhichEncodingIsUnderstood) {
  auto call = allowed_call();
  call.headers.set("Content-Encoding", "gzip");
  const auto reply = agent_->send(std::move(call)).get();
  ASSERT_TRUE(reply.headers.contains("Accept-Encoding"));
  EXPECT_EQ(*reply.headers.find("Accept-Encoding"), "identity");
}

// RFC 6750 §3.1: how a token came is wrong, not the token.
TEST_F(Front, AWrongUseOfTokensIsChallengedAsAnInvalidRequest) {
  const std::vector<std::function<void(http::Call&)>> cases = {target("/mcp/sandbox?access_token=abc"),
                                                               again("Authorization", "Bearer abc")};
  for (const auto& spoil : cases) {
    auto call = allowed_call();
    spoil(call);
    const auto reply = agent_->send(std::move(call)).get();
    EXPECT_EQ(reply.status, 400);
    ASSERT_TRUE(reply.headers.contains("WWW-Authenticate")) << reply.body;
    EXPECT_THAT(*reply.headers.find("WWW-Authenticate"),
                AllOf(HasSubstr("error=\"invalid_request\""),
                      HasSubstr("resource_metadata=\"https://remit.example/.well-known/")));
  }
}

// What a browser sends for a page before it lets it make a call (Fetch Standard, "CORS-preflight fetch").
http::Call preflight(const AgentClient& agent, std::string_view origin) {
  auto call = agent.make_call(http::Method::kOptions);
  for (const auto* name : {"Authorization", "Accept", "Mcp-Session-Id", "Mcp-Protocol-Version"})
    call.headers.remove(name);
  call.headers.set("Origin", std::string(origin));
  call.headers.set("Access-Control-Request-Method", "POST");
  call.headers.set("Access-Control-Request-Headers",
                   "authorization,content-type,mcp-protocol-version,mcp-session-id,x-of-the-inspector");
  return call;
}

std::string header_of(const Reply& reply, std::string_view name) {
  const auto* value = reply.headers.find(name);
  return value != nullptr ? *value : "(none)";
}

TEST_F(Front, APageOfAPermittedOriginMayAskWithoutATokenWhetherItMayCall) {
  const auto reply = agent_->send(preflight(*agent_, "http://localhost:6274")).get();
  EXPECT_EQ(reply.status, 204) << reply.body;
  EXPECT_EQ(header_of(reply, "Access-Control-Allow-Origin"), "http://localhost:6274");
  EXPECT_EQ(header_of(reply, "Vary"), "Origin, Access-Control-Request-Headers");
  EXPECT_EQ(header_of(reply, "Access-Control-Allow-Methods"), "POST, GET, DELETE");
  for (const auto* name :
       {"Authorization", "Content-Type", "Accept", "Mcp-Session-Id", "MCP-Protocol-Version", "Last-Event-ID",
        "Mcp-Method", "Mcp-Name", "DPoP", "x-of-the-inspector"})
    EXPECT_THAT(header_of(reply, "Access-Control-Allow-Headers"), HasSubstr(name));
  EXPECT_NE(header_of(reply, "Access-Control-Max-Age"), "(none)");
  EXPECT_FALSE(reply.headers.contains("Access-Control-Allow-Credentials"));
  EXPECT_TRUE(reply.body.empty());
}

TEST_F(Front, APageOfAnotherOriginIsRefusedAndMayReadNothing) {
  for (const auto* origin : {"https://evil.example", "null", "http://localhost.evil.example"}) {
    const auto reply = agent_->send(preflight(*agent_, origin)).get();
    EXPECT_EQ(reply.status, 403) << origin;
    EXPECT_FALSE(reply.headers.contains("Access-Control-Allow-Origin")) << origin;
    EXPECT_EQ(header_of(reply, "Vary"), "Origin") << origin;
  }
}

TEST_F(Front, APageReadsEveryAnswerErrorsAndStreamsIncluded) {
  const auto with_origin = [&](http::Call call) {
    call.headers.set("Origin", "http://localhost:6274");
    return agent_->send(std::move(call)).get();
  };
  auto without_token = allowed_call();
  without_token.headers.remove("Authorization");
  auto without_session = allowed_call();
  without_session.headers.set("Mcp-Session-Id", "abc");
  auto streamed = agent_->make_call(
      http::Method::kPost,
      R"({"jsonrpc":"2.0","id":8,"method":"tools/call","params":{"name":"say","arguments":{},"_meta":{"progressToken":1}}})");
  struct {
    http::Call call;
    int status;
  } cases[] = {{allowed_call(), 200}, {without_token, 401}, {without_session, 404}, {streamed, 200}};
  for (auto& [call, status] : cases) {
    const auto reply = with_origin(std::move(call));
    EXPECT_EQ(reply.status, status) << reply.body;
    EXPECT_EQ(header_of(reply, "Access-Control-Allow-Origin"), "http://localhost:6274") << status;
    EXPECT_THAT(header_of(reply, "Access-Control-Expose-Headers"),
                AllOf(HasSubstr("Mcp-Session-Id"), HasSubstr("WWW-Authenticate")))
        << status;
    EXPECT_EQ(header_of(reply, "Vary"), "Origin") << status;
  }
  // A cache must not give a page the answer that another client got.
  EXPECT_EQ(header_of(agent_->send(allowed_call()).get(), "Vary"), "Origin");
}

TEST_F(Front, ABatchOfTheRevisionThatHasThemIsGovernedMessageByMessage) {
  agent_->version = "2025-03-26";
  EXPECT_EQ(agent_->open("2025-03-26").result().at("protocolVersion").as_string(), "2025-03-26");
  const auto call = [](std::string_view id, std::string_view tool) {
    return R"({"jsonrpc":"2.0","id":)" + std::string(id) + R"(,"method":"tools/call","params":{"name":")" +
           std::string(tool) + R"(","arguments":{}}})";
  };
  const auto reply =
      agent_->post("[" + call("1", "say") + "," + call("\"two\"", "launch") +
                   R"(,{"jsonrpc":"2.0","method":"notifications/cancelled"},7,)" + call("3", "say") + "]");
  EXPECT_EQ(reply.status, 200) << reply.body;
  const auto value = parse_json(reply.answer_text());
  ASSERT_TRUE(value && value->is_array()) << reply.body;
  const auto& answers = value->get_array();
  ASSERT_EQ(answers.size(), 4U) << reply.body;
  EXPECT_EQ(answers[0].at("id").as_int64(), 1);
  EXPECT_TRUE(answers[0].at("result").as_object().contains("content"));
  EXPECT_EQ(answers[1].at("id").as_string(), "two");
  EXPECT_TRUE(answers[1].at("result").at("isError").as_bool());
  EXPECT_EQ(answers[2].at("error").at("code").as_int64(), mcp::kInvalidRequest);
  EXPECT_EQ(answers[3].at("id").as_int64(), 3);
  // Each with a decision of its own.
  EXPECT_EQ(server_.calls(), 2U);
  EXPECT_EQ(world_.entries("intent").size(), 2U);
  EXPECT_EQ(world_.entries("denial").size(), 1U);

  EXPECT_EQ(agent_->post(R"([{"jsonrpc":"2.0","method":"notifications/initialized"}])").status, 202);
  EXPECT_EQ(agent_->post("[]").code(), "RMT-M003");
  std::string many = "[";
  for (int i = 0; i < 65; ++i) many += (i > 0 ? "," : "") + call(std::to_string(i), "say");
  EXPECT_EQ(agent_->post(many + "]").code(), "RMT-M002");
  EXPECT_EQ(server_.calls(), 2U);
}

TEST_F(Front, ACursorThatWasNeverGivenIsRefused) {
  const auto reply = agent_->request("tools/list", R"({"cursor":"bogus"})");
  EXPECT_EQ(reply.rpc_code(), mcp::kInvalidParams) << reply.body;
  EXPECT_EQ(reply.code(), "RMT-M004");
  EXPECT_EQ(agent_->request("tools/list", R"({"cursor":7})").rpc_code(), mcp::kInvalidParams);
  EXPECT_EQ(agent_->request("tools/list", R"({"cursor":null})").rpc_code(), 0);
}

TEST_F(Front, AForeignHostIsRefusedInWhateverItIsSpelt) {
  for (const std::string_view host : {"evil.example", "127.0.0.1.evil.example", "localhost@evil.example"}) {
    http::RawClient raw(world_.address());
    raw.send("POST /mcp/sandbox HTTP/1.1\r\nHost: " + std::string(host) +
             "\r\nContent-Type: application/json\r\nAccept: */*\r\nAuthorization: Bearer " + agent_->token +
             "\r\nMcp-Session-Id: " + agent_->session +
             "\r\nContent-Length: " + std::to_string(kCall.size()) + "\r\n\r\n" + std::string(kCall));
    const auto answer = raw.read_answer();
    EXPECT_THAT(answer, HasSubstr("HTTP/1.1 403")) << host;
    EXPECT_THAT(answer, HasSubstr("RMT-M014")) << host;
  }
  EXPECT_EQ(server_.calls(), 0U);
}

TEST_F(Front, AnExpiredTokenIsRefusedAndTheChallengeSaysSo) {
  world_.clock().advance(std::chrono::minutes(6));
  const auto reply = agent_->call("say");
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(reply.code(), "RMT-J017");
  EXPECT_THAT(*reply.headers.find("WWW-Authenticate"), HasSubstr("error=\"invalid_token\""));
  EXPECT_EQ(server_.calls(), 0U);
  agent_->token = world_.token_for(bot_);
  EXPECT_FALSE(agent_->call("say").is_tool_error());
}

// The Python SDK ends its session at a status, and most clients read no answer before they have sent all of a
// request.
TEST_F(Front, AMessageOverTheLimitIsAnsweredUnderItsId) {
  const auto padding = std::string(5 * 1024 * 1024, 'x');
  const auto reply =
      agent_->post(R"({"method":"tools/call","params":{"name":"say","arguments":{"id":1,"text":")" + padding +
                   R"("}},"jsonrpc":"2.0","id":"seven"})");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.answer().at("id").as_string(), "seven");
  EXPECT_EQ(reply.rpc_code(), mcp::kInvalidRequest);
  EXPECT_EQ(reply.code(), "RMT-M002");
  EXPECT_TRUE(world_.entries("intent").empty());
  EXPECT_FALSE(agent_->call("say").is_tool_error());
  // Who may not call is told that, and nothing else.
  agent_->token = "abc";
  EXPECT_EQ(agent_->post("{\"id\":1,\"method\":\"ping\",\"x\":\"" + padding + "\"}").status, 401);
}

TEST_F(Front, AMissingTokenIsNoInvalidToken) {
  auto call = allowed_call();
  call.headers.remove("Authorization");
  const auto reply = agent_->send(std::move(call)).get();
  EXPECT_THAT(*reply.headers.find("WWW-Authenticate"), Not(HasSubstr("error=")));
}

// Signed by the issuer of another environment, or for another one's endpoint: either way it is worth nothing.
TEST_F(Front, ATokenOfAnotherEnvironmentIsRefused) {
  agent_->token = world_.token_for(bot_, Environment::kProduction);
  const auto foreign = agent_->call("say");
  EXPECT_EQ(foreign.status, 401);
  EXPECT_NE(find_error(foreign.code()), nullptr) << foreign.body;

  agent_->token = world_.token_for(bot_);
  agent_->path = "/mcp/production";
  const auto elsewhere = agent_->call("say");
  EXPECT_EQ(elsewhere.status, 401);
  EXPECT_NE(find_error(elsewhere.code()), nullptr) << elsewhere.body;
  EXPECT_EQ(server_.calls(), 0U);
}

// A key that signs for production cannot make a sandbox deployment into a production one.
TEST_F(Front, ADeploymentIsRefusedAtAnotherEnvironmentsEndpointWhateverItsToken) {
  McpServer production;
  production.offer({tool("say")});
  world_.connect("crm", production, Environment::kProduction);
  agent_->token = world_.token_for(bot_, Environment::kProduction);
  agent_->path = "/mcp/production";
  agent_->open();
  const auto reply = agent_->call("crm/say");
  EXPECT_TRUE(reply.is_tool_error());
  EXPECT_EQ(reply.reason(), "RMT-D010");
  EXPECT_EQ(world_.last("denial").at("reason"), "RMT-D010");
  EXPECT_EQ(production.calls(), 0U);
}

TEST_F(Front, AProbeOfTheStatelessEraIsRefusedSoThatClientsFallBack) {
  AgentClient newcomer(world_, bot_);
  const auto probe = newcomer.request("server/discover",
                                      R"({"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}})",
                                      R"("server-discover-probe-1")");
  EXPECT_EQ(probe.status, 404);
  EXPECT_EQ(probe.rpc_code(), mcp::kMethodNotFound);
  EXPECT_EQ(probe.answer().at("id").as_string(), "server-discover-probe-1");

  const auto offer = newcomer.open("2026-07-28");
  EXPECT_EQ(offer.status, 200);
  EXPECT_EQ(offer.result().at("protocolVersion").as_string(), "2025-11-25");
  EXPECT_FALSE(newcomer.call("say").is_tool_error());
}

TEST_F(Front, WithoutAGovernanceStateNothingIsServed) {
  world_.snapshots().swap(nullptr);
  const auto reply = agent_->call("say");
  EXPECT_EQ(reply.status, 503);
  EXPECT_EQ(reply.code(), "RMT-G007");
  EXPECT_EQ(server_.calls(), 0U);
}

TEST_F(Front, MethodsThatAreNotGovernedAreRefusedAndCounted) {
  const std::string_view methods[] = {"resources/list",      "resources/read",        "prompts/get",
                                      "completion/complete", "logging/setLevel",      "tasks/get",
                                      "tools/secret",        "sampling/createMessage"};
  std::uint64_t refused = world_.gateway().counters().refused_requests;
  for (const auto name : methods) {
    const auto reply = agent_->request(name, R"({"name":"x","uri":"file:///etc/passwd"})", "5");
    EXPECT_EQ(reply.status, 200) << name;
    EXPECT_EQ(reply.rpc_code(), mcp::kMethodNotFound) << name;
    EXPECT_EQ(reply.code(), "RMT-G001") << name;
    EXPECT_EQ(world_.gateway().counters().refused_requests, ++refused) << name;
    EXPECT_FALSE(server_.receives(name, 0) && !server_.received(name).empty()) << name;
  }
}

TEST_F(Front, PingIsAnsweredByTheGateway) {
  const auto reply = agent_->request("ping", {}, "9");
  EXPECT_EQ(reply.body, R"({"jsonrpc":"2.0","id":9,"result":{}})");
  EXPECT_TRUE(server_.received("ping").empty());
}

}  // namespace
}  // namespace remit::gateway::testing
