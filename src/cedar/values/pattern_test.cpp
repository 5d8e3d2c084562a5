#include "cedar/values/pattern.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <chrono>
#include <string>
#include <vector>

namespace cedar {
namespace {

// The definition: a wildcard takes nothing, or one byte and goes on.
bool matches_by_definition(std::string_view pattern, std::string_view text) {
  std::vector<bool> ends(text.size() + 1, false);
  ends[0] = true;
  for (const char c : pattern) {
    std::vector<bool> next(text.size() + 1, false);
    bool reached = false;
    for (std::size_t i = 0; i <= text.size(); ++i) {
      reached = reached || ends[i];
      if (c == '*') {
        next[i] = reached;
      } else if (i > 0 && text[i - 1] == c) {
        next[i] = ends[i - 1];
      }
    }
    ends = next;
  }
  return ends.back();
}

bool matches(std::string_view pattern, std::string_view text) {
  std::vector<std::string_view> pieces;
  for (std::size_t star = pattern.find('*'); star != std::string_view::npos; star = pattern.find('*')) {
    pieces.push_back(pattern.substr(0, star));
    pattern.remove_prefix(star + 1);
  }
  pieces.push_back(pattern);
  return Pattern{pieces}.matches(text);
}

RC_GTEST_PROP(Pattern, MatchesAsDefined, ()) {
  const auto pattern = *rc::gen::container<std::string>(rc::gen::element('a', 'b', '*'));
  const auto text = *rc::gen::container<std::string>(rc::gen::element('a', 'b'));
  RC_ASSERT(matches(pattern, text) == matches_by_definition(pattern, text));
}

TEST(Pattern, AHostilePatternTakesLinearTime) {
  std::string pattern;
  for (int i = 0; i < 100'000; ++i) pattern += "*a";
  pattern += "*b*";
  const std::string text(500'000, 'a');
  const auto start = std::chrono::steady_clock::now();
  EXPECT_FALSE(matches(pattern, text));
  EXPECT_LT(std::chrono::steady_clock::now() - start, std::chrono::seconds(5));
}

}  // namespace
}  // namespace cedar
