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
      canonical_json(json::array{json::object{{"id", second.body.at("id")},
                                              {"published_at", format_instant(kNow + std::chrono::hours(1))},
                                              {"published_by", "raj"},
                                              {"digest", sha256(kNothing).hex()}},
                                 json::object{{"id", first.body.at("id")},
                                              {"published_at", format_instant(kNow)},
                                              {"published_by", "ana"},
                                              {"digest", sha256(kReadOnly).hex()}}}));
  EXPECT_EQ(get("/v1/policies/pilot").body.at("id"), "pol_baseline");

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
      {kPost, path, R"({"text":"// none","by":"nobody"})", 404, "RMT-I001"},
      {kPost, path, R"({"text":"// none","by":"raj"})", 404, "RMT-I001"},
      {kPost, path, R"({"text":"@mode(\"observe\") permit (principal, action, resource);","by":"ana"})", 400,
       "RMT-P002"},
  };
  expect_problems(cases);
}

}  // namespace
}  // namespace remit::admin
