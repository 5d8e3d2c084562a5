// The `remit` command.

#include <fmt/format.h>

#include <cerrno>
#include <csignal>
#include <cstdio>
#include <exception>
#include <string>
#include <system_error>
#include <vector>

#include "cli/command_line.h"
#include "cli/output.h"
#include "http/problem.h"
#include "sandbox/sandbox.h"
#include "server/log_format.h"

namespace {

using namespace remit;

// For people as text, for programs as the problem that the API answers with (RFC 9457).
void tell(const Error& error, bool as_json) {
  if (as_json) {
    fmt::print(stderr, "{}\n", http::problem(error).body);
    return;
  }
  // The message may quote what others said: a server, a file.
  for (const auto& line : cli::visible_lines(format(error))) fmt::print(stderr, "{}\n", line);
}

// What was printed could not all be written. Whoever reads may have seen enough (`| head`): then this ends as
// a program does that knows nothing of it.
int unwritten(int error, bool as_json) {
  if (error == EPIPE) {
    std::signal(SIGPIPE, SIG_DFL);
    std::raise(SIGPIPE);
  }
  const Error told{.kind = ErrorKind::kUnavailable,
                   .code = "RMT-K022",
                   .message = fmt::format("standard output: {}", std::generic_category().message(error))};
  tell(told, as_json);
  return exit_code(told.kind);
}

int run(const std::vector<std::string>& words) {
  const bool as_json = cli::wants_json(words);
  const auto command = cli::read_command_line(words);
  if (!command) {
    tell(command.error(), as_json);
    return exit_code(command.error().kind);
  }
  const auto done = (*command)();
  if (std::fflush(stdout) != 0) return unwritten(errno, as_json);
  if (done) return *done;
  tell(done.error(), as_json);
  return exit_code(done.error().kind);
}

}  // namespace

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);  // a server outlives those who leave
  sandbox::close_own_memory();    // keys pass through it
  server::start_logging({.level = "error"});
  const std::vector<std::string> words(argv + 1, argv + argc);
  try {
    return run(words);
  } catch (const std::system_error& error) {
    if (std::ferror(stdout) != 0) return unwritten(error.code().value(), cli::wants_json(words));
    fmt::print(stderr, "a defect: {}\n", error.what());
  } catch (const std::exception& error) {
    fmt::print(stderr, "a defect: {}\n", error.what());
  }
  return exit_code(ErrorKind::kInternal);
}
