#include "cli/output.h"

#include <gtest/gtest.h>

#include <boost/json/parse.hpp>

namespace remit::cli {
namespace {

TEST(Output, WhatActsOnATerminalIsMadeVisible) {
  const struct {
    std::string_view text, shown;
  } cases[] = {
      {"plain text, Ünïcödé and 日本", "plain text, Ünïcödé and 日本"},
      {"\x1b[31mred", "\\u{1B}[31mred"},
      {"line\nbreak\ttab", "line\\u{A}break\\u{9}tab"},
      {"pay\u202Eeuro", "pay\\u{202E}euro"},
      {"zero\u200Bwidth", "zero\\u{200B}width"},
      {"c1\u009Bcsi", "c1\\u{9B}csi"},
      {"tag\U000E0041", "tag\\u{E0041}"},
      {"not \xFF utf-8", "not \\xFF utf-8"},
      {"cut \xE6\x97", "cut \\xE6\\x97"},
      {"overlong \xC0\xAF", "overlong \\xC0\\xAF"},
      {"surrogate \xED\xA0\x80", "surrogate \\xED\\xA0\\x80"},
  };
  for (const auto& [text, shown] : cases) EXPECT_EQ(visible(text), shown);
}

TEST(Output, ACellShowsEveryKindOfValue) {
  const auto shown = [](std::string_view text) {
    const auto value = boost::json::parse(text);
    return cell(&value);
  };
  EXPECT_EQ(cell(nullptr), "-");
  EXPECT_EQ(shown("null"), "-");
  EXPECT_EQ(shown("[]"), "-");
  EXPECT_EQ(shown("true"), "yes");
  EXPECT_EQ(shown("42"), "42");
  EXPECT_EQ(shown(R"(["a","b"])"), "a, b");
  EXPECT_EQ(shown(R"([{"kind":"killed","reason":"x"},{"kind":"drift"}])"), "killed, drift");
}

TEST(Output, LinesStayLines) {
  EXPECT_EQ(visible_lines("one\ntwo\x1b"), (std::vector<std::string>{"one", "two\\u{1B}"}));
}

}  // namespace
}  // namespace remit::cli
