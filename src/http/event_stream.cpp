#include "http/event_stream.h"

#include <fmt/format.h>

#include "http/connection.h"
#include "http/stream_state.h"

namespace remit::http {

void StreamState::append(std::string& out, std::string_view text, bool chunked) {
  if (chunked) fmt::format_to(std::back_inserter(out), "{:x}\r\n", text.size());
  out += text;
  if (chunked) out += "\r\n";
}

bool StreamState::send(std::string_view text) {
  std::unique_lock lock(mutex_);
  if (has_ended()) return false;
  if (pending_.size() + text.size() > max_bytes_) {
    cut_ = true;
    auto connection = connection_;
    lock.unlock();
    connection->loop().post([connection] { connection->close(); });
    return false;
  }
  put(text);
  wake(lock);
  return true;
}

bool StreamState::offer(std::string_view text) {
  std::unique_lock lock(mutex_);
  if (has_ended() || pending_.size() + text.size() > max_bytes_) return false;
  put(text);
  wake(lock);
  return true;
}

void StreamState::close(std::string_view last) {
  std::unique_lock lock(mutex_);
  if (closed_ || gone_) return;
  closed_ = true;
  on_gone_ = nullptr;
  if (!last.empty() && !cut_) put(last);
  if (chunked_) pending_ += "0\r\n\r\n";
  wake(lock);
}

void StreamState::put(std::string_view text) { append(pending_, text, chunked_); }

void StreamState::wake(std::unique_lock<std::mutex>& lock) {
  if (std::exchange(woken_, true)) return;
  auto connection = connection_;
  lock.unlock();
  auto& loop = connection->loop();
  loop.post([connection = std::move(connection)] { connection->pump_events(); });
}

bool StreamState::open() const {
  std::lock_guard lock(mutex_);
  return !closed_ && !cut_ && !gone_;
}

void StreamState::on_client_gone(std::function<void()> gone) {
  std::unique_lock lock(mutex_);
  if (closed_) return;
  if (!gone_) {
    on_gone_ = std::move(gone);
    return;
  }
  lock.unlock();
  gone();
}

StreamState::Next StreamState::take(std::string& batch) {
  std::lock_guard lock(mutex_);
  batch.clear();
  if (gone_) return Next::kFinished;
  if (!pending_.empty()) {
    batch.swap(pending_);
    return Next::kWrite;
  }
  woken_ = false;
  if (!closed_) return Next::kWait;
  connection_.reset();
  return Next::kFinished;
}

void StreamState::client_gone() {
  std::unique_lock lock(mutex_);
  if (gone_) return;
  gone_ = true;
  pending_.clear();
  auto connection = std::exchange(connection_, nullptr);
  auto callback = std::exchange(on_gone_, nullptr);
  lock.unlock();
  if (callback) callback();
}

// NOLINTNEXTLINE(bugprone-exception-escape): for want of memory alone, and then there is nothing to save
EventStream::~EventStream() { state_->close(); }
bool EventStream::send(const ServerEvent& event) { return state_->send(format_event(event)); }
bool EventStream::send_comment(std::string_view text) { return state_->send(format_comment(text)); }
bool EventStream::offer(const ServerEvent& event) { return state_->offer(format_event(event)); }
void EventStream::close() { state_->close(); }
void EventStream::finish(const ServerEvent& last) { state_->close(format_event(last)); }
bool EventStream::open() const { return state_->open(); }
void EventStream::on_client_gone(std::function<void()> gone) { state_->on_client_gone(std::move(gone)); }

}  // namespace remit::http
