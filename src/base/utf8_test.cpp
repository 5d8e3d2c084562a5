#include "base/utf8.h"

#include <gmock/gmock.h>

#include <string>
#include <vector>

namespace remit {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::IsEmpty;

std::vector<char32_t> code_points(std::string_view text) {
  std::vector<char32_t> points;
  while (!text.empty()) points.push_back(take_code_point(text));
  return points;
}

TEST(Utf8, IsReadCodePointByCodePoint) {
  EXPECT_THAT(code_points(""), IsEmpty());
  EXPECT_THAT(code_points(std::string_view("a\0", 2)), ElementsAre(U'a', U'\0'));
  EXPECT_THAT(code_points("\u007f\u0080\u07ff\u0800\ud7ff\ue000\uffff\U00010000\U0010ffff"),
              ElementsAre(0x7f, 0x80, 0x7ff, 0x800, 0xd7ff, 0xe000, 0xffff, 0x10000, 0x10ffff));
}

TEST(Utf8, GoesOnBehindASequenceThatBreaksOff) {
  EXPECT_THAT(code_points("\xc3(\xe2\x82)\xf0\xc3\xa9"),
              ElementsAre(kNotUtf8, U'(', kNotUtf8, U')', kNotUtf8, U'é'));
}

TEST(Utf8, HasOneFormForEachCodePointAndNoneForSurrogates) {
  for (std::string_view text : {"\x80", "\xbf", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xf0\x8f\xbf\xbf",
                                "\xed\xa0\x80", "\xed\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80",
                                "\xff", "\xc3", "\xe2\x82", "\xf0\x9f\x98", "\xc3("})
    EXPECT_THAT(code_points(text), Contains(kNotUtf8)) << testing::PrintToString(text);
}

TEST(Utf8, AHeadEndsBetweenCharacters) {
  EXPECT_EQ(utf8_head("abc", 3), "abc");
  EXPECT_EQ(utf8_head("abc", 2), "ab");
  EXPECT_EQ(utf8_head("a\xc3\xa9", 2), "a");
  EXPECT_EQ(utf8_head("\xf0\x9f\x98\x80x", 3), "");
  EXPECT_EQ(utf8_head("\xf0\x9f\x98\x80x", 4), "\xf0\x9f\x98\x80");
  EXPECT_EQ(utf8_head("", 0), "");
}

}  // namespace
}  // namespace remit
