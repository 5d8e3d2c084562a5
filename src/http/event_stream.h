// EventStream: the server's end of a text/event-stream answer. Events may be sent from any thread.
//
// What is not yet written is held in a bounded buffer: a reader that is too slow for events that it must not
// miss is cut, and one that is too slow for events that it may miss misses them. The last event of a stream,
// which somebody asked for, is beyond that bound: it is as large as its sender lets it be, and is held for as
// long as the write timeout lets the reader take. A stream ends once, by close() or finish() here or by the
// client going away, whichever is first; Exchange::on_answered tells whether all of it was written.
//
// Thread-safety: thread-safe.

#pragma once

#include <functional>
#include <memory>

#include "http/sse.h"

namespace remit::http {

class StreamState;  // private to the server

class EventStream {
 public:
  explicit EventStream(std::shared_ptr<StreamState> state) : state_(std::move(state)) {}
  ~EventStream();  // as close(): a stream that nobody can write to any more must not stay open
  EventStream(const EventStream&) = delete;
  EventStream& operator=(const EventStream&) = delete;

  // Whether the event was taken, which is no promise that it arrives. False: the stream has ended, or this
  // event was too much for the buffer and the client has been cut.
  bool send(const ServerEvent& event);
  bool send_comment(std::string_view text);

  // As send(), for an event that the client may miss. False: it was left out, and the stream goes on if it is
  // open().
  bool offer(const ServerEvent& event);

  // Ends the stream behind what was sent before. Then nothing is called back any more.
  void close();

  // The same, with a last event of whatever size.
  void finish(const ServerEvent& last);

  bool open() const;

  // Calls `gone` once, on the connection's loop, when the stream ends other than by close(): the client went
  // away, was cut, or the server closes. At once where that has happened already.
  void on_client_gone(std::function<void()> gone);

 private:
  std::shared_ptr<StreamState> state_;
};

}  // namespace remit::http
