// From names to what they stand for. Language reference: "Type name disambiguation"; RFC 24 (builtin names),
// RFC 70 (what may not be hidden).
//
// A name without a path means the namespace's own declaration, else one outside of all namespaces, else a
// builtin type; at each of these a common type goes before an entity type. A name with a path means only
// itself.

#include <algorithm>
#include <array>
#include <string>
#include <unordered_set>

#include "cedar/schema/schema_impl.h"
#include "cedar/syntax/diagnostic.h"

namespace cedar {
namespace {

using namespace schema_ast;

struct Builtin {
  std::string_view name;
  TypeKind kind;
  bool extension;
};
constexpr std::array kBuiltins = std::to_array<Builtin>({{"Bool", TypeKind::kBool, false},
                                                         {"Long", TypeKind::kLong, false},
                                                         {"String", TypeKind::kString, false},
                                                         {"datetime", TypeKind::kDatetime, true},
                                                         {"decimal", TypeKind::kDecimal, true},
                                                         {"duration", TypeKind::kDuration, true},
                                                         {"ipaddr", TypeKind::kIp, true}});
// No common type may be called so, since JSON means something else by them.
constexpr std::array<std::string_view, 8> kReservedCommon{"Bool", "Boolean", "Entity", "Extension",
                                                          "Long", "Record",  "Set",    "String"};

const Builtin* find_builtin(std::string_view name) {
  const auto* found = std::ranges::find(kBuiltins, name, &Builtin::name);
  return found == kBuiltins.end() ? nullptr : found;
}

bool names_cedar(std::string_view path) {
  return path == "__cedar" || path.starts_with("__cedar::") || path.ends_with("::__cedar") ||
         path.contains("::__cedar::");
}

class Resolver {
 public:
  Resolver(Schema::Impl& schema, const Limits& limits, DiagnosticSink& errors, DiagnosticSink& warnings)
      : schema_(schema), limits_(limits), errors_(errors), warnings_(warnings) {}

  void run() {
    declare();
    check_hidden_names();
    for (Namespace& space : schema_.tree) {
      for (const CommonDecl& common : space.commons) {
        if (Common* found = find_common(qualified(space.name, common.name))) resolve_common(*found);
      }
    }
    std::size_t index = 0;
    for (Namespace& space : schema_.tree) {
      for (const EntityDecl& entity : space.entities)
        resolve_entity(entity, space, schema_.entity_types[index++]);
    }
    index = 0;
    for (Namespace& space : schema_.tree) {
      for (const ActionDecl& action : space.actions) resolve_action(action, space, schema_.actions[index++]);
    }
    if (!errors_.empty()) return;
    close_types();
    close_actions();
  }

 private:
  enum class State : std::uint8_t { kNew, kOpen, kDone };
  struct Common {
    const CommonDecl* decl;
    std::string_view space;
    State state = State::kNew;
    const Type* type = nullptr;
  };

  // What there is.

  std::string_view qualified(std::string_view space, std::string_view name) {
    return space.empty() ? name : schema_.arena.copy(std::string(space) + "::" + std::string(name));
  }

  void declare() {
    std::size_t entities = 0;
    std::size_t actions = 0;
    for (const Namespace& space : schema_.tree) {
      entities += space.entities.size();
      actions += space.actions.size();
    }
    declared_types_ = entities;
    schema_.entity_types = schema_.arena.array<EntityType>(entities + schema_.tree.size());
    schema_.actions = schema_.arena.array<Action>(actions);
    parents_.resize(schema_.entity_types.size());
    action_parents_.resize(actions);

    std::uint32_t type_index = 0;
    std::uint32_t action_index = 0;
    for (const Namespace& space : schema_.tree) {
      if (names_cedar(space.name)) reserved(space.name, space.span);
      for (const CommonDecl& common : space.commons) declare_common(common, space);
      for (const EntityDecl& entity : space.entities) {
        EntityType& type = schema_.entity_types[type_index];
        init_type(type, qualified(space.name, entity.name), type_index++);
        if (names_cedar(entity.name)) reserved(entity.name, entity.span);
        if (entity.name == "Action") {
          errors_.report(entity.span, "`Action` cannot be declared as an entity type",
                         "it is the type of the actions, which are declared with `action`");
        }
        if (find_builtin(entity.name) != nullptr) hides_builtin(entity.name, entity.span);
        if (!schema_.types_by_name.emplace(type.name, &type).second)
          twice("entity type", type.name, entity.span);
      }
    }
    for (const Namespace& space : schema_.tree) {
      const EntityType* type = nullptr;
      for (const ActionDecl& decl : space.actions) {
        if (type == nullptr) type = &action_type(qualified(space.name, "Action"), type_index);
        Action& action = schema_.actions[action_index];
        action.index = action_index++;
        action.type = type;
        action.uid = schema_.arena.make<Uid>(type->name, decl.id, hash_uid(type->name, decl.id));
        if (!schema_.actions_by_uid.emplace(*action.uid, &action).second)
          twice("action", to_string(*action.uid), decl.span);
      }
    }
    schema_.entity_types = schema_.entity_types.first(type_index);
  }

  void declare_common(const CommonDecl& common, const Namespace& space) {
    const std::string_view name = qualified(space.name, common.name);
    if (names_cedar(common.name)) reserved(common.name, common.span);
    if (std::ranges::find(kReservedCommon, common.name) != kReservedCommon.end()) {
      errors_.report(common.span, in_backticks(common.name) + " cannot be the name of a common type",
                     "JSON schemas mean something else by it");
    } else if (find_builtin(common.name) != nullptr) {
      hides_builtin(common.name, common.span);
    }
    if (std::ranges::find(space.entities, common.name, &EntityDecl::name) != space.entities.end()) {
      warnings_.report(common.span, in_backticks(name) + " is also the name of an entity type",
                       "as the type of an attribute it means the common type");
    }
    if (!commons_.emplace(name, Common{&common, space.name}).second) twice("common type", name, common.span);
  }

  EntityType& action_type(std::string_view name, std::uint32_t& index) {
    EntityType& type = schema_.entity_types[index];
    init_type(type, name, index++);
    type.is_action = true;
    type.attributes = schema_.types.record({});
    schema_.types_by_name.emplace(name, &type);  // an entity type of this name was refused already
    return type;
  }

  static void init_type(EntityType& type, std::string_view name, std::uint32_t index) {
    type.name = name;
    type.index = index;
    type.reference.kind = TypeKind::kEntity;
    type.reference.entity = &type;
  }

  void reserved(std::string_view name, Span span) {
    errors_.report(span, in_backticks(name) + " uses the reserved name `__cedar`", "choose another name");
  }

  void hides_builtin(std::string_view name, Span span) {
    warnings_.report(span, in_backticks(name) + " hides the builtin type of that name",
                     "the builtin type is still there as __cedar::" + std::string(name));
  }

  void twice(std::string_view what, std::string_view name, Span span) {
    errors_.report(span, "the " + std::string(what) + " " + in_backticks(name) + " is declared twice",
                   "remove one of the declarations");
  }

  // What is declared outside of all namespaces must mean the same inside of each.
  void check_hidden_names() {
    std::unordered_set<std::string_view> outside;
    std::unordered_set<std::string_view> actions_outside;
    for (const Namespace& space : schema_.tree) {
      if (!space.name.empty()) continue;
      for (const EntityDecl& entity : space.entities) outside.insert(entity.name);
      for (const CommonDecl& common : space.commons) outside.insert(common.name);
      for (const ActionDecl& action : space.actions) actions_outside.insert(action.id);
    }
    const auto check = [this](const auto& names, std::string_view name, Span span, std::string_view what) {
      if (!names.contains(name)) return;
      errors_.report(span,
                     "this " + std::string(what) + " would hide " + in_backticks(name) +
                         ", which is declared outside of all namespaces",
                     "rename one of them, or move the other one into a namespace");
    };
    for (const Namespace& space : schema_.tree) {
      if (space.name.empty()) continue;
      for (const EntityDecl& entity : space.entities) check(outside, entity.name, entity.span, "entity type");
      for (const CommonDecl& common : space.commons) check(outside, common.name, common.span, "common type");
      for (const ActionDecl& action : space.actions) check(actions_outside, action.id, action.span, "action");
    }
  }

  // Names.

  Common* find_common(std::string_view name) {
    const auto found = commons_.find(name);
    return found == commons_.end() ? nullptr : &found->second;
  }

  // The complete names that a name may mean, first choice first.
  std::vector<std::string_view> candidates(std::string_view name, std::string_view space) {
    if (space.empty() || name.contains("::")) return {name};
    return {qualified(space, name), name};
  }

  // nullptr: reported.
  const EntityType* entity_type(const NameRef& ref, std::string_view space) {
    for (const std::string_view name : candidates(ref.name, space)) {
      const EntityType* found = schema_.find_type(name);
      if (found == nullptr) continue;
      if (!found->is_action) return found;
      errors_.report(ref.span, in_backticks(ref.name) + " is the type of actions, not of entities",
                     "name an entity type");
      return nullptr;
    }
    unknown(ref.name, ref.span, space, TypeForm::kEntity);
    return nullptr;
  }

  // What a name stands for as a type; nullptr: reported.
  const Type* named(const TypeExpr& expr, std::string_view space) {
    for (const std::string_view name : candidates(expr.name, space)) {
      if (expr.form != TypeForm::kEntity) {
        if (Common* common = find_common(name)) return resolve_common(*common);
      }
      if (expr.form != TypeForm::kCommon) {
        if (const EntityType* type = schema_.find_type(name)) return &type->reference;
      }
    }
    if (expr.form != TypeForm::kEntity) {
      std::string_view name = expr.name;
      const bool explicitly = name.starts_with("__cedar::");
      if (explicitly) name.remove_prefix(std::string_view("__cedar::").size());
      // An entity type outside of all namespaces hides a builtin one even where only common types are meant.
      const bool hidden = !explicitly && schema_.find_type(name) != nullptr;
      const Builtin* builtin = find_builtin(name);
      if (builtin != nullptr && !hidden) return primitive(builtin->kind);
    }
    unknown(expr.name, expr.span, space, expr.form);
    return nullptr;
  }

  void unknown(std::string_view name, Span span, std::string_view space, TypeForm form) {
    if (errors_.full()) return;
    constexpr std::size_t kMost = 500;  // names, after which looking for a similar one takes too long
    const std::span<const EntityType> declared = schema_.entity_types.first(declared_types_);
    const std::string_view what = form == TypeForm::kEntity   ? "entity type"
                                  : form == TypeForm::kCommon ? "common type"
                                                              : "type";
    std::string help;
    if (declared.size() + commons_.size() <= kMost) help = similar(name, space, form);
    if (form != TypeForm::kCommon) {
      const auto same_name = std::ranges::find(declared, last_name(name),
                                               [](const EntityType& type) { return last_name(type.name); });
      if (same_name != declared.end()) help = "did you mean " + in_backticks(same_name->name) + "?";
    }
    errors_.report(span, "there is no " + std::string(what) + " " + in_backticks(name), std::move(help));
  }

  std::string similar(std::string_view name, std::string_view space, TypeForm form) {
    std::vector<std::string_view> known;
    const std::string prefix = std::string(space) + "::";
    const auto add = [&](std::string_view candidate) {
      known.push_back(candidate);
      if (!space.empty() && candidate.starts_with(prefix)) known.push_back(candidate.substr(prefix.size()));
    };
    if (form != TypeForm::kCommon) {
      for (const EntityType& type : schema_.entity_types.first(declared_types_)) add(type.name);
    }
    if (form != TypeForm::kEntity) {
      for (const auto& [common, unused] : commons_) add(common);
      for (const Builtin& builtin : kBuiltins) known.push_back(builtin.name);
    }
    std::ranges::sort(known);  // so that the same text always gets the same help
    return did_you_mean(name, known);
  }

  // Types.

  const Type* resolve_common(Common& common) {
    if (common.state == State::kDone) return common.type;
    if (common.state == State::kOpen) {
      errors_.report(common.decl->span,
                     "the common type " + in_backticks(common.decl->name) + " contains itself",
                     "let an entity type stand in between");
      common.state = State::kDone;
      return nullptr;
    }
    if (open_commons_ >= limits_.depth) {
      errors_.report(common.decl->span, "common types are made of each other more than " +
                                            std::to_string(limits_.depth) + " deep");
      return nullptr;
    }
    common.state = State::kOpen;
    ++open_commons_;
    const Type* type = this->type(*common.decl->type, common.space);
    --open_commons_;
    if (common.state == State::kDone) return nullptr;  // a cycle, reported
    common.state = State::kDone;
    common.type = type;
    return type;
  }

  const Type* type(const TypeExpr& expr, std::string_view space) {
    const Type* made = shallow_type(expr, space);
    if (made == nullptr || made->height <= limits_.depth) return made;
    errors_.report(expr.span, "this type is nested more than " + std::to_string(limits_.depth) + " deep");
    return nullptr;
  }

  const Type* shallow_type(const TypeExpr& expr, std::string_view space) {
    switch (expr.form) {
      case TypeForm::kName:
      case TypeForm::kCommon:
      case TypeForm::kEntity:
        return named(expr, space);
      case TypeForm::kPrimitive:
        return primitive(find_builtin(expr.name)->kind);
      case TypeForm::kExtension: {
        const Builtin* builtin = find_builtin(expr.name);
        if (builtin != nullptr && builtin->extension) return primitive(builtin->kind);
        std::vector<std::string_view> known;
        for (const Builtin& one : kBuiltins) {
          if (one.extension) known.push_back(one.name);
        }
        errors_.report(expr.span, "there is no extension type " + in_backticks(expr.name),
                       did_you_mean(expr.name, known, "they are ipaddr, decimal, datetime and duration"));
        return nullptr;
      }
      case TypeForm::kSet: {
        const Type* element = type(*expr.element, space);
        return element == nullptr ? nullptr : schema_.types.set(*element);
      }
      case TypeForm::kRecord:
        break;
    }
    // Every attribute is looked at, also after one that is wrong.
    std::vector<AttributeType> attributes;
    attributes.reserve(expr.attributes.size());
    bool good = true;
    for (const Attribute& attribute : expr.attributes) {
      const Type* made = type(*attribute.type, space);
      good = good && made != nullptr;
      attributes.push_back({attribute.name, made, attribute.required});
    }
    return good ? schema_.types.record(attributes) : nullptr;
  }

  // Of a shape or a context; absent: the empty record.
  const Type* record(const TypeExpr* expr, std::string_view space, std::string_view what) {
    if (expr == nullptr) return schema_.types.record({});
    const Type* made = type(*expr, space);
    if (made == nullptr || made->kind == TypeKind::kRecord) return made;
    errors_.report(expr->span, std::string(what) + " must be a record, not " + to_string(*made));
    return nullptr;
  }

  // Entities and actions.

  void resolve_entity(const EntityDecl& decl, const Namespace& space, EntityType& type) {
    type.is_external = decl.is_external;
    if (decl.is_enumerated) {
      std::vector<std::string_view> ids(decl.ids.begin(), decl.ids.end());
      std::ranges::sort(ids);
      type.is_enumerated = true;
      type.ids = schema_.arena.copy_of(ids);
    }
    type.attributes = record(decl.shape, space.name, "an entity's attributes");
    if (decl.tags != nullptr) type.tags = this->type(*decl.tags, space.name);
    if (!afford(decl.parents.size())) return;
    // `entity A, B in [C]` has one list.
    if (!decl.parents.empty() && decl.parents.data() == last_parents_.data()) {
      parents_[type.index] = parents_[last_entity_];
      return;
    }
    last_parents_ = decl.parents;
    last_entity_ = type.index;
    for (const NameRef& parent : decl.parents) {
      if (const EntityType* above = entity_type(parent, space.name))
        parents_[type.index].push_back(above->index);
    }
  }

  void resolve_action(const ActionDecl& decl, const Namespace& space, Action& action) {
    if (!afford((decl.parents ? decl.parents->size() : 0) + decl.principals.size() + decl.resources.size()))
      return;
    action.is_external = decl.is_external;
    if (decl.parents && !decl.parents->empty() && decl.parents->data() == last_groups_.data()) {
      action_parents_[action.index] = action_parents_[last_action_];
    } else if (decl.parents) {
      last_groups_ = *decl.parents;
      last_action_ = action.index;
      for (const ActionRef& parent : *decl.parents) {
        if (const Action* above = find_parent(parent, space.name))
          action_parents_[action.index].push_back(above->index);
      }
    }
    action.principals = entity_types(decl.principals, space.name);
    action.resources = entity_types(decl.resources, space.name);
    action.context = record(decl.context, space.name, "a context");
  }

  // Counts names in lists; those of a declaration count for each of its names, as `entity A, B in [C, D]` is
  // short for. False: more than anyone would declare, reported once.
  bool afford(std::size_t names) {
    constexpr std::size_t kMost = 500'000;
    const bool before = listed_names_ <= kMost;
    listed_names_ += names;
    if (listed_names_ <= kMost) return true;
    if (before)
      errors_.report(
          {}, "the lists after `in`, `principal` and `resource` have too many names, counted together");
    return false;
  }

  std::span<const EntityType* const> entity_types(std::span<const NameRef> refs, std::string_view space) {
    std::vector<const EntityType*> types;
    std::unordered_set<const EntityType*> seen;
    for (const NameRef& ref : refs) {
      const EntityType* type = entity_type(ref, space);
      if (type != nullptr && seen.insert(type).second) types.push_back(type);
    }
    return schema_.arena.copy_of(types);
  }

  const Action* find_parent(const ActionRef& ref, std::string_view space) {
    const std::string_view type = ref.type.empty() ? "Action" : ref.type;
    for (const std::string_view name : candidates(type, space)) {
      if (const Action* found = schema_.find_action({name, ref.id, hash_uid(name, ref.id)})) return found;
    }
    if (errors_.full()) return nullptr;
    std::vector<std::string_view> known;
    std::string elsewhere;
    for (const Action& action : schema_.actions) {
      known.push_back(action.uid->id);
      if (action.uid->id == ref.id) elsewhere = "did you mean " + in_backticks(to_string(*action.uid)) + "?";
    }
    const std::string written =
        ref.type.empty() ? quoted(ref.id) : std::string(ref.type) + "::" + quoted(ref.id);
    if (elsewhere.empty()) elsewhere = did_you_mean(ref.id, known);
    errors_.report(ref.span, "there is no action " + in_backticks(written), std::move(elsewhere));
    return nullptr;
  }

  // Hierarchies.

  // What can be reached from each node, in a step or more; a node that reaches itself is among its own.
  static std::vector<std::vector<std::uint32_t>> closure(const std::vector<std::vector<std::uint32_t>>& edges,
                                                         std::size_t most) {
    std::vector<std::vector<std::uint32_t>> reached(edges.size());
    std::vector<std::uint32_t> seen(edges.size(), UINT32_MAX);
    std::vector<std::uint32_t> stack;
    std::size_t total = 0;
    for (std::uint32_t from = 0; from < edges.size(); ++from) {
      stack.assign(edges[from].begin(), edges[from].end());
      while (!stack.empty()) {
        const std::uint32_t node = stack.back();
        stack.pop_back();
        if (seen[node] == from) continue;
        seen[node] = from;
        reached[from].push_back(node);
        stack.insert(stack.end(), edges[node].begin(), edges[node].end());
        total += 1 + edges[node].size();
        if (total > most) return {};
      }
      std::ranges::sort(reached[from]);
    }
    return reached;
  }

  static constexpr std::size_t kMostSteps = 5'000'000;  // of all together

  void close_types() {
    const auto above = closure(parents_, kMostSteps);
    if (above.empty() && !parents_.empty())
      return errors_.report({}, "the entity types have too many ancestors, counted together");
    for (EntityType& type : schema_.entity_types) type.ancestors = schema_.arena.copy_of(above[type.index]);
    // An enumerated type has only the ids that it declares, and no one below: the other schema would say
    // more.
    for (std::size_t i = 0; i < declared_types_; ++i) {
      const EntityType& type = schema_.entity_types[i];
      if (!type.is_external) continue;
      for (const std::uint32_t index : type.ancestors) {
        const EntityType& ancestor = schema_.entity_types[index];
        if (ancestor.is_enumerated)
          errors_.report(span_of_type(i),
                         "the external entity type " + in_backticks(type.name) +
                             " is in the enumerated type " + in_backticks(ancestor.name),
                         "nothing external may be in an enumerated type");
      }
    }
  }

  void close_actions() {
    const auto above = closure(action_parents_, kMostSteps);
    if (above.empty() && !action_parents_.empty())
      return errors_.report({}, "the actions have too many ancestors, counted together");
    std::vector<std::vector<std::uint32_t>> below(above.size());
    for (Action& action : schema_.actions) {
      if (std::ranges::binary_search(above[action.index], action.index)) {
        errors_.report(span_of(action.index),
                       "the action " + in_backticks(to_string(*action.uid)) + " is its own ancestor",
                       "remove one of the `in` that lead back to it");
      }
      action.ancestors = schema_.arena.copy_of(above[action.index]);
      below[action.index].push_back(action.index);
      for (const std::uint32_t ancestor : action.ancestors) below[ancestor].push_back(action.index);
    }
    std::vector<std::vector<std::uint32_t>> type_above(schema_.entity_types.size());
    for (Action& action : schema_.actions) {
      std::ranges::sort(below[action.index]);
      action.descendants = schema_.arena.copy_of(below[action.index]);
      std::vector<std::uint32_t>& types = type_above[action.type->index];
      for (const std::uint32_t ancestor : action.ancestors)
        types.push_back(schema_.actions[ancestor].type->index);
    }
    for (EntityType& type : schema_.entity_types) {
      if (!type.is_action) continue;
      std::vector<std::uint32_t>& above_type = type_above[type.index];
      std::ranges::sort(above_type);
      const auto repeated = std::ranges::unique(above_type);
      above_type.erase(repeated.begin(), repeated.end());
      type.ancestors = schema_.arena.copy_of(above_type);
    }
  }

  Span span_of_type(std::size_t type) const {
    for (const Namespace& space : schema_.tree) {
      if (type < space.entities.size()) return space.entities[type].span;
      type -= space.entities.size();
    }
    return {};
  }

  Span span_of(std::size_t action) const {
    for (const Namespace& space : schema_.tree) {
      if (action < space.actions.size()) return space.actions[action].span;
      action -= space.actions.size();
    }
    return {};
  }

  Schema::Impl& schema_;
  const Limits& limits_;
  DiagnosticSink& errors_;
  DiagnosticSink& warnings_;
  std::unordered_map<std::string_view, Common> commons_;
  std::vector<std::vector<std::uint32_t>> parents_;         // of each entity type
  std::vector<std::vector<std::uint32_t>> action_parents_;  // of each action
  std::size_t declared_types_ = 0;
  std::uint32_t open_commons_ = 0;
  std::size_t listed_names_ = 0;
  std::span<const NameRef> last_parents_;  // of the entity before, and of the action
  std::span<const ActionRef> last_groups_;
  std::uint32_t last_entity_ = 0;
  std::uint32_t last_action_ = 0;
};

}  // namespace

bool is_action_type(std::string_view name) { return last_name(name) == "Action"; }

bool Action::in(const Action& other) const {
  return this == &other || std::ranges::binary_search(ancestors, other.index);
}

const EntityType* Schema::Impl::find_type(std::string_view name) const {
  const auto found = types_by_name.find(name);
  return found == types_by_name.end() ? nullptr : found->second;
}

const Action* Schema::Impl::find_action(const Uid& uid) const {
  const auto found = actions_by_uid.find(uid);
  return found == actions_by_uid.end() ? nullptr : found->second;
}

void resolve(Schema::Impl& schema, const Limits& limits, DiagnosticSink& errors, DiagnosticSink& warnings) {
  Resolver(schema, limits, errors, warnings).run();
}

}  // namespace cedar
