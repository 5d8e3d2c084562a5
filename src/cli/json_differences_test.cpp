#include "cli/json_differences.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace remit::cli {
namespace {

TEST(JsonDifferences, NameThePlaceAndBothValues) {
  const struct {
    std::string_view before, after;
    std::vector<std::string> lines;
  } cases[] = {
      {R"({"a":1,"b":[1]})", R"({"b":[1],"a":1})", {}},
      {R"({"a":1})", R"({"a":2})", {"- a: 1", "+ a: 2"}},
      {R"({"a":{"b":{"c":"x"}}})",
       R"({"a":{"b":{"c":"y","d":null}}})",
       {"- a.b.c: \"x\"", "+ a.b.c: \"y\"", "+ a.b.d: null"}},
      {R"({"a":[1,2]})", R"({"a":[2,1]})", {"- a: [1,2]", "+ a: [2,1]"}},
      {R"({"a":1})", "{}", {"- a: 1"}},
      {"1", "{}", {"- 1", "+ {}"}},
  };
  for (const auto& [before, after, lines] : cases)
    EXPECT_EQ(json_differences(boost::json::parse(before), boost::json::parse(after)), lines) << before;
}

}  // namespace
}  // namespace remit::cli
