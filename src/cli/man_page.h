// Man pages (man(7)): one for each command, made of the commands that there are.

#pragma once

#include <string>

#include "cli/command_info.h"

namespace remit::cli {

// "remit-agent-register.1"
std::string man_page_name(const CommandInfo& command);
std::string man_page(const CommandInfo& command, const CommandInfo& root);

}  // namespace remit::cli
