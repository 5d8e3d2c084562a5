#include "gateway/http_transport.h"

#include <fmt/format.h>

#include "http/sse.h"

namespace remit::gateway {
namespace {

constexpr std::chrono::milliseconds kNotificationTimeout{10'000};
constexpr std::chrono::milliseconds kFarewellTimeout{2'000};

bool is_stream(const http::Headers& headers) {
  const auto* type = headers.find("Content-Type");
  return type != nullptr &&
         http::equal_ignoring_case(std::string_view(*type).substr(0, 17), "text/event-stream");
}

// Runs to its end whatever becomes of the transport and its client: tells the server that the session is
// over.
http::Task<void> say_farewell(http::Task<Result<http::Response>> call) {
  // Best effort: a server that does not hear it expires the session by itself.
  const auto answer = co_await std::move(call);
  static_cast<void>(answer);
}

}  // namespace

struct HttpTransport::State : std::enable_shared_from_this<State> {
  http::Loop& loop;
  http::Client& client;
  http::Url url;
  http::Headers headers;
  HttpTransportLimits limits;
  std::string session_id = {};
  std::string version = {};
  OnMessage on_message = {};
  OnClosed on_closed = {};
  OnLost on_lost = {};
  OnParsed on_parsed = {};
  http::Cancellation cancellation = {};
  bool cut = false;
  bool notifying = false;  // a notification is on its way, and what follows it waits
  struct Outgoing {
    std::string text;
    std::optional<mcp::Id> request;  // its id, if it is one
  };
  std::deque<Outgoing> waiting = {};

  State(http::Loop& on, http::Client& with, http::Url to, http::Headers fields, HttpTransportLimits bounds)
      : loop(on), client(with), url(std::move(to)), headers(std::move(fields)), limits(bounds) {}

  http::Call make_call(http::Method method, std::string body = {}) const {
    http::Call call{.method = method, .url = url, .headers = headers, .body = std::move(body)};
    call.headers.set(
        "Accept", method == http::Method::kGet ? "text/event-stream" : "application/json, text/event-stream");
    if (method == http::Method::kPost) call.headers.set("Content-Type", "application/json");
    if (!session_id.empty()) call.headers.set("Mcp-Session-Id", session_id);
    if (!version.empty()) call.headers.set("MCP-Protocol-Version", version);
    return call;
  }

  http::CallOptions options(std::chrono::milliseconds timeout) const {
    return {.timeout = timeout,
            .read_timeout = limits.answer_timeout,
            .max_answer_bytes = limits.max_message_bytes,
            .cancellation = cancellation};
  }

  void close(Error why) {
    if (cut) return;
    cut = true;
    cancellation.cancel();
    if (on_closed) on_closed(std::move(why));
  }

  void next() {
    while (!notifying && !waiting.empty() && !cut) {
      auto message = std::move(waiting.front());
      waiting.pop_front();
      dispatch(std::move(message));
    }
  }

  void dispatch(Outgoing message) {
    notifying = !message.request;
    loop.spawn(deliver(shared_from_this(), std::move(message.text), std::move(message.request)));
  }

  Result<void> queue(Outgoing message) {
    if (cut) return fail(ErrorKind::kUnavailable, "RMT-U002", "the session with the server is closed");
    waiting.push_back(std::move(message));
    // Not from within: receivers may be called no earlier than after this returns.
    loop.post([self = shared_from_this()] { self->next(); });
    return {};
  }

  void receive(mcp::Message message) {
    if (on_parsed) return on_parsed(std::move(message));
    on_message(std::string(message.text()));
  }

  static http::Task<void> deliver(std::shared_ptr<State> self, std::string message,
                                  std::optional<mcp::Id> id) {
    if (self->cut) co_return;  // before it began: nothing is written, and the client may be gone
    const auto lost = co_await post(self, std::move(message), id.has_value());
    if (!id) self->notifying = false;
    if (self->cut) co_return;
    if (lost && id && self->on_lost) self->on_lost(*id, *lost);
    self->next();
  }

  // What went wrong, if anything did: then no answer came.
  static http::Task<std::optional<Error>> post(std::shared_ptr<State> self, std::string message,
                                               bool is_request) {
    const auto timeout = is_request ? self->limits.answer_timeout : kNotificationTimeout;
    auto answer = co_await self->client.open(self->make_call(http::Method::kPost, std::move(message)),
                                             self->options(timeout));
    if (!answer) co_return std::move(answer).error();
    if (self->cut) co_return std::nullopt;
    if (answer->status == 404 && !self->session_id.empty()) {
      self->close({ErrorKind::kUnavailable, "RMT-U002", "the server has forgotten the session (404)"});
      co_return std::nullopt;
    }
    if (const auto* id = answer->headers.find("Mcp-Session-Id"); id != nullptr && self->session_id.empty())
      self->session_id = *id;
    const bool refused = answer->status < 200 || answer->status > 299;
    bool answered = false;
    if (!refused && is_stream(answer->headers)) {
      if (auto failed = co_await read_events(self, std::move(answer->body), answered)) co_return failed;
    } else {
      std::string body;
      while (true) {
        auto piece = co_await answer->body.read();
        if (!piece) co_return std::move(piece).error();
        if (piece->empty()) break;
        body += *piece;
      }
      // A refusal may carry a JSON-RPC error, which says more than its status.
      if (!self->cut && !body.empty()) {
        auto received = mcp::parse_message(std::move(body), {.max_bytes = self->limits.max_message_bytes});
        answered = received.has_value();
        if (received) self->receive(std::move(*received));
      }
    }
    if (answered || !is_request || self->cut) co_return std::nullopt;
    if (refused)
      co_return Error{ErrorKind::kUnavailable, "RMT-U002",
                      fmt::format("the server answered HTTP {}", answer->status)};
    co_return Error{ErrorKind::kUnknown, "RMT-U005", "the server ended its answer without giving one"};
  }

  static http::Task<std::optional<Error>> read_events(std::shared_ptr<State> self, http::BodyReader body,
                                                      bool& answered) {
    http::SseParser parser(self->limits.max_message_bytes);
    while (true) {
      auto piece = co_await body.read();
      if (self->cut) co_return std::nullopt;
      // What came before the break may have been the answer.
      if (!piece) co_return answered ? std::nullopt : std::optional(std::move(piece).error());
      if (piece->empty()) co_return std::nullopt;
      auto events = parser.feed(*piece);
      if (!events) co_return std::move(events).error();
      for (auto& event : *events) {
        if (event.data.empty()) continue;
        auto message = mcp::parse_message(event.data, {.max_bytes = self->limits.max_message_bytes});
        if (message &&
            (message->kind() == mcp::MessageKind::kResponse || message->kind() == mcp::MessageKind::kError))
          answered = true;
        if (message)
          self->receive(std::move(*message));
        else
          self->on_message(std::move(event.data));
        if (self->cut) co_return std::nullopt;
      }
    }
  }

  // The server's own stream. A server may offer none (405), and one that ends is not asked for again: what it
  // would have said is learnt when the session is next opened.
  static http::Task<void> listen(std::shared_ptr<State> self) {
    if (self->cut) co_return;
    auto options = self->options(self->limits.answer_timeout);
    options.read_timeout = std::chrono::hours(24);
    auto answer = co_await self->client.open(self->make_call(http::Method::kGet), std::move(options));
    if (!answer || answer->status != 200 || !is_stream(answer->headers) || self->cut) co_return;
    bool answered = false;
    co_await read_events(self, std::move(answer->body), answered);
  }
};

Result<std::unique_ptr<HttpTransport>> HttpTransport::make(http::Loop& loop, http::Client& client,
                                                           std::string_view url, http::Headers headers,
                                                           HttpTransportLimits limits) {
  ASSIGN_OR_RETURN(auto parsed, http::parse_url(url));
  return std::unique_ptr<HttpTransport>(new HttpTransport(
      std::make_shared<State>(loop, client, std::move(parsed), std::move(headers), limits)));
}

HttpTransport::~HttpTransport() {
  const bool was_open = !state_->cut && !state_->session_id.empty();
  state_->cut = true;
  state_->cancellation.cancel();
  state_->on_message = {};
  state_->on_closed = {};
  state_->on_lost = {};
  state_->on_parsed = {};
  if (was_open)
    state_->loop.spawn(say_farewell(
        state_->client.call(state_->make_call(http::Method::kDelete), {.timeout = kFarewellTimeout})));
}

Result<void> HttpTransport::send(std::string message) {
  return state_->queue({.text = std::move(message), .request = std::nullopt});
}

Result<void> HttpTransport::send_request(const mcp::Id& id, std::string message) {
  return state_->queue({.text = std::move(message), .request = id});
}

void HttpTransport::receive(OnMessage on_message, OnClosed on_closed) {
  state_->on_message = std::move(on_message);
  state_->on_closed = std::move(on_closed);
}

void HttpTransport::on_lost(OnLost on_lost) { state_->on_lost = std::move(on_lost); }

void HttpTransport::on_parsed(OnParsed on_parsed) { state_->on_parsed = std::move(on_parsed); }

void HttpTransport::start(std::string_view protocol_version) {
  state_->version = protocol_version;
  state_->loop.spawn(State::listen(state_));
}

}  // namespace remit::gateway
