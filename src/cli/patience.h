// Processes that want the same data folder wait for one another: a command for a server that is starting, a
// server for a command that is at work.

#pragma once

#include <memory>

#include "base/result.h"
#include "server/config.h"
#include "server/plane.h"

namespace remit::cli {

// Whether the folder's socket is answered.
bool is_served(const server::DataFolder& folder);

// Opens the plane, or waits until whoever has its store has let it go; says on standard error whom it waits
// for. Nothing: a server has it, and answers. Errors: those of the plane; RMT-S001 if it took longer than 30
// s.
Result<std::unique_ptr<server::Plane>> open_plane(const server::Config& config);

}  // namespace remit::cli
