// The command line: which command was asked for, with what. The one file that sees CLI11 is command_line.cpp.

#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/result.h"

namespace remit::cli {

// The command that these words name, ready to run; that may be to show help. Errors: kInvalid RMT-K020, with
// what may have been meant.
Result<std::function<Result<int>()>> read_command_line(const std::vector<std::string>& words);

// Whether they ask for JSON; also of words that are not understood.
bool wants_json(const std::vector<std::string>& words);

}  // namespace remit::cli
