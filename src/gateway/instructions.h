// What the servers of an agent's destinations say to whoever uses them, as the gateway hands it on at
// initialize (MCP 2025-11-25, "Lifecycle / Initialization").
//
// Each server's words are marked as its own, bounded, and shown with nothing hidden in them: they reach the
// model. They are those that a person took in with the last scan, since what a server says later nobody has
// read.
//
// Thread-safety: a pure function.

#pragma once

#include <span>
#include <string>

#include "snapshot/types.h"

namespace remit::gateway {

// Empty if none of them says anything. Each destination is named once, in the order given.
std::string joined_instructions(std::span<const snapshot::Destination* const> destinations);

}  // namespace remit::gateway
