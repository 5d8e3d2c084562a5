#include "cedar/schema/conformance.h"

#include <algorithm>

#include "cedar/engine/impl.h"
#include "cedar/engine/partial_evaluator.h"
#include "cedar/engine/partial_impl.h"
#include "cedar/json/json_values.h"
#include "cedar/partial.h"
#include "cedar/syntax/diagnostic.h"

namespace cedar {
namespace {

using Checked = std::expected<void, DataError>;

std::string found(const Value& value) {
  return value.kind() == Kind::kEntity ? "an entity " + to_string(value.uid())
                                       : std::string(describe(value.kind()));
}

std::string list_of(std::span<const EntityType* const> types) {
  constexpr std::size_t kShown = 8;
  std::string out;
  for (std::size_t i = 0; i < std::min(types.size(), kShown); ++i) {
    if (i > 0) out += ", ";
    out += types[i]->name;
  }
  return types.size() > kShown ? out + ", …" : out;
}

std::string suggestion(std::string_view name, const Type& record) {
  std::vector<std::string_view> names;
  names.reserve(record.attributes.size());
  for (const AttributeType& attribute : record.attributes) names.push_back(attribute.name);
  const std::string help = did_you_mean(name, names);
  return help.empty() ? "" : "; " + help;
}

Checked check_action(const Entity& entity, const EntityStore& store, const Schema::Impl& schema) {
  const Action* action = schema.find_action(entity.uid);
  if (action == nullptr) return below("uid", {"", "the schema has no action " + to_string(entity.uid)});
  if (!entity.attributes.empty()) return below("attrs", {"", "actions have no attributes"});
  if (!entity.tags.empty()) return below("tags", {"", "actions have no tags"});
  bool same = entity.ancestors.size() == action->ancestors.size();
  for (const std::uint32_t above : entity.ancestors) {
    const Action* ancestor = schema.find_action(store.at(above).uid);
    same = same && ancestor != nullptr && action->in(*ancestor);
  }
  if (same) return {};
  return below("parents",
               {"", "the schema says otherwise which actions " + to_string(entity.uid) + " is in"});
}

DataError external_action(const EntityUid& uid) {
  return {"", to_string(uid) + " is declared external: the schema does not say what it applies to"};
}

}  // namespace

Checked check_uid(const Uid& uid, const Schema::Impl& schema) {
  const EntityType* type = schema.find_type(uid.type);
  if (type != nullptr && type->is_action) type = nullptr;
  if (is_action_type(uid.type)) {
    if (schema.find_action(uid) == nullptr) return data_error("the schema has no action " + to_string(uid));
    return {};
  }
  if (type == nullptr) return data_error("the schema has no entity type " + in_backticks(uid.type));
  if (!type->allows_id(uid.id)) {
    return data_error(in_backticks(uid.type) + " has no entity " + quoted(uid.id) +
                      ": its ids are enumerated");
  }
  return {};
}

Checked check_fields(std::span<const Field> fields, const Type& record, const Schema::Impl& schema) {
  // Both are sorted by name, in the same order.
  std::size_t next = 0;
  const auto missing = [&record](std::size_t index) {
    return data_error("the attribute " + quoted(record.attributes[index].name) + " is missing");
  };
  for (const Field& field : fields) {
    while (next < record.attributes.size() && compare_texts(record.attributes[next].name, field.name) < 0) {
      if (record.attributes[next].required) return missing(next);
      ++next;
    }
    if (next == record.attributes.size() || record.attributes[next].name != field.name)
      return below(field.name, {"", "the schema has no attribute " + quoted(field.name) + " here" +
                                        suggestion(field.name, record)});
    const Checked checked = check_value(field.value, *record.attributes[next].type, schema);
    if (!checked) return below(field.name, checked.error());
    ++next;
  }
  for (; next < record.attributes.size(); ++next) {
    if (record.attributes[next].required) return missing(next);
  }
  return {};
}

Checked check_value(const Value& value, const Type& type, const Schema::Impl& schema) {
  const auto mismatch = [&] {
    return data_error("expected " + in_backticks(to_string(type)) + ", found " + found(value));
  };
  switch (value.kind()) {
    case Kind::kEntity:
      if (type.kind != TypeKind::kEntity || type.entity->name != value.uid().type) return mismatch();
      return check_uid(value.uid(), schema);
    case Kind::kSet: {
      if (type.kind != TypeKind::kSet) return mismatch();
      for (const Value& element : value.elements()) {
        // Sorting has lost the elements' places, hence the error is the set's.
        if (Checked checked = check_value(element, *type.element, schema); !checked)
          return data_error("an element of this set is wrong: " + checked.error().message);
      }
      return {};
    }
    case Kind::kRecord:
      return type.kind == TypeKind::kRecord ? check_fields(value.fields(), type, schema) : mismatch();
    default:
      return type_of_kind(value.kind())->kind == type.kind ? Checked() : mismatch();
  }
}

Checked check_entity(const Entity& entity, const EntityStore& store, const Schema::Impl& schema) {
  const Uid& uid = entity.uid;
  if (is_action_type(uid.type)) return check_action(entity, store, schema);
  if (const Checked checked = check_uid(uid, schema); !checked) return below("uid", checked.error());
  const EntityType& type = *schema.find_type(uid.type);
  if (type.is_external)
    return below("uid",
                 {"", in_backticks(type.name) + " is declared external: the schema does not say what its "
                                                "entities are"});
  if (const Checked checked = check_fields(entity.attributes, *type.attributes, schema); !checked)
    return below("attrs", checked.error());
  for (const Field& tag : entity.tags) {
    if (type.tags == nullptr)
      return below("tags", {"", "entities of type " + in_backticks(type.name) + " have no tags"});
    if (const Checked checked = check_value(tag.value, *type.tags, schema); !checked)
      return below("tags", below(tag.name, checked.error()).error());
  }
  for (const std::uint32_t index : entity.ancestors) {
    const Uid& ancestor = store.at(index).uid;
    const EntityType* above = schema.find_type(ancestor.type);
    if (above == nullptr || !std::ranges::binary_search(type.ancestors, above->index))
      return below("parents", {"", in_backticks(type.name) + " cannot be in " + in_backticks(ancestor.type) +
                                       ", as it is in " + to_string(ancestor)});
    if (const Checked checked = check_uid(ancestor, schema); !checked)
      return below("parents", checked.error());
  }
  return {};
}

void add_actions(const Schema::Impl& schema, EntityStore& store, Arena& arena) {
  std::vector<std::uint32_t> above;
  for (const Action& action : schema.actions) {
    if (action.is_external) continue;
    const std::uint32_t index = store.intern(*action.uid, arena);
    if (store.at(index).declared) continue;
    above.clear();
    for (const std::uint32_t ancestor : action.ancestors)
      above.push_back(store.intern(*schema.actions[ancestor].uid, arena));
    std::ranges::sort(above);
    store.at(index).declared = true;
    store.at(index).parents = arena.copy_of(above);
  }
}

std::expected<void, DataError> validate(const Entities& entities, const Schema& schema) {
  const EntityStore& store = entities.impl().store;
  for (const Entity& entity : store.all()) {
    if (!entity.declared) continue;
    auto checked = check_entity(entity, store, schema.impl());
    if (!checked)
      return data_error(to_string(entity.uid) + ", " + checked.error().pointer + ": " +
                        checked.error().message);
  }
  return {};
}

std::expected<void, DataError> validate(const Request& request, const Schema& schema) {
  const Schema::Impl& impl = schema.impl();
  const auto view = [](const EntityUid& uid) { return Uid{uid.type(), uid.id(), uid.hash()}; };
  const Action* action = impl.find_action(view(request.action));
  if (action == nullptr)
    return below("action", {"", "the schema has no action " + to_string(request.action)});
  if (action->is_external) return below("action", external_action(request.action));

  const auto check = [&](const EntityUid& uid, std::span<const EntityType* const> allowed) -> Checked {
    if (const Checked checked = check_uid(view(uid), impl); !checked) return checked;
    const EntityType* type = impl.find_type(uid.type());
    if (std::ranges::find(allowed, type) != allowed.end()) return {};
    return data_error(to_string(request.action) + " does not apply to " + in_backticks(uid.type()) +
                      ", but to " + (allowed.empty() ? "nothing" : list_of(allowed)));
  };
  if (const Checked checked = check(request.principal, action->principals); !checked)
    return below("principal", checked.error());
  if (const Checked checked = check(request.resource, action->resources); !checked)
    return below("resource", checked.error());
  const Checked context = check_fields(request.context.impl().record.fields(), *action->context, impl);
  if (!context) return below("context", context.error());
  return {};
}

namespace {

bool is_of(Kind kind, const Type& type) {
  switch (kind) {
    case Kind::kEntity:
      return type.kind == TypeKind::kEntity;
    case Kind::kSet:
      return type.kind == TypeKind::kSet;
    case Kind::kRecord:
      return type.kind == TypeKind::kRecord;
    default:
      return type_of_kind(kind)->kind == type.kind;
  }
}

// A record of which some is known: what is, is as declared; what is not may be; nothing that is needed lacks.
Checked check_shape(const RecordShape& shape, const Type& record, const Schema::Impl& schema) {
  const auto declared = [&record](std::string_view name) -> std::expected<const AttributeType*, DataError> {
    const auto found = std::ranges::find(record.attributes, name, &AttributeType::name);
    if (found != record.attributes.end()) return &*found;
    return below(name,
                 {"", "the schema has no attribute " + quoted(name) + " here" + suggestion(name, record)});
  };
  for (const Field& field : shape.known.fields()) {
    if (shape.find_record(field.name) != nullptr) continue;
    const auto attribute = declared(field.name);
    if (!attribute) return std::unexpected(attribute.error());
    if (const Checked checked = check_value(field.value, *(*attribute)->type, schema); !checked)
      return below(field.name, checked.error());
  }
  for (const RecordShape::Unknown& unknown : shape.unknown) {
    const auto attribute = declared(unknown.name);
    if (!attribute) return std::unexpected(attribute.error());
    if (unknown.kind && !is_of(*unknown.kind, *(*attribute)->type))
      return below(unknown.name, {"", "expected " + in_backticks(to_string(*(*attribute)->type)) +
                                          ", found " + std::string(describe(*unknown.kind))});
  }
  for (const auto& [name, inner] : shape.records) {
    const auto attribute = declared(name);
    if (!attribute) return std::unexpected(attribute.error());
    const Type& type = *(*attribute)->type;
    if (type.kind != TypeKind::kRecord)
      return below(name, {"", "expected " + in_backticks(to_string(type)) + ", found a record"});
    if (const Checked checked = check_shape(*inner, type, schema); !checked)
      return below(name, checked.error());
  }
  if (shape.open) return {};
  for (const AttributeType& attribute : record.attributes)
    if (attribute.required && shape.known.find_field(attribute.name) == nullptr &&
        shape.find_unknown(attribute.name) == nullptr && shape.find_record(attribute.name) == nullptr)
      return data_error("the attribute " + quoted(attribute.name) + " is missing");
  return {};
}

// The entity or type is one of the schema.
Checked check_subject(const PartialEntity& given, const Schema::Impl& schema) {
  if (given.uid) return check_uid(Uid{given.uid->type(), given.uid->id(), given.uid->hash()}, schema);
  if (given.type.empty() || is_action_type(given.type) || schema.find_type(given.type) != nullptr) return {};
  return data_error("the schema has no entity type " + in_backticks(given.type));
}

bool may_be(const PartialEntity& given, std::span<const EntityType* const> allowed) {
  const std::string_view type =
      given.uid ? std::string_view(given.uid->type()) : std::string_view(given.type);
  return type.empty() ? !allowed.empty()
                      : std::ranges::find(allowed, type, &EntityType::name) != allowed.end();
}

}  // namespace

std::expected<void, DataError> validate(const PartialRequest& request, const Schema& schema) {
  const Schema::Impl& impl = schema.impl();
  for (const auto& [member, given] : {std::pair("action", &request.action),
                                      {"principal", &request.principal},
                                      {"resource", &request.resource}})
    if (const Checked checked = check_subject(*given, impl); !checked) return below(member, checked.error());
  if (!request.action.uid) {
    const bool any = std::ranges::any_of(impl.actions, [&request](const Action& action) {
      return (request.action.type.empty() || request.action.type == action.uid->type) &&
             may_be(request.principal, action.principals) && may_be(request.resource, action.resources);
    });
    return any ? Checked() : data_error("no action of the schema applies to such a principal and resource");
  }
  const EntityUid& uid = *request.action.uid;
  const Action* action = impl.find_action(Uid{uid.type(), uid.id(), uid.hash()});
  if (action == nullptr) return below("action", {"", to_string(uid) + " is not an action"});
  if (action->is_external) return below("action", external_action(uid));
  const auto applies = [&](std::string_view member, const PartialEntity& given,
                           std::span<const EntityType* const> allowed) -> Checked {
    if (may_be(given, allowed)) return {};
    if (allowed.empty()) return below(member, {"", to_string(uid) + " applies to nothing"});
    return below(member, {"", to_string(uid) + " does not apply to " +
                                  in_backticks(given.uid ? given.uid->type() : given.type) + ", but to " +
                                  list_of(allowed)});
  };
  if (const Checked checked = applies("principal", request.principal, action->principals); !checked)
    return checked;
  if (const Checked checked = applies("resource", request.resource, action->resources); !checked)
    return checked;
  const PartialContext::Impl& context = request.context.impl();
  const Checked checked = context.shape == nullptr
                              ? check_fields(context.known.impl().record.fields(), *action->context, impl)
                              : check_shape(*context.shape, *action->context, impl);
  return checked ? checked : below("context", checked.error());
}

}  // namespace cedar
