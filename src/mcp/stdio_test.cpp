#include "mcp/stdio.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <fstream>
#include <thread>

namespace remit::mcp {
namespace {

using namespace std::chrono_literals;

Command server(std::vector<std::string> arguments) {
  Command command{.argv = {REMIT_ECHO_SERVER}};
  for (auto& argument : arguments) command.argv.push_back(std::move(argument));
  return command;
}

// A process that is gone, or a zombie that only its reaper keeps.
bool is_dead(pid_t pid) {
  std::ifstream stat("/proc/" + std::to_string(pid) + "/stat");
  std::string number, name, state;
  return !(stat >> number >> name >> state) || state == "Z" || state == "X";
}

bool dies_soon(pid_t pid) {
  for (int i = 0; i < 300 && !is_dead(pid); ++i) std::this_thread::sleep_for(10ms);
  return is_dead(pid);
}

class Stdio : public testing::Test {
 protected:
  void start(const Command& command, const StdioLimits& limits = {}) {
    auto started = StdioTransport::start(io_.get_executor(), command, limits);
    ASSERT_TRUE(started) << started.error().message;
    transport_ = std::move(*started);
    transport_->receive([this](std::string line) { lines_.push_back(std::move(line)); },
                        [this](Error why) { closed_.push_back(std::move(why)); });
  }

  template <typename Done>
  bool run_until(Done done, std::chrono::milliseconds at_most = 10s) {
    const auto deadline = std::chrono::steady_clock::now() + at_most;
    while (!done() && std::chrono::steady_clock::now() < deadline) {
      io_.restart();  // it stops when it runs out of work
      io_.run_for(10ms);
    }
    return done();
  }

  std::optional<ExitStatus> stop() {
    std::optional<ExitStatus> status;
    bool done = false;
    boost::asio::co_spawn(
        io_,
        [&]() -> boost::asio::awaitable<void> {
          status = co_await transport_->stop();
          done = true;
        },
        boost::asio::detached);
    EXPECT_TRUE(run_until([&] { return done; }));
    return status;
  }

  boost::asio::io_context io_;
  std::unique_ptr<StdioTransport> transport_;
  std::vector<std::string> lines_;
  std::vector<Error> closed_;
};

TEST_F(Stdio, LinesGoOutAndComeBackInOrder) {
  start(server({"echo"}));
  for (int i = 0; i < 200; ++i) ASSERT_TRUE(transport_->send("{\"n\":\n" + std::to_string(i) + "}"));
  ASSERT_TRUE(transport_->send(std::string(1'000'000, 'y')));
  ASSERT_TRUE(run_until([&] { return lines_.size() == 201; }));
  for (std::size_t i = 0; i < 200; ++i) EXPECT_EQ(lines_[i], "{\"n\": " + std::to_string(i) + "}");
  EXPECT_EQ(lines_[200].size(), 1'000'000U);
}

TEST_F(Stdio, TheChildHasNothingButWhatItWasGiven) {
  ASSERT_EQ(setenv("REMIT_TEST_LEAK", "secret", 1), 0);
  const int leaked = open("/dev/null", O_RDONLY);  // not close-on-exec, on purpose
  ASSERT_GT(leaked, 2);
  auto command = server({"describe"});
  command.environment = {{"A", "1"}, {"B", "two words"}};
  command.working_directory = "/usr";
  start(command);
  ASSERT_TRUE(run_until([&] { return !lines_.empty(); }));
  EXPECT_EQ(lines_[0],
            "env=A=1,B=two words, fds=0,1,2, leader=1 nnp=1 pdeathsig=9 blocked=0 sigpipe=default cwd=/usr");
  close(leaked);
}

TEST_F(Stdio, AProgramThatCannotStartSaysWhy) {
  const struct {
    Command command;
    std::string_view part;
  } cases[] = {{{.argv = {"/no/such/program"}}, "starting the program /no/such/program: No such file"},
               {{.argv = {"/etc/passwd"}}, "Permission denied"},
               {{.argv = {"sh"}}, "absolute path"},
               {{.argv = {}}, "absolute path"},
               {{.argv = {"/bin/true"}, .working_directory = "/no/such/folder"}, "working directory"},
               {{.argv = {"/bin/true"}, .working_directory = "tmp"}, "working directory"},
               {{.argv = {"/bin/true", std::string("a\0b", 3)}}, "NUL"},
               {{.argv = {"/bin/true"}, .environment = {{"A=B", "c"}}}, "environment"}};
  for (const auto& c : cases) {
    const auto started = StdioTransport::start(io_.get_executor(), c.command);
    ASSERT_FALSE(started) << c.part;
    EXPECT_EQ(started.error().code, "RMT-M030");
    EXPECT_NE(started.error().message.find(c.part), std::string::npos) << started.error().message;
  }
}

TEST_F(Stdio, AnEndOfItsOwnIsToldWithItsStatus) {
  start(server({"exit", "3"}));
  ASSERT_TRUE(run_until([&] { return !closed_.empty(); }));
  EXPECT_EQ(closed_[0].code, "RMT-M031");
  EXPECT_NE(closed_[0].message.find("exit status 3"), std::string::npos) << closed_[0].message;
  EXPECT_EQ(transport_->send("{}").error().code, "RMT-M031");
  io_.run_for(700ms);
  EXPECT_EQ(closed_.size(), 1U);
}

TEST_F(Stdio, AKillFromOutsideIsTold) {
  start(server({"echo"}));
  kill(transport_->pid(), SIGKILL);
  ASSERT_TRUE(run_until([&] { return !closed_.empty(); }));
  EXPECT_NE(closed_[0].message.find("signal 9"), std::string::npos) << closed_[0].message;
}

TEST_F(Stdio, StoppingAsksFirst) {
  start(server({"echo"}));
  const auto status = stop();
  ASSERT_TRUE(status);
  EXPECT_FALSE(status->by_signal);
  EXPECT_EQ(status->code, 0);
}

TEST_F(Stdio, StoppingTerminatesOneThatDoesNotListenAndKillsOneThatDoesNotObey) {
  const StdioLimits quick{.close_grace = 50ms, .terminate_grace = 100ms};
  start(server({"deaf"}), quick);
  const auto deaf = stop();
  ASSERT_TRUE(deaf);
  EXPECT_EQ(deaf->code, SIGTERM);
  lines_.clear();
  start(server({"stubborn"}), quick);
  ASSERT_TRUE(run_until([&] { return !lines_.empty(); }));
  const auto stubborn = stop();
  ASSERT_TRUE(stubborn);
  EXPECT_EQ(stubborn->code, SIGKILL);
}

TEST_F(Stdio, OneThatClosesItsOutputIsStopped) {
  start(server({"close-output"}), {.close_grace = 50ms});
  ASSERT_TRUE(run_until([&] { return !closed_.empty(); }));
  EXPECT_NE(closed_[0].message.find("signal 15"), std::string::npos) << closed_[0].message;
}

TEST_F(Stdio, ALineWithoutEndIsCutOffAndTheProcessKilled) {
  start(server({"flood"}), {.max_line = 100'000});
  ASSERT_TRUE(run_until([&] { return !closed_.empty() && transport_->exit_status(); }));
  EXPECT_EQ(closed_[0].code, "RMT-M032");
  EXPECT_TRUE(lines_.empty());
  EXPECT_EQ(transport_->exit_status()->code, SIGKILL);
}

TEST_F(Stdio, ALineOverTheLimitPassesByAndTellsWhoseAnswerItWas) {
  start(server({"echo"}), {.max_line = 100});
  std::vector<std::string> told;
  transport_->on_too_long([&](const std::optional<Id>& answered, const Error& why) {
    told.push_back(std::string(why.code) + " " + (answered ? answered->raw() : "none"));
  });
  ASSERT_TRUE(transport_->send(std::string(100, 'x')));
  ASSERT_TRUE(transport_->send(std::string(101, 'x')));
  ASSERT_TRUE(transport_->send(R"({"result":")" + std::string(1000, 'y') + R"(","id":7})"));
  ASSERT_TRUE(transport_->send("{}"));
  ASSERT_TRUE(run_until([&] { return lines_.size() == 2; }));
  EXPECT_EQ(lines_, (std::vector{std::string(100, 'x'), std::string("{}")}));
  EXPECT_EQ(told, (std::vector<std::string>{"RMT-M032 none", "RMT-M032 7"}));
  EXPECT_TRUE(closed_.empty());
}

TEST_F(Stdio, OneThatDoesNotReadCannotFillMemory) {
  start(server({"deaf"}), {.max_queued = 3'000'000});
  Result<void> sent;
  int count = 0;
  for (; count < 100 && sent; ++count) {
    sent = transport_->send(std::string(500'000, 'x'));
    io_.run_for(1ms);
  }
  ASSERT_FALSE(sent);
  EXPECT_EQ(sent.error().code, "RMT-M033");
  EXPECT_LT(count, 12);
}

TEST_F(Stdio, TheLastOfStderrIsKeptAndTheRestDrained) {
  start(server({"chatter"}), {.max_remarks = 1000});
  ASSERT_TRUE(transport_->send("{}"));  // answered only if stderr does not block
  ASSERT_TRUE(run_until([&] { return !lines_.empty() && transport_->remarks().ends_with("the end\n"); }));
  EXPECT_EQ(transport_->remarks().size(), 1000U);
}

TEST_F(Stdio, WhatItLeavesInItsGroupDiesWithIt) {
  start(server({"leave-a-child"}));
  ASSERT_TRUE(run_until([&] { return !closed_.empty() && !lines_.empty(); }));
  EXPECT_TRUE(dies_soon(std::stoi(lines_[0])));
}

TEST_F(Stdio, ChildrenDieWithTheProcessThatLaunchedThem) {
  start(server({"launch-and-die"}));
  ASSERT_TRUE(run_until([&] { return !lines_.empty() && !closed_.empty(); }));
  EXPECT_TRUE(dies_soon(std::stoi(lines_[0])));
}

TEST_F(Stdio, DestroyingTheTransportKillsTheChildAndTellsNothing) {
  start(server({"stubborn"}));
  ASSERT_TRUE(run_until([&] { return !lines_.empty(); }));
  const pid_t pid = transport_->pid();
  transport_.reset();
  io_.run_for(50ms);
  EXPECT_TRUE(dies_soon(pid));
  EXPECT_TRUE(closed_.empty());
}

TEST_F(Stdio, AnEndedSessionLetsItsServerFinishAndThenKillsNothing) {
  // It writes a file once its input is closed: a server that is killed at once never does.
  const auto file = testing::TempDir() + "/remit-farewell-" + std::to_string(getpid());
  start({.argv = {"/bin/sh", "-c", "echo ready; cat >/dev/null; echo bye; sleep 0.1; echo done >" + file}});
  ASSERT_TRUE(run_until([&] { return !lines_.empty(); }));
  const pid_t pid = transport_->pid();
  transport_->end();
  transport_.reset();
  EXPECT_TRUE(run_until([&] { return StdioTransport::wait_until_ended(0ms); }));
  EXPECT_TRUE(is_dead(pid));
  std::string text;
  EXPECT_TRUE(std::ifstream(file) >> text && text == "done");
  EXPECT_TRUE(closed_.empty());
  EXPECT_EQ(lines_.size(), 1U);
  unlink(file.c_str());
}

TEST_F(Stdio, AnEndedSessionKillsAServerThatDoesNotObey) {
  start(server({"stubborn"}), {.close_grace = 50ms, .terminate_grace = 50ms});
  ASSERT_TRUE(run_until([&] { return !lines_.empty(); }));
  const pid_t pid = transport_->pid();
  transport_->end();
  EXPECT_FALSE(StdioTransport::wait_until_ended(0ms));
  transport_.reset();
  EXPECT_TRUE(run_until([&] { return is_dead(pid); }));
}

TEST_F(Stdio, AServerThatIsEndedWhileItTalksIsReadOn) {
  start(server({"flood-until-closed"}));
  const pid_t pid = transport_->pid();
  transport_->end();
  transport_.reset();
  EXPECT_TRUE(run_until([&] { return is_dead(pid); }, 5s));
}

TEST_F(Stdio, WhatAServerSaysBesideItsMessagesIsKeptWithItsEnd) {
  start({.argv = {"/bin/sh", "-c", "echo Listening on stdio; echo no config >&2; exit 3"}});
  ASSERT_TRUE(run_until([&] { return !closed_.empty(); }));
  EXPECT_NE(transport_->remarks().find("Listening on stdio\n"), std::string::npos);
  EXPECT_NE(transport_->remarks().find("no config\n"), std::string::npos);
}

TEST_F(Stdio, MayBeDestroyedFromWithinItsCallback) {
  auto started = StdioTransport::start(io_.get_executor(), server({"echo"}));
  transport_ = std::move(*started);
  transport_->receive([this](std::string) { transport_.reset(); }, [](Error) { FAIL(); });
  ASSERT_TRUE(transport_->send("a\n"));
  ASSERT_TRUE(transport_->send("b"));
  EXPECT_TRUE(run_until([&] { return !transport_; }));
  io_.run_for(50ms);
}

TEST(StdioThreads, ManyThreadsMayLaunchAtOnce) {
  std::vector<std::thread> threads;
  std::atomic<int> echoed = 0;
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] {
      boost::asio::io_context io;
      auto transport = StdioTransport::start(io.get_executor(), server({"echo"}));
      ASSERT_TRUE(transport);
      (*transport)->receive([&](std::string) { ++echoed, io.stop(); }, [](Error) {});
      ASSERT_TRUE((*transport)->send("{}"));
      io.run_for(10s);
    });
  for (auto& thread : threads) thread.join();
  EXPECT_EQ(echoed, 8);
}

}  // namespace
}  // namespace remit::mcp
