#include <unistd.h>

#include "admin/testing.h"

namespace remit::admin {
namespace {

namespace json = boost::json;

TEST_F(ApiTest, ShowsThePlaneAtAGlance) {
  with_people();
  ASSERT_EQ(post("/v1/humans", {{"name", "eve"}}).status, 201);
  ASSERT_EQ(post("/v1/humans/eve/leave").status, 200);
  for (const auto name : {"report-bot", "killed-bot", "pending-bot"}) {
    ASSERT_EQ(post("/v1/agents", registration(name, "sandbox")).status, 201);
    if (std::string_view(name) == "pending-bot") continue;
    ASSERT_EQ(post("/v1/deployments/sandbox/" + std::string(name) + "/approve", {{"by", "raj"}}).status, 200);
  }
  ASSERT_EQ(post("/v1/agents/killed-bot/kill", {{"reason", "drill"}, {"by", "raj"}}).status, 200);
  doors_ = {.log_key = "remit.test/audit+12345678+AQ==",
            .confinement = {"children are confined by namespaces"},
            .public_url = "https://remit.test",
            .metrics = "http://127.0.0.1:9464/metrics",
            .endpoints = {{.environment = Environment::kPilot,
                           .mcp = "https://remit.test/mcp/pilot",
                           .issuer = "https://remit.test/issuer/pilot",
                           .token_endpoint = "https://remit.test/issuer/pilot/token"}},
            .sessions = 7,
            .children = 2};

  auto told = parts(snapshots_);
  told.limits = {
      {.name = "connections", .value = 700, .standard = 4096, .unit = "", .bounds = "connections at once"}};
  api_ = std::make_unique<Api>(std::move(told));

  const auto shown = get("/v1/status");
  ASSERT_EQ(shown.status, 200) << json::serialize(shown.body);
  const auto size = get("/v1/audit/entries").body.at("size");
  const json::object pilot{{"environment", "pilot"},
                           {"mcp", "https://remit.test/mcp/pilot"},
                           {"issuer", "https://remit.test/issuer/pilot"},
                           {"token_endpoint", "https://remit.test/issuer/pilot/token"}};
  const json::object counts{{"humans", 2},
                            {"services", 0},
                            {"agents", 3},
                            {"killed_agents", 1},
                            {"active_deployments", 1},
                            {"expired_deployments", 0},
                            {"destinations", 0},
                            {"tools", 0},
                            {"tools_quarantined", 0},
                            {"tools_missing", 0},
                            {"grants", 0},
                            {"sessions", 7},
                            {"children", 2}};
  const json::object limit{{"name", "connections"},
                           {"value", 700},
                           {"default", 4096},
                           {"unit", ""},
                           {"bounds", "connections at once"}};
  const json::object log{{"entries", size}, {"key", "remit.test/audit+12345678+AQ=="}};
  EXPECT_EQ(canonical_json(shown.body),
            canonical_json(json::object{{"version", "1.2.3"},
                                        {"process", ::getpid()},
                                        {"revision", store_->revision()},
                                        {"counts", counts},
                                        {"set_aside", json::array()},
                                        {"cautions", json::array()},
                                        {"problems", json::array()},
                                        {"audit", log},
                                        {"confinement", json::array{"children are confined by namespaces"}},
                                        {"public_url", "https://remit.test"},
                                        {"metrics", "http://127.0.0.1:9464/metrics"},
                                        {"endpoints", json::array{pilot}},
                                        {"limits", json::array{limit}}}));
}

TEST_F(ApiTest, ShowsNoEndpointWhereNobodyListens) {
  const auto shown = get("/v1/status").body;
  EXPECT_TRUE(shown.at("public_url").is_null());
  EXPECT_TRUE(shown.at("endpoints").as_array().empty());
  EXPECT_EQ(get("/v1/status?verbose=1").code(), "RMT-X012");
}

TEST_F(ApiTest, IsNotReadyBeforeAnythingWasRead) {
  const snapshot::SnapshotHolder empty;
  api_ = std::make_unique<Api>(parts(empty));
  using enum http::Method;
  const Faulty cases[] = {{kGet, "/v1/status", "", 503, "RMT-X011"},
                          {kGet, "/v1/policies/sandbox", "", 503, "RMT-X011"},
                          {kGet, "/v1/humans", "", 503, "RMT-X011"}};
  expect_problems(cases);
}

}  // namespace
}  // namespace remit::admin
