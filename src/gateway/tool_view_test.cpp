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
using ::testing::Not;

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

TEST_F(ToolViews, ANameThatWasShownNeverBecomesAnother) {
  destination("crm", {tool("read")});
  destination("erp", {tool("read"), tool("pay")});
  world_.grant(bot_, "crm/read");
  EXPECT_EQ(qualified(*view(), "read"), "crm/read");
  world_.grant(bot_, "erp/read");
  world_.grant(bot_, "erp/pay");
  const auto both = view();
  EXPECT_EQ(qualified(*both, "read"), "crm/read");
  EXPECT_EQ(qualified(*both, "erp__read"), "erp/read");
  EXPECT_EQ(qualified(*both, "pay"), "erp/pay");
  EXPECT_EQ(both->find("crm__read"), nullptr);
  for (const auto* name : {"crm/read", "erp/read", "erp/pay"}) EXPECT_EQ(qualified(*both, name), name);
  EXPECT_THAT(both->list_result(), HasSubstr(R"("name":"read")"));
  EXPECT_THAT(both->list_result(), HasSubstr(R"("name":"erp__read")"));
  EXPECT_THAT(both->list_result(), HasSubstr(R"("name":"pay")"));

  // Not when the first goes, and not when it comes again.
  world_.revoke(bot_, "crm/read");
  EXPECT_EQ(view()->find("read"), nullptr);
  EXPECT_EQ(qualified(*view(), "erp__read"), "erp/read");
  world_.grant(bot_, "crm/read");
  EXPECT_EQ(qualified(*view(), "read"), "crm/read");
  EXPECT_EQ(qualified(*view(), "erp__read"), "erp/read");
}

TEST_F(ToolViews, WhatServersCallTheirToolsPointsToTheNamesThatAreShown) {
  destination("aaa", {tool("read")});
  destination("crm", {tool("read"), tool("files.list")});
  destination("erp", {tool("read"), tool("drop")});
  world_.grant(bot_, "aaa/read");
  world_.grant(bot_, "crm/read");
  world_.grant(bot_, "erp/read");
  world_.grant(bot_, "crm/files.list");
  world_.revoke(bot_, "aaa/read");
  EXPECT_EQ(view()->find("read"), nullptr);
  EXPECT_THAT(view()->called("read"), ElementsAre("crm__read", "erp__read"));
  EXPECT_THAT(view()->called("files.list"), ElementsAre("files_list"));
  EXPECT_THAT(view()->called("drop"), IsEmpty());
  EXPECT_THAT(view()->called("nothing"), IsEmpty());
}

TEST_F(ToolViews, NamesThatClientsCannotHaveAreShownAsTheyCan) {
  const std::string name(128, 'n');
  destination("crm", {tool("files.read"), tool(name)});
  world_.grant(bot_, "crm/files.read");
  world_.grant(bot_, "crm/" + name);
  EXPECT_EQ(qualified(*view(), "files_read"), "crm/files.read");
  EXPECT_EQ(qualified(*view(), "crm/" + name), "crm/" + name);
  EXPECT_THAT(view()->list_result(), HasSubstr(R"("name":"files_read")"));
  EXPECT_THAT(view()->list_result(), Not(HasSubstr(name)));
}

// A server names its tools as it likes: "erp__pay" at another destination must not catch the calls of erp's.
TEST_F(ToolViews, AToolCannotTakeTheNameOfAnothers) {
  destination("aaa", {tool("erp/pay", "mine!"), tool("erp__pay", "mine!")});
  world_.grant(bot_, "aaa/erp/pay");
  world_.grant(bot_, "aaa/erp__pay");
  destination("erp", {tool("pay")});
  destination("zzz", {tool("pay")});
  world_.grant(bot_, "zzz/pay");
  world_.grant(bot_, "erp/pay");
  const auto all = view();
  EXPECT_EQ(qualified(*all, "erp/pay"), "erp/pay");
  EXPECT_EQ(qualified(*all, "erp__pay"), "erp/pay");
  EXPECT_EQ(qualified(*all, "pay"), "zzz/pay");
  EXPECT_EQ(qualified(*all, "aaa/erp/pay"), "aaa/erp/pay");
  EXPECT_EQ(qualified(*all, "erp_pay"), "aaa/erp/pay");
  EXPECT_EQ(qualified(*all, "aaa__erp__pay"), "aaa/erp__pay");
}

TEST_F(ToolViews, AToolThatIsNotListedAnyMoreIsHiddenUntilItIsAgain) {
  const auto id = destination("crm", {tool("read"), tool("write")});
  world_.grant(bot_, "crm/read");
  world_.take_tools(id, {tool("write")});
  EXPECT_EQ(view()->list_result(), R"({"tools":[]})");
  EXPECT_EQ(qualified(*view(), "read"), "crm/read");
  world_.take_tools(id, {tool("read"), tool("write")});
  EXPECT_EQ(view()->list_result(), R"({"tools":[)" + tool("read") + "]}");
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
                             when { context.input has path && context.input.path == "/" };)");
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
