// Upstream: the gateway's own session with one destination's MCP server, on behalf of one agent session.
//
// It belongs to one agent session, since servers choose their tools by the client that asks, and so that no
// answer can reach an agent that did not ask. It is opened when it is first needed and opened anew when it
// was lost.
//
// Opening it lists the server's tools: a tool is callable only while the definition that the server offers
// now is the pinned one (mcp.md, "Definitions are pinned").
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
#include "http/client.h"
#include "http/loop.h"
#include "mcp/client_session.h"
#include "snapshot/types.h"

namespace remit::gateway {

struct UpstreamLimits {
  std::chrono::milliseconds open_timeout{15'000};    // start, handshake and tool list together
  std::chrono::milliseconds answer_timeout{60'000};  // of a call
  std::size_t max_answer_bytes = 8 * 1024 * 1024;
};

class HttpTransport;

// What the server offers under a tool's name now: the digest of the definition's canonical JSON.
using Offers = std::unordered_map<std::string, Digest>;

// Told of each list of tools that the server gives.
using OnListing = std::function<void(const mcp::ToolPage& listing)>;

class Upstream : public std::enable_shared_from_this<Upstream> {
 public:
  // `secret` is empty where the destination needs none.
  Upstream(http::Loop& loop, http::Client& client, snapshot::Destination destination, Secret secret,
           UpstreamLimits limits, OnListing on_listing);
  ~Upstream();
  Upstream(const Upstream&) = delete;
  Upstream& operator=(const Upstream&) = delete;

  // Opens the session unless it is open, and waits while the server's tools are listed anew. Several may wait
  // for one opening.
  // Errors: kUnavailable RMT-U001 (cannot be started or reached), RMT-U002 (no MCP session with it), RMT-U003
  // (not in time), RMT-U008 (it refused).
  static http::Task<Result<void>> ready(std::shared_ptr<Upstream> self);

  // Valid after ready() until the upstream is lost.
  mcp::ClientSession& session() { return *session_; }
  const Offers& offers() const { return offers_; }

  // Whether it is open: false before ready(), and after it was lost.
  bool open() const { return state_ == State::kOpen; }
  bool opening() const { return state_ == State::kOpening; }
  // Whether what it offers is not known: the server has said that its tools changed, and not yet to what.
  bool listing() const { return listing_ != nullptr; }

  // Cuts the connection now: nothing more is sent. Open calls hear nothing: whoever cuts ends them.
  // Not from within a callback of the session.
  void cut();

 private:
  enum class State { kIdle, kOpening, kOpen };
  using Opened = Completion<Result<void>>;
  using Current = std::function<std::shared_ptr<Upstream>()>;

  void start_opening();
  Result<std::unique_ptr<mcp::Transport>> make_transport(const Current& current);
  void finish_opening(Result<void> result);
  void take_listing(mcp::ToolPage page);
  void list_again();
  void ask_for_list();
  void drop(const Error& why);
  void drop_soon(const Error& why);
  void close(std::unexpected<Error> why);
  Error without_secret(Error error) const;

  http::Loop& loop_;
  http::Client& client_;
  const snapshot::Destination destination_;
  const Secret secret_;
  const UpstreamLimits limits_;
  const OnListing on_listing_;

  State state_ = State::kIdle;
  std::unique_ptr<mcp::Transport> transport_;
  HttpTransport* http_transport_ = nullptr;  // transport_, where it is one
  std::unique_ptr<mcp::ClientSession> session_;
  std::shared_ptr<Opened> opened_;
  std::shared_ptr<Opened> listing_;
  bool list_once_more_ = false;
  // Tells callbacks of a session that was given up from those of the one in place.
  std::uint64_t attempt_ = 0;
  http::Deadline deadline_;
  Offers offers_;
};

// Opens a session with a destination, takes its list of tools, and ends the session. For `scan`, not for
// calls. On `loop`, whichever loop the caller is on. Errors: as Upstream::ready, and those of the vault.
http::Task<Result<mcp::ToolPage>> list_tools(http::Loop& loop, const catalog::Vault& vault,
                                             snapshot::Destination destination, UpstreamLimits limits);

}  // namespace remit::gateway
