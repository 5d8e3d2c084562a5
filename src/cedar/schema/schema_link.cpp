// One schema of several (RFC 116). From what the schemas mean a tree is made, of complete names, and resolved
// like any other: so what holds of a schema that is written as one holds of it too.

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <set>

#include "cedar/schema/schema_impl.h"

namespace cedar {
namespace {

using namespace schema_ast;

using Failed = std::unexpected<std::string>;
using Names = std::set<std::string_view>;

// A declaration, and what its entities may be in, in a step or more.
struct LinkedType {
  const EntityType* type;
  Names ancestors;
  std::size_t declared_by = 1;  // how many schemas
};

struct LinkedAction {
  const Action* action;
  std::set<std::pair<std::string_view, std::string_view>> ancestors;  // type, id
};

std::string_view space_of(std::string_view name) {
  const std::size_t at = name.rfind("::");
  return at == std::string_view::npos ? std::string_view() : name.substr(0, at);
}

bool is_builtin(std::string_view name) {
  static constexpr std::array<std::string_view, 7> kNames{"Bool",    "Long",     "String", "datetime",
                                                          "decimal", "duration", "ipaddr"};
  return std::ranges::find(kNames, name) != kNames.end();
}

class Linker {
 public:
  std::expected<void, std::string> add(const Schema::Impl& schema) {
    // In order of their names, so that whatever the order of schemas, the same is told first.
    std::map<std::string_view, const EntityType*> types;
    for (const EntityType& type : schema.entity_types)
      if (!type.is_action) types.emplace(type.name, &type);
    std::map<std::pair<std::string_view, std::string_view>, const Action*> actions;
    for (const Action& action : schema.actions)
      actions.emplace(std::pair(action.uid->type, action.uid->id), &action);
    for (const auto& [type_name, declared_type] : types) {
      const EntityType& type = *declared_type;
      LinkedType made{&type, {}};
      for (const std::uint32_t above : type.ancestors) made.ancestors.insert(schema.entity_types[above].name);
      const auto [known, fresh] = types_.try_emplace(type_name, made);
      if (fresh) continue;
      ++known->second.declared_by;
      if (auto merged = merge(known->second, std::move(made)); !merged) return merged;
    }
    for (const auto& [key, declared_action] : actions) {
      const Action& action = *declared_action;
      LinkedAction made{&action, {}};
      for (const std::uint32_t above : action.ancestors)
        made.ancestors.emplace(schema.actions[above].uid->type, schema.actions[above].uid->id);
      const auto [known, fresh] = actions_.try_emplace(key, made);
      if (fresh) continue;
      const std::string name = in_backticks(to_string(*action.uid));
      if (!known->second.action->is_external && !action.is_external)
        return Failed("the action " + name + " is defined twice");
      if (known->second.ancestors != made.ancestors)
        return Failed("the declarations of the action " + name + " do not agree on what it is in");
      if (!action.is_external) known->second.action = &action;
    }
    return {};
  }

  // Of what was added, in the arena of `schema`.
  std::expected<void, std::string> build(Schema::Impl& schema, std::size_t schemas) {
    std::map<std::string_view, Namespace> spaces;
    for (const auto& [name, linked] : types_) {
      if (is_builtin(name) && linked.declared_by != schemas)
        return Failed("the entity type " + in_backticks(name) +
                      " would hide a builtin type in the other schemas");
      space(spaces, space_of(name), schema).entities.push_back(entity(linked, schema.arena));
    }
    for (const auto& [key, linked] : actions_)
      space(spaces, space_of(key.first), schema).actions.push_back(action(linked, schema.arena));
    for (auto& [name, made] : spaces) schema.tree.push_back(std::move(made));

    Limits limits;
    limits.depth = std::numeric_limits<std::uint32_t>::max();  // each schema was held to its own
    DiagnosticSink errors("", 1);
    DiagnosticSink warnings("", 1);
    resolve(schema, limits, errors, warnings);
    if (!errors.empty()) return Failed(errors.take().front().message);
    return unchanged(schema);
  }

 private:
  static std::expected<void, std::string> merge(LinkedType& known, LinkedType other) {
    const std::string name = in_backticks(other.type->name);
    if (!known.type->is_external && !other.type->is_external)
      return Failed("the entity type " + name + " is defined twice");
    if (known.type->is_external && other.type->is_external) {
      known.ancestors.insert(other.ancestors.begin(), other.ancestors.end());
      return {};
    }
    const LinkedType& external = known.type->is_external ? known : other;
    const LinkedType& defined = known.type->is_external ? other : known;
    if (defined.type->is_enumerated)
      return Failed("the external entity type " + name + " is enumerated in another schema");
    if (!std::ranges::includes(defined.ancestors, external.ancestors))
      return Failed("the entity type " + name + " is declared to be in what its definition is not in");
    if (known.type->is_external) {
      known.type = other.type;
      known.ancestors = std::move(other.ancestors);
    }
    return {};
  }

  static Namespace& space(std::map<std::string_view, Namespace>& spaces, std::string_view name,
                          Schema::Impl& schema) {
    const auto [found, fresh] = spaces.try_emplace(name);
    if (fresh) found->second.name = schema.arena.copy(name);
    return found->second;
  }

  static EntityDecl entity(const LinkedType& linked, Arena& arena) {
    EntityDecl made;
    made.name = arena.copy(last_name(linked.type->name));
    made.is_external = linked.type->is_external;
    made.is_enumerated = linked.type->is_enumerated;
    std::vector<std::string_view> ids;
    for (const std::string_view id : linked.type->ids) ids.push_back(arena.copy(id));
    made.ids = arena.copy_of(ids);
    std::vector<NameRef> parents;
    for (const std::string_view name : linked.ancestors) parents.push_back({arena.copy(name), {}});
    made.parents = arena.copy_of(parents);
    if (made.is_external || made.is_enumerated) return made;
    made.shape = written(*linked.type->attributes, arena);
    if (linked.type->tags != nullptr) made.tags = written(*linked.type->tags, arena);
    return made;
  }

  static ActionDecl action(const LinkedAction& linked, Arena& arena) {
    ActionDecl made;
    made.id = arena.copy(linked.action->uid->id);
    made.is_external = linked.action->is_external;
    std::vector<ActionRef> parents;
    parents.reserve(linked.ancestors.size());
    for (const auto& [type, id] : linked.ancestors) parents.push_back({arena.copy(type), arena.copy(id), {}});
    if (!parents.empty()) made.parents = std::span<const ActionRef>(arena.copy_of(parents));
    if (made.is_external) return made;
    made.principals = names(linked.action->principals, arena);
    made.resources = names(linked.action->resources, arena);
    made.applies = !made.principals.empty() || !made.resources.empty();
    made.context = written(*linked.action->context, arena);
    return made;
  }

  static std::span<const NameRef> names(std::span<const EntityType* const> types, Arena& arena) {
    std::vector<NameRef> made;
    for (const EntityType* type : types) made.push_back({arena.copy(type->name), {}});
    return arena.copy_of(made);
  }

  static const TypeExpr* written(const Type& type, Arena& arena) {
    auto* made = arena.make<TypeExpr>();
    switch (type.kind) {
      case TypeKind::kEntity:
        made->form = TypeForm::kEntity;
        made->name = arena.copy(type.entity->name);
        break;
      case TypeKind::kSet:
        made->form = TypeForm::kSet;
        made->element = written(*type.element, arena);
        break;
      case TypeKind::kRecord: {
        std::vector<Attribute> attributes;
        for (const AttributeType& attribute : type.attributes)
          attributes.push_back(
              {arena.copy(attribute.name), {}, attribute.required, written(*attribute.type, arena), {}});
        made->form = TypeForm::kRecord;
        made->attributes = arena.copy_of(attributes);
        break;
      }
      default: {
        const std::string name = to_string(type);
        const bool plain = name == "Bool" || name == "Long" || name == "String";
        made->form = plain ? TypeForm::kPrimitive : TypeForm::kExtension;
        made->name = arena.copy(name);
      }
    }
    return made;
  }

  // What a schema has defined whole is not in more than it said, by way of what others said of its parents.
  std::expected<void, std::string> unchanged(const Schema::Impl& schema) const {
    for (const auto& [name, linked] : types_) {
      const EntityType& type = *schema.find_type(name);
      if (type.is_external || type.is_enumerated || type.ancestors.size() == linked.ancestors.size())
        continue;
      return Failed("the entity type " + in_backticks(name) + " would be in more than its definition says");
    }
    return {};
  }

  std::map<std::string_view, LinkedType> types_;
  std::map<std::pair<std::string_view, std::string_view>, LinkedAction> actions_;
};

}  // namespace

std::expected<Schema, std::string> Schema::link(std::span<const Schema> schemas) {
  if (schemas.size() == 1) return schemas.front();
  Linker linker;
  for (const Schema& schema : schemas)
    if (auto added = linker.add(schema.impl()); !added) return std::unexpected(std::move(added).error());
  auto impl = std::make_shared<Impl>();
  if (auto built = linker.build(*impl, schemas.size()); !built)
    return std::unexpected(std::move(built).error());
  return Schema(std::move(impl));
}

}  // namespace cedar
