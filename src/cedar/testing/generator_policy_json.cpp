// Policies in JSON at random, without regard to types, in the forms that no text gives: values that nest,
// pieces of patterns of any length, paths of any names, calls with any number of arguments.

#include <array>

#include "cedar/testing/generator_impl.h"

namespace cedar::testing {
namespace {

class TreeMaker {
 public:
  TreeMaker(const Model& model, Dice& dice) : model_(model), dice_(dice) {}

  std::string policy() {
    std::string out = std::string(R"({"effect":)") + dice_.pick({R"("permit")", R"("forbid")"});
    out += R"(,"principal":)" + scope() + R"(,"action":)" + action_scope() + R"(,"resource":)" + scope();
    out += R"(,"conditions":[)" + listed(2, [this] { return condition(); }) + "]";
    if (dice_.chance(15))
      out += dice_.pick({R"(,"annotations":{"a":"b","id":"\u0000\"é"})", R"(,"annotations":{"if":null})",
                         R"(,"annotations":{})", R"(,"annotations":null)", R"(,"annotations":{"é":"x"})",
                         R"(,"annotations":{"a":1})", R"(,"annotations":[])"});
    return out + "}";
  }

 private:
  template <typename Make>
  std::string listed(std::size_t most, const Make& make) {
    std::string out;
    for (std::size_t i = dice_.below(most + 1); i > 0; --i) out += (out.empty() ? "" : ",") + make();
    return out;
  }

  std::string condition() {
    return std::string(R"({"kind":)") + dice_.pick({R"("when")", R"("when")", R"("unless")"}) +
           R"(,"body":)" + boolean(3) + "}";
  }

  std::string uid() {
    const EntityDeclaration& entity = dice_.pick(model_.entities);
    const std::string inner =
        R"({"type":)" +
        json_text(dice_.chance(98) ? entity.name : dice_.pick({"", "a::", "if", "é", "__cedar", "A :: B"})) +
        R"(,"id":)" + json_text(dice_.pick(entity.ids)) + "}";
    return dice_.chance(60) ? inner : R"({"__entity":)" + inner + "}";
  }
  std::string type() {
    return json_text(dice_.chance(97) ? dice_.pick(model_.entities).name
                                      : dice_.pick({"", "a b", "in", "N::", "A::B::", " User", "Action"}));
  }

  std::string scope() {
    switch (dice_.below(9)) {
      case 0:
        return R"({"op":"==","entity":)" + uid() + "}";
      case 1:
      case 2:
        return R"({"op":"in","entity":)" + uid() + "}";
      case 3:
        return R"({"op":"is","entity_type":)" + type() + R"(,"in":{"entity":)" + uid() + "}}";
      case 4:
        return R"({"op":"is","entity_type":)" + type() + "}";
      default:
        return dice_.pick({R"({"op":"All"})", R"({"op":"All"})", R"({"op":"All"})", R"({"op":"all"})"});
    }
  }

  std::string action_uid() {
    const EntityUid action = dice_.pick(model_.actions).uid();
    return R"({"type":)" + json_text(dice_.chance(98) ? action.type() : "User") + R"(,"id":)" +
           json_text(action.id()) + "}";
  }
  std::string action_scope() {
    switch (dice_.below(6)) {
      case 0:
        return R"({"op":"==","entity":)" + action_uid() + "}";
      case 1:
        return R"({"op":"in","entity":)" + action_uid() + "}";
      case 2:
        return R"({"op":"in","entities":[)" + listed(3, [this] { return action_uid(); }) + "]}";
      default:
        return R"({"op":"All"})";
    }
  }

  std::string name() {
    constexpr std::array kTreeNames = {"a",    "b", "n",   "owner", "a b",   "if",
                                       "日本", "",  "\n'", "type",  "__extn"};
    return json_text(dice_.pick(kTreeNames));
  }

  std::string value(int depth) {
    switch (dice_.below(depth > 0 ? 14 : 9)) {
      case 0:
        return dice_.pick({"true", "false"});
      case 1:
      case 2:
        return any_number(dice_);
      case 3:
      case 4:
        return json_text(any_text(dice_));
      case 5:
        return R"({"__entity":)" + uid() + "}";
      case 6:
      case 7: {
        constexpr std::array kBases = {Base::kDecimal, Base::kDatetime, Base::kDuration, Base::kIp};
        const Base base = dice_.pick(kBases);
        const std::string text = json_text(extension_text(base, 950, dice_));
        return R"({"__extn":{"fn":")" + std::string(constructor_of(base)) + "\"," +
               (dice_.chance(70) ? "\"arg\":" + text : "\"args\":[" + text + "]") + "}}";
      }
      case 8:
        if (!dice_.chance(10)) return "1";
        return dice_.pick({"null", "1.5", "9223372036854775808", R"({"__entity":{"type":"User"}})",
                           R"({"__expr":"1"})", R"({"__extn":{"fn":"isIpv4","arg":"::1"}})",
                           R"({"__extn":{"fn":"ip","args":[]}})",
                           R"({"__extn":{"fn":"nothing","arg":"::1"}})",
                           R"({"__extn":{"fn":"ip","arg":{"a":1}}})", R"({"a":1,"a":2})"});
      case 9:
      case 10:
        return "{" + listed(2, [&] { return name() + ":" + value(depth - 1); }) + "}";
      default:
        return "[" + listed(3, [&] { return value(depth - 1); }) + "]";
    }
  }

  std::string binary(std::string_view op, const std::string& left, const std::string& right) {
    return "{" + json_text(op) + R"(:{"left":)" + left + R"(,"right":)" + right + "}}";
  }

  std::string boolean(int depth) {
    if (depth <= 0) return dice_.pick({R"({"Value":true})", R"({"Value":false})"});
    switch (dice_.below(12)) {
      case 0:
      case 1:
        return binary(dice_.pick({"&&", "||"}), boolean(depth - 1), boolean(depth - 1));
      case 2:
        return R"({"!":{"arg":)" + boolean(depth - 1) + "}}";
      case 3:
      case 4:
        return binary(dice_.pick({"==", "!=", "<", "<=", ">", ">=", "in"}), expression(depth - 1),
                      expression(depth - 1));
      case 5:
      case 6:
        return has(depth);
      case 7:
        return like(depth);
      case 8:
        return R"({"is":{"left":)" + expression(depth - 1) + R"(,"entity_type":)" + type() +
               (dice_.chance(40) ? R"(,"in":)" + expression(depth - 1) : "") + "}}";
      case 9:
        return binary(dice_.pick({"contains", "containsAll", "containsAny", "hasTag"}), expression(depth - 1),
                      expression(depth - 1));
      case 10:
        return R"({"isEmpty":{"arg":)" + expression(depth - 1) + "}}";
      default:
        return expression(depth);
    }
  }

  std::string has(int depth) {
    const std::string path = dice_.chance(50) ? name() : "[" + listed(3, [this] { return name(); }) + "]";
    return R"({"has":{"left":)" + expression(depth - 1) + R"(,"attr":)" + path + "}}";
  }

  std::string like(int depth) {
    const auto piece = [this] {
      if (dice_.chance(40)) return std::string("\"Wildcard\"");
      return R"({"Literal":)" +
             json_text(dice_.chance(50) ? dice_.pick({"a", "b", "*", "ab"}) : any_text(dice_)) + "}";
    };
    return R"({"like":{"left":)" + expression(depth - 1) + R"(,"pattern":[)" + listed(4, piece) + "]}}";
  }

  std::string expression(int depth) {
    if (depth <= 0) {
      if (dice_.chance(50)) return R"({"Value":)" + value(2) + "}";
      return dice_.pick(
          {R"({"Var":"principal"})", R"({"Var":"resource"})", R"({"Var":"context"})", R"({"Var":"action"})"});
    }
    switch (dice_.below(12)) {
      case 0:
        return R"({"Set":[)" + listed(3, [&] { return expression(depth - 1); }) + "]}";
      case 1:
        return R"({"Record":{)" + listed(2, [&] { return name() + ":" + expression(depth - 1); }) + "}}";
      case 2:
        return binary(dice_.pick({"+", "-", "*"}), expression(depth - 1), expression(depth - 1));
      case 3:
        return R"({"neg":{"arg":)" + expression(depth - 1) + "}}";
      case 4:
      case 5:
        return R"({".":{"left":)" + expression(depth - 1) + R"(,"attr":)" + name() + "}}";
      case 6:
        return R"({"if-then-else":{"if":)" + boolean(depth - 1) + R"(,"then":)" + expression(depth - 1) +
               R"(,"else":)" + expression(depth - 1) + "}}";
      case 7:
        return binary("getTag", expression(depth - 1), expression(depth - 1));
      case 8: {
        const std::string function = dice_.pick({"ip", "decimal", "datetime", "duration", "isIpv4",
                                                 "isInRange", "lessThan", "offset", "toDate", "toDays"});
        return "{" + json_text(function) + ":[" +
               (dice_.chance(80) ? expression(depth - 1) : listed(3, [&] { return expression(depth - 1); })) +
               "]}";
      }
      case 9:
        if (dice_.chance(85)) return boolean(depth - 1);
        return dice_.pick({R"({"Slot":"?principal"})", R"({"Unknown":{"name":"a"}})",
                           R"({"unknown":[{"Value":"a"}]})", R"({"nothing":[]})", "{}", R"({"Var":"x"})",
                           R"({"!":{"left":1}})", R"({"error":[]})", R"({"Value":1,"Var":"principal"})", "1",
                           "[]"});
      default:
        return expression(0);
    }
  }

  const Model& model_;
  Dice& dice_;
};

}  // namespace

std::string make_policy_tree(const Model& model, Dice& dice) { return TreeMaker(model, dice).policy(); }

}  // namespace cedar::testing
