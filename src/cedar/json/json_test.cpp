// The reader of JSON against Boost's, which is held to RFC 8259 elsewhere; only a repeated name is judged
// differently.

#include "cedar/json/json.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <random>
#include <string>

namespace cedar {
namespace {

using testing::HasSubstr;

// Stands for any number that is no 64-bit integer: which one it is matters to nobody.
const boost::json::value kNumber = "a number";

void forget_numbers(boost::json::value& tree) {
  if (tree.is_double() || (tree.is_uint64() && tree.get_uint64() > INT64_MAX)) tree = kNumber;
  if (auto* array = tree.if_array()) {
    for (boost::json::value& one : *array) forget_numbers(one);
  }
  if (auto* object = tree.if_object()) {
    for (auto& member : *object) forget_numbers(member.value());
  }
}

// The tree in Boost's terms.
boost::json::value rebuilt(const Json& tree) {
  switch (tree.kind()) {
    case Json::Kind::kNull:
      return nullptr;
    case Json::Kind::kBool:
      return tree.as_bool();
    case Json::Kind::kInteger:
      return tree.as_integer();
    case Json::Kind::kNumber:
      return kNumber;
    case Json::Kind::kString:
      return boost::json::string(tree.text());
    case Json::Kind::kArray: {
      boost::json::array out;
      for (const Json& one : tree.elements()) out.push_back(rebuilt(one));
      return out;
    }
    case Json::Kind::kObject: {
      boost::json::object out;
      for (const Json::Member& member : tree.members()) out.emplace(member.name, rebuilt(member.value));
      return out;
    }
  }
  return {};
}

void expect_same(const std::string& text) {
  boost::json::error_code error;
  boost::json::parse_options options;
  options.max_depth = Limits().depth + 8;
  const boost::json::value expected = boost::json::parse(text, error, {}, options);
  Arena arena;
  const auto read = parse_json_data(text, {}, arena);
  if (!read && read.error().message.contains("twice")) return;
  if (error == boost::json::error::exponent_overflow) return;  // JSON, though beyond a double
  ASSERT_EQ(read.has_value(), !error) << text << '\n' << (read ? error.message() : read.error().message);
  if (!read) return;
  const auto imported = json_of(expected, {}, arena);
  ASSERT_TRUE(imported.has_value());
  boost::json::value plain = expected;
  forget_numbers(plain);
  EXPECT_EQ(rebuilt(*read), plain) << text;
  EXPECT_EQ(rebuilt(*imported), plain) << text;
}

const std::string kTexts[] = {
    "null", " true\n", "false", "0", "-0", "-1", "12345678901234567890", "-9223372036854775808",
    "9223372036854775807", "9223372036854775808", "1.5", "1e5", "1E+5", "-1.25e-3", "\"\"", "\"a\"",
    R"("\"\\\/\b\f\n\r\t")", R"("\u0041\u00e9\ud83d\ude00\u0000")", "\"\xC3\xA9\xF0\x9F\x98\x80\"", "[]",
    "[ ]", "[1,2 , 3]", "{}", "{ }", R"({"a":1,"b":[{"c":{}}],"":null})", R"({"\u0061":1})", "\t[\r\n]\t",
    "[[[[]]]]",
    // Not JSON.
    "", " ", "nul", "nulll", "tru", "01", "-", "+1", ".5", "1.", "1e", "1e+", "0x1", "--1", "\"", "\"\\\"",
    "\"\\x\"", "\"\\u12\"", "\"\\u12G4\"", R"("\ud800")", R"("\ud800x")", R"("\ud800\u0041")", R"("\udc00")",
    "\"\n\"", "\"\x01\"", "\"\xFF\"", "\"\xC0\x80\"", "\"\xED\xA0\x80\"", "[", "]", "[1", "[1,", "[1,]",
    "[,1]", "[1 2]", "{", "}", "{\"a\"", "{\"a\":", "{\"a\":1", "{\"a\":1,", "{\"a\":1,}", "{a:1}",
    "{\"a\" 1}", "{1:1}", "[1]]", "1 1", "// x", "[1/**/]", "'a'", "NaN", "Infinity", std::string("[1]\0", 4),
    std::string("\0", 1)};

TEST(JsonText, IsReadAsBoostReadsIt) {
  for (const std::string& text : kTexts) expect_same(text);
}

TEST(JsonText, IsReadAsBoostReadsItAfterRandomDamage) {
  std::mt19937_64 random(20'260'729);
  const std::string alphabet = "\"\\{}[]:,0123456789-+.eEtrufalsn u\xC3\xA9\n";
  for (int i = 0; i < 30'000; ++i) {
    std::string text = kTexts[random() % std::size(kTexts)];
    for (std::size_t k = 0; k < 1 + random() % 3; ++k) {
      const std::size_t at = text.empty() ? 0 : random() % text.size();
      if (random() % 2 == 0 && !text.empty()) {
        text.erase(at, 1);
      } else {
        text.insert(at, 1, alphabet[random() % alphabet.size()]);
      }
    }
    expect_same(text);
  }
}

TEST(JsonText, RefusesANameThatAnObjectHasTwice) {
  std::string many = "{";
  for (int i = 0; i < 100; ++i) many += "\"n" + std::to_string(i) + "\":1,";
  for (const std::string& text : {std::string(R"({"a":1,"a":1})"),
                                  std::string(R"([{"b":{"x":1,"y":2,"\u0078":3}}])"), many + "\"n37\":1}"}) {
    Arena arena;
    const auto read = parse_json_data(text, {}, arena);
    ASSERT_FALSE(read.has_value()) << text;
    EXPECT_THAT(read.error().message, HasSubstr("twice"));
  }
  Arena arena;
  EXPECT_TRUE(parse_json_data(many + "\"last\":1}", {}, arena).has_value());
}

TEST(JsonText, IsWrongAtAWholeCharacter) {
  const auto place = [](std::string_view text) {
    Arena arena;
    const Span span = parse_json(text, 10, arena).error().span;
    return std::string(text.substr(0, span.begin)) + "|" +
           std::string(text.substr(span.begin, span.end - span.begin));
  };
  EXPECT_EQ(place("[日]"), "[|日");
  EXPECT_EQ(place("[1, \u00a0 2]"), "[1, |\u00a0");
  EXPECT_EQ(place("{\"a\"é: 1}"), "{\"a\"|é");
  EXPECT_EQ(place("[t日]"), "[|t");
  EXPECT_EQ(place("[1"), "[1|");
}

TEST(JsonText, IsBoundedInSizeAndDepth) {
  Limits limits;
  limits.text_bytes = 10;
  limits.depth = 4;
  Arena arena;
  EXPECT_FALSE(parse_json_data("[1,2,3,4,5]", limits, arena).has_value());
  EXPECT_TRUE(parse_json_data("[[[[[]]]]]", limits, arena).has_value());
  limits.text_bytes = 1'000'000;
  const auto deep = parse_json_data(std::string(400'000, '['), limits, arena);
  ASSERT_FALSE(deep.has_value());
  EXPECT_THAT(deep.error().message, HasSubstr("nested more than"));
}

}  // namespace
}  // namespace cedar
