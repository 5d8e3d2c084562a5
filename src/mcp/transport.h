// The seam between a session with an MCP server and the way its messages travel (stdio, Streamable HTTP, or a
// test).
//
// Thread-safety: a transport and the session on it belong to one strand; every call in either direction is
// made there.

#pragma once

#include <functional>
#include <string>

#include "base/result.h"
#include "mcp/message.h"

namespace remit::mcp {

class Transport {
 public:
  using OnMessage = std::function<void(std::string text)>;
  using OnClosed = std::function<void(Error why)>;  // once, and nothing after it

  virtual ~Transport() = default;

  // Queues one message. Order is kept. An error means that it was not and will not be sent.
  virtual Result<void> send(std::string message) = 0;

  // The same for a request, for transports that must know which answer is owed.
  virtual Result<void> send_request(const Id&, std::string message) { return send(std::move(message)); }

  // The answer to this request is not wanted any more. One that is still queued need not be sent.
  virtual void forget(const Id&) {}

  // Before the first send; again to replace both. Neither is called from within send() or receive().
  virtual void receive(OnMessage on_message, OnClosed on_closed) = 0;

  // Ends the session as the protocol wants it ended, beside what goes on here: nothing more is told, and the
  // transport is destroyed next. One that is destroyed without it is cut off.
  virtual void end() {}

  // What the server has said beside its messages, as it came: the last of it, for people to read. It may hold
  // anything, secrets too: see last_words.h.
  virtual std::string remarks() const { return {}; }
};

}  // namespace remit::mcp
