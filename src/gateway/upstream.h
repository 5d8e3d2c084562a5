// Upstream: the gateway's own session with one destination's MCP server, on behalf of one agent session.
//
// It belongs to one agent session, since servers choose their tools by the client that asks, and so that no
// answer can reach an agent that did not ask. It is opened when it is first needed; when it was lost, or the
// server knows its session no more, another one takes its place, and what is still out on this one may be
// answered yet.
//
// Opening it lists the server's tools: a tool is callable only while the definition that the server offers
// now is the pinned one (mcp.md, "Definitions are pinned"). What is offered is asked for again when the
// server says that it changed, when the server's own stream was interrupted, and in any case before it is
// older than a limit: a pin does not depend on what a server cares to say.
//
// The destination's credential is unsealed here, at forward time, and goes nowhere but to the destination.
//
// The gateway declares no client capabilities: sampling, elicitation and roots are refused, not passed
// (-32601).
//
// Thread-safety: everything on the loop that it was made for.

#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

#include "base/secret.h"
#include "base/sha256.h"
#include "catalog/vault.h"
#include "gateway/completion.h"
#include "gateway/redactor.h"
#include "http/client.h"
#include "http/loop.h"
#include "mcp/child_process.h"
#include "mcp/client_session.h"
#include "snapshot/types.h"

namespace remit::gateway {

// The command of a destination's child, for which it stands alone to say how the child is confined. `secrets`
// are variables of the child's environment. On the upstream's loop.
using ChildCommand =
    std::function<Result<mcp::Command>(const snapshot::Destination&, const snapshot::StdioTransport&,
                                       std::vector<std::pair<std::string, std::string>> secrets)>;

struct UpstreamLimits {
  std::chrono::milliseconds open_timeout{15'000};       // start, handshake and tool list together
  std::chrono::milliseconds answer_timeout{60'000};     // of a call, or of its next progress
  std::chrono::milliseconds answer_ceiling{3'600'000};  // of a call, whatever progress it tells
  std::chrono::milliseconds listing_max_age{60'000};    // of what is known to be offered
  std::size_t max_answer_bytes = 8 * 1024 * 1024;       // of one message
  std::size_t max_pages = 1000;                         // of a list of tools
  ChildCommand child = {};                              // none: no child is started
};

// A destination's own limits where it has them.
UpstreamLimits limits_of(const snapshot::Destination& destination, UpstreamLimits usual);

class HttpTransport;

// What the server offers under a tool's name now: the digest of the definition's canonical JSON.
using Offers = std::unordered_map<std::string, Digest>;

// What a session with a destination is made of. Callbacks come on its loop, never from within a call of it.
struct UpstreamParts {
  http::Loop& loop;
  http::Client& client;
  // Told of each list of tools that the server gives.
  std::function<void(const mcp::ToolPage& listing)> on_listing;
  // Told that the server said its credential back, each time; it was hidden (redactor.h).
  std::function<void()> on_echo = {};
  // Told what the server should not do, for people; a few times.
  std::function<void(const std::string& what)> on_remark = {};
};

// The code of an error that says: the server does not know the session, and carried nothing out.
inline constexpr std::string_view kSessionForgotten = "RMT-U080";

class Upstream : public std::enable_shared_from_this<Upstream> {
 public:
  // `secrets` are the destination's, opened.
  Upstream(UpstreamParts parts, snapshot::Destination destination, std::vector<catalog::OpenedSecret> secrets,
           UpstreamLimits limits);
  ~Upstream();
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  // Opens the session, and waits until what the server offers is known. Several may wait for one opening.
  // Errors: kUnavailable RMT-U001 (cannot be started or reached), RMT-U002 (no MCP session with it), RMT-U003
  // (not in time), RMT-U008 (it refused), RMT-U080 (it was lost, and nothing was carried out: try another).
  static http::Task<Result<void>> ready(std::shared_ptr<Upstream> self);

  // Whether it is open and what it offers is known, so that there is nothing to wait for. Where that will be
  // too old soon it is asked for beside the calls.
  bool at_hand();

  // Valid after ready() until the upstream is lost.
  mcp::ClientSession& session() { return *session_; }
  const Offers& offers() const { return offers_; }
  const UpstreamLimits& limits() const { return limits_; }

  // Whether it is a session with the server of this address or command.
  bool reaches(const snapshot::Transport& transport) const { return destination_.transport == transport; }

  // Whether it is open: false before ready(), and for good once it was lost.
  bool open() const { return state_ == State::kOpen; }
  bool opening() const { return state_ == State::kOpening; }

  // A request that was sent is not waited for any more.
  void cancel(mcp::ClientSession::RequestId id, std::string_view why);

  // For as long as a call is out on an upstream: one that was lost stays until nothing is.
  class Use {
   public:
    explicit Use(std::shared_ptr<Upstream> upstream);
    ~Use();
    Use(const Use&) = delete;
    Use& operator=(const Use&) = delete;

   private:
    std::shared_ptr<Upstream> upstream_;
  };

  // Takes the place of one that was lost, and is cut together with it.
  void replace(std::shared_ptr<Upstream> predecessor);

  // Ends the session: nothing more is sent from here on. Open calls hear nothing: whoever ends it ends them.
  // end() as the protocol ends a session, which lets a child finish; cut() so that a child is gone at once,
  // for those whose calls may not even take effect any more. Not from within a callback of the session.
  void end();
  void cut();

 private:
  enum class State { kNew, kOpening, kOpen, kLost };
  enum class Manner { kEnd, kCut };
  using Opened = Completion<Result<void>>;
  using Current = std::function<std::shared_ptr<Upstream>()>;

  void start_opening();
  Result<std::unique_ptr<mcp::Transport>> make_transport(const Current& current);
  void finish_opening(Result<void> result);

  // Lists.
  std::chrono::steady_clock::duration age() const { return std::chrono::steady_clock::now() - listed_at_; }
  bool calls_wait() const { return listing_ && listing_is_needed_; }
  void list_beside();        // the calls go on with what is known
  void list_before_calls();  // they wait
  void on_tools_changed();
  void start_listing();
  void ask_for_list();
  void take_listing(mcp::ToolPage page);
  void finish_listing(Result<void> result);

  void remark(Error what);
  void lose(const Error& why);
  Error told(const Error& why) const;
  std::string remarks() const;
  void release();
  void stop(Manner manner);
  void close(Manner manner);
  Error without_secret(Error error) const;
  std::function<void(std::string&)> cleaner() const;

  const UpstreamParts parts_;
  const snapshot::Destination destination_;
  const std::vector<catalog::OpenedSecret> secrets_;
  const Redactor redactor_;
  const UpstreamLimits limits_;

  State state_ = State::kNew;
  std::unique_ptr<mcp::Transport> transport_;
  HttpTransport* http_transport_ = nullptr;  // transport_, where it is one
  std::unique_ptr<mcp::ClientSession> session_;
  const std::shared_ptr<Opened> opened_ = std::make_shared<Opened>();
  std::shared_ptr<Upstream> predecessor_;
  std::size_t uses_ = 0;
  unsigned remarks_ = 0;
  http::Deadline deadline_;  // of the opening, then of a listing

  Offers offers_;
  std::chrono::steady_clock::time_point listed_at_;
  std::chrono::steady_clock::time_point list_not_before_;  // beside the calls
  std::shared_ptr<Opened> listing_;                        // that is under way
  bool listing_is_needed_ = false;                         // without it it is not known what is offered
  bool list_once_more_ = false;
};

// Opens a session with a destination, takes its list of tools, and ends the session. For `scan`, not for
// calls. On `loop`, whichever loop the caller is on. Errors: as Upstream::ready, and those of the vault.
http::Task<Result<mcp::ToolPage>> list_tools(http::Loop& loop, const catalog::Vault& vault,
                                             snapshot::Destination destination, UpstreamLimits limits);

}  // namespace remit::gateway
