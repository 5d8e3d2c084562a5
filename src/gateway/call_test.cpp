// The path of a tools/call: what is allowed goes through unchanged and is recorded before and after; what is
// not is told as a result, recorded, and reaches nothing.

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <spdlog/sinks/ostream_sink.h>
#include <spdlog/spdlog.h>

#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <sstream>

#include "base/canonical_json.h"
#include "gateway/testing/eventually.h"
#include "gateway/testing/upstreams.h"
#include "http/raw_client.h"
#include "mcp/message.h"

namespace remit::gateway::testing {
namespace {

namespace json = boost::json;
using ::testing::AllOf;
using ::testing::ContainsRegex;
using ::testing::HasSubstr;
using ::testing::Not;

class Calls : public Upstreams {
 protected:
  explicit Calls(WorldOptions options = {}) : Upstreams(std::move(options)) {}

  void hang_calls() {
    server_.script("tools/call", [this](mcp::Message call, http::Exchange&) -> http::Task<http::Response> {
      co_await server_.hang();
      co_return McpServer::echo(call);
    });
  }

  // Calls in sandbox with this verdict, to any destination.
  std::uint64_t counted(decision::Verdict verdict) {
    std::uint64_t sum = 0;
    for (const auto& [name, series] : world_.gateway().calls().by_destination.at(0))
      sum += series.verdicts.at(static_cast<std::size_t>(verdict));
    return sum;
  }

  // A denial as the design wants it, told and recorded, and nothing sent.
  void expect_denied(const Reply& reply, std::string_view reason, std::string_view verdict = "deny") {
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(reply.is_tool_error()) << reply.body;
    const auto decision = reply.decision();
    ASSERT_EQ(decision.size(), 4U) << reply.body;
    EXPECT_EQ(decision.at("decision").as_string(), verdict);
    EXPECT_EQ(decision.at("reason").as_string(), reason);
    EXPECT_TRUE(is_id("dec", decision.at("decision_id").as_string()));
    EXPECT_TRUE(decision.at("retryable").is_bool());
    EXPECT_THAT(reply.text(), HasSubstr(std::string(reason)));
    EXPECT_NE(find_error(reason), nullptr) << "not in the catalogue";
    const auto entry = world_.last("denial");
    ASSERT_FALSE(entry.empty()) << "not recorded";
    EXPECT_EQ(entry.at("decision"), decision.at("decision_id"));
    EXPECT_EQ(entry.at("reason").as_string(), reason);
    EXPECT_EQ(entry.at("verdict").as_string(), verdict);
    EXPECT_EQ(server_.calls(), 0U);
    EXPECT_TRUE(world_.entries("intent").empty());
  }

  // A call as it goes over the wire, for clients that read as they like.
  std::string raw_call(std::string_view arguments, std::string_view meta = "{}") {
    const std::string body =
        R"({"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"say","arguments":)" +
        std::string(arguments) + R"(,"_meta":)" + std::string(meta) + "}}";
    return "POST /mcp/sandbox HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
           "Accept: application/json, text/event-stream\r\nConnection: close\r\nAuthorization: Bearer " +
           agent_->token + "\r\nMcp-Session-Id: " + agent_->session +
           "\r\nContent-Length: " + std::to_string(body.size()) + "\r\n\r\n" + body;
  }
};

TEST_F(Calls, AnAllowedCallAndItsAnswerAreByteForByteWhatCame) {
  const auto reply = agent_->call("say", R"({ "n" : 1.50,"text":"\u0061" })", R"("a")");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(
      reply.answer_text(),
      R"({"jsonrpc":"2.0","id":"a","result":{ "content":[],"structuredContent":{ "n" : 1.50,"text":"\u0061" } }})");
  ASSERT_EQ(server_.calls(), 1U);
  EXPECT_THAT(
      server_.received("tools/call")[0].body,
      AllOf(HasSubstr(R"("arguments":{ "n" : 1.50,"text":"\u0061" })"), HasSubstr(R"("name":"say")")));
  EXPECT_EQ(counted(decision::Verdict::kAllow), 1U);
}

TEST_F(Calls, AreCountedForTheirDestinationWithTheTimeThatItTook) {
  agent_->call("say");
  agent_->call("say");
  agent_->call("no_such_tool");
  const auto calls = world_.gateway().calls();
  const auto& sandbox = calls.by_destination.at(static_cast<std::size_t>(Environment::kSandbox));
  ASSERT_EQ(sandbox.size(), 2U);  // one destination, and none
  EXPECT_EQ(sandbox.at("").verdicts, (std::array<std::uint64_t, kVerdicts>{0, 1, 0}));
  const auto& [name, series] = *sandbox.rbegin();
  EXPECT_EQ(world_.snapshots().current()->destination(Environment::kSandbox, name)->name, name);
  EXPECT_EQ(series.verdicts, (std::array<std::uint64_t, kVerdicts>{2, 0, 0}));
  EXPECT_EQ(series.upstream.count(), 2U);
  EXPECT_GT(series.upstream.seconds, 0);
  EXPECT_EQ(calls.decisions.at(static_cast<std::size_t>(Environment::kSandbox)).count(), 3U);
  EXPECT_EQ(calls.decisions.at(static_cast<std::size_t>(Environment::kProduction)).count(), 0U);
}

TEST_F(Calls, AreALineEachOfTheLogAtDebugWithoutTheirArguments) {
  std::ostringstream lines;
  const auto before = spdlog::default_logger();
  spdlog::set_default_logger(
      std::make_shared<spdlog::logger>("test", std::make_shared<spdlog::sinks::ostream_sink_mt>(lines)));
  spdlog::set_level(spdlog::level::debug);
  agent_->call("say", R"({"text":"a confidence"})");
  agent_->call(R"(no\n\" verdict=allow)", R"({"text":"a confidence"})");
  spdlog::set_level(spdlog::level::info);
  agent_->call("say");
  spdlog::set_default_logger(before);
  EXPECT_THAT(lines.str(),
              ContainsRegex("call verdict=allow code=RMT-D000 environment=sandbox agent=[a-z-]+ ms=[0-9.]+ "
                            "decision=dec_[0-9a-z]+ tool=\"[a-z]+/say\"\n"));
  EXPECT_THAT(lines.str(), HasSubstr(R"(tool="no\n\" verdict=allow")"));
  EXPECT_THAT(lines.str(), Not(HasSubstr("confidence")));
  EXPECT_EQ(std::ranges::count(lines.str(), '\n'), 2) << lines.str();
}

TEST_F(Calls, TheIntentIsDurableBeforeTheUpstreamHearsOfTheCall) {
  std::vector<json::object> at_arrival;
  server_.script("tools/call", [&](mcp::Message call, http::Exchange&) -> http::Task<http::Response> {
    // Straight from the file, past the writer: what a crash at this moment would leave.
    at_arrival.clear();
    world_.store()
        .read([&](store::Reader& reader) -> Result<void> {
          ASSIGN_OR_RETURN(const auto rows, reader.query("SELECT entry FROM log_entry ORDER BY idx"));
          for (const auto& row : rows) at_arrival.push_back(json::parse(row.text(0)).as_object());
          return {};
        })
        .value();
    co_return McpServer::echo(call);
  });
  EXPECT_FALSE(agent_->call("say", R"({"secret":"hunter2"})").is_tool_error());
  ASSERT_FALSE(at_arrival.empty());
  const auto& intent = at_arrival.back();
  EXPECT_EQ(intent.at("kind"), "intent");
  EXPECT_EQ(intent.at("verdict"), "allow");
  EXPECT_EQ(intent.at("reason"), "RMT-D000");
  EXPECT_EQ(intent.at("deployment"), json::string(bot_.deployment.str()));
  EXPECT_EQ(intent.at("credential"), json::string(bot_.credential.str()));
  EXPECT_EQ(intent.at("destination"), json::string(crm_.str()));
  EXPECT_EQ(intent.at("tool"), json::string(world_.tool_id("crm/say").str()));
  EXPECT_EQ(intent.at("effect"), "read");
  EXPECT_EQ(intent.at("policies").as_array().at(0), "baseline-granted");
  EXPECT_THAT(json::serialize(intent), Not(HasSubstr("hunter2")));

  const auto outcome = world_.last("outcome");
  EXPECT_EQ(outcome.at("decision"), intent.at("decision"));
  EXPECT_EQ(outcome.at("status"), "ok");
  EXPECT_TRUE(outcome.at("result").as_string().starts_with("hmac-sha256:"));
}

TEST_F(Calls, AToolsOwnErrorIsItsAnswer) {
  server_.script("tools/call", [](mcp::Message call, http::Exchange&) -> http::Task<http::Response> {
    co_return McpServer::answer(
        mcp::make_result(*call.id(), R"({"content":[{"type":"text","text":"no such row"}],"isError":true})"));
  });
  const auto reply = agent_->call("say");
  EXPECT_TRUE(reply.is_tool_error());
  EXPECT_EQ(reply.text(), "no such row");
  EXPECT_TRUE(reply.decision().empty());
  EXPECT_EQ(world_.last("outcome").at("status"), "tool_error");
}

TEST_F(Calls, AProtocolErrorOfTheUpstreamKeepsItsBytesUnderTheAgentsId) {
  server_.script("tools/call", [](mcp::Message call, http::Exchange&) -> http::Task<http::Response> {
    co_return McpServer::answer(
        mcp::make_error(call.id(), -32042, "elsewhere", R"({ "url":"https:\/\/x" })"));
  });
  const auto reply = agent_->call("say", "{}", R"("mine")");
  EXPECT_EQ(
      reply.answer_text(),
      R"({"jsonrpc":"2.0","id":"mine","error":{"code":-32042,"message":"elsewhere","data":{ "url":"https:\/\/x" }}})");
  EXPECT_EQ(world_.last("outcome").at("status"), "upstream_error");
}

TEST_F(Calls, AnUngrantedToolAndOneThatDoesNotExistAnswerAlike) {
  const auto ungranted = agent_->call("crm/shout");
  expect_denied(ungranted, "RMT-D020");
  const auto unknown = agent_->call("crm/write");
  expect_denied(unknown, "RMT-D020");
  const auto masked = [](const Reply& reply, std::string_view name) {
    auto text = reply.answer_text();
    for (const auto& part : {std::string(name), std::string(reply.decision().at("decision_id").as_string())})
      for (auto at = text.find(part); at != std::string::npos; at = text.find(part))
        text.replace(at, part.size(), "*");
    return text;
  };
  EXPECT_EQ(masked(ungranted, "crm/shout"), masked(unknown, "crm/write"));
  const auto denial = world_.last("denial");
  EXPECT_THAT(boost::json::serialize(denial), Not(HasSubstr("crm/write")))
      << "the agent's words can be erased";
  EXPECT_TRUE(denial.at("tool_asked").as_string().starts_with("hmac-sha256:"));
}

TEST_F(Calls, ANameOfAnyLengthAndScriptIsTheNameOfNoTool) {
  const std::string names[] = {std::string(10'000, 'x'), std::string(127, 'x') + "\u00e9\u00e9",
                               std::string(126, 'x') + "\U0001f600", "a\\u0000b"};
  for (const auto& name : names) {
    const auto reply = agent_->call(name);
    EXPECT_FALSE(reply.answer().empty()) << "no JSON: " << reply.body;
    expect_denied(reply, "RMT-D020");
  }
}

// The longest name that there is, and one byte more: the cut one must not be taken for the tool.
TEST_F(Calls, ANameThatBeginsWithAToolsNameIsNotItsName) {
  const std::string destination(63, 'd');
  const std::string longest(128, 't');
  McpServer server;
  server.offer({tool(longest)});
  world_.connect(destination, server);
  world_.grant(bot_, destination + "/" + longest);
  EXPECT_FALSE(agent_->call(destination + "/" + longest).is_tool_error());
  const auto reply = agent_->call(destination + "/" + longest + "x");
  EXPECT_EQ(reply.reason(), "RMT-D020");
  EXPECT_EQ(server.calls(), 1U);
}

TEST_F(Calls, AToolIsCalledByTheNameThatIsShownAndByItsQualifiedName) {
  McpServer other;
  other.offer({tool("say")});
  world_.connect("erp", other);
  world_.grant(bot_, "erp/say");
  EXPECT_THAT(agent_->tool_names(), ::testing::ElementsAre("erp__say", "say"));
  for (const auto* name : {"say", "crm/say"}) EXPECT_FALSE(agent_->call(name).is_tool_error()) << name;
  EXPECT_EQ(server_.calls(), 2U);
  for (const auto* name : {"erp__say", "erp/say"}) EXPECT_FALSE(agent_->call(name).is_tool_error()) << name;
  EXPECT_EQ(other.calls(), 2U);
  // To its server it goes by the name that it has there.
  for (const auto& call : other.received("tools/call")) EXPECT_THAT(call.body, HasSubstr(R"("name":"say")"));
}

TEST_F(Calls, AnAmbiguousNameIsToldWhichToUseAndOnlyOfWhatIsGranted) {
  McpServer other;
  other.offer({tool("say")});
  for (const auto* name : {"erp", "hr", "vault"}) world_.connect(name, other);
  world_.grant(bot_, "erp/say");
  world_.grant(bot_, "hr/say");
  world_.revoke(bot_, "crm/say");
  const auto reply = agent_->call("say");
  expect_denied(reply, "RMT-D090");
  EXPECT_THAT(reply.text(), HasSubstr("is ambiguous: use erp__say or hr__say."));
  EXPECT_THAT(reply.text(), Not(HasSubstr("vault")));
  world_.revoke(bot_, "erp/say");
  EXPECT_THAT(agent_->call("say").text(), HasSubstr("No tool is shown to this agent as say: use hr__say."));
  world_.revoke(bot_, "hr/say");
  expect_denied(agent_->call("say"), "RMT-D020");
  EXPECT_EQ(other.calls(), 0U);
}

TEST_F(Calls, AToolThatItsServerOffersInAFormThatNobodyCanUseSaysSo) {
  ASSERT_EQ(agent_->tool_names().size(), 1U);
  server_.offer({R"({"name":"say","inputSchema":{"type":"object"},"annotations":null})", tool("shout")});
  EXPECT_EQ(agent_->call("say").reason(), "RMT-D032");
  ASSERT_TRUE(eventually([&] { return agent_->tool_names().empty(); }));
  const auto reply = agent_->call("say");
  expect_denied(reply, "RMT-D032");
  EXPECT_THAT(reply.text(), HasSubstr("in a form that cannot be used"));
}

TEST_F(Calls, APolicyThatForbidsIsNamed) {
  world_.publish(R"(permit (principal, action, resource);
                    @id("no-secrets") forbid (principal, action, resource)
                    when { context.input has path && context.input.path like "*secret*" };)");
  const auto reply = agent_->call("say", R"({"path":"/secret/plan"})");
  expect_denied(reply, "RMT-D042");
  EXPECT_THAT(reply.text(), HasSubstr("no-secrets"));
  EXPECT_EQ(world_.last("denial").at("policies").as_array().at(0), "no-secrets");
  EXPECT_FALSE(agent_->call("say", R"({"path":"/public"})").is_tool_error());
}

TEST_F(Calls, AHeldCallIsNotMade) {
  world_.publish(R"(@approval("payments") permit (principal, action, resource);)");
  expect_denied(agent_->call("say"), "RMT-D050", "hold");
  EXPECT_EQ(world_.last("denial").at("approval_path"), "payments");
  EXPECT_EQ(counted(decision::Verdict::kHold), 1U);
}

// What cannot be written as it is must still be written: a refusal that leaves no trace would be a way to
// probe.
TEST_F(Calls, ACallWithVeryManyArgumentsIsRecordedToo) {
  std::string arguments = "{";
  for (int i = 0; i < 9'000; ++i)
    arguments += (i == 0 ? "" : ",") + ("\"argument_" + std::to_string(i)) + "\":1";
  arguments += "}";
  expect_denied(agent_->call("crm/shout", arguments), "RMT-D020");
  EXPECT_FALSE(agent_->call("say", arguments).is_tool_error());
  EXPECT_TRUE(world_.last("intent").at("arguments").is_string());
}

TEST_F(Calls, ARequestIdIsUsedOnceAtATime) {
  server_.script("tools/call", [this](mcp::Message call, http::Exchange&) -> http::Task<http::Response> {
    co_await server_.hang();
    co_return McpServer::echo(call);
  });
  auto first = agent_->start_call("say", "{}", "5");
  ASSERT_TRUE(server_.receives("tools/call"));
  const auto second = agent_->call("say", "{}", "5");
  EXPECT_EQ(second.rpc_code(), mcp::kInvalidRequest);
  EXPECT_EQ(second.code(), "RMT-G006");
  server_.let_go();
  EXPECT_FALSE(first.get().is_tool_error());
  EXPECT_EQ(server_.calls(), 1U);
}

TEST_F(Calls, CallsAsTasksAreNotPassedOn) {
  const auto reply = agent_->request("tools/call", R"({"name":"say","arguments":{},"task":{"ttl":60000}})");
  EXPECT_EQ(reply.code(), "RMT-G006");
  EXPECT_EQ(server_.calls(), 0U);
}

TEST_F(Calls, ProgressReachesTheAgentUnderItsOwnToken) {
  server_.script("tools/call", [](mcp::Message call, http::Exchange& exchange) -> http::Task<http::Response> {
    const auto stream = exchange.start_events();
    const auto params = mcp::parse_tool_call(call);
    for (int i = 1; i <= 2; ++i)
      stream->send({.data = mcp::make_notification("notifications/progress",
                                                   R"({ "progressToken":)" + params->progress_token->raw() +
                                                       R"(,"progress":)" + std::to_string(i) + "}")});
    stream->send(
        {.data = mcp::make_notification("notifications/message", R"({"level":"info","data":"psst"})")});
    stream->send({.data = McpServer::echo(call).body});
    stream->close();
    co_return http::Response{};
  });
  const auto reply = agent_->start_call("say", "{}", "1", R"({"progressToken":"walk"})").get();
  EXPECT_TRUE(reply.is_stream());
  const auto messages = reply.messages();
  ASSERT_EQ(messages.size(), 3U) << reply.body;
  EXPECT_THAT(messages[0], AllOf(HasSubstr(R"("progressToken":"walk")"), HasSubstr(R"("progress":1)")));
  EXPECT_THAT(messages[1], HasSubstr(R"("progress":2)"));
  EXPECT_THAT(messages[2], HasSubstr(R"("id":1,"result")"));
  // The upstream sees a token of the gateway's.
  EXPECT_THAT(server_.received("tools/call")[0].body, Not(HasSubstr("walk")));
}

// A stream is begun when there is something to send on it: clients take large documents, and not all of them
// large events.
TEST_F(Calls, AProgressTokenAloneMakesNoStream) {
  const auto reply = agent_->start_call("say", "{}", "1", R"({"progressToken":1})").get();
  EXPECT_FALSE(reply.is_stream()) << reply.body;
  EXPECT_FALSE(reply.is_tool_error());
  EXPECT_EQ(agent_->start_call("crm/shout", "{}", "1", R"({"progressToken":1})").get().reason(), "RMT-D020");
}

// Beyond what a stream holds of events that nobody asked for.
TEST_F(Calls, ALargeAnswerArrivesWholeInEitherForm) {
  const std::string large(3 << 20U, 'Q');
  const auto answer = [&](const mcp::Message& call) {
    return McpServer::answer(
        mcp::make_result(*call.id(), R"({"content":[{"type":"text","text":")" + large + R"("}]})"));
  };
  bool hangs = false;
  server_.script("tools/call", [&](mcp::Message call, http::Exchange&) -> http::Task<http::Response> {
    if (hangs) co_await server_.hang();
    co_return answer(call);
  });
  const auto document = agent_->call("say", "{}", "1");
  EXPECT_FALSE(document.is_stream());
  EXPECT_EQ(document.text(), large);

  hangs = true;
  http::RawClient client(world_.address());
  client.send(raw_call("{}"));
  EXPECT_THAT(client.read_until("\r\n\r\n"), HasSubstr("text/event-stream"));
  server_.let_go();
  const auto stream = client.read_to_end();
  EXPECT_EQ(std::ranges::count(stream, 'Q'), 3 << 20);
  EXPECT_TRUE(stream.ends_with("\n\n\r\n0\r\n\r\n"));
  EXPECT_FALSE(world_.last("outcome").contains("delivered"));
  EXPECT_TRUE(world_.entries("undelivered").empty());
}

// More progress than a slow reader takes is left out; its answer is not.
TEST_F(Calls, AFloodOfProgressDoesNotCostTheAnswer) {
  server_.script("tools/call", [](mcp::Message call, http::Exchange& exchange) -> http::Task<http::Response> {
    const auto stream = exchange.start_events();
    const auto token = mcp::parse_tool_call(call)->progress_token->raw();
    boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor);
    for (int i = 1; i <= 220; ++i) {
      const http::ServerEvent event{
          .data =
              mcp::make_notification("notifications/progress",
                                     R"({"progressToken":)" + token + R"(,"progress":)" + std::to_string(i) +
                                         R"(,"message":")" + std::string(30'000, 'p') + R"("})")};
      while (!stream->offer(event) && stream->open()) {  // as fast as the gateway reads
        pause.expires_after(std::chrono::milliseconds(1));
        co_await pause.async_wait(boost::asio::use_awaitable);
      }
    }
    stream->finish({.data = McpServer::echo(call).body});
    co_return http::Response{};
  });
  http::RawClient slow(world_.address(), 4096);
  slow.send(raw_call(R"({"a":1})", R"({"progressToken":7})"));
  ASSERT_TRUE(eventually([&] { return !world_.entries("outcome").empty(); }));
  EXPECT_THAT(slow.read_to_end(), HasSubstr(R"("structuredContent":{"a":1})"));
}

// MCP 2025-11-25 "Cancellation": no response is sent. Over HTTP, a stream that ends without one.
TEST_F(Calls, ACancelledCallIsCancelledUpstreamAndOwedNoAnswer) {
  hang_calls();
  const struct {
    std::string_view id, meta, cancellation, reason;
  } cases[] = {
      {R"("c1")", "", R"({"requestId":"c1","reason":"the user said \u0022enough\u0022"})",
       R"("reason":"the user said \"enough\"")"},
      {"2", R"({"progressToken":2})", R"({"requestId":2.0})", R"("reason":"cancelled by the agent")"},
      {"3e0", "", R"({"requestId":3,"reason":{"not":"text"}})", R"("reason":"cancelled by the agent")"},
  };
  std::size_t count = 0;
  for (const auto& c : cases) {
    auto call = agent_->start_call("say", "{}", c.id, c.meta);
    ASSERT_TRUE(server_.receives("tools/call", ++count));
    EXPECT_EQ(agent_->notify("notifications/cancelled", c.cancellation).status, 202);
    const auto reply = call.get();
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(reply.is_stream());
    EXPECT_TRUE(reply.messages().empty()) << reply.body;
    const auto outcome = world_.last("outcome");
    EXPECT_EQ(outcome.at("status"), "unknown");
    EXPECT_EQ(outcome.at("reason"), "RMT-U006");
    EXPECT_FALSE(outcome.contains("delivered"));
    ASSERT_TRUE(server_.receives("notifications/cancelled", count));
    EXPECT_THAT(server_.received("notifications/cancelled").back().body, HasSubstr(std::string(c.reason)));
  }
  EXPECT_EQ(world_.gateway().counters().open_calls, 0);
}

TEST_F(Calls, ACancellationsReasonIsBoundedAndInNoLog) {
  hang_calls();
  auto call = agent_->start_call("say", "{}", "1");
  ASSERT_TRUE(server_.receives("tools/call"));
  std::string reason = "hunter2";
  for (int i = 0; i < 100'000; ++i) reason += "\u00e9";
  agent_->notify("notifications/cancelled", R"({"requestId":1,"reason":")" + reason + R"("})");
  call.get();
  ASSERT_TRUE(server_.receives("notifications/cancelled"));
  const auto told = server_.received("notifications/cancelled")[0].body;
  EXPECT_THAT(told, HasSubstr("hunter2"));
  EXPECT_LT(told.size(), 800U);
  EXPECT_TRUE(parse_json(told)) << "cut within a character";
  for (const auto& entry : world_.entries()) EXPECT_THAT(json::serialize(entry), Not(HasSubstr("hunter2")));
  EXPECT_THAT(world_.log_text(), Not(HasSubstr("hunter2")));
}

TEST_F(Calls, AnotherAgentCannotCancelACall) {
  server_.script("tools/call", [this](mcp::Message call, http::Exchange&) -> http::Task<http::Response> {
    co_await server_.hang();
    co_return McpServer::echo(call);
  });
  AgentClient other(world_, bot_);
  other.open();
  auto call = agent_->start_call("say", "{}", "1");
  ASSERT_TRUE(server_.receives("tools/call"));
  other.notify("notifications/cancelled", R"({"requestId":1})");
  server_.let_go();
  EXPECT_FALSE(call.get().is_tool_error());
}

TEST_F(Calls, ACallThatWasCancelledWhileItsDestinationOpensIsNotMade) {
  server_.script("initialize", [this](mcp::Message, http::Exchange&) -> http::Task<http::Response> {
    co_await server_.hang();
    co_return http::Response{.status = 500};
  });
  auto call = agent_->start_call("say", "{}", "1");
  ASSERT_TRUE(server_.receives("initialize"));
  agent_->notify("notifications/cancelled", R"({"requestId":1})");
  server_.let_go();
  EXPECT_TRUE(call.get().messages().empty());
  EXPECT_EQ(server_.calls(), 0U);
  EXPECT_TRUE(world_.entries("outcome").empty() || world_.last("outcome").at("status") == "not_sent");
}

// MCP 2025-11-25: a disconnection is no cancellation. What was begun is finished and recorded.
TEST_F(Calls, ACallGoesOnWhenItsAgentHasGone) {
  server_.script("tools/call", [this](mcp::Message call, http::Exchange&) -> http::Task<http::Response> {
    co_await server_.hang();
    co_return McpServer::echo(call);
  });
  http::Cancellation hang_up;
  auto gone =
      agent_->send(agent_->make_call(http::Method::kPost, R"({"jsonrpc":"2.0","id":1,"method":"tools/call",)"
                                                          R"("params":{"name":"say","arguments":{}}})"),
                   hang_up);
  ASSERT_TRUE(server_.receives("tools/call"));
  hang_up.cancel();
  EXPECT_EQ(gone.get().status, 0);
  server_.let_go();
  ASSERT_TRUE(eventually([&] { return !world_.entries("outcome").empty(); }));
  EXPECT_EQ(world_.last("outcome").at("status"), "ok");
  EXPECT_EQ(world_.last("outcome").at("delivered"), false) << "nobody was there to hear it";
  EXPECT_TRUE(server_.received("notifications/cancelled").empty());
  EXPECT_EQ(world_.gateway().counters().open_calls, 0);
  EXPECT_EQ(world_.gateway().counters().undelivered, 1U);
}

// Who takes the header and part of the answer, and goes: the outcome is in the log by then.
TEST_F(Calls, AnAnswerThatDidNotArriveIsRecordedSo) {
  server_.script("tools/call", [](mcp::Message call, http::Exchange&) -> http::Task<http::Response> {
    co_return McpServer::answer(mcp::make_result(
        *call.id(), R"({"content":[{"type":"text","text":")" + std::string(7 << 20U, 'x') + R"("}]})"));
  });
  {
    http::RawClient leaving(world_.address(), 4096);
    leaving.send(raw_call("{}"));
    EXPECT_THAT(leaving.read_until("\r\n\r\n"), HasSubstr("200 OK"));
    ASSERT_TRUE(eventually([&] { return !world_.entries("outcome").empty(); }));
    EXPECT_EQ(world_.last("outcome").at("status"), "ok");
  }
  ASSERT_TRUE(eventually([&] { return !world_.entries("undelivered").empty(); }));
  EXPECT_EQ(world_.last("undelivered").at("decision"), world_.last("outcome").at("decision"));
  EXPECT_EQ(world_.gateway().counters().undelivered, 1U);
}

// A stop that calls outlast: their agents are told, on whatever they wait.
TEST_F(Calls, AStopAnswersTheCallsThatOutlastIt) {
  hang_calls();
  auto document = agent_->start_call("say", "{}", "1");
  auto stream = agent_->start_call("say", "{}", "2", R"({"progressToken":1})");
  ASSERT_TRUE(server_.receives("tools/call", 2));
  EXPECT_FALSE(world_.shut_down(std::chrono::milliseconds(1)));
  for (auto* call : {&document, &stream}) {
    const auto reply = call->get();
    EXPECT_EQ(reply.reason(), "RMT-U007") << reply.status << reply.body;
    EXPECT_TRUE(reply.is_tool_error());
    EXPECT_THAT(reply.text(), HasSubstr("shutting down; it may or may not have had its effect"));
  }
  for (const auto& outcome : world_.entries("outcome")) {
    EXPECT_EQ(outcome.at("status"), "unknown");
    EXPECT_FALSE(outcome.contains("delivered"));
  }
}

TEST_F(Calls, IdsAreMatchedByValueAndAnsweredAsTheyCame) {
  EXPECT_THAT(agent_->call("say", "{}", "1.0").answer_text(), HasSubstr(R"("id":1.0,)"));
  hang_calls();
  auto open = agent_->start_call("say", "{}", "7");
  ASSERT_TRUE(server_.receives("tools/call", 2));
  EXPECT_EQ(agent_->call("say", "{}", "7.0").code(), "RMT-G006") << "in use";
  agent_->notify("notifications/cancelled", R"({"requestId":70e-1})");
  EXPECT_TRUE(open.get().messages().empty());

  server_.script("tools/call", [](mcp::Message call, http::Exchange& exchange) -> http::Task<http::Response> {
    const auto stream = exchange.start_events();
    stream->send({.data = mcp::make_notification("notifications/progress",
                                                 R"({"progressToken":)" +
                                                     mcp::parse_tool_call(call)->progress_token->raw() +
                                                     R"(.0,"progress":1})")});
    stream->finish({.data = McpServer::echo(call).body});
    co_return http::Response{};
  });
  const auto messages = agent_->start_call("say", "{}", "8", R"({"progressToken":1e1})").get().messages();
  ASSERT_EQ(messages.size(), 2U);
  EXPECT_THAT(messages[0], HasSubstr(R"("progressToken":1e1)"));
}

TEST_F(Calls, TraceContextIsPassedOnAndNothingElseOfMeta) {
  const std::string parent = R"("traceparent":"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01")";
  const auto meta = [&](std::size_t call) {
    const auto body = parse_json(server_.received("tools/call").at(call).body).value();
    const auto* found = body.at("params").as_object().if_contains("_meta");
    return found ? json::serialize(*found) : std::string();
  };
  agent_
      ->start_call("say", "{}", "1",
                   "{" + parent + R"(,"tracestate":"a=1","baggage":"k=v","com.example/x":1})")
      .get();
  EXPECT_EQ(meta(0), "{" + parent + R"(,"tracestate":"a=1","baggage":"k=v"})");
  agent_
      ->start_call("say", "{}", "2", R"({"progressToken":"mine","traceparent":"no such","com.example/x":1})")
      .get();
  EXPECT_THAT(meta(1), AllOf(HasSubstr("progressToken"), Not(HasSubstr("mine")), Not(HasSubstr("trace")),
                             Not(HasSubstr("example"))));
  agent_->start_call("say", "{}", "3", R"({"com.example/x":1})").get();
  EXPECT_EQ(meta(2), "");
}

class FewCalls : public Calls {
 protected:
  FewCalls()
      : Calls([] {
          WorldOptions options;
          options.gateway.max_open_calls_per_session = 2;
          return options;
        }()) {}
};

TEST_F(FewCalls, OneTooManyInASessionIsToldWhichLimitItMet) {
  hang_calls();
  auto first = agent_->start_call("say", "{}", "1");
  auto second = agent_->start_call("say", "{}", "2");
  ASSERT_TRUE(server_.receives("tools/call", 2));
  const auto third = agent_->call("say", "{}", "3");
  EXPECT_EQ(third.code(), "RMT-G070");
  EXPECT_THAT(third.body, AllOf(HasSubstr("2 calls under way"), HasSubstr("limits.calls_per_session")));
  EXPECT_NE(find_error("RMT-G070"), nullptr);
  server_.let_go();
  EXPECT_FALSE(first.get().is_tool_error());
  EXPECT_FALSE(second.get().is_tool_error());
  server_.script("tools/call", {});
  EXPECT_FALSE(agent_->call("say", "{}", "4").is_tool_error());
}

}  // namespace
}  // namespace remit::gateway::testing
