// Completion: scripts for shells that complete the command line, made of the commands that there are.

#pragma once

#include <string>

#include "base/result.h"
#include "cli/command_info.h"

namespace remit::cli {

// For "bash", "zsh" or "fish". Errors: kInvalid RMT-K021 (another shell).
Result<std::string> completion_script(const CommandInfo& root, std::string_view shell);

}  // namespace remit::cli
