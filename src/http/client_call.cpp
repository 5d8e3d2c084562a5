#include "http/client_call.h"

#include <fmt/format.h>

#include <algorithm>
#include <boost/asio/error.hpp>

#include "http/serialize.h"

namespace remit::http {

namespace asio = boost::asio;
using boost::system::error_code;
using std::chrono::milliseconds;
using std::chrono::steady_clock;

namespace {

constexpr int kMaxInterim = 16;

}  // namespace

ClientCall::ClientCall(std::shared_ptr<ClientPool> pool, Call call, CallOptions options)
    : pool_(std::move(pool)),
      call_(std::move(call)),
      options_(std::move(options)),
      origin_(call_.url.origin()),
      until_(steady_clock::now() + options_.timeout) {}

// What could throw is a mutex that cannot be locked: that ends the process.
// NOLINTNEXTLINE(bugprone-exception-escape)
ClientCall::~ClientCall() { drop(); }

Result<void> ClientCall::check() const {
  const auto& target = call_.url.target;
  const bool plain =
      target.starts_with('/') && std::ranges::all_of(target, [](char c) { return c > ' ' && c < 0x7f; });
  if (!plain || !is_writable(call_.headers))
    return fail(ErrorKind::kInternal, "RMT-H034",
                "the target or a field of a request to " + origin_ + " is not valid");
  if (options_.cancellation.cancelled())
    return fail(ErrorKind::kUnavailable, "RMT-H026", "cancelled before calling " + origin_);
  return {};
}

Task<Result<void>> ClientCall::run_to_header() {
  if (auto valid = check(); !valid) co_return valid;
  auto sent = co_await send(false);
  if (sent && !*sent) sent = co_await send(true);
  if (!sent) co_return std::unexpected(std::move(sent).error());

  connection_->arm(left());
  new_parser();
  for (int interim = 0;;) {
    while (!parser_->header_done()) {
      auto read = co_await read_once();
      if (!read) co_return read;
    }
    if (response().status >= 200) break;
    // RFC 9110 §15.2: interim answers are passed over; nothing asked for another protocol.
    if (response().status == 101 || ++interim > kMaxInterim)
      co_return fail(ErrorKind::kUnknown, "RMT-H029", "unexpected interim answers from " + origin_);
    new_parser();
    if (auto fed = feed(); !fed) co_return fed;
  }
  co_return Result<void>{};
}

Task<Result<bool>> ClientCall::send(bool fresh) {
  auto lease = pool_->take(origin_, fresh);
  if (!lease) co_return std::unexpected(std::move(lease).error());
  connection_ = lease->connection;
  subscribe();
  if (!lease->used_before) {
    connection_->arm(std::min(left(), pool_->options().connect_timeout));
    auto connected = co_await connection_->connect(call_.url);
    if (!connected) {
      drop();
      co_return std::unexpected(std::move(connected).error());
    }
  }
  // The stop that a cancellation has posted may stand behind us on the loop: who cancels relies on nothing
  // being written from then on.
  if (options_.cancellation.cancelled()) {
    drop();
    co_return fail(ErrorKind::kUnavailable, "RMT-H026", "cancelled before calling " + origin_);
  }
  connection_->arm(left());
  const auto head =
      request_head(call_.method, call_.url.target, call_.url.authority(), call_.headers, call_.body.size());
  const auto written = co_await connection_->write(head, call_.body);
  sent_ = written.bytes > 0;
  if (!written.error) co_return true;
  const bool stale = lease->used_before && !sent_ && connection_->stopped() == ClientConnection::Stop::kNone;
  auto failure = lost(written.error.message());
  drop();
  if (stale) co_return false;
  co_return failure;
}

void ClientCall::new_parser() {
  const ParseLimits limits = {.header_bytes = pool_->options().max_header_bytes,
                              .fields = 256,
                              .body_bytes = options_.max_answer_bytes};
  parser_ = ResponseParser::make(limits, call_.method == Method::kHead);
}

Task<Result<void>> ClientCall::read_once() {
  const auto error = co_await connection_->read_more();
  if (error) {
    // Only an orderly end: a TLS connection that is cut without its close could have been cut by anyone.
    if (error != asio::error::eof || !parser_->header_done() || !parser_->end_of_input())
      co_return lost(error == asio::error::eof ? "the connection was closed" : error.message());
    co_return Result<void>{};
  }
  co_return feed();
}

Result<void> ClientCall::feed() {
  while (!connection_->unread().empty() && !parser_->done()) {
    const auto used = parser_->feed(connection_->unread());
    if (!used && used.error().status == 413)
      return fail(ErrorKind::kTooLarge, "RMT-H023",
                  fmt::format("the answer of {} is over {} bytes", origin_, options_.max_answer_bytes));
    if (!used)
      return fail(ErrorKind::kUnknown, "RMT-H029",
                  fmt::format("{}: {}", origin_, used.error().error.message));
    if (*used == 0) break;
    connection_->consume(*used);
    // The header of an interim answer is followed by another one.
    if (parser_->header_done() && response().status < 200) break;
  }
  return {};
}

Task<Result<void>> ClientCall::read_to_end() {
  while (!parser_->done()) {
    auto read = co_await read_once();
    if (!read) co_return read;
  }
  give_back();
  co_return Result<void>{};
}

Task<Result<std::string>> ClientCall::read_piece() {
  // Its owner may let go of the reader while it waits.
  const auto self = shared_from_this();
  auto& body = response().body;
  if (body.empty() && !parser_->done() && connection_) {
    connection_->arm(options_.read_timeout);
    while (body.empty() && !parser_->done()) {
      auto read = co_await read_once();
      if (!read) {
        drop();
        co_return std::unexpected(std::move(read).error());
      }
    }
    connection_->disarm();
  }
  if (!parser_->done() && !connection_) co_return lost("an earlier read has failed");
  if (parser_->done()) give_back();
  co_return std::exchange(body, {});
}

void ClientCall::header_taken() {
  if (connection_) connection_->disarm();
}

void ClientCall::subscribe() {
  // The call, not its connection: that may serve another one by the time the loop gets to it.
  subscription_ = options_.cancellation.subscribe([&loop = pool_->loop(), call = weak_from_this()] {
    auto stop = [call] {
      if (auto alive = call.lock(); alive && alive->connection_)
        alive->connection_->stop(ClientConnection::Stop::kCancelled);
    };
    // On the loop itself at once: what was cancelled there must not write another byte.
    if (loop.on_own_thread()) return stop();
    loop.post(std::move(stop));
  });
}

void ClientCall::give_back() {
  if (!connection_) return;
  const bool keep = parser_ && parser_->done() && parser_->keep_alive() && connection_->unread().empty() &&
                    connection_->stopped() == ClientConnection::Stop::kNone;
  if (!keep) return drop();
  options_.cancellation.unsubscribe(subscription_);
  connection_->disarm();
  pool_->give_back(origin_, std::exchange(connection_, nullptr));
}

void ClientCall::drop() {
  if (!connection_) return;
  options_.cancellation.unsubscribe(subscription_);
  const auto connection = std::exchange(connection_, nullptr);
  connection->disarm();
  connection->stop(ClientConnection::Stop::kCancelled);
  pool_->discard(origin_);
}

milliseconds ClientCall::left() const {
  return std::max(std::chrono::ceil<milliseconds>(until_ - steady_clock::now()), milliseconds(0));
}

std::unexpected<Error> ClientCall::lost(const std::string& why) const {
  const auto stopped = connection_ ? connection_->stopped() : ClientConnection::Stop::kNone;
  const auto kind = sent_ ? ErrorKind::kUnknown : ErrorKind::kUnavailable;
  switch (stopped) {
    case ClientConnection::Stop::kTimeout:
      return fail(kind, sent_ ? "RMT-H025" : "RMT-H024",
                  fmt::format("no whole answer from {} in time", origin_));
    case ClientConnection::Stop::kCancelled:
      return fail(kind, sent_ ? "RMT-H027" : "RMT-H026", "cancelled while calling " + origin_);
    case ClientConnection::Stop::kNone:
      break;
  }
  return fail(kind, sent_ ? "RMT-H022" : "RMT-H021",
              sent_ ? fmt::format("no whole answer from {}: {}", origin_, why)
                    : fmt::format("the connection to {} was lost: {}", origin_, why));
}

}  // namespace remit::http
