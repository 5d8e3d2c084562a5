// Usage: what is wrong with a command line, and what was meant. Private to command_line.cpp; sees CLI11.

#pragma once

#include <CLI/CLI.hpp>

#include "base/error.h"
#include "cli/command_info.h"

namespace remit::cli {

// The command that was named last: "remit agent register".
const CLI::App& last_command(const CLI::App& root);

// Error of a line that could not be read: RMT-K020, with the command or option that was meant.
Error usage_error(const CLI::App& root, const CLI::ParseError& error);

CommandInfo describe(const CLI::App& app, const std::string& path);

}  // namespace remit::cli
