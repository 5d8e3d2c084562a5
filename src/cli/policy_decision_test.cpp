#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <filesystem>
#include <fstream>
#include <string>

#include "cli/commands.h"
#include "store/temp_folder.h"

namespace remit::cli {
namespace {

namespace json = boost::json;
using ::testing::HasSubstr;

constexpr std::string_view kPolicies = R"(@id("small")
permit (principal in Team::"ap", action == Action::"pay", resource)
when { context.amount <= 5000 };

@id("never-restricted")
forbid (principal, action, resource)
when { resource.restricted };

permit (principal == ?principal, action, resource);
)";
constexpr std::string_view kEntities = R"([
  {"uid": {"type": "User", "id": "ana"}, "parents": [{"type": "Team", "id": "ap"}], "attrs": {}},
  {"uid": {"type": "Account", "id": "a"}, "parents": [], "attrs": {"restricted": false}},
  {"uid": {"type": "Account", "id": "r"}, "parents": [], "attrs": {"restricted": true}}])";

class PolicyDecision : public ::testing::Test {
 protected:
  PolicyDecision() {
    options_ = {.policies = file("policies.cedar", kPolicies),
                .entities = file("entities.json", kEntities),
                .request = {},
                .schema = {},
                .links = {}};
  }

  std::string file(const std::string& name, std::string_view text) {
    std::ofstream(folder_.path() / name) << text;
    return (folder_.path() / name).string();
  }

  // The exit code, or that of the error; what was printed.
  struct Ran {
    int code;
    std::string out;
    std::string error = {};
    json::object object() const { return json::parse(out).as_object(); }
  };
  Ran run(Result<int> (*command)(const Context&, const PolicyDecisionOptions&), std::string_view request,
          Format format = Format::kJson) {
    options_.request = file("request.json", request);
    Context context;
    context.format = format;
    ::testing::internal::CaptureStdout();
    const auto done = command(context, options_);
    Ran ran{done ? *done : exit_code(done.error().kind), ::testing::internal::GetCapturedStdout()};
    if (!done) ran.error = std::string(done.error().code) + " " + done.error().message;
    return ran;
  }

  static std::string request(std::string_view account, std::string_view context) {
    return R"({"principal": {"type": "User", "id": "ana"}, "action": {"type": "Action", "id": "pay"},
      "resource": {"type": "Account", "id": ")" +
           std::string(account) + R"("}, "context": )" + std::string(context) + "}";
  }

  store::TempFolder folder_;
  PolicyDecisionOptions options_;
};

TEST_F(PolicyDecision, TellsDecisionPoliciesAndErrors) {
  const auto allowed = run(authorize_offline, request("a", R"({"amount": 5000})"));
  EXPECT_EQ(allowed.code, 0);
  EXPECT_EQ(
      json::serialize(allowed.object()),
      R"({"determining":[{"policy":"small","effect":"permit","line":1,"column":1}],"errors":[],"decision":"allow"})");
  const auto forbidden = run(authorize_offline, request("r", R"({"amount": 5000})"));
  EXPECT_EQ(forbidden.code, 5);
  EXPECT_EQ(forbidden.object().at("determining").at(0).at("policy"), "never-restricted");
  const auto erred = run(authorize_offline, request("a", "{}"));
  EXPECT_EQ(erred.code, 5);
  EXPECT_EQ(json::serialize(erred.object().at("errors")),
            R"([{"policy":"small","line":3,"column":8,"message":"the record has no attribute \"amount\""}])");
}

TEST_F(PolicyDecision, TellsWhatItDependsOn) {
  const auto open = run(authorize_offline, request("a", "null"));
  EXPECT_EQ(open.code, 9);
  EXPECT_EQ(
      json::serialize(open.object()),
      R"({"satisfied":[],"errors":[],"residuals":[{"policy":"small","effect":"permit","condition":"context.amount <= 5000","may_hold":true,"may_err":true}],"decision":"undecided"})");
  const auto certain = run(authorize_offline, request("r", R"({"amount": null})"));
  EXPECT_EQ(certain.code, 5);
  EXPECT_THAT(run(authorize_offline, request("a", "null"), Format::kTable).out,
              HasSubstr("undecided\n  permit small depends on: context.amount <= 5000\n"));
}

TEST_F(PolicyDecision, ExplainsStepByStepAndNamesTheNearestPermit) {
  const auto denied = run(explain_offline, request("a", R"({"amount": 9000})"));
  EXPECT_EQ(denied.code, 5);
  const auto nearest = denied.object().at("nearest_permits").at(0).as_object();
  EXPECT_EQ(nearest.at("policy"), "small");
  EXPECT_EQ(
      json::serialize(nearest.at("steps").at(2)),
      R"({"part":"when","result":"failed","text":"context.amount <= 5000","line":3,"column":8,"values":"9000 <= 5000"})");
  EXPECT_THAT(run(explain_offline, request("a", R"({"amount": 9000})"), Format::kTable).out,
              HasSubstr("failed      when       context.amount <= 5000   is   9000 <= 5000\n"));
  const auto forbidden = run(explain_offline, request("r", R"({"amount": 1})"));
  EXPECT_EQ(forbidden.object().at("policies").as_array().size(), 2U);
  EXPECT_TRUE(forbidden.object().at("nearest_permits").as_array().empty());
}

TEST_F(PolicyDecision, LinksTemplates) {
  options_.links = file("links.json", R"([{"templateId": "policy2", "newId": "ana-all",
      "values": {"?principal": {"type": "User", "id": "ana"}}}])");
  const auto allowed = run(authorize_offline, request("a", R"({"amount": 9000})"));
  EXPECT_EQ(allowed.code, 0);
  EXPECT_EQ(allowed.object().at("determining").at(0).at("policy"), "ana-all");
  options_.links = file("links.json", R"([{"templateId": "none", "newId": "x", "values": {}}])");
  EXPECT_THAT(run(authorize_offline, request("a", "{}")).error, HasSubstr("links.json: at /0: "));
  for (const auto* wrong :
       {"{}", "[1]", R"([{"templateId": "policy2", "newId": "x", "values": {"?action": {}}}])"}) {
    options_.links = file("links.json", wrong);
    EXPECT_THAT(run(authorize_offline, request("a", "{}")).error, HasSubstr("RMT-P006")) << wrong;
  }
}

TEST_F(PolicyDecision, ReadsDataAsTheSchemaSays) {
  options_.policies =
      file("policies.cedar", "permit (principal, action, resource) when { context.net.isLoopback() };");
  options_.schema =
      file("schema.cedarschema", R"(entity Team; entity User in [Team]; entity Account { restricted: Bool };
      action pay appliesTo { principal: User, resource: Account, context: { net: ipaddr, who?: User } };)");
  EXPECT_EQ(run(authorize_offline, request("a", R"({"net": "127.0.0.1"})")).code, 0);
  EXPECT_EQ(run(authorize_offline, request("a", R"({"net": "10.0.0.1", "who": null})")).code, 5);
  const auto wrong = run(authorize_offline, request("a", R"({"net": 1})"));
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.error, HasSubstr("request.json: at /context/net"));
  // Not a denial: what cannot be asked is told also where not all is known.
  const auto other = run(authorize_offline, R"({"principal": null, "action": {"type": "Action", "id": "pay"},
                                                "resource": {"type": "Team", "id": "t"}})");
  EXPECT_EQ(other.code, 2);
  EXPECT_THAT(other.error, HasSubstr("request.json: at /resource"));
}

TEST_F(PolicyDecision, SaysWhichFileIsWrongAndWhere) {
  EXPECT_THAT(run(authorize_offline, "{").error, HasSubstr("request.json"));
  EXPECT_THAT(run(authorize_offline, R"({"principle": null})").error,
              HasSubstr("request.json: at /principle"));
  options_.entities = file("entities.json", R"([{"uid": 1}])");
  EXPECT_THAT(run(authorize_offline, request("a", "{}")).error, HasSubstr("entities.json: at /0/uid"));
  options_.policies = file("policies.cedar", "permit (principal, action);");
  const auto wrong = run(authorize_offline, request("a", "{}"));
  EXPECT_EQ(wrong.code, 2);
  EXPECT_THAT(wrong.error, HasSubstr("policies.cedar:1:26"));
  options_.policies = (folder_ / "none").string();
  EXPECT_EQ(run(authorize_offline, request("a", "{}")).code, 3);
}

}  // namespace
}  // namespace remit::cli
