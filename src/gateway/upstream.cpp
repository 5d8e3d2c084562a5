#include "gateway/upstream.h"

#include <spdlog/spdlog.h>

#include "base/canonical_json.h"
#include "gateway/http_transport.h"
#include "http/on_loop.h"
#include "mcp/stdio.h"

namespace remit::gateway {
namespace {

// What is wrong with a destination that gave us this error.
std::string_view code_for(const Error& error) {
  if (error.code == "RMT-U001" || error.code == "RMT-U003" || error.code == "RMT-U008") return error.code;
  return http::may_have_arrived(error) ? "RMT-U002" : "RMT-U001";
}

}  // namespace

Upstream::Upstream(http::Loop& loop, http::Client& client, snapshot::Destination destination, Secret secret,
                   UpstreamLimits limits, OnListing on_listing)
    : loop_(loop),
      client_(client),
      destination_(std::move(destination)),
      secret_(std::move(secret)),
      limits_(limits),
      on_listing_(std::move(on_listing)),
      deadline_(loop, [this] {
        drop({ErrorKind::kUnavailable, "RMT-U003",
              state_ == State::kOpening ? "it did not open an MCP session in time"
                                        : "it did not list its changed tools in time"});
      }) {}

Upstream::~Upstream() { cut(); }

http::Task<Result<void>> Upstream::ready(std::shared_ptr<Upstream> self) {
  if (self->state_ == State::kIdle) self->start_opening();
  if (!self->open()) {  // it may have failed already
    const auto opened = self->opened_;
    auto result = *co_await Opened::wait(opened);
    if (!result) co_return result;
  }
  while (const auto listing = self->listing_) {
    auto result = *co_await Opened::wait(listing);
    if (!result) co_return result;
  }
  co_return Result<void>{};
}

void Upstream::start_opening() {
  state_ = State::kOpening;
  opened_ = std::make_shared<Opened>();
  deadline_.arm(limits_.open_timeout);

  const std::weak_ptr<Upstream> weak = weak_from_this();
  // This upstream, while it still has the session that a callback comes from.
  const auto current = [weak, attempt = ++attempt_] {
    auto self = weak.lock();
    return self && self->attempt_ == attempt ? self : nullptr;
  };
  auto transport = make_transport(current);
  if (!transport) return drop({ErrorKind::kUnavailable, "RMT-U001", std::move(transport).error().message});
  transport_ = std::move(*transport);

  mcp::ClientOptions options{.info = {.name = "remit", .version = REMIT_VERSION}};
  options.limits.max_bytes = limits_.max_answer_bytes;
  mcp::ClientHandlers handlers;
  handlers.on_fault = [current](const Error& fault) {
    const auto self = current();
    if (!self) return;
    spdlog::warn("destination {}: {}: {}", self->destination_.name, fault.code,
                 self->without_secret(fault).message);
  };
  handlers.on_notification = [current](const mcp::Message& notification) {
    const auto self = current();
    if (self && notification.method() == "notifications/tools/list_changed") self->list_again();
  };
  // A callback must not destroy the session that it comes from, so what is lost is dropped after it.
  handlers.on_closed = [current, &loop = loop_](const Error& why) {
    loop.post([current, why] {
      if (const auto self = current()) self->drop(why);
    });
  };
  session_ = std::make_unique<mcp::ClientSession>(*transport_, std::move(options), std::move(handlers));

  const auto sent = session_->initialize([current](Result<mcp::InitializeResult> answer) {
    const auto self = current();
    if (!self || self->state_ != State::kOpening) return;
    if (!answer) return self->drop(answer.error());
    if (self->http_transport_) self->http_transport_->start(answer->protocol_version);
    const auto listing = self->session_->list_tools([current](Result<mcp::ToolPage> page) {
      const auto again = current();
      if (!again || again->state_ != State::kOpening) return;
      if (!page) return again->drop(page.error());
      again->take_listing(*page);
      again->finish_opening({});
    });
    if (!listing) self->drop(listing.error());
  });
  if (!sent) drop(sent.error());
}

Result<std::unique_ptr<mcp::Transport>> Upstream::make_transport(const Current& current) {
  if (const auto* http = std::get_if<snapshot::HttpTransport>(&destination_.transport)) {
    http::Headers headers;
    if (destination_.secret) headers.set(destination_.secret->slot, std::string(secret_.reveal()));
    auto made = HttpTransport::make(
        loop_, client_, http->url, std::move(headers),
        {.max_message_bytes = limits_.max_answer_bytes, .answer_timeout = limits_.answer_timeout});
    if (!made) return std::unexpected(std::move(made).error());
    http_transport_ = made->get();
    http_transport_->on_lost([current](const mcp::Id& request, Error why) {
      const auto self = current();
      if (const auto id = request.as_number(); self && id && self->session_)
        self->session_->lost(*id, std::move(why));
    });
    http_transport_->on_parsed([current](mcp::Message message) {
      const auto self = current();
      if (self && self->session_) self->session_->take(std::move(message));
    });
    return std::move(*made);
  }
  const auto& stdio = std::get<snapshot::StdioTransport>(destination_.transport);
  mcp::Command command;
  command.argv = stdio.command;
  if (destination_.secret) command.environment.emplace_back(destination_.secret->slot, secret_.reveal());
  auto started = mcp::StdioTransport::start(loop_.context().get_executor(), command,
                                            {.max_line = limits_.max_answer_bytes});
  if (!started) return std::unexpected(std::move(started).error());
  return std::move(*started);
}

void Upstream::finish_opening(Result<void> result) {
  deadline_.disarm();
  const auto opened = opened_;
  if (result) {
    state_ = State::kOpen;
  } else {
    state_ = State::kIdle;
    ++attempt_;
    http_transport_ = nullptr;
    // Not from within a callback of the session.
    loop_.post([session = std::move(session_), transport = std::move(transport_)]() mutable {
      session.reset();
      transport.reset();
    });
  }
  opened->set(std::move(result));
}

void Upstream::take_listing(mcp::ToolPage page) {
  offers_.clear();
  for (const auto& tool : page.tools) offers_.emplace(tool.name, sha256(canonical_json(tool.definition)));
  for (auto& tool : page.refused) tool.error = without_secret(std::move(tool.error));
  on_listing_(page);
}

// The server says that its tools have changed: until it has said to what, nothing is known to be offered, and
// who wants to call waits.
void Upstream::list_again() {
  if (state_ != State::kOpen) return;
  if (listing_) {
    list_once_more_ = true;
    return;
  }
  listing_ = std::make_shared<Opened>();
  deadline_.arm(limits_.open_timeout);
  ask_for_list();
}

void Upstream::ask_for_list() {
  list_once_more_ = false;
  const auto asked =
      session_->list_tools([weak = weak_from_this(), attempt = attempt_](const Result<mcp::ToolPage>& page) {
        const auto self = weak.lock();
        if (!self || self->attempt_ != attempt || !self->listing_) return;
        if (!page) return self->drop_soon(page.error());
        if (self->list_once_more_) return self->ask_for_list();
        self->take_listing(*page);
        self->deadline_.disarm();
        std::exchange(self->listing_, nullptr)->set({});
      });
  if (!asked) drop_soon(asked.error());
}

// Gives up what there is of a session. Not from within a callback of an open one.
void Upstream::drop(const Error& why) {
  const auto known = without_secret(why);
  spdlog::warn("destination {}: {}: {}", destination_.name, known.code, known.message);
  auto lost = fail(ErrorKind::kUnavailable, code_for(known),
                   "destination `" + destination_.name + "`: " + known.message);
  if (state_ == State::kOpening) return finish_opening(std::move(lost));
  close(std::move(lost));
}

// The same, from within a callback of the session.
void Upstream::drop_soon(const Error& why) {
  loop_.post([weak = weak_from_this(), attempt = attempt_, why] {
    const auto self = weak.lock();
    if (self && self->attempt_ == attempt) self->drop(why);
  });
}

void Upstream::cut() {
  auto why = fail(ErrorKind::kUnavailable, "RMT-U001",
                  "the session with destination `" + destination_.name + "` was cut");
  if (state_ == State::kOpening) return finish_opening(std::move(why));
  close(std::move(why));
}

void Upstream::close(std::unexpected<Error> why) {
  deadline_.disarm();
  state_ = State::kIdle;
  ++attempt_;
  session_.reset();
  http_transport_ = nullptr;
  transport_.reset();
  offers_.clear();
  if (const auto listing = std::exchange(listing_, nullptr)) listing->set(std::move(why));
}

// A server may say back what it was sent, and what it says goes to logs and to the agent.
Error Upstream::without_secret(Error error) const {
  constexpr std::string_view kHidden = "***";
  const auto hide = [&](std::string_view secret) {
    if (secret.empty()) return;
    for (auto at = error.message.find(secret); at != std::string::npos;
         at = error.message.find(secret, at + kHidden.size()))
      error.message.replace(at, secret.size(), kHidden);
  };
  const std::string_view secret = secret_.reveal();
  hide(secret);
  // Of "Bearer …" the part that counts.
  if (const auto space = secret.rfind(' '); space != std::string_view::npos) hide(secret.substr(space + 1));
  return error;
}

namespace {

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): it outlives the session
http::Task<Result<mcp::ToolPage>> list_tools_on(http::Loop& loop, snapshot::Destination destination,
                                                Secret secret, UpstreamLimits limits) {
  http::Client client(loop);
  mcp::ToolPage listed;
  const auto upstream =
      std::make_shared<Upstream>(loop, client, std::move(destination), std::move(secret), limits,
                                 [&listed](const mcp::ToolPage& page) { listed = page; });
  const auto ready = co_await Upstream::ready(upstream);
  upstream->cut();
  if (!ready) co_return std::unexpected(ready.error());
  co_return listed;
}

}  // namespace

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): both outlive it
http::Task<Result<mcp::ToolPage>> list_tools(http::Loop& loop, const catalog::Vault& vault,
                                             snapshot::Destination destination, UpstreamLimits limits) {
  Secret secret;
  if (destination.secret) {
    CO_ASSIGN_OR_RETURN(secret, vault.unseal(destination.id, *destination.secret));
  }
  co_return co_await http::on_loop(loop,
                                   list_tools_on(loop, std::move(destination), std::move(secret), limits));
}

}  // namespace remit::gateway
