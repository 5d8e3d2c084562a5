#include "cedar/testing/generator.h"

#include <algorithm>
#include <array>
#include <functional>

#include "cedar/testing/generator_impl.h"

namespace cedar::testing {
namespace {

constexpr std::array kNames = {"a",  "b",    "n",      "name", "owner", "type", "id",     "a b",
                               "if", "日本", "nested", "",     "\n'",   "\\",   "é\u0301"};
constexpr std::array kTypeNames = {"User", "Group", "Doc", "Folder", "Team", "Kind"};
constexpr std::array kIds = {"a", "b", "c", "x \"y\"", "日本", "", "\r\n", "'*\\"};

std::vector<std::string> distinct(const auto& pool, std::size_t count, Dice& dice) {
  std::vector<std::string> left(pool.begin(), pool.end());
  std::vector<std::string> out;
  while (out.size() < count && !left.empty()) {
    const auto at = left.begin() + static_cast<std::ptrdiff_t>(dice.below(left.size()));
    out.push_back(*at);
    left.erase(at);
  }
  return out;
}

class ModelMaker {
 public:
  explicit ModelMaker(Dice& dice) : dice_(dice) {}

  Model make() {
    std::vector<std::string> spaces = {""};
    if (dice_.chance(50)) spaces = {"N", "N::M"};
    if (dice_.chance(25)) spaces = {"", "App"};
    if (dice_.chance(15)) spaces = {"A", "A::B", "A::B::C", "A::A"};
    std::vector<std::string> names = distinct(kTypeNames, 2 + dice_.below(4), dice_);
    if (dice_.chance(1)) {
      for (int i = 0; i < 30; ++i) names.push_back("T" + std::to_string(i));
    }
    for (const std::string& name : names) {
      const std::string& space = dice_.pick(spaces);
      EntityDeclaration entity;
      entity.space = space;
      entity.name = inside(space, name);
      entity.enumerated = !model_.entities.empty() && dice_.chance(15);
      entity.ids = distinct(kIds, 1 + dice_.below(3), dice_);
      model_.entities.push_back(std::move(entity));
    }
    for (std::size_t i = dice_.below(5); i > 0; --i) {
      const std::string& space = dice_.pick(spaces);
      const std::string name = "Common" + std::to_string(i);
      GeneratedType type = any_type(2);
      type.alias.clear();
      model_.common.emplace_back(inside(space, name), std::move(type));
    }
    for (EntityDeclaration& entity : model_.entities) {
      if (entity.enumerated) continue;
      for (std::size_t i = 0; i < model_.entities.size(); ++i) {
        if (!dice_.chance(30)) continue;
        entity.parents.push_back(i);
        // Long ways up.
        if (&model_.entities[i] == &entity && dice_.chance(10)) {
          for (int k = 0; k < 25; ++k) entity.ids.push_back("c" + std::to_string(k));
        }
      }
      entity.attributes = attributes(2, dice_.below(5));
      if (dice_.chance(35)) entity.tags = any_type(1);
    }
    const std::vector<std::string> ids =
        distinct(std::array{"view", "edit", "read", "all", "do it", "in"}, 1 + dice_.below(4), dice_);
    for (const std::string& id : ids) {
      ActionDeclaration action;
      action.space = dice_.pick(spaces);
      action.id = id;
      for (std::size_t i = 0; i < model_.actions.size(); ++i) {
        if (dice_.chance(35)) action.groups.push_back(i);
      }
      if (model_.actions.empty() || dice_.chance(80)) {
        action.principals = some_entities();
        action.resources = some_entities();
        action.context.attributes = attributes(2, dice_.below(5));
        const auto is_record = [](const auto& common) { return common.second.base == Base::kRecord; };
        const auto record = std::ranges::find_if(model_.common, is_record);
        if (record != model_.common.end() && dice_.chance(30)) {
          action.context = record->second;
          action.context.alias = record->first;
        }
      }
      model_.actions.push_back(std::move(action));
    }
    return std::move(model_);
  }

 private:
  std::vector<std::size_t> some_entities() {
    std::vector<std::size_t> out = {dice_.below(model_.entities.size())};
    for (std::size_t i = 0; i < model_.entities.size(); ++i) {
      if (i != out.front() && dice_.chance(25)) out.push_back(i);
    }
    return out;
  }

  std::vector<Attribute> attributes(int depth, std::size_t count) {
    std::vector<Attribute> out;
    for (const std::string& name : distinct(kNames, count, dice_))
      out.push_back({name, any_type(depth), dice_.chance(60)});
    return out;
  }

  GeneratedType any_type(int depth) {
    if (!model_.common.empty() && dice_.chance(15)) {
      const auto& [name, type] = dice_.pick(model_.common);
      GeneratedType out = type;
      out.alias = name;
      return out;
    }
    GeneratedType out;
    const std::size_t which = dice_.below(depth > 0 ? 16 : 11);
    if (which >= 13) {
      out.base = Base::kRecord;
      out.attributes = attributes(depth - 1, dice_.below(4));
    } else if (which >= 11) {
      out.base = Base::kSet;
      out.element = std::make_shared<const GeneratedType>(any_type(depth - 1));
    } else if (which >= 8) {
      out.base = Base::kEntity;
      out.entity = dice_.below(model_.entities.size());
    } else {
      constexpr std::array kSimple = {Base::kBool,    Base::kLong,     Base::kLong,     Base::kString,
                                      Base::kDecimal, Base::kDatetime, Base::kDuration, Base::kIp};
      out.base = kSimple[which];
    }
    return out;
  }

  Dice& dice_;
  Model model_;
};

// Which of several schemas defines what.
struct Owners {
  std::vector<std::size_t> entities;
  std::vector<std::size_t> actions;
};

class SchemaPrinter {
 public:
  SchemaPrinter(const Model& model, Dice& dice) : model_(model), dice_(dice) {}
  // Only what this owner defines; the rest is external, and mostly said to be.
  SchemaPrinter(const Model& model, const Owners& owners, std::size_t owner, Dice& dice)
      : model_(model), dice_(dice), owners_(&owners), owner_(owner) {}

  std::string print() {
    std::vector<std::string> spaces;
    const auto add = [&spaces](const std::string& space) {
      if (std::ranges::find(spaces, space) == spaces.end()) spaces.push_back(space);
    };
    for (const EntityDeclaration& entity : model_.entities) add(entity.space);
    for (const auto& [name, type] : model_.common) add(space_of(name));
    for (const ActionDeclaration& action : model_.actions) add(action.space);
    for (const std::string& space : spaces) {
      if (!space.empty()) out_ += "namespace " + space + " {\n";
      declarations(space);
      if (!space.empty()) out_ += "}\n";
    }
    return std::move(out_);
  }

 private:
  void declarations(const std::string& space) {
    space_ = space;
    for (const auto& [name, type] : model_.common) {
      if (space_of(name) == space) out_ += "type " + local(name, true) + " = " + type_text(type) + ";\n";
    }
    for (std::size_t i = 0; i < model_.entities.size(); ++i) {
      if (model_.entities[i].space != space) continue;
      if (owners_ == nullptr || owners_->entities[i] == owner_)
        declare(model_.entities[i]);
      else if (dice_.chance(97))
        declare_external(model_.entities[i]);
    }
    for (std::size_t i = 0; i < model_.actions.size(); ++i) {
      if (model_.actions[i].space != space) continue;
      if (owners_ == nullptr || owners_->actions[i] == owner_)
        declare(model_.actions[i]);
      else if (dice_.chance(97))
        declare_external(model_.actions[i]);
    }
  }

  void declare_external(const EntityDeclaration& entity) {
    out_ += "external entity " + local(entity.name, true);
    if (!entity.parents.empty() && dice_.chance(40)) out_ += " in [" + names(entity.parents) + "]";
    out_ += ";\n";
  }
  void declare_external(const ActionDeclaration& action) {
    out_ += "external action " + policy_text(action.id, dice_);
    if (dice_.chance(95)) declare_groups(action);
    out_ += ";\n";
  }

  void declare_groups(const ActionDeclaration& action) {
    if (!action.groups.empty()) {
      out_ += " in [";
      for (std::size_t i = 0; i < action.groups.size(); ++i) {
        const ActionDeclaration& group = model_.actions[action.groups[i]];
        if (i > 0) out_ += ", ";
        if (group.space == space_ && dice_.chance(40)) {
          out_ += policy_text(group.id, dice_);
        } else {
          // Without a namespace in front, the own one's actions hide those of none.
          out_ +=
              (group.space == space_ ? "Action" : group.uid().type()) + "::" + policy_text(group.id, dice_);
        }
      }
      out_ += "]";
    }
  }

  void declare(const EntityDeclaration& entity) {
    if (dice_.chance(10)) out_ += "@doc(\"a note\")\n";
    out_ += "entity " + local(entity.name, true);
    if (entity.enumerated) {
      out_ += " enum [";
      for (std::size_t i = 0; i < entity.ids.size(); ++i)
        out_ += (i > 0 ? ", " : "") + policy_text(entity.ids[i], dice_);
      out_ += "];\n";
      return;
    }
    if (!entity.parents.empty()) out_ += " in [" + names(entity.parents) + "]";
    if (!entity.attributes.empty() || dice_.chance(20))
      out_ += std::string(dice_.chance(50) ? " = " : " ") + record_text(entity.attributes);
    if (entity.tags) out_ += " tags " + type_text(*entity.tags);
    out_ += ";\n";
  }

  void declare(const ActionDeclaration& action) {
    if (dice_.chance(5)) out_ += "@doc(\"it\\u{73}\") @plain\n";
    out_ += "action " +
            (is_plain_name(action.id) && dice_.chance(60) ? action.id : policy_text(action.id, dice_));
    declare_groups(action);
    if (!action.principals.empty()) {
      out_ += " appliesTo {\n  principal: " + listed(action.principals) +
              ",\n  resource: " + listed(action.resources);
      if (!action.context.attributes.empty() || dice_.chance(30))
        out_ += ",\n  context: " + type_text(action.context);
      out_ += "\n}";
    }
    out_ += ";\n";
  }

  std::string listed(const std::vector<std::size_t>& entities) {
    return entities.size() == 1 && dice_.chance(50) ? names(entities) : "[" + names(entities) + "]";
  }

  std::string names(const std::vector<std::size_t>& entities) {
    std::string out;
    for (const std::size_t i : entities) out += (out.empty() ? "" : ", ") + local(model_.entities[i].name);
    return out;
  }

  // Without the namespace where it is the current one: when declared, and else by chance.
  std::string local(const std::string& name, bool always = false) {
    if (space_of(name) != space_ || space_.empty() || !(always || dice_.chance(60))) return name;
    return name.substr(space_.size() + 2);
  }

  std::string record_text(const std::vector<Attribute>& attributes) {
    std::string out = "{";
    for (const Attribute& attribute : attributes) {
      out += out.size() > 1 ? ",\n  " : "\n  ";
      if (dice_.chance(3)) out += "@note(\"x\") ";
      out += is_plain_name(attribute.name) ? attribute.name : policy_text(attribute.name, dice_);
      out += (attribute.required ? ": " : "?: ") + type_text(attribute.type);
    }
    return out + "}";
  }

  std::string type_text(const GeneratedType& type) {
    if (!type.alias.empty()) return local(type.alias);
    switch (type.base) {
      case Base::kBool:
        return dice_.pick({"Bool", "__cedar::Bool"});
      case Base::kLong:
        return "Long";
      case Base::kString:
        return "String";
      case Base::kEntity:
        return local(model_.entities[type.entity].name);
      case Base::kSet:
        return "Set<" + type_text(*type.element) + ">";
      case Base::kRecord:
        return record_text(type.attributes);
      case Base::kDecimal:
        return "decimal";
      case Base::kDatetime:
        return "datetime";
      case Base::kDuration:
        return "__cedar::duration";
      case Base::kIp:
        return "ipaddr";
    }
    return "";
  }

  const Model& model_;
  Dice& dice_;
  const Owners* owners_ = nullptr;
  std::size_t owner_ = 0;
  std::string space_;
  std::string out_;
};

std::string uid_json(const EntityUid& uid) {
  return "{\"type\":" + json_text(uid.type()) + ",\"id\":" + json_text(uid.id()) + "}";
}

// Where only an entity can stand, the escape may be left out.
std::string any_uid_json(const EntityUid& uid, Dice& dice) {
  return dice.chance(75) ? uid_json(uid) : "{\"__entity\":" + uid_json(uid) + "}";
}

}  // namespace

std::string inside(std::string_view space, std::string_view name) {
  std::string out(space);
  if (!space.empty()) out += "::";
  return out += name;
}

std::string space_of(std::string_view name) {
  const std::size_t at = name.rfind("::");
  return std::string(name.substr(0, at == std::string_view::npos ? 0 : at));
}

bool same(const GeneratedType& a, const GeneratedType& b) {
  if (a.base != b.base) return false;
  if (a.base == Base::kEntity) return a.entity == b.entity;
  if (a.base == Base::kSet) return same(*a.element, *b.element);
  if (a.attributes.size() != b.attributes.size()) return false;
  return std::ranges::all_of(a.attributes, [&b](const Attribute& one) {
    return std::ranges::any_of(b.attributes, [&one](const Attribute& other) {
      return other.name == one.name && other.required == one.required && same(other.type, one.type);
    });
  });
}

Model make_model(Dice& dice) { return ModelMaker(dice).make(); }
std::string print_schema(const Model& model, Dice& dice) { return SchemaPrinter(model, dice).print(); }

std::string make_json_value(const Model& model, const GeneratedType& type, Escapes escapes, Dice& dice) {
  const std::size_t whim = dice.below(700);
  if (whim == 0) return json_text(any_text(dice));
  if (whim == 1) return any_number(dice);
  if (whim == 2)
    return dice.pick(
        {"null", "[]", "{}", "true", "[1,\"a\"]", "1.5", "1e2", R"({"__extn":{"fn":"ip","arg":"::1"}})",
         R"({"fn":"ip","arg":"::1"})", R"({"type":"User","id":"a"})", R"({"__expr":"1"})",
         R"({"__extn":{"fn":"offset","args":[{"__extn":{"fn":"datetime","arg":"2024-01-01"}},{"__extn":{"fn":"duration","arg":"1h"}}]}})",
         R"({"__extn":{"fn":"ip","arg":1}})", R"({"__extn":{"fn":"isIpv4","arg":"::1"}})",
         R"({"__extn":{"fn":"decimal","args":["1.5"]}})", R"({"__extn":{"fn":"decimal","arg":"1.5"},"a":1})",
         R"({"__entity":{"type":"User::","id":"a"}})", R"({"a":1,"a":1})"});
  const bool typed = escapes == Escapes::kBySchema;
  switch (type.base) {
    case Base::kBool:
      return dice.chance(50) ? "true" : "false";
    case Base::kLong:
      return any_number(dice);
    case Base::kString:
      return json_text(any_text(dice));
    case Base::kEntity: {
      const EntityDeclaration& entity = model.entities[type.entity];
      const std::string uid =
          uid_json({entity.name, dice.chance(99) ? dice.pick(entity.ids) : std::string("none")});
      return typed && dice.chance(60) ? uid : "{\"__entity\":" + uid + "}";
    }
    case Base::kSet: {
      std::string out = "[";
      for (std::size_t i = dice.below(dice.chance(98) ? 4 : 40); i > 0; --i)
        out += (out.size() > 1 ? "," : "") + make_json_value(model, *type.element, escapes, dice);
      return out + "]";
    }
    case Base::kRecord: {
      std::string out = "{";
      for (const Attribute& attribute : type.attributes) {
        if (!attribute.required ? dice.chance(40) : dice.below(300) == 0) continue;
        out += (out.size() > 1 ? "," : "") + json_text(attribute.name) + ":" +
               make_json_value(model, attribute.type, escapes, dice);
      }
      if (dice.below(400) == 0) out += std::string(out.size() > 1 ? "," : "") + "\"more\":1";
      return out + "}";
    }
    default: {
      std::string text = json_text(extension_text(type.base, 996, dice));
      if (typed && dice.chance(40)) return text;
      const std::string call = R"({"fn":")" + std::string(constructor_of(type.base)) + "\"," +
                               (dice.chance(90) ? "\"arg\":" + text : "\"args\":[" + text + "]") + "}";
      return typed && dice.chance(40) ? call : "{\"__extn\":" + call + "}";
    }
  }
}

std::string make_entities(const Model& model, Escapes escapes, Dice& dice) {
  std::string out = "[";
  const auto add = [&](const EntityUid& uid, const std::string& attributes, const std::string& parents,
                       const std::string& tags) {
    // Twice as well, as the same or as another.
    for (std::size_t i = dice.below(250) == 0 ? 2 : 1; i > 0; --i) {
      out += (out.size() > 1 ? ",\n " : "") + ("{\"uid\":" + any_uid_json(uid, dice)) +
             ",\"attrs\":" + (i > 1 && dice.chance(30) ? "{}" : attributes) + ",\"parents\":[" +
             (i > 1 && dice.chance(30) ? "" : parents) + "]" + (tags.empty() ? "" : ",\"tags\":" + tags) +
             "}";
    }
  };
  for (std::size_t i = 0; i < model.entities.size(); ++i) {
    const EntityDeclaration& entity = model.entities[i];
    for (std::size_t k = 0; k < entity.ids.size(); ++k) {
      if (dice.chance(entity.enumerated ? 50 : 7)) continue;
      // Of one type, only later entities are above; of two types, only what comes later in both orders.
      std::string parents;
      for (const std::size_t above : entity.parents) {
        const EntityDeclaration& type = model.entities[above];
        for (std::size_t n = 0; n < type.ids.size(); ++n) {
          const bool acyclic = n > k || (n == k && above > i) || dice.below(400) == 0;
          if (acyclic && dice.chance(45))
            parents += (parents.empty() ? "" : ",") + any_uid_json({type.name, type.ids[n]}, dice);
        }
        if (dice.chance(5)) parents += (parents.empty() ? "" : ",") + any_uid_json({type.name, "none"}, dice);
      }
      if (dice.below(300) == 0)
        parents +=
            (parents.empty() ? "" : ",") + any_uid_json({dice.pick(model.entities).name, "none"}, dice);
      std::string tags;
      if ((entity.tags && dice.chance(80)) || dice.below(300) == 0) {
        const GeneratedType type = entity.tags.value_or(GeneratedType());
        tags = "{";
        std::vector<std::string> keys = {"a", "ab", "日本", ""};
        for (const std::string& key : keys) {
          if (dice.chance(50))
            tags += (tags.size() > 1 ? "," : "") + json_text(key) + ":" +
                    make_json_value(model, type, escapes, dice);
        }
        tags += "}";
      }
      add({entity.name, entity.ids[k]}, make_json_value(model, record_of(entity.attributes), escapes, dice),
          parents, tags);
    }
  }
  for (std::size_t i = 0; i < model.actions.size(); ++i) {
    if (dice.chance(3)) continue;
    // All that is above, since the schema's closure is what must be given.
    std::vector<bool> above(model.actions.size(), false);
    const std::function<void(std::size_t)> climb = [&](std::size_t from) {
      for (const std::size_t group : model.actions[from].groups) {
        if (above[group]) continue;
        above[group] = true;
        climb(group);
      }
    };
    climb(i);
    std::string parents;
    for (std::size_t k = 0; k < above.size(); ++k) {
      if (above[k]) parents += (parents.empty() ? "" : ",") + any_uid_json(model.actions[k].uid(), dice);
    }
    add(model.actions[i].uid(), "{}", parents, "");
  }
  return out + "]";
}

LinkedWorld generate_linked(std::uint64_t seed) {
  Dice dice(seed);
  Model model = make_model(dice);
  // What is enumerated cannot be external.
  for (EntityDeclaration& entity : model.entities) entity.enumerated &= dice.chance(10);
  const std::size_t count = 2 + dice.below(2);
  Owners owners;
  for (std::size_t i = 0; i < model.entities.size(); ++i) owners.entities.push_back(dice.below(count));
  for (std::size_t i = 0; i < model.actions.size(); ++i) owners.actions.push_back(dice.below(count));
  LinkedWorld world;
  for (std::size_t i = 0; i < count; ++i) {
    // Sometimes one is missing, or not as it was.
    if (dice.chance(4)) continue;
    std::string text = SchemaPrinter(model, owners, i, dice).print();
    if (dice.chance(12)) {
      const std::string_view word = dice.chance(50) ? "entity" : "action";
      const std::size_t at = text.find(word, dice.below(text.size()));
      if (at != std::string::npos && dice.chance(60))
        text.insert(at, "external ");
      else
        text = mutate_tokens(text, TextKind::kSchema, seed);
    }
    world.schemas.push_back(std::move(text));
  }
  World policies;
  make_policies(model, {}, dice, policies);
  world.policies = std::move(policies.policies);
  return world;
}

World generate_world(std::uint64_t seed, const WorldSize& size) {
  Dice dice(seed);
  const Model model = make_model(dice);
  World world;
  world.schema = print_schema(model, dice);
  world.schema_json = print_schema_json(model, dice);
  world.entities = make_entities(model, Escapes::kExplicit, dice);
  world.typed_entities = make_entities(model, Escapes::kBySchema, dice);
  make_policies(model, size, dice, world);
  for (int i = 0; i < 2; ++i) world.trees.push_back({"j" + std::to_string(i), make_policy_tree(model, dice)});
  for (const std::vector<NamedText>& texts : {world.policies, world.templates}) {
    for (const NamedText& one : texts) {
      if (dice.chance(50)) world.text += "@id(" + policy_text(one.id, dice) + ") ";
      world.text += with_comments(one.text + "\n", dice);
    }
  }
  return world;
}

}  // namespace cedar::testing
