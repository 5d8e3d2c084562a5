#include <gmock/gmock.h>

#include "admin/testing.h"

namespace remit::admin {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

constexpr std::string_view kReadOnly =
    "@id(\"read-only\")\npermit (principal, action in Remit::Action::\"read\", resource);\n";
constexpr std::string_view kNothing = "forbid (principal, action, resource);\n";

TEST_F(ApiTest, ShowsTheBaselineWhereNoPoliciesWerePublished) {
  const auto shown = get("/v1/policies/production");
  ASSERT_EQ(shown.status, 200) << json::serialize(shown.body);
  EXPECT_EQ(canonical_json(shown.body), canonical_json(json::object{{"environment", "production"},
                                                                    {"id", "pol_baseline"},
                                                                    {"text", catalog::baseline_text()},
                                                                    {"history", json::array()}}));
}

TEST_F(ApiTest, PublishesPoliciesWholeAndKeepsTheirHistory) {
  with_people();
  const auto first = post("/v1/policies/sandbox", {{"text", kReadOnly}, {"by", "ana"}});
  ASSERT_EQ(first.status, 201) << json::serialize(first.body);
  EXPECT_EQ(first.body.at("environment"), "sandbox");
  EXPECT_TRUE(first.body.at("warnings").as_array().empty());
  clock_.advance(std::chrono::hours(1));
  const auto second = post("/v1/policies/sandbox", {{"text", kNothing}, {"by", "raj"}});
  ASSERT_EQ(second.status, 201);
  EXPECT_EQ(snapshots_.current()->policies(Environment::kSandbox)->id.str(),
            second.body.at("id").as_string());

  const auto shown = get("/v1/policies/sandbox").body;
  EXPECT_EQ(shown.at("id"), second.body.at("id"));
  EXPECT_EQ(shown.at("text").as_string(), kNothing);
  EXPECT_EQ(
      canonical_json(shown.at("history")),
      canonical_json(json::array{json::object{{"number", 2},
                                              {"id", second.body.at("id")},
                                              {"published_at", format_instant(kNow + std::chrono::hours(1))},
                                              {"published_by", "raj"},
                                              {"digest", sha256(kNothing).hex()}},
                                 json::object{{"number", 1},
                                              {"id", first.body.at("id")},
                                              {"published_at", format_instant(kNow)},
                                              {"published_by", "ana"},
                                              {"digest", sha256(kReadOnly).hex()}}}));
  EXPECT_EQ(get("/v1/policies/pilot").body.at("id"), "pol_baseline");
  const auto text_of = [&](std::string_view which) {
    const auto answer = get("/v1/policies/sandbox/published/" + std::string(which));
    return answer.status == 200 ? std::string(answer.body.at("text").as_string()) : answer.code();
  };
  EXPECT_EQ(text_of("1"), kReadOnly);
  EXPECT_EQ(text_of("2"), kNothing);
  EXPECT_EQ(text_of(std::string_view(first.body.at("id").as_string())), kReadOnly);
  EXPECT_EQ(text_of("0"), catalog::baseline_text());
  EXPECT_EQ(text_of("3"), "RMT-P009");

  const auto event = get("/v1/audit/entries?limit=1").body.at("items").at(0).at("entry");
  EXPECT_EQ(event.at("action"), "policy.publish");
  EXPECT_TRUE(event.at("actor").as_string().starts_with("hum_"));
}

TEST_F(ApiTest, ShowsEveryDiagnosticOfPoliciesThatDoNotParse) {
  with_people();
  const auto refused =
      post("/v1/policies/sandbox",
           {{"text", "permit (principal, action);\n\nforbid (who, action, resource);\n"}, {"by", "ana"}});
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.code(), "RMT-P001");
  const std::string detail(refused.body.at("detail").as_string());
  EXPECT_THAT(detail, HasSubstr("sandbox.cedar:1:"));
  EXPECT_THAT(detail, HasSubstr("sandbox.cedar:3:"));
  EXPECT_EQ(get("/v1/policies/sandbox").body.at("id"), "pol_baseline");
}

class PolicySchemas : public ApiTest {
 protected:
  PolicySchemas() {
    with_erp();
    definitions_ = {R"({"name":"pay","inputSchema":{"type":"object","properties":{"amount":{"type":"number"},
                        "when":{"$ref":"#/$defs/when"}},"required":["amount"]}})"};
    EXPECT_EQ(post("/v1/destinations/sandbox/erp/scan").status, 200);
  }
};

constexpr std::string_view kLimit = R"(permit (principal, action, resource);
@id("limit") forbid (principal, action == Remit::Action::"erp/pay", resource)
when { context.input.amount.greaterThan(decimal("5000.0")) };)";
constexpr std::string_view kWrong = R"(permit (principal, action, resource);
@id("limit") forbid (principal, action == Remit::Action::"erp/pay", resource)
when { context.input.amuont.greaterThan(decimal("5000.0")) };)";

TEST_F(PolicySchemas, AreShownWithWhatPoliciesDoNotSee) {
  const auto shown = get("/v1/policies/sandbox/schema");
  ASSERT_EQ(shown.status, 200) << json::serialize(shown.body);
  const auto schema = cedar::Schema::parse(shown.body.at("text").as_string());
  ASSERT_TRUE(schema);
  EXPECT_THAT(std::string_view(shown.body.at("text").as_string()), HasSubstr(R"("amount": decimal)"));
  EXPECT_EQ(canonical_json(shown.body.at("warnings")),
            canonical_json(json::array{json::object{{"tool", "erp/pay"},
                                                    {"pointer", "/inputSchema/properties/when"},
                                                    {"reason", "$ref is not followed"}}}));
  EXPECT_EQ(shown.body.at("revision"), store_->revision());
}

TEST_F(PolicySchemas, RefusePoliciesThatNameWhatDoesNotExist) {
  const auto refused = post("/v1/policies/sandbox", {{"text", kWrong}, {"by", "ana"}});
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.code(), "RMT-P003");
  EXPECT_THAT(std::string(refused.body.at("detail").as_string()),
              testing::AllOf(HasSubstr("sandbox.cedar:3:8"), HasSubstr("did you mean `amount`?")));
  EXPECT_EQ(get("/v1/policies/sandbox").body.at("id"), "pol_baseline");
  EXPECT_EQ(post("/v1/policies/sandbox", {{"text", kLimit}, {"by", "ana"}}).status, 201);
}

TEST_F(PolicySchemas, LetPoliciesThroughWithTheirWarnings) {
  const auto published = post(
      "/v1/policies/sandbox",
      {{"text", "permit (principal, action, resource) when { context.input has never };"}, {"by", "ana"}});
  ASSERT_EQ(published.status, 201) << json::serialize(published.body);
  const auto& warnings = published.body.at("warnings").as_array();
  ASSERT_EQ(warnings.size(), 1U);
  EXPECT_EQ(warnings[0].at("severity"), "warning");
  EXPECT_EQ(warnings[0].at("line"), 1);
}

TEST_F(PolicySchemas, TellWhatIsWrongWithATextAndChangeNothing) {
  const auto before = store_->revision();
  const auto found = post("/v1/policies/sandbox/validate", {{"text", kWrong}});
  ASSERT_EQ(found.status, 200) << json::serialize(found.body);
  EXPECT_EQ(found.body.at("valid"), false);
  ASSERT_EQ(found.body.at("findings").as_array().size(), 1U);
  const auto& finding = found.body.at("findings").at(0);
  EXPECT_EQ(finding.at("policy"), "limit");
  EXPECT_EQ(finding.at("line"), 3);
  EXPECT_EQ(finding.at("column"), 8);
  EXPECT_EQ(finding.at("help"), "did you mean `amount`?");
  EXPECT_EQ(post("/v1/policies/sandbox/validate", {{"text", kLimit}}).body.at("valid"), true);
  EXPECT_EQ(post("/v1/policies/pilot/validate", {{"text", kLimit}}).body.at("valid"), false);
  EXPECT_EQ(post("/v1/policies/sandbox/validate", {{"text", "permit"}}).body.at("findings").at(0).at("code"),
            "RMT-P001");
  EXPECT_EQ(store_->revision(), before);
}

TEST_F(PolicySchemas, TellWhenThePoliciesInForceDoNotFitTheCatalogAnyMore) {
  const auto published = post("/v1/policies/sandbox", {{"text", kLimit}, {"by", "ana"}});
  ASSERT_EQ(published.status, 201);
  EXPECT_EQ(post("/v1/policies/sandbox/validate").body.at("valid"), true);
  ASSERT_EQ(post("/v1/tools/sandbox/erp%2Fpay/retire").status, 200);
  const auto now = post("/v1/policies/sandbox/validate").body;
  EXPECT_EQ(now.at("valid"), false);
  EXPECT_EQ(now.at("id"), published.body.at("id"));
  EXPECT_EQ(now.at("findings").at(0).at("policy"), "limit");
  EXPECT_EQ(get("/v1/policies/sandbox").body.at("id"), published.body.at("id")) << "they stay in force";
}

TEST_F(ApiTest, RefusesAForbidThatNamesWhatIsNowhere) {
  with_people();
  ASSERT_EQ(post("/v1/agents", registration("crm-bot", "sandbox")).status, 201);
  constexpr std::string_view text =
      "permit (principal, action, resource);\nforbid (principal == Remit::Agent::\"crm-bot\", action, "
      "resource);";
  const auto refused = post("/v1/policies/sandbox", {{"text", text}, {"by", "ana"}});
  EXPECT_EQ(refused.status, 400);
  EXPECT_EQ(refused.code(), "RMT-P008");
  EXPECT_THAT(
      std::string(refused.body.at("detail").as_string()),
      testing::AllOf(HasSubstr("no such agent `crm-bot`"), HasSubstr("did you mean `sandbox/crm-bot`?")));
  EXPECT_EQ(get("/v1/policies/sandbox").body.at("id"), "pol_baseline");

  const auto found = post("/v1/policies/sandbox/validate", {{"text", text}});
  EXPECT_EQ(found.body.at("valid"), false);
  EXPECT_EQ(found.body.at("findings").at(0).at("help"), "did you mean `sandbox/crm-bot`?");
  EXPECT_EQ(post("/v1/policies/sandbox/validate", {{"text", text}, {"allow_unknown", true}}).body.at("valid"),
            true);
  const auto allowed = post("/v1/policies/sandbox", {{"text", text}, {"by", "ana"}, {"allow_unknown", true}});
  ASSERT_EQ(allowed.status, 201);
  EXPECT_EQ(allowed.body.at("warnings").as_array().size(), 1U);
}

TEST_F(ApiTest, DoesNotReplaceOtherPoliciesThanThoseThatWereLookedAt) {
  with_people();
  ASSERT_EQ(post("/v1/policies/sandbox", {{"text", kReadOnly}, {"by", "ana"}}).status, 201);
  const auto late =
      post("/v1/policies/sandbox", {{"text", kNothing}, {"by", "raj"}, {"replaces", "pol_baseline"}});
  EXPECT_EQ(late.status, 409);
  EXPECT_EQ(late.code(), "RMT-P011");
  const auto current = get("/v1/policies/sandbox").body.at("id");
  EXPECT_EQ(post("/v1/policies/sandbox", {{"text", kNothing}, {"by", "raj"}, {"replaces", current}}).status,
            201);
}

TEST_F(ApiTest, RefusesPoliciesThatAreNotWholeOrNobodys) {
  with_people();
  ASSERT_EQ(post("/v1/humans/raj/leave").status, 200);
  using enum http::Method;
  constexpr std::string_view path = "/v1/policies/sandbox";
  const Faulty cases[] = {
      {kGet, "/v1/policies", "", 404, "RMT-X010"},
      {kGet, "/v1/policies/moon", "", 404, "RMT-X010"},
      {kGet, "/v1/policies/sandbox?version=1", "", 400, "RMT-X012"},
      {kDelete, path, "", 405, "RMT-H006"},
      {kPost, "/v1/policies/moon", R"({"text":"// none","by":"ana"})", 404, "RMT-X010"},
      {kPost, path, "", 400, "RMT-X012"},
      {kPost, path, R"({"text":"","by":"ana"})", 400, "RMT-X012"},
      {kPost, path, R"({"text":["// none"],"by":"ana"})", 400, "RMT-X012"},
      {kPost, path, R"({"text":"// none"})", 400, "RMT-X012"},
      {kPost, path, R"({"text":"// none","by":"ana","force":true})", 400, "RMT-X012"},
      {kGet, "/v1/policies/moon/schema", "", 404, "RMT-X010"},
      {kGet, "/v1/policies/sandbox/schema?version=1", "", 400, "RMT-X012"},
      {kPost, "/v1/policies/moon/validate", "", 404, "RMT-X010"},
      {kPost, "/v1/policies/sandbox/validate", R"({"text":7})", 400, "RMT-X012"},
      {kPost, "/v1/policies/sandbox/validate", R"({"tekst":"// none"})", 400, "RMT-X012"},
      {kPost, path, R"({"text":"// none","by":"nobody"})", 404, "RMT-I001"},
      {kPost, path, R"({"text":"// none","by":"raj"})", 404, "RMT-I001"},
      {kPost, path, R"({"text":"@mode(\"observe\") permit (principal, action, resource);","by":"ana"})", 400,
       "RMT-P002"},
  };
  expect_problems(cases);
}

}  // namespace
}  // namespace remit::admin
