#include "cedar/partial.h"

#include <algorithm>
#include <tuple>

#include "cedar/engine/impl.h"
#include "cedar/engine/partial_evaluator.h"
#include "cedar/engine/partial_impl.h"
#include "cedar/engine/scope.h"
#include "cedar/json/json_values.h"
#include "cedar/schema/schema_impl.h"
#include "cedar/syntax/diagnostic.h"
#include "cedar/syntax/print.h"

namespace cedar {
namespace {

Uid view(const EntityUid& uid) { return {uid.type(), uid.id(), uid.hash()}; }

PartialSubject view(const PartialEntity& entity) {
  if (entity.uid) return {.uid = view(*entity.uid), .type = entity.uid->type()};
  return {.uid = {}, .type = entity.type};
}

// What is left of a scope's test. False: it does not hold.
bool reduce(ast::EntityScope& scope, const PartialSubject& subject, const EntityStore& entities) {
  const auto settle = [&](bool holds) {
    if (holds) scope = {.span = scope.span};
    return holds;
  };
  if (subject.uid) return settle(matches(scope, *subject.uid, entities));
  if (subject.type.empty()) return true;
  switch (scope.kind) {
    case ast::ScopeKind::kAny:
    case ast::ScopeKind::kIn:
      return true;
    case ast::ScopeKind::kEqual:
      return scope.entity->type == subject.type;
    case ast::ScopeKind::kIs:
      return settle(scope.type == subject.type);
    case ast::ScopeKind::kIsIn:
      if (scope.type != subject.type) return false;
      scope.kind = ast::ScopeKind::kIn;
      scope.type = {};
      return true;
  }
  std::unreachable();
}

bool reduce(ast::ActionScope& scope, const PartialSubject& action, const EntityStore& entities) {
  if (!action.uid) return true;
  if (!matches(scope, *action.uid, entities)) return false;
  scope = {};
  return true;
}

bool has_scope(const ast::Policy& policy) {
  return policy.principal.kind != ast::ScopeKind::kAny || policy.action.kind != ast::ScopeKind::kAny ||
         policy.resource.kind != ast::ScopeKind::kAny;
}

PolicyError describe(const Policy& policy, const EvalError& error) {
  return {&policy, std::string(error.message), policy.node().source->lines.position(error.where->span.begin)};
}

// What remains of one policy after another goes into the response.
class Reducer {
 public:
  Reducer(PartialResponse::Impl& out, const EntityStore& entities)
      : out_(out), entities_(entities), evaluator_(out.bindings, entities, out.arena) {}

  void reduce(const Policy& policy) {
    ast::Policy remaining = policy.node();
    if (!cedar::reduce(remaining.principal, out_.bindings.principal, entities_) ||
        !cedar::reduce(remaining.action, out_.bindings.action, entities_) ||
        !cedar::reduce(remaining.resource, out_.bindings.resource, entities_))
      return;
    const bool scoped = has_scope(remaining);
    std::vector<ast::Condition> conditions;
    std::size_t last_that_errs = 0;
    Errs errs = Errs::kNever;
    bool may_hold = true;
    for (const ast::Condition& condition : policy.node().conditions) {
      const Partial found = evaluator_.boolean(*condition.body);
      if (const Value* value = found.value()) {
        if (value->as_bool() != condition.unless) continue;
        if (errs == Errs::kNever) return;
        conditions.resize(last_that_errs);
      }
      const bool first = conditions.empty() && !scoped;
      if (first && found.error() != nullptr) {
        out_.errors.push_back(describe(policy, *found.error()));
        return;
      }
      conditions.push_back({condition.unless, evaluator_.embed(*condition.body, found), condition.span});
      may_hold = found.remainder() != nullptr && found.errs() != Errs::kAlways &&
                 found.remainder()->only != condition.unless;
      if (found.errs() != Errs::kNever) {
        last_that_errs = conditions.size();
        errs = first ? found.errs() : Errs::kMaybe;
      }
      if (!may_hold) break;
    }
    if (conditions.empty() && !scoped) {
      out_.satisfied.push_back(&policy);
      return;
    }
    remaining.conditions = out_.arena.copy_of(conditions);
    out_.residuals.push_back({.policy = &policy,
                              .remaining = Policy(*out_.arena.make<ast::Policy>(remaining)),
                              .may_hold = may_hold,
                              .may_err = errs != Errs::kNever,
                              .must_err = errs == Errs::kAlways});
  }

 private:
  PartialResponse::Impl& out_;
  const EntityStore& entities_;
  PartialEvaluator evaluator_;
};

// The policies that could match by scope, by position.
std::vector<std::uint32_t> candidates(const PartialBindings& bindings, const PolicySet::Impl& set,
                                      const EntityStore& store) {
  static thread_local ScopeIndex::Scratch scratch;
  std::vector<std::uint32_t> places;
  set.compiled.index.find(
      Subject(*bindings.principal.uid), Subject(*bindings.action.uid), Subject(*bindings.resource.uid), store,
      scratch, [&](std::uint32_t number) { places.push_back(set.compiled.policies[number].place); });
  std::ranges::sort(places);
  const auto repeated = std::ranges::unique(places);
  places.erase(repeated.begin(), repeated.end());
  return places;
}

std::optional<Decision> decide(const PartialResponse::Impl& response) {
  bool permitted = false;
  for (const Policy* policy : response.satisfied) {
    if (policy->effect() == Effect::kForbid) return Decision::kDeny;
    permitted = true;
  }
  bool may_be_permitted = permitted;
  bool may_be_forbidden = false;
  for (const Residual& residual : response.residuals) {
    if (!residual.may_hold) continue;
    (residual.policy->effect() == Effect::kForbid ? may_be_forbidden : may_be_permitted) = true;
  }
  if (!may_be_permitted) return Decision::kDeny;
  if (permitted && !may_be_forbidden) return Decision::kAllow;
  return std::nullopt;
}

bool agrees(const PartialSubject& asked, const EntityUid& given) {
  if (asked.uid) return *asked.uid == view(given);
  return asked.type.empty() || asked.type == given.type();
}

// Whether a record could be one of this shape: the name of an attribute that shows otherwise, or nothing.
std::optional<std::string> disagreement(const RecordShape& shape, const Value& given) {
  for (const Field& field : shape.known.fields()) {
    if (shape.find_record(field.name) != nullptr) continue;
    const Value* found = given.find_field(field.name);
    if (found == nullptr || !(*found == field.value)) return std::string(field.name);
  }
  for (const RecordShape::Unknown& unknown : shape.unknown) {
    const Value* found = given.find_field(unknown.name);
    if (found == nullptr ? unknown.present : (unknown.kind && found->kind() != *unknown.kind))
      return unknown.name;
  }
  for (const auto& [name, inner] : shape.records) {
    const Value* found = given.find_field(name);
    if (found == nullptr || found->kind() != Kind::kRecord) return name;
    if (auto below = disagreement(*inner, *found)) return name + "/" + *below;
  }
  if (shape.open) return std::nullopt;
  for (const Field& field : given.fields()) {
    if (shape.known.find_field(field.name) == nullptr && shape.find_record(field.name) == nullptr &&
        shape.find_unknown(field.name) == nullptr)
      return std::string(field.name);
  }
  return std::nullopt;
}

// Adds one attribute to what is not known.
std::expected<void, DataError> add(RecordShape& root, const UnknownAttribute& attribute) {
  if (attribute.path.empty()) return data_error("an attribute that is not known needs a path");
  RecordShape* at = &root;
  std::string pointer;
  for (std::size_t i = 0; i < attribute.path.size(); ++i) {
    const std::string& name = attribute.path[i];
    pointer += "/" + name;
    const auto wrong = [&](std::string message) {
      return std::unexpected(DataError{.pointer = pointer, .message = std::move(message)});
    };
    RecordShape* record = at->find_record(name);
    const bool last = i + 1 == attribute.path.size();
    if (last && (record != nullptr || at->find_unknown(name) != nullptr))
      return wrong("the attribute is named twice among those that are not known");
    if (record != nullptr) {
      at = record;
      continue;
    }
    const Value* known = at->known.find_field(name);
    if (last && known != nullptr) return wrong("the attribute is known");
    if (!last && (known == nullptr || known->kind() != Kind::kRecord))
      return wrong("an attribute that is not known can only be in a record");
    if (last && !(attribute.present && attribute.kind == Kind::kRecord)) {
      at->unknown.push_back({name, attribute.present, attribute.kind});
      return {};
    }
    auto shape = std::make_unique<RecordShape>();
    if (known != nullptr) shape->known = *known;
    shape->open = last;
    at = at->records.emplace_back(name, std::move(shape)).second.get();
  }
  return {};
}

// A JSON object without its members that are null, whose paths it collects. What is an escape stays whole.
Json without_nulls(const Json& given, std::vector<std::string>& path, std::vector<UnknownAttribute>& unknown,
                   Arena& arena) {
  if (!given.is_object() || given.find("__entity") != nullptr || given.find("__extn") != nullptr)
    return given;
  std::vector<Json::Member> members;
  for (const Json::Member& member : given.members()) {
    path.emplace_back(member.name);
    if (member.value.kind() == Json::Kind::kNull)
      unknown.push_back({.path = path});
    else
      members.push_back({member.name, member.name_span, without_nulls(member.value, path, unknown, arena)});
    path.pop_back();
  }
  return Json::object(arena.copy_of(members));
}

std::expected<PartialEntity, DataError> read_entity(const Json* given, JsonReader& reader) {
  if (given == nullptr || given->kind() == Json::Kind::kNull) return PartialEntity();
  const Json* type = given->find("type");
  if (type != nullptr && type->is_string() && given->members().size() == 1)
    return PartialEntity::of_type(std::string(type->text()));
  const auto uid = reader.uid(*given);
  if (!uid) return std::unexpected(uid.error());
  return EntityUid(std::string(uid->type), std::string(uid->id));
}

}  // namespace

std::string Residual::condition() const {
  Arena arena;
  return to_cedar(*as_expression(remaining.node(), arena));
}

PartialContext::PartialContext() {
  static const auto kUnknown = [] {
    auto impl = std::make_shared<Impl>();
    impl->shape = std::make_unique<RecordShape>();
    impl->shape->open = true;
    return std::shared_ptr<const Impl>(std::move(impl));
  }();
  impl_ = kUnknown;
}

PartialContext::PartialContext(Context known) {
  auto impl = std::make_shared<Impl>();
  impl->known = std::move(known);
  impl_ = std::move(impl);
}

bool PartialContext::is_known() const { return impl_->shape == nullptr; }
const Context& PartialContext::known_part() const { return impl_->known; }

std::expected<PartialContext, DataError> PartialContext::make(Context known,
                                                              std::vector<UnknownAttribute> unknown) {
  auto impl = std::make_shared<Impl>();
  impl->known = std::move(known);
  if (unknown.empty()) return PartialContext(std::shared_ptr<const Impl>(std::move(impl)));
  impl->shape = std::make_unique<RecordShape>();
  impl->shape->known = impl->known.impl().record;
  // Records before what is in them.
  std::ranges::sort(unknown, {},
                    [](const UnknownAttribute& one) { return std::tuple(one.path.size(), one.path); });
  for (const UnknownAttribute& attribute : unknown) {
    if (auto added = add(*impl->shape, attribute); !added) return std::unexpected(std::move(added).error());
  }
  return PartialContext(std::shared_ptr<const Impl>(std::move(impl)));
}

std::expected<PartialContext, DataError> PartialContext::read(const Json& json, const Limits& limits,
                                                              const Type* expected) {
  Arena scratch;
  std::vector<std::string> path;
  std::vector<UnknownAttribute> unknown;
  const Json known = without_nulls(json, path, unknown, scratch);
  auto context = Context::read(known, limits, expected);
  if (!context) return std::unexpected(std::move(context).error());
  return make(*std::move(context), std::move(unknown));
}

std::expected<PartialContext, DataError> PartialContext::parse_json(std::string_view text,
                                                                    const Limits& limits) {
  Arena scratch;
  const auto parsed = parse_json_data(text, limits, scratch);
  if (!parsed) return std::unexpected(parsed.error());
  return read(*parsed, limits, nullptr);
}

std::expected<PartialContext, DataError> PartialContext::parse_json(std::string_view text,
                                                                    const Schema& schema,
                                                                    const EntityUid& action,
                                                                    const Limits& limits) {
  const Action* declared = schema.impl().find_action(view(action));
  if (declared == nullptr) return data_error("the schema has no action " + to_string(action));
  if (declared->is_external)
    return data_error(to_string(action) + " is declared external: its context is not known");
  Arena scratch;
  const auto parsed = parse_json_data(text, limits, scratch);
  if (!parsed) return std::unexpected(parsed.error());
  return read(*parsed, limits, declared->context);
}

std::expected<PartialRequest, DataError> PartialRequest::read(std::string_view text, const Schema* schema,
                                                              const Limits& limits) {
  Arena scratch;
  const auto parsed = parse_json_data(text, limits, scratch);
  if (!parsed) return std::unexpected(parsed.error());
  if (!parsed->is_object())
    return data_error("a request is an object with principal, action, resource and context");
  PartialRequest request;
  JsonReader reader(scratch, limits);
  for (const auto& [name, to] : {std::pair("principal", &request.principal),
                                 {"action", &request.action},
                                 {"resource", &request.resource}}) {
    auto entity = read_entity(parsed->find(name), reader);
    if (!entity) return below(name, std::move(entity).error());
    *to = *std::move(entity);
  }
  // A member of another name would be taken for one that is not known.
  for (const Json::Member& member : parsed->members()) {
    if (member.name != "principal" && member.name != "action" && member.name != "resource" &&
        member.name != "context")
      return below(member.name,
                   {.pointer = "", .message = "a request has only principal, action, resource and context"});
  }
  const Json* context = parsed->find("context");
  if (context == nullptr || context->kind() == Json::Kind::kNull) return request;
  const Type* expected = nullptr;
  if (schema != nullptr && request.action.uid) {
    const Action* declared = schema->impl().find_action(view(*request.action.uid));
    if (declared == nullptr)
      return below("action",
                   {.pointer = "", .message = "the schema has no action " + to_string(*request.action.uid)});
    expected = declared->context;
  }
  auto read = PartialContext::read(*context, limits, expected);
  if (!read) return below("context", std::move(read).error());
  request.context = *std::move(read);
  return request;
}

std::expected<PartialRequest, DataError> PartialRequest::parse_json(std::string_view text,
                                                                    const Limits& limits) {
  return read(text, nullptr, limits);
}

std::expected<PartialRequest, DataError> PartialRequest::parse_json(std::string_view text,
                                                                    const Schema& schema,
                                                                    const Limits& limits) {
  return read(text, &schema, limits);
}

PartialRequest PartialRequest::of(const Request& request) {
  return {.principal = request.principal,
          .action = request.action,
          .resource = request.resource,
          .context = request.context};
}

std::optional<Request> PartialRequest::complete() const {
  if (!principal.uid || !action.uid || !resource.uid || !context.is_known()) return std::nullopt;
  return Request{*principal.uid, *action.uid, *resource.uid, context.known_part()};
}

PartialBindings bind(const PartialRequest& request) {
  const PartialContext::Impl& context = request.context.impl();
  return {.principal = view(request.principal),
          .action = view(request.action),
          .resource = view(request.resource),
          .context = context.known.impl().record,
          .shape = context.shape.get()};
}

PartialResponse partial_authorize(const PartialRequest& request, const PolicySet& policies,
                                  const Entities& entities) {
  auto impl = std::make_shared<PartialResponse::Impl>(request, policies, entities);
  const PolicySet::Impl& set = policies.impl();
  const EntityStore& store = entities.impl().store;
  Reducer reducer(*impl, store);
  const PartialBindings& bindings = impl->bindings;
  if (bindings.principal.uid && bindings.action.uid && bindings.resource.uid) {
    for (const std::uint32_t place : candidates(bindings, set, store)) reducer.reduce(set.policies[place]);
  } else {
    for (const Policy& policy : set.policies) reducer.reduce(policy);
  }
  impl->decision = decide(*impl);
  return PartialResponse(std::move(impl));
}

std::optional<Decision> PartialResponse::decision() const { return impl_->decision; }
std::span<const Policy* const> PartialResponse::satisfied() const { return impl_->satisfied; }
std::span<const PolicyError> PartialResponse::errors() const { return impl_->errors; }
std::span<const Residual> PartialResponse::residuals() const { return impl_->residuals; }

std::expected<Response, DataError> PartialResponse::reauthorize(const Request& request,
                                                                const Entities& entities) const {
  const PartialBindings& asked = impl_->bindings;
  const auto other = [](std::string_view pointer) {
    return std::unexpected(
        DataError{.pointer = std::string(pointer), .message = "this is not what was asked about"});
  };
  if (!agrees(asked.principal, request.principal)) return other("/principal");
  if (!agrees(asked.action, request.action)) return other("/action");
  if (!agrees(asked.resource, request.resource)) return other("/resource");
  const Value& context = request.context.impl().record;
  if (asked.shape == nullptr && !(asked.context == context)) return other("/context");
  if (asked.shape != nullptr) {
    if (const auto where = disagreement(*asked.shape, context)) return other("/context/" + *where);
  }

  const EntityStore& store = entities.impl().store;
  const Bindings bindings{view(request.principal), view(request.action), view(request.resource), context};
  Arena scratch;
  Evaluator evaluator(bindings, store, scratch);
  Response response;
  response.determining = impl_->satisfied;
  response.errors = impl_->errors;
  for (const Residual& residual : impl_->residuals) {
    const ast::Policy& node = residual.remaining.node();
    if (!matches(node.principal, bindings.principal, store) ||
        !matches(node.action, bindings.action, store) || !matches(node.resource, bindings.resource, store))
      continue;
    const auto holds = evaluator.satisfied(node.conditions);
    if (!holds) {
      // What the policy says of itself is said of what was written, as in authorize.
      const auto whole = evaluator.satisfied(residual.policy->node().conditions);
      response.errors.push_back(describe(*residual.policy, whole ? *holds.error() : *whole.error()));
    } else if (*holds) {
      response.determining.push_back(residual.policy);
    }
  }
  const auto forbids = [](const Policy* policy) { return policy->effect() == Effect::kForbid; };
  if (std::ranges::any_of(response.determining, forbids))
    std::erase_if(response.determining, [&](const Policy* policy) { return !forbids(policy); });
  else if (!response.determining.empty())
    response.decision = Decision::kAllow;
  std::ranges::sort(response.determining);
  std::ranges::sort(response.errors, {}, &PolicyError::policy);
  return response;
}

}  // namespace cedar
