#include "mcp/last_words.h"

#include <gtest/gtest.h>

namespace remit::mcp {
namespace {

TEST(LastWords, AreTheLastLinesMadePrintable) {
  const struct {
    std::string_view text, shown;
  } cases[] = {{"", ""},
               {"\n\n \n", ""},
               {"one\ntwo\r\n\nthree", "one\ntwo\nthree"},
               {"a\x1b[31mred\x07\tb", "a\\x1b[31mred\\x07 b"},
               {"\xff\xc3\xa4\xc2\x9b", "\\xffä\\xc2\\x9b"},
               {"right\xe2\x80\xaeleft", "right\\xe2\\x80\\xaeleft"}};
  for (const auto& c : cases) EXPECT_EQ(last_words(c.text), c.shown);
}

TEST(LastWords, AreBounded) {
  std::string many;
  for (int i = 0; i < 100; ++i) many += std::to_string(i) + "\n";
  EXPECT_EQ(last_words(many).substr(0, 3), "88\n");
  const auto cut = last_words(std::string(100'000, 'x') + "end");
  EXPECT_LT(cut.size(), 1300U);
  EXPECT_TRUE(cut.starts_with("…x") && cut.ends_with("end"));
  EXPECT_LT(last_words(std::string(100'000, '\x01')).size(), 5000U);
}

}  // namespace
}  // namespace remit::mcp
