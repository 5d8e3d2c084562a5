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

// Whether a status says that a request was not carried out. A 408, a redirect, or anything that a server or a
// proxy says of its own failure leaves that open.
bool is_refusal(int status) { return status >= 400 && status <= 499 && status != 408; }

// Runs to its end whatever becomes of the transport and its client: tells the server that the session is
// over.
http::Task<void> say_farewell(http::Task<Result<http::Response>> call) {
  // Best effort: a server that does not hear it expires the session by itself.
  std::ignore = co_await std::move(call);
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
    const auto lost = co_await post(self, std::move(message), id);
    if (!id) self->notifying = false;
    if (self->cut) co_return;
    if (lost && id && self->on_lost) self->on_lost(*id, *lost);
    self->next();
  }

  // What went wrong with a request (or a notification, without an id), if anything did: then no answer came.
  static http::Task<std::optional<Error>> post(std::shared_ptr<State> self, std::string message,
                                               std::optional<mcp::Id> id) {
    auto answer =
        co_await self->client.open(self->make_call(http::Method::kPost, std::move(message)),
                                   self->options(id ? self->limits.answer_timeout : kNotificationTimeout));
    if (!answer) co_return std::move(answer).error();
    if (self->cut) co_return std::nullopt;
    if (answer->status == 404 && !self->session_id.empty()) {
      self->close({ErrorKind::kUnavailable, "RMT-U002", "the server has forgotten the session (404)"});
      co_return std::nullopt;
    }
    if (const auto* session = answer->headers.find("Mcp-Session-Id");
        session != nullptr && self->session_id.empty())
      self->session_id = *session;
    const bool ok = answer->status >= 200 && answer->status <= 299;
    if (ok && is_stream(answer->headers)) co_return co_await read_events(self, std::move(answer->body), id);

    std::string body;
    while (true) {
      auto piece = co_await answer->body.read();
      if (!piece) co_return std::move(piece).error();
      if (piece->empty()) break;
      body += *piece;
    }
    if (self->cut) co_return std::nullopt;
    // A refusal may carry a JSON-RPC error, which says more than its status.
    const bool answered = !body.empty() && self->take(std::move(body), id, ok ? Take::kAll : Take::kAnswer);
    if (answered || !id || self->cut) co_return std::nullopt;
    if (ok) co_return no_answer();
    co_return Error{is_refusal(answer->status) ? ErrorKind::kForbidden : ErrorKind::kUnknown,
                    is_refusal(answer->status) ? "RMT-U008" : "RMT-U005",
                    fmt::format("the server answered HTTP {}", answer->status)};
  }

  // Hands a message on. Whether it is the answer to the request of this id; nothing else is handed on where
  // only that is wanted.
  enum class Take { kAll, kAnswer };
  bool take(std::string text, const std::optional<mcp::Id>& id, Take what = Take::kAll) {
    auto message = mcp::parse_message(text, {.max_bytes = limits.max_message_bytes});
    // One that cannot be read, but is an answer by its looks, is the session's to refuse.
    const bool answered =
        id && (message ? message->id() == id && (message->kind() == mcp::MessageKind::kResponse ||
                                                 message->kind() == mcp::MessageKind::kError)
                       : message.error().is_answer && message.error().id == id);
    if (!answered && what == Take::kAnswer) return false;
    if (message)
      receive(std::move(*message));
    else
      on_message(std::move(text));
    return answered;
  }

  static Error no_answer() {
    return {ErrorKind::kUnknown, "RMT-U005", "the server ended its answer without giving one"};
  }

  static http::Task<std::optional<Error>> read_events(std::shared_ptr<State> self, http::BodyReader body,
                                                      std::optional<mcp::Id> id) {
    http::SseParser parser(self->limits.max_message_bytes);
    bool answered = !id;
    while (true) {
      auto piece = co_await body.read();
      if (self->cut) co_return std::nullopt;
      // What came before the break may have been the answer.
      if (!piece) co_return answered ? std::nullopt : std::optional(std::move(piece).error());
      if (piece->empty()) co_return answered ? std::nullopt : std::optional(no_answer());
      auto events = parser.feed(*piece);
      if (!events) co_return answered ? std::nullopt : std::optional(std::move(events).error());
      for (auto& event : *events) {
        if (event.data.empty()) continue;
        if (self->take(std::move(event.data), id)) answered = true;
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
    std::ignore = co_await read_events(self, std::move(answer->body), std::nullopt);
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
