#include "mcp/glimpse.h"

#include <gtest/gtest.h>

namespace remit::mcp {
namespace {

struct Case {
  std::string_view text;
  std::string_view id;  // raw; empty: none
  bool is_answer;
};

TEST(Glimpse, MakesOutTheIdOfWhatIsNoJson) {
  const Case cases[] = {
      {R"({"jsonrpc":"2.0","id":3,"result":{"x":NaN}})", "3", true},
      {R"({"result":{"id":9,"a":[{"id":8}]},"id" : "k","jsonrpc":"2.0",})", R"("k")", true},
      {"{\"id\":4,\"result\":{\"t\":\"caf\xe9\"}}", "4", true},
      {R"({"id":5,"result":{"a":1,"a":2}})", "5", true},
      {R"({"jsonrpc":"2.0","id":6)", "6", true},
      {R"({"jsonrpc":"2.0","id":)", "", true},
      {R"({"id":1,"id":2,"result":{}})", "", true},
      {R"({"id":{"id":1},"result":NaN})", "", true},
      {R"({"a":"\"id\":7","result":NaN})", "", true},
      {R"({"method":"notifications/progress","params":{"progress":NaN}})", "", false},
      {R"({"id":7,"method":"ping",})", "7", false},
      {"<html>", "", false},
      {"Server started {\"id\":1}", "", false},
      {"[1]", "", false},
      {"", "", false},
  };
  for (const auto& c : cases) {
    const auto seen = glimpse(c.text);
    EXPECT_EQ(seen.id ? seen.id->raw() : "", c.id) << c.text;
    EXPECT_EQ(seen.is_answer, c.is_answer) << c.text;
  }
}

TEST(Glimpse, IsInTheRefusalOfWhatAServerSends) {
  const std::string text = R"({"jsonrpc":"2.0","id":3,"result":{"x":NaN}})";
  const auto of_server = parse_message(text, server_limits(1024));
  ASSERT_TRUE(of_server.error().id);
  EXPECT_EQ(of_server.error().id->raw(), "3");
  EXPECT_TRUE(of_server.error().is_answer);
  EXPECT_NE(of_server.error().error.message.find("1:39"), std::string::npos)
      << of_server.error().error.message;
  EXPECT_NE(of_server.error().error.message.find("NaN"), std::string::npos);
  EXPECT_FALSE(parse_message(text).error().id);  // an agent's is read by the rules alone
}

TEST(Glimpse, SaysWhatCameInPlaceOfJson) {
  for (const auto& [text, said] : {std::pair<std::string, std::string_view>{" <html>", "HTML"},
                                   {"", "empty"},
                                   {"\x1f\x8b\x08", "gzip"},
                                   {"{\"id\":1,\"result\":\"caf\xe9\"}", "not UTF-8"},
                                   {R"({"id":1,"result":1,"result":2})", "there twice"}}) {
    const auto refused = parse_message(text, server_limits(1024));
    EXPECT_NE(refused.error().error.message.find(said), std::string::npos) << refused.error().error.message;
  }
}

}  // namespace
}  // namespace remit::mcp
