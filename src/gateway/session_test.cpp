// Sessions: whose they are, how they begin and end, and what they live through.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "gateway/testing/agent.h"
#include "gateway/testing/eventually.h"
#include "mcp/message.h"

namespace remit::gateway::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Not;

class Sessions : public ::testing::Test {
 protected:
  explicit Sessions(WorldOptions options = {}) : world_(std::move(options)) {
    server_.offer({tool("say"), tool("shout")});
    world_.connect("crm", server_);
    bot_ = world_.add_bot("clerk");
    world_.grant(bot_, "crm/say");
    agent_.emplace(world_, bot_);
  }

  void hang_calls() {
    server_.script("tools/call", [this](mcp::Message call, http::Exchange&) -> http::Task<http::Response> {
      co_await server_.hang();
      co_return McpServer::echo(call);
    });
  }

  std::vector<std::string> stored() {
    std::vector<std::string> ids;
    world_.settle();
    world_.store()
        .read([&](store::Reader& reader) -> Result<void> {
          ASSIGN_OR_RETURN(const auto rows, reader.query("SELECT id_hash FROM gateway_session"));
          for (const auto& row : rows) ids.push_back(row.text(0));
          return {};
        })
        .value();
    return ids;
  }

  SystemRandom random_;
  McpServer server_;
  World world_;
  Bot bot_;
  std::optional<AgentClient> agent_;
};

TEST_F(Sessions, InitializeNegotiatesAndTheIdIsKnownToTheAgentAlone) {
  const auto reply = agent_->open("2025-06-18");
  EXPECT_EQ(reply.status, 200);
  EXPECT_EQ(reply.result().at("protocolVersion").as_string(), "2025-06-18");
  EXPECT_EQ(reply.result().at("capabilities").as_object().at("tools").as_object().at("listChanged"), true);
  EXPECT_GE(agent_->session.size(), 43U);  // 256 bits
  EXPECT_THAT(stored(), ElementsAre(sha256(agent_->session).hex()));
}

TEST_F(Sessions, NotificationsAreAnswered202WithoutABody) {
  agent_->open();
  for (const auto* method :
       {"notifications/initialized", "notifications/roots/list_changed", "notifications/x"}) {
    const auto reply = agent_->notify(method);
    EXPECT_EQ(reply.status, 202) << method;
    EXPECT_EQ(reply.body, "") << method;
  }
  EXPECT_EQ(agent_->post(R"({"jsonrpc":"2.0","id":3,"result":{}})").status, 202);
}

TEST_F(Sessions, AnEndedSessionIsGone) {
  agent_->open();
  const auto stream = agent_->listen();
  EXPECT_EQ(agent_->end().status, 200);
  EXPECT_TRUE(stream->ended());
  EXPECT_EQ(agent_->call("say").status, 404);
  EXPECT_EQ(agent_->call("say").code(), "RMT-M013");
  EXPECT_EQ(agent_->notify("notifications/initialized").status, 404);
  EXPECT_EQ(agent_->end().status, 404);
  EXPECT_EQ(agent_->send(agent_->make_call(http::Method::kGet)).get().status, 404);
  EXPECT_TRUE(stored().empty());
  EXPECT_EQ(world_.gateway().counters().sessions, 0);
  EXPECT_EQ(server_.calls(), 0U);
}

TEST_F(Sessions, AnothersSessionIsLikeOneThatNeverWas) {
  agent_->open();
  const auto other = world_.add_bot("thief");
  world_.grant(other, "crm/say");
  AgentClient thief(world_, other);
  thief.session = agent_->session;
  const auto stolen = thief.call("say");
  thief.session = "never-was";
  const auto unknown = thief.call("say");
  EXPECT_EQ(stolen.status, 404);
  EXPECT_EQ(stolen.body, unknown.body);
  thief.session = agent_->session;
  EXPECT_EQ(thief.end().status, 404);
  EXPECT_EQ(thief.send(thief.make_call(http::Method::kGet)).get().status, 404);
  EXPECT_EQ(server_.calls(), 0U);
  EXPECT_FALSE(agent_->call("say").is_tool_error());  // it lives
}

// Where the loop that would know is busy, the answer takes its time, and is a status all the same.
TEST_F(Sessions, AnUnknownSessionIs404HoweverLongItTakesToKnow) {
  agent_->session = "never-was";
  auto& busy = world_.loops()[sha256(agent_->session).bytes[0] % world_.loops().size()];
  busy.post([] { std::this_thread::sleep_for(std::chrono::milliseconds(400)); });
  std::vector<std::future<Reply>> answers;  // on connections of either loop
  for (int i = 0; i < 4; ++i) answers.push_back(agent_->start_call("say", "{}", std::to_string(i)));
  for (auto& answer : answers) EXPECT_EQ(answer.get().status, 404);
}

TEST_F(Sessions, ASessionIsItsCredentialsNotItsDeployments) {
  agent_->open();
  Bot rotated = bot_;
  const auto key = jose::PrivateKey::generate(jose::Algorithm::kEd25519, random_).public_key();
  world_.command([&](store::Transaction& tx) -> Result<void> {
    ASSIGN_OR_RETURN(rotated.credential,
                     world_.registry().add_credential(tx, world_.actor, bot_.deployment,
                                                      {.public_jwk = boost::json::serialize(key.jwk()),
                                                       .thumbprint = key.thumbprint(),
                                                       .material = key.material_thumbprint()},
                                                      world_.approver));
    return {};
  });
  AgentClient with_new_key(world_, rotated);
  with_new_key.session = agent_->session;
  EXPECT_EQ(with_new_key.call("say").status, 404);
  with_new_key.open();
  EXPECT_FALSE(with_new_key.call("say").is_tool_error());
}

TEST_F(Sessions, LiveThroughARestart) {
  agent_->open();
  EXPECT_FALSE(agent_->call("say").is_tool_error());
  world_.restart();
  EXPECT_EQ(world_.gateway().counters().sessions, 1);
  EXPECT_THAT(agent_->tool_names(), ElementsAre("say"));
  EXPECT_FALSE(agent_->call("say").is_tool_error());
  // And are still their credential's alone.
  AgentClient thief(world_, world_.add_bot("thief"));
  thief.session = agent_->session;
  EXPECT_EQ(thief.call("say").status, 404);
}

TEST_F(Sessions, TheStreamTellsOfChangedTools) {
  agent_->open();
  EXPECT_THAT(agent_->tool_names(), ElementsAre("say"));
  const auto stream = agent_->listen();
  ASSERT_TRUE(eventually([&] { return world_.gateway().counters().streams == 1; }));
  world_.grant(bot_, "crm/shout");
  const auto event = stream->next();
  ASSERT_TRUE(event);
  EXPECT_THAT(*event, HasSubstr("notifications/tools/list_changed"));
  EXPECT_THAT(agent_->tool_names(), ElementsAre("say", "shout"));
  world_.publish(R"(permit (principal, action == Remit::Action::"crm/say", resource);)");
  const auto changed = stream->next();
  ASSERT_TRUE(changed);
  EXPECT_THAT(*changed, HasSubstr("notifications/tools/list_changed"));
  EXPECT_THAT(agent_->tool_names(), ElementsAre("say"));
}

TEST_F(Sessions, TheStreamTellsOfToolsThatTheirServerTookAwayAndBroughtBack) {
  agent_->open();
  world_.grant(bot_, "crm/shout");
  EXPECT_FALSE(agent_->call("say").is_tool_error());  // there is a session with the server
  EXPECT_THAT(agent_->tool_names(), ElementsAre("say", "shout"));
  const auto stream = agent_->listen();
  ASSERT_TRUE(eventually([&] { return world_.gateway().counters().streams == 1; }));
  ASSERT_TRUE(server_.receives("GET"));
  const auto both = server_.offered();

  const auto offers = [&](std::vector<std::string> tools) {
    server_.offer(std::move(tools));
    server_.say(mcp::make_notification("notifications/tools/list_changed"));
    const auto event = stream->next();
    ASSERT_TRUE(event);
    EXPECT_THAT(*event, HasSubstr("notifications/tools/list_changed"));
  };
  offers({both.at(0)});
  EXPECT_THAT(agent_->tool_names(), ElementsAre("say"));
  const auto reply = agent_->call("shout");
  EXPECT_EQ(reply.reason(), "RMT-D032");
  EXPECT_THAT(reply.text(), HasSubstr("is not offered by its server any more"));
  offers(both);
  EXPECT_THAT(agent_->tool_names(), ElementsAre("say", "shout"));
  EXPECT_FALSE(agent_->call("shout").is_tool_error());
}

TEST_F(Sessions, AGrantToAnotherIsNoNews) {
  agent_->open();
  agent_->tool_names();
  const auto stream = agent_->listen(std::chrono::milliseconds(400));
  ASSERT_TRUE(eventually([&] { return world_.gateway().counters().streams == 1; }));
  world_.grant(world_.add_bot("other"), "crm/shout");
  EXPECT_EQ(stream->next(), std::nullopt);
}

// Whichever side ends it.
TEST_F(Sessions, StreamsAreCountedWhileTheyAreOpen) {
  const auto open_streams = [&] { return world_.gateway().counters().streams.load(); };
  agent_->open();
  auto left_by_the_agent = agent_->listen();
  ASSERT_TRUE(eventually([&] { return open_streams() == 1; }));
  const auto ended_by_us = agent_->listen();
  ASSERT_TRUE(eventually([&] { return open_streams() == 2; }));
  left_by_the_agent.reset();
  EXPECT_TRUE(eventually([&] { return open_streams() == 1; }));
  agent_->end();
  EXPECT_TRUE(ended_by_us->ended());
  EXPECT_EQ(open_streams(), 0);
}

// Every client counts from 0, and answers come back in another order than the calls went.
TEST_F(Sessions, TheAnswersOf64ClientsWithTheSameIdsDoNotMix) {
  constexpr int kClients = 64;
  constexpr int kCallsEach = 2;  // together what one deployment may have under way
  std::atomic<int> nth = 0;
  server_.script("tools/call", [&](mcp::Message call, http::Exchange&) -> http::Task<http::Response> {
    if (nth++ % 3 == 0) {
      boost::asio::steady_timer pause(co_await boost::asio::this_coro::executor,
                                      std::chrono::milliseconds(3));
      co_await pause.async_wait(boost::asio::use_awaitable);
    }
    co_return McpServer::echo(call);
  });
  std::vector<std::unique_ptr<AgentClient>> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<AgentClient>(world_, bot_));
    clients.back()->open();
  }
  std::vector<std::pair<std::string, std::future<Reply>>> answers;
  for (int call = 0; call < kCallsEach; ++call)
    for (int client = 0; client < kClients; ++client) {
      const auto mine = std::to_string(client) + "/" + std::to_string(call);
      answers.emplace_back(mine, clients[static_cast<std::size_t>(client)]->start_call(
                                     "say", R"({"mine":")" + mine + R"("})", std::to_string(call)));
    }
  for (auto& [mine, answer] : answers) {
    const auto reply = answer.get();
    const auto result = reply.result();
    ASSERT_TRUE(result.contains("structuredContent")) << reply.body;
    EXPECT_EQ(result.at("structuredContent").as_object().at("mine").as_string(), mine);
  }
  EXPECT_EQ(server_.calls(), static_cast<std::size_t>(kClients * kCallsEach));
  EXPECT_EQ(world_.gateway().counters().open_calls, 0);
}

class FewSessions : public Sessions {
 protected:
  FewSessions()
      : Sessions([] {
          WorldOptions options{.loops = 3};
          options.gateway.max_sessions_per_deployment = 3;
          return options;
        }()) {}
};

TEST_F(FewSessions, TheOneThatWasIdleLongestGoesFirst) {
  std::vector<std::unique_ptr<AgentClient>> clients;
  for (int i = 0; i < 3; ++i) {
    clients.push_back(std::make_unique<AgentClient>(world_, bot_));
    clients.back()->open();
  }
  EXPECT_EQ(clients[0]->list().status, 200);  // so that the second is the one
  agent_->open();
  EXPECT_EQ(clients[1]->list().status, 404);
  EXPECT_EQ(clients[0]->list().status, 200);
  EXPECT_EQ(clients[2]->list().status, 200);
  EXPECT_EQ(agent_->list().status, 200);
  EXPECT_TRUE(eventually([&] { return stored().size() == 3; }));
}

TEST_F(FewSessions, AnotherDeploymentsSessionsAreLeftAlone) {
  AgentClient other(world_, world_.add_bot("other"));
  other.open();
  for (int i = 0; i < 5; ++i) agent_->open();
  EXPECT_EQ(other.list().status, 200);
}

// One limit over all loops, whichever loop a session is on.
TEST_F(FewSessions, WhatHasAnOpenCallOrStreamIsNotEvictedAndTheNewOneIsToldWhy) {
  hang_calls();
  agent_->open();
  auto call = agent_->start_call("say");
  ASSERT_TRUE(server_.receives("tools/call"));
  AgentClient listening(world_, bot_), third(world_, bot_), fourth(world_, bot_);
  listening.open();
  const auto stream = listening.listen(std::chrono::milliseconds(400));
  ASSERT_TRUE(eventually([&] { return world_.gateway().counters().streams == 1; }));
  third.open();
  fourth.open();
  EXPECT_EQ(third.list().status, 404) << "the idle one made room";
  EXPECT_EQ(third.list().code(), "RMT-M013");
  auto fourths_stream = fourth.listen();
  ASSERT_TRUE(eventually([&] { return world_.gateway().counters().streams == 2; }));

  AgentClient late(world_, bot_);
  const auto refused = late.open();
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.code(), "RMT-G071");
  EXPECT_THAT(refused.body, HasSubstr("limits.sessions_per_deployment"));
  EXPECT_NE(find_error("RMT-G071"), nullptr);
  EXPECT_EQ(world_.gateway().counters().refused_sessions, 1U);
  EXPECT_FALSE(stream->ended());
  server_.let_go();
  EXPECT_FALSE(call.get().is_tool_error());
  fourths_stream.reset();
  ASSERT_TRUE(eventually([&] { return late.open().status == 200; }));
  EXPECT_TRUE(eventually([&] { return stored().size() == 3; }));
}

TEST_F(Sessions, ASessionThatNobodyUsesEndsByItselfAndTellsTheStore) {
  agent_->open();
  AgentClient listening(world_, bot_);
  listening.open();
  const auto stream = listening.listen(std::chrono::milliseconds(400));
  ASSERT_TRUE(eventually([&] { return world_.gateway().counters().streams == 1; }));
  const auto now = std::chrono::steady_clock::now();
  world_.gateway().tend(now + std::chrono::hours(23));
  EXPECT_EQ(agent_->list().status, 200);
  world_.gateway().tend(now + std::chrono::hours(25));
  EXPECT_EQ(agent_->list().status, 404);
  EXPECT_EQ(listening.list().status, 200) << "its agent listens";
  EXPECT_THAT(stored(), ElementsAre(sha256(listening.session).hex()));
  EXPECT_EQ(world_.gateway().counters().expired_sessions, 1U);
  EXPECT_EQ(world_.gateway().counters().sessions, 1);
}

TEST_F(Sessions, ARestartMakesAnIdleSessionNoNewOne) {
  agent_->open();
  AgentClient busy(world_, bot_);
  busy.open();
  world_.clock().advance(std::chrono::hours(20));
  busy.token = agent_->token = world_.token_for(bot_);
  EXPECT_EQ(busy.list().status, 200);
  // What was used as the clock says now is noted, the other one only seems so: its last use was 20 hours ago.
  world_.gateway().tend(std::chrono::steady_clock::now());
  world_.settle();
  world_.restart();
  EXPECT_EQ(world_.gateway().counters().sessions, 2);
  const auto now = std::chrono::steady_clock::now();
  world_.gateway().tend(now + std::chrono::hours(5));
  EXPECT_EQ(busy.list().status, 200);
}

// The gateway's own session with a destination goes first, the agent's stays.
TEST_F(Sessions, ADestinationThatNobodyCallsIsLeftAndOpenedAnewWhenItIsNeeded) {
  agent_->open();
  EXPECT_FALSE(agent_->call("say").is_tool_error());
  const auto now = std::chrono::steady_clock::now();
  world_.gateway().tend(now + std::chrono::minutes(9));
  EXPECT_FALSE(agent_->call("say").is_tool_error());
  EXPECT_EQ(server_.received("initialize").size(), 1U);
  world_.gateway().tend(now + std::chrono::minutes(11));
  EXPECT_EQ(world_.gateway().counters().expired_upstreams, 1U);
  EXPECT_FALSE(agent_->call("say").is_tool_error());
  EXPECT_EQ(server_.received("initialize").size(), 2U);

  hang_calls();
  auto open = agent_->start_call("say");
  ASSERT_TRUE(server_.receives("tools/call", 4));
  world_.gateway().tend(now + std::chrono::hours(1));
  server_.let_go();
  EXPECT_FALSE(open.get().is_tool_error()) << "it was in use";
  EXPECT_EQ(world_.gateway().counters().expired_upstreams, 1U);
}

// Its sessions, and what is under way on them, belong to a server that nobody has said anything about any
// more.
TEST_F(Sessions, ADestinationThatIsAnotherServerNowIsLeftAtOnce) {
  McpServer beside, next;
  beside.offer({tool("look")});
  next.offer({tool("say"), tool("shout")});
  world_.connect("wiki", beside);
  world_.grant(bot_, "wiki/look");
  agent_->open();
  EXPECT_FALSE(agent_->call("look").is_tool_error());
  hang_calls();
  auto open = agent_->start_call("say");
  ASSERT_TRUE(server_.receives("tools/call", 1));

  const auto moved = world_.tool_id("crm/say");
  world_.command([&](store::Transaction& tx) -> Result<void> {
    ASSIGN_OR_RETURN(const auto id, catalog::find_destination(tx, Environment::kSandbox, "crm"));
    TRY(world_.catalog().set_destination(
        tx, world_.actor, id, {.transport = snapshot::HttpTransport{next.url()}, .person = world_.approver}));
    return {};
  });
  EXPECT_TRUE(open.get().is_tool_error());
  EXPECT_EQ(world_.last("outcome").at("status").as_string(), "unknown");  // it had left
  server_.let_go();

  // Nothing goes to either until somebody has looked at the tool; then it goes to the one of now.
  EXPECT_EQ(agent_->call("say").reason(), "RMT-D031");
  EXPECT_EQ(next.received("tools/call").size(), 0U);
  world_.command([&](store::Transaction& tx) -> Result<void> {
    ASSIGN_OR_RETURN(const auto change, catalog::Catalog::pin_change(tx, moved));
    return world_.catalog().accept_definition(tx, world_.actor, moved, change.offered_digest,
                                              world_.approver);
  });
  EXPECT_FALSE(agent_->call("say").is_tool_error());
  EXPECT_EQ(next.received("tools/call").size(), 1U);
  EXPECT_EQ(server_.received("tools/call").size(), 1U);
  // What did not move is still on the session that it had.
  EXPECT_FALSE(agent_->call("look").is_tool_error());
  EXPECT_EQ(beside.received("initialize").size(), 1U);
}

// Several streams of one session: a message goes out on one (MCP 2025-11-25, "Multiple Connections").
TEST_F(Sessions, AMessageGoesOutOnTheNewestStreamAlone) {
  agent_->open();
  agent_->tool_names();
  const auto streams = [&] { return world_.gateway().counters().streams.load(); };
  auto oldest = agent_->listen(std::chrono::milliseconds(400));
  ASSERT_TRUE(eventually([&] { return streams() == 1; }));
  auto middle = agent_->listen();
  ASSERT_TRUE(eventually([&] { return streams() == 2; }));
  auto newest = agent_->listen();
  ASSERT_TRUE(eventually([&] { return streams() == 3; }));
  world_.grant(bot_, "crm/shout");
  EXPECT_THAT(newest->next().value_or(""), HasSubstr("tools/list_changed"));
  newest.reset();
  ASSERT_TRUE(eventually([&] { return streams() == 2; }));
  world_.publish(R"(permit (principal, action == Remit::Action::"crm/say", resource);)");
  EXPECT_THAT(middle->next().value_or(""), HasSubstr("tools/list_changed"));
  EXPECT_EQ(oldest->next(), std::nullopt);
}

TEST_F(Sessions, WhatChangedWhileAnAgentDidNotListenItHearsWhenItDoes) {
  agent_->open();
  EXPECT_THAT(agent_->tool_names(), ElementsAre("say"));
  world_.grant(bot_, "crm/shout");
  const auto first = agent_->listen();
  EXPECT_THAT(first->next().value_or(""), HasSubstr("tools/list_changed"));
  const auto second = agent_->listen(std::chrono::milliseconds(400));
  EXPECT_EQ(second->next(), std::nullopt) << "it was told";
}

class Children : public ::testing::Test {
 protected:
  Children()
      : world_([] {
          WorldOptions options;
          options.gateway.max_children_per_deployment = 2;
          options.gateway.max_children = 3;
          return options;
        }()) {
    for (const std::string mode : {"mcp", "deaf"})
      world_.take_tools(world_.add_destination(mode, snapshot::StdioTransport{{REMIT_ECHO_SERVER, mode}}),
                        {R"({ "name":"tool_1","inputSchema":{"type":"object"} })",
                         R"({ "name":"tool_2","inputSchema":{"type":"object"} })"});
    bot_ = new_bot("clerk");
  }

  Bot new_bot(std::string_view name) {
    const auto bot = world_.add_bot(name);
    world_.grant(bot, "mcp/tool_2");
    world_.grant(bot, "deaf/tool_1");
    return bot;
  }

  std::unique_ptr<AgentClient> client(const Bot& bot) {
    auto made = std::make_unique<AgentClient>(world_, bot);
    made->open();
    return made;
  }

  static std::string ask(AgentClient& agent) { return agent.call("mcp/tool_2").reason(); }

  World world_;
  Bot bot_;
};

TEST_F(Children, OneMoreThanADeploymentMayHaveEndsItsIdlest) {
  const auto a = client(bot_), b = client(bot_), c = client(bot_);
  for (auto* agent : {a.get(), b.get(), a.get(), c.get()}) EXPECT_EQ(ask(*agent), "");
  EXPECT_EQ(world_.gateway().children(), 2U);
  ASSERT_TRUE(eventually([&] { return world_.gateway().counters().evicted_children == 1; }));
  // The one that lost it is none the worse: it gets another.
  EXPECT_EQ(ask(*b), "");
  EXPECT_EQ(world_.gateway().children(), 2U);
}

TEST_F(Children, EndWhenTheirTimeIsOver) {
  const auto a = client(bot_), b = client(bot_);
  EXPECT_EQ(ask(*a), "");
  EXPECT_EQ(ask(*b), "");
  world_.gateway().tend(std::chrono::steady_clock::now() + std::chrono::minutes(11));
  EXPECT_EQ(world_.gateway().children(), 0U);
  EXPECT_EQ(ask(*a), "");
  EXPECT_EQ(world_.gateway().children(), 1U);
}

TEST_F(Children, AreNotStartedWhereAllThatThereMayBeAreAtWork) {
  const auto other = new_bot("other");
  const auto a = client(bot_), b = client(bot_), c = client(bot_), d = client(other), e = client(other);
  std::vector<std::future<Reply>> at_work;
  for (auto* agent : {a.get(), b.get(), d.get()}) at_work.push_back(agent->start_call("deaf/tool_1"));
  ASSERT_TRUE(eventually([&] { return world_.gateway().children() == 3; }));

  const auto own_limit = c->call("mcp/tool_2");
  EXPECT_EQ(own_limit.reason(), "RMT-U070");
  EXPECT_THAT(own_limit.text(), HasSubstr("limits.children_per_deployment"));
  const auto limit_in_all = e->call("mcp/tool_2");
  EXPECT_EQ(limit_in_all.reason(), "RMT-U071");
  EXPECT_EQ(limit_in_all.decision().at("retryable"), true);
  for (const auto* code : {"RMT-U070", "RMT-U071"}) EXPECT_NE(find_error(code), nullptr);
  EXPECT_EQ(world_.gateway().counters().refused_children, 2U);
  EXPECT_EQ(world_.last("denial").at("reason"), "RMT-U071");

  for (auto* agent : {a.get(), b.get(), d.get()}) agent->end();
  for (auto& call : at_work) EXPECT_TRUE(call.get().is_tool_error());
  EXPECT_EQ(ask(*c), "");
  EXPECT_EQ(world_.gateway().children(), 1U);
}

}  // namespace
}  // namespace remit::gateway::testing
