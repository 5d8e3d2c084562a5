// ReplyChannel: the way back to the agent for one tools/call. Private to the gateway.
//
// The answer is one JSON document, unless something goes before it (progress) or it takes its time
// (docs/decisions/0005); then it is a stream of events, of which the answer is the last. The stream is begun
// no earlier: clients take a document of any size, and some refuse large events.
//
// Owned by the coroutine that answers the exchange, so that it ends with it. Threads: its exchange's loop,
// but for what says otherwise.

#pragma once

#include <atomic>
#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "base/id.h"
#include "http/server.h"

namespace remit::gateway {

class ReplyChannel : public std::enable_shared_from_this<ReplyChannel> {
 public:
  static std::shared_ptr<ReplyChannel> make(http::Exchange& exchange);
  // For a call of a batch: its answer goes with those of the others, and nothing goes before it.
  static std::shared_ptr<ReplyChannel> make_for_batch(http::Exchange& exchange);

  // For the loop of the session, while the call goes on: ----------------------------------------------------

  // The session is the caller's. Before that no stream is begun: that there is none is said by the status.
  void session_found() { found_ = true; }
  // Sends notifications ahead of the answer. One that the agent reads too slowly for is left out: the next
  // says more. May outlive the channel, and is then without effect.
  std::function<void(std::string notification)> notifier();
  // Whether nobody is there any more to hear the answer.
  bool agent_gone() const { return gone_; }
  // The answer is the outcome of a decision: where it does not arrive, that is to be recorded.
  void answers(const DecisionId& decision) { decision_ = decision; }

  // For the exchange's loop: --------------------------------------------------------------------------------

  // Begins the stream, unless it has begun. False: not yet.
  bool begin_stream();
  // Ends the stream with the answer; an empty one means that none is owed, which only a stream can say (MCP
  // 2025-11-25 "Cancellation"). False: there is no stream, and the answer is to be a document.
  bool finish(const std::string& answer);
  const std::optional<DecisionId>& decision() const { return decision_; }

 private:
  ReplyChannel(http::Exchange& exchange, bool streams) : exchange_(exchange), streams_(streams) {}
  static std::shared_ptr<ReplyChannel> make(http::Exchange& exchange, bool streams);

  http::Exchange& exchange_;
  const bool streams_;
  std::atomic<bool> found_ = false;
  std::atomic<bool> gone_ = false;
  // Bytes of notifications on their way to the exchange's loop; it outlives the channel with its notifiers.
  const std::shared_ptr<std::atomic<std::size_t>> waiting_ = std::make_shared<std::atomic<std::size_t>>(0);
  std::optional<DecisionId> decision_;
  std::shared_ptr<http::EventStream> stream_;
};

}  // namespace remit::gateway
