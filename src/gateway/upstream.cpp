#include "gateway/upstream.h"

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <algorithm>
#include <array>

#include "base/canonical_json.h"
#include "base/visible.h"
#include "gateway/http_transport.h"
#include "http/on_loop.h"
#include "mcp/last_words.h"
#include "mcp/stdio.h"

namespace remit::gateway {
namespace {

constexpr unsigned kMostRemarks = 20;  // of one session

// What is wrong with a destination that gave us this error.
std::string_view code_for(const Error& error) {
  if (error.code.starts_with("RMT-U") && error.code != "RMT-U005") return error.code;
  return http::may_have_arrived(error) ? "RMT-U002" : "RMT-U001";
}

std::vector<std::string_view> values_of(const std::vector<catalog::OpenedSecret>& secrets) {
  std::vector<std::string_view> values;
  values.reserve(secrets.size());
  for (const auto& secret : secrets) values.push_back(secret.value.reveal());
  return values;
}

}  // namespace

UpstreamLimits limits_of(const snapshot::Destination& destination, UpstreamLimits usual) {
  const auto& own = destination.bounds;
  if (own.open_timeout) usual.open_timeout = *own.open_timeout;
  if (own.answer_timeout) usual.answer_timeout = *own.answer_timeout;
  if (own.max_answer_bytes) usual.max_answer_bytes = *own.max_answer_bytes;
  usual.answer_ceiling = std::max(usual.answer_ceiling, usual.answer_timeout);
  return usual;
}

Upstream::Upstream(UpstreamParts parts, snapshot::Destination destination,
                   std::vector<catalog::OpenedSecret> secrets, UpstreamLimits limits)
    : parts_(std::move(parts)),
      destination_(std::move(destination)),
      secrets_(std::move(secrets)),
      redactor_(values_of(secrets_)),
      limits_(limits_of(destination_, std::move(limits))),
      deadline_(parts_.loop, [this] {
        if (state_ == State::kOpening)
          return lose({ErrorKind::kUnavailable, "RMT-U003", "it did not open an MCP session in time"});
        finish_listing(fail(ErrorKind::kUnavailable, "RMT-U003", "it did not list its tools anew in time"));
      }) {}

Upstream::~Upstream() { end(); }

Upstream::Use::Use(std::shared_ptr<Upstream> upstream) : upstream_(std::move(upstream)) {
  ++upstream_->uses_;
}

Upstream::Use::~Use() {
  --upstream_->uses_;
  upstream_->release();
}

void Upstream::replace(std::shared_ptr<Upstream> predecessor) {
  // Those before it that are done with need no mention any more.
  while (predecessor && predecessor->uses_ == 0)
    predecessor = std::exchange(predecessor->predecessor_, nullptr);
  predecessor_ = std::move(predecessor);
}

void Upstream::cancel(mcp::ClientSession::RequestId id, std::string_view why) {
  if (session_) session_->cancel(id, why);
}

http::Task<Result<void>> Upstream::ready(std::shared_ptr<Upstream> self) {
  if (self->state_ == State::kNew) self->start_opening();
  if (!self->open()) {  // it may have failed already
    const auto opened = self->opened_;
    auto result = *co_await Opened::wait(opened);
    if (!result) co_return result;
  }
  bool asked = false;
  while (self->open()) {
    if (!std::exchange(asked, true) && self->age() > self->limits_.listing_max_age) self->list_before_calls();
    if (!self->calls_wait()) co_return Result<void>{};
    const auto listing = self->listing_;
    auto result = *co_await Opened::wait(listing);
    if (!result) co_return result;
  }
  co_return fail(ErrorKind::kUnavailable, kSessionForgotten,
                 "the session with destination `" + self->destination_.name + "` was lost");
}

bool Upstream::at_hand() {
  if (!open() || calls_wait() || age() > limits_.listing_max_age) return false;
  if (age() > limits_.listing_max_age / 2 && std::chrono::steady_clock::now() >= list_not_before_)
    list_beside();
  return true;
}

void Upstream::start_opening() {
  state_ = State::kOpening;
  deadline_.arm(limits_.open_timeout);

  // This upstream, while it still has its session.
  const auto current = [weak = weak_from_this()] {
    auto self = weak.lock();
    return self && self->session_ ? self : nullptr;
  };
  auto transport = make_transport(current);
  if (!transport) {
    auto why = std::move(transport).error();
    return lose({ErrorKind::kUnavailable, "RMT-U001", std::move(why.message), std::move(why.fix)});
  }
  transport_ = std::move(*transport);

  mcp::ClientOptions options{.info = {.name = "remit", .version = REMIT_VERSION},
                             .limits = mcp::server_limits(limits_.max_answer_bytes),
                             .max_pages = limits_.max_pages};
  options.clean = cleaner();
  mcp::ClientHandlers handlers;
  handlers.on_fault = [current](const Error& fault) {
    if (const auto self = current()) self->remark(fault);
  };
  handlers.on_notification = [current](const mcp::Message& notification) {
    const auto self = current();
    if (self && notification.method() == "notifications/tools/list_changed") self->on_tools_changed();
  };
  handlers.on_closed = [current](const Error& why) {
    if (const auto self = current()) self->lose(why);
  };
  session_ = std::make_unique<mcp::ClientSession>(*transport_, std::move(options), std::move(handlers));

  const auto sent = session_->initialize([current](Result<mcp::InitializeResult> answer) {
    const auto self = current();
    if (!self || self->state_ != State::kOpening) return;
    if (!answer) return self->lose(answer.error());
    if (self->http_transport_) self->http_transport_->start(answer->protocol_version);
    const auto listing = self->session_->list_tools([current](const Result<mcp::ToolPage>& page) {
      const auto again = current();
      if (!again || again->state_ != State::kOpening) return;
      if (!page) return again->lose(page.error());
      again->take_listing(*page);
      again->finish_opening({});
    });
    if (!listing) self->lose(listing.error());
  });
  if (!sent) lose(sent.error());
}

Result<std::unique_ptr<mcp::Transport>> Upstream::make_transport(const Current& current) {
  if (const auto* http = std::get_if<snapshot::HttpTransport>(&destination_.transport)) {
    HttpTransportOptions options{
        .headers = {}, .max_message_bytes = limits_.max_answer_bytes, .patience = limits_.answer_ceiling};
    for (const auto& secret : secrets_) options.headers.set(secret.slot, std::string(secret.value.reveal()));
    HttpTransportHandlers handlers;
    handlers.clean = cleaner();
    handlers.on_lost = [current](const mcp::Id& request, Error why) {
      const auto self = current();
      if (!self) return;
      // First, so that whoever hears of the request asks for another session.
      if (why.code == kSessionForgotten) self->lose(why);
      if (const auto id = request.as_number(); id && self->session_)
        self->session_->lost(*id, self->without_secret(std::move(why)));
    };
    handlers.on_parsed = [current](mcp::Message message) {
      if (const auto self = current()) self->session_->take(std::move(message));
    };
    handlers.on_listening_again = [current] {
      if (const auto self = current(); self && self->open()) self->list_beside();
    };
    handlers.on_forgotten = [current] {
      if (const auto self = current())
        self->lose({ErrorKind::kUnavailable, kSessionForgotten, "the server no longer knows the session"});
    };
    handlers.on_remark = [current](std::string what) {
      if (const auto self = current()) self->remark({ErrorKind::kInvalid, "RMT-M021", std::move(what)});
    };
    auto made =
        HttpTransport::make(parts_.loop, parts_.client, http->url, std::move(options), std::move(handlers));
    if (!made) return std::unexpected(std::move(made).error());
    http_transport_ = made->get();
    return std::move(*made);
  }
  const auto& stdio = std::get<snapshot::StdioTransport>(destination_.transport);
  if (!limits_.child) return fail(ErrorKind::kUnavailable, "RMT-U001", "no child can be started here");
  std::vector<std::pair<std::string, std::string>> secrets;
  secrets.reserve(secrets_.size());
  for (const auto& secret : secrets_) secrets.emplace_back(secret.slot, secret.value.reveal());
  auto command = limits_.child(destination_, stdio, std::move(secrets));
  if (!command) {
    const auto& why = command.error();
    return fail(ErrorKind::kUnavailable, "RMT-U001", fmt::format("{}: {}", why.code, why.message),
                std::string(fix_of(why)));
  }
  auto started = mcp::StdioTransport::start(parts_.loop.context().get_executor(), *command,
                                            {.max_line = limits_.max_answer_bytes});
  if (!started) return std::unexpected(std::move(started).error());
  (*started)->on_too_long([current](const std::optional<mcp::Id>& answered, Error why) {
    const auto self = current();
    if (!self || !self->session_) return;
    const auto id = answered ? answered->as_number() : std::nullopt;
    why.code = "RMT-U082";  // as over HTTP
    if (!id || !self->session_->lost(*id, why)) self->remark(std::move(why));
  });
  return std::move(*started);
}

// What a server does that it should not. It could do so without end.
void Upstream::remark(Error what) {
  if (remarks_ == kMostRemarks) return;
  const bool last = ++remarks_ == kMostRemarks;
  const auto shown = without_secret(std::move(what));
  spdlog::warn("destination {}: {}: {}{}", destination_.name, shown.code, excerpt(shown.message),
               last ? "; what else it does is not logged in this session" : "");
  if (parts_.on_remark) parts_.on_remark(shown.message);
}

void Upstream::finish_opening(Result<void> result) {
  deadline_.disarm();
  state_ = result ? State::kOpen : State::kLost;
  opened_->set(std::move(result));
}

// Lists ---------------------------------------------------------------------------------------------------

void Upstream::take_listing(mcp::ToolPage page) {
  offers_.clear();
  for (const auto& tool : page.tools) offers_.emplace(tool.name, sha256(canonical_json(tool.definition)));
  for (auto& tool : page.refused) tool.error = without_secret(std::move(tool.error));
  listed_at_ = std::chrono::steady_clock::now();
  parts_.on_listing(page);
}

void Upstream::list_beside() {
  if (!listing_) start_listing();
}

void Upstream::list_before_calls() {
  listing_is_needed_ = true;
  list_beside();
}

// The server says that its tools have changed: until it has said to what, nothing is known to be offered.
void Upstream::on_tools_changed() {
  if (!open()) return;
  if (listing_) list_once_more_ = true;
  list_before_calls();
}

void Upstream::start_listing() {
  listing_ = std::make_shared<Opened>();
  deadline_.arm(limits_.open_timeout);
  ask_for_list();
}

void Upstream::ask_for_list() {
  list_once_more_ = false;
  const auto asked =
      session_->list_tools([weak = weak_from_this(), listing = listing_](const Result<mcp::ToolPage>& page) {
        const auto self = weak.lock();
        if (!self || self->listing_ != listing) return;
        if (!page) return self->finish_listing(std::unexpected(page.error()));
        if (self->list_once_more_) return self->ask_for_list();
        self->take_listing(*page);
        self->finish_listing({});
      });
  if (!asked) finish_listing(std::unexpected(asked.error()));
}

void Upstream::finish_listing(Result<void> result) {
  deadline_.disarm();
  const bool needed = std::exchange(listing_is_needed_, false);
  const auto listing = std::exchange(listing_, nullptr);
  if (!result && needed) {
    lose(result.error());
  } else if (!result && open()) {
    // What was known serves on, until it is too old.
    spdlog::warn("destination {}: its tools could not be listed anew: {}", destination_.name,
                 without_secret(result.error()).message);
    list_not_before_ = std::chrono::steady_clock::now() + limits_.listing_max_age / 4;
  }
  if (!result) result = std::unexpected(told(result.error()));
  if (listing) listing->set(std::move(result));
}

// The end -------------------------------------------------------------------------------------------------

// The error as others may read it.
Error Upstream::told(const Error& why) const {
  auto known = without_secret(why);
  return {ErrorKind::kUnavailable, code_for(known),
          "destination `" + destination_.name + "`: " + known.message, std::move(known.fix)};
}

// Gives the session up for new calls. Those that are out on it may be answered yet.
void Upstream::lose(const Error& why) {
  if (state_ == State::kLost) return;
  auto known = told(why);
  const auto said = remarks();
  spdlog::warn("{}: {}{}", known.code, known.message, said);
  if (state_ == State::kOpening) {
    // Why it does not start, whoever asked for it must be told. Later on it is nobody's but the operator's.
    known.message += said;
    // A session that was just opened is not forgotten: what is refused there is the request.
    if (known.code == kSessionForgotten) known.code = "RMT-U008";
    finish_opening(std::unexpected(std::move(known)));
  } else {
    state_ = State::kLost;
    if (listing_) finish_listing(std::unexpected(why));
  }
  // Not from within a callback of the session.
  parts_.loop.post([weak = weak_from_this()] {
    if (const auto self = weak.lock()) self->release();
  });
}

void Upstream::release() {
  if (state_ == State::kLost && uses_ == 0) close(Manner::kEnd);
}

// What the server said beside its messages, to stand behind an error's own.
std::string Upstream::remarks() const {
  if (!transport_) return {};
  const auto said = without_secret({ErrorKind::kUnavailable, "RMT-U001", transport_->remarks()}).message;
  const auto words = mcp::last_words(said);
  return words.empty() ? std::string() : "; it wrote:\n" + words;
}

void Upstream::end() { stop(Manner::kEnd); }
void Upstream::cut() { stop(Manner::kCut); }

void Upstream::stop(Manner manner) {
  const Error why{ErrorKind::kUnavailable, "RMT-U001",
                  "the session with destination `" + destination_.name + "` was cut"};
  if (state_ == State::kOpening) finish_opening(std::unexpected(why));
  state_ = State::kLost;
  if (const auto listing = std::exchange(listing_, nullptr)) listing->set(std::unexpected(why));
  close(manner);
  if (const auto before = std::exchange(predecessor_, nullptr)) before->stop(manner);
}

void Upstream::close(Manner manner) {
  deadline_.disarm();
  session_.reset();
  http_transport_ = nullptr;
  if (transport_ && manner == Manner::kEnd) transport_->end();
  transport_.reset();
  offers_.clear();
}

// A server may say back what it was sent, and what it says goes to logs and to the agent.
Error Upstream::without_secret(Error error) const {
  if (redactor_.clean_text(error.message) && parts_.on_echo) parts_.on_echo();
  return error;
}

std::function<void(std::string&)> Upstream::cleaner() const {
  if (secrets_.empty()) return {};
  return [weak = weak_from_this()](std::string& text) {
    const auto self = weak.lock();
    if (self && self->redactor_.clean_json(text) && self->parts_.on_echo) self->parts_.on_echo();
  };
}

namespace {

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): it outlives the session
http::Task<Result<mcp::ToolPage>> list_tools_on(http::Loop& loop, snapshot::Destination destination,
                                                std::vector<catalog::OpenedSecret> secrets,
                                                UpstreamLimits limits) {
  http::Client client(loop);
  mcp::ToolPage listed;
  bool echoed = false;
  std::vector<std::string> remarks;
  const auto upstream = std::make_shared<Upstream>(
      UpstreamParts{.loop = loop,
                    .client = client,
                    .on_listing = [&listed](const mcp::ToolPage& page) { listed = page; },
                    .on_echo = [&echoed] { echoed = true; },
                    .on_remark = [&remarks](const std::string& what) { remarks.push_back(what); }},
      std::move(destination), std::move(secrets), limits);
  const auto ready = co_await Upstream::ready(upstream);
  if (ready) listed.instructions = upstream->session().server().instructions;
  upstream->end();
  listed.warnings.insert(listed.warnings.end(), remarks.begin(), remarks.end());
  if (echoed) listed.warnings.emplace_back("it says its credential back, which was hidden");
  if (!ready) co_return std::unexpected(ready.error());
  co_return listed;
}

}  // namespace

// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): both outlive it
http::Task<Result<mcp::ToolPage>> list_tools(http::Loop& loop, const catalog::Vault& vault,
                                             snapshot::Destination destination, UpstreamLimits limits) {
  auto secrets = vault.unseal_all(destination);
  if (!secrets) co_return std::unexpected(std::move(secrets).error());
  co_return co_await http::on_loop(loop,
                                   list_tools_on(loop, std::move(destination), std::move(*secrets), limits));
}

}  // namespace remit::gateway
