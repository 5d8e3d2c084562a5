// HttpTransport: an upstream session's messages over Streamable HTTP (MCP 2025-11-25, "Transports").
//
// Each message is a POST of its own; its answer comes as one document or as a stream of events. A stream that
// the server may write to of its own accord is asked for with GET once the session is open, and again, with
// back-off, whenever it ends. Notifications are waited for before what follows them is sent, so that order is
// kept where it matters; requests run side by side.
//
// A request is written once. Where its stream ends before its answer, behind an event with an id, the rest is
// asked for with GET and Last-Event-ID ("Resumability and Redelivery"), until it comes or is not wanted any
// more. A redirect (307, 308) within the origin is followed once, and the address remembered.
//
// A request that gets no answer is reported alone (OnLost), so that the others go on; also one that was
// refused because the server no longer knows the session.
//
// Destroying it cuts at once: nothing more is written to any connection.
//
// Thread-safety: everything on its loop.

#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "http/client.h"
#include "http/loop.h"
#include "mcp/message.h"
#include "mcp/transport.h"

namespace remit::gateway {

struct HttpTransportOptions {
  http::Headers headers;  // go with every request: the destination's credential
  std::size_t max_message_bytes = 8 * 1024 * 1024;
  // How long an answer may take in all. Whoever waits for less says so with forget().
  std::chrono::milliseconds patience{3'600'000};
};

// All may be empty. Called on the loop, never from within a call of the transport.
struct HttpTransportHandlers {
  // The answer to this request will not come. kUnavailable: it did not arrive. RMT-U080: it was refused since
  // the server does not know the session (kNotFound), or so it seems (kInvalid). RMT-U008: the server refused
  // it (HTTP 4xx). RMT-U081, RMT-U082: the answer cannot be read, or is too large. Any other: it may have had
  // its effect.
  std::function<void(const mcp::Id& request, Error why)> on_lost = {};
  // What came and is a message, in place of OnMessage, so that it is parsed once.
  std::function<void(mcp::Message message)> on_parsed = {};
  // The server's own stream was opened again: what it would have said in between was missed.
  std::function<void()> on_listening_again = {};
  // The server's own stream was refused for the session.
  std::function<void()> on_forgotten = {};
  // For people: what the server should not do, and what was made of it.
  std::function<void(std::string what)> on_remark = {};
  // Before anything is read of a message: takes out of it what nobody may see.
  std::function<void(std::string& text)> clean = {};
};

class HttpTransport final : public mcp::Transport {
 public:
  // Errors: kInvalid RMT-H028.
  static Result<std::unique_ptr<HttpTransport>> make(http::Loop& loop, http::Client& client,
                                                     std::string_view url, HttpTransportOptions options,
                                                     HttpTransportHandlers handlers);
  ~HttpTransport() override;

  Result<void> send(std::string message) override;
  Result<void> send_request(const mcp::Id& id, std::string message) override;
  void forget(const mcp::Id& id) override;
  void receive(OnMessage on_message, OnClosed on_closed) override;

  // After initialize: the version goes with every request from now on, and the server's own stream is opened.
  void start(std::string_view protocol_version);

 private:
  // Outlives the transport while coroutines run; `cut` says that it is gone.
  struct State;
  explicit HttpTransport(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace remit::gateway
