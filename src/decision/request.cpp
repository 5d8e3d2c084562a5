#include "decision/request.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "decision/arguments.h"
#include "snapshot/entities.h"

namespace remit::decision {
namespace {

namespace json = boost::json;

// As Cedar's datetime takes it: milliseconds.
json::object cedar_time(Instant time) {
  return {
      {"__extn", json::object{{"fn", "datetime"},
                              {"arg", fmt::format("{:%Y-%m-%dT%H:%M:%S}Z",
                                                  std::chrono::floor<std::chrono::milliseconds>(time))}}}};
}

// What of the context does not depend on the call.
json::object standing_context(const Standing& standing) {
  json::array labels;
  for (const auto& label : standing.tool->labels) labels.emplace_back(label);
  return {{"tool", json::object{{"name", standing.tool->qualified_name},
                                {"effect", to_string(*standing.tool->effect)},
                                {"data_class", to_string(standing.tool->data_class)},
                                {"labels", std::move(labels)}}},
          {"session", json::object{{"credential_kind", to_string(standing.credential->kind)}}}};
}

Result<cedar::Context> make_context(const Call& call, const Standing& standing) {
  static const json::object none;
  ASSIGN_OR_RETURN(auto input, to_policy_input(call.arguments == nullptr ? none : *call.arguments,
                                               standing.tool->input->type));
  json::object context = standing_context(standing);
  context["input"] = std::move(input.input);
  context["omitted"] = std::move(input.omitted);
  context["time"] = cedar_time(call.now);
  auto made = cedar::Context::from_json(context);
  if (!made)
    return fail(ErrorKind::kInvalid, "RMT-D044",
                fmt::format("the arguments cannot be put to the policies: {} at {}", made.error().message,
                            made.error().pointer));
  return std::move(*made);
}

}  // namespace

Result<cedar::Request> make_request(const Call& call, const Standing& standing) {
  ASSIGN_OR_RETURN(auto context, make_context(call, standing));
  return cedar::Request{.principal = snapshot::agent_uid(*standing.deployment),
                        .action = snapshot::action_uid(*standing.tool),
                        .resource = snapshot::destination_uid(*standing.destination),
                        .context = std::move(context)};
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
