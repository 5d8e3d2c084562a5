#include "mcp/client_session.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <set>
#include <tuple>

#include "base/canonical_json.h"
#include "base/sha256.h"
#include "mcp/raw_json.h"

namespace remit::mcp {
namespace {

namespace json = boost::json;

Error closed(std::string message) { return {ErrorKind::kUnavailable, "RMT-M041", std::move(message)}; }

// The id that a notification's params name under `key`, if it is one.
std::optional<Id> id_in_params(const Message& message, std::string_view key) {
  const auto* params = message.params();
  const auto* value = params ? params->if_contains(key) : nullptr;
  if (!value) return std::nullopt;
  return Id::from_token(raw_member(message.raw_params(), *params, key).value_or(""), *value);
}

}  // namespace

struct ClientSession::Listing {
  std::move_only_function<void(Result<ToolPage>)> done;
  ToolPage all;
  std::size_t pages = 0;
  std::set<std::string> cursors;
  std::set<Digest> digests;  // of the pages' tools
};

Result<std::string> with_progress_token(std::string_view raw_params, std::int64_t token) {
  const auto raw_token = fmt::to_string(token);
  if (raw_params.empty()) return fmt::format(R"({{"_meta":{{"progressToken":{}}}}})", raw_token);
  const auto bad = [](std::string why) { return fail(ErrorKind::kInvalid, "RMT-M004", std::move(why)); };
  const auto params = parse_json(raw_params);
  if (!params || !params->is_object()) return bad("params is not an object");
  const auto& object = params->get_object();
  const auto* meta = object.if_contains("_meta");
  if (!meta)
    return with_member(raw_params, object, "_meta", fmt::format(R"({{"progressToken":{}}})", raw_token));
  if (!meta->is_object()) return bad("_meta is not an object");
  const auto raw_meta = raw_member(raw_params, object, "_meta").value_or("{}");
  return with_member(raw_params, object, "_meta",
                     with_member(raw_meta, meta->get_object(), "progressToken", raw_token));
}

ClientSession::ClientSession(Transport& transport, ClientOptions options, ClientHandlers handlers)
    : transport_(transport), options_(std::move(options)), handlers_(std::move(handlers)) {
  transport_.receive([this](std::string text) { on_text(std::move(text)); },
                     [this](const Error& why) { on_closed(why); });
}

ClientSession::~ClientSession() {
  transport_.receive([](const std::string&) {}, [](const Error&) {});
}

Result<ClientSession::RequestId> ClientSession::initialize(
    std::move_only_function<void(Result<InitializeResult>)> done) {
  if (state_ != State::kNew)
    return fail(ErrorKind::kConflict, "RMT-M042", "the session was initialized before");
  const InitializeParams params{options_.offered_version, options_.info, options_.raw_capabilities};
  ASSIGN_OR_RETURN(initialize_id_,
                   send_request("initialize", to_json(params),
                                [this, done = std::move(done)](Result<Message> answer) mutable {
                                  finish_initialize(std::move(answer), done);
                                },
                                {}));
  state_ = State::kInitializing;
  return initialize_id_;
}

void ClientSession::finish_initialize(Result<Message> answer,
                                      std::move_only_function<void(Result<InitializeResult>)>& done) {
  const auto give_up = [&](Error why) {
    state_ = State::kClosed;
    done(std::unexpected(std::move(why)));
  };
  if (!answer) return give_up(std::move(answer.error()));
  if (answer->kind() == MessageKind::kError)
    return give_up({ErrorKind::kUnavailable, "RMT-M040",
                    fmt::format("the MCP server refused initialize: {} ({})", answer->error_message(),
                                answer->error_code())});
  auto result = parse_initialize_result(*answer);
  if (!result) return give_up(std::move(result.error()));
  if (!is_supported_of_server(result->protocol_version))
    return give_up(
        {ErrorKind::kUnavailable, "RMT-M040",
         fmt::format("the MCP server speaks {}, which is not supported", result->protocol_version)});
  server_ = *result;
  state_ = State::kReady;
  if (auto sent = notify("notifications/initialized"); !sent) return give_up(std::move(sent.error()));
  done(std::move(result));
}

Result<void> ClientSession::list_tools(std::move_only_function<void(Result<ToolPage>)> done) {
  auto listing = std::make_shared<Listing>();
  listing->done = std::move(done);
  return next_page(listing);
}

Result<void> ClientSession::next_page(const std::shared_ptr<Listing>& listing) {
  const auto& cursor = listing->all.next_cursor;
  const auto params = cursor ? fmt::format(R"({{"cursor":{}}})", mcp::quoted(*cursor)) : std::string{};
  TRY(request("tools/list", params,
              [this, listing](Result<Message> answer) { on_page(listing, std::move(answer)); }));
  return {};
}

void ClientSession::on_page(const std::shared_ptr<Listing>& listing, Result<Message> answer) {
  const auto give_up = [&](Error why) { listing->done(std::unexpected(std::move(why))); };
  const auto endless = [&] {
    give_up({ErrorKind::kUnavailable, "RMT-M043",
             fmt::format("the list of tools does not end after {} pages and {} tools", listing->pages,
                         listing->all.tools.size())});
  };
  if (!answer) return give_up(std::move(answer.error()));
  if (answer->kind() == MessageKind::kError)
    return give_up(
        {ErrorKind::kUnavailable, "RMT-M021",
         fmt::format("tools/list failed: {} ({})", answer->error_message(), answer->error_code())});
  auto page = parse_tool_page(*answer);
  if (!page) return give_up(std::move(page.error()));

  auto& all = listing->all;
  const auto finish = [&] {
    all.next_cursor.reset();
    set_aside_doubles(all);
    listing->done(std::move(all));
  };
  const auto raw_tools = raw_member(answer->raw_result(), *answer->result(), "tools").value_or("");
  if (!page->tools.empty() && !listing->digests.insert(sha256(raw_tools)).second) {
    all.warnings.push_back(
        fmt::format("page {} of its tools came before: the list ends there", listing->pages + 1));
    return finish();
  }
  std::ranges::move(page->tools, std::back_inserter(all.tools));
  std::ranges::move(page->refused, std::back_inserter(all.refused));
  all.next_cursor = std::move(page->next_cursor);
  ++listing->pages;
  if (all.tools.size() + all.refused.size() > options_.max_tools) return endless();
  if (!all.next_cursor) return finish();
  if (all.next_cursor->empty()) {
    all.warnings.emplace_back(
        "its nextCursor is an empty text where there should be none: the list ends there");
    return finish();
  }
  // A cursor that comes again would go round for ever.
  if (!listing->cursors.insert(*all.next_cursor).second) {
    all.warnings.push_back(
        fmt::format("its nextCursor came before, on page {}: the list ends there", listing->pages));
    return finish();
  }
  if (listing->pages >= options_.max_pages) return endless();
  if (auto next = next_page(listing); !next) give_up(std::move(next.error()));
}

Result<ClientSession::RequestId> ClientSession::request(std::string_view method, std::string_view raw_params,
                                                        Reply reply, Progress progress) {
  if (state_ == State::kClosed) return std::unexpected(closed("the session has ended"));
  if (state_ != State::kReady)
    return fail(ErrorKind::kConflict, "RMT-M042", "the session is not initialized");
  return send_request(method, std::string(raw_params), std::move(reply), std::move(progress));
}

Result<ClientSession::RequestId> ClientSession::call(std::string_view tool, std::string_view raw_arguments,
                                                     Reply reply, Progress progress,
                                                     std::string_view raw_meta) {
  return request("tools/call", tool_call_params(tool, raw_arguments, raw_meta), std::move(reply),
                 std::move(progress));
}

Result<ClientSession::RequestId> ClientSession::send_request(std::string_view method, std::string params,
                                                             Reply reply, Progress progress) {
  if (open_.size() >= options_.max_open)
    return fail(ErrorKind::kUnavailable, "RMT-M042", "too many requests to this MCP server are open");
  const RequestId id = last_id_ + 1;
  if (progress) {
    ASSIGN_OR_RETURN(params, with_progress_token(params, id));
  }
  const Id own = Id::number(id);
  TRY(transport_.send_request(own, make_request(own, method, params)));
  last_id_ = id;
  open_.emplace(id, Open{std::move(reply), std::move(progress)});
  return id;
}

bool ClientSession::cancel(RequestId id, std::string_view reason) {
  if (id == initialize_id_ || open_.erase(id) == 0) return false;
  // Whether it arrives does not matter: the request is forgotten here either way.
  std::ignore = notify("notifications/cancelled",
                       fmt::format(R"({{"requestId":{},"reason":{}}})", id, mcp::quoted(reason)));
  transport_.forget(Id::number(id));
  return true;
}

bool ClientSession::lost(RequestId id, Error why) {
  const auto open = open_.find(id);
  if (open == open_.end()) return false;
  auto reply = std::move(open->second.reply);
  open_.erase(open);
  reply(std::unexpected(std::move(why)));
  return true;
}

Result<void> ClientSession::notify(std::string_view method, std::string_view raw_params) {
  if (state_ != State::kReady)
    return fail(ErrorKind::kConflict, "RMT-M042", "the session is not initialized");
  return transport_.send(make_notification(method, raw_params));
}

Result<void> ClientSession::reply(const Id& server_request, std::string_view raw_result) {
  if (state_ == State::kClosed) return std::unexpected(closed("the session has ended"));
  return transport_.send(make_result(server_request, raw_result));
}

Result<void> ClientSession::reply_error(const Id& server_request, int code, std::string_view message,
                                        std::string_view raw_data) {
  if (state_ == State::kClosed) return std::unexpected(closed("the session has ended"));
  return transport_.send(make_error(server_request, code, message, raw_data));
}

void ClientSession::on_text(std::string text) {
  if (options_.clean) options_.clean(text);
  auto message = parse_message(std::move(text), options_.limits);
  if (!message) return on_refused(std::move(message).error());
  take(std::move(*message));
}

void ClientSession::take(Message message) {
  switch (message.kind()) {
    case MessageKind::kRequest:
      return on_request(message);
    case MessageKind::kNotification:
      return on_notification(message);
    case MessageKind::kResponse:
    case MessageKind::kError:
      return on_answer(std::move(message));
  }
}

void ClientSession::on_answer(Message answer) {
  const auto id = answer.id() ? answer.id()->as_own() : std::nullopt;
  if (!id || *id < 1 || *id > last_id_) return fault("an answer to a request that was never made");
  if (answer.id()->raw().starts_with('"') && !std::exchange(told_of_text_ids_, true))
    fault("it answers to ids that are numbers with texts, which is put up with");
  auto open = open_.extract(*id);
  if (open.empty()) return;  // cancelled before, or answered twice
  open.mapped().reply(std::move(answer));
}

void ClientSession::on_request(const Message& request) {
  if (request.method() == "ping") {
    std::ignore = reply(*request.id(), "{}");  // a transport that is gone says so by itself
    return;
  }
  if (handlers_.on_request) return handlers_.on_request(request);
  std::ignore = reply_error(*request.id(), kMethodNotFound,
                            fmt::format("{} is not offered by this client", request.method()));
}

void ClientSession::on_notification(const Message& notification) {
  if (notification.method() == "notifications/progress") {
    const auto token = id_in_params(notification, "progressToken");
    const auto open = open_.find(token ? token->as_own().value_or(0) : 0);
    if (open == open_.end() || !open->second.progress) return;  // late, or nobody's
    const auto progress = open->second.progress;  // it may cancel the request and so destroy itself
    return progress(notification);
  }
  if (notification.method() == "notifications/cancelled") {
    const auto id = id_in_params(notification, "requestId");
    if (!id) return fault("a cancellation without a request id");
    const auto* reason = notification.params()->if_contains("reason");
    const auto* text = reason ? reason->if_string() : nullptr;
    if (handlers_.on_cancelled)
      handlers_.on_cancelled(*id, text ? std::string_view(text->data(), text->size()) : std::string_view{});
    return;
  }
  if (handlers_.on_notification) handlers_.on_notification(notification);
}

void ClientSession::on_refused(Refusal refusal) {
  fault(refusal.error.message);
  if (!refusal.id && refusal.is_answer && open_.size() == 1) refusal.id = Id::number(open_.begin()->first);
  if (!refusal.id) return;
  if (!refusal.is_answer) {
    std::ignore = transport_.send(make_error(refusal));
    return;
  }
  auto open = open_.extract(refusal.id->as_own().value_or(0));
  if (open.empty()) return;
  const bool unreadable = refusal.rpc_code == kParseError || refusal.error.kind == ErrorKind::kTooLarge;
  open.mapped().reply(fail(ErrorKind::kInvalid, unreadable ? "RMT-M080" : "RMT-M021", refusal.error.message));
}

void ClientSession::on_closed(const Error& why) {
  state_ = State::kClosed;
  auto open = std::exchange(open_, {});
  for (auto& [id, request] : open)
    request.reply(fail(ErrorKind::kUnknown, "RMT-M041", fmt::format("no answer came: {}", why.message)));
  if (handlers_.on_closed) handlers_.on_closed(why);
}

void ClientSession::fault(std::string what) {
  if (handlers_.on_fault) handlers_.on_fault({ErrorKind::kInvalid, "RMT-M021", std::move(what)});
}

}  // namespace remit::mcp
