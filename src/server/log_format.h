// The server's log: one JSON object a line on standard error, {"time","level","message"}.
//
// Messages are for operators; no secret, no argument and no result of a call is ever in one. Bytes that
// are not UTF-8 are shown as U+FFFD, long ones are cut, and of many lines of one kind a few are written and
// the rest counted (line_limiter.h), but for those at `debug`, where each call is a line
// (docs/server-log.md).

#pragma once

#include <cstddef>
#include <string_view>

namespace remit::server {

struct LogOptions {
  std::string_view level = "info";    // "debug", "info", "warn", "error"
  std::size_t max_line_bytes = 2048;  // of a message
  std::size_t max_lines_of_a_kind = 100;
};

// Installs format, level and bounds as the process's logger.
void start_logging(const LogOptions& options);

}  // namespace remit::server
