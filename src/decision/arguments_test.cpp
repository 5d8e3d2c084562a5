#include "decision/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <cmath>

#include "base/canonical_json.h"

namespace remit::decision {
namespace {

using testing::HasSubstr;

snapshot::InputType declared(std::string_view properties, std::string_view required = "[]") {
  const std::string schema = R"({"type":"object","properties":)" + std::string(properties) +
                             R"(,"required":)" + std::string(required) + "}";
  return snapshot::read_tool_input(parse_json(schema).value().as_object()).type;
}

Result<PolicyInput> input_of(std::string_view arguments, const snapshot::InputType& type) {
  return to_policy_input(parse_json(arguments)->get_object(), type);
}

std::string decimal(std::string_view text) {
  return R"({"__extn":{"arg":")" + std::string(text) + R"(","fn":"decimal"}})";
}

constexpr std::string_view kProperties = R"({
    "long":{"type":"integer"},"number":{"type":"number"},"text":{"type":"string"},"flag":{"type":"boolean"},
    "set":{"type":"array","items":{"type":["string","null"]}},"numbers":{"type":"array","items":{"type":"number"}},
    "record":{"type":"object","properties":{"x":{"type":"integer"},"y":{"type":"string"}},"required":["x"]},
    "maybe":{"type":["string","null"]},"union":{"type":["string","integer"]}})";

TEST(Arguments, AreSeenAsTheToolDeclaresThem) {
  struct Case {
    std::string_view arguments;
    std::string_view input;
    std::string_view omitted = "[]";
  };
  const auto type = declared(kProperties);
  for (const auto& [arguments, input, omitted] : std::vector<Case>{
           {"{}", "{}"},
           {R"({"long":1,"text":"x","flag":true})", R"({"flag":true,"long":1,"text":"x"})"},
           {R"({"long":5.0})", R"({"long":5})"},
           {R"({"long":-9223372036854775808})", R"({"long":-9223372036854775808})"},
           {R"({"text":null,"maybe":null,"other":null})", "{}"},
           {R"({"set":["b",null,"a"]})", R"({"set":["b","a"]})"},
           {R"({"set":[]})", R"({"set":[]})"},
           {R"({"record":{"x":1,"z":2}})", R"({"record":{"x":1}})", R"(["record"])"},
           {R"({"union":"x","text":"y","other":{"z":[1]}})", R"({"text":"y"})", R"(["union","other"])"},
       }) {
    const auto result = input_of(arguments, type);
    ASSERT_TRUE(result) << arguments << result.error().message;
    EXPECT_EQ(result->input, parse_json(input).value()) << arguments;
    EXPECT_EQ(canonical_json(result->omitted), omitted) << arguments;
  }
}

TEST(Arguments, AreDecimalsWhereNumbersAreDeclared) {
  struct Case {
    std::string_view number;
    std::string_view decimal;
  };
  const auto type = declared(kProperties);
  for (const auto& [number, text] : std::vector<Case>{{"5", "5.0000"},
                                                      {"0", "0.0000"},
                                                      {"-0.0", "0.0000"},
                                                      {"-7", "-7.0000"},
                                                      {"4200.5", "4200.5000"},
                                                      {"1.1", "1.1000"},
                                                      {"0.1", "0.1000"},
                                                      {"-0.01", "-0.0100"},
                                                      {"2.675", "2.6750"},
                                                      {"1e3", "1000.0000"},
                                                      {"922337203685477", "922337203685477.0000"},
                                                      {"-922337203685477", "-922337203685477.0000"},
                                                      // Away from zero: never smaller than it is.
                                                      {"5000.00001", "5000.0001"},
                                                      {"0.12341", "0.1235"},
                                                      {"-0.12341", "-0.1235"},
                                                      {"1e-300", "0.0001"},
                                                      {"1000000000000.5", "1000000000000.5000"},
                                                      {"1000000000000.0001", "1000000000000.0002"},
                                                      {"922337203685476.9", "922337203685476.8750"}}) {
    const auto result = input_of(R"({"number":)" + std::string(number) + "}", type);
    ASSERT_TRUE(result) << number;
    EXPECT_EQ(canonical_json(result->input), R"({"number":)" + decimal(text) + "}") << number;
    EXPECT_TRUE(result->omitted.empty()) << number;
  }
}

// What a limit in a policy relies on.
RC_GTEST_PROP(Arguments, NeverLookSmallerThanTheyAre, ()) {
  const double divisor = *rc::gen::element(1.0, 3.0, 7.0, 1e4, 1e5, 1e9, 1e15);
  const double number =
      static_cast<double>(*rc::gen::inRange<std::int64_t>(-900'000'000'000, 900'000'000'000)) / divisor;
  const auto type = declared(kProperties);
  const auto result = to_policy_input({{"number", number}}, type).value();
  const auto& text = result.input.at("number").at("__extn").at("arg").as_string();
  const double seen = std::stod(std::string(text));
  RC_ASSERT(std::abs(seen) >= std::abs(number));
  RC_ASSERT(std::abs(seen) - std::abs(number) < 0.00011);
  RC_ASSERT(seen == 0 || std::signbit(seen) == std::signbit(number));
}

TEST(Arguments, AreRefusedWhereTheyAreNotWhatTheToolDeclares) {
  struct Case {
    std::string_view arguments;
    std::string_view message;
  };
  const auto type = declared(kProperties, R"(["long","maybe","union"])");
  for (const auto& [arguments, message] : std::vector<Case>{
           {"{}", "`/long` is required"},
           {R"({"long":null})", "`/long` is required"},
           {R"({"long":"5"})", "`/long` must be a whole number"},
           {R"({"long":5.5})", "`/long` must be"},
           {R"({"long":1,"number":"9999"})", "`/number` must be a number"},
           {R"({"long":1,"number":true})", "`/number` must be"},
           {R"({"long":1,"text":5})", "`/text` must be a string"},
           {R"({"long":1,"flag":"true"})", "`/flag` must be true or false"},
           {R"({"long":1,"set":"x"})", "`/set` must be an array"},
           {R"({"long":1,"set":["x",5]})", "`/set/1` must be a string"},
           {R"({"long":1,"numbers":[1,null]})", "`/numbers/1` must be"},
           {R"({"long":1,"record":[]})", "`/record` must be an object"},
           {R"({"long":1,"record":{}})", "`/record/x` is required"},
           {R"({"long":1,"record":{"x":1,"y":2}})", "`/record/y` must be a string"},
       }) {
    const auto result = input_of(arguments, type);
    ASSERT_FALSE(result) << arguments;
    EXPECT_EQ(result.error().code, "RMT-D045") << arguments;
    EXPECT_THAT(result.error().message, HasSubstr(message)) << arguments;
  }
  EXPECT_TRUE(input_of(R"({"long":1})", type)) << "what may be null, or has no type here, is not missed";
}

// Nanoseconds since 1970, 64 bits without a sign, and what is no number of this world.
TEST(Arguments, OfWhichTheValueIsBeyondCedarAreThereWithoutIt) {
  struct Case {
    std::string_view arguments;
    std::string_view omitted;
    std::vector<std::vector<std::string>> beyond;
  };
  const auto type = declared(kProperties);
  for (const auto& [arguments, omitted, beyond] : std::vector<Case>{
           {R"({"number":922337203685477,"long":9223372036854775807})", "[]", {}},
           {R"({"number":922337203685478})", R"(["number"])", {{"number"}}},
           {R"({"number":-1764259200000000000})", R"(["number"])", {{"number"}}},
           {R"({"number":1e300,"long":1})", R"(["number"])", {{"number"}}},
           {R"({"long":9223372036854775808})", R"(["long"])", {{"long"}}},
           {R"({"long":18446744073709551615})", R"(["long"])", {{"long"}}},
           {R"({"long":1e30})", R"(["long"])", {{"long"}}},
           {R"({"record":{"x":1e30}})", R"(["record"])", {{"record", "x"}}},
           {R"({"record":{"x":1,"z":1e30}})", R"(["record"])", {}},
           // Of a set nothing is known.
           {R"({"numbers":[1,1e300,2]})", R"(["numbers"])", {{"numbers"}}},
           {R"({"text":"x","numbers":[1e300],"long":1e30})",
            R"(["numbers","long"])",
            {{"numbers"}, {"long"}}},
       }) {
    const auto result = input_of(arguments, type);
    ASSERT_TRUE(result) << arguments << result.error().message;
    EXPECT_EQ(canonical_json(result->omitted), omitted) << arguments;
    std::vector<std::vector<std::string>> places;
    for (const auto& one : result->beyond) places.push_back(one.path);
    EXPECT_EQ(places, beyond) << arguments;
  }
}

TEST(Arguments, AreNamedInRefusalsByWholeCharactersAlone) {
  std::string name(79, 'x');
  name += "€€€";
  const auto type = declared(R"({")" + name + R"(":{"type":"string"}})");
  const auto refused = input_of(R"({")" + name + R"(":1})", type);
  ASSERT_FALSE(refused);
  EXPECT_THAT(refused.error().message, HasSubstr(std::string(79, 'x') + "`"));
}

TEST(Arguments, CannotSmuggleInEntitiesOrConstructors) {
  for (const std::string_view arguments :
       {R"({"__entity":{"type":"Remit::Human","id":"x"}})", R"({"a":{"__entity":{"type":"T","id":"x"}}})",
        R"({"a":[{"b":{"__extn":{"fn":"decimal","arg":"1.0"}}}]})", R"({"__extn":1})",
        R"({"a":{"__expr":"x"}})"}) {
    const auto result = input_of(arguments, declared(R"({"a":{"type":"string"}})"));
    ASSERT_FALSE(result) << arguments;
    EXPECT_EQ(result.error().code, "RMT-D044");
  }
}

}  // namespace
}  // namespace remit::decision
