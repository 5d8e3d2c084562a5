#include "base/visible.h"

#include <gtest/gtest.h>

namespace remit {
namespace {

TEST(Visible, WhatActsOnATerminalOrHidesIsEscaped) {
  EXPECT_EQ(visible("plain, and ä – 漢"), "plain, and ä – 漢");
  EXPECT_EQ(visible("\x1b[2J\n"), "\\u{1B}[2J\\u{A}");
  EXPECT_EQ(visible("a\u202Eb\u200Bc"), "a\\u{202E}b\\u{200B}c");
  EXPECT_EQ(visible("caf\xe9!"), "caf\\xE9!");
}

TEST(Visible, AnExcerptIsOneBoundedLine) {
  EXPECT_EQ(excerpt("  two\n\n  words \n"), "two words");
  EXPECT_EQ(excerpt("abcdef", 3), "abc…");
  EXPECT_EQ(excerpt("ääää", 3), "ää…");
  EXPECT_EQ(excerpt("abc", 3), "abc");
  EXPECT_EQ(excerpt("a\x1b"), "a\\u{1B}");
  EXPECT_EQ(excerpt(""), "");
}

}  // namespace
}  // namespace remit
