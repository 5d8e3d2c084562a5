// Help for a command that is named, and the version.

#include <fmt/format.h>

#include <boost/json/object.hpp>

#include "cli/command_line.h"
#include "cli/commands.h"
#include "cli/output.h"

namespace remit::cli {

Result<int> show_help(const Context&, const std::vector<std::string>& words) {
  auto line = words;
  line.emplace_back("--help");
  ASSIGN_OR_RETURN(const auto help, read_command_line(line));
  return help();
}

Result<int> show_version(const Context& context) {
  if (context.format == Format::kJson)
    print_json(boost::json::object{{"version", REMIT_VERSION}});
  else
    print_text("remit " REMIT_VERSION "\n");
  return kOk;
}

}  // namespace remit::cli
