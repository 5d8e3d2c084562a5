#include <boost/json/array.hpp>

#include "cedar/impl.h"
#include "cedar/json_text.h"
#include "cedar/json_values.h"

namespace cedar {
namespace {

namespace json = boost::json;

bool same_fields(std::span<const Field> a, std::span<const Field> b) {
  return std::ranges::equal(
      a, b, [](const Field& x, const Field& y) { return x.name == y.name && x.value == y.value; });
}

std::unexpected<DataError> fail(std::string message) {
  return std::unexpected(DataError{"", std::move(message)});
}

// Adds one entity to a store; twice the same is once, twice with a difference an error.
std::expected<void, DataError> declare(Entities::Impl& impl, const Uid& uid, std::span<const Uid> parents,
                                       std::span<const Field> attributes, std::span<const Field> tags) {
  std::vector<std::uint32_t> above;
  for (const Uid& parent : parents) above.push_back(impl.store.intern(parent, impl.arena));
  std::ranges::sort(above);
  const auto repeated = std::ranges::unique(above);
  above.erase(repeated.begin(), repeated.end());

  Entity& entity = impl.store.at(impl.store.intern(uid, impl.arena));
  if (entity.declared) {
    if (std::ranges::equal(entity.parents, above) && same_fields(entity.attributes, attributes) &&
        same_fields(entity.tags, tags))
      return {};
    return fail(to_string(uid) + " is given twice, and differently");
  }
  entity.declared = true;
  entity.parents = impl.arena.copy_of(above);
  entity.attributes = attributes;
  entity.tags = tags;
  return {};
}

// A member of an entity's JSON as an object; `nothing` where there is none.
std::expected<const json::object*, DataError> object_member(const json::object& entity, std::string_view name,
                                                            const json::object& nothing) {
  const json::value* member = entity.if_contains({name.data(), name.size()});
  if (member == nullptr) return &nothing;
  if (!member->is_object()) return below(name, {"", "this must be an object"});
  return &member->get_object();
}

std::expected<void, DataError> declare(Entities::Impl& impl, const json::value& given, const Limits& limits) {
  static const json::object kNothing;
  const json::object* object = given.if_object();
  if (object == nullptr || !object->contains("uid"))
    return fail(R"(an entity is an object with "uid", "attrs" and "parents")");
  for (const auto& member : *object) {
    const std::string_view key(member.key().data(), member.key().size());
    if (key == "uid" || key == "attrs" || key == "parents" || key == "tags") continue;
    return below(key, {"", "an entity has uid, attrs, parents and tags, nothing else"});
  }

  JsonReader reader(impl.arena, limits);
  const auto uid = reader.uid(object->at("uid"));
  if (!uid) return below("uid", uid.error());

  std::vector<Uid> parents;
  if (const json::value* list = object->if_contains("parents")) {
    if (!list->is_array()) return below("parents", {"", "this must be an array"});
    for (const json::value& one : list->get_array()) {
      const auto parent = reader.uid(one);
      if (!parent) return below("parents", below(std::to_string(parents.size()), parent.error()).error());
      parents.push_back(*parent);
    }
  }

  std::span<const Field> fields[2];
  static constexpr std::string_view kMembers[] = {"attrs", "tags"};
  for (std::size_t i = 0; i < 2; ++i) {
    const auto member = object_member(*object, kMembers[i], kNothing);
    if (!member) return std::unexpected(member.error());
    const auto read = reader.fields(**member);
    if (!read) return below(kMembers[i], read.error());
    fields[i] = *read;
  }
  return declare(impl, *uid, parents, fields[0], fields[1]);
}

std::expected<void, DataError> close(Entities::Impl& impl) {
  switch (const auto [problem, index] = impl.store.close(impl.arena); problem) {
    case EntityStore::Problem::kNone:
      return {};
    case EntityStore::Problem::kCycle:
      return fail(to_string(impl.store.at(index).uid) + " is its own ancestor");
    case EntityStore::Problem::kTooMany:
      return fail("the entities have too many ancestors, counted together");
  }
  std::unreachable();
}

}  // namespace

Entities::Entities() : impl_(std::make_shared<const Impl>()) {}

std::size_t Entities::size() const {
  return static_cast<std::size_t>(std::ranges::count_if(impl_->store.all(), &Entity::declared));
}

std::expected<Entities, DataError> Entities::parse_json(std::string_view text, const Limits& limits) {
  const auto parsed = parse_json_text(text, limits);
  if (!parsed) return std::unexpected(parsed.error());
  return from_json(*parsed, limits);
}

std::expected<Entities, DataError> Entities::from_json(const json::value& given, const Limits& limits) {
  if (!given.is_array()) return fail("entities are a JSON array");
  const auto impl = std::make_shared<Impl>();
  std::size_t index = 0;
  for (const json::value& entity : given.get_array()) {
    const auto declared = declare(*impl, entity, limits);
    if (!declared) return below(std::to_string(index), declared.error());
    ++index;
  }
  if (const auto closed = close(*impl); !closed) return std::unexpected(closed.error());
  return Entities(impl);
}

EntitiesBuilder::EntitiesBuilder(const Limits& limits)
    : impl_(std::make_shared<Entities::Impl>()), limits_(limits) {}
EntitiesBuilder::EntitiesBuilder(EntitiesBuilder&&) noexcept = default;
EntitiesBuilder& EntitiesBuilder::operator=(EntitiesBuilder&&) noexcept = default;
EntitiesBuilder::~EntitiesBuilder() = default;

std::expected<void, DataError> EntitiesBuilder::add(const EntityUid& uid, std::span<const EntityUid> parents,
                                                    const json::object& attributes,
                                                    const json::object& tags) {
  JsonReader reader(impl_->arena, limits_);
  const auto attribute_fields = reader.fields(attributes);
  if (!attribute_fields) return below("attrs", attribute_fields.error());
  const auto tag_fields = reader.fields(tags);
  if (!tag_fields) return below("tags", tag_fields.error());
  std::vector<Uid> above;
  for (const EntityUid& parent : parents) above.push_back({parent.type(), parent.id(), parent.hash()});
  return declare(*impl_, {uid.type(), uid.id(), uid.hash()}, above, *attribute_fields, *tag_fields);
}

std::expected<Entities, DataError> EntitiesBuilder::build() && {
  if (const auto closed = close(*impl_); !closed) return std::unexpected(closed.error());
  return Entities(std::move(impl_));
}

Context::Context() : impl_(std::make_shared<const Impl>()) {}

std::expected<Context, DataError> Context::from_json(const json::object& given, const Limits& limits) {
  const auto impl = std::make_shared<Impl>();
  const auto read = JsonReader(impl->arena, limits).fields(given);
  if (!read) return std::unexpected(read.error());
  impl->record = Value::sorted_record(*read);
  return Context(impl);
}

std::expected<Context, DataError> Context::parse_json(std::string_view text, const Limits& limits) {
  const auto parsed = parse_json_text(text, limits);
  if (!parsed) return std::unexpected(parsed.error());
  if (!parsed->is_object()) return fail("the context is a JSON object");
  return from_json(parsed->get_object(), limits);
}

std::expected<Request, DataError> Request::parse_json(std::string_view text, const Limits& limits) {
  const auto parsed = parse_json_text(text, limits);
  if (!parsed) return std::unexpected(parsed.error());
  const json::object* object = parsed->if_object();
  static constexpr std::string_view kNames[] = {"principal", "action", "resource"};
  Arena arena;
  JsonReader reader(arena, limits);
  std::vector<EntityUid> uids;
  for (const std::string_view name : kNames) {
    const json::value* given = object == nullptr ? nullptr : object->if_contains({name.data(), name.size()});
    if (given == nullptr) return fail("a request is an object with principal, action, resource and context");
    const auto uid = reader.uid(*given);
    if (!uid) return below(name, uid.error());
    uids.emplace_back(std::string(uid->type), std::string(uid->id));
  }
  Context context;
  if (const json::value* given = object->if_contains("context")) {
    if (!given->is_object()) return below("context", {"", "the context is a JSON object"});
    auto read = Context::from_json(given->get_object(), limits);
    if (!read) return below("context", read.error());
    context = *std::move(read);
  }
  return Request{std::move(uids[0]), std::move(uids[1]), std::move(uids[2]), std::move(context)};
}

}  // namespace cedar
