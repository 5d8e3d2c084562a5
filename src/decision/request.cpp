#include "decision/request.h"

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "decision/arguments.h"
#include "snapshot/entities.h"

namespace remit::decision {
namespace {

namespace json = boost::json;

// The time as Cedar's datetime takes it: milliseconds.
std::string datetime_text(Instant now) {
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}Z", std::chrono::floor<std::chrono::milliseconds>(now));
}

Result<cedar::Context> make_context(const Call& call, const Standing& standing) {
  static const json::object none;
  ASSIGN_OR_RETURN(auto input, to_policy_input(call.arguments == nullptr ? none : *call.arguments,
                                               standing.tool->input->type));
  json::array labels;
  for (const auto& label : standing.tool->labels) labels.emplace_back(label);
  const json::object context{
      {"input", std::move(input.input)},
      {"omitted", std::move(input.omitted)},
      {"tool", json::object{{"name", standing.tool->qualified_name},
                            {"effect", to_string(*standing.tool->effect)},
                            {"data_class", to_string(standing.tool->data_class)},
                            {"labels", std::move(labels)}}},
      {"session", json::object{{"credential_kind", to_string(standing.credential->kind)}}},
      {"time", json::object{{"__extn", json::object{{"fn", "datetime"}, {"arg", datetime_text(call.now)}}}}}};
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

}  // namespace remit::decision
