#include "gateway/http_transport.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <deque>
#include <limits>
#include <map>

#include "gateway/http_answer.h"
#include "http/sse.h"

namespace remit::gateway {
namespace {

using std::chrono::milliseconds;

constexpr milliseconds kNotificationTimeout{10'000};
constexpr milliseconds kFarewellTimeout{2'000};
constexpr milliseconds kStreamOpenTimeout{60'000};
constexpr milliseconds kOwnStreamTimeout{24 * 3'600'000};  // of silence; intermediaries have shorter ones
// Between the end of a stream and the request for the rest of it, whatever the server asks for.
constexpr milliseconds kLeastRetry{50};
constexpr milliseconds kUsualRetry{1'000};
constexpr milliseconds kMostRetry{60'000};
constexpr milliseconds kLinger{5'000};  // for the end of a stream behind its answer
constexpr std::size_t kMaxEventId = 4096;

// Runs to its end whatever becomes of the transport and its client: tells the server that the session is
// over.
http::Task<void> say_farewell(http::Task<Result<http::Response>> call) {
  // Best effort: a server that does not hear it expires the session by itself.
  std::ignore = co_await std::move(call);
}

Error lost(std::string why) { return {ErrorKind::kUnknown, "RMT-U005", std::move(why)}; }
Error unreadable(std::string why) { return {ErrorKind::kUnknown, "RMT-U081", std::move(why)}; }

bool speaks_of_sessions(std::string_view words) {
  constexpr std::string_view kWord = "session";
  return !std::ranges::search(words, kWord, [](char a, char b) { return (a | 0x20) == b; }).empty();
}

// How far a stream was read, across its connections.
struct Position {
  std::string last_event_id = {};
  milliseconds retry = kUsualRetry;

  bool can_resume() const {
    return !last_event_id.empty() && last_event_id.size() <= kMaxEventId &&
           http::is_valid_field("Last-Event-ID", last_event_id);
  }
  void advance(const http::SseParser& parser) {
    if (!parser.last_event_id().empty()) last_event_id = parser.last_event_id();
    if (const auto told = parser.retry())
      retry = std::clamp(milliseconds(std::min<std::uint64_t>(*told, kMostRetry.count())), kLeastRetry,
                         kMostRetry);
  }
};

// The time to wait before the next attempt, after so many in vain.
milliseconds back_off(milliseconds retry, unsigned failures) {
  return std::min(kMostRetry, retry * (1U << std::min(failures, 10U)));
}

// Whether it was waited for so long: false where it was cancelled meanwhile.
http::Task<bool> pause(std::shared_ptr<boost::asio::steady_timer> timer, http::Cancellation cancellation) {
  const auto hook = cancellation.subscribe([timer] { timer->cancel(); });
  if (!cancellation.cancelled())
    co_await timer->async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  cancellation.unsubscribe(hook);
  co_return !cancellation.cancelled();
}

}  // namespace

struct HttpTransport::State : std::enable_shared_from_this<State> {
  http::Loop& loop;
  http::Client& client;
  http::Url url;
  HttpTransportOptions options;
  HttpTransportHandlers handlers;
  OnMessage on_message = {};
  std::string session_id = {};
  std::string version = {};
  http::Cancellation cancellation = {};  // of what is no request's: notifications and the server's own stream
  bool cut = false;
  bool answered = false;   // by a message, so this is an MCP endpoint
  bool notifying = false;  // a notification is on its way, and what follows it waits
  struct Outgoing {
    std::string text;
    std::optional<mcp::Id> request;  // its id, if it is one
  };
  std::deque<Outgoing> waiting = {};
  std::map<mcp::Id, http::Cancellation> open = {};  // requests on their way

  State(http::Loop& on, http::Client& with, http::Url to, HttpTransportOptions how, HttpTransportHandlers who)
      : loop(on), client(with), url(std::move(to)), options(std::move(how)), handlers(std::move(who)) {}

  http::Call make_call(http::Method method, std::string body = {}) const {
    http::Call call{.method = method, .url = url, .headers = options.headers, .body = std::move(body)};
    call.headers.set(
        "Accept", method == http::Method::kGet ? "text/event-stream" : "application/json, text/event-stream");
    if (method == http::Method::kPost) call.headers.set("Content-Type", "application/json");
    if (!session_id.empty()) call.headers.set("Mcp-Session-Id", session_id);
    if (!version.empty()) call.headers.set("MCP-Protocol-Version", version);
    return call;
  }

  // What is held of an answer is bounded message by message, not by the client.
  http::CallOptions call_options(milliseconds timeout, milliseconds read_timeout,
                                 http::Cancellation with) const {
    return {.timeout = timeout,
            .read_timeout = read_timeout,
            .max_answer_bytes = std::numeric_limits<std::size_t>::max(),
            .cancellation = std::move(with)};
  }

  void remark(std::string what) const {
    if (handlers.on_remark) handlers.on_remark(std::move(what));
  }

  // Nothing more is written or handed on.
  void end() {
    cut = true;
    cancellation.cancel();
    for (auto& [id, request] : open) request.cancel();
    waiting.clear();
    handlers = {};
    on_message = {};
  }

  // The queue --------------------------------------------------------------------------------------------

  Result<void> queue(Outgoing message) {
    if (cut) return fail(ErrorKind::kUnavailable, "RMT-U002", "the session with the server is closed");
    if (message.request) open.emplace(*message.request, http::Cancellation());
    waiting.push_back(std::move(message));
    // Not from within: receivers may be called no earlier than after this returns.
    loop.post([self = shared_from_this()] { self->next(); });
    return {};
  }

  void next() {
    while (!notifying && !waiting.empty() && !cut) {
      auto message = std::move(waiting.front());
      waiting.pop_front();
      notifying = !message.request;
      loop.spawn(deliver(shared_from_this(), std::move(message)));
    }
  }

  void forget(const mcp::Id& id) {
    std::erase_if(waiting, [&](const Outgoing& message) { return message.request == id; });
    if (auto request = open.extract(id); !request.empty()) request.mapped().cancel();
  }

  static http::Task<void> deliver(std::shared_ptr<State> self, Outgoing message) {
    if (self->cut) co_return;  // before it began: nothing is written, and the client may be gone
    if (!message.request) {
      co_await notify(self, std::move(message.text));
      self->notifying = false;
    } else if (const auto request = self->open.find(*message.request); request != self->open.end()) {
      const auto why = co_await ask(self, std::move(message.text), *message.request, request->second);
      const bool wanted = self->open.erase(*message.request) > 0;
      if (why && wanted && !self->cut && self->handlers.on_lost)
        self->handlers.on_lost(*message.request, *why);
    }
    if (!self->cut) self->next();
  }

  // One message ------------------------------------------------------------------------------------------

  // A redirect within the origin is followed once: it says that the request was not looked at.
  static http::Task<Result<http::StreamedResponse>> post(std::shared_ptr<State> self, std::string message,
                                                         http::CallOptions how) {
    auto answer = co_await self->client.open(self->make_call(http::Method::kPost, message), how);
    if (!answer || self->cut) co_return answer;
    auto to = redirect_within(self->url, answer->status, answer->headers);
    if (!to) co_return answer;
    self->remark(fmt::format("it redirects to {}, which is in its origin and was followed (HTTP {})",
                             to->target, answer->status));
    self->url = std::move(*to);
    co_return co_await self->client.open(self->make_call(http::Method::kPost, std::move(message)), how);
  }

  // Whether a notification is heard does not matter to anyone; that it was sent before what follows does.
  static http::Task<void> notify(std::shared_ptr<State> self, std::string message) {
    const auto how = self->call_options(kNotificationTimeout, kNotificationTimeout, self->cancellation);
    auto answer = co_await post(self, std::move(message), how);
    if (!answer || self->cut) co_return;
    // To its end, so that the connection serves again; no server has much to say here.
    for (std::size_t bytes = 0; bytes < self->options.max_message_bytes;) {
      const auto piece = co_await answer->body.read();
      if (!piece || piece->empty()) co_return;
      bytes += piece->size();
    }
  }

  // What went wrong with a request, if anything did: then no answer came.
  static http::Task<std::optional<Error>> ask(std::shared_ptr<State> self, std::string message, mcp::Id id,
                                              http::Cancellation cancellation) {
    const auto patience = self->options.patience;
    const bool had_session = !self->session_id.empty();
    auto answer =
        co_await post(self, std::move(message), self->call_options(patience, patience, cancellation));
    if (!answer) co_return std::move(answer).error();
    if (self->cut) co_return std::nullopt;
    const bool ok = answer->status >= 200 && answer->status <= 299;
    if (const auto* session = answer->headers.find("Mcp-Session-Id"); ok && session && !had_session)
      self->session_id = *session;
    if (ok && is_stream(answer->headers))
      co_return co_await follow(self, std::move(answer->body), std::move(id), cancellation);

    auto body = co_await self->whole(answer->body);
    if (self->cut) co_return std::nullopt;
    if (!body) co_return std::move(body).error();
    if (self->handlers.clean) self->handlers.clean(*body);
    co_return ok ? self->read_document(answer->status, answer->headers, std::move(*body), id)
                 : self->read_refusal(answer->status, answer->headers, *body, id, had_session);
  }

  // NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): the caller waits
  http::Task<Result<std::string>> whole(http::BodyReader& from) {
    const auto self = shared_from_this();
    std::string body;
    while (true) {
      auto piece = co_await from.read();
      if (!piece) co_return std::unexpected(std::move(piece).error());
      if (piece->empty()) co_return body;
      if (body.size() + piece->size() > options.max_message_bytes) co_return std::unexpected(too_large());
      body += *piece;
    }
  }

  Error too_large() const {
    return {ErrorKind::kUnknown, "RMT-U082",
            fmt::format("an answer of the server is over the limit of {} bytes", options.max_message_bytes)};
  }

  // The answer as one document, its credential taken out.
  std::optional<Error> read_document(int status, const http::Headers& headers, std::string body,
                                     const mcp::Id& id) {
    if (const auto encoding = unasked_encoding(headers); !encoding.empty())
      return unreadable(
          fmt::format("its answer is compressed (Content-Encoding: {}), which was not asked for", encoding));
    if (body.empty())
      return unreadable(status == 200
                            ? "its answer is empty (HTTP 200)"
                            : fmt::format("it accepted the request (HTTP {}) and gave no answer", status));
    auto message = mcp::parse_message(std::move(body), mcp::server_limits(options.max_message_bytes));
    if (!message) return unreadable("its answer cannot be read: " + message.error().error.message);
    const bool is_the_answer = answers(*message, id);
    hand_on(std::move(*message));
    return is_the_answer ? std::nullopt : std::optional(lost("the server answered with something else"));
  }

  // An HTTP error. It may carry the answer, as a JSON-RPC error under the request's id, which says more than
  // a status. Else a server that does not know the session says so with 404, and many say so with 400
  // (2025-11-25, "Session Management").
  std::optional<Error> read_refusal(int status, const http::Headers& headers, const std::string& body,
                                    const mcp::Id& id, bool had_session) {
    const auto words = words_of(headers, body);
    const bool of_session = had_session && (status == 404 || status == 400);
    if (auto message = mcp::parse_message(body, mcp::server_limits(options.max_message_bytes));
        message && answers(*message, id) && !(of_session && status == 404 && speaks_of_sessions(words))) {
      hand_on(std::move(*message));
      return std::nullopt;
    }
    auto text = describe_answer(url, status, headers, body, !answered);
    if (of_session)
      return Error{status == 404 ? ErrorKind::kNotFound : ErrorKind::kInvalid, "RMT-U080", std::move(text)};
    if (is_refusal(status)) return Error{ErrorKind::kForbidden, "RMT-U008", std::move(text)};
    return lost(std::move(text));
  }

  static bool answers(const mcp::Message& message, const mcp::Id& id) {
    const bool is_answer =
        message.kind() == mcp::MessageKind::kResponse || message.kind() == mcp::MessageKind::kError;
    return is_answer && message.id() && message.id()->as_own() == id.as_own();
  }

  void hand_on(mcp::Message message) {
    answered = true;
    if (handlers.on_parsed) return handlers.on_parsed(std::move(message));
    if (on_message) on_message(std::string(message.text()));
  }

  // Streams ----------------------------------------------------------------------------------------------

  struct End {
    bool answered = false;
    bool final = false;  // there is no use in asking for the rest
    Error why = lost("the server ended its answer without giving one");
  };

  // Reads one connection of a stream. `id`: until the answer to this request has come, and then, for what
  // else comes with it, to the end.
  // NOLINTBEGIN(cppcoreguidelines-avoid-reference-coroutine-parameters): the caller waits
  static http::Task<End> read_events(std::shared_ptr<State> self, http::BodyReader body,
                                     std::optional<mcp::Id> id, Position& position,
                                     http::Cancellation cancellation) {
    // NOLINTEND(cppcoreguidelines-avoid-reference-coroutine-parameters)
    http::SseParser parser(self->options.max_message_bytes);
    End end;
    // A server should end the stream behind the answer; then its connection serves again.
    http::Deadline linger(self->loop, [cancellation] mutable { cancellation.cancel(); });
    while (true) {
      auto piece = co_await body.read();
      if (self->cut) co_return end;
      if (!piece || piece->empty()) {
        if (!piece && !end.final) end.why = std::move(piece).error();
        co_return end;
      }
      auto events = parser.feed(*piece);
      position.advance(parser);
      if (!events) {
        end.why = self->too_large();
        end.final = true;
        co_return end;
      }
      for (auto& event : *events) {
        if (!event.data.empty()) self->take_event(std::move(event.data), id, end);
        if (self->cut || (end.final && !end.answered)) co_return end;
      }
      if (end.answered && !linger.armed()) linger.arm(kLinger);
    }
  }

  void take_event(std::string text, const std::optional<mcp::Id>& id, End& end) {
    if (handlers.clean) handlers.clean(text);
    auto message = mcp::parse_message(std::move(text), mcp::server_limits(options.max_message_bytes));
    if (message) {
      if (id && answers(*message, *id)) end.answered = true;
      return hand_on(std::move(*message));
    }
    const auto& refusal = message.error();
    remark("an event of its stream cannot be read: " + refusal.error.message);
    // On the stream of a request what has no other id is its answer.
    if (!id || !refusal.is_answer || (refusal.id && refusal.id->as_own() != id->as_own())) return;
    end.why = unreadable("its answer cannot be read: " + refusal.error.message);
    end.final = true;
  }

  // The stream that answers a request, over as many connections as it takes. The POST is never repeated.
  static http::Task<std::optional<Error>> follow(std::shared_ptr<State> self, http::BodyReader first,
                                                 mcp::Id id, http::Cancellation cancellation) {
    Position position;
    auto end = co_await read_events(self, std::move(first), id, position, cancellation);
    unsigned failures = 0;
    while (!end.answered && !end.final && position.can_resume() && !self->cut) {
      auto timer = std::make_shared<boost::asio::steady_timer>(self->loop.context(),
                                                               back_off(position.retry, failures));
      if (!co_await pause(std::move(timer), cancellation) || self->cut) break;
      auto call = self->make_call(http::Method::kGet);
      call.headers.set("Last-Event-ID", position.last_event_id);
      auto again = co_await self->client.open(
          std::move(call), self->call_options(kStreamOpenTimeout, self->options.patience, cancellation));
      if (self->cut) break;
      // 409: it has not noticed yet that the connection is gone.
      if (!again || again->status >= 500 || again->status == 429 || again->status == 409) {
        ++failures;
        if (again)
          end.why = lost(fmt::format(
              "its stream broke off, and HTTP {} is the answer to the request for the rest", again->status));
        continue;
      }
      if (again->status != 200 || !is_stream(again->headers)) {
        end.why = lost(
            fmt::format("its stream broke off, and it refuses to give the rest (HTTP {})", again->status));
        break;
      }
      failures = 0;
      end = co_await read_events(self, std::move(again->body), id, position, cancellation);
    }
    co_return end.answered ? std::nullopt : std::optional(std::move(end.why));
  }

  // The server's own stream. A server may offer none (405).
  static http::Task<void> listen(std::shared_ptr<State> self) {
    Position position;
    unsigned failures = 0;
    bool had_one = false;
    while (!self->cut) {
      auto call = self->make_call(http::Method::kGet);
      if (position.can_resume()) call.headers.set("Last-Event-ID", position.last_event_id);
      auto stream = co_await self->client.open(
          std::move(call), self->call_options(kStreamOpenTimeout, kOwnStreamTimeout, self->cancellation));
      if (self->cut) co_return;
      if (stream && stream->status == 200 && is_stream(stream->headers)) {
        if (std::exchange(had_one, true) && self->handlers.on_listening_again)
          self->handlers.on_listening_again();
        const auto opened = std::chrono::steady_clock::now();
        std::ignore =
            co_await read_events(self, std::move(stream->body), std::nullopt, position, self->cancellation);
        // One that ends as soon as it is opened is asked for ever more seldom.
        failures = std::chrono::steady_clock::now() - opened > kUsualRetry ? 0 : failures + 1;
      } else if (stream && stream->status < 500 && stream->status != 429 && stream->status != 408 &&
                 stream->status != 409) {
        const bool forgotten = had_one && (stream->status == 404 || stream->status == 400);
        if (forgotten && self->handlers.on_forgotten) self->handlers.on_forgotten();
        co_return;
      } else {
        ++failures;
      }
      if (self->cut) co_return;
      auto timer = std::make_shared<boost::asio::steady_timer>(
          self->loop.context(), back_off(position.retry, failures == 0 ? 0 : failures - 1));
      if (!co_await pause(std::move(timer), self->cancellation)) co_return;
    }
  }
};

Result<std::unique_ptr<HttpTransport>> HttpTransport::make(http::Loop& loop, http::Client& client,
                                                           std::string_view url, HttpTransportOptions options,
                                                           HttpTransportHandlers handlers) {
  ASSIGN_OR_RETURN(auto parsed, http::parse_url(url));
  options.headers.set("Accept-Encoding", "identity");
  return std::unique_ptr<HttpTransport>(new HttpTransport(
      std::make_shared<State>(loop, client, std::move(parsed), std::move(options), std::move(handlers))));
}

HttpTransport::~HttpTransport() {
  const bool was_open = !state_->cut && !state_->session_id.empty();
  state_->end();
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

void HttpTransport::forget(const mcp::Id& id) { state_->forget(id); }

void HttpTransport::receive(OnMessage on_message, OnClosed) { state_->on_message = std::move(on_message); }

void HttpTransport::start(std::string_view protocol_version) {
  state_->version = protocol_version;
  state_->loop.spawn(State::listen(state_));
}

}  // namespace remit::gateway
