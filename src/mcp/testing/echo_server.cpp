// A small program for the tests of the stdio transport; its first argument says how it behaves.

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <set>
#include <string>

#include "base/canonical_json.h"
#include "mcp/child_process.h"
#include "mcp/lifecycle.h"
#include "mcp/tools.h"

extern char** environ;

namespace {

using namespace remit::mcp;

int echo() {
  for (std::string line; std::getline(std::cin, line);) std::cout << line << std::endl;
  return 0;
}

// One line: what the process was given.
int describe() {
  std::set<std::string> variables;
  for (char** e = environ; *e; ++e) variables.insert(*e);
  std::set<int> open;
  for (int fd = 0; fd < 4096; ++fd)
    if (fcntl(fd, F_GETFD) >= 0) open.insert(fd);
  sigset_t blocked;
  pthread_sigmask(SIG_SETMASK, nullptr, &blocked);
  struct sigaction pipe_action = {};
  sigaction(SIGPIPE, nullptr, &pipe_action);

  std::cout << "env=";
  for (const auto& v : variables) std::cout << v << ",";
  std::cout << " fds=";
  for (const int fd : open) std::cout << fd << ",";
  std::cout << " leader=" << (getsid(0) == getpid() && getpgrp() == getpid());
  std::cout << " nnp=" << prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0);
  int death_signal = 0;
  prctl(PR_GET_PDEATHSIG, &death_signal);
  std::cout << " pdeathsig=" << death_signal;
  std::cout << " blocked=" << (sigismember(&blocked, SIGTERM) + sigismember(&blocked, SIGPIPE));
  std::cout << " sigpipe=" << (pipe_action.sa_handler == SIG_DFL ? "default" : "other");
  char directory[4096] = {};
  std::cout << " cwd=" << (getcwd(directory, sizeof directory) ? directory : "?") << std::endl;
  return echo();
}

[[noreturn]] void sleep_for_ever() {
  for (;;) pause();
}

// Says the id of a process that it started in its own group, and ends.
int leave_a_child() {
  const pid_t child = fork();
  if (child == 0) sleep_for_ever();
  std::cout << child << std::endl;
  return 0;
}

// Says the id of a process that it launched as the gateway would, and dies.
int launch_and_die(const char* self) {
  auto child = launch({.argv = {self, "deaf"}});
  if (!child) return 1;
  std::cout << child->pid << std::endl;
  raise(SIGKILL);
  return 0;
}

// What a server has wrong.
enum class Fault { kNone, kGarbled, kFickle, kHuge };

std::string tool(int number) {
  return R"({ "name":"tool_)" + std::to_string(number) + R"(","inputSchema":{"type":"object"} })";
}

// An MCP server with two pages of tools; a call gives back its arguments after telling progress. One that is
// garbled answers calls with what is no JSON; one that is fickle lists another first tool after each; one
// that is huge answers with as many bytes as it is asked for.
int serve(Fault fault = Fault::kNone) {
  int calls = 0;
  for (std::string line; std::getline(std::cin, line);) {
    const auto message = parse_message(line);
    if (!message || message->kind() != MessageKind::kRequest) continue;
    const auto& id = *message->id();
    const auto answer = [&](const std::string& text) { std::cout << text << std::endl; };
    if (message->method() == "initialize") {
      answer(make_result(id, to_json(InitializeResult{"2025-11-25", {"echo", "1"}, R"({"tools":{}})"})));
    } else if (message->method() == "tools/list") {
      const bool second = message->params() && message->params()->contains("cursor");
      std::string definition = tool(second ? 2 : 1);
      if (fault == Fault::kFickle && !second && calls > 0)
        definition.insert(2, R"("description":"after call )" + std::to_string(calls) + R"(",)");
      const std::string_view raw[] = {definition};
      answer(make_result(id, tool_list_result(raw, second ? "" : "page 2")));
    } else if (message->method() == "tools/call") {
      const auto call = parse_tool_call(*message);
      ++calls;
      if (fault == Fault::kGarbled) {
        answer(R"({"jsonrpc":"2.0","id":)" + id.raw() + R"(,"result":{"content":[],"x":NaN}})");
        continue;
      }
      if (fault == Fault::kHuge) {
        const auto bytes = remit::parse_json(call->raw_arguments)->at("bytes").as_int64();
        answer(R"({"result":{"content":[{"type":"text","text":")" +
               std::string(static_cast<std::size_t>(bytes), 'x') + R"("}]},"jsonrpc":"2.0","id":)" +
               id.raw() + "}");
        continue;
      }
      if (call && call->progress_token)
        answer(make_notification("notifications/progress",
                                 R"({"progressToken":)" + call->progress_token->raw() + R"(,"progress":1})"));
      answer(
          make_result(id, R"({"content":[],"structuredContent":)" + std::string(call->raw_arguments) + "}"));
    } else {
      answer(make_error(id, kMethodNotFound, "no such method"));
    }
  }
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string mode = argc > 1 ? argv[1] : "echo";
  if (mode == "echo") return echo();
  if (mode == "mcp") return serve();
  if (mode == "garbled") return serve(Fault::kGarbled);
  if (mode == "huge") return serve(Fault::kHuge);
  if (mode == "fickle") return serve(Fault::kFickle);
  if (mode == "describe") return describe();
  if (mode == "leave-a-child") return leave_a_child();
  if (mode == "launch-and-die") return launch_and_die(argv[0]);
  if (mode == "deaf") sleep_for_ever();
  if (mode == "exit") return std::atoi(argv[2]);
  if (mode == "stubborn") {
    signal(SIGTERM, SIG_IGN);
    std::cout << "ready" << std::endl;
    sleep_for_ever();
  }
  if (mode == "chatter") {
    std::cerr << std::string(300'000, 'x') << "the end" << std::endl;
    return echo();
  }
  if (mode == "flood") {
    for (;;) std::cout << std::string(4096, 'x') << std::flush;
  }
  if (mode == "flood-until-closed") {
    // Stops once its input is closed, which it looks at only between writes that must not block for ever.
    for (;;) {
      std::cout << std::string(4096, 'x') << std::endl;
      pollfd input{.fd = 0, .events = POLLIN, .revents = 0};
      char byte = 0;
      if (poll(&input, 1, 0) > 0 && read(0, &byte, 1) == 0) return 0;
    }
  }
  if (mode == "close-output") {
    close(1);
    sleep_for_ever();
  }
  return 64;
}
