#include "mcp/id_finder.h"

#include <gtest/gtest.h>

namespace remit::mcp {
namespace {

std::string found(std::string_view text, std::size_t piece) {
  IdFinder finder;
  for (std::size_t at = 0; at < text.size(); at += piece) finder.read(text.substr(at, piece));
  const auto id = finder.request_id();
  return id ? id->raw() : "none";
}

TEST(IdFinder, FindsTheIdOfARequestWhereverItStandsAndHoweverItIsCut) {
  const struct {
    std::string_view text, id;
  } cases[] = {
      {R"({"jsonrpc":"2.0","id":7,"method":"ping"})", "7"},
      {R"( { "id" : "a\"b\\" , "method" : "x" } )", R"("a\"b\\")"},
      {R"({"method":"tools/call","params":{"id":1,"a":["id",{"id":2}],"s":"},\"id\":3"},"jsonrpc":"2.0","id":4})",
       "4"},
      {R"({"params":{"text":"\\"},"method":"x","id":-5})", "-5"},
      {R"({"id":1,"method":"x","id":2})", "none"},
      {R"({"id":1,"result":{}})", "none"},
      {R"({"id":null,"method":"x"})", "none"},
      {R"({"id":1.5,"method":"x"})", "none"},
      {R"({"id":[1],"method":"x"})", "none"},
      {R"({"id":{"id":1},"method":"x"})", "none"},
      {R"({"method":"x","params":{"id":1}})", "none"},
      {R"({"method":"x","x":"id","id2":1})", "none"},
      {R"([{"id":1,"method":"x"}])", "none"},
      {R"("id":1,"method":"x")", "none"},
      {R"({"id":1}{"id":2,"method":"x"})", "none"},
      {"", "none"},
  };
  for (const auto& [text, id] : cases)
    for (const std::size_t piece : {1U, 2U, 7U, 1000U})
      EXPECT_EQ(found(text, piece), id) << text << " in " << piece;
  IdFinder answer;
  answer.read(R"({"result":{"id":1},"jsonrpc":"2.0","id":5})");
  EXPECT_FALSE(answer.request_id());
  EXPECT_EQ(answer.answer_id()->raw(), "5");
  IdFinder request;
  request.read(R"({"method":"ping","id":5})");
  EXPECT_FALSE(request.answer_id());
  const auto long_id = R"({"method":"x","id":")" + std::string(300, 'x') + R"("})";
  EXPECT_EQ(found(long_id, 10), "none");
}

}  // namespace
}  // namespace remit::mcp
