// Trace context: what a call's `_meta` may carry from the agent through to the destination, so that one trace
// shows both sides.
//
// Rules: MCP SEP-414 (the keys of `_meta`); W3C Trace Context, Level 1, §3.2 (traceparent), §3.3
// (tracestate); W3C Baggage, §3.3 (format and limits). A value of another form, or beyond the limits that
// these set, is left out whole, as they say; so is a tracestate whose traceparent was.
//
// Thread-safety: pure functions.

#pragma once

#include <boost/json/object.hpp>
#include <string>
#include <string_view>

namespace remit::mcp {

bool is_traceparent(std::string_view value);
bool is_tracestate(std::string_view value);  // at most 512 bytes and 32 members
bool is_baggage(std::string_view value);     // at most 8,192 bytes and 64 members

// A `_meta` object with the trace context of `meta` and nothing else; empty where there is none.
std::string trace_context_of(const boost::json::object& meta);

}  // namespace remit::mcp
