#include "cli/context.h"

#include <cstdlib>

namespace remit::cli {
namespace {

std::filesystem::path variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): before any thread is started
  return value == nullptr ? std::filesystem::path() : std::filesystem::path(value);
}

}  // namespace

std::filesystem::path default_data_folder() {
  if (const auto state = variable("XDG_STATE_HOME"); !state.empty()) return state / "remit";
  if (const auto home = variable("HOME"); !home.empty()) return home / ".local/state/remit";
  return "remit-data";
}

Result<server::Config> load(const Context& context, const std::vector<std::string>& listen) {
  server::Config config;
  if (!context.config_file.empty()) {
    if (!context.data.empty())
      return fail(ErrorKind::kInvalid, "RMT-K001", "--config and --data were both given");
    ASSIGN_OR_RETURN(config, server::load_config(context.config_file));
  } else if (!context.data.empty()) {
    config.data = context.data;
  } else if (const auto set = variable("REMIT_DATA"); !set.empty()) {
    config.data = set;
  } else {
    config.data = default_data_folder();
  }
  config.data = std::filesystem::absolute(config.data);
  if (!listen.empty()) config.listen = listen;
  return config;
}

}  // namespace remit::cli
