// HttpTransport: an upstream session's messages over Streamable HTTP (MCP 2025-11-25, "Transports").
//
// Each message is a POST of its own; its answer comes as one document or as a stream of events. A stream that
// the server may write to of its own accord is asked for with GET once the session is open. Notifications are
// waited for before what follows them is sent, so that order is kept where it matters; requests run side by
// side.
//
// A request that gets no answer is reported alone (OnLost), so that the others go on; a session that the
// server no longer knows (404) closes the transport.
//
// Destroying it cuts at once: nothing more is written to any connection.
//
// Thread-safety: everything on its loop.

#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <string>

#include "http/client.h"
#include "http/loop.h"
#include "mcp/message.h"
#include "mcp/transport.h"

namespace remit::gateway {

struct HttpTransportLimits {
  std::size_t max_message_bytes = 8 * 1024 * 1024;
  std::chrono::milliseconds answer_timeout{60'000};
};

class HttpTransport final : public mcp::Transport {
 public:
  // The answer to this request will not come. kUnavailable: it did not arrive. RMT-U008: the server refused
  // it (HTTP 4xx). Any other: it may have had its effect.
  using OnLost = std::function<void(const mcp::Id& request, Error why)>;
  using OnParsed = std::function<void(mcp::Message message)>;

  // `headers` go with every request: the destination's credential. Errors: kInvalid RMT-H028.
  static Result<std::unique_ptr<HttpTransport>> make(http::Loop& loop, http::Client& client,
                                                     std::string_view url, http::Headers headers,
                                                     HttpTransportLimits limits);
  ~HttpTransport() override;

  Result<void> send(std::string message) override;
  Result<void> send_request(const mcp::Id& id, std::string message) override;
  void receive(OnMessage on_message, OnClosed on_closed) override;
  void on_lost(OnLost on_lost);
  // What came and is a message goes here in place of OnMessage, so that it is parsed once.
  void on_parsed(OnParsed on_parsed);

  // After initialize: the version goes with every request from now on, and the server's own stream is opened.
  void start(std::string_view protocol_version);

 private:
  // Outlives the transport while coroutines run; `cut` says that it is gone.
  struct State;
  explicit HttpTransport(std::shared_ptr<State> state) : state_(std::move(state)) {}
  std::shared_ptr<State> state_;
};

}  // namespace remit::gateway
