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

TEST(Output, AnInstantIsShownToTheSecondAndFromNowOnATerminal) {
  const boost::json::value value("2027-02-22T08:00:00.123456Z");
  EXPECT_EQ(cell(&value), "2027-02-22T08:00:00Z");
  const auto now = parse_instant("2027-02-22T08:00:00Z").value();
  const struct {
    std::string_view instant, shown;
  } cases[] = {{"2027-05-22T08:00:00Z", "in 89 d"},
               {"2027-02-22T10:30:00Z", "in 2 h"},
               {"2027-02-22T07:57:00Z", "3 min ago"},
               {"2027-02-22T07:58:30Z", "90 s ago"},
               {"2027-02-22T08:00:00Z", "0 s ago"}};
  for (const auto& [instant, shown] : cases) EXPECT_EQ(from_now(parse_instant(instant).value(), now), shown);
}

TEST(Output, NumbersAgreeWithTheirWords) {
  EXPECT_EQ(counted(1, "tool"), "1 tool");
  EXPECT_EQ(counted(0, "tool"), "0 tools");
  EXPECT_EQ(counted(2, "identity", "identities"), "2 identities");
}

TEST(Output, AWideLetterTakesTwoColumns) {
  EXPECT_EQ(width("abc"), 3U);
  EXPECT_EQ(width("日本"), 4U);
  EXPECT_EQ(width("e\u0301"), 1U);
  EXPECT_EQ(width("Ü…"), 2U);
}

TEST(Output, ATableFitsItsTerminalAndIsWholeInAPipe) {
  const std::vector<std::string> headings{"NAME", "WHAT"};
  const std::vector<std::vector<std::string>> rows{{"日本", std::string(60, 'x')}, {"ab", "short"}};
  const auto whole = table_lines({}, headings, rows);
  EXPECT_EQ(whole.at(1), "日本  " + std::string(60, 'x'));
  EXPECT_EQ(whole.at(2), "ab    short");
  for (const auto& line : table_lines({.terminal = true, .columns = 40}, headings, rows))
    EXPECT_LE(width(line), 40U) << line;
  EXPECT_TRUE(table_lines({.terminal = true, .columns = 40}, headings, rows).at(1).ends_with("…"));
}

TEST(Output, AVerdictHasAColourWhereThereAreColours) {
  const std::vector<std::vector<std::string>> rows{{"deny"}, {"denying"}};
  const auto lines = table_lines({.terminal = true, .colours = true, .columns = 80}, {"VERDICT"}, rows);
  EXPECT_EQ(lines.at(1), "\x1b[31mdeny\x1b[0m");
  EXPECT_EQ(lines.at(2), "denying");
}

TEST(Output, LinesStayLines) {
  EXPECT_EQ(visible_lines("one\ntwo\x1b"), (std::vector<std::string>{"one", "two\\u{1B}"}));
}

}  // namespace
}  // namespace remit::cli
