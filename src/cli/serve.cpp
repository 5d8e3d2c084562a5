// The long-running plane.

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <cstdio>

#include "cli/commands.h"
#include "cli/stop_signal.h"
#include "server/log_format.h"
#include "server/plane.h"

namespace remit::cli {

Result<int> serve(const Context& context, const ServeOptions& options) {
  ASSIGN_OR_RETURN(const auto config, load(context, options.listen));
  const StopSignal stop;  // before any thread
  server::start_logging({.level = config.log_level,
                         .max_line_bytes = config.limits.bytes("log_line_bytes"),
                         .max_lines_of_a_kind = config.limits.count("log_lines")});
  ASSIGN_OR_RETURN(const auto plane, server::Plane::open(config));
  ASSIGN_OR_RETURN(const auto addresses, plane->listen());
  for (const auto& address : addresses) fmt::print("listening http://{}\n", address);
  for (const auto& sentence : plane->children().told()) {
    fmt::print("{}\n", sentence);
    spdlog::info("{}", sentence);
  }
  fmt::print("ready\n");
  std::fflush(stdout);
  spdlog::info("ready: version {}, data {}, {}", REMIT_VERSION, config.data.string(), plane->public_url());

  stop.wait();
  spdlog::info("stopping: calls in flight have {} s to finish", config.drain.count());
  const bool finished = plane->stop();
  spdlog::info(finished ? "stopped" : "stopped: some calls were cut off");
  return kOk;
}

}  // namespace remit::cli
