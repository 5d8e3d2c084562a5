// The one path that matters: a tools/call from its arrival to its answer (architecture.md).

#include <fmt/format.h>
#include <spdlog/spdlog.h>

#include <boost/json/monotonic_resource.hpp>
#include <boost/json/serialize.hpp>

#include "base/canonical_json.h"
#include "base/utf8.h"
#include "gateway/listing.h"
#include "gateway/shard.h"
#include "mcp/raw_json.h"
#include "mcp/trace_context.h"

namespace remit::gateway {
namespace {

namespace json = boost::json;
using decision::Decision;
using decision::Verdict;

constexpr std::string_view kAllowed = "RMT-D000";
constexpr std::size_t kCommitmentBytes = 64;        // and a few, with its quotes
constexpr std::size_t kMaxCommittedBytes = 32'768;  // of an entry's 65,535
constexpr std::size_t kMaxNameBytes = 192;          // the longest name of a tool: 63, a slash, 128

std::string with_decision(const mcp::Message& request, const DecisionId& id, std::string_view verdict,
                          std::string_view code, const std::string& text, bool retryable) {
  const json::object meta{
      {"remit/decision",
       {{"decision", verdict}, {"reason", code}, {"decision_id", id.str()}, {"retryable", retryable}}}};
  return mcp::make_result(*request.id(), mcp::tool_error_result(text, json::serialize(meta)));
}

std::string_view advice(std::string_view code, bool retryable) {
  const ErrorInfo* info = find_error(code);
  return retryable ? "It may be tried again." : info ? info->fix : "Do not retry.";
}

// What the model is told of a call that was not made: what, why, and what would change it.
std::string refusal(const mcp::Message& request, const DecisionId& id, std::string_view verdict,
                    std::string_view code, std::string_view message, bool retryable) {
  return with_decision(request, id, verdict, code,
                       fmt::format("Refused by Remit: {} [{}]. {} Decision {}.", message, code,
                                   advice(code, retryable), id.str()),
                       retryable);
}

// The same of a call that was allowed, and that its destination did not answer.
std::string failure(const mcp::Message& request, const DecisionId& id, std::string_view code,
                    std::string_view message, bool retryable) {
  return with_decision(request, id, "allow", code,
                       fmt::format("The destination failed: {} [{}]. {} Decision {}.", message, code,
                                   advice(code, retryable), id.str()),
                       retryable);
}

json::array to_json(const std::vector<std::string>& strings) {
  return json::array(strings.begin(), strings.end());
}

// An entry of the log is built once, written and dropped: its parts need no allocation each.
constexpr std::size_t kMembers = 24;  // as many as an entry has
json::storage_ptr entry_memory() {
  return json::make_shared_resource<json::monotonic_resource>(std::size_t{3072});
}

// What the log says of a decision: ids, enumerations and commitments.
json::object describe(const Caller& caller, const snapshot::Snapshot* snapshot, const snapshot::Tool* tool,
                      const Decision& decision) {
  json::object body({{"environment", to_string(caller.environment)},
                     {"deployment", caller.identity.deployment.str()},
                     {"credential", caller.identity.credential.str()},
                     {"verdict", decision::to_string(decision.verdict)},
                     {"reason", decision.code},
                     {"policies", to_json(decision.policies)},
                     {"revision", decision.revision}},
                    kMembers, entry_memory());
  if (!decision.errors.empty()) body["policy_errors"] = to_json(decision.errors);
  if (!decision.approval_path.empty()) body["approval_path"] = decision.approval_path;
  const auto* credential = snapshot ? snapshot->credential(caller.identity.credential.str()) : nullptr;
  if (credential != nullptr) body["key_thumbprint"] = credential->thumbprint;
  if (tool != nullptr) {
    body["tool"] = tool->id.str();
    body["pin"] = tool->digest.hex();
    body["destination"] = tool->destination.str();
    if (tool->effect) body["effect"] = snapshot::to_string(*tool->effect);
    body["data_class"] = snapshot::to_string(tool->data_class);
    body["labels"] = to_json(tool->labels);
  }
  return body;
}

// One commitment for each argument, so that one can be shown and the others not; where they are too many for
// an entry, one for all.
json::value commit_to_arguments(const json::object& arguments, Random& random,
                                std::vector<audit::FieldSecret>& secrets) {
  std::size_t bytes = 0;
  for (const auto& member : arguments) bytes += kCommitmentBytes + member.key().size();
  if (bytes <= kMaxCommittedBytes) return audit::commit_to_members(arguments, "arguments", random, secrets);
  auto commitment = audit::commit_to(arguments, random);
  secrets.push_back({.field = "arguments", .salt = std::move(commitment.salt), .value = std::nullopt});
  return json::string(commitment.text);
}

// A name that no tool has, as it is shown and recorded: cut, but not within a character, and marked, so that
// what is left of it is the name of no tool either.
std::string shown_name(std::string_view name) {
  const auto head = utf8_head(name, kMaxNameBytes);
  return head.size() == name.size() ? std::string(name) : std::string(head) + "…";
}

// Not granted, and yet the name of tools that are: says which to use instead. Only of those does it speak.
void point_to(const std::vector<std::string_view>& names, std::string_view asked, Decision& decision) {
  if (decision.code != "RMT-D020" || names.empty()) return;
  decision.code = "RMT-D090";
  decision.message = names.size() > 1
                         ? fmt::format("The name {} is ambiguous: use {}.", asked, fmt::join(names, " or "))
                         : fmt::format("No tool is shown to this agent as {}: use {}.", asked, names.front());
}

// What a plane as a whole has against a call that it would allow.
void refuse(Decision& decision, std::string_view code, std::string_view message) {
  decision.verdict = Verdict::kDeny;
  decision.code = code;
  decision.message = message;
  decision.policies.clear();
}

// Refused by a limit of this plane: that says nothing of the destination.
bool is_own_limit(std::string_view code) { return code == "RMT-U070" || code == "RMT-U071"; }

std::string_view reason_of(const CallEnd& end, bool sent) {
  if (!end.code.empty()) return end.code;
  switch (end.how) {
    case CallEnd::How::kTimedOut:
      return "RMT-U004";
    case CallEnd::How::kCancelled:
      return "RMT-U006";
    case CallEnd::How::kCut:
      return "RMT-U007";
    case CallEnd::How::kRefused:
      return "RMT-U008";
    case CallEnd::How::kAnswered:
    case CallEnd::How::kLost:
      break;
  }
  return sent ? "RMT-U005" : "RMT-U001";
}

audit::OutcomeStatus status_of(CallEnd::How how, bool sent) {
  if (!sent) return audit::OutcomeStatus::kNotSent;
  if (how == CallEnd::How::kTimedOut) return audit::OutcomeStatus::kTimeout;
  if (how == CallEnd::How::kRefused) return audit::OutcomeStatus::kUpstreamError;
  return audit::OutcomeStatus::kUnknown;
}

// How a call ended that got no answer, for want of which this error came.
CallEnd end_without_answer(const Error& error, OpenCall& open) {
  if (error.code == "RMT-U008") return {.how = CallEnd::How::kRefused, .why = error.message};
  if (error.code == "RMT-M080" || error.code == "RMT-M021")
    return {
        .how = CallEnd::How::kLost, .why = "its answer cannot be read: " + error.message, .code = "RMT-U081"};
  if (error.kind == ErrorKind::kUnavailable || !http::may_have_arrived(error)) open.sent = false;
  return {.how = CallEnd::How::kLost,
          .why = error.message,
          .code = error.code.starts_with("RMT-U08") ? error.code : std::string_view{}};
}

// How long a call's answer is waited for: each progress that is told gives it the whole time again, up to a
// ceiling (2025-11-25, "Lifecycle / Timeouts").
class AnswerLimit {
 public:
  AnswerLimit(http::Loop& loop, const UpstreamLimits& limits, std::shared_ptr<Completion<CallEnd>> end)
      : time_(limits.answer_timeout),
        ceiling_(std::chrono::steady_clock::now() + limits.answer_ceiling),
        deadline_(loop, [end = std::move(end)] {
          end->set({.how = CallEnd::How::kTimedOut, .why = "it did not answer in time"});
        }) {
    extend();
  }

  void extend() {
    const auto left =
        std::chrono::ceil<std::chrono::milliseconds>(ceiling_ - std::chrono::steady_clock::now());
    deadline_.arm(std::clamp(left, std::chrono::milliseconds(0), time_));
  }

 private:
  std::chrono::milliseconds time_;
  std::chrono::steady_clock::time_point ceiling_;
  http::Deadline deadline_;
};

}  // namespace

// NOLINTBEGIN(cppcoreguidelines-avoid-reference-coroutine-parameters): it waits with the caller
http::Task<std::string> Shard::call(Caller caller, SessionPtr session, mcp::Message request,
                                    ReplyChannel& reply) {
  // NOLINTEND(cppcoreguidelines-avoid-reference-coroutine-parameters)
  const auto params = mcp::parse_tool_call(request);
  if (!params) co_return mcp::make_error(params.error());
  const auto invalid = [&](std::string_view code, std::string message) {
    return mcp::make_error(mcp::Refusal{.error = {ErrorKind::kInvalid, code, std::move(message)},
                                        .rpc_code = mcp::kInvalidRequest,
                                        .id = request.id()});
  };
  if (closed_) co_return invalid("RMT-G006", "the gateway is shutting down");
  if (params->wants_task)
    co_return invalid("RMT-G006", "calls as tasks are not governed and so not passed on");
  if (session->calls.contains(*request.id()))
    co_return invalid("RMT-G006", "this request id is in use by an open call");
  if (const auto most = gateway_.options_.max_open_calls_per_session; session->calls.size() >= most)
    co_return invalid("RMT-G070", fmt::format("this session has {} calls under way, which is its limit "
                                              "(`limits.calls_per_session`)",
                                              most));
  const auto slot = Slot::take(caller.load, &CallerLoad::calls);
  if (!slot)
    co_return mcp::make_error(mcp::Refusal{
        .error = {ErrorKind::kUnavailable, "RMT-G050",
                  fmt::format(
                      "this agent has {} calls under way, which is all that it may have at once; this one "
                      "was not made and may be tried again",
                      caller.load->calls.most())},
        .rpc_code = mcp::kInvalidRequest,
        .id = request.id()});

  const auto id = DecisionId::make(gateway_.parts_.clock, gateway_.parts_.random);
  const auto open = std::make_shared<OpenCall>();
  session->calls.emplace(*request.id(), open);
  ++gateway_.counters_.open_calls;
  std::string answer = co_await govern(caller, session, request, *params, id, open, reply);
  session->calls.erase(*request.id());
  --gateway_.counters_.open_calls;
  if (open->cancelled) co_return std::string();
  co_return answer;
}

// NOLINTBEGIN(cppcoreguidelines-avoid-reference-coroutine-parameters): they are the caller's, which waits
http::Task<std::string> Shard::govern(const Caller& caller, SessionPtr session, const mcp::Message& request,
                                      const mcp::ToolCall& params, DecisionId id,
                                      std::shared_ptr<OpenCall> open, ReplyChannel& reply) {
  // NOLINTEND(cppcoreguidelines-avoid-reference-coroutine-parameters)
  const auto& parts = gateway_.parts_;
  const auto began = std::chrono::steady_clock::now();

  // Resolve and judge what needs no upstream.
  auto snapshot = parts.snapshots.current();
  const snapshot::Tool* tool =
      snapshot ? view(snapshot, caller.environment, caller.identity).find(params.name) : nullptr;
  const std::string asked_tool = tool ? tool->qualified_name : shown_name(params.name);
  decision::Call asked{.environment = caller.environment,
                       .deployment = caller.identity.deployment.str(),
                       .credential = caller.identity.credential.str(),
                       .tool = asked_tool,
                       .arguments = params.arguments,
                       .now = parts.clock.now()};
  const Governed governed{
      .caller = caller,
      .id = id,
      .began = began,
      .tool = asked_tool,
      .counted =
          counters_.of(caller.environment, tool ? snapshot->destination(tool->destination.str()) : nullptr),
      .reply = reply};
  std::chrono::steady_clock::duration opening{0};
  Handover handover{.session = session, .open = open, .raw_arguments = params.raw_arguments};
  auto& upstream = handover.reached.upstream;
  std::optional<Decision> refused;
  if (!snapshot) {
    refused = decision::decide(asked, nullptr);
  } else if (const auto standing = decision::check_standing(asked, *snapshot); !standing) {
    refused = standing.error();
    if (tool == nullptr)
      point_to(view(snapshot, caller.environment, caller.identity).called(params.name), asked_tool, *refused);
  } else {
    // Only now is the destination needed: what it offers under the tool's name is part of the decision.
    open->tool = standing->tool->id;
    handover.destination = standing->destination->id;
    Error failure{};
    if (auto reached = reach(*session, *standing->destination)) {
      handover.reached = std::move(*reached);
    } else {
      failure = std::move(reached).error();
    }
    if (upstream && !upstream->at_hand()) {
      const auto asks = std::chrono::steady_clock::now();
      if (auto opened = co_await open_upstream(handover, *standing->destination)) {
        handover.reached = std::move(*opened);
      } else {
        failure = std::move(opened).error();
        upstream = nullptr;
      }
      opening = std::chrono::steady_clock::now() - asks;
      snapshot = parts.snapshots.current();  // it may have moved meanwhile
      tool = snapshot ? snapshot->tool(caller.environment, asked_tool) : nullptr;
    }
    if (!upstream) {
      if (!is_own_limit(failure.code)) governed.counted.failed_at.set(micros_now());
      refused.emplace();
      refused->code = failure.code;
      refused->message = failure.message;
      refused->revision = snapshot ? snapshot->revision() : 0;
    }
  }

  // Decide.
  const auto decide = [&](const snapshot::Snapshot* now) {
    const auto& offers = upstream->offers();
    const auto offered = offers.find(std::string(asked_tool.substr(asked_tool.find('/') + 1)));
    asked.offered = offered == offers.end() ? std::nullopt : std::optional(offered->second);
    asked.now = parts.clock.now();
    return decision::decide(asked, now);
  };
  Decision decided = refused ? std::move(*refused) : decide(snapshot.get());
  if (decided.verdict == Verdict::kAllow && !gateway_.has_room())
    refuse(decided, "RMT-G009",
           "the disk has no room left for the records that a call needs, so it was not made");
  if (decided.verdict == Verdict::kAllow && gateway_.is_cautious())
    refuse(decided, "RMT-G010",
           "no call is made until a person has confirmed what this plane is not sure of");
  const bool allowed = decided.verdict == Verdict::kAllow;

  // Record, and wait until it is durable: before an allowed call leaves, and before a refusal is told.
  std::vector<audit::FieldSecret> secrets;
  json::object body = describe(caller, snapshot.get(), tool, decided);
  // The agent's own words: to be shown to people, and to be erased.
  if (tool == nullptr)
    body["tool_asked"] = audit::commit_to_text(asked_tool, "tool_asked", parts.random, secrets);
  body["arguments"] = commit_to_arguments(*params.arguments, parts.random, secrets);
  const auto recorded =
      co_await commit([this, id, allowed, body = std::move(body),
                       secrets = std::move(secrets)](store::Transaction& tx) mutable -> Result<void> {
        auto& log = gateway_.parts_.log;
        TRY(allowed ? log.append_intent(tx, id, std::move(body), secrets)
                    : log.append_denial(tx, id, std::move(body), secrets));
        return {};
      });
  counters_.decisions(caller.environment).observe(std::chrono::steady_clock::now() - began - opening);
  if (!recorded) {
    count(governed, Verdict::kDeny, "RMT-G004");
    spdlog::error("decision {} could not be recorded: {}: {}", id.str(), recorded.error().code,
                  recorded.error().message);
    // Unknown is not no: the intent may be in the log, and then it is owed its outcome.
    if (allowed && recorded.error().kind == ErrorKind::kUnknown)
      owed_.push_back(std::make_shared<const OwedOutcome>(
          OwedOutcome{.id = id, .status = audit::OutcomeStatus::kNotSent, .reason = "RMT-G004"}));
    co_return refusal(
        request, id, "deny", "RMT-G004", "the call could not be recorded, so it was not made",
        recorded.error().kind == ErrorKind::kUnavailable || recorded.error().kind == ErrorKind::kUnknown);
  }
  if (!owed_.empty()) settle_owed();
  if (!allowed) {
    count(governed, decided.verdict, decided.code);
    co_return refusal(request, id, decision::to_string(decided.verdict), decided.code, decided.message,
                      decided.code.starts_with("RMT-U"));
  }

  // Forward. The snapshot may have moved while the intent was written, so the decision is taken once more
  // just before the call is handed over.
  std::optional<Decision> overruled;
  handover.last_look = [&] {
    Decision again = decide(parts.snapshots.current().get());
    if (again.verdict == Verdict::kAllow) return true;
    overruled = std::move(again);
    return false;
  };
  if (params.progress_token)
    handover.progress = [notify = reply.notifier(),
                         token = params.progress_token->raw()](const mcp::Message& notification) {
      notify(mcp::make_notification(
          "notifications/progress",
          mcp::with_member(notification.raw_params(), *notification.params(), "progressToken", token)));
    };
  handover.tool = tool->name;
  if (params.meta != nullptr) handover.raw_meta = mcp::trace_context_of(*params.meta);
  const auto leaves = std::chrono::steady_clock::now();
  const CallEnd end = co_await forward(handover);
  if (overruled) {
    record_outcome(governed, audit::OutcomeStatus::kNotSent, overruled->code, {}, !open->cancelled);
    count(governed, Verdict::kDeny, overruled->code);
    co_return refusal(request, id, "deny", overruled->code, overruled->message, false);
  }
  governed.counted.upstream.observe(std::chrono::steady_clock::now() - leaves);
  co_return conclude(request, governed, *open, end);
}

std::uint64_t Shard::micros_now() const {
  return static_cast<std::uint64_t>(to_micros(gateway_.parts_.clock.now()));
}

void Shard::count(const Governed& call, Verdict verdict, std::string_view code) {
  call.counted.decided(verdict);
  if (!spdlog::should_log(spdlog::level::debug)) return;
  const auto snapshot = gateway_.parts_.snapshots.current();
  const auto* agent = snapshot ? snapshot->deployment(call.caller.identity.deployment.str()) : nullptr;
  const std::chrono::duration<double, std::milli> took = std::chrono::steady_clock::now() - call.began;
  // The tool's name may be the agent's own words: quoted, and at the end, so that it passes for nothing else.
  spdlog::debug("call verdict={} code={} environment={} agent={} ms={:.1f} decision={} tool={}",
                decision::to_string(verdict), code, to_string(call.caller.environment),
                agent ? agent->name : call.caller.identity.deployment.str(), took.count(), call.id.str(),
                json::serialize(json::string(call.tool)));
}

std::string Shard::conclude(const mcp::Message& request, const Governed& call, const OpenCall& open,
                            const CallEnd& end) {
  using How = CallEnd::How;
  using audit::OutcomeStatus;
  if (end.how == How::kAnswered) {
    call.counted.answered_at.set(micros_now());
    const mcp::Message& answer = *end.answer;
    if (answer.kind() == mcp::MessageKind::kError) {
      count(call, Verdict::kAllow, kAllowed);
      record_outcome(call, OutcomeStatus::kUpstreamError, {}, answer.raw_error());
      return mcp::make_error_as_is(*request.id(), answer.raw_error());
    }
    const auto result = mcp::inspect_call_result(answer);
    count(call, Verdict::kAllow, result ? kAllowed : "RMT-U002");
    if (!result) {
      record_outcome(call, OutcomeStatus::kUpstreamError, "RMT-U002", answer.raw_result());
      return failure(request, call.id, "RMT-U002", "its answer is no tool result: " + result.error().message,
                     false);
    }
    record_outcome(call, result->is_error ? OutcomeStatus::kToolError : OutcomeStatus::kOk, {},
                   answer.raw_result());
    return mcp::make_result(*request.id(), answer.raw_result());
  }

  const std::string_view code = reason_of(end, open.sent);
  call.counted.upstream_errors.add();
  if (end.how != How::kCancelled && end.how != How::kCut) call.counted.failed_at.set(micros_now());
  count(call, Verdict::kAllow, code);
  record_outcome(call, status_of(end.how, open.sent), code, {}, !open.cancelled);
  const bool had_no_effect = !open.sent || end.how == How::kRefused;
  return failure(
      request, call.id, code,
      end.why + (had_no_effect ? "; the call was not made" : "; it may or may not have had its effect"),
      !open.sent && end.how == How::kLost);
}

Result<Shard::Reached> Shard::reach(Session& session, const snapshot::Destination& destination) {
  std::shared_ptr<Upstream> predecessor;
  if (const auto known = session.upstreams.find(destination.id); known != session.upstreams.end()) {
    const auto [upstream, place] = known->second;
    if (upstream->open() || upstream->opening())
      if (Place::Use use(place); use) return Reached{.upstream = upstream, .use = std::move(use)};
    if (place->lost())
      upstream->cut();  // as it will be told to
    else
      predecessor = upstream;
    // Where no call is out on it, it needs its place no longer.
    if (!place->in_use()) session.upstreams.erase(known);
  }
  // Made anew, so that a changed address or credential counts from the next opening on.
  ASSIGN_OR_RETURN(auto secrets, gateway_.parts_.vault.unseal_all(destination));
  const bool is_child = std::holds_alternative<snapshot::StdioTransport>(destination.transport);
  auto& places = is_child ? gateway_.children_ : gateway_.remotes_;
  auto place =
      places.take(session.record.deployment, on_upstream_lost(session.record.id_hash, destination.id));
  if (!place) {
    ++gateway_.counters_.refused_children;
    if (place.error() == Places::Full::kDeployment)
      return fail(
          ErrorKind::kUnavailable, "RMT-U070",
          fmt::format("this deployment has {} programs at work as its destinations, which is its limit "
                      "(`limits.children_per_deployment`)",
                      places.limits().per_deployment));
    return fail(ErrorKind::kUnavailable, "RMT-U071",
                fmt::format("{} programs are at work as destinations, which is the limit (`limits.children`)",
                            places.limits().in_all));
  }
  Place::Use use(*place);
  auto upstream = std::make_shared<Upstream>(
      UpstreamParts{.loop = loop_,
                    .client = client_,
                    .on_listing =
                        [this, id = destination.id, name = destination.name](const mcp::ToolPage& listing) {
                          const auto digest = digest_of(listing);
                          const auto snapshot = gateway_.parts_.snapshots.current();
                          const bool other = std::exchange(listed_[id], digest) != digest;
                          if (other) log_set_aside(name, listing);
                          if (other)
                            for (const auto& warning : listing.warnings)
                              spdlog::warn("destination {}: {}", name, warning);
                          if (other || (snapshot && is_news(listing, id, *snapshot)))
                            gateway_.parts_.on_listing(id, listing);
                        },
                    .on_echo = [this, id = destination.id] { gateway_.credential_echoed(id); }},
      destination, std::move(secrets), gateway_.options_.upstream);
  if (predecessor) upstream->replace(std::move(predecessor));
  session.upstreams.insert_or_assign(destination.id, Connected{upstream, std::move(*place)});
  return Reached{.upstream = std::move(upstream), .use = std::move(use)};
}

// The upstream, open, and what it offers known. One that turns out to be lost is replaced once.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): the caller waits
http::Task<Result<Shard::Reached>> Shard::open_upstream(Handover& call, snapshot::Destination destination) {
  // It may have to make room for the one that takes its place.
  call.reached.use = {};
  for (int attempt = 0;; ++attempt) {
    auto reached = reach(*call.session, destination);
    if (!reached) co_return std::unexpected(std::move(reached).error());
    auto ready = co_await Upstream::ready(reached->upstream);
    if (ready) co_return reached;
    // A call that was cut or cancelled meanwhile needs none.
    if (ready.error().code != kSessionForgotten || attempt > 0 || call.open->end->is_set())
      co_return std::unexpected(std::move(ready).error());
  }
}

// A request that was refused for its session was not carried out (2025-11-25, "Session Management"): the
// session is opened anew, and the call handed over once more.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): the caller waits
http::Task<CallEnd> Shard::forward(Handover& call) {
  using How = CallEnd::How;
  auto end = co_await hand_over(call);
  if (end) co_return std::move(*end);

  const auto snapshot = gateway_.parts_.snapshots.current();
  const auto* destination = snapshot ? snapshot->destination(call.destination.str()) : nullptr;
  if (destination == nullptr)
    co_return CallEnd{.how = How::kLost, .why = "the destination is no longer there"};
  if (!call.open->end->is_set()) {
    auto opened = co_await open_upstream(call, *destination);
    if (opened)
      call.reached = std::move(*opened);
    else if (!call.open->end->is_set())
      co_return CallEnd{
          .how = How::kLost,
          .why = "its session had to be opened anew, and that failed: " + opened.error().message,
          .code = opened.error().code};
  }
  if (call.open->end->is_set()) co_return std::move(*co_await Completion<CallEnd>::wait(call.open->end));
  end = co_await hand_over(call);
  if (end) co_return std::move(*end);
  const Error why = std::move(end).error();
  if (why.kind == ErrorKind::kInvalid) {  // a 400, and so not about the session, which was just opened
    call.open->sent = true;
    co_return CallEnd{.how = How::kRefused, .why = why.message};
  }
  co_return CallEnd{.how = How::kLost,
                    .why = "it does not know the session that was just opened: " + why.message,
                    .code = kSessionForgotten};
}

// One attempt. An error where nothing was carried out because the session was lost.
// NOLINTNEXTLINE(cppcoreguidelines-avoid-reference-coroutine-parameters): the caller waits
http::Task<std::expected<CallEnd, Error>> Shard::hand_over(Handover& call) {
  using How = CallEnd::How;
  const auto open = call.open;
  const auto upstream = call.reached.upstream;
  if (upstream->open() && !upstream->at_hand())
    if (const auto ready = co_await Upstream::ready(upstream); !ready)
      co_return std::unexpected(ready.error());
  if (open->end->is_set()) co_return std::move(*co_await Completion<CallEnd>::wait(open->end));
  if (!upstream->open())
    co_return std::unexpected(Error{ErrorKind::kUnavailable, kSessionForgotten, "the session was lost"});

  // From the last look to the hand-over nothing may suspend: a kill is run on this loop, before or after
  // both.
  if (!call.last_look()) co_return CallEnd{.how = How::kLost, .why = "overruled"};
  const Upstream::Use use(upstream);
  AnswerLimit limit(loop_, upstream->limits(), open->end);
  // Set when the call has ended, or was refused for its session; then with the reason.
  const auto attempt = std::make_shared<Completion<std::optional<Error>>>();
  mcp::ClientSession::Progress progress;
  if (call.progress)
    progress = [&limit, &call](const mcp::Message& notification) {
      limit.extend();
      call.progress(notification);
    };
  const auto sent = upstream->session().call(
      call.tool, call.raw_arguments,
      [open, attempt](Result<mcp::Message> answer) {
        if (answer) {
          open->end->set({.how = How::kAnswered, .answer = std::move(*answer)});
        } else if (answer.error().code == kSessionForgotten) {
          open->sent = false;
          attempt->set(std::move(answer).error());
        } else {
          open->end->set(end_without_answer(answer.error(), *open));
        }
      },
      std::move(progress), call.raw_meta);
  if (!sent) co_return CallEnd{.how = How::kLost, .why = sent.error().message};
  open->sent = true;
  open->end->then([attempt] { attempt->set(std::nullopt); });

  if (auto refused = *co_await Completion<std::optional<Error>>::wait(attempt); refused)
    co_return std::unexpected(std::move(*refused));
  CallEnd end = std::move(*co_await Completion<CallEnd>::wait(open->end));
  if (end.how != How::kAnswered) upstream->cancel(*sent, end.why);
  co_return end;
}

boost::json::object Shard::body_of(const OwedOutcome& outcome) {
  json::object body(kMembers, entry_memory());
  if (outcome.latency) {
    body["latency_us"] = outcome.latency->count();
    body["bytes"] = outcome.bytes;
  }
  if (!outcome.delivered) body["delivered"] = false;
  if (!outcome.reason.empty()) body["reason"] = outcome.reason;
  if (!outcome.result.text.empty()) body["result"] = outcome.result.text;
  return body;
}

// `again`: it may be in the log already (a commit that was in doubt), or its intent may not be there.
void Shard::write_outcome(const OwedPtr& outcome, bool again) {
  auto work = [this, outcome, again,
               body = body_of(*outcome)](store::Transaction& tx) mutable -> Result<void> {
    std::vector<audit::FieldSecret> secrets;
    if (!outcome->result.text.empty())
      secrets.push_back({.field = "result", .salt = outcome->result.salt, .value = std::nullopt});
    const auto done =
        gateway_.parts_.log.append_outcome(tx, outcome->id, outcome->status, std::move(body), secrets);
    if (!done && !(again && done.error().code == "RMT-A012")) return std::unexpected(done.error());
    return {};
  };
  auto done = [this, outcome, again](const Result<void>& written) {
    if (written) return;
    if (!again)
      spdlog::error("outcome of {} not recorded: {}: {}", outcome->id.str(), written.error().code,
                    written.error().message);
    if (written.error().code != "RMT-A012") loop_.post([this, outcome] { owed_.push_back(outcome); });
  };
  if (again)
    gateway_.parts_.store.submit(std::move(work), std::move(done));
  else
    gateway_.parts_.store.submit_behind(std::move(work), std::move(done));
}

// As soon as the store serves again: with the next call that is recorded, and every now and then.
void Shard::settle_owed() {
  for (const auto& outcome : std::exchange(owed_, {})) write_outcome(outcome, true);
}

// The answer does not wait for this. What cannot be written is tried again; an intent whose outcome is lost
// nevertheless is found as `unknown` at the next start.
void Shard::record_outcome(const Governed& call, audit::OutcomeStatus status, std::string_view code,
                           std::string_view raw_result, bool answer_owed) {
  OwedOutcome outcome{.id = call.id,
                      .status = status,
                      .reason = std::string(code),
                      .latency = std::chrono::duration_cast<std::chrono::microseconds>(
                          std::chrono::steady_clock::now() - call.began),
                      .bytes = raw_result.size()};
  if (answer_owed && call.reply.agent_gone()) {
    ++gateway_.counters_.undelivered;
    outcome.delivered = false;
  } else if (answer_owed) {
    call.reply.answers(call.id);
  }
  // Over the bytes as they came: what the agent was shown.
  if (!raw_result.empty())
    outcome.result = audit::commit_to(json::string(raw_result), gateway_.parts_.random);
  write_outcome(std::make_shared<const OwedOutcome>(std::move(outcome)), false);
}

}  // namespace remit::gateway
