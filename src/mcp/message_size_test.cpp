#include "mcp/message_size.h"

#include <gtest/gtest.h>

namespace remit::mcp {
namespace {

constexpr SizeLimits kLimits = {.members = 20, .values = 50};

std::string members(int count) {
  std::string text = "{";
  for (int i = 0; i < count; ++i) text += (i > 0 ? ",\"" : "\"") + std::to_string(i) + "\":1";
  return text + "}";
}

std::string elements(int count) {
  std::string text = "[";
  for (int i = 0; i < count; ++i) text += i > 0 ? ", {}" : "{}";
  return text + "]";
}

TEST(MessageSize, CountsMembersOfEachObjectAndValuesInAll) {
  for (const auto& text : {std::string(), std::string("1"), members(20),
                           "[" + members(20) + "," + members(20) + "]", elements(49)})
    EXPECT_EQ(over_size(text, kLimits), std::nullopt) << text;
  for (const auto& text : {members(21), "[[" + members(21) + "]]", R"({"a":[{"b":)" + members(30) + "}]}"})
    EXPECT_EQ(over_size(text, kLimits), "the message has an object of more than 20 members") << text;
  for (const auto& text : {elements(50), "[" + elements(24) + "," + elements(24) + "]",
                           "[" + members(16) + "," + members(16) + "," + members(16) + "]"})
    EXPECT_EQ(over_size(text, kLimits), "the message has more than 50 values") << text;
}

TEST(MessageSize, WhatStandsInStringsCountsForNothing) {
  EXPECT_EQ(over_size(R"({"a,:[{\":":"b:,[{\\","c":")" + std::string(500, ':') + R"("})", kLimits),
            std::nullopt);
}

TEST(MessageSize, ReadsWhatIsNoJsonToItsEnd) {
  for (const std::string_view start : {"\"", "\"\\", "}}}]]]", "{:::", "[,,,", "\"a\\"})
    over_size(std::string(start) + std::string(300, ' '), kLimits);
}

}  // namespace
}  // namespace remit::mcp
