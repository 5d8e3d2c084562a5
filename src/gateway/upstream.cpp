#include "gateway/upstream.h"

#include <spdlog/spdlog.h>

#include "base/canonical_json.h"
#include "gateway/http_transport.h"
#include "http/on_loop.h"
#include "mcp/stdio.h"

namespace remit::gateway {
Upstream::Upstream(http::Loop& loop, http::Client& client, snapshot::Destination destination, Secret secret,
                   UpstreamLimits limits, OnListing on_listing)
    : loop_(loop),
      client_(client),
      destination_(std::move(destination)),
      secret_(std::move(secret)),
      limits_(limits),
      on_listing_(std::move(on_listing)),
      deadline_(loop, [this] {
        finish_opening(fail(ErrorKind::kUnavailable, "RMT-U003",
                            "destination `" + destination_.name + "` did not open an MCP session in time"));
      }) {}

Upstream::~Upstream() { cut(); }

http::Task<Result<void>> Upstream::ready(std::shared_ptr<Upstream> self) {
  if (self->state_ == State::kOpen) co_return Result<void>{};
  if (self->state_ == State::kIdle) self->start_opening();
  const auto opened = self->opened_;
  co_return *co_await Opened::wait(opened);
}

void Upstream::start_opening() {
  state_ = State::kOpening;
  opened_ = std::make_shared<Opened>();
  deadline_.arm(limits_.open_timeout);

  auto transport = make_transport();
  if (!transport)
    return finish_opening(fail(ErrorKind::kUnavailable, "RMT-U001",
                               "destination `" + destination_.name + "`: " + transport.error().message));
  transport_ = std::move(*transport);

  const std::weak_ptr<Upstream> weak = weak_from_this();
  mcp::ClientOptions options{.info = {.name = "remit", .version = REMIT_VERSION}};
  options.limits.max_bytes = limits_.max_answer_bytes;
  mcp::ClientHandlers handlers;
  handlers.on_fault = [name = destination_.name](const Error& fault) {
    spdlog::warn("destination {}: {}: {}", name, fault.code, fault.message);
  };
  handlers.on_notification = [weak](const mcp::Message& notification) {
    const auto self = weak.lock();
    if (self && notification.method() == "notifications/tools/list_changed") self->list_again();
  };
  // A callback must not destroy the session that it comes from, so what is lost is dropped after it.
  handlers.on_closed = [weak, this](const Error& why) {
    loop_.post([weak, why] {
      if (const auto self = weak.lock()) self->drop(why);
    });
  };
  session_ = std::make_unique<mcp::ClientSession>(*transport_, std::move(options), std::move(handlers));

  const auto refused = [this](const Error& why) {
    return fail(ErrorKind::kUnavailable, "RMT-U002",
                "destination `" + destination_.name + "`: " + why.message);
  };
  const auto sent = session_->initialize([weak, refused](Result<mcp::InitializeResult> answer) {
    const auto self = weak.lock();
    if (!self || self->state_ != State::kOpening) return;
    if (!answer) return self->finish_opening(refused(answer.error()));
    if (self->http_transport_) self->http_transport_->start(answer->protocol_version);
    const auto listing = self->session_->list_tools([weak, refused](Result<mcp::ToolPage> page) {
      const auto again = weak.lock();
      if (!again || again->state_ != State::kOpening) return;
      if (!page) return again->finish_opening(refused(page.error()));
      again->take_listing(*page);
      again->finish_opening({});
    });
    if (!listing) self->finish_opening(refused(listing.error()));
  });
  if (!sent) finish_opening(refused(sent.error()));
}

Result<std::unique_ptr<mcp::Transport>> Upstream::make_transport() {
  if (const auto* http = std::get_if<snapshot::HttpTransport>(&destination_.transport)) {
    http::Headers headers;
    if (destination_.secret) headers.set(destination_.secret->slot, std::string(secret_.reveal()));
    auto made = HttpTransport::make(
        loop_, client_, http->url, std::move(headers),
        {.max_message_bytes = limits_.max_answer_bytes, .answer_timeout = limits_.answer_timeout});
    if (!made) return std::unexpected(std::move(made).error());
    http_transport_ = made->get();
    http_transport_->on_lost([this](const mcp::Id& request, Error why) {
      if (const auto id = request.as_number(); id && session_) session_->lost(*id, std::move(why));
    });
    http_transport_->on_parsed([this](mcp::Message message) {
      if (session_) session_->take(std::move(message));
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
  if (state_ != State::kOpening) return;
  deadline_.disarm();
  const auto opened = opened_;
  if (result) {
    state_ = State::kOpen;
  } else {
    spdlog::warn("destination {}: {}: {}", destination_.name, result.error().code, result.error().message);
    state_ = State::kIdle;
    http_transport_ = nullptr;
    // Not from within a callback of the session.
    loop_.post([session = std::move(session_), transport = std::move(transport_)]() mutable {
      session.reset();
      transport.reset();
    });
  }
  opened->set(std::move(result));
}

void Upstream::take_listing(const mcp::ToolPage& page) {
  offers_.clear();
  for (const auto& tool : page.tools) offers_.emplace(tool.name, sha256(canonical_json(tool.definition)));
  for (const auto& tool : page.refused)
    spdlog::warn("destination {}: tool `{}` set aside: {}", destination_.name, tool.name, tool.error.message);
  on_listing_(page);
}

// The server says that its tools have changed: what it offers now is what calls are held against.
void Upstream::list_again() {
  if (state_ != State::kOpen) return;
  const auto listing = session_->list_tools([weak = weak_from_this()](Result<mcp::ToolPage> page) {
    const auto self = weak.lock();
    if (!self || self->state_ != State::kOpen) return;
    // Unknown is not unchanged: without a list nothing is offered.
    if (page)
      self->take_listing(*page);
    else
      self->offers_.clear();
  });
  if (!listing) offers_.clear();
}

void Upstream::drop(const Error& why) {
  if (state_ == State::kOpening)
    return finish_opening(
        fail(ErrorKind::kUnavailable, "RMT-U002", "destination `" + destination_.name + "`: " + why.message));
  if (state_ != State::kOpen) return;
  spdlog::warn("destination {} is lost: {}: {}", destination_.name, why.code, why.message);
  cut();
}

void Upstream::cut() {
  if (state_ == State::kOpening) {
    return finish_opening(fail(ErrorKind::kUnavailable, "RMT-U001",
                               "the session with destination `" + destination_.name + "` was cut"));
  }
  state_ = State::kIdle;
  session_.reset();
  http_transport_ = nullptr;
  transport_.reset();
  offers_.clear();
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
