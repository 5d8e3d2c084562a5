// Lists of tools that destinations' servers give, and what the catalog knows of them already.
//
// Thread-safety: pure functions.

#pragma once

#include "mcp/tools.h"
#include "snapshot/snapshot.h"

namespace remit::gateway {

// Identifies a list: its tools, and what of it was set aside.
Digest digest_of(const mcp::ToolPage& listing);

// Whether the catalog has to be told of a list that some loop has heard before: by now another loop may have
// told it of another list. Of a tool that is listed otherwise than it is pinned, this does not know.
bool is_news(const mcp::ToolPage& listing, const DestinationId& destination,
             const snapshot::Snapshot& snapshot);

// Tells the server's log what was set aside: of very many the first. Status has them too.
void log_set_aside(std::string_view destination, const mcp::ToolPage& listing);

}  // namespace remit::gateway
