#include "mcp/message.h"

#include <gtest/gtest.h>

namespace remit::mcp {
namespace {

TEST(Message, ReadsEachKind) {
  const struct {
    std::string text;
    MessageKind kind;
    std::string id, method, params, result, error;
  } cases[] = {
      {R"({"jsonrpc":"2.0","id":0,"method":"ping"})", MessageKind::kRequest, "0", "ping", "", "", ""},
      {R"({"jsonrpc":"2.0","id":"a-0","method":"tools/call","params":{ "n":1.50 }})", MessageKind::kRequest,
       "\"a-0\"", "tools/call", R"({ "n":1.50 })", "", ""},
      {R"({"method":"notifications/initialized","jsonrpc":"2.0"})", MessageKind::kNotification, "",
       "notifications/initialized", "", "", ""},
      {R"({"jsonrpc":"2.0","id":7,"result":{}})", MessageKind::kResponse, "7", "", "", "{}", ""},
      {R"({"jsonrpc":"2.0","id":7,"error":{"code":-1,"message":"no"}})", MessageKind::kError, "7", "", "", "",
       R"({"code":-1,"message":"no"})"},
      {R"({"jsonrpc":"2.0","id":null,"error":{"code":-32000,"message":"no"}})", MessageKind::kError, "", "",
       "", "", R"({"code":-32000,"message":"no"})"},
      {R"({"jsonrpc":"2.0","error":{"code":-32700,"message":"no"}})", MessageKind::kError, "", "", "", "",
       R"({"code":-32700,"message":"no"})"},
  };
  for (const auto& c : cases) {
    const auto m = parse_message(c.text);
    ASSERT_TRUE(m) << c.text << m.error().error.message;
    EXPECT_EQ(m->kind(), c.kind) << c.text;
    EXPECT_EQ(m->id() ? m->id()->raw() : "", c.id) << c.text;
    EXPECT_EQ(m->method(), c.method) << c.text;
    EXPECT_EQ(m->raw_params(), c.params) << c.text;
    EXPECT_EQ(m->raw_result(), c.result) << c.text;
    EXPECT_EQ(m->raw_error(), c.error) << c.text;
  }
}

TEST(Message, RefusesWhatIsNoMessageAndAnswersUnderItsId) {
  const std::string deep = R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"a":)" + std::string(80, '[') +
                           std::string(80, ']') + "}}";
  const struct {
    std::string text;
    int rpc_code;
    std::string_view code;
    std::string id;
  } cases[] = {
      {"", kParseError, "RMT-M001", ""},
      {"{", kParseError, "RMT-M001", ""},
      {"{} {}", kParseError, "RMT-M001", ""},
      {"{\"jsonrpc\":\"2.0\",\"id\":1,\"method\":\"\xff\"}", kParseError, "RMT-M001", ""},
      {R"({"jsonrpc":"2.0","id":1,"id":2,"method":"m"})", kParseError, "RMT-M001", ""},
      {R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"a":1,"\u0061":2}})", kParseError, "RMT-M001", ""},
      {deep, kInvalidRequest, "RMT-M002", "1"},
      {"[]", kInvalidRequest, "RMT-M003", ""},
      {R"([{"jsonrpc":"2.0","id":1,"method":"ping"}])", kInvalidRequest, "RMT-M003", ""},
      {"7", kInvalidRequest, "RMT-M003", ""},
      {"{}", kInvalidRequest, "RMT-M003", ""},
      {R"({"id":5,"method":"m"})", kInvalidRequest, "RMT-M003", "5"},
      {R"({"jsonrpc":"1.0","id":5,"method":"m"})", kInvalidRequest, "RMT-M003", "5"},
      {R"({"jsonrpc":2.0,"id":"x","method":"m"})", kInvalidRequest, "RMT-M003", "\"x\""},
      {R"({"jsonrpc":"2.0","id":null,"method":"m"})", kInvalidRequest, "RMT-M003", ""},
      {R"({"jsonrpc":"2.0","id":1.5,"method":"m"})", kInvalidRequest, "RMT-M003", ""},
      {R"({"jsonrpc":"2.0","id":1e-1,"method":"m"})", kInvalidRequest, "RMT-M003", ""},
      {R"({"jsonrpc":"2.0","id":true,"method":"m"})", kInvalidRequest, "RMT-M003", ""},
      {R"({"jsonrpc":"2.0","id":{},"method":"m"})", kInvalidRequest, "RMT-M003", ""},
      {R"({"jsonrpc":"2.0","id":")" + std::string(300, 'x') + R"(","method":"m"})", kInvalidRequest,
       "RMT-M002", ""},
      {R"({"jsonrpc":"2.0","id":1})", kInvalidRequest, "RMT-M003", "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":7})", kInvalidRequest, "RMT-M003", "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":""})", kInvalidRequest, "RMT-M003", "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":")" + std::string(200, 'x') + R"("})", kInvalidRequest, "RMT-M003",
       "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":"m","result":{}})", kInvalidRequest, "RMT-M003", "1"},
      {R"({"jsonrpc":"2.0","id":1,"result":{},"error":{"code":1,"message":""}})", kInvalidRequest, "RMT-M003",
       "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":"m","params":[]})", kInvalidParams, "RMT-M004", "1"},
      {R"({"jsonrpc":"2.0","id":1,"method":"m","params":null})", kInvalidParams, "RMT-M004", "1"},
      {R"({"jsonrpc":"2.0","result":{}})", kInvalidRequest, "RMT-M003", ""},
      {R"({"jsonrpc":"2.0","id":null,"result":{}})", kInvalidRequest, "RMT-M003", ""},
      {R"({"jsonrpc":"2.0","id":1,"result":7})", kInvalidRequest, "RMT-M003", "1"},
      {R"({"jsonrpc":"2.0","id":1,"result":{},"params":{}})", kInvalidRequest, "RMT-M003", "1"},
      {R"({"jsonrpc":"2.0","id":1,"error":7})", kInvalidRequest, "RMT-M003", "1"},
      {R"({"jsonrpc":"2.0","id":1,"error":{"code":1.5,"message":""}})", kInvalidRequest, "RMT-M003", "1"},
      {R"({"jsonrpc":"2.0","id":1,"error":{"code":99999999999,"message":""}})", kInvalidRequest, "RMT-M003",
       "1"},
      {R"({"jsonrpc":"2.0","id":1,"error":{"code":1}})", kInvalidRequest, "RMT-M003", "1"},
  };
  for (const auto& c : cases) {
    const auto m = parse_message(c.text);
    ASSERT_FALSE(m) << c.text;
    EXPECT_EQ(m.error().rpc_code, c.rpc_code) << c.text;
    EXPECT_EQ(m.error().error.code, c.code) << c.text;
    EXPECT_EQ(m.error().id ? m.error().id->raw() : "", c.id) << c.text;
  }
}

TEST(Message, HoldsToTheLimitOfSize) {
  const std::string text = R"({"jsonrpc":"2.0","id":1,"method":"ping"})";
  EXPECT_TRUE(parse_message(text, {.max_bytes = text.size()}));
  const auto refused = parse_message(text, {.max_bytes = text.size() - 1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().error.kind, ErrorKind::kTooLarge);
}

TEST(Message, StaysReadableWhenMoved) {
  auto first = parse_message(R"({"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"k":1}}})").value();
  const Message second = std::move(first);
  EXPECT_EQ(second.raw_params(), R"({"_meta":{"k":1}})");
  ASSERT_NE(second.meta(), nullptr);
  EXPECT_TRUE(second.meta()->contains("k"));
}

TEST(Message, TellsAnErrorsCodeAndText) {
  const auto m =
      parse_message(R"({"jsonrpc":"2.0","id":1,"error":{"code":-32042,"message":"go","data":{}}})").value();
  EXPECT_EQ(m.error_code(), -32042);
  EXPECT_EQ(m.error_message(), "go");
  EXPECT_EQ(m.params(), nullptr);
}

std::optional<Id> id_of(std::string_view raw) {
  auto m = parse_message(R"({"jsonrpc":"2.0","method":"m","id":)" + std::string(raw) + "}");
  return m ? m->id() : std::nullopt;
}

TEST(Id, IsKeptAsSentAndComparedByMeaning) {
  for (const std::string_view raw :
       {"0", "-1", "9007199254740993", "18446744073709551615", "99999999999999999999999", "\"\"", "\"1\"",
        R"("\u0061\/")", "\"\xc3\xa9\""}) {
    ASSERT_TRUE(id_of(raw)) << raw;
    EXPECT_EQ(id_of(raw)->raw(), raw);
  }
  EXPECT_EQ(id_of(R"("\u0061")"), id_of(R"("a")"));
  EXPECT_NE(id_of("1"), id_of(R"("1")"));
  EXPECT_NE(id_of("99999999999999999999998"), id_of("99999999999999999999999"));
  EXPECT_EQ(id_of("12")->as_number(), 12);
  EXPECT_EQ(id_of("\"12\"")->as_number(), std::nullopt);
  EXPECT_EQ(Id::number(0), *id_of("0"));
  EXPECT_EQ(Id::string("a\"b").raw(), R"("a\"b")");
}

TEST(Id, AnIntegerIsItsValueHoweverItIsWritten) {
  const struct {
    std::string_view raw;
    std::int64_t value;
  } integers[] = {{"1.0", 1},     {"1e0", 1},       {"1E+0", 1},    {"10e-1", 1},
                  {"0.1e1", 1},   {"0.010e2", 1},   {"-0", 0},      {"0.0", 0},
                  {"0e99999", 0}, {"-7.000", -7},   {"1e3", 1000},  {"1.5e1", 15},
                  {"120e-1", 12}, {"-0.25e2", -25}, {"1000", 1000}, {"9007199254740993.0", 9007199254740993},
                  {"0.0e-9", 0},  {"100.00e-2", 1}};
  for (const auto& [raw, value] : integers) {
    const auto id = id_of(raw);
    ASSERT_TRUE(id) << raw;
    EXPECT_EQ(*id, Id::number(value)) << raw;
    EXPECT_EQ(id->as_number(), value) << raw;
    EXPECT_EQ(id->raw(), raw);
  }
  for (const std::string_view raw : {"1.5", "1e-1", "0.1", "15e-1", "1e-400", "1.0000000000000001",
                                     "1e-99999999999999999999", "100e-3", "1e400"})
    EXPECT_FALSE(id_of(raw)) << raw;
  EXPECT_EQ(id_of("1e300")->as_number(), std::nullopt);
  EXPECT_EQ(id_of("1e300"), id_of("1" + std::string(250, '0') + "e50"));
}

TEST(Builders, WriteMessagesThatParseAndKeepRawParts) {
  const std::string_view odd = R"({ "n":1.500, "big":99999999999999999999 })";
  EXPECT_EQ(parse_message(make_request(Id::string("q"), "tools/call", odd)).value().raw_params(), odd);
  EXPECT_EQ(parse_message(make_notification("notifications/progress", odd)).value().raw_params(), odd);
  EXPECT_EQ(parse_message(make_result(Id::number(0), odd)).value().raw_result(), odd);
  EXPECT_EQ(make_request(Id::number(1), "ping"), R"({"jsonrpc":"2.0","id":1,"method":"ping"})");
  EXPECT_EQ(make_notification("a\"b"), R"({"jsonrpc":"2.0","method":"a\"b"})");

  const auto error =
      parse_message(make_error(Id::number(3), kMethodNotFound, "no \"such\" method", R"({"a":1})")).value();
  EXPECT_EQ(error.error_code(), kMethodNotFound);
  EXPECT_EQ(error.error_message(), "no \"such\" method");
  EXPECT_EQ(make_error(std::nullopt, -1, "x"), R"({"jsonrpc":"2.0","error":{"code":-1,"message":"x"}})");
  EXPECT_EQ(
      make_error_as_is(Id::number(9), error.raw_error()),
      R"({"jsonrpc":"2.0","id":9,"error":{"code":-32601,"message":"no \"such\" method","data":{"a":1}}})");
}

TEST(Builders, SayWhyAMessageWasRefused) {
  const auto refused = parse_message(R"({"id":"x","method":"m"})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(make_error(refused.error()),
            R"({"jsonrpc":"2.0","id":"x","error":{"code":-32600,"message":"jsonrpc is not \"2.0\"",)"
            R"("data":{"code":"RMT-M003"}}})");
}

// RFC 8259 §8.2: what other implementations write. Agents' arguments are decided on, so there it stays
// refused.
TEST(Message, LoneSurrogatesOfAServerAreReadAndStayInTheBytes) {
  const std::string text =
      R"({"jsonrpc":"2.0","id":3,"result":{"t":"a\ud83d b\uDE00 \\ud800 \ud83d\ude00","n":1.0}})";
  EXPECT_FALSE(parse_message(text));
  const auto message = parse_message(text, server_limits(1024));
  ASSERT_TRUE(message) << message.error().error.message;
  EXPECT_EQ(message->raw_result(), R"({"t":"a\ud83d b\uDE00 \\ud800 \ud83d\ude00","n":1.0})");
  EXPECT_EQ(message->result()->at("t").as_string(), "a\ufffd b\ufffd \\ud800 \U0001F600");
}

TEST(Message, AByteOrderMarkOfAServerIsIgnored) {
  const std::string text =
      "\xEF\xBB\xBF"
      R"({"jsonrpc":"2.0","id":3,"result":{ "a":1.0 }})";
  EXPECT_FALSE(parse_message(text));
  const auto message = parse_message(text, server_limits(1024));
  ASSERT_TRUE(message);
  EXPECT_EQ(message->raw_result(), R"({ "a":1.0 })");
}

TEST(Message, AnswersOfAServerNestTo200) {
  const auto nested = [](std::size_t depth) {
    return R"({"jsonrpc":"2.0","id":1,"result":{"a":)" + std::string(depth, '[') + std::string(depth, ']') +
           "}}";
  };
  EXPECT_TRUE(parse_message(nested(198), server_limits(4096)));
  const auto deeper = parse_message(nested(199), server_limits(4096));
  ASSERT_FALSE(deeper);
  EXPECT_NE(deeper.error().error.message.find("200"), std::string::npos);
  EXPECT_TRUE(deeper.error().id);
  EXPECT_FALSE(parse_message(nested(100)));
}

TEST(Message, ANullBesideTheMemberThatIsMeantIsReadAsAbsent) {
  const auto result = parse_message(R"({"jsonrpc":"2.0","id":1,"result":{"a":1},"error":null})");
  ASSERT_TRUE(result);
  EXPECT_EQ(result->kind(), MessageKind::kResponse);
  EXPECT_EQ(result->raw_result(), R"({"a":1})");
  const auto error =
      parse_message(R"({"jsonrpc":"2.0","id":1,"result":null,"error":{"code":-1,"message":"no"}})");
  ASSERT_TRUE(error);
  EXPECT_EQ(error->kind(), MessageKind::kError);
  EXPECT_EQ(error->error_message(), "no");
  EXPECT_FALSE(parse_message(R"({"jsonrpc":"2.0","id":1,"result":null,"error":null})"));
  EXPECT_FALSE(parse_message(R"({"jsonrpc":"2.0","id":1,"result":{},"error":{"code":-1,"message":"no"}})"));
}

}  // namespace
}  // namespace remit::mcp
