// An MCP server as a child process: one JSON-RPC message a line on its stdin and stdout.
//
// Rules: MCP 2025-11-25 "Transports / stdio" and "Lifecycle / Shutdown". How the child is confined:
// child_process.h. Its stderr is drained, and the last of it kept for people to read; it may hold anything,
// secrets too.
//
// The child's process group goes with the child: whatever it started and left in its group is killed when it
// ends.
//
// A session ends in one of two ways. end() asks the server, and goes on asking after the transport is gone; a
// transport that is destroyed without it kills its server at once, since nothing may leave any more.
//
// Thread-safety: an object belongs to the executor it was made with, which must be a strand or a context that
// one thread runs. Callbacks come from there. The object may be destroyed from within a callback; the child
// is then killed.

#pragma once

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <chrono>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "mcp/child_process.h"
#include "mcp/transport.h"

namespace remit::mcp {

struct StdioLimits {
  std::size_t max_line = 4 * 1024 * 1024;           // bytes of a message; sixteen times that is without end
  std::size_t max_queued = 16 * 1024 * 1024;        // bytes not yet taken by the child; over it, send() fails
  std::size_t max_remarks = 64 * 1024;              // of what it says beside its messages, the last is kept
  std::chrono::milliseconds close_grace{1000};      // from closing its stdin to SIGTERM
  std::chrono::milliseconds terminate_grace{2000};  // from SIGTERM to SIGKILL
  std::chrono::milliseconds kill_grace{5000};  // from SIGKILL until it is given up: it may have much to free
};

struct ExitStatus {
  bool by_signal = false;
  int code = 0;  // the exit status or the signal's number
};
std::string to_string(const ExitStatus& status);  // "exit status 3", "signal 9"

class StdioTransport final : public Transport {
 public:
  // Errors: RMT-M030.
  static Result<std::unique_ptr<StdioTransport>> start(boost::asio::any_io_executor executor,
                                                       const Command& command,
                                                       const StdioLimits& limits = {});
  ~StdioTransport() override;

  // Errors: RMT-M031 (it has ended), RMT-M033 (it does not read what it is sent).
  Result<void> send(std::string message) override;

  // Reading starts here. on_closed gets RMT-M031 (the process ended, with its status) or RMT-M032 (a line
  // that goes on without end; the process is then killed).
  void receive(OnMessage on_message, OnClosed on_closed) override;

  // Before receive(): who is told of a line over the limit. It passes by without being kept, and the session
  // goes on. `answered` is the request that it was the answer to, where it says so; the error is RMT-M032.
  using OnTooLong = std::function<void(const std::optional<Id>& answered, Error)>;
  void on_too_long(OnTooLong told);

  // Closes stdin, waits, SIGTERM, waits, SIGKILL. Takes at most both graces and a moment. The transport must
  // outlive it. Nothing is returned only if the kernel cannot end the process.
  boost::asio::awaitable<std::optional<ExitStatus>> stop();

  // The same without waiting for it.
  void end() override;

  // Waits until every server of this process that end() was called for has ended, while the executors of
  // their transports run on other threads. False if time ran out.
  static bool wait_until_ended(std::chrono::milliseconds at_most);

  // The status once the process has ended and was reaped.
  std::optional<ExitStatus> exit_status() const;
  // The last of stderr, and of the lines on stdout that cannot be messages, as they came.
  std::string remarks() const override;
  pid_t pid() const;

 private:
  class Impl;
  explicit StdioTransport(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
  std::shared_ptr<Impl> impl_;
};

}  // namespace remit::mcp
