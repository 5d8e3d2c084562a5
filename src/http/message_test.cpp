#include "http/message.h"

#include <gtest/gtest.h>

#include "http/problem.h"

namespace remit::http {
namespace {

TEST(Headers, AreFoundWithoutRegardToCaseAndKeepTheirOrder) {
  Headers headers = {{"Accept", "a"}, {"X-One", "1"}, {"accept", "b"}};
  EXPECT_EQ(*headers.find("ACCEPT"), "a");
  EXPECT_EQ(headers.all("Accept"), (std::vector<std::string_view>{"a", "b"}));
  EXPECT_EQ(headers.count("accept"), 2u);
  EXPECT_EQ(headers.find("x-two"), nullptr);
  EXPECT_EQ(headers.begin()[1].first, "X-One");
}

TEST(Headers, SetReplacesEveryValueAndRemoveTakesThemAll) {
  Headers headers = {{"A", "1"}, {"a", "2"}, {"B", "3"}};
  headers.set("A", "4");
  EXPECT_EQ(headers.all("a"), std::vector<std::string_view>{"4"});
  headers.remove("b");
  EXPECT_EQ(headers.size(), 1u);
}

TEST(Headers, AFieldThatWouldBreakTheMessageIsNotValid) {
  EXPECT_TRUE(is_valid_field("Mcp-Session-Id", "a b\t\xC3\xA9"));
  EXPECT_FALSE(is_valid_field("", "x"));
  EXPECT_FALSE(is_valid_field("A B", "x"));
  EXPECT_FALSE(is_valid_field("A:", "x"));
  EXPECT_FALSE(is_valid_field("A", "x\r\nSet-Cookie: y"));
  EXPECT_FALSE(is_valid_field("A", "x\ny"));
  EXPECT_FALSE(is_valid_field("A", std::string_view("x\0y", 3)));
}

TEST(Methods, AreCaseSensitive) {
  EXPECT_EQ(parse_method("DELETE"), Method::kDelete);
  EXPECT_EQ(parse_method("delete"), std::nullopt);
  EXPECT_EQ(parse_method("TRACE"), std::nullopt);
  EXPECT_EQ(to_string(Method::kPatch), "PATCH");
}

TEST(Problem, CarriesCodeTitleDetailAndFix) {
  auto response = problem(413, {ErrorKind::kTooLarge, "RMT-H003", "the body is over 10 bytes"});
  EXPECT_EQ(response.status, 413);
  EXPECT_EQ(*response.headers.find("content-type"), "application/problem+json");
  for (auto part : {R"("type":"urn:remit:error:RMT-H003")", R"("title":"An HTTP body over the limit")",
                    R"("status":413)", R"("detail":"the body is over 10 bytes")", R"("fix":"Send a smaller)"})
    EXPECT_TRUE(response.body.contains(part)) << response.body;
}

TEST(Problem, MethodNotAllowedNamesTheMethodsThatAre) {
  auto response = method_not_allowed(Method::kPut, "GET, POST");
  EXPECT_EQ(response.status, 405);
  EXPECT_EQ(*response.headers.find("Allow"), "GET, POST");
}

}  // namespace
}  // namespace remit::http
