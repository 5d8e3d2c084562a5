// What a command of governance does to what is going on: once it is acknowledged, no later call reaches an
// upstream and no stream stays open.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/testing/agent.h"
#include "gateway/testing/eventually.h"

namespace remit::gateway::testing {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

class Kill : public ::testing::Test {
 protected:
  Kill() {
    server_.offer({tool("say")});
    world_.connect("crm", server_);
    bot_ = world_.add_bot("clerk");
    world_.grant(bot_, "crm/say");
    agent_.emplace(world_, bot_);
    agent_->open();
  }

  void hang_calls() {
    server_.script("tools/call", [this](mcp::Message call, http::Exchange&) -> http::Task<http::Response> {
      co_await server_.hang();
      co_return McpServer::echo(call);
    });
  }

  // Makes a call to a destination that is open, and lets `command` be durable before the call's intent is.
  Reply call_overtaken_by(const store::Store::Work& command) {
    EXPECT_FALSE(agent_->call("say").is_tool_error());
    std::promise<void> go_on;
    world_.store().submit(
        [&](store::Transaction& tx) -> Result<void> {
          go_on.get_future().wait();
          return command(tx);
        },
        [](auto&&) {});
    const auto draws = world_.random().draws();
    auto call = agent_->start_call("say", R"({"a":1})");
    const bool decided = eventually([&] { return world_.random().draws() >= draws + 2; });
    go_on.set_value();
    EXPECT_TRUE(decided);
    return call.get();
  }

  void expect_not_sent() {
    EXPECT_EQ(server_.calls(), 1U);  // the one that opened the destination
    EXPECT_EQ(world_.last("outcome").at("status"), "not_sent");
    EXPECT_EQ(world_.last("outcome").at("decision"), world_.last("intent").at("decision"));
  }

  void revoke() {
    world_.command([&](store::Transaction& tx) {
      return world_.registry().revoke_credential(tx, world_.actor, bot_.credential);
    });
  }

  McpServer server_;
  // However many calls are under way, what stops a late one is the kill and no bound.
  static WorldOptions without_bounds() {
    WorldOptions options;
    options.gateway.caller.calls = 1024;
    return options;
  }

  World world_{without_bounds()};
  Bot bot_;
  std::optional<AgentClient> agent_;
};

TEST_F(Kill, NoCallLeavesAfterItReturnsWith64ClientsCalling) {
  constexpr int kClients = 64;
  std::vector<std::unique_ptr<AgentClient>> clients;
  for (int i = 0; i < kClients; ++i) {
    clients.push_back(std::make_unique<AgentClient>(world_, bot_));
    clients.back()->open();
  }
  std::vector<std::future<Reply>> answers;
  for (int round = 0; round < 5; ++round)
    for (int i = 0; i < kClients; ++i)
      answers.push_back(clients[static_cast<std::size_t>(i)]->start_call("say", "{}", std::to_string(round)));
  ASSERT_TRUE(server_.receives("tools/call", 20));
  world_.kill(bot_);
  for (int i = 0; i < kClients; ++i)
    answers.push_back(clients[static_cast<std::size_t>(i)]->start_call("say", R"({"late":true})", "99"));
  int refused = 0;
  for (auto& answer : answers) refused += answer.get().reason() == "RMT-D003";
  EXPECT_GE(refused, kClients);
  for (const auto& call : server_.received("tools/call")) EXPECT_THAT(call.body, Not(HasSubstr("late")));
  EXPECT_GE(world_.entries("intent").size(), server_.calls());
  EXPECT_EQ(world_.entries("intent").size(), world_.entries("outcome").size());
}

TEST_F(Kill, NoStreamStaysOpenAndNoneCanBeOpened) {
  hang_calls();
  const auto listening = agent_->listen();
  ASSERT_TRUE(eventually([&] { return world_.gateway().counters().streams == 1; }));
  auto call = agent_->start_call("say", "{}", "1", R"({"progressToken":1})");
  ASSERT_TRUE(server_.receives("tools/call"));
  world_.kill(bot_);
  EXPECT_TRUE(listening->ended());
  ASSERT_EQ(call.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_EQ(call.get().reason(), "RMT-U007");
  EXPECT_EQ(world_.last("outcome").at("status"), "unknown");
  EXPECT_EQ(world_.gateway().counters().streams, 0);

  const auto again = agent_->send(agent_->make_call(http::Method::kGet)).get();
  EXPECT_EQ(again.status, 403);
  EXPECT_EQ(again.code(), "RMT-G003");
}

TEST_F(Kill, AKilledAgentIsToldWhyAndThatIsRecorded) {
  world_.kill(bot_);
  EXPECT_EQ(agent_->call("say").reason(), "RMT-D003");
  EXPECT_EQ(world_.last("denial").at("reason"), "RMT-D003");
  EXPECT_TRUE(agent_->tool_names().empty());
  const auto reply = agent_->open();
  EXPECT_EQ(reply.status, 403);
  EXPECT_EQ(reply.code(), "RMT-G003");
  EXPECT_EQ(server_.calls(), 0U);
}

TEST_F(Kill, AnAgentThatIsRegisteredElsewhereAfterItsKillCanDoNothingThere) {
  world_.kill(bot_);
  const auto twin = world_.add_bot("clerk", Environment::kPilot);
  ASSERT_EQ(twin.agent, bot_.agent);
  const auto pilot = world_.connect("crm", server_, Environment::kPilot);
  world_.grant(twin, "crm/say");
  AgentClient elsewhere(world_, twin);
  EXPECT_EQ(elsewhere.open().status, 403);
  EXPECT_EQ(elsewhere.call("say").reason(), "");
  EXPECT_EQ(server_.calls(), 0U);
}

TEST_F(Kill, ASuspendedDeploymentIsCutAndItsTwinElsewhereGoesOn) {
  const auto twin = world_.add_bot("clerk", Environment::kPilot);
  world_.connect("crm", server_, Environment::kPilot);
  world_.grant(twin, "crm/say");
  AgentClient elsewhere(world_, twin);
  elsewhere.open();
  const auto stream = agent_->listen();
  ASSERT_TRUE(eventually([&] { return world_.gateway().counters().streams == 1; }));
  world_.command([&](store::Transaction& tx) {
    return world_.registry().place_hold(tx, world_.actor, bot_.deployment, snapshot::HoldKind::kSuspended,
                                        "drill");
  });
  EXPECT_TRUE(stream->ended());
  EXPECT_EQ(agent_->call("say").reason(), "RMT-D003");
  EXPECT_FALSE(elsewhere.call("say").is_tool_error());
}

TEST_F(Kill, AnotherAgentGoesOn) {
  const auto other = world_.add_bot("other");
  world_.grant(other, "crm/say");
  AgentClient bystander(world_, other);
  bystander.open();
  hang_calls();
  const auto stream = bystander.listen(std::chrono::milliseconds(300));
  auto call = bystander.start_call("say");
  ASSERT_TRUE(server_.receives("tools/call"));
  world_.kill(bot_);
  server_.let_go();
  EXPECT_FALSE(call.get().is_tool_error());
  EXPECT_FALSE(stream->ended());
}

TEST_F(Kill, ACallWhoseDestinationIsBeingOpenedIsNotMade) {
  server_.script("initialize", [this](mcp::Message, http::Exchange&) -> http::Task<http::Response> {
    co_await server_.hang();
    co_return http::Response{.status = 500};
  });
  auto call = agent_->start_call("say");
  ASSERT_TRUE(server_.receives("initialize"));
  world_.kill(bot_);
  ASSERT_EQ(call.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_TRUE(call.get().is_tool_error());
  server_.let_go();
  EXPECT_EQ(server_.calls(), 0U);
  EXPECT_TRUE(world_.entries("intent").empty());
}

// The decision was allow, the intent waits for the disk, and then comes the kill.
TEST_F(Kill, ACallWhoseIntentIsBeingWrittenIsNotMade) {
  const auto reply = call_overtaken_by([&](store::Transaction& tx) -> Result<void> {
    TRY(world_.registry().kill(tx, world_.actor, bot_.agent, world_.approver, "now"));
    return {};
  });
  EXPECT_TRUE(reply.is_tool_error());
  expect_not_sent();
}

// Nothing is cut for this: the last look alone stops the call.
TEST_F(Kill, ACallThatAPolicyForbidsWhileItsIntentIsBeingWrittenIsNotMade) {
  const auto policies = world_.check("forbid (principal, action, resource);");
  const auto reply = call_overtaken_by([&](store::Transaction& tx) -> Result<void> {
    TRY(world_.policies().publish(tx, world_.actor, policies, world_.owner));
    return {};
  });
  EXPECT_EQ(reply.reason(), "RMT-D042");
  expect_not_sent();
  EXPECT_EQ(world_.last("outcome").at("reason"), "RMT-D042");
}

TEST_F(Kill, AnAgentWhoseOwnerLeftIsRefusedAtOnce) {
  hang_calls();
  auto open = agent_->start_call("say", "{}", "1");
  ASSERT_TRUE(server_.receives("tools/call"));
  world_.command([&](store::Transaction& tx) -> Result<void> {
    TRY(world_.registry().human_leaves(tx, world_.actor, world_.owner));
    return {};
  });
  ASSERT_EQ(open.wait_for(std::chrono::seconds(10)), std::future_status::ready);
  EXPECT_EQ(open.get().reason(), "RMT-U007");
  const auto reply = agent_->call("say");
  EXPECT_EQ(reply.reason(), "RMT-D003");
  EXPECT_THAT(reply.text(), HasSubstr("owner-missing"));
  EXPECT_EQ(server_.calls(), 1U);
}

TEST_F(Kill, ARevokedGrantEndsTheCallsUnderIt) {
  hang_calls();
  auto open = agent_->start_call("say", "{}", "1");
  ASSERT_TRUE(server_.receives("tools/call"));
  const auto tool_id = world_.tool_id("crm/say");
  world_.command([&](store::Transaction& tx) {
    return world_.registry().revoke_grant(tx, world_.actor, bot_.deployment, tool_id);
  });
  EXPECT_EQ(open.get().reason(), "RMT-U007");
  EXPECT_EQ(agent_->call("say").reason(), "RMT-D020");
}

TEST_F(Kill, ARevokedCredentialsSessionIsCutAndItsTokenIsWorthNothing) {
  const auto stream = agent_->listen();
  ASSERT_TRUE(eventually([&] { return world_.gateway().counters().streams == 1; }));
  revoke();
  EXPECT_TRUE(stream->ended());
  EXPECT_EQ(world_.gateway().counters().sessions, 0);
  const auto reply = agent_->call("say");
  EXPECT_EQ(reply.status, 401);
  EXPECT_EQ(reply.code(), "RMT-D012");
  ASSERT_NE(reply.headers.find("WWW-Authenticate"), nullptr);
  EXPECT_EQ(agent_->open().status, 401);
  EXPECT_EQ(server_.calls(), 0U);
}

TEST_F(Kill, ARetiredDeploymentsSessionServesNothing) {
  const auto stream = agent_->listen();
  world_.command([&](store::Transaction& tx) {
    return world_.registry().retire(tx, world_.actor, bot_.deployment, "done");
  });
  EXPECT_TRUE(stream->ended());
  EXPECT_EQ(agent_->call("say").status, 401);  // its credentials went with it
  EXPECT_EQ(server_.calls(), 0U);
}

TEST_F(Kill, ASnapshotThatIsLostInMidCallEndsTheCallAndNotTheGateway) {
  server_.script("initialize", [this](mcp::Message, http::Exchange&) -> http::Task<http::Response> {
    co_await server_.hang();
    co_return http::Response{.status = 500};
  });
  auto opening = agent_->start_call("say", "{}", "1");
  ASSERT_TRUE(server_.receives("initialize"));
  const auto kept = world_.snapshots().current();
  world_.snapshots().swap(nullptr);
  world_.gateway().on_snapshot();
  const auto reply = opening.get();
  EXPECT_TRUE(reply.is_tool_error());
  EXPECT_EQ(server_.calls(), 0U);
  server_.let_go();
  server_.script("initialize", {});
  world_.snapshots().swap(kept);
  EXPECT_FALSE(agent_->call("say").is_tool_error());
}

TEST_F(Kill, ClosingTheGatewayEndsCallsAndLetsNoneIn) {
  hang_calls();
  auto open = agent_->start_call("say", "{}", "1");
  ASSERT_TRUE(server_.receives("tools/call"));
  world_.gateway().close();
  EXPECT_EQ(open.get().reason(), "RMT-U007");
  EXPECT_TRUE(agent_->call("say").answer().contains("error"));
  EXPECT_EQ(server_.calls(), 1U);
}

}  // namespace
}  // namespace remit::gateway::testing
