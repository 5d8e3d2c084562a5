// The command line: which command was asked for, with what. The one file that sees CLI11 is command_line.cpp.

#pragma once

#include <expected>
#include <functional>

#include "base/result.h"

namespace remit::cli {

// The command, ready to run; or the exit code where there is none (help, version, a wrong option), with
// everything told.
std::expected<std::function<Result<int>()>, int> read_command_line(int argc, char** argv);

}  // namespace remit::cli
