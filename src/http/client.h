// The HTTP/1.1 client of one loop, with a pool of connections that are kept for the next request to the same
// origin.
//
// What matters to a caller that must answer for effects is whether a request may have arrived. Every error
// says so (may_have_arrived): before the first byte is written, nothing has happened and the request may be
// repeated; from then on, without a whole answer, its outcome is unknown. So nothing is ever written twice. A
// kept connection that turns out to be closed before a byte was taken from us is replaced by a new one, once.
//
// Redirects are not followed and nothing is decompressed. TLS is 1.2 or later, with the certificate verified
// for the host; there is no way to turn that off.
//
// Thread-safety: a Client and its BodyReaders belong to their loop: use and destroy them on its thread, or
// destroy them after it was stopped. Cancellation is thread-safe.

#pragma once

#include <boost/asio/ip/address.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "base/result.h"
#include "http/cancellation.h"
#include "http/loop.h"
#include "http/message.h"
#include "http/url.h"

namespace remit::http {

struct ClientOptions {
  std::chrono::milliseconds connect_timeout{5'000};  // name, TCP and TLS together
  std::chrono::milliseconds idle_timeout{30'000};    // for how long a connection is kept
  std::size_t max_connections_per_origin = 256;
  std::size_t max_connections = std::size_t(-1);  // of all origins together; those that rest make room
  std::size_t max_header_bytes = 64 * 1024;
  std::string extra_ca_pem = {};  // certificates to trust besides the system's
  // Whether an address may be called: the one place for the rules of outgoing connections. It is asked about
  // the address that is then connected to, after the name was resolved, so a name cannot be bound anew in
  // between. Empty: every one. Not asked for unix sockets.
  std::function<bool(const boost::asio::ip::address&)> address_allowed = {};
};

struct Call {
  Method method = Method::kGet;
  Url url;
  // Host and the fields of framing are set by the client.
  Headers headers = {};
  std::string body = {};
};

struct CallOptions {
  // call(): to the end of the answer. open(): to the end of its header.
  std::chrono::milliseconds timeout{30'000};
  std::chrono::milliseconds read_timeout{300'000};  // open(): for each read of the body
  std::size_t max_answer_bytes = 8 * 1024 * 1024;   // of the body, in open() too
  Cancellation cancellation = {};
};

// Whether the request of a failed call may have had its effect.
bool may_have_arrived(const Error& error);

class ClientCall;

// The body of an answer, as it comes. Destroying it before the end closes the connection, which tells the
// server that nobody listens any more.
class BodyReader {
 public:
  explicit BodyReader(std::shared_ptr<ClientCall> call);
  ~BodyReader();
  BodyReader(BodyReader&&) noexcept;
  BodyReader& operator=(BodyReader&&) noexcept;

  // The next bytes, as soon as there are any; empty at the end. One read at a time.
  // Errors: as Client::call, from RMT-H022 on.
  Task<Result<std::string>> read();

 private:
  std::shared_ptr<ClientCall> call_;
};

struct StreamedResponse {
  int status = 0;
  Headers headers;
  BodyReader body;
};

class ClientPool;

class Client {
 public:
  explicit Client(Loop& loop, ClientOptions options = {});
  ~Client();  // closes the connections that are kept; calls that were made go on, begun or not
  Client(const Client&) = delete;
  Client& operator=(const Client&) = delete;

  // The whole answer, whatever its status.
  // Errors, nothing sent: RMT-H020 could not connect, H021 connection lost, H024 timeout, H026 cancelled,
  // H030 TLS, H032 address not allowed, H033 too many connections, H034 request cannot be written. Outcome
  // unknown: H022 no whole answer, H025 timeout, H027 cancelled, H029 malformed answer. Answered, and not
  // kept: H023 too large.
  Task<Result<Response>> call(Call call, CallOptions options = {});

  // The answer's status and fields, and its body as it comes. Errors: as call().
  Task<Result<StreamedResponse>> open(Call call, CallOptions options = {});

  std::size_t idle_connections() const;

 private:
  std::shared_ptr<ClientPool> pool_;
};

}  // namespace remit::http
