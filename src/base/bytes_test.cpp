#include "base/bytes.h"

#include <gmock/gmock.h>
#include <rapidcheck/gtest.h>

namespace remit {
namespace {

TEST(Bytes, Base64MatchesTheVectorsOfRfc4648) {
  const std::pair<std::string_view, std::string_view> cases[] = {{"", ""},
                                                                 {"f", "Zg=="},
                                                                 {"fo", "Zm8="},
                                                                 {"foo", "Zm9v"},
                                                                 {"foob", "Zm9vYg=="},
                                                                 {"fooba", "Zm9vYmE="},
                                                                 {"foobar", "Zm9vYmFy"}};
  for (const auto& [plain, encoded] : cases) {
    EXPECT_EQ(to_base64(as_bytes(plain)), encoded);
    const auto decoded = from_base64(encoded);
    ASSERT_TRUE(decoded) << encoded;
    EXPECT_EQ(as_text(*decoded), plain);
  }
}

TEST(Bytes, DecodersRefuseWhatCanBeReadTwoWays) {
  for (std::string_view text : {"Zg", "Zg=", "Zh==", "Z===", "Zm9v=", "Zm 9", "Zm9-", "=", "===="})
    EXPECT_FALSE(from_base64(text)) << text;
  for (std::string_view text : {"Zg==", "Zh", "Z", "Zm9+", "Zm9\n"})
    EXPECT_FALSE(from_base64url(text)) << text;
  for (std::string_view text : {"0", "0G", "AB", "a "}) EXPECT_FALSE(from_hex(text)) << text;
}

TEST(Bytes, ErrorsDoNotQuoteTheValueSinceItMayBeASecret) {
  const auto decoded = from_base64url("hunter2!");
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code, "RMT-B001");
  EXPECT_THAT(decoded.error().message, ::testing::Not(::testing::HasSubstr("hunter2")));
}

RC_GTEST_PROP(Bytes, EveryEncodingGivesBackWhatWentIn, (const Bytes& bytes)) {
  RC_ASSERT(from_hex(to_hex(bytes)).value() == bytes);
  RC_ASSERT(from_base64(to_base64(bytes)).value() == bytes);
  RC_ASSERT(from_base64url(to_base64url(bytes)).value() == bytes);
}

RC_GTEST_PROP(Bytes, WhatDecodesEncodesToTheSameText, ()) {
  const auto text = *rc::gen::container<std::string>(rc::gen::elementOf(std::string("ABab01-_=+/")));
  if (const auto bytes = from_base64url(text)) RC_ASSERT(to_base64url(*bytes) == text);
  if (const auto bytes = from_base64(text)) RC_ASSERT(to_base64(*bytes) == text);
}

TEST(Bytes, ConstantTimeEqualityTellsEqualFromDifferent) {
  EXPECT_TRUE(equal_constant_time(as_bytes("abc"), as_bytes("abc")));
  EXPECT_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("abd")));
  EXPECT_FALSE(equal_constant_time(as_bytes("abc"), as_bytes("ab")));
}

}  // namespace
}  // namespace remit
