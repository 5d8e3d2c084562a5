#include "mcp/lifecycle.h"

#include <gtest/gtest.h>

namespace remit::mcp {
namespace {

TEST(Lifecycle, InitializeIsReadAsWritten) {
  const InitializeParams params{"2025-11-25", {"bot", "1.0", "Bot"}, R"({"roots":{ "listChanged":true }})"};
  const auto message = parse_message(make_request(Id::number(0), "initialize", to_json(params))).value();
  const auto read = parse_initialize(message).value();
  EXPECT_EQ(read.protocol_version, "2025-11-25");
  EXPECT_EQ(read.client.name, "bot");
  EXPECT_EQ(read.client.title, "Bot");
  EXPECT_EQ(read.raw_capabilities, params.raw_capabilities);
}

TEST(Lifecycle, TheAnswerIsReadAsWritten) {
  const InitializeResult result{"2025-06-18", {"srv", "2"}, R"({"tools":{}})", "be kind"};
  const auto message = parse_message(make_result(Id::number(0), to_json(result))).value();
  const auto read = parse_initialize_result(message).value();
  EXPECT_EQ(read.protocol_version, "2025-06-18");
  EXPECT_EQ(read.server.version, "2");
  EXPECT_EQ(read.raw_capabilities, R"({"tools":{}})");
  EXPECT_EQ(read.instructions, "be kind");
}

TEST(Lifecycle, WhatIsMissingOrOfTheWrongTypeIsRefused) {
  const std::string long_name(300, 'x');
  for (const std::string& params :
       {std::string(R"({})"),
        std::string(R"({"protocolVersion":1,"capabilities":{},"clientInfo":{"name":"a","version":"1"}})"),
        std::string(R"({"protocolVersion":"1","clientInfo":{"name":"a","version":"1"}})"),
        std::string(R"({"protocolVersion":"1","capabilities":[],"clientInfo":{"name":"a","version":"1"}})"),
        std::string(R"({"protocolVersion":"1","capabilities":{}})"),
        std::string(R"({"protocolVersion":"1","capabilities":{},"clientInfo":{"name":"a"}})"),
        R"({"protocolVersion":"1","capabilities":{},"clientInfo":{"name":")" + long_name +
            R"(","version":"1"}})"}) {
    const auto request = parse_message(make_request(Id::number(4), "initialize", params)).value();
    const auto read = parse_initialize(request);
    ASSERT_FALSE(read) << params;
    EXPECT_EQ(read.error().rpc_code, kInvalidParams);
    EXPECT_EQ(read.error().id->raw(), "4");
    const auto response = parse_message(make_result(Id::number(4), params)).value();
    EXPECT_EQ(parse_initialize_result(response).error().code, "RMT-M021");
  }
  EXPECT_FALSE(parse_initialize(parse_message(make_request(Id::number(4), "initialize")).value()));
}

}  // namespace
}  // namespace remit::mcp
