// What one caller, one message or one stranger may take of the gateway, and that the others do not notice.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>

#include "gateway/testing/agent.h"
#include "gateway/testing/eventually.h"
#include "http/raw_client.h"

namespace remit::gateway::testing {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::StartsWith;

WorldOptions with(CallerLimits caller, std::shared_ptr<http::ByteBudget> bodies = {}) {
  WorldOptions options;
  options.gateway.caller = caller;
  options.gateway.bodies = std::move(bodies);
  return options;
}

class Admission : public ::testing::Test {
 protected:
  void begin(WorldOptions options = {}) {
    world_ = std::make_unique<World>(std::move(options));
    server_.offer({tool("say")});
    world_->connect("crm", server_);
    for (auto* agent : {&first_, &second_}) {
      const auto bot = world_->add_bot(agent == &first_ ? "clerk" : "other-clerk");
      world_->grant(bot, "crm/say");
      agent->emplace(*world_, bot);
      ASSERT_EQ((*agent)->open().status, 200);
    }
  }

  // The line and fields of a POST, and as much of its body as is given.
  static std::string head(std::string_view token, std::size_t length) {
    return "POST /mcp/sandbox HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer " + std::string(token) +
           "\r\nAccept: application/json, text/event-stream\r\nContent-Type: "
           "application/json\r\nContent-Length: " +
           std::to_string(length) + "\r\n\r\n";
  }

  McpServer server_;
  std::unique_ptr<World> world_;
  std::optional<AgentClient> first_, second_;
};

TEST_F(Admission, LooksAtTheTokenBeforeTheBodyHasCome) {
  begin();
  for (const auto& token : {std::string("nonsense"), first_->token + "x"}) {
    http::RawClient client(world_->address());
    client.send(head(token, 4'000'000));
    EXPECT_THAT(client.read_answer(), AllOf(StartsWith("HTTP/1.1 401"), HasSubstr("WWW-Authenticate")))
        << token;
  }
  http::RawClient known(world_->address());
  known.send(head(first_->token, 100'000'000));
  EXPECT_THAT(known.read_answer(), StartsWith("HTTP/1.1 413"));
}

TEST_F(Admission, BodiesOfOneCallerStayWithinItsShareAndLeaveTheRestToOthers) {
  const auto bodies = std::make_shared<http::ByteBudget>(1'000'000);
  begin(with({.body_bytes = 100'000}, bodies));
  http::RawClient greedy(world_->address());
  greedy.send(head(first_->token, 200'000) + std::string(150'000, 'x'));
  EXPECT_THAT(greedy.read_answer(),
              AllOf(StartsWith("HTTP/1.1 503"), HasSubstr("Retry-After: "), HasSubstr("RMT-H050")));
  EXPECT_EQ(second_->call("say", R"({"text":")" + std::string(50'000, 'y') + R"("})").status, 200);
  EXPECT_TRUE(eventually([&] { return bodies->taken() == 0; }));
}

TEST_F(Admission, ACallerHasSoManyCallsUnderWayOnAllItsSessionsTogether) {
  begin(with({.calls = 2}));
  server_.script("tools/call", [this](mcp::Message message, http::Exchange&) -> http::Task<http::Response> {
    co_await server_.hang();
    co_return McpServer::echo(message);
  });
  AgentClient again = *first_;
  ASSERT_EQ(again.open().status, 200);
  auto one = first_->start_call("say", "{}", "1");
  auto two = again.start_call("say", "{}", "1");
  ASSERT_TRUE(server_.receives("tools/call", 2));
  for (auto* agent : {&*first_, &again}) {
    const auto refused = agent->call("say", "{}", "2");
    EXPECT_EQ(refused.status, 200);
    EXPECT_EQ(refused.code(), "RMT-G050") << refused.body;
  }
  auto others = second_->start_call("say", "{}", "1");
  EXPECT_TRUE(server_.receives("tools/call", 3)) << "another caller is not held back";
  server_.let_go();
  for (auto* reply : {&one, &two, &others}) EXPECT_FALSE(reply->get().is_tool_error());
  server_.script("tools/call", [](mcp::Message message, http::Exchange&) -> http::Task<http::Response> {
    co_return McpServer::echo(message);
  });
  EXPECT_FALSE(first_->call("say", "{}", "3").is_tool_error());
}

TEST_F(Admission, ACallerHasSoManyRequestsAndStreamsOpen) {
  begin(with({.requests = 2}));
  const auto one = first_->listen();
  const auto two = first_->listen();
  EXPECT_EQ(one->status(), 200);
  EXPECT_EQ(two->status(), 200);
  const auto refused = first_->request("ping");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.code(), "RMT-G051");
  EXPECT_TRUE(refused.headers.contains("Retry-After"));
  EXPECT_EQ(second_->request("ping").status, 200);
}

TEST_F(Admission, AMessageHasSoManyMembersAndValues) {
  WorldOptions options;
  options.gateway.message_size = {.members = 100, .values = 1'000};
  begin(std::move(options));
  const auto members = [](int count) {
    boost::json::object object;
    for (int i = 0; i < count; ++i) object["m" + std::to_string(i)] = i;
    return boost::json::serialize(object);
  };
  const auto elements = [](int count) {
    return boost::json::serialize(
        boost::json::object{{"list", boost::json::array(static_cast<std::size_t>(count), 1)}});
  };
  EXPECT_EQ(first_->call("say", members(100)).status, 200);
  EXPECT_EQ(first_->call("say", elements(900)).status, 200);
  for (const auto& arguments : {members(101), elements(1'000)}) {
    const auto refused = first_->call("say", arguments);
    EXPECT_EQ(refused.code(), "RMT-M002") << refused.body;
  }
  EXPECT_EQ(server_.calls(), 2U);
}

TEST_F(Admission, ALargeMessageIsReadBesideTheLoopAndGoesOnAsItCame) {
  WorldOptions options;
  options.loops = 1;
  options.gateway.parse_beside_bytes = 1'000;
  begin(std::move(options));
  const std::string text(300'000, 'z');
  const auto reply = first_->call("say", R"({"text":")" + text + R"("})");
  EXPECT_FALSE(reply.is_tool_error());
  ASSERT_EQ(server_.calls(), 1U);
  EXPECT_THAT(server_.received("tools/call").front().body, HasSubstr(text));
}

TEST_F(Admission, WhatAStrangerSaysIsCutInTheLog) {
  begin();
  http::RawClient client(world_->address());
  client.send("GET /mcp/" + std::string(30'000, 'x') + " HTTP/1.1\r\nHost: localhost\r\n\r\n");
  EXPECT_THAT(client.read_answer(), StartsWith("HTTP/1.1 404"));
  EXPECT_TRUE(eventually([&] { return world_->log_text().contains("RMT-G005"); }));
  EXPECT_LT(world_->log_text().size(), 10'000U);
}

}  // namespace
}  // namespace remit::gateway::testing
