// The JSON syntax of schemas.

#include <algorithm>
#include <array>

#include "cedar/json/json.h"
#include "cedar/schema/schema_parser.h"
#include "cedar/syntax/parser.h"
#include "cedar/syntax/parser_impl.h"

namespace cedar {
namespace {

using namespace schema_ast;

bool is_name(std::string_view text) {
  return !text.contains("::") && (text == "__cedar" || is_type_name(text));
}

// As is_type_name, but `__cedar` may be part of it: what may be declared is for the resolver to say.
bool is_path(std::string_view text) {
  while (true) {
    const std::size_t end = std::min(text.find("::"), text.size());
    if (!is_name(text.substr(0, end))) return false;
    if (end == text.size()) return true;
    text.remove_prefix(end + 2);
  }
}

class SchemaJsonReader {
 public:
  SchemaJsonReader(const Limits& limits, Arena& arena, DiagnosticSink& sink)
      : limits_(limits), arena_(arena), sink_(sink) {}

  schema_ast::Tree schema(const Json& json) {
    schema_ast::Tree parsed;
    if (!expect(json, Json::Kind::kObject, "a schema")) return parsed;
    for (const std::string_view member : {"entityTypes", "actions", "commonTypes"}) {
      const Json::Member* found = json.find_member(member);
      const bool is_namespace = found != nullptr && found->value.find("entityTypes") != nullptr &&
                                found->value.find("actions") != nullptr;
      if (found == nullptr || is_namespace) continue;
      sink_.report(found->name_span, "a schema is an object of namespaces",
                   R"(write {"": { … }} for declarations outside of all namespaces)");
      return parsed;
    }
    for (const Json::Member& member : json.members()) space(member, parsed.emplace_back());
    return parsed;
  }

 private:
  static constexpr std::array<std::string_view, 4> kNamespaceMembers{"commonTypes", "entityTypes", "actions",
                                                                     "annotations"};

  void space(const Json::Member& member, Namespace& made) {
    made.name = member.name;
    made.span = member.name_span;
    if (!member.name.empty() && !is_path(member.name))
      sink_.report(member.name_span, in_backticks(member.name) + " is not the name of a namespace",
                   "such as \"App\" or \"App::Users\"");
    if (!expect(member.value, Json::Kind::kObject, "a namespace") || !known(member.value, kNamespaceMembers))
      return;
    for (const std::string_view needed : {"entityTypes", "actions"}) {
      if (member.value.find_member(needed) == nullptr)
        sink_.report(member.name_span, "the namespace has no " + in_backticks(needed), "it may be empty: {}");
    }
    made.annotations = annotations(member.value);
    if (member.name.empty() && !made.annotations.empty())
      sink_.report(member.name_span, "only namespaces with a name can have annotations");
    each(member.value, "commonTypes", [&](const Json::Member& one) { common(one, made); });
    each(member.value, "entityTypes", [&](const Json::Member& one) { entity(one, made); });
    each(member.value, "actions", [&](const Json::Member& one) { action(one, made); });
  }

  void common(const Json::Member& member, Namespace& into) {
    CommonDecl made;
    name(member, "a common type");
    made.name = member.name;
    made.span = member.name_span;
    made.annotations = annotations(member.value);
    made.type = type(member.value, kAnnotations);
    into.commons.push_back(made);
  }

  void entity(const Json::Member& member, Namespace& into) {
    static constexpr std::array<std::string_view, 6> kMembers{"memberOfTypes", "shape",    "tags",
                                                              "enum",          "external", "annotations"};
    EntityDecl made;
    name(member, "an entity type");
    made.name = member.name;
    made.span = member.name_span;
    const Json& json = member.value;
    if (!expect(json, Json::Kind::kObject, "an entity type") || !known(json, kMembers)) return;
    made.annotations = annotations(json);
    made.is_external = external(json, {"shape", "tags", "enum"}, "an external entity type");
    if (made.is_external) {
      made.parents = names(json, "memberOfTypes", "an entity type");
      into.entities.push_back(made);
      return;
    }
    if (const Json::Member* ids = json.find_member("enum")) {
      for (const std::string_view other : {"memberOfTypes", "shape", "tags"}) {
        if (const Json::Member* found = json.find_member(other))
          sink_.report(found->name_span, "an enumerated entity type has no " + in_backticks(other));
      }
      made.is_enumerated = true;
      made.ids = strings(ids->value, "the ids");
      if (ids->value.kind() == Json::Kind::kArray && made.ids.empty())
        sink_.report(ids->value.span(), "an enumerated entity type has at least one id");
    }
    made.parents = names(json, "memberOfTypes", "an entity type");
    if (const Json::Member* shape = json.find_member("shape")) made.shape = type(shape->value, {});
    if (const Json::Member* tags = json.find_member("tags")) made.tags = type(tags->value, {});
    into.entities.push_back(made);
  }

  void action(const Json::Member& member, Namespace& into) {
    static constexpr std::array<std::string_view, 5> kMembers{"attributes", "appliesTo", "memberOf",
                                                              "external", "annotations"};
    ActionDecl made;
    count(member.name_span);
    made.id = member.name;
    made.span = member.name_span;
    const Json& json = member.value;
    if (!expect(json, Json::Kind::kObject, "an action") || !known(json, kMembers)) return;
    made.annotations = annotations(json);
    made.is_external = external(json, {"attributes", "appliesTo"}, "an external action");
    if (const Json::Member* attributes = made.is_external ? nullptr : present(json, "attributes"))
      sink_.report(attributes->name_span, "actions have no attributes", "remove this");
    if (const Json::Member* parents = present(json, "memberOf")) made.parents = action_refs(parents->value);
    const Json::Member* applies = made.is_external ? nullptr : present(json, "appliesTo");
    if (applies != nullptr) applies_to(applies->value, made);
    into.actions.push_back(made);
  }

  // Whether a declaration says that it is external; what then may not stand beside it is reported.
  bool external(const Json& json, std::initializer_list<std::string_view> others, std::string_view what) {
    const Json::Member* found = json.find_member("external");
    if (found == nullptr || !expect(found->value, Json::Kind::kBool, "`external`") || !found->value.as_bool())
      return false;
    for (const std::string_view other : others) {
      if (const Json::Member* beside = present(json, other))
        sink_.report(beside->name_span, std::string(what) + " has no " + in_backticks(other),
                     "it stands where it is defined, or `external` does not belong here");
    }
    return true;
  }

  void applies_to(const Json& json, ActionDecl& made) {
    static constexpr std::array<std::string_view, 3> kMembers{"principalTypes", "resourceTypes", "context"};
    if (!expect(json, Json::Kind::kObject, "`appliesTo`") || !known(json, kMembers)) return;
    made.applies = true;
    for (const std::string_view needed : {"principalTypes", "resourceTypes"}) {
      if (json.find_member(needed) == nullptr)
        sink_.report(json.span(), "`appliesTo` has no " + in_backticks(needed),
                     "name the entity types: [\"User\"]");
    }
    made.principals = names(json, "principalTypes", "an entity type");
    made.resources = names(json, "resourceTypes", "an entity type");
    if (const Json::Member* context = json.find_member("context")) made.context = type(context->value, {});
  }

  std::optional<std::span<const ActionRef>> action_refs(const Json& json) {
    static constexpr std::array<std::string_view, 2> kMembers{"id", "type"};
    std::vector<ActionRef> made;
    if (!expect(json, Json::Kind::kArray, "`memberOf`")) return std::nullopt;
    for (const Json& one : json.elements()) {
      if (!expect(one, Json::Kind::kObject, "an action that is named") || !known(one, kMembers)) continue;
      const Json::Member* id = one.find_member("id");
      const Json::Member* type = present(one, "type");
      if (id == nullptr) {
        sink_.report(one.span(), "this has no `id`", R"(an action is named by {"id": "view"})");
        continue;
      }
      if (!expect(id->value, Json::Kind::kString, "an id")) continue;
      if (type != nullptr && !path(type->value, "a type of actions")) continue;
      made.push_back(
          {type == nullptr ? std::string_view() : type->value.text(), id->value.text(), one.span()});
    }
    return arena_.copy_of(made);
  }

  static constexpr std::array<std::string_view, 1> kAnnotations{"annotations"};
  static constexpr std::array<std::string_view, 2> kAttributeMembers{"annotations", "required"};

  // `extra` may stand beside the members of the type itself. Never nullptr; what is wrong is reported.
  const TypeExpr* type(const Json& json, std::span<const std::string_view> extra) {
    auto* made = arena_.make<TypeExpr>(TypeForm::kRecord, json.span());
    if (!expect(json, Json::Kind::kObject, "a type")) return made;
    const Json::Member* kind = json.find_member("type");
    if (kind == nullptr) {
      sink_.report(json.span(), "this has no `type`", R"(such as {"type": "String"})");
      return made;
    }
    if (!expect(kind->value, Json::Kind::kString, "`type`")) return made;
    const std::string_view name = kind->value.text();

    std::vector<std::string_view> members{"type"};
    members.insert(members.end(), extra.begin(), extra.end());
    const bool names_a_type = name == "Entity" || name == "EntityOrCommon" || name == "Extension";
    if (name == "Set") members.emplace_back("element");
    if (name == "Record") members.insert(members.end(), {"attributes", "additionalAttributes"});
    if (names_a_type) members.emplace_back("name");
    if (!known(json, members)) return made;
    if (name == "Set") {
      const Json::Member* element =
          needed(json, "element", R"({"type": "Set", "element": {"type": "String"}})");
      if (element == nullptr) return made;
      made->form = TypeForm::kSet;
      made->element = type(element->value, {});
    } else if (name == "Record") {
      record(json, *made);
    } else if (names_a_type) {
      made->form = name == "Entity"           ? TypeForm::kEntity
                   : name == "EntityOrCommon" ? TypeForm::kName
                                              : TypeForm::kExtension;
      if (const Json::Member* named = needed(json, "name", R"({"type": "Entity", "name": "User"})")) {
        if (path(named->value, "a type")) made->name = named->value.text();
      }
    } else if (name == "String" || name == "Long" || name == "Boolean") {
      made->form = TypeForm::kPrimitive;
      made->name = name == "Boolean" ? "Bool" : name;
    } else {
      made->form = TypeForm::kCommon;
      made->span = kind->value.span();
      if (path(kind->value, "a type")) made->name = name;
    }
    return made;
  }

  void record(const Json& json, TypeExpr& made) {
    if (const Json::Member* open = json.find_member("additionalAttributes")) {
      if (expect(open->value, Json::Kind::kBool, "`additionalAttributes`") && open->value.as_bool())
        sink_.report(open->name_span, "records have the attributes that they declare, and no others",
                     "remove `additionalAttributes`");
    }
    const Json::Member* attributes = needed(json, "attributes", R"({"type": "Record", "attributes": {}})");
    if (attributes == nullptr || !expect(attributes->value, Json::Kind::kObject, "`attributes`")) return;
    std::vector<Attribute> list;
    for (const Json::Member& member : attributes->value.members()) {
      Attribute attribute;
      attribute.name = member.name;
      attribute.span = member.name_span;
      attribute.type = type(member.value, kAttributeMembers);
      attribute.annotations = annotations(member.value);
      const Json::Member* required = member.value.find_member("required");
      if (required != nullptr && expect(required->value, Json::Kind::kBool, "`required`"))
        attribute.required = required->value.as_bool();
      list.push_back(attribute);
    }
    made.attributes = arena_.copy_of(list);
  }

  std::span<const Annotation> annotations(const Json& json) {
    const Json::Member* found = json.find_member("annotations");
    if (found == nullptr || !expect(found->value, Json::Kind::kObject, "`annotations`")) return {};
    std::vector<Annotation> made;
    for (const Json::Member& member : found->value.members()) {
      const bool named = is_name(member.name) || (!member.name.contains("::") && is_reserved(member.name));
      if (!named) {
        sink_.report(member.name_span, in_backticks(member.name) + " is not the name of an annotation");
      }
      if (member.value.kind() == Json::Kind::kNull) {
        made.push_back({member.name, std::nullopt});
      } else if (expect(member.value, Json::Kind::kString, "an annotation")) {
        made.push_back({member.name, member.value.text()});
      }
    }
    return arena_.copy_of(made);
  }

  std::span<const NameRef> names(const Json& json, std::string_view member, std::string_view what) {
    const Json::Member* found = json.find_member(member);
    if (found == nullptr || !expect(found->value, Json::Kind::kArray, in_backticks(member))) return {};
    std::vector<NameRef> made;
    for (const Json& one : found->value.elements()) {
      if (path(one, what)) made.push_back({one.text(), one.span()});
    }
    return arena_.copy_of(made);
  }

  std::span<const std::string_view> strings(const Json& json, std::string_view what) {
    if (!expect(json, Json::Kind::kArray, what)) return {};
    std::vector<std::string_view> made;
    for (const Json& one : json.elements()) {
      if (expect(one, Json::Kind::kString, "an id")) made.push_back(one.text());
    }
    return arena_.copy_of(made);
  }

  bool path(const Json& json, std::string_view what) {
    if (!expect(json, Json::Kind::kString, what)) return false;
    if (is_path(json.text())) return true;
    sink_.report(json.span(), quoted(json.text()) + " is not the name of " + std::string(what));
    return false;
  }

  void name(const Json::Member& member, std::string_view what) {
    count(member.name_span);
    if (is_name(member.name)) return;
    sink_.report(member.name_span, quoted(member.name) + " cannot be the name of " + std::string(what),
                 "names are letters, digits and `_`, and no reserved words");
  }

  void count(Span span) {
    if (declarations_++ == limits_.declarations)
      sink_.report(span, "more than " + std::to_string(limits_.declarations) + " declarations");
  }

  // A member that may be null, which is as if it were not there.
  static const Json::Member* present(const Json& json, std::string_view name) {
    const Json::Member* found = json.find_member(name);
    return found == nullptr || found->value.kind() == Json::Kind::kNull ? nullptr : found;
  }

  const Json::Member* needed(const Json& json, std::string_view name, std::string_view example) {
    const Json::Member* found = json.find_member(name);
    if (found == nullptr)
      sink_.report(json.span(), "this type has no " + in_backticks(name), "such as " + std::string(example));
    return found;
  }

  bool known(const Json& json, std::span<const std::string_view> members) {
    bool good = true;
    for (const Json::Member& member : json.members()) {
      if (std::ranges::find(members, member.name) != members.end()) continue;
      sink_.report(member.name_span, quoted(member.name) + " has no meaning here",
                   did_you_mean(member.name, members));
      good = false;
    }
    return good;
  }

  template <typename Visit>
  void each(const Json& json, std::string_view name, const Visit& visit) {
    const Json::Member* found = json.find_member(name);
    if (found == nullptr || !expect(found->value, Json::Kind::kObject, in_backticks(name))) return;
    for (const Json::Member& member : found->value.members()) visit(member);
  }

  bool expect(const Json& json, Json::Kind kind, std::string_view what) {
    if (json.kind() == kind) return true;
    sink_.report(json.span(), std::string(what) + " must be " + std::string(describe(kind)) + ", not " +
                                  std::string(describe(json.kind())));
    return false;
  }

  const Limits& limits_;
  Arena& arena_;
  DiagnosticSink& sink_;
  std::uint32_t declarations_ = 0;
};

}  // namespace

schema_ast::Tree parse_schema_json(std::string_view json, const Limits& limits, Arena& arena,
                                   DiagnosticSink& sink) {
  if (!is_acceptable(json, limits, sink)) return {};
  const std::string_view kept = arena.copy(json);
  constexpr std::uint32_t kSurrounding = 8;                       // what stands around types
  const std::uint32_t depth = (2 * limits.depth) + kSurrounding;  // a record is two objects
  const auto tree = parse_json(kept, depth, arena);
  if (!tree) {
    sink.report(tree.error().span, tree.error().message, tree.error().help);
    return {};
  }
  return SchemaJsonReader(limits, arena, sink).schema(*tree);
}

}  // namespace cedar
