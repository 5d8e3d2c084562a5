// One connection of the server: reads requests, runs the handler, writes answers. Private to this module.
//
// Everything here runs on the connection's loop. One read is outstanding at any time that there is room for
// its bytes, while a handler runs too: it is the read for the next request, and it is what tells that the
// client has gone.

#pragma once

#include <boost/asio/generic/stream_protocol.hpp>
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
  void drain();        // after the answer to the request in flight
  void pump_events();  // writes what waits in the stream

  Loop& loop() { return loop_; }
  bool gone() const { return gone_; }
  void on_gone(std::function<void()> callback);
  void on_answered(std::function<void(bool whole)> callback) { answered_ = std::move(callback); }
  void set_stream_headers(Headers headers) { stream_headers_ = std::move(headers); }
  std::shared_ptr<EventStream> start_events(Headers headers);

 private:
  enum class Phase { kIdle, kReading, kWriting, kStreaming, kNone };

  Task<void> run();
  Task<std::optional<ParseFailure>> read_request();
  Task<void> answer(Request& request);
  Task<bool> send_answer(Request& request);
  Task<Response> call_handler(Request& request);
  Task<bool> write(std::string head, std::string_view body);
  Task<void> refuse(ParseFailure failure);
  Task<void> linger(std::chrono::milliseconds within);

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
