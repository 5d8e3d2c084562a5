#include "cedar/partial.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <string>
#include <vector>

#include "cedar/testing/random_policies.h"

namespace cedar {
namespace {

namespace json = boost::json;
using random::below;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

constexpr const char* kEntities = R"([
  {"uid": {"type": "User", "id": "alice"}, "parents": [{"type": "Group", "id": "staff"}], "attrs": {"age": 21}},
  {"uid": {"type": "User", "id": "bob"}, "attrs": {}}])";

PolicySet policies(std::string_view text) {
  auto parsed = PolicySet::parse(text);
  EXPECT_TRUE(parsed.has_value()) << text;
  return parsed ? *parsed : PolicySet();
}

// Of alice, who views a Doc that is not known, in a context of which `size` is 3, `name` and `net/port` are
// not known, `net/host` is "a", `input` is a record and `tags` a set of which nothing is known.
PartialResponse ask(const PolicySet& set, PartialEntity principal = EntityUid("User", "alice")) {
  auto context = PartialContext::make(*Context::from_json({{"size", 3}, {"net", {{"host", "a"}}}}),
                                      {{.path = {"name"}},
                                       {.path = {"net", "port"}, .present = true, .kind = Kind::kLong},
                                       {.path = {"input"}, .present = true, .kind = Kind::kRecord},
                                       {.path = {"tags"}, .present = true, .kind = Kind::kSet}});
  EXPECT_TRUE(context.has_value()) << (context ? "" : context.error().pointer + context.error().message);
  const PartialRequest request{.principal = std::move(principal),
                               .action = EntityUid("Action", "view"),
                               .resource = PartialEntity::of_type("Doc"),
                               .context = *context};
  return partial_authorize(request, set, *Entities::parse_json(kEntities));
}

// What remains of a condition: "true", "false", "error: …", or its text, with a mark where it cannot err.
std::string remains(const std::string& condition) {
  const PartialResponse response =
      ask(policies("permit(principal, action, resource) when { " + condition + " };"));
  if (!response.errors().empty()) return "error: " + response.errors().front().message;
  if (!response.satisfied().empty()) return "true";
  if (response.residuals().empty()) return "false";
  const Residual& one = response.residuals().front();
  return one.condition() + (one.must_err ? " !" : one.may_err ? " ?" : "") + (one.may_hold ? "" : " never");
}

struct Case {
  const char* condition;
  const char* remains;
};

TEST(Partial, KnownPartsAreEvaluated) {
  for (const auto& [condition, expected] : std::initializer_list<Case>{
           {"principal.age > 20", "true"},
           {"principal in Group::\"staff\"", "true"},
           {"context.size == 4", "false"},
           {"context.none", "error: the record has no attribute \"none\""},
           {"context.net.host == \"a\" && context has net.host && context has size", "true"},
           {"context has none || context has net.none || context has size.a",
            "error: `has` needs an entity or a record, not an integer"},
           {"principal.age + context.size > 1 && context.net.port > principal.age", "context.net.port > 21"},
           {"[context.size, context.net.port].contains(3)", "[3, context.net.port].contains(3)"},
           {"{a: context.size, b: resource}.a == 3", "{a: 3, b: resource}.a == 3 ?"}}) {
    EXPECT_EQ(remains(condition), expected) << condition;
  }
}

TEST(Partial, OperandsThatDecideTakeOnlyWhatCannotErrWithThem) {
  for (const auto& [condition, expected] : std::initializer_list<Case>{
           {"resource == Doc::\"1\" && true", "resource == Doc::\"1\""},
           {"resource == Doc::\"1\" && false", "false"},
           {"resource == Doc::\"1\" || true", "true"},
           {"false && resource.a", "false"},
           {"true || resource.a", "true"},
           {"resource.a && false", "resource.a && false ? never"},
           {"resource.a && resource == Doc::\"1\" && false", "resource.a && false ? never"},
           {"resource.a || resource == Doc::\"1\" || true", "resource.a || true ?"},
           {"resource.a && true", "resource.a ?"},
           {"(resource.a && true) == true", "(resource.a && true) == true ?"},
           {"(resource == Doc::\"1\" && true) == true", "(resource == Doc::\"1\") == true"},
           {"(resource.a && resource.b) && resource.c", "resource.a && resource.b && resource.c ?"},
           {"!(resource.a || false)", "!resource.a ?"},
           {"if resource == Doc::\"1\" then 1 == 1 else 2 == 2", "true"},
           {"if resource.a then true else true", "if resource.a then true else true ?"},
           {"if context.size == 3 then resource.a else context.none", "resource.a ?"}}) {
    EXPECT_EQ(remains(condition), expected) << condition;
  }
}

TEST(Partial, WhatErrsLaterStaysWhereItIs) {
  for (const auto& [condition, expected] : std::initializer_list<Case>{
           {"resource == Doc::\"1\" && context.none", "resource == Doc::\"1\" && context.none ? never"},
           {"resource == Doc::\"1\" || context.none && resource.a",
            "resource == Doc::\"1\" || context.none && resource.a ?"},
           {"resource.a < context.none", "resource.a < context.none ! never"},
           {"context.tags && true", "context.tags ! never"},
           {"context.tags && false", "context.tags ! never"},
           {"(context.tags && true) == 1", "(context.tags && true) == 1 ! never"},
           {"resource == Doc::\"1\" && context.tags", "resource == Doc::\"1\" && context.tags ? never"},
           {"1 + context.none == resource.a", "error: the record has no attribute \"none\""}}) {
    EXPECT_EQ(remains(condition), expected) << condition;
  }
}

TEST(Partial, TypesAndKindsDecide) {
  for (const auto& [condition, expected] :
       std::initializer_list<Case>{{"resource is Doc", "true"},
                                   {"resource is User", "false"},
                                   {"resource is Doc in Doc::\"f\"", "resource is Doc in Doc::\"f\""},
                                   {"resource in Group::\"staff\"", "resource in Group::\"staff\""},
                                   {"resource in []", "resource in []"},
                                   {"resource == User::\"alice\"", "false"},
                                   {"resource != principal", "true"},
                                   {"resource == 1", "false"},
                                   {"context.tags == 1", "false"},
                                   {"context.tags.contains(1)", "context.tags.contains(1)"},
                                   {"context.tags.containsAny([1])", "context.tags.containsAny([1])"},
                                   {"context.tags.isEmpty()", "context.tags.isEmpty()"},
                                   {"context.input.isEmpty()", "context.input.isEmpty() ?"},
                                   {"context.net.port < 4", "context.net.port < 4"},
                                   {"context.net.port + 1 < 4", "context.net.port + 1 < 4 ?"},
                                   {"context.name like \"a*\"", "context.name like \"a*\" ?"},
                                   {"resource has a", "resource has a"},
                                   {"resource has a.b", "resource has a.b ?"},
                                   {"resource.hasTag(\"a\")", "resource.hasTag(\"a\")"}}) {
    EXPECT_EQ(remains(condition), expected) << condition;
  }
}

TEST(Partial, AttributesMayBeThereOrNot) {
  for (const auto& [condition, expected] :
       std::initializer_list<Case>{{"context has name", "context has name"},
                                   {"context has tags && context has input && context has net.port", "true"},
                                   {"context has input.amount", "context has input.amount"},
                                   {"context has input.amount.value", "context has input.amount.value ?"},
                                   {"context has other", "false"},
                                   {"context.other", "error: the record has no attribute \"other\""},
                                   {"context.input.amount > 5", "context.input.amount > 5 ?"},
                                   {"context == {}", "context == {}"}}) {
    EXPECT_EQ(remains(condition), expected) << condition;
  }
}

TEST(Partial, ScopesRemainOfWhatIsNotKnown) {
  const PolicySet set = policies(R"(
      permit(principal == User::"alice", action, resource == Doc::"1");
      permit(principal == User::"bob", action, resource == Doc::"1");
      permit(principal, action == Action::"edit", resource);
      permit(principal is User, action in [Action::"view", Action::"x"], resource is Doc);
      permit(principal, action, resource is Doc in Doc::"f") unless { resource.secret };
      permit(principal, action, resource is Photo);
      permit(principal, action, resource == Photo::"1");
      permit(principal, action, resource in Doc::"f") when { false };)");
  const auto summary = [](const PartialResponse& response) {
    std::vector<std::string> found;
    for (const Policy* one : response.satisfied()) found.push_back(std::string(one->id()) + " holds");
    for (const Residual& one : response.residuals())
      found.push_back(std::string(one.policy->id()) + " " + one.condition());
    return found;
  };
  EXPECT_THAT(summary(ask(set)), ElementsAre("policy3 holds", "policy0 resource == Doc::\"1\"",
                                             "policy4 resource in Doc::\"f\" && !resource.secret"));
  EXPECT_THAT(summary(ask(set, PartialEntity::of_type("User"))),
              ElementsAre("policy3 holds", "policy0 principal == User::\"alice\" && resource == Doc::\"1\"",
                          "policy1 principal == User::\"bob\" && resource == Doc::\"1\"",
                          "policy4 resource in Doc::\"f\" && !resource.secret"));
  EXPECT_THAT(summary(ask(set, PartialEntity())),
              ElementsAre("policy0 principal == User::\"alice\" && resource == Doc::\"1\"",
                          "policy1 principal == User::\"bob\" && resource == Doc::\"1\"",
                          "policy3 principal is User", "policy4 resource in Doc::\"f\" && !resource.secret"));
}

TEST(Partial, DecidesWhereEveryCompletionDoes) {
  const auto decision = [](std::string_view text) { return ask(policies(text)).decision(); };
  const std::string permit = "permit(principal, action, resource);";
  const std::string forbid = "forbid(principal, action, resource)";
  EXPECT_EQ(decision(""), Decision::kDeny);
  EXPECT_EQ(decision(permit), Decision::kAllow);
  EXPECT_EQ(decision(permit + forbid + " when { resource.a };"), std::nullopt);
  EXPECT_EQ(decision(permit + forbid + " when { resource.a && false };"), Decision::kAllow);
  EXPECT_EQ(decision(permit + forbid + " when { resource == Doc::\"1\" };"), std::nullopt);
  EXPECT_EQ(decision(permit + forbid + " when { context.none };"), Decision::kAllow);
  EXPECT_EQ(decision(permit + forbid + ";"), Decision::kDeny);
  EXPECT_EQ(decision("permit(principal, action, resource) when { resource.a };"), std::nullopt);
  EXPECT_EQ(decision("permit(principal, action, resource) when { resource.a + context.none == 1 };"),
            Decision::kDeny);
  EXPECT_EQ(decision("permit(principal, action, resource) when { resource.a };" + forbid + ";"),
            Decision::kDeny);
}

TEST(Partial, RefusesARequestThatIsNotTheOneAskedAbout) {
  const PolicySet set = policies("permit(principal, action, resource) when { resource.a };");
  const Entities entities = *Entities::parse_json(kEntities);
  const PartialResponse response = ask(set);
  const auto pointer = [&](const EntityUid& principal, const EntityUid& resource, const char* context) {
    const Request request{principal, {"Action", "view"}, resource, *Context::parse_json(context)};
    const auto found = response.reauthorize(request, entities);
    return found ? "" : found.error().pointer;
  };
  const EntityUid alice{"User", "alice"};
  const EntityUid doc{"Doc", "1"};
  EXPECT_EQ(
      pointer(alice, doc, R"({"size": 3, "net": {"host": "a", "port": 1}, "input": {"x": 1}, "tags": []})"),
      "");
  EXPECT_EQ(pointer(alice, doc,
                    R"({"size": 3, "net": {"host": "a", "port": 1}, "input": {}, "tags": [], "name": 1})"),
            "");
  EXPECT_EQ(pointer({"User", "bob"}, doc, "{}"), "/principal");
  EXPECT_EQ(pointer(alice, {"Photo", "1"}, "{}"), "/resource");
  EXPECT_EQ(pointer(alice, doc, R"({"size": 4, "net": {"host": "a", "port": 1}, "input": {}, "tags": []})"),
            "/context/size");
  EXPECT_EQ(pointer(alice, doc, R"({"size": 3, "net": {"host": "b", "port": 1}, "input": {}, "tags": []})"),
            "/context/net/host");
  EXPECT_EQ(pointer(alice, doc, R"({"size": 3, "net": {"host": "a", "port": "1"}, "input": {}, "tags": []})"),
            "/context/net/port");
  EXPECT_EQ(pointer(alice, doc, R"({"size": 3, "net": {"host": "a", "port": 1}, "input": {}})"),
            "/context/tags");
  EXPECT_EQ(pointer(alice, doc, R"({"size": 3, "net": {"host": "a", "port": 1}, "input": 1, "tags": []})"),
            "/context/input");
  EXPECT_EQ(
      pointer(alice, doc, R"({"size": 3, "net": {"host": "a", "port": 1}, "input": {}, "tags": [], "x": 1})"),
      "/context/x");
}

TEST(Partial, ReadsRequestsOfWhichSomeIsNotKnown) {
  const auto request =
      PartialRequest::parse_json(R"({"principal": {"type": "User", "id": "a"}, "action": null,
      "resource": {"type": "Doc"}, "context": {"a": 1, "b": null, "c": {"d": null, "e": {"__entity": {"type": "T", "id": "t"}}}}})");
  ASSERT_TRUE(request.has_value()) << request.error().pointer << request.error().message;
  EXPECT_EQ(request->principal.uid, EntityUid("User", "a"));
  EXPECT_FALSE(request->action.uid.has_value());
  EXPECT_EQ(request->action.type, "");
  EXPECT_EQ(request->resource.type, "Doc");
  EXPECT_FALSE(request->context.is_known());
  EXPECT_FALSE(request->complete().has_value());
  const PolicySet set = policies(R"(permit(principal, action, resource)
      when { context.a == 1 && context.b && context.c.d && context.c.e == T::"t" };)");
  const PartialResponse response = partial_authorize(*request, set, Entities());
  ASSERT_EQ(response.residuals().size(), 1U);
  EXPECT_EQ(response.residuals()[0].condition(), "context.b && context.c.d");

  const auto whole = PartialRequest::parse_json(
      R"({"principal": {"type": "U", "id": "a"}, "action": {"type": "A", "id": "a"}, "resource": {"type": "R", "id": "r"}, "context": {}})");
  ASSERT_TRUE(whole.has_value());
  EXPECT_TRUE(whole->complete().has_value());
}

TEST(Partial, RefusesRequestsThatSayNothingThatItKnows) {
  struct Wrong {
    const char* text;
    const char* pointer;
    const char* message;
  };
  for (const auto& [text, pointer, message] :
       std::initializer_list<Wrong>{{"[]", "", "a request is an object"},
                                    {R"({"pricipal": null})", "/pricipal", "a request has only"},
                                    {R"({"principal": {"id": "a"}})", "/principal", ""},
                                    {R"({"principal": 1})", "/principal", ""},
                                    {R"({"context": 1})", "/context", "the context is a JSON object"},
                                    {R"({"context": {"a": [null]}})", "/context/a/0", "null"}}) {
    const auto request = PartialRequest::parse_json(text);
    ASSERT_FALSE(request.has_value()) << text;
    EXPECT_EQ(request.error().pointer, pointer) << text;
    EXPECT_THAT(request.error().message, HasSubstr(message)) << text;
  }
}

TEST(Partial, RefusesWhatCannotBeUnknown) {
  const Context known = *Context::from_json({{"a", 1}, {"r", {{"b", 2}}}});
  const auto pointer = [&](std::vector<UnknownAttribute> unknown) {
    const auto made = PartialContext::make(known, std::move(unknown));
    return made ? "made" : made.error().pointer;
  };
  EXPECT_EQ(pointer({{.path = {"b"}}, {.path = {"r", "c"}}}), "made");
  EXPECT_EQ(pointer({{.path = {"b", "c"}, .present = true, .kind = Kind::kLong},
                     {.path = {"b"}, .present = true, .kind = Kind::kRecord}}),
            "made");
  EXPECT_EQ(pointer({{.path = {}}}), "");
  EXPECT_EQ(pointer({{.path = {"a"}}}), "/a");
  EXPECT_EQ(pointer({{.path = {"r", "b"}}}), "/r/b");
  EXPECT_EQ(pointer({{.path = {"a", "x"}}}), "/a");
  EXPECT_EQ(pointer({{.path = {"x"}}, {.path = {"x"}, .present = true}}), "/x");
  EXPECT_EQ(pointer({{.path = {"x"}}, {.path = {"x", "y"}}}), "/x");
}

// Random values of the context, as entities JSON.

json::value entity_value() {
  return {{"__entity",
           {{"type", random::pick({"User", "Group"})}, {"id", random::pick({"alice", "staff", "x"})}}}};
}

json::value value_of(Kind kind, int depth);

json::value any_value(int depth) {
  constexpr Kind kKinds[]{Kind::kBool, Kind::kLong,   Kind::kString, Kind::kEntity,
                          Kind::kSet,  Kind::kRecord, Kind::kIp};
  return value_of(kKinds[below(depth > 0 ? 7 : 4)], depth);
}

json::object record_value(int depth) {
  json::object record;
  for (const char* name : {"n", "s", "b", "e", "r"}) {
    if (below(3) == 0) continue;
    static const std::vector<std::pair<char, Kind>> kUsual{{'n', Kind::kLong},
                                                           {'s', Kind::kString},
                                                           {'b', Kind::kBool},
                                                           {'e', Kind::kEntity},
                                                           {'r', Kind::kRecord}};
    const Kind usual = std::ranges::find(kUsual, *name, &std::pair<char, Kind>::first)->second;
    if (usual == Kind::kRecord && depth == 0) continue;
    record[name] = below(5) == 0 ? any_value(depth - 1) : value_of(usual, depth - 1);
  }
  return record;
}

json::value value_of(Kind kind, int depth) {
  switch (kind) {
    case Kind::kBool:
      return below(2) == 0;
    case Kind::kLong:
      return below(8) == 0 ? std::int64_t{9'223'372'036'854'775'807} : static_cast<std::int64_t>(below(3));
    case Kind::kString:
      return json::string(random::pick({"", "ab", "b*"}));
    case Kind::kEntity:
      return entity_value();
    case Kind::kSet: {
      json::array set;
      for (std::size_t i = below(3); i > 0; --i) set.push_back(any_value(0));
      return set;
    }
    case Kind::kRecord:
      return record_value(std::max(depth, 0));
    default:
      return {{"__extn", {{"fn", "ip"}, {"arg", "10.0.0.1"}}}};
  }
}

constexpr std::pair<const char*, Kind> kAttributes[]{
    {"n", Kind::kLong},   {"s", Kind::kString}, {"b", Kind::kBool}, {"set", Kind::kSet},
    {"e", Kind::kEntity}, {"r", Kind::kRecord}, {"ip", Kind::kIp},  {"d", Kind::kDecimal}};

json::object context_value() {
  json::object context;
  for (const auto& [name, kind] : kAttributes) {
    if (below(5) == 0) continue;
    context[name] = below(8) == 0 ? any_value(2) : value_of(kind, 2);
  }
  return context;
}

EntityUid subject() {
  return {random::pick({"User", "User", "Group"}), random::pick({"alice", "bob", "staff", "nobody"})};
}
EntityUid action() { return {"Action", random::pick({"view", "edit", "read"})}; }

// An entity of which something may not be known, and what it may turn out to be.
struct Split {
  PartialEntity partial;
  EntityUid (*any)();
  EntityUid complete() const {
    if (partial.uid) return *partial.uid;
    EntityUid uid = any();
    return partial.type.empty() ? uid : EntityUid(partial.type, uid.id());
  }
};
Split split(EntityUid (*any)()) {
  switch (below(3)) {
    case 0:
      return {PartialEntity(), any};
    case 1:
      return {PartialEntity::of_type(any().type()), any};
    default:
      return {any(), any};
  }
}

// A context of which some is not known.
struct SplitContext {
  bool unknown = false;  // all of it
  json::object known;
  std::vector<UnknownAttribute> holes;

  PartialContext partial() const {
    if (unknown) return {};
    return *PartialContext::make(*Context::from_json(known), holes);
  }
  json::object complete() const {
    if (unknown) return context_value();
    json::object whole = known;
    for (const UnknownAttribute& hole : holes) {
      if (!hole.present && below(3) == 0) continue;
      json::object& in = hole.path.size() == 1 ? whole : whole[hole.path[0]].as_object();
      in[hole.path.back()] = hole.kind ? value_of(*hole.kind, 2) : any_value(2);
    }
    return whole;
  }
};
SplitContext split_context() {
  SplitContext split;
  if (below(6) == 0) {
    split.unknown = true;
    return split;
  }
  split.known = context_value();
  for (const auto& [name, kind] : kAttributes) {
    if (below(3) != 0 || kind == Kind::kDecimal) continue;
    UnknownAttribute hole{.path = {name}, .present = below(2) == 0};
    if (below(2) == 0) hole.kind = kind;
    json::value* known = split.known.if_contains(name);
    if (known != nullptr && known->is_object() && kind == Kind::kRecord && below(2) == 0 &&
        !known->as_object().contains("__entity") && !known->as_object().contains("__extn")) {
      hole = {.path = {name, "n"}, .present = hole.present};
      if (below(2) == 0) hole.kind = Kind::kLong;
      known->as_object().erase("n");
    } else {
      split.known.erase(name);
    }
    split.holes.push_back(hole);
  }
  return split;
}

std::string describe(const Response& response) {
  std::string text = response.decision == Decision::kAllow ? "allow" : "deny";
  for (const Policy* one : response.determining) text.append(" ").append(one->id());
  for (const PolicyError& error : response.errors)
    text += "\n" + std::string(error.policy->id()) + " " + std::to_string(error.position.line) + ":" +
            std::to_string(error.position.column) + " " + error.message;
  return text;
}

struct Counts {
  std::size_t cases = 0, decided = 0, residuals = 0, never_err = 0, must_err = 0, settled = 0, texts = 0;
};

void check_flags(const Residual& residual, const Response& response, Counts& counts) {
  const bool holds = std::ranges::find(response.determining, residual.policy) != response.determining.end();
  const bool errs =
      std::ranges::find(response.errors, residual.policy, &PolicyError::policy) != response.errors.end();
  EXPECT_LE(holds, residual.may_hold) << residual.condition();
  EXPECT_LE(errs, residual.may_err) << residual.condition();
  EXPECT_LE(residual.must_err, errs) << residual.condition();
  ++counts.residuals;
  counts.never_err += residual.may_err ? 0 : 1;
  counts.must_err += residual.must_err ? 1 : 0;
}

// The text of what remains means the same.
void check_text(const Residual& residual, const Request& request, const Entities& entities,
                const Response& response) {
  const auto alone =
      PolicySet::parse("permit(principal, action, resource) when { " + residual.condition() + " };");
  ASSERT_TRUE(alone.has_value()) << residual.condition() << alone.error().front().message;
  const Response found = authorize(request, *alone, entities);
  const bool errs =
      std::ranges::find(response.errors, residual.policy, &PolicyError::policy) != response.errors.end();
  ASSERT_EQ(!found.errors.empty(), errs) << residual.condition();
  const bool counts = response.decision == Decision::kAllow || residual.policy->effect() == Effect::kForbid;
  if (counts) {
    const bool holds = std::ranges::find(response.determining, residual.policy) != response.determining.end();
    ASSERT_EQ(found.decision == Decision::kAllow, holds) << residual.condition();
  }
}

TEST(Partial, GivesForEveryCompletionWhatTheWholeRequestGives) {
  const std::uint64_t seed = random::reseed(20'261'125);
  const Entities entities = *Entities::parse_json(random::kEntities);
  Counts counts;
  for (int i = 0; i < 2'500; ++i) {
    std::string text;
    for (int k = 0; k < 4; ++k) text += random::policy(below(3) == 0 ? "forbid" : "permit");
    const auto set = PolicySet::parse(text);
    ASSERT_TRUE(set.has_value()) << text;
    for (int k = 0; k < 8; ++k) {
      const Split principal = split(subject);
      const Split acts = below(4) == 0 ? split(action) : Split{action(), action};
      const Split resource = split(subject);
      const SplitContext context = split_context();
      const PartialResponse partial = partial_authorize(
          {principal.partial, acts.partial, resource.partial, context.partial()}, *set, entities);
      ++counts.cases;
      counts.decided += partial.decision() ? 1 : 0;
      counts.settled += 4 - partial.residuals().size();
      for (int completion = 0; completion < 3; ++completion) {
        const json::object whole = context.complete();
        const Request request{principal.complete(), acts.complete(), resource.complete(),
                              *Context::from_json(whole)};
        SCOPED_TRACE("seed " + std::to_string(seed) + "\n" + text + to_string(request.principal) + " " +
                     to_string(request.action) + " " + to_string(request.resource) + " " +
                     json::serialize(whole) + "\nknown: " + json::serialize(context.known));
        const Response expected = authorize(request, *set, entities);
        const auto found = partial.reauthorize(request, entities);
        ASSERT_TRUE(found.has_value()) << found.error().pointer;
        ASSERT_EQ(describe(*found), describe(expected));
        if (partial.decision()) ASSERT_EQ(*partial.decision(), expected.decision);
        for (const Residual& residual : partial.residuals()) {
          check_flags(residual, expected, counts);
          if (k != 0) continue;
          check_text(residual, request, entities, expected);
          ++counts.texts;
        }
        if (HasFailure()) return;
      }
    }
  }
  // The generator is worth something.
  EXPECT_EQ(counts.cases, 20'000U);
  EXPECT_GT(counts.decided, 4'000U);
  EXPECT_LT(counts.decided, 16'000U);
  EXPECT_GT(counts.settled, 10'000U);
  EXPECT_GT(counts.residuals, 30'000U);
  EXPECT_GT(counts.never_err, 3'000U);
  EXPECT_GT(counts.must_err, 1'000U);
  EXPECT_GT(counts.texts, 3'000U);
}

}  // namespace
}  // namespace cedar
