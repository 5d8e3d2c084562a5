#include "cli/line_diff.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace remit::cli {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(LineDiff, IsEmptyWhereNothingDiffers) {
  EXPECT_THAT(line_diff("", ""), IsEmpty());
  EXPECT_THAT(line_diff("a\nb\n", "a\nb\n"), IsEmpty());
  EXPECT_THAT(line_diff("a\nb", "a\nb\n"), IsEmpty())
      << "the end of the last line is none of policies' matter";
}

TEST(LineDiff, ShowsWhatWentAndWhatCame) {
  EXPECT_THAT(line_diff("", "a\nb\n"), ElementsAre("+ a", "+ b"));
  EXPECT_THAT(line_diff("a\nb\n", ""), ElementsAre("- a", "- b"));
  EXPECT_THAT(line_diff("a\nb\nc\n", "a\nx\nc\n"), ElementsAre("  a", "- b", "+ x", "  c"));
  EXPECT_THAT(line_diff("a\nb\nc\n", "a\nc\nd\n"), ElementsAre("  a", "- b", "  c", "+ d"));
}

TEST(LineDiff, LeavesOutWhatIsFarFromAnyChange) {
  EXPECT_THAT(line_diff("1\n2\n3\n4\n5\n6\n7\n8\n9\n", "1\n2\n3\n4\nx\n6\n7\n8\n9\n"),
              ElementsAre("  …", "  3", "  4", "- 5", "+ x", "  6", "  7", "  …"));
}

TEST(LineDiff, ShowsLargeTextsAsReplaced) {
  std::string before, after;
  for (int i = 0; i < 5000; ++i) {
    before += "b" + std::to_string(i) + "\n";
    after += "a" + std::to_string(i) + "\n";
  }
  const auto diff = line_diff("same\n" + before, "same\n" + after);
  ASSERT_EQ(diff.size(), 10001U);
  EXPECT_EQ(diff[1], "- b0");
  EXPECT_EQ(diff.back(), "+ a4999");
}

}  // namespace
}  // namespace remit::cli
