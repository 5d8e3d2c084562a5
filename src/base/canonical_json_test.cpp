#include "base/canonical_json.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <bit>
#include <boost/json/serialize.hpp>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "base/bytes.h"

namespace remit {
namespace {

namespace fs = std::filesystem;

std::string read(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  EXPECT_TRUE(in) << path;
  return (std::ostringstream() << in.rdbuf()).str();
}

std::vector<fs::path> files_under(const fs::path& folder, std::string_view extension) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder))
    if (entry.is_regular_file() && entry.path().extension() == extension) files.push_back(entry.path());
  return files;
}

const fs::path kCorpora = REMIT_CORPORA_DIR;

TEST(CanonicalJson, MatchesTheVectorsOfRfc8785) {
  int compared = 0;
  for (const auto& input : files_under(kCorpora / "json/jcs-rfc8785", ".json")) {
    if (input.parent_path().filename() != "input") continue;
    const auto value = parse_json(read(input));
    ASSERT_TRUE(value) << input << value.error().message;
    auto expected = read(input.parent_path().parent_path() / "output" / input.filename());
    if (expected.ends_with('\n')) expected.pop_back();
    EXPECT_EQ(canonical_json(*value), expected) << input;
    ++compared;
  }
  EXPECT_EQ(compared, 6);
}

TEST(CanonicalJson, PrintsNumbersAsEcmaScriptDoes) {
  // RFC 8785, appendix B: bits of the double, text.
  const std::pair<std::uint64_t, std::string_view> cases[] = {
      {0x0000000000000000, "0"},
      {0x8000000000000000, "0"},
      {0x0000000000000001, "5e-324"},
      {0x8000000000000001, "-5e-324"},
      {0x7fefffffffffffff, "1.7976931348623157e+308"},
      {0x4340000000000000, "9007199254740992"},
      {0x4430000000000000, "295147905179352830000"},
      {0x44b52d02c7e14af5, "9.999999999999997e+22"},
      {0x44b52d02c7e14af6, "1e+23"},
      {0x444b1ae4d6e2ef4e, "999999999999999700000"},
      {0x444b1ae4d6e2ef50, "1e+21"},
      {0x3eb0c6f7a0b5ed8c, "9.999999999999997e-7"},
      {0x3eb0c6f7a0b5ed8d, "0.000001"},
      {0x41b3de4355555553, "333333333.3333332"},
      {0xbecbf647612f3696, "-0.0000033333333333333333"},
  };
  for (const auto& [bits, text] : cases) EXPECT_EQ(canonical_json(std::bit_cast<double>(bits)), text);
}

TEST(CanonicalJson, ParserAgreesWithTheParsingTestSuite) {
  int must_parse = 0;
  int must_fail = 0;
  for (const auto& file : files_under(kCorpora / "json/parsing", ".json")) {
    const auto name = file.filename().string();
    const bool parsed = parse_json(read(file)).has_value();
    // RFC 8259 §4 lets a parser refuse doubled names; this one does (RFC 7493 §2.3).
    const bool doubled = name.starts_with("y_object_duplicated_key");
    if (name.starts_with("y_") && !doubled) {
      EXPECT_TRUE(parsed) << name;
      ++must_parse;
    } else if (name.starts_with("n_") || doubled) {
      EXPECT_FALSE(parsed) << name;
      ++must_fail;
    }
  }
  EXPECT_GT(must_parse, 90);
  EXPECT_GT(must_fail, 180);
}

TEST(CanonicalJson, RefusalsSayWhereAndWhy) {
  const auto doubled = parse_json("{\n  \"a\": 1,\n  \"a\": 2\n}");
  ASSERT_FALSE(doubled);
  EXPECT_EQ(doubled.error().code, "RMT-B010");
  EXPECT_NE(doubled.error().message.find("at 3:"), std::string::npos) << doubled.error().message;
  EXPECT_NE(doubled.error().message.find("\"a\" is there twice"), std::string::npos)
      << doubled.error().message;

  const auto escaped = parse_json(R"({"a": 1, "\u0061": 2})");
  EXPECT_FALSE(escaped) << "the same name, written another way";
  EXPECT_TRUE(parse_json(R"({"a": {"a": 1}, "b": [{"a": 1}, {"a": 2}]})"));

  // An object with many members, and one within it, keep their names apart and find each double.
  std::string many = "{";
  for (int i = 0; i < 40; ++i) many += fmt::format(R"("m{}": {{"m{}": 0}}, )", i, i + 1);
  EXPECT_TRUE(parse_json(many + R"("last": 0})"));
  for (const int again : {0, 14, 15, 16, 17, 39})
    EXPECT_FALSE(parse_json(many + fmt::format(R"("m{}": 0}})", again))) << again;

  const auto deep = parse_json(std::string(100, '[') + std::string(100, ']'));
  ASSERT_FALSE(deep);
  EXPECT_EQ(deep.error().code, "RMT-B011");
  const auto big = parse_json("[1, 2, 3]", {.max_bytes = 8, .max_depth = 4});
  ASSERT_FALSE(big);
  EXPECT_EQ(big.error().code, "RMT-B011");
  EXPECT_FALSE(parse_json("1e999"));
  EXPECT_EQ(canonical_json(parse_json("-1e-999").value()), "0");
}

TEST(CanonicalJson, NumbersAreReadToTheNearestDouble) {
  for (std::string_view text :
       {"3.9327037446588693", "333333333.33333325", "2.2250738585072014e-308", "5e-324"})
    EXPECT_EQ(canonical_json(parse_json(text).value()), text);
}

RC_GTEST_PROP(CanonicalJson, IsAFixedPoint, (const std::map<std::string, double>& members)) {
  boost::json::object object;
  for (const auto& [name, number] : members)
    if (std::isfinite(number)) object[to_hex(as_bytes(name))] = number;
  const auto text = canonical_json(object);
  RC_ASSERT(canonical_json(parse_json(text).value()) == text);
}

}  // namespace
}  // namespace remit
