// What a Schema holds: the tree as written, for the printers, and what it means, for everything else.

#pragma once

#include <span>
#include <string_view>
#include <unordered_map>

#include "cedar/schema.h"
#include "cedar/schema/schema_tree.h"
#include "cedar/schema/types.h"
#include "cedar/syntax/diagnostic.h"
#include "cedar/values/arena.h"
#include "cedar/values/value.h"

namespace cedar {

struct Action {
  const Uid* uid = nullptr;
  std::uint32_t index = 0;
  const EntityType* type = nullptr;
  bool is_external = false;                    // what it applies to, another schema says
  std::span<const std::uint32_t> ancestors;    // transitive, sorted indices; not itself
  std::span<const std::uint32_t> descendants;  // as ancestors, and itself
  std::span<const EntityType* const> principals;
  std::span<const EntityType* const> resources;
  const Type* context = nullptr;  // a record

  bool in(const Action& other) const;  // reflexive
};

struct Schema::Impl {
  Arena arena;
  schema_ast::Tree tree;
  TypeTable types{arena};
  std::span<EntityType> entity_types;  // declared ones first, then those of actions
  std::span<Action> actions;
  Diagnostics warnings;

  const EntityType* find_type(std::string_view name) const;  // nullptr: not declared
  const Action* find_action(const Uid& uid) const;           // nullptr: not declared

  struct Hash {
    std::size_t operator()(const Uid& uid) const { return uid.hash; }
  };
  std::unordered_map<std::string_view, const EntityType*> types_by_name;
  std::unordered_map<Uid, const Action*, Hash> actions_by_uid;
};

// Whether a type's name says that it is one of actions ("Action", "App::Action").
bool is_action_type(std::string_view name);

// Fills in what `schema.tree` means. Errors and warnings go to their sinks, all that there are.
void resolve(Schema::Impl& schema, const Limits& limits, DiagnosticSink& errors, DiagnosticSink& warnings);

}  // namespace cedar
