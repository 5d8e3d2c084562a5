// One connection of the server: reads requests, runs the handler, writes answers. Private to this module.
//
// Everything here runs on the connection's loop. One read is outstanding at any time that there is room for
// its bytes, while a handler runs too: it is the read for the next request, and it is what tells that the
// client has gone.

#pragma once

#include <atomic>
#include <boost/asio/generic/stream_protocol.hpp>
#include <compare>
#include <optional>
#include <vector>

#include "http/parser.h"
#include "http/server.h"
#include "http/server_core.h"
#include "http/signal.h"
#include "http/stream_state.h"

namespace remit::http {

using Socket = boost::asio::generic::stream_protocol::socket;

class Connection : public std::enable_shared_from_this<Connection> {
 public:
  Connection(std::shared_ptr<ServerCore> core, Loop& loop, Socket socket, Peer peer);

  void start();
  void turn_away();    // in place of start(): says that there are too many, and closes
  void close();        // now, whatever is going on
  void make_room();    // closes, unless it is no longer idle
  void drain();        // after the answer to the request in flight
  void pump_events();  // writes what waits in the stream

  Loop& loop() { return loop_; }
  const std::string& peer_group() const { return peer_.network; }

  // Since when nobody who has proved who they are has had anything under way here; none while somebody has.
  // Smaller is to be closed first. On any thread.
  struct Idleness {
    bool proven = false;  // somebody has before
    std::chrono::steady_clock::rep since = 0;
    auto operator<=>(const Idleness&) const = default;
  };
  std::optional<Idleness> idle() const;

  bool gone() const { return gone_; }
  void on_gone(std::function<void()> callback);
  void on_answered(std::function<void(bool whole)> callback) { answered_ = std::move(callback); }
  void set_stream_headers(Headers headers) { stream_headers_ = std::move(headers); }
  std::shared_ptr<EventStream> start_events(Headers headers);

 private:
  enum class Phase { kIdle, kReading, kWriting, kStreaming, kNone };

  // Whether what was to be read is there; false: there is nobody to answer. Else what to answer.
  using Read = std::expected<bool, ParseFailure>;

  Task<void> run();
  Task<Read> serve_one();
  Task<Read> read_header();
  // `take` is told of the body as it grows.
  Task<Read> read_body(std::function<std::expected<void, ParseFailure>(std::string& body)> take);
  std::expected<Admitted, Response> admit(Request& request);
  Task<Read> answer_early(const Response& refusal);
  Task<void> answer(Request& request, Admitted& admitted);
  Task<bool> send_answer(Request& request, Admitted& admitted);
  Task<Response> call_handler(Request& request, Admitted& admitted);
  Task<bool> write_answer(const Response& response);
  Task<bool> write(std::string head, std::string_view body);
  Task<void> refuse(ParseFailure failure);
  Task<void> linger(std::chrono::milliseconds within);
  void set_body_deadline();
  bool body_is_late();

  void start_read();
  void on_read(boost::system::error_code error, std::size_t bytes);
  void on_deadline();
  void set_deadline(Phase phase, std::chrono::milliseconds from_now);
  void clear_deadline();
  void client_gone();
  std::string_view unread() const { return {buffer_.data() + begin_, end_ - begin_}; }

  const std::shared_ptr<ServerCore> core_;
  Loop& loop_;
  Socket socket_;
  const Peer peer_;
  Deadline deadline_;
  Signal wake_;  // a read ended, a deadline passed, a stream ended, or the connection closed
  std::unique_ptr<RequestParser> parser_;

  std::vector<char> buffer_;
  std::size_t begin_ = 0;
  std::size_t end_ = 0;

  std::chrono::steady_clock::time_point body_until_;  // when it must be whole
  std::chrono::steady_clock::time_point pace_since_;  // since when `paced_bytes_` have come
  std::size_t paced_bytes_ = 0;

  std::atomic<std::chrono::steady_clock::rep> idle_since_;  // 0: not idle
  std::atomic<bool> proven_ = false;

  Phase phase_ = Phase::kNone;
  bool reading_ = false;
  bool input_ended_ = false;
  bool timed_out_ = false;
  bool handling_ = false;
  bool gone_ = false;
  bool closed_ = false;
  bool draining_ = false;
  bool keep_alive_ = true;
  bool to_head_ = false;
  bool new_ = true;  // no request has come

  std::vector<std::function<void()>> gone_callbacks_;
  std::function<void(bool whole)> answered_;
  std::shared_ptr<StreamState> stream_;
  Headers stream_headers_;  // that the handler gave before it began a stream
  std::string stream_batch_;
  bool stream_writing_ = false;
  bool stream_finished_ = false;
  bool stream_whole_ = false;  // it was written to its end
};

}  // namespace remit::http
