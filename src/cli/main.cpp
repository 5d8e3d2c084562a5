// The `remit` command.

#include <fmt/format.h>

#include <csignal>
#include <cstdio>
#include <exception>

#include "cli/command_line.h"
#include "cli/output.h"
#include "sandbox/sandbox.h"
#include "server/log_format.h"

int main(int argc, char** argv) {
  using namespace remit;
  std::signal(SIGPIPE, SIG_IGN);  // `remit audit tail | head` ends with an error of its own
  sandbox::close_own_memory();    // keys pass through it
  server::start_logging({.level = "error"});
  try {
    const auto command = cli::read_command_line(argc, argv);
    if (!command) return command.error();
    const auto done = (*command)();
    if (!done) {
      // The message may quote what others said: a server, a file.
      for (const auto& line : cli::visible_lines(format(done.error()))) fmt::print(stderr, "{}\n", line);
      return exit_code(done.error().kind);
    }
    return *done;
  } catch (const std::exception& error) {
    fmt::print(stderr, "a defect: {}\n", error.what());
    return exit_code(ErrorKind::kInternal);
  }
}
