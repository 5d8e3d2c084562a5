#include "mcp/batch.h"

#include <gtest/gtest.h>

namespace remit::mcp {
namespace {

constexpr std::string_view kPing = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";

std::string batch_of(std::initializer_list<std::string_view> messages) {
  std::string text;
  for (const auto message : messages) text.append(text.empty() ? "[" : ", ").append(message);
  return text + "]";
}

TEST(Batch, IsReadMessageByMessage) {
  const auto text =
      " \r\n" + batch_of({kPing, R"({"jsonrpc":"2.0","method":"notifications/cancelled"})",
                          R"({"jsonrpc":"2.0","id":"b","method":"tools/list","params":{"a":[1,2]}})"});
  ASSERT_TRUE(is_batch(text));
  const auto parts = parse_batch(text, 3);
  ASSERT_TRUE(parts) << parts.error().error.message;
  ASSERT_EQ(parts->size(), 3U);
  EXPECT_EQ(parts->at(0)->method(), "ping");
  EXPECT_EQ(parts->at(1)->kind(), MessageKind::kNotification);
  EXPECT_EQ(parts->at(2)->id(), Id::string("b"));
  EXPECT_EQ(parts->at(2)->raw_params(), R"({"a":[1,2]})");
}

TEST(Batch, RefusesWhatIsWrongInItAlone) {
  const auto parts = parse_batch(batch_of({"1", kPing, R"({"jsonrpc":"2.0","id":7,"method":""})", "[]",
                                           R"({"jsonrpc":"2.0","id":8,"method":"initialize","params":{}})"}),
                                 9);
  ASSERT_TRUE(parts);
  ASSERT_EQ(parts->size(), 5U);
  EXPECT_EQ(parts->at(0).error().error.code, "RMT-M003");
  EXPECT_TRUE(parts->at(1));
  EXPECT_EQ(parts->at(2).error().id, Id::number(7));
  EXPECT_EQ(parts->at(3).error().error.code, "RMT-M003");
  EXPECT_EQ(parts->at(4).error().error.code, "RMT-M003");
  EXPECT_EQ(parts->at(4).error().id, Id::number(8));
}

TEST(Batch, IsRefusedAsAWholeWhereItIsNone) {
  const struct {
    std::string text;
    std::string_view code;
    int rpc_code;
  } cases[] = {{"[]", "RMT-M003", kInvalidRequest},
               {"{}", "RMT-M003", kInvalidRequest},
               {"[", "RMT-M001", kParseError},
               {batch_of({kPing, kPing}) + "]", "RMT-M001", kParseError},
               {batch_of({kPing, kPing, kPing}), "RMT-M002", kInvalidRequest},
               {"[" + std::string(200'000, '['), "RMT-M002", kInvalidRequest}};
  for (const auto& [text, code, rpc_code] : cases) {
    const auto parts = parse_batch(text, 2);
    ASSERT_FALSE(parts) << text.substr(0, 80);
    EXPECT_EQ(parts.error().error.code, code) << text.substr(0, 80);
    EXPECT_EQ(parts.error().rpc_code, rpc_code) << text.substr(0, 80);
  }
  for (const std::string_view text : {"", " ", "{}", "x[", "\"[\""}) EXPECT_FALSE(is_batch(text)) << text;
}

}  // namespace
}  // namespace remit::mcp
