// The HTTP/1.1 server (RFC 9112): connections spread over the loops of a group, one coroutine each.
//
// As soon as a request's header is complete it is admitted or refused (Admission): who admits it says how
// large a body it may have, what that is charged to, and what answers it. Only then its body is read, within
// limits, and the request given to its handler; the answer is written with one system call. While the handler
// runs, the connection is watched: a client that goes away is reported (Exchange::on_client_gone), and the
// handler goes on, since what it has begun may have to be finished and recorded. Requests that a client sends
// without waiting are answered one after another, in order.
//
// What never reaches a handler is answered with problem details (problem.h): malformed 400, slow 408, body
// 413, unexpected Host 421, header 431, unknown method or transfer coding 501, version 505. Each of these
// closes the connection, since where the next message starts is then in doubt.
//
// Connections are bounded, in all and for one peer. Where a bound is met, a connection that has been idle
// longest is closed for the new one, those first on which nobody has ever proved who they are; with nobody
// idle, the new one is turned away. Idle is what has no request of somebody proven under way: half a header
// holds no place against those who do their work.
//
// TLS is not done here: put a proxy in front, or use a unix socket.
//
// Thread-safety: Server is thread-safe but for its destructor. Exchange belongs to its handler's loop.

#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <expected>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "base/result.h"
#include "http/body_salvage.h"
#include "http/byte_budget.h"
#include "http/event_stream.h"
#include "http/loop.h"
#include "http/message.h"

namespace remit::http {

struct ServerOptions {
  std::size_t max_header_bytes = 32 * 1024;  // request line and fields together
  std::size_t max_fields = 128;
  std::size_t max_body_bytes = 4 * 1024 * 1024;  // after chunks are joined; an Admission may say less
  // A body that is over its bound by no more than this is read to its end where it is to be salvaged
  // (body_salvage.h).
  std::size_t max_dropped_bytes = 64 * 1024 * 1024;
  std::size_t max_stream_bytes = 1024 * 1024;  // events that wait for a slow reader, per stream
  std::size_t max_connections = 4096;
  std::size_t max_connections_per_peer = 4096;  // of one IPv4 address, or one IPv6 network of 64 bits
  // What the bodies that are being read, or whose requests are being answered, are charged to as they come.
  // Over it: 503 with Retry-After. None: no bound but those of each body and the connections.
  std::shared_ptr<ByteBudget> bodies = {};
  std::chrono::milliseconds first_byte_timeout{10'000};  // of a new connection
  std::chrono::milliseconds header_timeout{
      10'000};  // from the first byte of a request to the end of its header
  std::chrono::milliseconds body_timeout{30'000};  // from there to the end of the body
  // A body that comes slower than that, counted over the time behind it, is answered 408. 0: any pace will
  // do.
  std::size_t min_body_bytes_per_second = 0;
  std::chrono::milliseconds body_pace_over{5'000};
  std::chrono::milliseconds idle_timeout{75'000};   // between requests
  std::chrono::milliseconds write_timeout{30'000};  // for each answer, and each batch of events
  // A stream on which nothing went for so long gets a comment: proxies cut what is silent, nginx after 60 s.
  std::chrono::milliseconds stream_keep_alive{15'000};
  // Whether this server answers for the value of a Host field (DNS rebinding). Empty: for every one. Called
  // on any loop.
  std::function<bool(std::string_view host)> host_allowed = {};
};

class Connection;

// One request and its answer, as the handler sees them. Valid until the handler returns.
class Exchange {
 public:
  explicit Exchange(Connection& connection) : connection_(connection) {}
  Exchange(const Exchange&) = delete;
  Exchange& operator=(const Exchange&) = delete;

  Loop& loop();  // the one that the handler runs on

  // Whether the client has closed its end, or the server is closing. A client that sends many requests ahead
  // may not be seen to go until they are read.
  bool client_gone() const;

  // Calls `gone` once on the loop when that happens while the handler runs; at once where it has happened
  // already.
  void on_client_gone(std::function<void()> gone);

  // Calls `answered` once on the loop, after the handler has returned: whether the whole answer, or the
  // stream to its end, was handed to the system. That is no promise that the client read it. In place of what
  // was given before.
  void on_answered(std::function<void(bool whole)> answered);

  // Fields for the stream, should the answer be one; start_events() has the last word.
  void set_stream_headers(Headers headers);

  // Answers 200 with a stream of events in place of a Response: the header leaves at once, a comment behind
  // it, and further comments while nothing else goes; the Response that the handler returns is ignored. The
  // stream may outlive the handler; the connection is free again when it ends. Content-Type, Cache-Control
  // and X-Accel-Buffering are set; `headers` come on top. At most once, and not for HEAD.
  std::shared_ptr<EventStream> start_events(Headers headers = {});

 private:
  Connection& connection_;
};

using Handler = std::function<Task<Response>(Request& request, Exchange& exchange)>;

// A request that may go on. What was found out about it on admission is for its answer to keep.
struct Admitted {
  // Answers the request when it is whole. Kept until the answer is written, or its stream has ended.
  std::move_only_function<Task<Response>(Request& request, Exchange& exchange)> answer;
  std::size_t max_body_bytes = 0;             // over it: 413
  std::unique_ptr<BodySalvage> salvage = {};  // for a body that is over it; none: it is refused at once
  bool proven = false;                        // whoever sends it has proved who they are
  std::shared_ptr<ByteBudget> bodies = {};    // in place of the server's, and usually below it
};

// Looks at a request's header, and may put it in order: the request has no body yet. Whether it may go on, or
// its refusal, which is answered at once. On the connection's loop; must not wait.
using Admission = std::function<std::expected<Admitted, Response>(Request& header)>;

class ServerCore;

class Server {
 public:
  // The loops must outlive the server. An exception that leaves the handler is answered 500, RMT-H009.
  Server(LoopGroup& loops, ServerOptions options, Admission admission);
  // Admits everything.
  Server(LoopGroup& loops, const ServerOptions& options, Handler handler);

  // Closes everything and waits until every handler has returned. Not on a loop's thread.
  ~Server();

  // Listens on "127.0.0.1:7420", "[::1]:7420" (port 0: any free one) or "unix:/path". A unix socket is made
  // with mode 0600; a socket left behind by a process that is gone is replaced, anything else at the path is
  // not. Gives the address in the same form, with the port that was taken. Several addresses may be listened
  // on. Errors: kInvalid or kUnavailable RMT-H010.
  Result<std::string> listen(std::string_view address);

  // Stops accepting, closes idle connections, and waits until requests in flight and streams are finished,
  // each connection closing behind its answer. Where that takes longer than `within`, `last_call` is run,
  // which may end what still goes on, so that it is answered; what then is not done within kLastCall is
  // closed. Whether all was finished without. Not on a loop's thread.
  bool drain(std::chrono::milliseconds within, const std::function<void()>& last_call = {});
  static constexpr std::chrono::milliseconds kLastCall{2000};

  // Closes every connection now, streams included; listening goes on. Returns when no byte more is written to
  // any. Not on a loop's thread.
  void close_all();

  std::size_t connections() const;

 private:
  std::shared_ptr<ServerCore> core_;
};

}  // namespace remit::http
