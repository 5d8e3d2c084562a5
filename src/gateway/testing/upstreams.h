// Upstreams: a world with one agent, one destination at a scripted server, and a grant on its tool `say`.
//
// Thread-safety: as World.

#pragma once

#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "gateway/testing/agent.h"

namespace remit::gateway::testing {

inline WorldOptions patient(std::chrono::milliseconds timeout = std::chrono::seconds(20)) {
  WorldOptions options;
  options.gateway.upstream = {
      .open_timeout = timeout, .answer_timeout = timeout, .max_answer_bytes = 64 * 1024, .child = unconfined};
  return options;
}

class Upstreams : public ::testing::Test {
 protected:
  explicit Upstreams(WorldOptions options = patient()) : world_(std::move(options)) {
    server_.offer({tool("say"), tool("shout")});
    crm_ = world_.connect("crm", server_);
    bot_ = world_.add_bot("clerk");
    world_.grant(bot_, "crm/say");
    agent_.emplace(world_, bot_);
    agent_->open();
  }

  void on_call(McpServer::Script script) { server_.script("tools/call", std::move(script)); }
  auto hang() {
    return [this](mcp::Message, http::Exchange&) -> http::Task<http::Response> {
      co_await server_.hang();
      co_return http::Response{.status = 503};
    };
  }

  void expect_outcome(std::string_view status, std::string_view reason) {
    EXPECT_EQ(world_.last("outcome").at("status").as_string(), status);
    EXPECT_EQ(world_.last("outcome").at("reason").as_string(), reason);
    EXPECT_EQ(world_.last("outcome").at("decision"), world_.last("intent").at("decision"));
  }

  McpServer server_;
  World world_;
  Bot bot_;
  DestinationId crm_;
  std::optional<AgentClient> agent_;
};

inline McpServer::Script answers(std::string body, int status = 200) {
  return [=](mcp::Message, http::Exchange&) -> http::Task<http::Response> {
    auto response = McpServer::answer(body);
    response.status = status;
    co_return response;
  };
}

inline McpServer::Script streams(std::vector<std::string> events) {
  return [=](mcp::Message, http::Exchange& exchange) -> http::Task<http::Response> {
    const auto stream = exchange.start_events();
    for (const auto& event : events) stream->send({.data = event});
    stream->close();
    co_return http::Response{};
  };
}

}  // namespace remit::gateway::testing
