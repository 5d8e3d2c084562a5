// Whether values, entities and requests are as the schema says. Formal model: "RequestEntityValidator".

#pragma once

#include <expected>

#include "cedar/engine/entity_store.h"
#include "cedar/schema/schema_impl.h"

namespace cedar {

// A value of a type, entities in it included: those of enumerated types, and actions, must exist.
std::expected<void, DataError> check_value(const Value& value, const Type& type, const Schema::Impl& schema);
// A record, given as its fields.
std::expected<void, DataError> check_fields(std::span<const Field> fields, const Type& record,
                                            const Schema::Impl& schema);
// Whether there may be an entity of this name.
std::expected<void, DataError> check_uid(const Uid& uid, const Schema::Impl& schema);

// One entity of a store whose transitive closure is taken. The error points into its JSON.
std::expected<void, DataError> check_entity(const Entity& entity, const EntityStore& store,
                                            const Schema::Impl& schema);

// Adds the actions that a schema declares and the store does not have yet, before the transitive closure is
// taken.
void add_actions(const Schema::Impl& schema, EntityStore& store, Arena& arena);

}  // namespace cedar
