#include "decision/request.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include <array>
#include <boost/json/monotonic_resource.hpp>
#include <span>

#include "decision/arguments.h"
#include "snapshot/entities.h"

namespace remit::decision {
namespace {

namespace json = boost::json;

constexpr std::size_t kMembers = 5;  // of a whole context

// As Cedar's datetime takes it: milliseconds.
json::object cedar_time(Instant time, const json::storage_ptr& memory = {}) {
  const auto text = fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", std::chrono::floor<std::chrono::milliseconds>(time));
  return json::object({{"__extn", json::object({{"fn", "datetime"}, {"arg", text}}, memory)}}, memory);
}

// What of the context does not depend on the call.
json::object standing_context(const Standing& standing, const json::storage_ptr& memory = {}) {
  json::array labels(memory);
  for (const auto& label : standing.tool->labels) labels.emplace_back(label);
  return json::object(
      {{"tool", json::object({{"name", standing.tool->qualified_name},
                              {"effect", to_string(*standing.tool->effect)},
                              {"data_class", to_string(standing.tool->data_class)},
                              {"labels", std::move(labels)}},
                             memory)},
       {"session", json::object({{"credential_kind", to_string(standing.credential->kind)}}, memory)}},
      kMembers, memory);
}

cedar::Kind cedar_kind(snapshot::InputType::Kind kind) {
  using Kind = snapshot::InputType::Kind;
  switch (kind) {
    case Kind::kBool:
      return cedar::Kind::kBool;
    case Kind::kLong:
      return cedar::Kind::kLong;
    case Kind::kDecimal:
      return cedar::Kind::kDecimal;
    case Kind::kString:
      return cedar::Kind::kString;
    case Kind::kSet:
      return cedar::Kind::kSet;
    case Kind::kRecord:
      break;
  }
  return cedar::Kind::kRecord;
}

Result<cedar::Context> context_of(const json::object& context) {
  auto made = cedar::Context::from_json(context);
  if (made) return std::move(*made);
  return fail(ErrorKind::kInvalid, "RMT-D044",
              fmt::format("the arguments cannot be put to the policies: {} at {}", made.error().message,
                          made.error().pointer));
}

void erase_at(json::object& from, std::span<const std::string> path) {
  auto* object = &from;
  for (const auto& step : path.first(path.size() - 1)) object = &object->at(step).as_object();
  object->erase(path.back());
}

// The context without the values that stand in: each is there, of its kind, and unknown.
Result<cedar::PartialContext> open_context(json::object context, const std::vector<BeyondCedar>& beyond) {
  std::vector<cedar::UnknownAttribute> unknown;
  for (const auto& one : beyond) {
    erase_at(context.at("input").as_object(), one.path);
    std::vector<std::string> path{"input"};
    path.insert(path.end(), one.path.begin(), one.path.end());
    unknown.push_back({.path = std::move(path), .present = true, .kind = cedar_kind(one.kind)});
  }
  ASSIGN_OR_RETURN(auto known, context_of(context));
  auto open = cedar::PartialContext::make(std::move(known), std::move(unknown));
  if (open) return std::move(*open);
  return fail(ErrorKind::kInternal, "RMT-D044",
              fmt::format("the arguments cannot be put to the policies: {}", open.error().message));
}

}  // namespace

Result<PolicyRequest> make_request(const Call& call, const Standing& standing) {
  static const json::object none;
  ASSIGN_OR_RETURN(auto input, to_policy_input(call.arguments == nullptr ? none : *call.arguments,
                                               standing.tool->input->type));
  // The context lives as long as this function: its parts need no allocation each.
  std::array<unsigned char, 4096> room;
  json::monotonic_resource memory(room.data(), room.size());
  json::object context = standing_context(standing, &memory);
  context["input"] = std::move(input.input);
  context["omitted"] = std::move(input.omitted);
  context["time"] = cedar_time(call.now, &memory);
  PolicyRequest made{.request = {.principal = snapshot::agent_uid(*standing.deployment),
                                 .action = snapshot::action_uid(*standing.tool),
                                 .resource = snapshot::destination_uid(*standing.destination)}};
  ASSIGN_OR_RETURN(made.request.context, context_of(context));
  if (input.beyond.empty()) return made;
  made.open = cedar::PartialRequest::of(made.request);
  ASSIGN_OR_RETURN(made.open.context, open_context(std::move(context), input.beyond));
  for (const auto& one : input.beyond) made.beyond.push_back(fmt::format("/{}", fmt::join(one.path, "/")));
  return made;
}

cedar::PartialRequest make_open_request(const Standing& standing, std::optional<Instant> time) {
  json::object known = standing_context(standing);
  std::vector<cedar::UnknownAttribute> unknown{
      {.path = {"input"}, .present = true, .kind = cedar::Kind::kRecord},
      {.path = {"omitted"}, .present = true, .kind = cedar::Kind::kSet}};
  if (time)
    known["time"] = cedar_time(*time);
  else
    unknown.push_back({.path = {"time"}, .present = true, .kind = cedar::Kind::kDatetime});
  cedar::PartialRequest request{.principal = snapshot::agent_uid(*standing.deployment),
                                .action = snapshot::action_uid(*standing.tool),
                                .resource = snapshot::destination_uid(*standing.destination)};
  // Were it refused, nothing of the context would be known: what is said of it stays true.
  if (auto context = cedar::Context::from_json(known))
    if (auto open = cedar::PartialContext::make(std::move(*context), std::move(unknown)))
      request.context = std::move(*open);
  return request;
}

}  // namespace remit::decision
