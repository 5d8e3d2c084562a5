// The client's side of a session with one MCP server, over any transport.
//
// It keeps an id space of its own: every request gets a fresh integer, which is its progress token too, so a
// caller's ids and tokens never reach the server and two callers can never see each other's answers. Answers,
// errors and results come back as whole Messages, with the bytes that were sent.
//
// Rules: MCP 2025-11-25 "Lifecycle", "Cancellation", "Progress", "Pagination".
//
// There are no timers here: whoever waits cancels. A request that was cancelled is forgotten at once, since a
// server need not answer it, and an answer that comes late is dropped.
//
// Thread-safety: a session belongs to its transport's strand. Callbacks come from there, never from within
// the call that they belong to. A callback must not destroy the session.

#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <string>

#include "mcp/lifecycle.h"
#include "mcp/message.h"
#include "mcp/tools.h"
#include "mcp/transport.h"
#include "mcp/version.h"

namespace remit::mcp {

struct ClientOptions {
  Implementation info;
  std::string raw_capabilities = "{}";
  std::string offered_version{kLatestVersion};
  MessageLimits limits = server_limits(4 * 1024 * 1024);
  // Before anything is read of a message: takes out of it what nobody may see.
  std::function<void(std::string& text)> clean = {};
  std::size_t max_open = 1024;   // requests without an answer
  std::size_t max_pages = 1000;  // of tools/list
  std::size_t max_tools = 10'000;
};

// What a server sends of its own accord. All may be empty.
struct ClientHandlers {
  // A request: answer it with reply() or reply_error(), now or later. Without a handler every request is
  // answered with -32601. `ping` is answered by the session.
  std::function<void(const Message& request)> on_request = {};
  // The server gives up a request of its own; no answer to it may be sent any more.
  std::function<void(const Id& request, std::string_view reason)> on_cancelled = {};
  // Any other notification, but progress of an open request.
  std::function<void(const Message& notification)> on_notification = {};
  // Something that no server should send; it was dropped. For logs.
  std::function<void(const Error&)> on_fault = {};
  std::function<void(const Error& why)> on_closed = {};
};

class ClientSession {
 public:
  using RequestId = std::int64_t;
  // The answer: a Message of kind kResponse or kError, or an Error of ours:
  //   kUnknown RMT-M041: the connection went before the answer came; the server may have done what was asked.
  //   kInvalid RMT-M021: the answer is not a message; RMT-M080: it cannot be read.
  using Reply = std::move_only_function<void(Result<Message>)>;
  // `params.progressToken` is the session's; rewrite it with with_member() before passing it on.
  using Progress = std::function<void(const Message& notification)>;

  // The transport must outlive the session.
  ClientSession(Transport& transport, ClientOptions options, ClientHandlers handlers = {});
  ~ClientSession();
  ClientSession(const ClientSession&) = delete;
  ClientSession& operator=(const ClientSession&) = delete;

  // Once, before anything else. Errors, of it or in `done`: RMT-M040 (refused, or a version that is not
  // spoken), RMT-M021 (an answer that makes no sense), RMT-M041, and the transport's.
  Result<RequestId> initialize(std::move_only_function<void(Result<InitializeResult>)> done);

  // All pages. Tools that share a name are set aside. An empty cursor, or a page that came before, ends the
  // list, with a warning. Errors as above, and RMT-M043 (a list without end).
  Result<void> list_tools(std::move_only_function<void(Result<ToolPage>)> done);

  // Sends a request. `raw_params` is a JSON object or empty; with `progress` the session's token is put in
  // its `_meta`. When this fails nothing was sent, and `reply` is not called: RMT-M042 (not initialized, or
  // too many open), RMT-M041 (closed), RMT-M004 (params are no object), and the transport's.
  Result<RequestId> request(std::string_view method, std::string_view raw_params, Reply reply,
                            Progress progress = {});

  // tools/call, with the arguments as they are. `raw_meta` is a JSON object or empty.
  Result<RequestId> call(std::string_view tool, std::string_view raw_arguments, Reply reply,
                         Progress progress = {}, std::string_view raw_meta = {});

  // Tells the server that the answer is not wanted. `reply` and `progress` are never called again. False if
  // the request is not open, or is initialize, which may not be cancelled.
  bool cancel(RequestId id, std::string_view reason);

  // For a transport that sends each request by itself (HTTP) and knows that the answer to this one will not
  // come: its reply hears `why`. False if the request is not open.
  bool lost(RequestId id, Error why);

  // For a transport that had to parse what came: in place of its OnMessage.
  void take(Message message);

  Result<void> notify(std::string_view method, std::string_view raw_params = {});
  Result<void> reply(const Id& server_request, std::string_view raw_result);
  Result<void> reply_error(const Id& server_request, int code, std::string_view message,
                           std::string_view raw_data = {});

  bool is_ready() const { return state_ == State::kReady; }
  const InitializeResult& server() const { return server_; }  // once ready
  std::size_t open_requests() const { return open_.size(); }

 private:
  enum class State { kNew, kInitializing, kReady, kClosed };
  struct Open {
    Reply reply;
    Progress progress;
  };
  struct Listing;

  Result<RequestId> send_request(std::string_view method, std::string params, Reply reply, Progress progress);
  void on_text(std::string text);
  void on_answer(Message answer);
  void on_request(const Message& request);
  void on_notification(const Message& notification);
  void on_refused(Refusal refusal);
  void on_closed(const Error& why);
  void finish_initialize(Result<Message> answer,
                         std::move_only_function<void(Result<InitializeResult>)>& done);
  Result<void> next_page(const std::shared_ptr<Listing>& listing);
  void on_page(const std::shared_ptr<Listing>& listing, Result<Message> answer);
  void fault(std::string what);

  Transport& transport_;
  ClientOptions options_;
  ClientHandlers handlers_;
  State state_ = State::kNew;
  InitializeResult server_;
  RequestId last_id_ = 0;
  RequestId initialize_id_ = 0;
  bool told_of_text_ids_ = false;
  std::map<RequestId, Open> open_;
};

// Puts `"progressToken": token` into `params._meta`, in place of one that is there; the rest stays as it is.
// Errors: RMT-M004 (params or _meta are no objects).
Result<std::string> with_progress_token(std::string_view raw_params, std::int64_t token);

}  // namespace remit::mcp
