#include "mcp/stdio.h"

#include <fmt/format.h>
#include <signal.h>
#include <sys/wait.h>

#include <algorithm>
#include <array>
#include <boost/asio/as_tuple.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/write.hpp>
#include <cerrno>
#include <condition_variable>
#include <deque>
#include <mutex>
#include <vector>

#include "mcp/id_finder.h"
#include "mcp/raw_json.h"

namespace remit::mcp {

namespace asio = boost::asio;

namespace {

constexpr auto kAwait = asio::as_tuple(asio::use_awaitable);
// How long a killed process, or output that outlives its process, is waited for.
constexpr std::chrono::milliseconds kMoment{500};
constexpr std::size_t kWithoutEnd = 16;  // times the limit

// A monitor tells a server's end by a signal as shells do.
ExitStatus exit_status_of(int status, bool monitored) {
  constexpr int kBySignal = 128;
  if (WIFSIGNALED(status)) return {true, WTERMSIG(status)};
  const int code = WEXITSTATUS(status);
  if (monitored && code > kBySignal && code <= kBySignal + SIGRTMAX) return {true, code - kBySignal};
  return {false, code};
}

}  // namespace

std::string to_string(const ExitStatus& status) {
  return fmt::format("{} {}", status.by_signal ? "signal" : "exit status", status.code);
}

// The servers of this process that were asked to end and have not yet.
class Ending {
 public:
  static Ending& instance() {
    static Ending* const ending = new Ending;  // never destroyed: transports may outlive static objects
    return *ending;
  }
  void begin() {
    const std::lock_guard lock(mutex_);
    ++count_;
  }
  void done() {
    const std::lock_guard lock(mutex_);
    if (--count_ == 0) none_left_.notify_all();
  }
  bool wait(std::chrono::milliseconds at_most) {
    std::unique_lock lock(mutex_);
    return none_left_.wait_for(lock, at_most, [this] { return count_ == 0; });
  }

 private:
  std::mutex mutex_;
  std::condition_variable none_left_;
  int count_ = 0;
};

// A JSON-RPC message is an object, or an array of them. Whatever else a server prints is meant for people.
bool may_be_message(std::string_view line) {
  const auto first = line.find_first_not_of(" \t");
  return first != std::string_view::npos && (line[first] == '{' || line[first] == '[');
}

// Coroutines hold a share of it, so it lives until the child is reaped or the executor's context is
// destroyed.
class StdioTransport::Impl : public std::enable_shared_from_this<Impl> {
 public:
  Impl(asio::any_io_executor executor, ChildProcess child, const StdioLimits& limits)
      : executor_(std::move(executor)),
        limits_(limits),
        pid_(child.pid),
        monitored_(child.monitored),
        pidfd_(executor_, child.pidfd.release()),
        in_(executor_, asio::local::stream_protocol(), child.standard_input.release()),
        out_(executor_, child.standard_output.release()),
        err_(executor_, child.standard_error.release()) {}

  ~Impl() {
    if (ending_) Ending::instance().done();
    if (exit_) return;
    kill_group(SIGKILL);
    while (waitpid(pid_, nullptr, 0) < 0 && errno == EINTR) {
    }
  }

  void start() {
    asio::co_spawn(executor_, [self = shared_from_this()] { return self->watch(); }, asio::detached);
    asio::co_spawn(executor_, [self = shared_from_this()] { return self->drain_errors(); }, asio::detached);
  }

  void abandon() {
    finished_ = true;
    on_message_ = nullptr;
    on_closed_ = nullptr;
    on_too_long_ = nullptr;
    kill_group(SIGKILL);
    close_streams();
  }

  void end() {
    finished_ = true;
    on_message_ = nullptr;
    on_closed_ = nullptr;
    on_too_long_ = nullptr;
    if (exit_ || std::exchange(ending_, true)) return;
    Ending::instance().begin();
    begin_reading();  // what it still writes is taken from it and dropped: it could not end before
    asio::co_spawn(executor_, [self = shared_from_this()] { return self->end_asked(); }, asio::detached);
  }

  Result<void> send(std::string message) {
    if (finished_ || exit_ || input_closed_)
      return fail(ErrorKind::kUnavailable, "RMT-M031", "the MCP server's process has ended");
    if (queued_ + message.size() + 1 > limits_.max_queued)
      return fail(ErrorKind::kUnavailable, "RMT-M033", "the MCP server does not read what it is sent");
    message = on_one_line(std::move(message));
    message += '\n';
    queued_ += message.size();
    queue_.push_back(std::move(message));
    if (!writing_) {
      writing_ = true;
      asio::co_spawn(executor_, [self = shared_from_this()] { return self->write_queue(); }, asio::detached);
    }
    return {};
  }

  void on_too_long(OnTooLong told) { on_too_long_ = std::move(told); }

  void receive(OnMessage on_message, OnClosed on_closed) {
    on_message_ = std::move(on_message);
    on_closed_ = std::move(on_closed);
    begin_reading();
  }

  asio::awaitable<std::optional<ExitStatus>> stop() {
    const auto self = shared_from_this();
    close_input();
    co_await wait_for_exit(limits_.close_grace);
    if (!exit_) {
      kill_group(SIGTERM);
      co_await wait_for_exit(limits_.terminate_grace);
    }
    if (!exit_) {
      kill_group(SIGKILL);
      co_await wait_for_exit(limits_.kill_grace);
    }
    co_return exit_;
  }

  const std::optional<ExitStatus>& exit_status() const { return exit_; }
  const std::string& remarks() const { return remarks_; }
  bool ending() const { return ending_; }
  pid_t pid() const { return pid_; }

 private:
  void begin_reading() {
    if (std::exchange(reading_, true)) return;
    asio::co_spawn(executor_, [self = shared_from_this()] { return self->read_lines(); }, asio::detached);
  }

  asio::awaitable<void> end_asked() {
    co_await stop();
    ending_ = false;
    Ending::instance().done();
    close_streams();
  }

  // Only before the child is reaped: until then its process id, and so its group's, is nobody else's.
  void kill_group(int signal) {
    if (!exit_) signal_group(pid_, monitored_, signal);
  }

  void close_input() {
    input_closed_ = true;
    boost::system::error_code ignored;
    in_.close(ignored);
  }

  void close_streams() {
    close_input();
    boost::system::error_code ignored;
    out_.close(ignored);
    err_.close(ignored);
  }

  asio::awaitable<void> watch() {
    co_await pidfd_.async_wait(asio::posix::stream_descriptor::wait_read, kAwait);
    kill_group(SIGKILL);  // what it leaves behind in its group
    int status = 0;
    pid_t reaped = 0;
    do reaped = waitpid(pid_, &status, 0);
    while (reaped < 0 && errno == EINTR);
    exit_ = exit_status_of(status, monitored_);
    wake_waiters();

    // What it wrote last is read still; but a process that left the group and holds the pipe open is not
    // waited for.
    asio::steady_timer moment(executor_, kMoment);
    co_await moment.async_wait(kAwait);
    close_streams();
  }

  asio::awaitable<void> wait_for_exit(std::chrono::milliseconds at_most) {
    return wait(at_most, [this] { return exit_.has_value(); });
  }

  // Whoever waits is woken by whatever happens, and looks whether it was that.
  template <typename Happened>
  asio::awaitable<void> wait(std::chrono::milliseconds at_most, Happened happened) {
    const auto timer = std::make_shared<asio::steady_timer>(executor_);
    const auto until = std::chrono::steady_clock::now() + at_most;
    waiters_.push_back(timer);
    while (!happened() && std::chrono::steady_clock::now() < until) {
      timer->expires_at(until);
      co_await timer->async_wait(kAwait);
    }
    std::erase(waiters_, timer);
  }

  void wake_waiters() {
    for (const auto& waiter : waiters_) waiter->cancel();
  }

  asio::awaitable<void> drain_errors() {
    std::array<char, 4096> chunk;
    for (;;) {
      const auto [error, count] = co_await err_.async_read_some(asio::buffer(chunk), kAwait);
      if (error) break;
      remark({chunk.data(), count});
    }
    errors_drained_ = true;
    wake_waiters();
  }

  void remark(std::string_view text) {
    remarks_ += text;
    if (remarks_.size() > limits_.max_remarks) remarks_.erase(0, remarks_.size() - limits_.max_remarks);
  }

  asio::awaitable<void> write_queue() {
    while (!queue_.empty()) {
      const std::string message = std::move(queue_.front());
      queue_.pop_front();
      const auto [error, count] = co_await asio::async_write(in_, asio::buffer(message), kAwait);
      queued_ -= message.size();
      if (!error) continue;
      close_input();  // it reads no more; how it ended is told when its output ends
      queue_.clear();
      queued_ = 0;
    }
    writing_ = false;
  }

  asio::awaitable<void> read_lines() {
    std::vector<char> chunk(std::min<std::size_t>(limits_.max_line, std::size_t{64} * 1024));
    for (;;) {
      const auto [error, count] = co_await out_.async_read_some(asio::buffer(chunk), kAwait);
      if (error) break;
      take({chunk.data(), count});
      if (finished_ || passed_by_ / kWithoutEnd < limits_.max_line) continue;
      finish(Error{ErrorKind::kTooLarge, "RMT-M032",
                   fmt::format("the MCP server sent a line of more than {} bytes", passed_by_)});
      kill_group(SIGKILL);
      co_return;
    }
    if (finished_) co_return;
    co_await stop();  // a server may end a session by closing its output
    // Why it ended, it has said on its stderr: that is told with its end.
    co_await wait(kMoment, [this] { return errors_drained_; });
    if (finished_) co_return;
    finish(Error{ErrorKind::kUnavailable, "RMT-M031",
                 fmt::format("the MCP server's process ended ({})",
                             exit_ ? to_string(*exit_) : "it cannot be killed")});
  }

  // What came, cut anywhere. Each whole line is handed on.
  void take(std::string_view piece) {
    while (!finished_ && !piece.empty()) {
      const auto end = piece.find('\n');
      keep(piece.substr(0, end));
      if (end == std::string_view::npos) return;
      piece.remove_prefix(end + 1);
      end_line();
    }
  }

  void keep(std::string_view part) {
    if (passed_by_ == 0 && line_.size() + part.size() <= limits_.max_line) {
      line_ += part;
      return;
    }
    if (passed_by_ == 0) {
      finder_ = IdFinder();
      finder_.read(line_);
      passed_by_ = std::exchange(line_, {}).size();
    }
    finder_.read(part);
    passed_by_ += part.size();
  }

  // The callbacks may abandon this object and clear the members.
  void end_line() {
    if (passed_by_ > 0) {
      Error why{ErrorKind::kUnknown, "RMT-M032",
                fmt::format("the MCP server sent a line of {} bytes; {} is the most that is taken",
                            std::exchange(passed_by_, 0), limits_.max_line)};
      const auto told = on_too_long_;
      if (told) told(finder_.answer_id(), std::move(why));
      return;
    }
    auto line = std::exchange(line_, {});
    if (line.ends_with('\r')) line.pop_back();
    if (line.empty()) return;
    if (!may_be_message(line)) remark(line.substr(0, limits_.max_remarks) + "\n");
    const auto on_message = on_message_;
    on_message(std::move(line));
  }

  void finish(Error why) {
    finished_ = true;
    const auto on_closed = std::exchange(on_closed_, nullptr);
    on_message_ = nullptr;
    on_too_long_ = nullptr;
    if (on_closed) on_closed(std::move(why));
  }

  asio::any_io_executor executor_;
  StdioLimits limits_;
  pid_t pid_;
  bool monitored_;
  asio::posix::stream_descriptor pidfd_;
  asio::local::stream_protocol::socket in_;
  asio::posix::stream_descriptor out_;
  asio::posix::stream_descriptor err_;

  OnMessage on_message_;
  OnClosed on_closed_;
  OnTooLong on_too_long_;
  std::string line_;           // what came of it so far
  IdFinder finder_;            // of a line over the limit
  std::size_t passed_by_ = 0;  // bytes of it; 0: the line is within the limit
  std::deque<std::string> queue_;
  std::size_t queued_ = 0;  // bytes, the message being written included
  bool writing_ = false;
  bool reading_ = false;
  bool input_closed_ = false;
  bool finished_ = false;  // nothing more is told
  bool ending_ = false;    // end() was called, and it has not ended yet
  bool errors_drained_ = false;
  std::string remarks_;
  std::optional<ExitStatus> exit_;
  std::vector<std::shared_ptr<asio::steady_timer>> waiters_;
};

Result<std::unique_ptr<StdioTransport>> StdioTransport::start(asio::any_io_executor executor,
                                                              const Command& command,
                                                              const StdioLimits& limits) {
  ASSIGN_OR_RETURN(auto child, launch(command));
  auto impl = std::make_shared<Impl>(std::move(executor), std::move(child), limits);
  impl->start();
  return std::unique_ptr<StdioTransport>(new StdioTransport(std::move(impl)));
}

StdioTransport::~StdioTransport() {
  if (!impl_->ending()) impl_->abandon();
}
void StdioTransport::end() { impl_->end(); }
bool StdioTransport::wait_until_ended(std::chrono::milliseconds at_most) {
  return Ending::instance().wait(at_most);
}
Result<void> StdioTransport::send(std::string message) { return impl_->send(std::move(message)); }
void StdioTransport::receive(OnMessage on_message, OnClosed on_closed) {
  impl_->receive(std::move(on_message), std::move(on_closed));
}
void StdioTransport::on_too_long(OnTooLong told) { impl_->on_too_long(std::move(told)); }
asio::awaitable<std::optional<ExitStatus>> StdioTransport::stop() { return impl_->stop(); }
std::optional<ExitStatus> StdioTransport::exit_status() const { return impl_->exit_status(); }
std::string StdioTransport::remarks() const { return impl_->remarks(); }
pid_t StdioTransport::pid() const { return impl_->pid(); }

}  // namespace remit::mcp
