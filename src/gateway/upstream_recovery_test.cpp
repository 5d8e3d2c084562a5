// Destinations that lose a session, a stream or a connection on the way, and what becomes of the calls that
// were out: what was not carried out is made again, what may have been is never repeated.

#include <gmock/gmock.h>

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include "gateway/testing/eventually.h"
#include "gateway/testing/upstreams.h"

namespace remit::gateway::testing {
namespace {

using std::chrono::milliseconds;
using ::testing::HasSubstr;
using ::testing::Not;

http::Task<void> wait_for(http::Exchange& exchange, milliseconds time) {
  boost::asio::steady_timer timer(exchange.loop().context(), time);
  co_await timer.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
}

// A session that the server forgot -------------------------------------------------------------------------

struct Forgetting {
  std::string name;
  int status;
  std::string body;
  std::string type = "application/json";
};

const std::vector<Forgetting> kForgettings = {
    {"NotFound", 404, R"({"jsonrpc":"2.0","id":null,"error":{"code":-32001,"message":"Session not found"}})"},
    {"NotFoundUnderTheId", 404,
     R"({"jsonrpc":"2.0","id":ID,"error":{"code":-32001,"message":"Session not found"}})"},
    {"NotFoundAndNoMore", 404, ""},
    {"BadRequest", 400,
     R"({"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"Bad Request: No valid session ID provided"}})"},
    {"BadRequestInWords", 400, "no such session", "text/plain"},
};

// Refuses the first `times` calls as one that has forgotten its session.
McpServer::Script forgets(const Forgetting& how, int times) {
  return [how, left = std::make_shared<std::atomic<int>>(times)](
             mcp::Message call, http::Exchange&) -> http::Task<http::Response> {
    if ((*left)-- <= 0) co_return McpServer::echo(call);
    auto body = how.body;
    if (const auto at = body.find("ID,"); at != std::string::npos) body.replace(at, 2, call.id()->raw());
    co_return http::Response{.status = how.status, .headers = {{"Content-Type", how.type}}, .body = body};
  };
}

class ForgottenSessions : public Upstreams, public ::testing::WithParamInterface<Forgetting> {};

TEST_P(ForgottenSessions, AreOpenedAnewAndTheCallIsMade) {
  EXPECT_FALSE(agent_->call("say").is_tool_error());
  on_call(forgets(GetParam(), 1));
  const auto reply = agent_->call("say", R"({"path":"x"})");
  EXPECT_FALSE(reply.is_tool_error()) << reply.body;
  EXPECT_EQ(server_.received("initialize").size(), 2U);
  EXPECT_EQ(server_.calls(), 3U);
  world_.settle();
  EXPECT_EQ(world_.entries("intent").size(), 2U);
  EXPECT_EQ(world_.entries("outcome").size(), 2U);
  EXPECT_EQ(world_.last("outcome").at("status"), "ok");
}

INSTANTIATE_TEST_SUITE_P(All, ForgottenSessions, ::testing::ValuesIn(kForgettings),
                         [](const auto& info) { return info.param.name; });

TEST_F(Upstreams, OneThatForgetsEverySessionWasNotCalled) {
  on_call(forgets(kForgettings[0], 1000));
  const auto reply = agent_->call("say");
  EXPECT_EQ(reply.reason(), "RMT-U080");
  EXPECT_THAT(reply.text(), HasSubstr("Session not found"));
  EXPECT_THAT(reply.text(), HasSubstr("the call was not made"));
  EXPECT_EQ(server_.calls(), 2U);
  world_.settle();
  expect_outcome("not_sent", "RMT-U080");
  EXPECT_EQ(world_.entries("outcome").size(), 1U);
}

TEST_F(Upstreams, ASessionThatCannotBeOpenedAnewMeansThatTheCallWasNotMade) {
  EXPECT_FALSE(agent_->call("say").is_tool_error());
  on_call(forgets(kForgettings[0], 1000));
  server_.script("initialize", answers("oops", 503));
  const auto reply = agent_->call("say");
  EXPECT_TRUE(reply.is_tool_error());
  EXPECT_THAT(reply.text(), HasSubstr("503"));
  EXPECT_EQ(server_.calls(), 2U);
  world_.settle();
  EXPECT_EQ(world_.last("outcome").at("status"), "not_sent");
  EXPECT_EQ(world_.entries("intent").size(), 2U);
  EXPECT_EQ(world_.entries("outcome").size(), 2U);
}

TEST_F(Upstreams, AllCallsThatWereOutOnAForgottenSessionAreMadeOnOneNew) {
  EXPECT_FALSE(agent_->call("say").is_tool_error());
  std::atomic<int> waiting = 0;
  on_call([&](mcp::Message call, http::Exchange&) -> http::Task<http::Response> {
    if (server_.received("initialize").size() > 1) co_return McpServer::echo(call);
    ++waiting;
    co_await server_.hang();
    co_return http::Response{.status = 404};
  });
  std::vector<std::future<Reply>> calls;
  for (int i = 0; i < 5; ++i) calls.push_back(agent_->start_call("say", "{}", std::to_string(i)));
  ASSERT_TRUE(eventually([&] { return waiting == 5; }));
  server_.let_go();
  for (auto& call : calls) EXPECT_FALSE(call.get().is_tool_error());
  EXPECT_EQ(server_.received("initialize").size(), 2U);
  EXPECT_EQ(server_.calls(), 11U);
}

// The decision is taken again on what is known by then.
TEST_F(Upstreams, WhatIsForbiddenMeanwhileIsNotMadeAgain) {
  EXPECT_FALSE(agent_->call("say").is_tool_error());
  on_call(forgets(kForgettings[0], 1));
  server_.script("initialize", [this](mcp::Message, http::Exchange&) -> http::Task<http::Response> {
    co_await server_.hang();
    co_return http::Response{.status = 503};
  });
  auto call = agent_->start_call("say");
  ASSERT_TRUE(server_.receives("initialize", 2));
  world_.kill(bot_);
  server_.let_go();
  EXPECT_TRUE(call.get().is_tool_error());
  EXPECT_EQ(server_.calls(), 2U);
  world_.settle();
  EXPECT_EQ(world_.last("outcome").at("status"), "not_sent");
}

TEST_F(Upstreams, ADefinitionThatTheRestartedServerChangedIsNotCalled) {
  EXPECT_FALSE(agent_->call("say").is_tool_error());
  on_call(forgets(kForgettings[0], 1));
  server_.offer({tool("say", "changed by the restart"), tool("shout")});
  EXPECT_EQ(agent_->call("say").reason(), "RMT-D033");
  EXPECT_EQ(server_.calls(), 2U);
  world_.settle();
  EXPECT_EQ(world_.last("outcome").at("status"), "not_sent");
}

// What is said under the request's id is about the request.
TEST_F(Upstreams, ABadRequestUnderTheCallsIdIsItsAnswer) {
  on_call([](mcp::Message call, http::Exchange&) -> http::Task<http::Response> {
    auto response = McpServer::answer(mcp::make_error(call.id(), -32602, "path is missing"));
    response.status = 400;
    co_return response;
  });
  EXPECT_EQ(agent_->call("say").rpc_code(), -32602);
  EXPECT_EQ(server_.received("initialize").size(), 1U);
  EXPECT_EQ(server_.calls(), 1U);
}

// Streams that break off ------------------------------------------------------------------------------------

// Ends a call's stream behind an event with an id; the answer is given to who asks for the rest.
class BrokenStreams : public Upstreams {
 protected:
  void break_off(bool with_data) {
    on_call([this, with_data](mcp::Message call, http::Exchange& exchange) -> http::Task<http::Response> {
      answer_ = McpServer::echo(call).body;
      const auto stream = exchange.start_events();
      stream->send({.data = with_data ? mcp::make_notification("notifications/message") : "",
                    .id = "e-1",
                    .retry = 50});
      stream->close();
      co_return http::Response{};
    });
  }
  // The requests for the rest, by the id of the event that they name.
  std::vector<std::string> resumptions() const {
    std::vector<std::string> ids;
    for (const auto& get : server_.received("GET"))
      if (const auto* id = get.headers.find("Last-Event-ID")) ids.push_back(*id);
    return ids;
  }

  std::string answer_;
};

TEST_F(BrokenStreams, AreResumedBehindTheLastEvent) {
  server_.script_get([this](http::Request& request, http::Exchange& exchange) -> http::Task<http::Response> {
    const auto* last = request.headers.find("Last-Event-ID");
    if (last == nullptr) co_return http::Response{.status = 405};
    const auto stream = exchange.start_events();
    if (*last == "e-1")
      stream->send({.data = "", .id = "e-2", .retry = 50});  // and once more
    else
      stream->send({.data = answer_, .id = "e-3"});
    stream->close();
    co_return http::Response{};
  });
  for (const bool with_data : {false, true}) {
    break_off(with_data);
    const auto reply = agent_->call("say", R"({ "path":"a" })");
    EXPECT_FALSE(reply.is_tool_error()) << reply.body;
    EXPECT_THAT(reply.body, HasSubstr(R"({ "path":"a" })"));
  }
  EXPECT_THAT(resumptions(), ::testing::ElementsAre("e-1", "e-2", "e-1", "e-2"));
  EXPECT_EQ(server_.calls(), 2U);  // never posted again
  EXPECT_EQ(world_.last("outcome").at("status"), "ok");
}

TEST_F(BrokenStreams, AServerThatDoesNotGiveTheRestLeavesTheOutcomeUnknown) {
  server_.script_get([](http::Request&, http::Exchange&) -> http::Task<http::Response> {
    co_return http::Response{.status = 405};
  });
  break_off(true);
  const auto reply = agent_->call("say");
  EXPECT_EQ(reply.reason(), "RMT-U005");
  EXPECT_THAT(reply.text(), HasSubstr("405"));
  expect_outcome("unknown", "RMT-U005");
  EXPECT_EQ(server_.calls(), 1U);
}

TEST_F(BrokenStreams, AServerThatIsBrieflyAwayIsAskedAgain) {
  std::atomic<int> asked = 0;
  server_.script_get([&](http::Request& request, http::Exchange& exchange) -> http::Task<http::Response> {
    if (!request.headers.contains("Last-Event-ID")) co_return http::Response{.status = 405};
    if (asked++ < 2) co_return http::Response{.status = 503};
    const auto stream = exchange.start_events();
    stream->send({.data = answer_});
    stream->close();
    co_return http::Response{};
  });
  break_off(false);
  EXPECT_FALSE(agent_->call("say").is_tool_error());
  EXPECT_EQ(server_.calls(), 1U);
}

// Size ------------------------------------------------------------------------------------------------------

TEST_F(Upstreams, ManySmallEventsDoNotUseUpTheRoomOfTheAnswer) {
  on_call([](mcp::Message call, http::Exchange& exchange) -> http::Task<http::Response> {
    const auto stream = exchange.start_events();
    const auto event =
        mcp::make_notification("notifications/message", R"({"data":")" + std::string(400, 'x') + "\"}");
    for (int i = 0; i < 400; ++i) stream->send({.data = event});  // over twice the limit of one message
    stream->send({.data = McpServer::echo(call).body});
    stream->close();
    co_return http::Response{};
  });
  const auto reply = agent_->call("say");
  EXPECT_FALSE(reply.is_tool_error()) << reply.body;
}

TEST_F(Upstreams, ADestinationCanBeGivenRoomForLargeAnswers) {
  const auto large = world_.add_destination("large", snapshot::HttpTransport{server_.url()}, {},
                                            Environment::kSandbox, {.max_answer_bytes = 1024 * 1024});
  world_.take_tools(large, server_.offered());
  world_.grant(bot_, "large/shout");
  on_call([](mcp::Message call, http::Exchange&) -> http::Task<http::Response> {
    co_return McpServer::answer(mcp::make_result(
        *call.id(), R"({"content":[{"type":"text","text":")" + std::string(200'000, 'x') + R"("}]})"));
  });
  EXPECT_FALSE(agent_->call("shout").is_tool_error());
  const auto reply = agent_->call("say");
  EXPECT_EQ(reply.reason(), "RMT-U082");
  EXPECT_THAT(reply.text(), HasSubstr("65536"));
}

// Time ------------------------------------------------------------------------------------------------------

class Progress : public Upstreams {
 protected:
  static WorldOptions limits() {
    auto options = patient();
    options.gateway.upstream.answer_timeout = milliseconds(1'500);
    options.gateway.upstream.answer_ceiling = milliseconds(4'000);
    return options;
  }
  Progress() : Upstreams(limits()) {}

  // Tells progress every 300 ms, and answers after so many.
  void on_call_progress(int times) {
    on_call([times](mcp::Message call, http::Exchange& exchange) -> http::Task<http::Response> {
      const auto token = mcp::parse_tool_call(call)->progress_token->raw();
      const auto stream = exchange.start_events();
      for (int i = 0; i < times && stream->open(); ++i) {
        stream->send({.data = mcp::make_notification(
                          "notifications/progress",
                          R"({"progressToken":)" + token + R"(,"progress":)" + std::to_string(i) + "}")});
        co_await wait_for(exchange, milliseconds(300));
      }
      stream->send({.data = McpServer::echo(call).body});
      stream->close();
      co_return http::Response{};
    });
  }
};

TEST_F(Progress, GivesACallItsTimeAgain) {
  on_call_progress(8);  // 2.4 s, over the limit of 1.5
  const auto reply = agent_->start_call("say", "{}", "1", R"({"progressToken":"p"})").get();
  EXPECT_FALSE(reply.is_tool_error()) << reply.body;
}

TEST_F(Progress, DoesNotGoBeyondTheCeiling) {
  on_call_progress(100);
  const auto reply = agent_->start_call("say", "{}", "1", R"({"progressToken":"p"})").get();
  EXPECT_EQ(reply.reason(), "RMT-U004");
}

TEST_F(Upstreams, ADestinationCanBeGivenATimeOfItsOwn) {
  const auto hasty =
      world_.add_destination("hasty", snapshot::HttpTransport{server_.url()}, {}, Environment::kSandbox,
                             {.answer_timeout = std::chrono::seconds(1)});
  world_.take_tools(hasty, server_.offered());
  world_.grant(bot_, "hasty/shout");
  on_call(hang());
  EXPECT_EQ(agent_->call("shout").reason(), "RMT-U004");
  server_.let_go();
}

// What is offered -------------------------------------------------------------------------------------------

TEST_F(Upstreams, TheServersOwnStreamIsOpenedAgainAndTheToolsListedAnew) {
  EXPECT_FALSE(agent_->call("say").is_tool_error());
  ASSERT_TRUE(server_.receives("GET"));
  server_.offer({tool("say", "changed while nobody listened"), tool("shout")});
  server_.hang_up();
  ASSERT_TRUE(server_.receives("GET", 2));
  ASSERT_TRUE(server_.receives("tools/list", 2));
  ASSERT_TRUE(eventually([&] { return agent_->tool_names().empty(); }));
  EXPECT_EQ(server_.calls(), 1U);
}

class ShortMemory : public Upstreams {
 protected:
  static WorldOptions limits() {
    auto options = patient();
    options.gateway.upstream.listing_max_age = milliseconds(1);
    return options;
  }
  ShortMemory() : Upstreams(limits()) {}
};

TEST_F(ShortMemory, APinDoesNotDependOnANotice) {
  server_.script("GET", {});
  EXPECT_FALSE(agent_->call("say").is_tool_error());
  server_.offer({tool("say", "changed in silence"), tool("shout")});
  EXPECT_EQ(agent_->call("say").reason(), "RMT-D033");
  EXPECT_EQ(server_.calls(), 1U);
  EXPECT_EQ(server_.received("initialize").size(), 1U);
}

TEST_F(ShortMemory, APinDoesNotDependOnANoticeOverStdio) {
  const auto id = world_.add_destination("local", snapshot::StdioTransport{{REMIT_ECHO_SERVER, "fickle"}});
  world_.take_tools(id, {R"({ "name":"tool_1","inputSchema":{"type":"object"} })"});
  world_.grant(bot_, "local/tool_1");
  EXPECT_FALSE(agent_->call("tool_1").is_tool_error());  // which makes it list another definition
  EXPECT_THAT(agent_->call("tool_1").reason(), ::testing::AnyOf("RMT-D031", "RMT-D033"));
}

TEST_F(ShortMemory, WhatIsTooOldIsNotCalledByWhileItCannotBeListed) {
  EXPECT_FALSE(agent_->call("say").is_tool_error());
  server_.script("tools/list", answers("oops", 500));
  EXPECT_TRUE(agent_->call("say").is_tool_error());
  EXPECT_EQ(server_.calls(), 1U);
}

// Redirects -------------------------------------------------------------------------------------------------

McpServer::Script redirects(int status, std::string location) {
  return [=](mcp::Message, http::Exchange&) -> http::Task<http::Response> {
    co_return http::Response{.status = status, .headers = {{"Location", location}}};
  };
}

TEST_F(Upstreams, ARedirectWithinTheOriginIsFollowedAndRemembered) {
  server_.script("initialize", [](mcp::Message message, http::Exchange&) -> http::Task<http::Response> {
    // The server knows the path only by what it is told; the second time it is the right one.
    static std::atomic<int> times = 0;
    if (times++ % 2 == 0) co_return http::Response{.status = 307, .headers = {{"Location", "/mcp/"}}};
    co_return McpServer::answer(mcp::make_result(
        *message.id(),
        mcp::to_json(mcp::InitializeResult{"2025-11-25", {"scripted", "1"}, R"({"tools":{}})"})));
  });
  EXPECT_FALSE(agent_->call("say").is_tool_error());
  EXPECT_EQ(server_.received("initialize")[0].target, "/mcp");
  EXPECT_EQ(server_.received("initialize")[1].target, "/mcp/");
  EXPECT_EQ(server_.received("tools/call")[0].target, "/mcp/");
  EXPECT_THAT(world_.log_text(), HasSubstr("/mcp/"));
}

TEST_F(Upstreams, ARedirectThatLeadsElsewhereOrOnIsToldAndNotFollowed) {
  McpServer other;
  server_.script("initialize", redirects(308, other.url()));
  const auto reply = agent_->call("say");
  EXPECT_THAT(reply.text(), HasSubstr(other.url()));
  EXPECT_THAT(reply.text(), HasSubstr("add it with that address"));
  EXPECT_TRUE(other.received("initialize").empty());
  server_.script("initialize", redirects(307, "/round/and/round"));
  EXPECT_THAT(agent_->call("say").text(), HasSubstr("/round/and/round"));
  EXPECT_EQ(server_.received("initialize").size(), 3U);
}

// Whose failure it is ---------------------------------------------------------------------------------------

TEST_F(Upstreams, AFailureOfTheDestinationIsNotCalledARefusal) {
  on_call(answers("oops", 500));
  const auto reply = agent_->call("say");
  EXPECT_TRUE(reply.text().starts_with("The destination failed:")) << reply.text();
  EXPECT_EQ(reply.decision().at("decision"), "allow");
}

TEST_F(Upstreams, WhenADestinationLastAnsweredAndFailedIsKnown) {
  const auto contact = [&] {
    const auto calls = world_.gateway().calls();
    const auto& series = calls.by_destination.at(static_cast<std::size_t>(Environment::kSandbox)).at("crm");
    const auto instant = [](std::uint64_t micros) { return from_micros(static_cast<std::int64_t>(micros)); };
    return std::pair(instant(series.answered_at), instant(series.failed_at));
  };
  const Instant never{};
  EXPECT_FALSE(agent_->call("say").is_tool_error());
  const auto first = world_.clock().now();
  EXPECT_EQ(contact(), std::pair(first, never));
  world_.clock().advance(std::chrono::seconds(5));
  on_call(answers("oops", 500));
  EXPECT_TRUE(agent_->call("say").is_tool_error());
  EXPECT_EQ(contact(), std::pair(first, world_.clock().now()));
}

}  // namespace
}  // namespace remit::gateway::testing
