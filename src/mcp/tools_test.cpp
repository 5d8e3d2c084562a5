#include "mcp/tools.h"

#include <gtest/gtest.h>

namespace remit::mcp {
namespace {

Message answer(std::string_view raw_result) {
  return parse_message(make_result(Id::number(1), raw_result)).value();
}
Message call(std::string_view raw_params) {
  return parse_message(make_request(Id::number(1), "tools/call", raw_params)).value();
}

TEST(Tools, NamesAreShortAndPlain) {
  for (const std::string_view name : {"a", "getUser", "admin.tools/list-v_2", "0"})
    EXPECT_TRUE(is_tool_name(name));
  EXPECT_TRUE(is_tool_name(std::string(128, 'x')));
  EXPECT_FALSE(is_tool_name(std::string(129, 'x')));
  for (const std::string_view name : {"", "a b", "a,b", "\xc3\xa9", "a\n", "a\\"})
    EXPECT_FALSE(is_tool_name(name));
}

TEST(Tools, AListKeepsDefinitionsByteForByteAndSetsBadOnesAside) {
  const std::string good =
      R"({ "name":"get","description":"d\u0041","inputSchema":{"type":"object","$defs":{"n":1.0}} })";
  const auto page =
      parse_tool_page(answer(R"({"tools":[)" + good +
                             R"(,{"name":"bad name","inputSchema":{"type":"object"}},7],"nextCursor":"c"})"));
  ASSERT_TRUE(page);
  ASSERT_EQ(page->tools.size(), 1U);
  EXPECT_EQ(page->tools[0].raw, good);
  EXPECT_EQ(page->tools[0].description, "dA");
  EXPECT_TRUE(page->tools[0].input_schema().contains("$defs"));
  ASSERT_EQ(page->refused.size(), 2U);
  EXPECT_EQ(page->refused[0].name, "bad name");
  EXPECT_EQ(page->next_cursor, "c");

  const std::string_view raw[] = {page->tools[0].raw};
  EXPECT_EQ(tool_list_result(raw), R"({"tools":[)" + good + "]}");
  EXPECT_EQ(tool_list_result({}, "x"), R"({"tools":[],"nextCursor":"x"})");
}

TEST(Tools, ADefinitionThatIsRefusedSaysWhere) {
  const auto refused = [](std::string_view raw) { return parse_tool(std::string(raw)).error(); };
  EXPECT_EQ(refused(R"([])").code, "RMT-M020");
  EXPECT_EQ(refused(R"({"name":"a b"})").message, "/name: is not 1 to 128 letters, digits or any of _ . / -");
  EXPECT_EQ(refused(R"({"name":"a"})").message, "the definition: has no `inputSchema`");
  EXPECT_EQ(refused(R"({"name":"a","inputSchema":{"type":"array"}})").message,
            R"(/inputSchema/type: must be "object")");
  EXPECT_EQ(refused("{").code, "RMT-M001");
}

TEST(Tools, AnAnswerThatIsNoListIsAnError) {
  for (const std::string_view raw : {R"({})", R"({"tools":{}})", R"({"tools":[],"nextCursor":7})"}) {
    const auto page = parse_tool_page(answer(raw));
    ASSERT_FALSE(page) << raw;
    EXPECT_EQ(page.error().code, "RMT-M021");
  }
}

TEST(Tools, TwoOfOneNameAreBothSetAside) {
  auto page =
      parse_tool_page(
          answer(
              R"({"tools":[{"name":"a","inputSchema":{"type":"object"}},{"name":"b","inputSchema":{"type":"object"}},{"name":"a","inputSchema":{"type":"object"}}]})"))
          .value();
  set_aside_doubles(page);
  ASSERT_EQ(page.tools.size(), 1U);
  EXPECT_EQ(page.tools[0].name, "b");
  ASSERT_EQ(page.refused.size(), 1U);
  EXPECT_EQ(page.refused[0].name, "a");
}

TEST(ToolCalls, AreReadWithTheirRawArguments) {
  const auto message =
      call(R"({"name":"pay","arguments":{ "amount":10.00 },"_meta":{"progressToken":"walk"}})");
  const auto read = parse_tool_call(message);
  ASSERT_TRUE(read);
  EXPECT_EQ(read->name, "pay");
  EXPECT_EQ(read->raw_arguments, R"({ "amount":10.00 })");
  EXPECT_TRUE(read->arguments->contains("amount"));
  EXPECT_EQ(read->progress_token->raw(), "\"walk\"");
  EXPECT_EQ(read->raw_meta, R"({"progressToken":"walk"})");
  EXPECT_FALSE(read->wants_task);
}

TEST(ToolCalls, WithoutArgumentsHaveNone) {
  const auto message = call(R"({"name":"now","task":{}})");
  const auto read = parse_tool_call(message).value();
  EXPECT_EQ(read.raw_arguments, "{}");
  EXPECT_TRUE(read.arguments->empty());
  EXPECT_FALSE(read.progress_token);
  EXPECT_TRUE(read.wants_task);
}

TEST(ToolCalls, OfTheWrongShapeAreInvalidParamsUnderTheirId) {
  for (const std::string_view params :
       {R"({})", R"({"name":7})", R"({"name":""})", R"({"name":"a","arguments":[]})",
        R"({"name":"a","arguments":null})", R"({"name":"a","_meta":7})",
        R"({"name":"a","_meta":{"progressToken":1.5}})", R"({"name":"a","_meta":{"progressToken":null}})"}) {
    const auto message = call(params);
    const auto read = parse_tool_call(message);
    ASSERT_FALSE(read) << params;
    EXPECT_EQ(read.error().rpc_code, kInvalidParams);
    EXPECT_EQ(read.error().id->raw(), "1");
  }
}

TEST(ToolCalls, AreWrittenWithTheirRawParts) {
  EXPECT_EQ(tool_call_params("a", R"({ "n":1.0 })"), R"({"name":"a","arguments":{ "n":1.0 }})");
  EXPECT_EQ(tool_call_params("a", "{}", R"({"k":1})"), R"({"name":"a","arguments":{},"_meta":{"k":1}})");
}

TEST(ToolResults, AreInspectedForErrors) {
  const auto plain = answer(R"({"content":[]})");
  EXPECT_FALSE(inspect_call_result(plain).value().is_error);
  const auto error = answer(R"({"content":[{"type":"text","text":"no"}],"isError":true})");
  EXPECT_TRUE(inspect_call_result(error).value().is_error);
  EXPECT_EQ(inspect_call_result(error).value().content->size(), 1U);
  const auto structured = answer(R"({"structuredContent":{"a":1}})");
  EXPECT_TRUE(inspect_call_result(structured).value().has_structured_content);
  for (const std::string_view raw : {R"({})", R"({"content":{}})", R"({"content":[],"isError":"yes"})"}) {
    const auto bad = answer(raw);
    ASSERT_FALSE(inspect_call_result(bad)) << raw;
    EXPECT_EQ(inspect_call_result(bad).error().code, "RMT-M021");
  }
}

TEST(ToolResults, OfRefusedCallsAreReadableByModels) {
  const auto message = answer(tool_error_result("not \"granted\"", R"({"k":1})"));
  EXPECT_TRUE(inspect_call_result(message).value().is_error);
  EXPECT_TRUE(message.meta()->contains("k"));
}

}  // namespace
}  // namespace remit::mcp
