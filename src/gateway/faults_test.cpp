// When the disk fails: the caller hears that the call could not be recorded, nothing leaves without a durable
// intent, and the gateway serves again when the disk is well.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/testing/agent.h"
#include "gateway/testing/eventually.h"
#include "store/fault_vfs.h"

namespace remit::gateway::testing {
namespace {

using Operation = store::FaultVfs::Operation;

class DiskFaults : public ::testing::Test {
 protected:
  DiskFaults() : world_(WorldOptions{.vfs = "gateway-faults"}) {
    server_.offer({tool("say")});
    world_.connect("crm", server_);
    bot_ = world_.add_bot("clerk");
    world_.grant(bot_, "crm/say");
    agent_.emplace(world_, bot_);
    agent_->open();
    EXPECT_FALSE(agent_->call("say").is_tool_error());  // the destination is open
    world_.settle();
  }
  ~DiskFaults() override { faults_.heal(); }

  void expect_not_recorded(const Reply& reply) {
    EXPECT_EQ(reply.status, 200);
    EXPECT_TRUE(reply.is_tool_error()) << reply.body;
    EXPECT_EQ(reply.reason(), "RMT-G004") << reply.body;
    EXPECT_EQ(reply.decision().at("decision"), "deny");
  }

  void expect_well() {
    faults_.heal();
    const auto before = server_.calls();
    const auto reply = agent_->call("say", R"({"after":"the fault"})");
    EXPECT_FALSE(reply.is_tool_error()) << reply.body;
    EXPECT_EQ(server_.calls(), before + 1);
    // Every call that the upstream saw has its intent, and no intent is left without an outcome.
    EXPECT_GE(world_.entries("intent").size(), server_.calls());
    EXPECT_EQ(world_.entries("intent").size(), world_.entries("outcome").size());
  }

  store::FaultVfs faults_{"gateway-faults"};
  McpServer server_;
  World world_;
  Bot bot_;
  std::optional<AgentClient> agent_;
};

struct Disk {
  std::string name;
  store::FaultVfs::Fault fault;
};

class EachFault : public DiskFaults, public ::testing::WithParamInterface<Disk> {};

TEST_P(EachFault, RefusesTheCallAndServesAgainAfterwards) {
  const auto calls = server_.calls();
  faults_.fail(GetParam().fault);
  const auto reply = agent_->call("say");
  EXPECT_GE(faults_.failures(), 1U) << "the fault was not met";
  expect_not_recorded(reply);
  EXPECT_EQ(server_.calls(), calls);
  expect_well();
}

INSTANTIATE_TEST_SUITE_P(
    Disk, EachFault,
    ::testing::Values(Disk{"AFailedSync", {.operation = Operation::kSync, .suffix = "-wal"}},
                      Disk{"SyncsThatFailForGood",
                           {.operation = Operation::kSync, .times = store::FaultVfs::kForGood}},
                      Disk{"AFullDisk",
                           {.operation = Operation::kWrite,
                            .times = store::FaultVfs::kForGood,
                            .disk_full = true,
                            .suffix = "-wal"}},
                      Disk{"AFailedWrite", {.operation = Operation::kWrite, .suffix = "-wal"}},
                      Disk{"ATornWrite", {.operation = Operation::kWrite, .torn = true, .suffix = "-wal"}}),
    [](const auto& info) { return info.param.name; });

TEST_F(DiskFaults, ADenialThatCannotBeRecordedIsToldAsThat) {
  faults_.fail({.operation = Operation::kSync, .times = store::FaultVfs::kForGood});
  expect_not_recorded(agent_->call("crm/other"));
  expect_well();
  EXPECT_EQ(agent_->call("crm/other").reason(), "RMT-D020");
}

TEST_F(DiskFaults, ManyCallsInOneFailedCommitAllHearThatTheyWereNotMade) {
  const auto calls = server_.calls();
  faults_.fail({.operation = Operation::kSync, .times = store::FaultVfs::kForGood});
  std::vector<std::future<Reply>> answers;
  for (int i = 0; i < 30; ++i) answers.push_back(agent_->start_call("say", "{}", std::to_string(i)));
  for (auto& answer : answers) expect_not_recorded(answer.get());
  EXPECT_EQ(server_.calls(), calls);
  expect_well();
}

TEST_F(DiskFaults, ASessionThatCannotBeStoredIsNotOpened) {
  faults_.fail({.operation = Operation::kSync, .times = store::FaultVfs::kForGood});
  AgentClient newcomer(world_, bot_);
  const auto reply = newcomer.open();
  EXPECT_EQ(reply.status, 503);
  EXPECT_NE(find_error(reply.code()), nullptr) << reply.body;
  EXPECT_TRUE(newcomer.session.empty());
  faults_.heal();
  EXPECT_EQ(newcomer.open().status, 200);
}

TEST_F(DiskFaults, ASessionWhoseEndCannotBeStoredSaysSo) {
  faults_.fail({.operation = Operation::kSync, .times = store::FaultVfs::kForGood});
  const auto reply = agent_->end();
  EXPECT_EQ(reply.status, 503);
  EXPECT_NE(find_error(reply.code()), nullptr) << reply.body;
  faults_.heal();
  EXPECT_EQ(agent_->end().status, 200);
}

// The call was made and answered; only its outcome could not be written. The answer is the agent's, and the
// next start finds the intent open.
TEST_F(DiskFaults, AnOutcomeThatIsLostIsUnknownAfterTheNextStart) {
  server_.script("tools/call", [this](mcp::Message call, http::Exchange&) -> http::Task<http::Response> {
    faults_.fail({.operation = Operation::kSync, .times = store::FaultVfs::kForGood});
    co_return McpServer::echo(call);
  });
  EXPECT_FALSE(agent_->call("say").is_tool_error());
  world_.settle();
  EXPECT_GE(faults_.failures(), 1U);
  faults_.heal();
  world_.restart();
  const auto outcome = world_.last("outcome");
  EXPECT_EQ(outcome.at("decision"), world_.last("intent").at("decision"));
  EXPECT_TRUE(outcome.at("status") == "unknown" || outcome.at("status") == "ok");
}

TEST_F(DiskFaults, AnOutcomeThatCouldNotBeWrittenIsTriedAgain) {
  server_.script("tools/call", [this](mcp::Message call, http::Exchange&) -> http::Task<http::Response> {
    faults_.fail({.operation = Operation::kSync, .suffix = "-wal"});  // once
    co_return McpServer::echo(call);
  });
  EXPECT_FALSE(agent_->call("say").is_tool_error());
  world_.settle();
  EXPECT_EQ(faults_.failures(), 1U);
  const auto made = world_.last("intent").at("decision");
  server_.script("tools/call", [](mcp::Message call, http::Exchange&) -> http::Task<http::Response> {
    co_return McpServer::echo(call);
  });
  expect_well();  // every intent has its outcome
  world_.restart();
  for (const auto& outcome : world_.entries("outcome")) EXPECT_EQ(outcome.at("status"), "ok");
  EXPECT_EQ(world_.entries("outcome").size(), world_.entries("intent").size());
}

TEST_F(DiskFaults, NoCallIsMadeUntilAPersonHasConfirmedWhatIsInDoubt) {
  const auto calls = server_.calls();
  world_.gateway().set_cautious(true);
  const auto reply = agent_->call("say");
  EXPECT_EQ(reply.reason(), "RMT-G010") << reply.body;
  EXPECT_EQ(server_.calls(), calls);
  EXPECT_EQ(world_.last("denial").at("reason"), "RMT-G010");
  world_.gateway().set_cautious(false);
  expect_well();
}

// A kill whose commit is unknown has not been acknowledged, but if it is there it counts.
TEST_F(DiskFaults, AKillWhoseCommitFailedIsInForceIfItIsThere) {
  faults_.fail({.operation = Operation::kSync, .suffix = "-wal"});
  const auto killed = world_.store().run([&](store::Transaction& tx) -> Result<void> {
    TRY(world_.registry().kill(tx, world_.actor, bot_.agent, world_.approver, "now"));
    return {};
  });
  ASSERT_FALSE(killed);
  EXPECT_EQ(killed.error().kind, ErrorKind::kUnknown);
  faults_.heal();
  world_.settle();
  bool there = false;
  world_.store()
      .read([&](store::Reader& reader) -> Result<void> {
        ASSIGN_OR_RETURN(const auto kills, identity::find_kills(reader, bot_.agent));
        there = !kills.empty();
        return {};
      })
      .value();
  EXPECT_EQ(agent_->call("say").reason() == "RMT-D003", there);
}

// Room is left for the outcome of a call that is out, and for the record of the refusal.
TEST_F(DiskFaults, WithoutRoomNoNewCallIsMadeAndTheRefusalIsRecorded) {
  const auto calls = server_.calls();
  world_.gateway().set_room(false);
  const auto reply = agent_->call("say");
  EXPECT_EQ(reply.reason(), "RMT-G009") << reply.body;
  EXPECT_EQ(server_.calls(), calls);
  EXPECT_EQ(world_.last("denial").at("reason"), "RMT-G009");
  world_.gateway().set_room(true);
  expect_well();
}

}  // namespace
}  // namespace remit::gateway::testing
