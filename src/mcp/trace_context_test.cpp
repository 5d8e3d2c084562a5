#include "mcp/trace_context.h"

#include <gtest/gtest.h>

#include "base/canonical_json.h"

namespace remit::mcp {
namespace {

constexpr std::string_view kParent = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01";

TEST(TraceContext, KnowsAParent) {
  for (const std::string& value :
       {std::string(kParent), std::string("cc-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00"),
        "01" + std::string(kParent.substr(2)) + "-what-comes"})
    EXPECT_TRUE(is_traceparent(value)) << value;
  for (const std::string& value : {std::string(), std::string(kParent) + "-x", std::string(kParent) + " ",
                                   "ff" + std::string(kParent.substr(2)),
                                   std::string("00-4BF92F3577B34DA6A3CE929D0E0E4736-00f067aa0ba902b7-01"),
                                   std::string("00-00000000000000000000000000000000-00f067aa0ba902b7-01"),
                                   std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-0000000000000000-01"),
                                   std::string("00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0"),
                                   std::string("00_4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"),
                                   "01" + std::string(kParent.substr(2)) + "-" + std::string(200, 'x'),
                                   "01" + std::string(kParent.substr(2)) + "-a\nb"})
    EXPECT_FALSE(is_traceparent(value)) << value;
}

TEST(TraceContext, KnowsAState) {
  for (const std::string_view value : {"congo=t61rcWkgMzE", "rojo=00f067aa0ba902b7, congo=t61 rcWkgMzE",
                                       "fw529a3039@dt=FfD/4", "a=1,,b=2", "0a=x"})
    EXPECT_TRUE(is_tracestate(value)) << value;
  std::string many = "a0=1";
  for (int i = 1; i < 33; ++i) many += ",a" + std::to_string(i) + "=1";
  for (const std::string& value :
       {std::string(), std::string("congo"), std::string("Congo=1"), std::string("a="), std::string("a=b=c"),
        std::string("a=\xc3\xa9"), std::string("a=\n"), many, "a=" + std::string(257, 'x')})
    EXPECT_FALSE(is_tracestate(value)) << value;
}

TEST(TraceContext, KnowsBaggage) {
  for (const std::string_view value :
       {"userId=alice", "a=1 , b=%20;ttl=5;secret, C=", "key1=value1;property1"})
    EXPECT_TRUE(is_baggage(value)) << value;
  std::string many = "a0=1";
  for (int i = 1; i < 65; ++i) many += ",a" + std::to_string(i) + "=1";
  for (const std::string& value :
       {std::string(), std::string("alice"), std::string("a=b c"), std::string("=1"), std::string("a=\"x\""),
        std::string("a=1,"), std::string("a=1;"), std::string("a=\\"), many, "a=" + std::string(8'192, 'x')})
    EXPECT_FALSE(is_baggage(value)) << value;
}

TEST(TraceContext, IsAllThatIsTakenFromMeta) {
  const auto of = [](std::string_view meta) {
    return trace_context_of(parse_json(meta).value().as_object());
  };
  const std::string parent(kParent);
  EXPECT_EQ(of(R"({"progressToken":1,"tracestate":"a=\"1","x/secret":"s","traceparent":")" + parent +
               R"(","baggage":"k=v"})"),
            R"({"traceparent":")" + parent + R"(","tracestate":"a=\"1","baggage":"k=v"})");
  EXPECT_EQ(of(R"({"progressToken":1,"com.example/x":{"traceparent":"y"}})"), "");
  EXPECT_EQ(of(R"({"tracestate":"a=1"})"), "") << "a state without its parent means nothing";
  EXPECT_EQ(of(R"({"traceparent":"nonsense","tracestate":"a=1","baggage":"k=v"})"), R"({"baggage":"k=v"})");
  EXPECT_EQ(of(R"({"traceparent":7,"baggage":["k=v"]})"), "");
}

}  // namespace
}  // namespace remit::mcp
