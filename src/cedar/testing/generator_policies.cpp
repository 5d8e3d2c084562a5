// Policies at random: an expression is made for the type that is wanted there, from what the request
// environment that the policy is meant for has.

#include <algorithm>
#include <array>

#include "cedar/testing/generator_impl.h"

namespace cedar::testing {
namespace {

GeneratedType simple(Base base) { return GeneratedType(base); }
GeneratedType entity_type(std::size_t index) {
  GeneratedType out(Base::kEntity);
  out.entity = index;
  return out;
}
GeneratedType set_of(GeneratedType element) {
  GeneratedType out(Base::kSet);
  out.element = std::make_shared<const GeneratedType>(std::move(element));
  return out;
}

// What a variable leads to, and what must be tested before it is read.
struct Path {
  std::string text;
  GeneratedType type;
  std::vector<std::string> guards;
};

class Maker {
 public:
  Maker(const Model& model, Dice& dice) : model_(model), dice_(dice) {}

  // The environment that what is made from now on is meant for.
  void choose_environment() {
    std::vector<std::size_t> applying;
    for (std::size_t i = 0; i < model_.actions.size(); ++i) {
      if (!model_.actions[i].principals.empty()) applying.push_back(i);
    }
    action_ = dice_.pick(applying);
    principal_ = dice_.pick(model_.actions[action_].principals);
    resource_ = dice_.pick(model_.actions[action_].resources);
    paths_.clear();
    add_path({"principal", entity_type(principal_), {}}, 3);
    add_path({"resource", entity_type(resource_), {}}, 3);
    add_path({"context", model_.actions[action_].context, {}}, 4);
    if (dice_.chance(30)) {
      const std::size_t other = dice_.below(model_.entities.size());
      add_path({entity_literal(other), entity_type(other), {}}, 2);
    }
  }

  // The slots of a template are given, of policies left empty.
  std::string policy(bool principal_slot, bool resource_slot) {
    choose_environment();
    std::string out;
    if (dice_.chance(10))
      out += dice_.pick({"@id(\"x\")\n", "@note\n", "@a(\"\")@b(\"\\u{1F600}\")\n", "// said\n"});
    out += dice_.chance(70) ? "permit" : "forbid";
    out += "(" + entity_scope("principal", principal_, principal_slot) + ", " + action_scope() + ", " +
           entity_scope("resource", resource_, resource_slot) + ")";
    for (std::size_t i = dice_.chance(85) ? 1 + dice_.below(2) : 0; i > 0; --i)
      out += (dice_.chance(75) ? "\nwhen { " : "\nunless { ") + condition() + " }";
    return out + ";";
  }

  GeneratedRequest request() {
    choose_environment();
    const auto of_type = [this](std::size_t type) {
      if (dice_.chance(3)) type = dice_.below(model_.entities.size());
      const EntityDeclaration& entity = model_.entities[type];
      return EntityUid{entity.name, dice_.chance(96) ? dice_.pick(entity.ids) : "none"};
    };
    const std::size_t action = dice_.chance(95) ? action_ : dice_.below(model_.actions.size());
    EntityUid uid = model_.actions[action].uid();
    if (dice_.chance(1)) uid = {uid.type(), "none"};
    return {of_type(principal_), uid, of_type(resource_), context(action, Escapes::kExplicit),
            context(action, Escapes::kBySchema)};
  }

  std::string context(std::size_t action, Escapes escapes) {
    return make_json_value(model_, record_of(model_.actions[action].context.attributes), escapes, dice_);
  }

  EntityUid slot_value(bool principal) {
    const std::size_t type = scope_type(principal ? principal_ : resource_);
    const EntityDeclaration& entity = model_.entities[type];
    return {entity.name, dice_.chance(97) ? dice_.pick(entity.ids) : "none"};
  }

 private:
  // ---- scopes

  // The type itself or one that its entities may be in.
  std::size_t scope_type(std::size_t type) {
    if (dice_.chance(4)) return dice_.below(model_.entities.size());
    for (int i = 0; i < 2; ++i) {
      const EntityDeclaration& entity = model_.entities[type];
      if (!entity.parents.empty() && dice_.chance(50)) type = dice_.pick(entity.parents);
    }
    return type;
  }

  std::string entity_scope(const std::string& variable, std::size_t type, bool slot) {
    const std::string filled = "?" + variable;
    const std::string& name = model_.entities[type].name;
    if (slot)
      return variable + (dice_.chance(35) ? " is " + name + " in " : dice_.pick({" == ", " in "})) + filled;
    switch (dice_.below(12)) {
      case 0:
        return variable + " == " + entity_literal(dice_.chance(90) ? type : scope_type(type));
      case 1:
      case 2:
        return variable + " in " + entity_literal(scope_type(type));
      case 3:
        return variable + " is " + name + " in " + entity_literal(scope_type(type));
      case 4:
      case 5:
      case 6:
      case 7:
        return variable + " is " + name;
      default:
        return variable;
    }
  }

  std::string action_literal(std::size_t index) {
    const EntityUid uid = model_.actions[index].uid();
    return uid.type() + "::" + policy_text(uid.id(), dice_);
  }

  std::size_t some_group() {
    std::size_t group = action_;
    while (!model_.actions[group].groups.empty() && dice_.chance(50))
      group = dice_.pick(model_.actions[group].groups);
    return group;
  }

  std::string action_scope() {
    if (dice_.chance(2)) return "action == Action::\"none\"";
    switch (dice_.below(10)) {
      case 0:
      case 1:
      case 2:
      case 3:
        return "action == " + action_literal(action_);
      case 4:
      case 5:
        return "action in " + action_literal(some_group());
      case 6:
        return "action in [" + action_literal(some_group()) + ", " +
               action_literal(dice_.below(model_.actions.size())) + "]";
      default:
        return "action";
    }
  }

  // ---- paths

  std::string attribute_of(const std::string& base, const std::string& name) {
    return is_plain_name(name) && dice_.chance(90) ? base + "." + name
                                                   : base + "[" + policy_text(name, dice_) + "]";
  }

  void add_path(const Path& path, int depth) {
    constexpr std::size_t kMost = 70;
    if (paths_.size() >= kMost) return;
    paths_.push_back(path);
    if (depth == 0) return;
    const bool is_entity = path.type.base == Base::kEntity;
    const std::vector<Attribute>& attributes =
        is_entity ? model_.entities[path.type.entity].attributes : path.type.attributes;
    for (const Attribute& attribute : attributes) {
      Path next{attribute_of(path.text, attribute.name), attribute.type, path.guards};
      if (!attribute.required) next.guards.push_back(has(path.text, attribute.name));
      // One test for both steps, where the syntax has one.
      if (attribute.type.base == Base::kRecord && is_plain_name(attribute.name) && dice_.chance(30)) {
        for (const Attribute& inner : attribute.type.attributes) {
          if (!is_plain_name(inner.name)) continue;
          Path deep{next.text + "." + inner.name, inner.type, path.guards};
          deep.guards.push_back(path.text + " has " + attribute.name + "." + inner.name);
          paths_.push_back(std::move(deep));
        }
      }
      add_path(next, depth - 1);
    }
    if (is_entity && model_.entities[path.type.entity].tags) {
      const std::string key = dice_.pick({"\"a\"", "\"ab\"", "\"日本\"", "\"\""});
      Path next{path.text + ".getTag(" + key + ")", *model_.entities[path.type.entity].tags, path.guards};
      next.guards.push_back(path.text + ".hasTag(" + key + ")");
      add_path(next, depth - 1);
    }
  }

  std::string has(const std::string& base, const std::string& name) {
    return base + " has " + (is_plain_name(name) ? name : policy_text(name, dice_));
  }

  static std::string all_of(const std::vector<std::string>& tests) {
    std::string out;
    for (const std::string& test : tests) out += (out.empty() ? "" : " && ") + test;
    return out;
  }

  // A path of the type; "" where there is none.
  std::string path(const GeneratedType& type) {
    std::vector<const Path*> fitting;
    for (const Path& one : paths_) {
      if (same(one.type, type)) fitting.push_back(&one);
    }
    if (fitting.empty()) return "";
    const Path chosen = *dice_.pick(fitting);
    if (chosen.guards.empty()) return chosen.text;
    switch (dice_.below(12)) {
      case 0:
        return chosen.text;
      case 1:
      case 2:
        return "(if " + all_of(chosen.guards) + " then " + chosen.text + " else " + literal(type) + ")";
      default:
        for (const std::string& guard : chosen.guards) {
          if (std::ranges::find(needed_, guard) == needed_.end()) needed_.push_back(guard);
        }
        return chosen.text;
    }
  }

  // ---- expressions

  GeneratedType any_type() {
    constexpr std::array kSimple = {Base::kBool,    Base::kLong,     Base::kLong,     Base::kString,
                                    Base::kDecimal, Base::kDatetime, Base::kDuration, Base::kIp};
    if (!paths_.empty() && dice_.chance(60)) return dice_.pick(paths_).type;
    if (dice_.chance(20)) return entity_type(dice_.below(model_.entities.size()));
    return simple(dice_.pick(kSimple));
  }

  std::string condition() {
    const std::size_t kind = dice_.below(16);
    if (kind == 0) return constructors();
    if (kind == 1) return wild(3);
    std::string out = tested(3 + static_cast<int>(dice_.below(2)));
    // What an open scope leaves open, asked here.
    if (dice_.chance(25)) {
      out = "principal is " + model_.entities[principal_].name + " && resource is " +
            model_.entities[resource_].name + " && action == " + action_literal(action_) + " && " +
            grouped(out);
    }
    return out;
  }

  // A boolean with the tests in front that its paths need.
  std::string tested(int depth) {
    std::vector<std::string> outer;
    std::swap(outer, needed_);
    std::string body = expression(simple(Base::kBool), depth);
    std::swap(outer, needed_);
    if (outer.empty()) return body;
    if (dice_.chance(4)) return "!(" + all_of(outer) + ") || " + grouped(body);
    if (dice_.chance(4))
      return "if " + all_of(outer) + " then " + body + " else " + literal(simple(Base::kBool));
    return all_of(outer) + " && " + grouped(body);
  }

  // In parentheses, mostly: what stands without them may mean something else, or nothing.
  std::string grouped(const std::string& text) { return dice_.chance(97) ? "(" + text + ")" : text; }

  std::string sub(const GeneratedType& type, int depth) {
    std::string text = expression(type, depth - 1);
    const bool atom = text.find(' ') == std::string::npos && text.front() != '-' && text.front() != '!';
    return atom ? text : grouped(text);
  }
  std::string sub(Base base, int depth) { return sub(simple(base), depth); }

  std::string entity_literal(std::size_t type) {
    const EntityDeclaration& entity = model_.entities[type];
    return entity.name + "::" + policy_text(dice_.chance(98) ? dice_.pick(entity.ids) : "other", dice_);
  }

  std::string literal(const GeneratedType& type) {
    switch (type.base) {
      case Base::kBool:
        return dice_.chance(50) ? "true" : "false";
      case Base::kLong:
        return any_number(dice_);
      case Base::kString:
        return policy_text(any_text(dice_), dice_);
      case Base::kEntity:
        return entity_literal(type.entity);
      case Base::kSet: {
        std::string out = "[" + literal(*type.element);
        for (std::size_t i = dice_.below(3); i > 0; --i) out += ", " + literal(*type.element);
        return out + "]";
      }
      case Base::kRecord: {
        std::string out = "{";
        for (const Attribute& attribute : type.attributes)
          out += (out.size() > 1 ? ", " : "") + key(attribute.name) + ": " + literal(attribute.type);
        return out + "}";
      }
      default:
        return std::string(constructor_of(type.base)) + "(" +
               policy_text(extension_text(type.base, 985, dice_), dice_) + ")";
    }
  }

  std::string key(const std::string& name) {
    return is_plain_name(name) && dice_.chance(80) ? name : policy_text(name, dice_);
  }

  std::string expression(const GeneratedType& wanted, int depth) {
    if (dice_.below(220) == 0) {
      const GeneratedType other = any_type();
      return depth > 0 && dice_.chance(50) ? of_type(other, depth - 1) : literal(other);
    }
    return of_type(wanted, depth);
  }

  std::string of_type(const GeneratedType& type, int depth) {
    if (depth <= 0 || (type.base != Base::kBool && dice_.chance(55))) {
      if (dice_.chance(75)) {
        std::string found = path(type);
        if (!found.empty()) return found;
      }
      return literal(type);
    }
    if (dice_.below(14) == 0)
      return "if " + tested(depth - 1) + " then " + sub(type, depth) + " else " + sub(type, depth);
    switch (type.base) {
      case Base::kBool:
        return boolean(depth);
      case Base::kLong:
        return number(depth);
      case Base::kDatetime:
        return dice_.chance(70)
                   ? sub(type, depth) + ".offset(" + expression(simple(Base::kDuration), depth - 1) + ")"
                   : sub(type, depth) + ".toDate()";
      case Base::kDuration:
        return dice_.chance(50) ? sub(Base::kDatetime, depth) + ".durationSince(" +
                                      expression(simple(Base::kDatetime), depth - 1) + ")"
                                : sub(Base::kDatetime, depth) + ".toTime()";
      case Base::kSet: {
        if (dice_.below(60) == 0) return "[]";
        std::string out = "[" + expression(*type.element, depth - 1);
        for (std::size_t i = dice_.below(3); i > 0; --i) out += ", " + expression(*type.element, depth - 1);
        return out + "]";
      }
      case Base::kRecord: {
        std::string out = "{";
        for (const Attribute& attribute : type.attributes) {
          if (!attribute.required && dice_.chance(20)) continue;
          out += (out.size() > 1 ? ", " : "") + key(attribute.name) + ": " +
                 expression(attribute.type, depth - 1);
        }
        return out + "}";
      }
      default: {
        if (dice_.below(40) == 0 && type.base != Base::kString && type.base != Base::kEntity)
          return std::string(constructor_of(type.base)) + "(" + expression(simple(Base::kString), depth - 1) +
                 ")";
        // A field of a record written out.
        if (dice_.chance(25)) return "{a: " + expression(type, depth - 1) + ", b: 1}.a";
        std::string found = path(type);
        return found.empty() ? literal(type) : found;
      }
    }
  }

  std::string number(int depth) {
    switch (dice_.below(8)) {
      case 0:
      case 1:
        return sub(Base::kLong, depth) + " + " + sub(Base::kLong, depth);
      case 2:
      case 3:
        return sub(Base::kLong, depth) + " - " + sub(Base::kLong, depth);
      case 4:
        return sub(Base::kLong, depth) + " * " + sub(Base::kLong, depth);
      case 5:
        return "-" + sub(Base::kLong, depth);
      case 6:
        return sub(Base::kDuration, depth) +
               dice_.pick({".toMilliseconds()", ".toSeconds()", ".toMinutes()", ".toHours()", ".toDays()"});
      default:
        return "{a: " + expression(simple(Base::kLong), depth - 1) + "}.a";
    }
  }

  std::string boolean(int depth) {
    const GeneratedType truth = simple(Base::kBool);
    switch (dice_.below(20)) {
      case 0:
        return "!" + sub(truth, depth);
      case 1:
      case 2:
        return grouped(tested(depth - 1)) + " && " + grouped(tested(depth - 1));
      case 3:
      case 4:
        return grouped(tested(depth - 1)) + " || " + grouped(tested(depth - 1));
      case 5:
      case 6: {
        const GeneratedType type = any_type();
        return sub(type, depth) + dice_.pick({" == ", " != "}) + sub(type, depth);
      }
      case 7:
      case 8: {
        constexpr std::array kOrdered = {Base::kLong, Base::kLong, Base::kDatetime, Base::kDuration};
        const Base base = dice_.pick(kOrdered);
        return sub(base, depth) + dice_.pick({" < ", " <= ", " > ", " >= "}) + sub(base, depth);
      }
      case 9:
        return sub(Base::kDecimal, depth) +
               dice_.pick({".lessThan(", ".lessThanOrEqual(", ".greaterThan(", ".greaterThanOrEqual("}) +
               expression(simple(Base::kDecimal), depth - 1) + ")";
      case 10:
        return dice_.chance(50)
                   ? sub(Base::kIp, depth) + ".isInRange(" + expression(simple(Base::kIp), depth - 1) + ")"
                   : sub(Base::kIp, depth) +
                         dice_.pick({".isIpv4()", ".isIpv6()", ".isLoopback()", ".isMulticast()"});
      case 11:
        return sub(Base::kString, depth) + " like " + pattern_text(dice_);
      case 12:
      case 13:
        return membership(depth);
      case 14:
        return type_test(depth);
      case 15:
        return presence();
      case 16:
      case 17:
        return of_sets(depth);
      case 18:
        return literal(truth);
      default: {
        std::string found = path(truth);
        return found.empty() ? presence() : found;
      }
    }
  }

  // What constructors accept, and how their values compare.
  std::string constructors() {
    std::string out;
    for (std::size_t i = 1 + dice_.below(4); i > 0; --i) {
      constexpr std::array kBases = {Base::kDecimal, Base::kDatetime, Base::kDuration, Base::kIp};
      const Base base = dice_.pick(kBases);
      const auto value = [&] {
        return std::string(constructor_of(base)) + "(\"" +
               (dice_.chance(70) ? composed_extension_text(base, dice_) : extension_text(base, 500, dice_)) +
               "\")";
      };
      out += out.empty() ? "" : dice_.pick({" || ", " && "});
      if (base == Base::kDecimal) {
        out += value() + dice_.pick({".lessThan(", ".greaterThanOrEqual("}) + value() + ")";
      } else if (base == Base::kIp) {
        out += dice_.chance(60) ? value() + ".isInRange(" + value() + ")"
                                : value() + dice_.pick({".isLoopback()", ".isMulticast()", ".isIpv6()"});
      } else if (base == Base::kDatetime && dice_.chance(50)) {
        out += value() + dice_.pick({".toTime()", ".durationSince(datetime(\"2000-01-01\"))"}) +
               dice_.pick({".toDays()", ".toHours()", ".toMilliseconds()"}) + " < " + any_number(dice_);
      } else if (base == Base::kDuration && dice_.chance(50)) {
        out += value() + dice_.pick({".toDays()", ".toHours()", ".toSeconds()"}) + " <= " + any_number(dice_);
      } else {
        out += value() + dice_.pick({" < ", " >= ", " == "}) + value();
      }
    }
    return out;
  }

  // Without regard to types.
  std::string wild(int depth) {
    if (depth == 0 || dice_.below(5) == 0)
      return dice_.chance(50) ? dice_.pick(paths_).text : literal(any_type());
    const auto part = [&] {
      std::string text = wild(depth - 1);
      const bool atom = text.find(' ') == std::string::npos && text.front() != '-' && text.front() != '!';
      return atom || dice_.chance(15) ? text : "(" + text + ")";
    };
    switch (dice_.below(14)) {
      case 0:
        return part() + dice_.pick({" && ", " || "}) + part();
      case 1:
        return dice_.pick({"!", "-", "!!", "--"}) + part();
      case 2:
        return "if " + part() + " then " + part() + " else " + part();
      case 3:
        return part() + dice_.pick({" == ", " != ", " < ", " <= ", " > ", " >= ", " in "}) + part();
      case 4:
        return part() + dice_.pick({" + ", " - ", " * "}) + part();
      case 5:
        return part() + dice_.pick({".a", ".n.b", "[\"a b\"]", ".type", ".owner"});
      case 6:
        return part() + " has " + dice_.pick({"a", "n.b", "\"a b\"", "type.owner.a"});
      case 7:
        return part() + " is " + dice_.pick(model_.entities).name + (dice_.chance(40) ? " in " + part() : "");
      case 8:
        return part() + " like " + pattern_text(dice_);
      case 9:
        return "[" + part() + ", " + part() + "]";
      case 10:
        return "{a: " + part() + ", \"a b\": " + part() + "}";
      case 11:
        return part() +
               dice_.pick({".contains(", ".containsAll(", ".containsAny(", ".getTag(", ".hasTag(",
                           ".isInRange(", ".lessThan(", ".offset(", ".durationSince("}) +
               part() + ")";
      case 12:
        return part() + dice_.pick({".isEmpty()", ".toDate()", ".toTime()", ".toDays()", ".isIpv4()",
                                    ".isLoopback()"});
      default:
        return dice_.pick({"ip(", "decimal(", "datetime(", "duration("}) + part() + ")";
    }
  }

  std::string some_entity(std::size_t& type, int depth) {
    switch (dice_.below(6)) {
      case 0:
      case 1:
        type = principal_;
        return "principal";
      case 2:
      case 3:
        type = resource_;
        return "resource";
      default:
        type = dice_.below(model_.entities.size());
        return sub(entity_type(type), depth);
    }
  }

  std::string membership(int depth) {
    if (dice_.chance(15)) {
      return "action in " + (dice_.chance(50) ? action_literal(some_group())
                                              : "[" + action_literal(some_group()) + ", " +
                                                    action_literal(dice_.below(model_.actions.size())) + "]");
    }
    std::size_t type = 0;
    const std::string left = some_entity(type, depth);
    const std::size_t above = scope_type(type);
    if (dice_.chance(50)) return left + " in " + sub(entity_type(above), depth);
    if (dice_.chance(20))
      return left + " in [" + entity_literal(above) + ", " + entity_literal(scope_type(type)) + "]";
    return left + " in " + sub(set_of(entity_type(above)), depth);
  }

  std::string type_test(int depth) {
    std::size_t type = 0;
    const std::string left = some_entity(type, depth);
    if (dice_.chance(15)) type = dice_.below(model_.entities.size());
    std::string out = left + " is " + model_.entities[type].name;
    if (dice_.chance(40)) out += " in " + sub(entity_type(scope_type(type)), depth);
    return out;
  }

  std::string presence() {
    std::vector<const Path*> bases;
    for (const Path& one : paths_) {
      if (one.type.base == Base::kEntity || one.type.base == Base::kRecord) bases.push_back(&one);
    }
    const Path base = *dice_.pick(bases);
    const auto guarded = [&](const std::string& test) {
      return base.guards.empty() ? test : all_of(base.guards) + " && " + test;
    };
    const std::vector<Attribute>& attributes =
        base.type.base == Base::kEntity ? model_.entities[base.type.entity].attributes : base.type.attributes;
    if (base.type.base == Base::kEntity && dice_.chance(25) &&
        (model_.entities[base.type.entity].tags || dice_.chance(10)))
      return guarded(base.text + ".hasTag(" + expression(simple(Base::kString), 1) + ")");
    if (attributes.empty() || dice_.chance(10))
      return guarded(base.text + " has " + dice_.pick({"a", "missing", "a.b", "\"a b\"", "n.a.b"}));
    const Attribute& attribute = dice_.pick(attributes);
    if (is_plain_name(attribute.name) && dice_.chance(30)) {
      const std::vector<Attribute>& inner = attribute.type.base == Base::kEntity
                                                ? model_.entities[attribute.type.entity].attributes
                                                : attribute.type.attributes;
      if (!inner.empty() && is_plain_name(inner.front().name))
        return guarded(base.text + " has " + attribute.name + "." + inner.front().name);
    }
    return guarded(has(base.text, attribute.name));
  }

  std::string of_sets(int depth) {
    const auto elements = [this] {
      std::vector<GeneratedType> out;
      for (const Path& one : paths_) {
        if (one.type.base == Base::kSet) out.push_back(*one.type.element);
      }
      return out;
    }();
    const GeneratedType element = !elements.empty() && dice_.chance(70) ? dice_.pick(elements) : any_type();
    const GeneratedType set = set_of(element);
    if (dice_.chance(15)) return sub(set, depth) + ".isEmpty()";
    if (dice_.chance(50)) return sub(set, depth) + ".contains(" + expression(element, depth - 1) + ")";
    return sub(set, depth) + dice_.pick({".containsAll(", ".containsAny("}) + expression(set, depth - 1) +
           ")";
  }

  const Model& model_;
  Dice& dice_;
  std::size_t principal_ = 0;
  std::size_t action_ = 0;
  std::size_t resource_ = 0;
  std::vector<Path> paths_;
  std::vector<std::string> needed_;
};

}  // namespace

void make_policies(const Model& model, const WorldSize& size, Dice& dice, World& world) {
  Maker maker(model, dice);
  for (std::size_t i = 0; i < size.policies; ++i)
    world.policies.push_back({"p" + std::to_string(i), maker.policy(false, false)});
  for (std::size_t i = 0; i < size.templates; ++i) {
    const std::size_t which = dice.below(3);
    const bool principal = which != 1;
    const bool resource = which != 0;
    const std::string id = "t" + std::to_string(i);
    world.templates.push_back({id, maker.policy(principal, resource)});
    for (std::size_t k = dice.below(3); k > 0; --k) {
      GeneratedLink link{id, "l" + std::to_string(world.links.size()), {}};
      if (principal) link.values.principal = maker.slot_value(true);
      if (resource) link.values.resource = maker.slot_value(false);
      world.links.push_back(std::move(link));
    }
  }
  for (std::size_t i = 0; i < size.requests; ++i) world.requests.push_back(maker.request());
}

}  // namespace cedar::testing
