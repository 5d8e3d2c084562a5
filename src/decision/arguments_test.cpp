#include "decision/arguments.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "base/canonical_json.h"

namespace remit::decision {
namespace {

struct Case {
  std::string_view arguments;
  std::string_view input;
  std::string_view omitted;
};

std::string decimal(std::string_view text) {
  return R"({"__extn":{"arg":")" + std::string(text) + R"(","fn":"decimal"}})";
}

TEST(Arguments, AreSeenByPoliciesAsTheHeaderSays) {
  const std::string amount = R"({"a":)" + decimal("4200.5000") + "}";
  const std::string cents = R"({"a":)" + decimal("-0.0100") + "}";
  const std::string whole = R"({"a":)" + decimal("1.0000") + "}";
  for (const auto& [arguments, input, omitted] : std::vector<Case>{
           {"{}", "{}", "[]"},
           {R"({"a":1,"b":"x","c":true})", R"({"a":1,"b":"x","c":true})", "[]"},
           {R"({"a":null})", "{}", "[]"},
           {R"({"a":4200.5})", amount, "[]"},
           {R"({"a":-0.01})", cents, "[]"},
           {R"({"a":1.0})", whole, "[]"},
           {R"({"a":0.00001})", "{}", R"(["a"])"},
           {R"({"a":1e300})", "{}", R"(["a"])"},
           {R"({"a":18446744073709551615})", "{}", R"(["a"])"},
           {R"({"a":99999999999999999999})", "{}", R"(["a"])"},
           {R"({"a":["x",null,{"b":[1]}]})", R"({"a":["x",{"b":[1]}]})", "[]"},
           {R"({"a":{"b":[0.12345]},"c":1})", R"({"a":{"b":[]},"c":1})", R"(["a"])"},
       }) {
    const auto result = to_policy_input(parse_json(arguments)->get_object());
    ASSERT_TRUE(result) << arguments;
    EXPECT_EQ(canonical_json(result->input), input) << arguments;
    EXPECT_EQ(canonical_json(result->omitted), omitted) << arguments;
  }
}

TEST(Arguments, CannotSmuggleInEntitiesOrConstructors) {
  for (const std::string_view arguments :
       {R"({"__entity":{"type":"Remit::Human","id":"x"}})", R"({"a":{"__entity":{"type":"T","id":"x"}}})",
        R"({"a":[{"b":{"__extn":{"fn":"decimal","arg":"1.0"}}}]})", R"({"__extn":1})",
        R"({"a":{"__expr":"x"}})"}) {
    const auto result = to_policy_input(parse_json(arguments)->get_object());
    ASSERT_FALSE(result) << arguments;
    EXPECT_EQ(result.error().code, "RMT-D044");
  }
}

}  // namespace
}  // namespace remit::decision
