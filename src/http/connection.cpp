#include "http/connection.h"

#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cstring>
#include <exception>

#include "http/problem.h"
#include "http/serialize.h"

namespace remit::http {
namespace {

namespace asio = boost::asio;
using boost::system::error_code;

constexpr std::size_t kIdleBuffer = std::size_t{8} * 1024;
constexpr std::size_t kBodyBuffer = std::size_t{64} * 1024;
constexpr std::size_t kMostDropped = std::size_t{64} * 1024;          // of a body whose request is refused
constexpr std::size_t kMaxDiscarded = std::size_t{64} * 1024 * 1024;  // what matters is kLinger
constexpr std::chrono::milliseconds kLinger{1000};                    // without a byte
// What a stream begins with, so that intermediaries and clients see it open at once.
constexpr std::string_view kFirstComment = "open";
constexpr std::string_view kKeepAliveComment = "keep-alive";

ParseLimits limits_of(const ServerOptions& options) {
  return {.header_bytes = options.max_header_bytes,
          .fields = options.max_fields,
          .body_bytes = options.max_body_bytes,
          .dropped_bytes = options.max_dropped_bytes};
}

ParseFailure too_slow() {
  return {408, {ErrorKind::kInvalid, "RMT-H004", "the request did not come whole in time"}};
}

Response defect(std::string detail) {
  return problem(500, {ErrorKind::kInternal, "RMT-H009", std::move(detail)});
}

}  // namespace

Connection::Connection(std::shared_ptr<ServerCore> core, Loop& loop, Socket socket, Peer peer)
    : core_(std::move(core)),
      loop_(loop),
      socket_(std::move(socket)),
      peer_(std::move(peer)),
      deadline_(loop, [this] { on_deadline(); }),
      wake_(loop),
      parser_(RequestParser::make(limits_of(core_->options))),
      buffer_(kIdleBuffer),
      idle_since_(std::chrono::steady_clock::now().time_since_epoch().count()) {}

std::optional<Connection::Idleness> Connection::idle() const {
  const auto since = idle_since_.load(std::memory_order_relaxed);
  if (since == 0) return std::nullopt;
  return Idleness{.proven = proven_.load(std::memory_order_relaxed), .since = since};
}

void Connection::start() {
  asio::co_spawn(
      loop_.context(), [self = shared_from_this()] { return self->run(); },
      // Out of memory or a defect: this connection ends, the others go on.
      [self = shared_from_this()](const std::exception_ptr&) {
        self->close();
        self->core_->remove(self);
      });
}

void Connection::turn_away() {
  const auto response =
      problem(503, {ErrorKind::kUnavailable, "RMT-H008", "this server has all the connections it takes"});
  const auto text = response_head(response, Framing::kLength, false, true) + response.body;
  // A new socket has room for so little; if not, the client sees the close alone.
  error_code ignored;
  socket_.non_blocking(true, ignored);
  socket_.write_some(asio::buffer(text), ignored);
  close();
}

Task<void> Connection::run() {
  for (;;) {
    const auto served = co_await serve_one();
    if (!served) co_await refuse(served.error());
    if (!served || !*served || !keep_alive_ || closed_) break;
    parser_->reset();
  }
}

// Reads a request and answers it. A failure stands for an answer after which the connection must close.
Task<Connection::Read> Connection::serve_one() {
  const auto header = co_await read_header();
  if (!header || !*header) co_return header;
  new_ = false;
  Request& request = parser_->request();
  to_head_ = request.method == Method::kHead;
  keep_alive_ = parser_->keep_alive() && !draining_;

  const auto& options = core_->options;
  const auto* host = request.headers.find("Host");
  if (options.host_allowed && !options.host_allowed(host != nullptr ? *host : ""))
    co_return std::unexpected(ParseFailure{
        421, {ErrorKind::kForbidden, "RMT-H007", "this server does not answer for the Host that was asked"}});
  auto admitted = admit(request);
  if (!admitted) co_return co_await answer_early(admitted.error());
  if (const auto fits = parser_->limit_body(admitted->max_body_bytes, std::move(admitted->salvage)); !fits)
    co_return std::unexpected(fits.error());
  if (admitted->proven) {
    proven_.store(true, std::memory_order_relaxed);
    idle_since_.store(0, std::memory_order_relaxed);
  }

  ByteCharge charge(admitted->bodies ? admitted->bodies : options.bodies);
  const auto whole = co_await read_body([&](const std::string& body) -> std::expected<void, ParseFailure> {
    if (charge.grow_to(body.size())) return {};
    return std::unexpected(ParseFailure{
        503, {ErrorKind::kUnavailable, "RMT-H050", "too many bytes of requests are being held already"}});
  });
  if (whole && *whole) co_await answer(request, *admitted);
  idle_since_.store(std::chrono::steady_clock::now().time_since_epoch().count(), std::memory_order_relaxed);
  co_return whole;
}

Task<Connection::Read> Connection::read_header() {
  const auto& options = core_->options;
  bool begun = false;
  timed_out_ = false;
  if (!reading_ && begin_ == end_ && buffer_.size() > kIdleBuffer) buffer_ = std::vector<char>(kIdleBuffer);
  set_deadline(Phase::kIdle, new_ ? options.first_byte_timeout : options.idle_timeout);
  while (!closed_) {
    if (begin_ != end_) {
      if (!begun) set_deadline(Phase::kReading, options.header_timeout);
      begun = true;
      const auto used = parser_->feed(unread());
      if (!used) co_return std::unexpected(used.error());
      begin_ += *used;
      if (parser_->header_done()) {
        clear_deadline();
        co_return true;
      }
      if (*used > 0) continue;
    }
    if (input_ended_ || (draining_ && !begun)) co_return false;
    start_read();
    co_await wake_.wait();
    if (timed_out_ && !begun) co_return false;
    if (timed_out_) co_return std::unexpected(too_slow());
  }
  co_return false;
}

Task<Connection::Read> Connection::read_body(
    std::function<std::expected<void, ParseFailure>(std::string& body)> take) {
  if (parser_->done()) co_return true;
  timed_out_ = false;
  body_until_ = std::chrono::steady_clock::now() + core_->options.body_timeout;
  set_body_deadline();
  if (parser_->expects_continue() && begin_ == end_) {
    if (!co_await write("HTTP/1.1 100 Continue\r\n\r\n", {})) co_return false;
    set_body_deadline();
  }
  while (!closed_) {
    if (begin_ != end_) {
      const auto used = parser_->feed(unread());
      if (!used) co_return std::unexpected(used.error());
      begin_ += *used;
      paced_bytes_ += *used;
      if (const auto taken = take(parser_->request().body); !taken) co_return std::unexpected(taken.error());
      if (parser_->done()) {
        clear_deadline();
        co_return true;
      }
      if (*used > 0) continue;
    }
    if (input_ended_) co_return false;
    start_read();
    co_await wake_.wait();
    if (timed_out_ && body_is_late()) co_return std::unexpected(too_slow());
  }
  co_return false;
}

// The next time to look at how a body comes: the end of its time, or of a stretch of its pace.
void Connection::set_body_deadline() {
  pace_since_ = std::chrono::steady_clock::now();
  paced_bytes_ = 0;
  const auto left = std::chrono::ceil<std::chrono::milliseconds>(body_until_ - pace_since_);
  const bool paced = core_->options.min_body_bytes_per_second > 0;
  set_deadline(Phase::kReading, paced ? std::min(left, core_->options.body_pace_over) : left);
}

// When that time has come.
bool Connection::body_is_late() {
  const auto now = std::chrono::steady_clock::now();
  const auto time = std::chrono::floor<std::chrono::milliseconds>(now - pace_since_).count();
  const auto wanted = core_->options.min_body_bytes_per_second * static_cast<std::size_t>(time) / 1000;
  if (now >= body_until_ || paced_bytes_ < wanted) return true;
  timed_out_ = false;
  set_body_deadline();
  return false;
}

std::expected<Admitted, Response> Connection::admit(Request& request) {
  request.peer = peer_;
  try {
    return core_->admission(request);
  } catch (const std::exception&) {
    return std::unexpected(defect("the request could not be looked at"));
  }
}

// The refusal goes out before the body has come. A short one is read and dropped, so that the client can go
// on here; behind any other the connection closes.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): its caller waits
Task<Connection::Read> Connection::answer_early(const Response& refusal) {
  const bool drops_rest =
      !parser_->expects_continue() && parser_->body_left().value_or(kMostDropped + 1) <= kMostDropped;
  keep_alive_ = keep_alive_ && (parser_->done() || drops_rest);
  if (!co_await write_answer(refusal)) co_return false;
  if (parser_->done()) co_return true;
  if (!keep_alive_) {
    co_await linger(core_->options.body_timeout);
    co_return false;
  }
  const auto rest = co_await read_body([](std::string& body) -> std::expected<void, ParseFailure> {
    body.clear();
    return {};
  });
  co_return rest.value_or(false);  // it has been answered
}

// The parser keeps the request until the answer is written.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters)
Task<void> Connection::answer(Request& request, Admitted& admitted) {
  const bool whole = co_await send_answer(request, admitted);
  if (const auto answered = std::exchange(answered_, nullptr)) answered(whole);
}

// Whether all of it was written.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): as answer()
Task<bool> Connection::send_answer(Request& request, Admitted& admitted) {
  auto response = co_await call_handler(request, admitted);
  if (stream_) {
    while (!stream_finished_ && !closed_) co_await wake_.wait();
    stream_.reset();
    co_return stream_whole_;
  }
  if (!is_writable(response))
    response = defect("the answer cannot be written: a field or its status is not valid");
  const bool written = co_await write_answer(response);
  if (!written) keep_alive_ = false;
  co_return written;
}

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): as answer()
Task<Response> Connection::call_handler(Request& request, Admitted& admitted) {
  handling_ = true;
  gone_ = false;
  stream_finished_ = false;
  stream_whole_ = false;
  stream_headers_ = {};
  if (input_ended_ || closed_) client_gone();
  start_read();
  Response response;
  try {
    Exchange exchange(*this);
    response = co_await admitted.answer(request, exchange);
  } catch (const std::exception&) {
    // What it says may hold anything, so it is not shown.
    response = defect("the handler failed");
    // Half a stream cannot be made into an error: cut it, so that it is not taken for a whole one.
    if (stream_) close();
  }
  handling_ = false;
  gone_callbacks_.clear();
  co_return response;
}

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): the caller waits
Task<bool> Connection::write_answer(const Response& response) {
  keep_alive_ = keep_alive_ && !draining_;
  auto head = response_head(response, Framing::kLength, keep_alive_, parser_->http_1_1());
  const bool has_body = !to_head_ && response.status != 204 && response.status != 304;
  co_return co_await write(std::move(head), has_body ? std::string_view(response.body) : std::string_view());
}

Task<bool> Connection::write(std::string head, std::string_view body) {
  if (closed_) co_return false;
  set_deadline(Phase::kWriting, core_->options.write_timeout);
  const std::array<asio::const_buffer, 2> buffers = {asio::buffer(head),
                                                     asio::buffer(body.data(), body.size())};
  const auto [error, bytes] =
      co_await asio::async_write(socket_, buffers, asio::as_tuple(asio::use_awaitable));
  clear_deadline();
  co_return !error;
}

Task<void> Connection::refuse(ParseFailure failure) {
  auto response = problem(failure.status, failure.error);
  if (failure.status == 503) response.headers.set("Retry-After", "1");
  const bool sent = co_await write(response_head(response, Framing::kLength, false, true), response.body);
  // Whoever sends a body that was refused mostly reads only when it has sent all.
  if (sent) co_await linger(failure.status == 413 ? core_->options.body_timeout : kLinger);
}

// Closing with bytes unread makes the kernel send a reset, which can overtake the answer: let the client read
// it and close first (RFC 9112 §9.6). Ends `within` a time, and before that where nothing comes.
Task<void> Connection::linger(std::chrono::milliseconds within) {
  error_code ignored;
  socket_.shutdown(Socket::shutdown_send, ignored);
  timed_out_ = false;
  const auto until = std::chrono::steady_clock::now() + within;
  std::size_t discarded = 0;
  while (!closed_ && !input_ended_ && !timed_out_ && discarded < kMaxDiscarded &&
         std::chrono::steady_clock::now() < until) {
    discarded += end_ - begin_;
    begin_ = end_;
    start_read();
    set_deadline(Phase::kIdle, kLinger);
    co_await wake_.wait();
  }
}

void Connection::start_read() {
  if (reading_ || input_ended_ || closed_) return;
  if (begin_ > 0) {
    std::memmove(buffer_.data(), buffer_.data() + begin_, end_ - begin_);
    end_ -= begin_;
    begin_ = 0;
  }
  if (!handling_ && !stream_ && (end_ == buffer_.size() || parser_->header_done()) &&
      buffer_.size() < kBodyBuffer)
    buffer_.resize(std::max(kBodyBuffer, core_->options.max_header_bytes + kIdleBuffer));
  // Requests sent ahead wait in the kernel when there is no room for them here.
  if (end_ == buffer_.size()) return;
  reading_ = true;
  socket_.async_read_some(
      asio::buffer(buffer_.data() + end_, buffer_.size() - end_),
      [self = shared_from_this()](error_code error, std::size_t bytes) { self->on_read(error, bytes); });
}

void Connection::on_read(error_code error, std::size_t bytes) {
  reading_ = false;
  end_ += bytes;
  const bool watching = handling_ || stream_;
  if (error) {
    input_ended_ = true;
    if (watching) client_gone();
    if (stream_) close();
  } else if (watching) {
    start_read();
  }
  wake_.notify();
}

void Connection::on_deadline() {
  if (phase_ == Phase::kWriting) return close();
  // Taken by the stream, it is written as events are.
  if (phase_ == Phase::kStreaming) {
    if (stream_) stream_->offer(format_comment(kKeepAliveComment));
    return;
  }
  timed_out_ = true;
  wake_.notify();
}

void Connection::set_deadline(Phase phase, std::chrono::milliseconds from_now) {
  phase_ = phase;
  deadline_.arm(from_now);
}

void Connection::clear_deadline() {
  phase_ = Phase::kNone;
  deadline_.disarm();
}

void Connection::close() {
  if (closed_) return;
  closed_ = true;
  keep_alive_ = false;
  clear_deadline();
  error_code ignored;
  socket_.close(ignored);
  client_gone();
  wake_.notify();
}

void Connection::make_room() {
  if (idle()) return close();
  core_->keep(shared_from_this());
}

void Connection::drain() {
  draining_ = true;
  if (phase_ == Phase::kIdle) wake_.notify();
}

void Connection::client_gone() {
  if (std::exchange(gone_, true)) return;
  if (stream_) {
    stream_finished_ = true;
    stream_->client_gone();
  }
  for (auto& callback : std::exchange(gone_callbacks_, {})) callback();
}

void Connection::on_gone(std::function<void()> callback) {
  if (gone_) return callback();
  gone_callbacks_.push_back(std::move(callback));
}

std::shared_ptr<EventStream> Connection::start_events(Headers headers) {
  for (const auto& [name, value] : std::exchange(stream_headers_, {}))
    if (!headers.contains(name)) headers.add(name, value);
  headers.set("Content-Type", "text/event-stream");
  headers.set("Cache-Control", "no-cache, no-store");
  // A proxy that collects an answer before it passes it on would hold back every event (nginx does).
  headers.set("X-Accel-Buffering", "no");
  const Response response = {.status = 200, .headers = std::move(headers)};
  if (stream_ || to_head_ || !is_writable(response))
    throw std::logic_error("start_events: a second stream, an answer to HEAD, or a field that is not valid");
  // HTTP/1.0 has no chunks: the close of the connection is the end.
  const bool chunked = parser_->http_1_1();
  keep_alive_ = keep_alive_ && chunked;
  auto head = response_head(response, chunked ? Framing::kChunked : Framing::kClose, keep_alive_, chunked);
  StreamState::append(head, format_comment(kFirstComment), chunked);
  stream_ = std::make_shared<StreamState>(shared_from_this(), std::move(head),
                                          core_->options.max_stream_bytes, chunked);
  auto stream = std::make_shared<EventStream>(stream_);
  if (gone_) {
    stream_finished_ = true;
    stream_->client_gone();
  }
  pump_events();
  return stream;
}

void Connection::pump_events() {
  if (stream_writing_ || closed_ || !stream_) return;
  switch (stream_->take(stream_batch_)) {
    case StreamState::Next::kWait:
      return set_deadline(Phase::kStreaming, core_->options.stream_keep_alive);
    case StreamState::Next::kFinished:
      clear_deadline();
      stream_finished_ = true;
      stream_whole_ = !gone_;
      wake_.notify();
      return;
    case StreamState::Next::kWrite:
      break;
  }
  stream_writing_ = true;
  set_deadline(Phase::kWriting, core_->options.write_timeout);
  asio::async_write(socket_, asio::buffer(stream_batch_),
                    [self = shared_from_this()](error_code error, std::size_t) {
                      self->stream_writing_ = false;
                      self->clear_deadline();
                      if (error) return self->close();
                      self->pump_events();
                    });
}

Loop& Exchange::loop() { return connection_.loop(); }
bool Exchange::client_gone() const { return connection_.gone(); }
void Exchange::on_client_gone(std::function<void()> gone) { connection_.on_gone(std::move(gone)); }
void Exchange::on_answered(std::function<void(bool whole)> answered) {
  connection_.on_answered(std::move(answered));
}
void Exchange::set_stream_headers(Headers headers) { connection_.set_stream_headers(std::move(headers)); }
std::shared_ptr<EventStream> Exchange::start_events(Headers headers) {
  return connection_.start_events(std::move(headers));
}

}  // namespace remit::http
