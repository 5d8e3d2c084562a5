// Every operator, through the public door: an expression is true, false, or an error.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <string>

#include "cedar/authorize.h"

namespace cedar {
namespace {

constexpr const char* kEntities = R"([
  {"uid": {"type": "User", "id": "alice"}, "parents": [{"type": "Group", "id": "staff"}],
   "attrs": {"age": 21, "name": "Alice", "boss": {"__entity": {"type": "User", "id": "bob"}},
             "home": {"city": "Bern", "ip": {"__extn": {"fn": "ip", "arg": "10.1.2.3"}}}},
   "tags": {"role": "admin"}},
  {"uid": {"type": "User", "id": "bob"}, "parents": [], "attrs": {"langs": ["de", "fr"]}},
  {"uid": {"type": "Group", "id": "staff"}, "parents": [{"type": "Group", "id": "all"}], "attrs": {}}
])";

constexpr const char* kContext = R"({"one": 1, "text": "a*b", "empty": [], "list": [1, 2, 2],
  "when": {"__extn": {"fn": "datetime", "arg": "2024-10-15T11:35:00.123Z"}}})";

// "true", "false", or the message of the error.
std::string evaluate(const std::string& expression) {
  const auto policies = PolicySet::parse("permit(principal, action, resource) when { " + expression + " };");
  if (!policies) return "does not parse: " + policies.error().front().message;
  const auto entities = Entities::parse_json(kEntities);
  const auto context = Context::parse_json(kContext);
  if (!entities || !context) return "bad test data";
  const Request request{{"User", "alice"}, {"Action", "view"}, {"Doc", "unknown"}, *context};
  const Response response = authorize(request, *policies, *entities);
  if (!response.errors.empty()) return "error: " + response.errors.front().message;
  return response.decision == Decision::kAllow ? "true" : "false";
}

void expect_all(const std::string& expected, std::initializer_list<const char*> expressions) {
  for (const char* expression : expressions) {
    EXPECT_THAT(evaluate(expression), testing::StartsWith(expected)) << expression;
  }
}

TEST(Evaluator, LogicShortCircuitsAndDemandsBooleans) {
  expect_all("true", {"true", "true && !false", "false || true", "true || 1", "true || 1 + \"\" == 2",
                      "if false then 1 else true", "!(false && 1)", "if true then true else 1 + \"\""});
  expect_all("false", {"false", "false && 1", "false && context.none", "true && true && false && 1"});
  expect_all("error", {"1", "true && 1", "1 && true", "false || 1", "!1", "if 1 then true else true"});
}

TEST(Evaluator, EqualityComparesAnyKinds) {
  expect_all("true", {"1 == 1", "1 != \"1\"", "[1, 2, 2] == [2, 1]", "{a: 1, b: [2]} == {b: [2], a: 1}",
                      "principal == User::\"alice\"", "User::\"x\" != Group::\"x\"", "[] == context.empty",
                      "context.list == [2, 1]", "ip(\"127.0.0.1\") == ip(\"127.0.0.1/32\")",
                      "decimal(\"1.0\") == decimal(\"1.0000\")", "[[1], [2]] == [[2], [1]]",
                      "duration(\"60s\") == duration(\"1m\")"});
  expect_all("false", {"1 == true", "[1] == [1, 2]", "{a: 1} == {a: 2}", "ip(\"::1\") == ip(\"0.0.0.1\")",
                       "ip(\"10.0.0.1/24\") == ip(\"10.0.0.2/24\")", "\"a\" == \"A\""});
}

TEST(Evaluator, OrderIsForIntegersDatetimesAndDurationsOfOneKind) {
  expect_all("true",
             {"1 < 2", "2 <= 2", "3 > 2", "2 >= 2", "datetime(\"2024-01-01\") < datetime(\"2024-01-02\")",
              "duration(\"1h\") >= duration(\"60m\")"});
  expect_all("false", {"2 < 2", "1 >= 2", "duration(\"-1s\") > duration(\"0s\")"});
  expect_all("error", {"1 < \"2\"", "\"a\" < \"b\"", "decimal(\"1.0\") < decimal(\"2.0\")",
                       "datetime(\"2024-01-01\") < duration(\"1s\")", "1 < duration(\"1s\")"});
}

TEST(Evaluator, ArithmeticErrsOnOverflow) {
  expect_all("true", {"1 + 2 * 3 == 7", "1 - 2 - 3 == -4", "-context.one == -1", "- - 1 == 1",
                      "9223372036854775806 + 1 == 9223372036854775807", "-9223372036854775808 + 1 < 0"});
  expect_all("error: integer overflow", {"9223372036854775807 + 1 == 0", "-9223372036854775808 - 1 == 0",
                                         "9223372036854775807 * 2 == 0", "-(-9223372036854775808) == 0"});
  expect_all("error: + needs integers", {"1 + \"a\" == 2", "\"a\" + 1 == 2"});
}

TEST(Evaluator, InFollowsTheHierarchyAndDemandsEntities) {
  expect_all("true",
             {"principal in principal", "principal in Group::\"staff\"", "principal in Group::\"all\"",
              "principal in [Group::\"none\", Group::\"all\"]", "resource in Doc::\"unknown\"",
              "principal is User in Group::\"all\"", "Group::\"staff\" in Group::\"all\""});
  expect_all("false", {"principal in Group::\"none\"", "Group::\"all\" in principal", "principal in []",
                       "resource in Group::\"all\"", "principal is Group", "principal is Group in 1"});
  expect_all("error", {"1 in principal", "principal in 1", "principal in [principal, 1]", "1 is User",
                       "principal is User in 1"});
}

TEST(Evaluator, AttributesOfEntitiesAndRecords) {
  expect_all("true",
             {"principal.age == 21", "principal.boss.langs.contains(\"de\")", "principal has age",
              "principal has home.city", "principal has boss.langs", "principal[\"home\"].city == \"Bern\"",
              "{a: {b: 1}}.a.b == 1", "{a: {b: 1}} has a.b", "{\"x y\": 1} has \"x y\""});
  expect_all("false", {"principal has nothing", "principal has home.street", "resource has x",
                       "context has none.x", "Group::\"all\" has x", "{a: {b: 1}} has a.c"});
  expect_all("error", {"principal.nothing == 1", "resource.x == 1", "context.none", "1 has x", "1.x == 1",
                       "principal has age.x", "Group::\"all\".x == 1", "{a: 1}.b == 1"});
}

TEST(Evaluator, Sets) {
  expect_all("true", {"[1, \"a\"].contains(\"a\")", "context.list.containsAll([1, 2])", "[].isEmpty()",
                      "context.list.containsAny([9, 2])", "[1].containsAll([])", "context.empty.isEmpty()",
                      "[[1, 2]].contains([2, 1])"});
  expect_all("false", {"[1].contains(2)", "[1].containsAll([1, 2])", "[].containsAny([])", "[1].isEmpty()"});
  expect_all("error", {"1.contains(1)", "[1].containsAll(1)", "1.containsAny([1])", "\"\".isEmpty()"});
}

TEST(Evaluator, Tags) {
  expect_all("true", {"principal.hasTag(\"role\")", "principal.getTag(\"role\") == \"admin\""});
  expect_all("false", {"principal.hasTag(\"none\")", "resource.hasTag(\"role\")"});
  expect_all("error", {"principal.getTag(\"none\") == 1", "resource.getTag(\"x\") == 1", "1.hasTag(\"a\")",
                       "principal.hasTag(1)"});
}

TEST(Evaluator, LikeMatchesWildcards) {
  expect_all("true",
             {"\"ham and eggs\" like \"ham*\"", "\"ham and eggs\" like \"*h*a*m*\"", "\"\" like \"*\"",
              "context.text like \"a\\*b\"", "\"ham and ham\" like \"*ham\"", "\"aXbXc\" like \"a*b*c\"",
              "\"\" like \"\"", "\"ab\" like \"a**b\"", "\"\\\\afterslash\" like \"\\\\*\""});
  expect_all("false", {"\"eggs\" like \"ham*\"", "\"axb\" like \"a\\*b\"", "\"a\" like \"a*a\"",
                       "\"ab\" like \"\"", "\"aba\" like \"ab*ba\""});
  expect_all("error", {"1 like \"*\""});
}

TEST(Evaluator, IpAddresses) {
  expect_all("true", {"ip(\"10.0.0.1\").isIpv4()", "ip(\"::1\").isIpv6()", "ip(\"127.9.9.9\").isLoopback()",
                      "ip(\"::1\").isLoopback()", "ip(\"224.0.0.1\").isMulticast()",
                      "ip(\"ff02::1\").isMulticast()", "principal.home.ip.isInRange(ip(\"10.0.0.0/8\"))",
                      "ip(\"10.0.0.0/9\").isInRange(ip(\"10.0.0.0/8\"))", "ip(\"1:2:3:4:5:6:7::\").isIpv6()",
                      "ip(\"::\").isInRange(ip(\"::/0\"))"});
  expect_all("false",
             {"ip(\"10.0.0.0/8\").isInRange(ip(\"10.0.0.0/9\"))", "ip(\"::1\").isInRange(ip(\"0.0.0.0/0\"))",
              "ip(\"126.0.0.1\").isLoopback()", "ip(\"127.0.0.1/7\").isLoopback()"});
  expect_all(
      "error",
      {"ip(\"380.0.0.1\").isIpv4()", "ip(\"01.0.0.1\").isIpv4()", "ip(\"1.1.1\").isIpv4()",
       "ip(\"127.0.0.1/8/24\").isIpv4()", "ip(\"127.0.0.1/08\").isIpv4()", "ip(\"1.1.1.1/33\").isIpv4()",
       "ip(\"::ffff:1.2.3.4\").isIpv6()", "ip(\"1:2:3:4:5:6:7::8\").isIpv6()", "ip(\"::1::\").isIpv6()",
       "ip(\"12345::\").isIpv6()", "ip(\"\").isIpv4()", "ip(1).isIpv4()", "1.isIpv4()", "ip() == 1",
       "ip(\"::/129\").isIpv6()", "ip(\"::1\").isIpv4(1)", "ip(\":::\").isIpv6()"});
}

TEST(Evaluator, Decimals) {
  expect_all(
      "true",
      {"decimal(\"1.23\").lessThan(decimal(\"1.24\"))", "decimal(\"-0.5\").lessThan(decimal(\"0.0\"))",
       "decimal(\"1.0\").lessThanOrEqual(decimal(\"1.0\"))",
       "decimal(\"922337203685477.5807\").greaterThan(decimal(\"-922337203685477.5808\"))",
       "decimal(\"1.0\").greaterThanOrEqual(decimal(\"1.0\"))", "decimal(\"00.10\") == decimal(\"0.1\")"});
  expect_all("error", {"decimal(\"1\") == 1", "decimal(\"1.\") == 1", "decimal(\".1\") == 1",
                       "decimal(\"1.12345\") == 1", "decimal(\"922337203685477.5808\") == 1",
                       "decimal(\"+1.0\") == 1", "decimal(\"1.a\") == 1", "decimal(\"-.\") == 1",
                       "decimal(\"1.0.\") == 1", "decimal(\"1.0\").lessThan(1)"});
}

TEST(Evaluator, DatetimesAndDurations) {
  expect_all("true",
             {"datetime(\"1970-01-01\").toTime() == duration(\"0ms\")",
              "datetime(\"2024-10-15T11:35:00+0100\") == datetime(\"2024-10-15T10:35:00Z\")",
              "context.when.toDate() == datetime(\"2024-10-15\")",
              "context.when.toTime() == duration(\"11h35m123ms\")",
              "datetime(\"1969-12-31T23:00:00Z\").toDate() == datetime(\"1969-12-31\")",
              "datetime(\"1969-12-31T23:00:00Z\").toTime() == duration(\"23h\")",
              "datetime(\"2024-02-28\").offset(duration(\"1d\")) == datetime(\"2024-02-29\")",
              "datetime(\"2024-01-02\").durationSince(datetime(\"2024-01-01\")) == duration(\"24h\")",
              "duration(\"-1d12h\").toHours() == -36", "duration(\"-90s\").toMinutes() == -1",
              "duration(\"1d\").toDays() == 1", "duration(\"1s1ms\").toMilliseconds() == 1001",
              "duration(\"1m\").toSeconds() == 60", "duration(\"-9223372036854775808ms\") < duration(\"0s\")",
              "datetime(\"0000-01-01T00:00:00+2359\") < datetime(\"9999-12-31T23:59:59-2359\")"});
  expect_all("error",
             {"datetime(\"2022-10-10 \") == 1",
              "datetime(\"2024-10-15Z\") == 1",
              "datetime(\"2023-02-29\") == 1",
              "datetime(\"2024-01-01T00:00:00\") == 1",
              "datetime(\"2016-12-31T23:59:60.000Z\") == 1",
              "datetime(\"2024-01-01T00:00:00+2460\") == 1",
              "datetime(\"2024-01-01T00:00:00.12Z\") == 1",
              "datetime(\"00011-12-13\") == 1",
              "datetime(\"2024-00-01\") == 1",
              "duration(\"\") == 1",
              "duration(\"-\") == 1",
              "duration(\"d\") == 1",
              "duration(\"1s1d\") == 1",
              "duration(\"1s1s\") == 1",
              "duration(\"1d9223372036854775807ms\") == 1",
              "duration(\"1d2h3m4s5ms6\") == 1",
              "duration(\"1d-1s\") == 1",
              "duration(\"9223372036854775808ms\") == 1",
              "datetime(\"2024-01-01\").offset(duration(\"9223372036854775807ms\")) == 1",
              "datetime(\"1969-12-31T23:59:59Z\").offset(duration(\"-9223372036854775807ms\")).toDate() == 1",
              "datetime(\"2024-01-01\").offset(1) == 1"});
}

TEST(Evaluator, AnErrorSaysWhereItHappened) {
  const auto policies =
      PolicySet::parse("permit(principal, action, resource)\nwhen {\n  true && 1 + \"a\" == 2 };");
  ASSERT_TRUE(policies.has_value());
  const Response response = authorize({{"U", "u"}, {"Action", "a"}, {"R", "r"}}, *policies, {});
  ASSERT_EQ(response.errors.size(), 1U);
  EXPECT_EQ(response.errors[0].message, "+ needs integers, not a string");
  EXPECT_EQ(response.errors[0].position.line, 3U);
  EXPECT_EQ(response.errors[0].position.column, 15U);
}

}  // namespace
}  // namespace cedar
