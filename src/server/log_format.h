// The server's log: one JSON object a line on standard error, {"time","level","message"}.
//
// Messages are for operators; no secret, no argument and no result of a call is ever in one. Bytes that
// are not UTF-8 are shown as U+FFFD.

#pragma once

#include <string_view>

namespace remit::server {

// Installs the format and the level ("debug", "info", "warn", "error") as the process's logger.
void start_logging(std::string_view level);

}  // namespace remit::server
