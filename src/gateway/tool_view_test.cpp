// What one caller sees of the tools, and under which names.

#include "gateway/tool_view.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/testing/agent.h"

namespace remit::gateway::testing {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class ToolViews : public ::testing::Test {
 protected:
  // A destination of its own for each list; nothing is ever connected to.
  DestinationId destination(std::string_view name, const std::vector<std::string>& tools) {
    const auto id = world_.add_destination(name, snapshot::HttpTransport{"http://127.0.0.1:9/"});
    world_.take_tools(id, tools);
    return id;
  }

  std::unique_ptr<ToolView> view(Environment environment = Environment::kSandbox) {
    snapshot_ = world_.snapshots().current();
    return std::make_unique<ToolView>(*snapshot_, environment,
                                      TokenIdentity{bot_.deployment, bot_.credential}, world_.clock().now());
  }
  static std::string qualified(const ToolView& view, std::string_view name) {
    const auto* found = view.find(name);
    return found == nullptr ? "" : found->qualified_name;
  }

  World world_;
  Bot bot_ = world_.add_bot("clerk");
  std::shared_ptr<const snapshot::Snapshot> snapshot_;
};

TEST_F(ToolViews, OnlyWhatIsGrantedIsThereInTheOrderOfTheNames) {
  destination("crm", {tool("write"), tool("read"), tool("drop")});
  EXPECT_EQ(view()->list_result(), R"({"tools":[]})");
  world_.grant(bot_, "crm/write");
  world_.grant(bot_, "crm/read");
  EXPECT_EQ(view()->list_result(), R"({"tools":[)" + tool("read") + "," + tool("write") + "]}");
  EXPECT_EQ(view()->find("drop"), nullptr);
  EXPECT_EQ(view()->find("crm/drop"), nullptr);
}

TEST_F(ToolViews, DefinitionsAreByteForByteThoseThatWereListed) {
  const std::string odd =
      R"({ "name" : "odd" ,"inputSchema":{"type":"object","$defs":{"n":{"$anchor":"n","const":1.50}},)"
      R"("properties":{"a":{"$ref":"#n"}}}, "description":"\u0065\/\u00e9" })";
  destination("crm", {odd});
  world_.grant(bot_, "crm/odd");
  EXPECT_EQ(view()->list_result(), R"({"tools":[)" + odd + "]}");
}

TEST_F(ToolViews, AmbiguousNamesAreShownWithTheirDestination) {
  destination("crm", {tool("read")});
  destination("erp", {tool("read"), tool("pay")});
  world_.grant(bot_, "crm/read");
  EXPECT_EQ(qualified(*view(), "read"), "crm/read");
  world_.grant(bot_, "erp/read");
  world_.grant(bot_, "erp/pay");
  const auto both = view();
  EXPECT_EQ(both->find("read"), nullptr);
  EXPECT_EQ(qualified(*both, "crm/read"), "crm/read");
  EXPECT_EQ(qualified(*both, "erp/read"), "erp/read");
  EXPECT_EQ(qualified(*both, "pay"), "erp/pay");
  EXPECT_EQ(qualified(*both, "erp/pay"), "erp/pay");
  EXPECT_THAT(both->list_result(), HasSubstr(R"("name":"crm/read")"));
  EXPECT_THAT(both->list_result(), HasSubstr(R"("name":"pay")"));
}

// A server names its tools as it likes: "erp/pay" at another destination must not catch the calls of erp's.
TEST_F(ToolViews, AToolCannotTakeTheLongNameOfAnother) {
  destination("aaa", {tool("erp/pay", "mine!")});
  destination("erp", {tool("pay")});
  destination("zzz", {tool("erp/pay", "mine!")});
  world_.grant(bot_, "aaa/erp/pay");
  world_.grant(bot_, "zzz/erp/pay");
  world_.grant(bot_, "erp/pay");
  const auto all = view();
  EXPECT_EQ(qualified(*all, "erp/pay"), "erp/pay");
  EXPECT_EQ(qualified(*all, "pay"), "erp/pay");
  EXPECT_EQ(qualified(*all, "aaa/erp/pay"), "aaa/erp/pay");
  EXPECT_THAT(all->list_result(), HasSubstr(R"("name":"aaa/erp/pay")"));
  EXPECT_THAT(all->list_result(), HasSubstr(R"("name":"pay")"));

  // With one of them alone too.
  const auto other = world_.add_bot("other");
  world_.grant(other, "aaa/erp/pay");
  world_.grant(other, "erp/pay");
  bot_ = other;
  EXPECT_EQ(qualified(*view(), "erp/pay"), "erp/pay");
  EXPECT_THAT(view()->list_result(), HasSubstr(R"("name":"aaa/erp/pay")"));
}

TEST_F(ToolViews, AQuarantinedToolIsHiddenButFoundSoThatTheRefusalCanSaySo) {
  const auto id = destination("crm", {tool("read")});
  world_.grant(bot_, "crm/read");
  world_.take_tools(id, {tool("read", "changed")});
  EXPECT_EQ(view()->list_result(), R"({"tools":[]})");
  EXPECT_EQ(qualified(*view(), "read"), "crm/read");
}

TEST_F(ToolViews, WhatPoliciesRefuseWhateverTheArgumentsIsHiddenButFound) {
  destination("crm", {tool("drop"), tool("read")});
  world_.grant(bot_, "crm/drop");
  world_.grant(bot_, "crm/read");
  const std::string permit = "permit (principal, action, resource);";
  const std::string both = R"({"tools":[)" + tool("drop") + "," + tool("read") + "]}";
  world_.publish(permit + R"(forbid (principal, action == Remit::Action::"crm/drop", resource);)");
  EXPECT_EQ(view()->list_result(), R"({"tools":[)" + tool("read") + "]}");
  EXPECT_EQ(qualified(*view(), "drop"), "crm/drop");
  world_.publish(permit + R"(forbid (principal, action == Remit::Action::"crm/drop", resource)
                             when { context.input has all && context.input.all };)");
  EXPECT_EQ(view()->list_result(), both);
  world_.publish(R"(permit (principal, action, resource) when { context.time > datetime("2999-01-01") };)");
  EXPECT_EQ(view()->list_result(), both);  // a client keeps the list longer than now
  world_.publish("permit (principal, action, resource) when { context.tool.name == \"crm/read\" };");
  EXPECT_EQ(view()->list_result(), R"({"tools":[)" + tool("read") + "]}");
}

TEST_F(ToolViews, WhoMayNotActSeesNothing) {
  destination("crm", {tool("read")});
  world_.grant(bot_, "crm/read");
  world_.kill(bot_);
  EXPECT_EQ(view()->list_result(), R"({"tools":[]})");
}

TEST_F(ToolViews, ToolsOfAnotherEnvironmentAreNotThere) {
  destination("crm", {tool("read")});
  world_.grant(bot_, "crm/read");
  EXPECT_EQ(view(Environment::kProduction)->list_result(), R"({"tools":[]})");
  EXPECT_EQ(view(Environment::kProduction)->find("crm/read"), nullptr);
}

}  // namespace
}  // namespace remit::gateway::testing
