#include "cedar/schema.h"

#include <algorithm>

#include "cedar/schema/schema_impl.h"
#include "cedar/schema/schema_parser.h"

namespace cedar {
namespace {

std::expected<std::shared_ptr<const Schema::Impl>, Diagnostics> read(std::string_view text,
                                                                     const Limits& limits,
                                                                     decltype(parse_schema)& parse) {
  auto impl = std::make_shared<Schema::Impl>();
  const std::size_t most = std::max(limits.diagnostics, 1U);
  DiagnosticSink errors(text, most);
  impl->tree = parse(text, limits, impl->arena, errors);
  if (!errors.empty()) return std::unexpected(errors.take());

  DiagnosticSink warnings(text, most);
  resolve(*impl, limits, errors, warnings);
  if (!errors.empty()) return std::unexpected(errors.take());
  if (!warnings.empty()) impl->warnings = warnings.take();
  return impl;
}

}  // namespace

Schema::Schema() : impl_(std::make_shared<const Impl>()) {}

std::expected<Schema, Diagnostics> Schema::parse(std::string_view text, const Limits& limits) {
  auto impl = read(text, limits, parse_schema);
  if (!impl) return std::unexpected(std::move(impl).error());
  return Schema(*std::move(impl));
}

std::expected<Schema, Diagnostics> Schema::parse_json(std::string_view json, const Limits& limits) {
  auto impl = read(json, limits, parse_schema_json);
  if (!impl) return std::unexpected(std::move(impl).error());
  return Schema(*std::move(impl));
}

const Diagnostics& Schema::warnings() const { return impl_->warnings; }

bool Schema::is_complete() const {
  return std::ranges::none_of(impl_->entity_types, &EntityType::is_external) &&
         std::ranges::none_of(impl_->actions, &Action::is_external);
}

std::vector<std::string> Schema::external_entity_types() const {
  std::vector<std::string> names;
  for (const EntityType& type : impl_->entity_types)
    if (type.is_external) names.emplace_back(type.name);
  return names;
}

std::vector<EntityUid> Schema::external_actions() const {
  std::vector<EntityUid> uids;
  for (const Action& action : impl_->actions)
    if (action.is_external) uids.emplace_back(std::string(action.uid->type), std::string(action.uid->id));
  return uids;
}

std::vector<std::string> Schema::entity_types() const {
  std::vector<std::string> names;
  for (const EntityType& type : impl_->entity_types) {
    if (!type.is_action) names.emplace_back(type.name);
  }
  return names;
}

std::vector<EntityUid> Schema::actions() const {
  std::vector<EntityUid> uids;
  uids.reserve(impl_->actions.size());
  for (const Action& action : impl_->actions) {
    uids.emplace_back(std::string(action.uid->type), std::string(action.uid->id));
  }
  return uids;
}

}  // namespace cedar
