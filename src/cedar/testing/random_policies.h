// Random policies, over entities and a context that they can say something about. For tests that hold two
// ways of deciding against each other.

#pragma once

#include <cstdint>
#include <cstdlib>
#include <random>
#include <string>
#include <vector>

namespace cedar::random {

inline constexpr const char* kEntities = R"([
  {"uid": {"type": "User", "id": "alice"}, "parents": [{"type": "Group", "id": "staff"}],
   "attrs": {"n": 1, "s": "ab", "b": true, "set": [1, "ab", true], "e": {"__entity": {"type": "User", "id": "bob"}},
             "r": {"n": 2, "e": {"__entity": {"type": "Group", "id": "staff"}}},
             "d": {"__extn": {"fn": "decimal", "arg": "1.5"}}}, "tags": {"s": "ab", "ab": 1}},
  {"uid": {"type": "User", "id": "bob"}, "parents": [{"type": "Group", "id": "all"}],
   "attrs": {"n": -1, "e": {"__entity": {"type": "User", "id": "nobody"}}, "set": []}},
  {"uid": {"type": "Group", "id": "staff"}, "parents": [{"type": "Group", "id": "all"}], "attrs": {"b": false}},
  {"uid": {"type": "Action", "id": "view"}, "parents": [{"type": "Action", "id": "read"}]}
])";
inline constexpr const char* kContext =
    R"({"n": 9223372036854775807, "s": "", "b": false, "set": [[], 2, "b"],
  "e": {"__entity": {"type": "Group", "id": "staff"}}, "r": {"r": {"s": "b*"}, "b": true},
  "ip": {"__extn": {"fn": "ip", "arg": "10.0.0.1"}}})";

// From a seed that is printed when something fails: CEDAR_SEED=… repeats it.
inline std::mt19937_64& source() {
  static std::mt19937_64 generator;
  return generator;
}
// Starts over; gives the seed.
inline std::uint64_t reseed(std::uint64_t otherwise) {
  const char* given = std::getenv("CEDAR_SEED");
  const std::uint64_t seed = given == nullptr ? otherwise : std::strtoull(given, nullptr, 10);
  source().seed(seed);
  return seed;
}
inline std::size_t below(std::size_t limit) { return source()() % limit; }
inline std::string pick(const std::vector<std::string>& from) { return from[below(from.size())]; }

inline std::string entity() {
  return pick({"User::\"alice\"", "User::\"bob\"", "Group::\"staff\"", "Group::\"all\"", "Action::\"view\"",
               "Action::\"read\"", "Doc::\"none\""});
}
inline std::string variable() { return pick({"principal", "action", "resource", "context"}); }
inline std::string attribute() { return pick({"n", "s", "b", "set", "e", "r", "d", "ip", "none"}); }

// Mostly of kinds that fit, so that evaluation gets somewhere; not always, so that it errs everywhere.
inline std::string expression(int depth) {
  if (depth == 0 || below(6) == 0) {
    return pick({"true",
                 "false",
                 "0",
                 "1",
                 "-1",
                 "2",
                 "9223372036854775807",
                 "\"\"",
                 "\"ab\"",
                 "\"b\"",
                 "[]",
                 "{}",
                 "{n: 1, \"a b\": true}",
                 "[1, 2]",
                 "ip(\"10.0.0.0/8\")",
                 "ip(\"x\")",
                 "decimal(\"1.5\")",
                 "duration(\"1h\")",
                 "datetime(\"2024-01-01\")",
                 "principal",
                 "resource",
                 "context",
                 "action",
                 entity()});
  }
  const auto sub = [&] { return "(" + expression(depth - 1) + ")"; };
  // Of one kind, and what constant folding cannot take away.
  const auto number = [&] {
    return below(4) == 0 ? sub() : pick({"principal.n", "context.n", "resource.n", "1", "-1"});
  };
  const auto set = [&] {
    return below(4) == 0 ? sub()
                         : pick({"principal.set", "context.set", "[1, true, \"ab\"]", "[principal.n, 2]"});
  };
  switch (below(17)) {
    case 0:
      return sub() + pick({" && ", " || "}) + sub() + pick({" && ", " && true && "}) + sub();
    case 1:
      return "!" + sub();
    case 2:
      return "if " + sub() + " then " + sub() + " else " + sub();
    case 3:
      return sub() + pick({" == ", " != "}) + sub();
    case 4:
      return number() + pick({" < ", " <= ", " > ", " >= "}) + number();
    case 5:
      return number() + pick({" + ", " - ", " * "}) + number() + pick({"", " == 0", " == 1"});
    case 6:
    case 7:
      return variable() + "." + attribute();
    case 8:
      return variable() + "." + attribute() + "." + attribute();
    case 9:
      return variable() + " has " + attribute() + pick({"", "." + attribute(), "." + attribute() + ".n"});
    case 10:
      return pick({variable(), sub()}) + " in " +
             pick({entity(), "[" + entity() + ", " + entity() + "]", sub()});
    case 11:
      return pick({variable(), sub()}) + " is " + pick({"User", "Group"}) +
             pick({"", " in " + entity(), " in " + sub()});
    case 12:
      return "[" + sub() + ", " + sub() + "]" +
             pick({"", ".isEmpty()", ".contains(1)", ".containsAny([1, 2])"});
    case 13:
      return "{n: " + sub() + ", b: " + sub() + "}" + pick({"", ".n", " has b", ".none"});
    case 14:
      return below(2) == 0 ? set() + pick({".containsAll(", ".containsAny("}) + set() + ")"
                           : sub() + pick({".contains(", ".getTag(", ".hasTag("}) + sub() + ")";
    case 15:
      return sub() + " like " + pick({"\"a*\"", "\"*\"", "\"\"", "\"*b\\*\""});
    default:
      return pick({"context.ip", sub()}) +
             pick({".isInRange(", ".lessThan(", ".offset(", ".durationSince("}) + sub() + ")";
  }
}

inline std::string policy(const std::string& effect = "permit") {
  const std::string scope =
      pick({"principal", "principal == User::\"alice\"", "principal in Group::\"all\"", "principal is User"});
  std::string text = effect + "(" + scope + ", action, resource)";
  const std::size_t conditions = 1 + below(3);
  for (std::size_t i = 0; i < conditions; ++i) {
    std::string body = expression(3);
    // What the index may lift, before what it may not.
    if (below(2) == 0)
      body = pick({"principal", "resource", "action"}) + pick({" == ", " in "}) + entity() + " && (" + body +
             ")";
    text += pick({" when { ", " unless { "}) + body + " }";
  }
  return text + ";\n";
}

}  // namespace cedar::random
