#include "gateway/reply_channel.h"

namespace remit::gateway {
namespace {

constexpr std::size_t kMaxWaiting = std::size_t{256} * 1024;

}  // namespace

std::shared_ptr<ReplyChannel> ReplyChannel::make(http::Exchange& exchange) { return make(exchange, true); }

std::shared_ptr<ReplyChannel> ReplyChannel::make_for_batch(http::Exchange& exchange) {
  return make(exchange, false);
}

std::shared_ptr<ReplyChannel> ReplyChannel::make(http::Exchange& exchange, bool streams) {
  const std::shared_ptr<ReplyChannel> channel(new ReplyChannel(exchange, streams));
  exchange.on_client_gone([weak = std::weak_ptr(channel)] {
    if (const auto still = weak.lock()) still->gone_ = true;
  });
  return channel;
}

std::function<void(std::string)> ReplyChannel::notifier() {
  return [&loop = exchange_.loop(), weak = weak_from_this(), waiting = waiting_](std::string notification) {
    const std::size_t size = notification.size();
    if (waiting->fetch_add(size) + size > kMaxWaiting) {
      *waiting -= size;
      return;
    }
    auto send = [weak, waiting, text = std::move(notification)]() mutable {
      *waiting -= text.size();
      const auto channel = weak.lock();
      if (!channel || !channel->begin_stream()) return;
      // What does not fit is left out, as the header says.
      std::ignore = channel->stream_->offer({.data = std::move(text)});
    };
    if (loop.on_own_thread()) return send();
    loop.post(std::move(send));
  };
}

bool ReplyChannel::begin_stream() {
  if (!found_ || !streams_) return false;
  if (!stream_) stream_ = exchange_.start_events();
  return true;
}

bool ReplyChannel::finish(const std::string& answer) {
  if (answer.empty()) begin_stream();
  if (!stream_) return false;
  if (answer.empty())
    stream_->close();
  else
    stream_->finish({.data = answer});
  return true;
}

}  // namespace remit::gateway
