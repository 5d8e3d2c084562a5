#include "mcp/raw_json.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <boost/json/serialize.hpp>

#include "base/canonical_json.h"

namespace remit::mcp {
namespace {

using Views = std::vector<std::string_view>;

TEST(RawJson, FindsValuesAsTheyWereWritten) {
  const struct {
    std::string_view text;
    Views values;
  } cases[] = {
      {"{}", {}},
      {" [ ] ", {}},
      {R"({"a":1})", {"1"}},
      {" {\n\"a\" : 1.50 ,\t\"b\":[ 1 , {\"c\":\"]}\"} ] } ", {"1.50", "[ 1 , {\"c\":\"]}\"} ]"}},
      {R"({"\u0061\"}":"\\","b":"\"}"})", {R"("\\")", R"("\"}")"}},
      {R"([true,null,-0,"x",{}])", {"true", "null", "-0", "\"x\"", "{}"}},
      {"7", {}},
      {"", {}},
  };
  for (const auto& c : cases) EXPECT_EQ(raw_values(c.text), c.values) << c.text;
}

TEST(RawJson, IsHarmlessOnTextThatIsNotJson) {
  for (const std::string_view text :
       {"{", "[", "{\"", "{\"a", "{\"a\"", "{\"a\":", "[1,", "[[", "[\"\\", "{]", "[}", "[,]"})
    (void)raw_values(text);
}

TEST(RawJson, FindsAMemberWhoseNameIsEscaped) {
  const std::string_view text = R"({"x":0,"arg\u0075ments": {"n":1e2}})";
  const auto value = parse_json(text).value();
  EXPECT_EQ(raw_member(text, value.get_object(), "arguments"), R"({"n":1e2})");
  EXPECT_EQ(raw_member(text, value.get_object(), "other"), std::nullopt);
}

TEST(RawJson, ReplacesOrAddsOneMemberAndKeepsTheRest) {
  const struct {
    std::string_view text, key, expected;
  } cases[] = {
      {R"({ "a" : 1.0, "b":2 })", "a", R"({ "a" : "new", "b":2 })"},
      {R"({ "a" : 1.0, "b":2 })", "b", R"({ "a" : 1.0, "b":"new" })"},
      {R"({"a":1})", "c", R"({"a":1,"c":"new"})"},
      {R"({ })", "c", R"({ "c":"new"})"},
  };
  for (const auto& c : cases) {
    const auto value = parse_json(c.text).value();
    EXPECT_EQ(with_member(c.text, value.get_object(), c.key, "\"new\""), c.expected);
  }
}

TEST(RawJson, PutsAMessageOnOneLineWithoutChangingIt) {
  const std::string text = "{\r\n \"a\":\"\\n\"\n}";
  EXPECT_EQ(on_one_line(text), "{   \"a\":\"\\n\" }");
  EXPECT_EQ(parse_json(on_one_line(text)).value(), parse_json(text).value());
}

RC_GTEST_PROP(RawJson, EachRawValueParsesToTheValueBesideIt, (const std::vector<std::string>& words)) {
  boost::json::object object;
  for (const auto& word : words) {
    std::string ascii;
    for (const char c : word) ascii += static_cast<char>(c & 0x7f);
    object.emplace(ascii, boost::json::array{ascii, word.size(), boost::json::object{{ascii, nullptr}}});
  }
  const auto text = boost::json::serialize(object);
  const auto parsed = parse_json(text).value();
  const auto raw = raw_values(text);
  RC_ASSERT(raw.size() == parsed.get_object().size());
  std::size_t i = 0;
  for (const auto& member : parsed.get_object()) RC_ASSERT(parse_json(raw[i++]).value() == member.value());
}

}  // namespace
}  // namespace remit::mcp
