#include <gmock/gmock.h>

#include "admin/testing.h"

namespace remit::admin {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

class ProspectRoutes : public ApiTest {
 protected:
  // An active agent `invoice-bot` with the tools erp/pay and erp/read in sandbox.
  void with_granted_tools() {
    with_erp();
    ASSERT_EQ(post("/v1/agents", registration("invoice-bot", "sandbox")).status, 201);
    ASSERT_EQ(post("/v1/deployments/sandbox/invoice-bot/approve", {{"by", "ana"}}).status, 200);
    definitions_ = {
        R"({"name":"pay","inputSchema":{"type":"object","properties":{"amount":{"type":"integer"}}}})",
        R"({"name":"read","inputSchema":{"type":"object"}})"};
    ASSERT_EQ(post("/v1/destinations/sandbox/erp/scan").status, 200);
    for (const std::string tool : {"pay", "read"}) {
      ASSERT_EQ(post("/v1/tools/sandbox/classify", {{"tool", "erp/" + tool},
                                                    {"effect", tool},
                                                    {"data_class", "internal"},
                                                    {"labels", json::array()},
                                                    {"by", "raj"}})
                    .status,
                200);
      const auto granted = post(
          "/v1/grants",
          {{"agent", "invoice-bot"}, {"environment", "sandbox"}, {"tool", "erp/" + tool}, {"by", "raj"}});
      ASSERT_EQ(granted.status, 201) << json::serialize(granted.body);
    }
  }
  json::object item(std::string_view policies, std::size_t index) {
    EXPECT_EQ(post("/v1/policies/sandbox", {{"text", policies}, {"by", "ana"}}).status, 201);
    const auto shown = get("/v1/deployments/sandbox/invoice-bot/prospects");
    EXPECT_EQ(shown.status, 200) << json::serialize(shown.body);
    return shown.body.at("items").at(index).as_object();
  }
};

TEST_F(ProspectRoutes, ShowWhatEachToolDependsOn) {
  with_granted_tools();
  constexpr std::string_view kPolicies =
      R"(@id("reads") permit (principal, action in Remit::Action::"read", resource);
      @id("big") @approval("payments") permit (principal, action == Remit::Action::"erp/pay", resource)
      when { context.input has amount && context.input.amount > 5000 };)";
  EXPECT_EQ(
      json::serialize(item(kPolicies, 0)),
      R"({"tool":"erp/pay","shown_name":"pay","outlook":"approval","reason":null,"message":null,"policies":[],"approval_path":"payments",)"
      R"("open":[{"effect":"permit","policy":"big","condition":"context.input has amount && context.input.amount > 5000","approval_path":"payments"}]})");
  const auto read = item(kPolicies, 1);
  EXPECT_EQ(read.at("outlook"), "always");
  EXPECT_EQ(read.at("policies").at(0), "reads");
}

TEST_F(ProspectRoutes, ShowWhyAToolIsOutOfReach) {
  with_granted_tools();
  const auto pay = item(R"(@id("no-pay") forbid (principal, action in Remit::Action::"pay", resource);
      permit (principal, action, resource);)",
                        0);
  EXPECT_EQ(pay.at("outlook"), "never");
  EXPECT_EQ(pay.at("reason"), "RMT-D042");
  EXPECT_THAT(std::string(pay.at("message").as_string()), HasSubstr("`no-pay`"));
  ASSERT_EQ(post("/v1/deployments/sandbox/invoice-bot/suspend", {{"reason", "drill"}, {"by", "raj"}}).status,
            200);
  EXPECT_EQ(item("permit (principal, action, resource);", 1).at("reason"), "RMT-D003");
}

TEST_F(ProspectRoutes, RefuseWhatIsNotThere) {
  EXPECT_EQ(get("/v1/deployments/sandbox/nobody/prospects").code(), "RMT-I003");
  EXPECT_EQ(get("/v1/deployments/nowhere/nobody/prospects").code(), "RMT-X010");
  with_people();
  ASSERT_EQ(post("/v1/agents", registration("invoice-bot", "sandbox")).status, 201);
  EXPECT_EQ(get("/v1/deployments/sandbox/invoice-bot/prospects?x=1").code(), "RMT-X012");
  EXPECT_TRUE(get("/v1/deployments/sandbox/invoice-bot/prospects").body.at("items").as_array().empty());
}

}  // namespace
}  // namespace remit::admin
