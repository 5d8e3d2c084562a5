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
constexpr std::size_t kMaxDiscarded = std::size_t{64} * 1024 * 1024;  // what matters is kLinger
constexpr std::chrono::milliseconds kLinger{1000};                    // without a byte
// What a stream begins with, so that intermediaries and clients see it open at once.
constexpr std::string_view kFirstComment = "open";
constexpr std::string_view kKeepAliveComment = "keep-alive";

ParseLimits limits_of(const ServerOptions& options) {
  return {.header_bytes = options.max_header_bytes,
          .fields = options.max_fields,
          .body_bytes = options.max_body_bytes,
          .dropped_bytes = options.salvage ? options.max_dropped_bytes : 0};
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
      parser_(RequestParser::make(limits_of(core_->options), core_->options.salvage)),
      buffer_(kIdleBuffer) {}

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
  while (!closed_) {
    auto failure = co_await read_request();
    if (failure) co_await refuse(*failure);
    if (failure || !parser_->done()) break;
    co_await answer(parser_->request());
    if (!keep_alive_) break;
    parser_->reset();
  }
}

// Ends with a whole request in the parser, a failure to answer, or neither: then there is nobody to answer.
Task<std::optional<ParseFailure>> Connection::read_request() {
  const auto& options = core_->options;
  bool begun = false;
  bool header_done = false;
  timed_out_ = false;
  if (!reading_ && begin_ == end_ && buffer_.size() > kIdleBuffer) buffer_ = std::vector<char>(kIdleBuffer);
  set_deadline(Phase::kIdle, options.idle_timeout);
  while (!closed_) {
    while (begin_ != end_) {
      if (!begun) set_deadline(Phase::kReading, options.header_timeout);
      begun = true;
      const auto used = parser_->feed(unread());
      if (!used) co_return used.error();
      begin_ += *used;
      if (parser_->done()) {
        clear_deadline();
        co_return std::nullopt;
      }
      if (parser_->header_done() && !header_done) {
        header_done = true;
        set_deadline(Phase::kReading, options.body_timeout);
        if (parser_->expects_continue() && begin_ == end_) {
          if (!co_await write("HTTP/1.1 100 Continue\r\n\r\n", {})) co_return std::nullopt;
          set_deadline(Phase::kReading, options.body_timeout);
        }
      }
      if (*used == 0) break;
    }
    if (input_ended_ || (draining_ && !begun)) co_return std::nullopt;
    start_read();
    co_await wake_.wait();
    if (timed_out_ && !begun) co_return std::nullopt;
    if (timed_out_)
      co_return ParseFailure{408,
                             {ErrorKind::kInvalid, "RMT-H004", "the request did not come whole in time"}};
  }
  co_return std::nullopt;
}

// The parser keeps the request until the answer is written.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters)
Task<void> Connection::answer(Request& request) {
  const auto& options = core_->options;
  if (options.host_allowed) {
    const auto* host = request.headers.find("Host");
    if (!options.host_allowed(host != nullptr ? *host : "")) {
      keep_alive_ = false;
      co_await refuse(
          {421,
           {ErrorKind::kForbidden, "RMT-H007", "this server does not answer for the Host that was asked"}});
      co_return;
    }
  }
  request.peer = peer_;
  to_head_ = request.method == Method::kHead;
  keep_alive_ = parser_->keep_alive() && !draining_;

  const bool whole = co_await send_answer(request);
  if (const auto answered = std::exchange(answered_, nullptr)) answered(whole);
}

// Whether all of it was written.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): as answer()
Task<bool> Connection::send_answer(Request& request) {
  auto response = co_await call_handler(request);
  if (stream_) {
    while (!stream_finished_ && !closed_) co_await wake_.wait();
    stream_.reset();
    co_return stream_whole_;
  }
  if (!is_writable(response))
    response = defect("the answer cannot be written: a field or its status is not valid");
  keep_alive_ = keep_alive_ && !draining_;
  auto head = response_head(response, Framing::kLength, keep_alive_, parser_->http_1_1());
  const bool has_body = !to_head_ && response.status != 204 && response.status != 304;
  const bool written =
      co_await write(std::move(head), has_body ? std::string_view(response.body) : std::string_view());
  if (!written) keep_alive_ = false;
  co_return written;
}

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): as answer()
Task<Response> Connection::call_handler(Request& request) {
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
    response = co_await core_->handler(request, exchange);
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
  const auto response = problem(failure.status, failure.error);
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
