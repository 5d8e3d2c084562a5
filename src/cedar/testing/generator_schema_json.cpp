// Schemas in JSON as people and other programs write them: what has a default left out or written, types in
// each form that names them.

#include <algorithm>

#include "cedar/testing/generator_impl.h"

namespace cedar::testing {
namespace {

class SchemaJsonPrinter {
 public:
  SchemaJsonPrinter(const Model& model, Dice& dice) : model_(model), dice_(dice) {}

  std::string print() {
    std::vector<std::string> spaces;
    const auto add = [&spaces](const std::string& space) {
      if (std::ranges::find(spaces, space) == spaces.end()) spaces.push_back(space);
    };
    for (const ActionDeclaration& action : model_.actions) add(action.space);
    for (const auto& [name, type] : model_.common) add(space_of(name));
    for (const EntityDeclaration& entity : model_.entities) add(entity.space);
    std::vector<std::string> members;
    members.reserve(spaces.size());
    for (const std::string& space : spaces) members.push_back(json_text(space) + ":" + declarations(space));
    return object(members);
  }

 private:
  // In any order: JSON has none.
  std::string object(std::vector<std::string> members) {
    for (std::size_t i = members.size(); i > 1; --i) std::swap(members[i - 1], members[dice_.below(i)]);
    return joined(members, '{', '}');
  }
  static std::string joined(const std::vector<std::string>& items, char open, char close) {
    std::string out(1, open);
    for (const std::string& item : items) out += (out.size() > 1 ? ", " : "") + item;
    return out + close;
  }
  void annotate(std::vector<std::string>& members) {
    if (dice_.chance(6))
      members.push_back(dice_.pick({R"("annotations":{"doc":"a \"note\""})", R"("annotations":{})",
                                    R"("annotations":{"a":"","if":"\u0000é"})"}));
  }

  std::string declarations(const std::string& space) {
    space_ = space;
    std::vector<std::string> common;
    for (const auto& [name, type] : model_.common) {
      if (space_of(name) == space) common.push_back(json_text(last(name)) + ":" + type_json(type, {}));
    }
    std::vector<std::string> entities;
    for (const EntityDeclaration& entity : model_.entities) {
      if (entity.space == space) entities.push_back(json_text(last(entity.name)) + ":" + declaration(entity));
    }
    std::vector<std::string> actions;
    for (const ActionDeclaration& action : model_.actions) {
      if (action.space == space) actions.push_back(json_text(action.id) + ":" + declaration(action));
    }
    std::vector<std::string> members = {R"("entityTypes":)" + object(entities),
                                        R"("actions":)" + object(actions)};
    if (!common.empty() || dice_.chance(30)) members.push_back(R"("commonTypes":)" + object(common));
    if (!space.empty()) annotate(members);
    return object(members);
  }

  std::string declaration(const EntityDeclaration& entity) {
    std::vector<std::string> members;
    annotate(members);
    if (entity.enumerated) {
      std::vector<std::string> ids;
      ids.reserve(entity.ids.size());
      for (const std::string& id : entity.ids) ids.push_back(json_text(id));
      members.push_back(R"("enum":)" + joined(ids, '[', ']'));
      return object(members);
    }
    if (!entity.parents.empty() || dice_.chance(30))
      members.push_back(R"("memberOfTypes":)" + names(entity.parents));
    if (!entity.attributes.empty() || dice_.chance(30))
      members.push_back(R"("shape":)" + type_json(record_of(entity.attributes), {}));
    if (entity.tags) members.push_back(R"("tags":)" + type_json(*entity.tags, {}));
    return object(members);
  }

  std::string declaration(const ActionDeclaration& action) {
    std::vector<std::string> members;
    annotate(members);
    if (!action.groups.empty() || dice_.chance(30)) {
      std::vector<std::string> groups;
      for (const std::size_t index : action.groups) {
        const ActionDeclaration& group = model_.actions[index];
        std::vector<std::string> uid = {R"("id":)" + json_text(group.id)};
        // As in Cedar syntax: without a namespace in front, the own one's actions hide those of none.
        if (group.space != space_ || dice_.chance(60))
          uid.push_back(R"("type":)" + json_text(group.space == space_ ? "Action" : group.uid().type()));
        groups.push_back(object(uid));
      }
      members.push_back(R"("memberOf":)" + joined(groups, '[', ']'));
    }
    if (!action.principals.empty() || dice_.chance(20)) {
      std::vector<std::string> applies = {R"("principalTypes":)" + names(action.principals),
                                          R"("resourceTypes":)" + names(action.resources)};
      if (!action.context.attributes.empty() || dice_.chance(30))
        applies.push_back(R"("context":)" + type_json(action.context, {}));
      members.push_back(R"("appliesTo":)" + object(applies));
    }
    return object(members);
  }

  static std::string last(std::string_view name) {
    const std::size_t at = name.rfind("::");
    return std::string(at == std::string_view::npos ? name : name.substr(at + 2));
  }
  // Without the namespace where it is the current one, by chance.
  std::string local(const std::string& name) {
    return !space_.empty() && space_of(name) == space_ && dice_.chance(60) ? last(name) : name;
  }
  std::string names(const std::vector<std::size_t>& entities) {
    std::vector<std::string> out;
    out.reserve(entities.size());
    for (const std::size_t i : entities) out.push_back(json_text(local(model_.entities[i].name)));
    return joined(out, '[', ']');
  }

  // With what else the object has, where it is an attribute.
  std::string type_json(const GeneratedType& type, std::vector<std::string> members) {
    describe(members, type);
    return object(members);
  }
  void named(std::vector<std::string>& members, std::string_view kind, const std::string& name) {
    members.push_back(R"("type":)" + json_text(kind));
    members.push_back(R"("name":)" + json_text(name));
  }
  void builtin(std::vector<std::string>& members, const std::string& name) {
    if (dice_.chance(25)) return named(members, "EntityOrCommon", dice_.pick({"", "__cedar::"}) + name);
    members.push_back(R"("type":)" + json_text(dice_.pick({"", "", "__cedar::"}) + name));
  }
  void extension(std::vector<std::string>& members, const std::string& name) {
    if (dice_.chance(50)) return named(members, "Extension", name);
    builtin(members, name);
  }

  void describe(std::vector<std::string>& members, const GeneratedType& type) {
    if (!type.alias.empty()) {
      if (dice_.chance(40)) return named(members, "EntityOrCommon", local(type.alias));
      members.push_back(R"("type":)" + json_text(local(type.alias)));
      return;
    }
    switch (type.base) {
      case Base::kBool:
        if (dice_.chance(60)) return members.push_back(R"("type":"Boolean")");
        return builtin(members, "Bool");
      case Base::kLong:
        return builtin(members, "Long");
      case Base::kString:
        return builtin(members, "String");
      case Base::kEntity:
        return named(members, dice_.pick({"Entity", "EntityOrCommon"}),
                     local(model_.entities[type.entity].name));
      case Base::kSet:
        members.push_back(R"("type":"Set")");
        members.push_back(R"("element":)" + type_json(*type.element, {}));
        return;
      case Base::kRecord: {
        std::vector<std::string> attributes;
        for (const Attribute& attribute : type.attributes) {
          std::vector<std::string> with;
          annotate(with);
          if (!attribute.required || dice_.chance(20))
            with.push_back(std::string(R"("required":)") + (attribute.required ? "true" : "false"));
          attributes.push_back(json_text(attribute.name) + ":" + type_json(attribute.type, with));
        }
        members.push_back(R"("type":"Record")");
        members.push_back(R"("attributes":)" + object(attributes));
        if (dice_.chance(15)) members.push_back(R"("additionalAttributes":false)");
        return;
      }
      case Base::kDecimal:
        return extension(members, "decimal");
      case Base::kDatetime:
        return extension(members, "datetime");
      case Base::kDuration:
        return extension(members, "duration");
      case Base::kIp:
        return extension(members, "ipaddr");
    }
  }

  const Model& model_;
  Dice& dice_;
  std::string space_;
};

// Few names, so that they hide each other; in every other schema also what is wrong, of all kinds.
class WildSchemaJson {
 public:
  explicit WildSchemaJson(std::uint64_t seed) : dice_(seed), wild_(dice_.chance(50)) {}

  std::string print() {
    std::string out = "{";
    for (const std::string_view space : {"", "N", "N::N", "__cedar", "é"}) {
      if (space.empty() ? wild(15) : space[0] == 'N' ? !dice_.chance(35) : !wild(1)) continue;
      out += (out.size() > 1 ? "," : "") + json_text(space) + R"(:{"entityTypes":{)" +
             named({"A", "B", "C", "Long", "decimal"}, [this] { return entity(); }) + R"(},"actions":{)" +
             named({"a", "x", "A", "", "a b"}, [this] { return action(); }) + "}";
      if (dice_.chance(60))
        out += R"(,"commonTypes":{)" + named({"D", "B", "C", "Bool", "ipaddr"}, [this] { return type(2); }) +
               "}";
      out += "}";
    }
    return out + "}";
  }

 private:
  bool wild(std::size_t percent) { return wild_ && dice_.chance(percent); }

  // Members with the first of the names and some of the others, or with one that is odd or there already.
  template <typename Make>
  std::string named(std::initializer_list<std::string_view> names, const Make& make) {
    std::string out;
    for (const std::string_view& name : names) {
      if (&name == names.begin() ? wild(20) : !dice_.chance(40)) continue;
      const std::string odd =
          dice_.pick({"A", "Set", "Entity", "Boolean", "Action", "in", "é", "", "__cedar"});
      out += (out.empty() ? "" : ",") + json_text(wild(2) ? odd : std::string(name)) + ":" + make();
    }
    return out;
  }
  template <typename Make>
  std::string listed(const Make& make) {
    std::string out;
    for (std::size_t i = dice_.below(3); i > 0; --i) out += (out.empty() ? "" : ",") + make();
    return out;
  }

  std::string reference() {
    if (wild(3)) return json_text(dice_.pick({"Set", "Record", "N::", "a b", "", "__cedar::A", "Boolean"}));
    if (wild(15))
      return json_text(dice_.pick({"B", "C", "N::A", "N::B", "N::N::A", "Action", "N::Action", "Long"}));
    return json_text("A");
  }

  std::string type(int depth) {
    std::string more;
    if (wild(2))
      more = dice_.pick({R"(,"annotations":{"a":"b"})", R"(,"x":1)", R"(,"required":true)", R"(,"name":"A")",
                         R"(,"attributes":{})", R"(,"additionalAttributes":false)"});
    const auto simple = [&](const std::string& name) { return R"({"type":)" + json_text(name) + more + "}"; };
    switch (dice_.below(depth > 0 ? 11 : 7)) {
      case 0:
        return wild(30) ? simple(dice_.pick({"A", "B", "D", "N::D"})) : simple("String");
      case 1:
      case 2:
        return R"({"type":)" + json_text(dice_.pick({"Entity", "EntityOrCommon", "EntityOrCommon"})) +
               R"(,"name":)" + reference() + more + "}";
      case 3:
        return R"({"type":"Extension","name":)" +
               json_text(wild(10) ? dice_.pick({"A", "__cedar::decimal", "Long"})
                                  : dice_.pick({"ipaddr", "decimal", "datetime", "duration"})) +
               more + "}";
      case 4:
        return simple(dice_.pick({"Bool", "decimal", "ipaddr", "__cedar::Long", "__cedar::ipaddr"}));
      case 5:
      case 6:
        return simple(dice_.pick({"Long", "String", "Boolean"}));
      case 7:
      case 8:
        return R"({"type":"Set","element":)" + type(depth - 1) + more + "}";
      default:
        return record(depth, more);
    }
  }
  std::string record(int depth, const std::string& more = "") {
    const auto attribute = [&] {
      std::string out = type(depth - 1);
      if (dice_.chance(40))
        out.insert(out.size() - 1, dice_.pick({R"(,"required":false)", R"(,"required":true)"}));
      return out;
    };
    return R"({"type":"Record","attributes":{)" + named({"a", "b", "", "A b", "é"}, attribute) + "}" +
           dice_.pick({"", "", R"(,"additionalAttributes":false)"}) +
           (wild(2) ? R"(,"additionalAttributes":true)" : "") + more + "}";
  }

  std::string entity() {
    if (wild(5))
      return dice_.pick({R"({"enum":[]})", R"({"enum":["a","a"]})", R"({"enum":["a"],"memberOfTypes":[]})",
                         R"({"enum":"a"})", R"({"enum":["a"],"annotations":{}})"});
    if (dice_.chance(10)) return R"({"enum":["a","b"]})";
    std::string out = R"({"memberOfTypes":[)" + (dice_.chance(60) ? "" : reference()) + "]";
    if (dice_.chance(60)) out += R"(,"shape":)" + (wild(20) ? type(2) : record(2));
    if (dice_.chance(20)) out += R"(,"tags":)" + type(1);
    return out + "}";
  }

  std::string action() {
    const auto group = [this] {
      return R"({"id":)" + json_text(wild(30) ? dice_.pick({"a", "x", "A", ""}) : "x") +
             (wild(30) ? dice_.pick({R"(,"type":"Action")", R"(,"type":"N::Action")", R"(,"type":"A")",
                                     R"(,"type":null)"})
                       : "") +
             "}";
    };
    std::string out = R"({"annotations":{})";
    if (wild(40)) out += R"(,"memberOf":[)" + listed(group) + "]";
    if (wild(4))
      out += dice_.pick({R"(,"attributes":{})", R"(,"attributes":{"a":1})", R"(,"attributes":null)"});
    if (wild(4))
      out += dice_.pick(
          {R"(,"appliesTo":null)", R"(,"appliesTo":{"principalTypes":[]})", R"(,"memberOf":null)"});
    if (dice_.chance(60)) {
      const auto types = [this] { return listed([this] { return reference(); }); };
      out += R"(,"appliesTo":{"principalTypes":[)" + types() + R"(],"resourceTypes":[)" + types() + "]";
      if (dice_.chance(60)) out += R"(,"context":)" + (wild(30) ? type(2) : record(2));
      out += "}";
    }
    return out + "}";
  }

  Dice dice_;
  bool wild_;
};

}  // namespace

std::string wild_schema_json(std::uint64_t seed) { return WildSchemaJson(seed).print(); }

std::string print_schema_json(const Model& model, Dice& dice) {
  return SchemaJsonPrinter(model, dice).print();
}

}  // namespace cedar::testing
