#include <gmock/gmock.h>

#include "admin/testing.h"

namespace remit::admin {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

// An agent that may act and is granted `erp/pay`, under the baseline.
class PolicyTrials : public ApiTest {
 protected:
  PolicyTrials() {
    with_erp();
    definitions_ = {
        R"({"name":"pay","inputSchema":{"type":"object","properties":{"amount":{"type":"integer"}}}})"};
    EXPECT_EQ(post("/v1/destinations/sandbox/erp/scan").status, 200);
    EXPECT_EQ(post("/v1/tools/sandbox/classify",
                   {{"tool", "erp/pay"}, {"effect", "pay"}, {"data_class", "internal"}, {"by", "raj"}})
                  .status,
              200);
    EXPECT_EQ(post("/v1/agents", registration("bot", "sandbox")).status, 201);
    EXPECT_EQ(post("/v1/deployments/sandbox/bot/approve", {{"by", "ana"}}).status, 200);
    const auto granted = post(
        "/v1/grants", {{"environment", "sandbox"}, {"agent", "bot"}, {"tool", "erp/pay"}, {"by", "raj"}});
    EXPECT_EQ(granted.status, 201) << json::serialize(granted.body);
  }
};

constexpr std::string_view kSmall =
    R"(@id("small") permit (principal, action == Remit::Action::"erp/pay", resource)
       when { context.input has amount && context.input.amount < 100 };)";

TEST_F(PolicyTrials, TellWhatATextWouldChangeAndChangeNothing) {
  const auto before = store_->revision();
  const auto answer = post("/v1/policies/sandbox/compare", {{"text", kSmall}});
  ASSERT_EQ(answer.status, 200) << json::serialize(answer.body);
  EXPECT_EQ(answer.body.at("in_force"), "pol_baseline");
  EXPECT_EQ(answer.body.at("changed"), 1);
  const auto& change = answer.body.at("changes").at(0);
  EXPECT_EQ(change.at("agent"), "bot");
  EXPECT_EQ(change.at("tool"), "erp/pay");
  EXPECT_EQ(change.at("before").at("outlook"), "always");
  EXPECT_EQ(change.at("after").at("outlook"), "depends");
  EXPECT_EQ(change.at("after").at("open").at(0).at("policy"), "small");
  EXPECT_EQ(post("/v1/policies/sandbox/compare", {{"text", catalog::baseline_text()}}).body.at("changed"), 0);
  EXPECT_EQ(store_->revision(), before);
}

TEST_F(PolicyTrials, RunCasesAgainstWhatIsInForceOrAnotherText) {
  const json::array cases{json::object{{"name", "small sums"},
                                       {"agent", "bot"},
                                       {"tool", "erp/pay"},
                                       {"arguments", json::object{{"amount", 1}}},
                                       {"expect", "allow"},
                                       {"policies", json::array{"small"}}},
                          json::object{{"agent", "bot"},
                                       {"tool", "erp/pay"},
                                       {"arguments", json::object{{"amount", 100}}},
                                       {"expect", "deny"}}};
  const auto tried = post("/v1/policies/sandbox/test", {{"text", kSmall}, {"cases", cases}});
  ASSERT_EQ(tried.status, 200) << json::serialize(tried.body);
  EXPECT_EQ(tried.body.at("failed"), 0) << json::serialize(tried.body);
  EXPECT_EQ(tried.body.at("items").at(0).at("name"), "small sums");
  EXPECT_EQ(tried.body.at("items").at(1).at("name"), "bot calls erp/pay");
  const auto in_force = post("/v1/policies/sandbox/test", {{"cases", cases}});
  EXPECT_EQ(in_force.body.at("id"), "pol_baseline");
  EXPECT_EQ(in_force.body.at("failed"), 2);
  EXPECT_EQ(in_force.body.at("items").at(1).at("decision"), "allow");
}

TEST_F(PolicyTrials, RefuseWhatTheyCannotRead) {
  using enum http::Method;
  constexpr std::string_view compare = "/v1/policies/sandbox/compare";
  constexpr std::string_view test = "/v1/policies/sandbox/test";
  const Faulty cases[] = {
      {kPost, "/v1/policies/moon/compare", R"({"text":"// none"})", 404, "RMT-X010"},
      {kPost, compare, "", 400, "RMT-X012"},
      {kPost, compare, R"({"text":"permit"})", 400, "RMT-P001"},
      {kPost, compare, R"({"text":"// none","cases":[]})", 400, "RMT-X012"},
      {kPost, test, R"({"cases":[{"agent":"bot","tool":"erp/pay"}]})", 400, "RMT-P013"},
      {kPost, test, R"({"cases":[{"agent":"bot","tool":"erp/pay","expect":"alow"}]})", 400, "RMT-P013"},
      {kPost, test, R"({"cases":[{"agent":"bot","tool":"erp/pay","expect":"deny","polices":[]}]})", 400,
       "RMT-P013"},
      {kPost, test, R"({"cases":[{"agent":"bot","tool":"erp/pay","expect":"deny","arguments":7}]})", 400,
       "RMT-P013"},
  };
  expect_problems(cases);
}

}  // namespace
}  // namespace remit::admin
