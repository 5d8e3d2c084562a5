#include <array>

#include "cedar/engine/impl.h"
#include "cedar/json/json.h"
#include "cedar/json/json_values.h"
#include "cedar/schema/conformance.h"
#include "cedar/syntax/diagnostic.h"

namespace cedar {
namespace {

bool same_fields(std::span<const Field> a, std::span<const Field> b) {
  return std::ranges::equal(
      a, b, [](const Field& x, const Field& y) { return x.name == y.name && x.value == y.value; });
}

// Adds one entity to a store, answers its place; twice the same is once, twice with a difference an error.
std::expected<std::uint32_t, DataError> declare(Entities::Impl& impl, const Uid& uid,
                                                std::span<const Uid> parents,
                                                std::span<const Field> attributes,
                                                std::span<const Field> tags) {
  std::vector<std::uint32_t> above;
  for (const Uid& parent : parents) above.push_back(impl.store.intern(parent, impl.arena));
  std::ranges::sort(above);
  const auto repeated = std::ranges::unique(above);
  above.erase(repeated.begin(), repeated.end());

  if (is_action_type(uid.type)) {
    const auto other = std::ranges::find_if_not(parents, is_action_type, &Uid::type);
    if (other != parents.end())
      return data_error(to_string(uid) + " is an action, and its parent " + to_string(*other) + " is none");
  }
  const std::uint32_t place = impl.store.intern(uid, impl.arena);
  Entity& entity = impl.store.at(place);
  if (entity.declared) {
    if (std::ranges::equal(entity.parents, above) && same_fields(entity.attributes, attributes) &&
        same_fields(entity.tags, tags))
      return place;
    return data_error(to_string(uid) + " is given twice, and differently");
  }
  entity.declared = true;
  entity.parents = impl.arena.copy_of(above);
  entity.attributes = attributes;
  entity.tags = tags;
  return place;
}

// A member of an entity's JSON as an object; an empty one where there is none.
std::expected<Json, DataError> object_member(const Json& entity, std::string_view name) {
  const Json* member = entity.find(name);
  if (member == nullptr) return Json::object({});
  if (!member->is_object()) return below(name, {"", "this must be an object"});
  return *member;
}

// With a schema, values may be written as it allows; whether they are as it says is checked later.
std::expected<std::uint32_t, DataError> declare(Entities::Impl& impl, const Json& given, const Limits& limits,
                                                const Schema::Impl* schema) {
  const Json* name = given.find("uid");
  if (name == nullptr) return data_error(R"(an entity is an object with "uid", "attrs" and "parents")");
  for (const Json::Member& member : given.members()) {
    const std::string_view key = member.name;
    if (key == "uid" || key == "attrs" || key == "parents" || key == "tags") continue;
    return below(key, {"", "an entity has uid, attrs, parents and tags, nothing else"});
  }

  JsonReader reader(impl.arena, limits);
  const auto uid = reader.uid(*name);
  if (!uid) return below("uid", uid.error());

  std::vector<Uid> parents;
  if (const Json* list = given.find("parents")) {
    if (!list->is_array()) return below("parents", {"", "this must be an array"});
    parents.reserve(list->elements().size());
    for (const Json& one : list->elements()) {
      const auto parent = reader.uid(one);
      if (!parent) return below("parents", below(std::to_string(parents.size()), parent.error()).error());
      parents.push_back(*parent);
    }
  }

  const EntityType* type = schema == nullptr ? nullptr : schema->find_type(uid->type);
  const auto attributes = object_member(given, "attrs");
  if (!attributes) return std::unexpected(attributes.error());
  const auto attribute_fields = reader.fields(*attributes, type == nullptr ? nullptr : type->attributes);
  if (!attribute_fields) return below("attrs", attribute_fields.error());

  const auto tags = object_member(given, "tags");
  if (!tags) return std::unexpected(tags.error());
  const auto tag_fields = reader.tags(*tags, type == nullptr ? nullptr : type->tags);
  if (!tag_fields) return below("tags", tag_fields.error());
  return declare(impl, *uid, parents, *attribute_fields, *tag_fields);
}

std::expected<void, DataError> close(Entities::Impl& impl) {
  switch (const auto [problem, index] = impl.store.close(impl.arena); problem) {
    case EntityStore::Problem::kNone:
      return {};
    case EntityStore::Problem::kCycle:
      return data_error(to_string(impl.store.at(index).uid) + " is its own ancestor");
    case EntityStore::Problem::kTooMany:
      return data_error("the entities have too many ancestors, counted together");
  }
  std::unreachable();
}

}  // namespace

Entities::Entities() : impl_(std::make_shared<const Impl>()) {}

std::size_t Entities::size() const {
  return static_cast<std::size_t>(std::ranges::count_if(impl_->store.all(), &Entity::declared));
}

std::expected<Entities, DataError> Entities::parse_json(std::string_view text, const Limits& limits) {
  Arena scratch;
  const auto parsed = parse_json_data(text, limits, scratch);
  if (!parsed) return std::unexpected(parsed.error());
  return read(*parsed, limits, nullptr);
}

std::expected<Entities, DataError> Entities::parse_json(std::string_view text, const Schema& schema,
                                                        const Limits& limits) {
  Arena scratch;
  const auto parsed = parse_json_data(text, limits, scratch);
  if (!parsed) return std::unexpected(parsed.error());
  return read(*parsed, limits, &schema);
}

std::expected<Entities, DataError> Entities::from_json(const boost::json::value& given,
                                                       const Limits& limits) {
  Arena scratch;
  const auto tree = json_of(given, limits, scratch);
  if (!tree) return std::unexpected(tree.error());
  return read(*tree, limits, nullptr);
}

std::expected<Entities, DataError> Entities::from_json(const boost::json::value& given, const Schema& schema,
                                                       const Limits& limits) {
  Arena scratch;
  const auto tree = json_of(given, limits, scratch);
  if (!tree) return std::unexpected(tree.error());
  return read(*tree, limits, &schema);
}

std::expected<Entities, DataError> Entities::read(const Json& given, const Limits& limits,
                                                  const Schema* schema) {
  if (!given.is_array()) return data_error("entities are a JSON array");
  const Schema::Impl* types = schema == nullptr ? nullptr : &schema->impl();
  const auto impl = std::make_shared<Impl>();
  std::vector<std::uint32_t> places;
  places.reserve(given.elements().size());
  for (const Json& entity : given.elements()) {
    const auto declared = declare(*impl, entity, limits, types);
    if (!declared) return below(std::to_string(places.size()), declared.error());
    places.push_back(*declared);
  }
  if (types != nullptr) add_actions(*types, impl->store, impl->arena);
  if (const auto closed = close(*impl); !closed) return std::unexpected(closed.error());

  // Only now, since what an entity is in may come after it.
  for (std::size_t i = 0; types != nullptr && i < places.size(); ++i) {
    const auto checked = check_entity(impl->store.at(places[i]), impl->store, *types);
    if (!checked) return below(std::to_string(i), checked.error());
  }
  return Entities(impl);
}

EntitiesBuilder::EntitiesBuilder(const Limits& limits)
    : impl_(std::make_shared<Entities::Impl>()), limits_(limits) {}
EntitiesBuilder::EntitiesBuilder(EntitiesBuilder&&) noexcept = default;
EntitiesBuilder& EntitiesBuilder::operator=(EntitiesBuilder&&) noexcept = default;
EntitiesBuilder::~EntitiesBuilder() = default;

std::expected<void, DataError> EntitiesBuilder::add(const EntityUid& uid, std::span<const EntityUid> parents,
                                                    const boost::json::object& attributes,
                                                    const boost::json::object& tags) {
  Arena scratch;
  JsonReader reader(impl_->arena, limits_);
  const auto fields =
      [&](const boost::json::object& given) -> std::expected<std::span<const Field>, DataError> {
    const auto tree = json_of(given, limits_, scratch);
    if (!tree) return std::unexpected(tree.error());
    return reader.fields(*tree);
  };
  const auto attribute_fields = fields(attributes);
  if (!attribute_fields) return below("attrs", attribute_fields.error());
  const auto tag_fields = fields(tags);
  if (!tag_fields) return below("tags", tag_fields.error());
  std::vector<Uid> above;
  above.reserve(parents.size());
  for (const EntityUid& parent : parents) above.push_back({parent.type(), parent.id(), parent.hash()});
  const auto declared =
      declare(*impl_, {uid.type(), uid.id(), uid.hash()}, above, *attribute_fields, *tag_fields);
  if (!declared) return std::unexpected(declared.error());
  return {};
}

std::expected<Entities, DataError> EntitiesBuilder::build() && {
  if (const auto closed = close(*impl_); !closed) return std::unexpected(closed.error());
  return Entities(std::move(impl_));
}

Context::Context() {
  static const auto kEmpty = std::make_shared<const Impl>();
  impl_ = kEmpty;
}

std::expected<Context, DataError> Context::read(const Json& given, const Limits& limits,
                                                const Type* expected) {
  if (!given.is_object()) return data_error("the context is a JSON object");
  const auto impl = std::make_shared<Impl>();
  auto record = JsonReader(impl->arena, limits).value(given, expected);
  if (!record) return std::unexpected(std::move(record).error());
  if (record->kind() != Kind::kRecord)
    return data_error("the context is a record, not " + std::string(describe(record->kind())));
  impl->record = *record;
  return Context(impl);
}

std::expected<Context, DataError> Context::from_json(const boost::json::object& given, const Limits& limits) {
  Arena scratch;
  const auto tree = json_of(given, limits, scratch);
  if (!tree) return std::unexpected(tree.error());
  return read(*tree, limits);
}

std::expected<Context, DataError> Context::parse_json(std::string_view text, const Limits& limits) {
  Arena scratch;
  const auto parsed = parse_json_data(text, limits, scratch);
  if (!parsed) return std::unexpected(parsed.error());
  return read(*parsed, limits);
}

std::expected<Context, DataError> Context::from_json(const boost::json::object& given, const Schema& schema,
                                                     const EntityUid& action, const Limits& limits) {
  const Action* declared = schema.impl().find_action({action.type(), action.id(), action.hash()});
  if (declared == nullptr) return data_error("the schema has no action " + to_string(action));
  if (declared->is_external)
    return data_error(to_string(action) + " is declared external: its context is not known");
  Arena scratch;
  const auto tree = json_of(given, limits, scratch);
  if (!tree) return std::unexpected(tree.error());
  return read(*tree, limits, declared->context);
}

std::expected<Context, DataError> Context::parse_json(std::string_view text, const Schema& schema,
                                                      const EntityUid& action, const Limits& limits) {
  const Action* declared = schema.impl().find_action({action.type(), action.id(), action.hash()});
  if (declared == nullptr) return data_error("the schema has no action " + to_string(action));
  if (declared->is_external)
    return data_error(to_string(action) + " is declared external: its context is not known");
  Arena scratch;
  const auto parsed = parse_json_data(text, limits, scratch);
  if (!parsed) return std::unexpected(parsed.error());
  return read(*parsed, limits, declared->context);
}

std::expected<Request, DataError> Request::parse_json(std::string_view text, const Limits& limits) {
  alignas(std::max_align_t) std::array<std::byte, 4096> buffer;  // enough for most requests; not cleared
  Arena scratch(buffer);
  const auto parsed = parse_json_data(text, limits, scratch);
  if (!parsed) return std::unexpected(parsed.error());

  JsonReader reader(scratch, limits);
  const auto named = [&](std::string_view name) -> std::expected<EntityUid, DataError> {
    const Json* given = parsed->find(name);
    if (given == nullptr)
      return data_error("a request is an object with principal, action, resource and context");
    const auto uid = reader.uid(*given);
    if (!uid) return below(name, uid.error());
    return EntityUid(std::string(uid->type), std::string(uid->id));
  };
  auto principal = named("principal");
  if (!principal) return std::unexpected(std::move(principal).error());
  auto action = named("action");
  if (!action) return std::unexpected(std::move(action).error());
  auto resource = named("resource");
  if (!resource) return std::unexpected(std::move(resource).error());
  Request request{*std::move(principal), *std::move(action), *std::move(resource)};
  if (const Json* given = parsed->find("context")) {
    auto context = Context::read(*given, limits);
    if (!context) return below("context", std::move(context).error());
    request.context = *std::move(context);
  }
  return request;
}

}  // namespace cedar
