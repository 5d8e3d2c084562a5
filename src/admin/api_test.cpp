#include "admin/api.h"

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "base/canonical_json.h"
#include "catalog/load.h"
#include "http/block_on.h"
#include "identity/load.h"
#include "jose/key.h"
#include "store/temp_folder.h"

namespace remit::admin {
namespace {

namespace json = boost::json;

constexpr Instant kNow{std::chrono::seconds(1'800'000'000)};

// The API on a store of its own, with snapshots swapped as the server does.
class ApiTest : public testing::Test {
 protected:
  ApiTest() : clock_(kNow), random_(7) {
    auto migrations = audit::migrations();
    std::ranges::move(identity::migrations(), std::back_inserter(migrations));
    std::ranges::move(catalog::migrations(), std::back_inserter(migrations));
    store_ =
        std::move(store::Store::open({.file = folder_ / "remit.db", .migrations = std::move(migrations)}))
            .value();
    store_->on_commit([this](std::int64_t revision, store::Reader& reader) {
      snapshot::SnapshotData data;
      data.revision = revision;
      ASSERT_TRUE(identity::load(reader, data));
      ASSERT_TRUE(catalog::load(reader, data));
      snapshots_.swap(std::make_shared<snapshot::Snapshot>(std::move(data)));
    });
    log_ = std::move(audit::Log::open(*store_, clock_, random_)).value();
    registry_ = std::make_unique<identity::Registry>(*log_, clock_, random_);
    vault_ = std::make_unique<catalog::Vault>(catalog::Vault::open(folder_ / "vault.key", random_).value());
    catalog_ =
        std::make_unique<catalog::Catalog>(*log_, clock_, random_, *vault_, identity::require_active_human);
    policies_ = std::make_unique<catalog::PolicyPublisher>(*log_, clock_, random_, identity::require_active_human);
    api_ = std::make_unique<Api>(
        ApiParts{.store = *store_,
                 .registry = *registry_,
                 .catalog = *catalog_,
                 .policies = *policies_,
                 .snapshots = snapshots_,
                 .list_tools = [this](snapshot::Destination) -> http::Task<Result<mcp::ToolPage>> {
                   co_return offered();
                 }});
  }

  struct Reply {
    int status;
    json::object body;
    std::string code() const { return body.contains("code") ? std::string(body.at("code").as_string()) : ""; }
  };

  Reply call(http::Method method, std::string_view path, const json::value& body = nullptr) {
    return raw(method, path, body.is_null() ? "" : json::serialize(body));
  }

  Reply raw(http::Method method, std::string_view path, std::string body) {
    http::Request request{.method = method,
                          .target = std::string(path),
                          .path = std::string(path),
                          .query = {},
                          .headers = {},
                          .body = std::move(body),
                          .peer = {}};
    const auto response =
        http::block_on(loop_, api_->handle(std::move(request), {.id = "operator", .via = "api"}));
    return {response.status, parse_json(response.body).value().as_object()};
  }

  Reply post(std::string_view path, const json::object& body = {}) {
    return call(http::Method::kPost, path, body);
  }
  Reply get(std::string_view path) { return call(http::Method::kGet, path); }

  json::object registration(std::string_view name, std::string_view environment) {
    return {
        {"name", name},
        {"owner", "ana"},
        {"purpose", "Close supplier invoices"},
        {"process", "accounts-payable"},
        {"issuing_system", "remit"},
        {"environment", environment},
        {"expires", "2027-06-01T00:00:00Z"},
        {"public_jwk", jose::PrivateKey::generate(jose::Algorithm::kEd25519, random_).public_key().jwk()}};
  }

  // What the destinations' server offers, each definition in JSON.
  Result<mcp::ToolPage> offered() {
    if (definitions_.empty()) return fail(ErrorKind::kUnavailable, "RMT-U001", "nobody answers");
    mcp::ToolPage page;
    for (const auto& raw : definitions_) page.tools.push_back(mcp::parse_tool(raw).value());
    return page;
  }

  void with_people() {
    for (const auto name : {"ana", "raj"}) ASSERT_EQ(post("/v1/humans", {{"name", name}}).status, 201);
  }

  const store::TempFolder folder_;
  ManualClock clock_;
  SeededRandom random_;
  snapshot::SnapshotHolder snapshots_;
  std::unique_ptr<store::Store> store_;
  std::unique_ptr<audit::Log> log_;
  std::unique_ptr<identity::Registry> registry_;
  std::unique_ptr<catalog::Vault> vault_;
  std::unique_ptr<catalog::Catalog> catalog_;
  std::unique_ptr<catalog::PolicyPublisher> policies_;
  std::vector<std::string> definitions_;
  std::unique_ptr<Api> api_;
  http::Loop loop_;
};

TEST_F(ApiTest, AnswersEveryFaultyRequestWithAProblem) {
  with_people();
  struct Case {
    http::Method method;
    std::string_view path, body;
    int status;
    std::string_view code;
  };
  using enum http::Method;
  const Case cases[] = {
      {kGet, "/v1/nothing", "", 404, "RMT-X010"},
      {kGet, "/v1/humans/", "", 404, "RMT-X010"},
      {kDelete, "/v1/humans", "", 405, "RMT-H006"},
      {kPost, "/v1/humans", "{", 400, "RMT-B010"},
      {kPost, "/v1/humans", "[]", 400, "RMT-X012"},
      {kPost, "/v1/humans", "", 400, "RMT-X012"},
      {kPost, "/v1/humans", R"({"name":7})", 400, "RMT-X012"},
      {kPost, "/v1/humans", R"({"name":"eve","role":"admin"})", 400, "RMT-X012"},
      {kPost, "/v1/humans", R"({"name":"ana"})", 409, "RMT-I005"},
      {kPost, "/v1/humans/nobody/leave", "", 404, "RMT-I001"},
      {kGet, "/v1/agents/nobody", "", 404, "RMT-I003"},
      {kPost, "/v1/agents/nobody/kill", R"({"reason":"x"})", 404, "RMT-I003"},
      {kPost, "/v1/agents/nobody/kill", "", 400, "RMT-X012"},
      {kPost, "/v1/agents", R"({"name":"a"})", 400, "RMT-X012"},
      {kGet, "/v1/deployments/moon/a", "", 404, "RMT-X010"},
      {kPost, "/v1/deployments/production/a/approve", R"({"by":"raj"})", 404, "RMT-I003"},
  };
  const auto before = store_->revision();
  for (const auto& expected : cases) {
    const auto reply = raw(expected.method, expected.path, std::string(expected.body));
    EXPECT_EQ(reply.status, expected.status) << expected.path << " " << expected.body;
    EXPECT_EQ(reply.code(), expected.code) << expected.path << " " << json::serialize(reply.body);
    EXPECT_TRUE(reply.body.contains("fix")) << expected.path;
  }
  EXPECT_EQ(store_->revision(), before);
}

TEST_F(ApiTest, CarriesAnAgentFromItsRegistrationToItsEnd) {
  with_people();
  const auto registered = post("/v1/agents", registration("invoice-bot", "production"));
  ASSERT_EQ(registered.status, 201) << json::serialize(registered.body);

  const auto state = [&] {
    return std::string(get("/v1/deployments/production/invoice-bot").body.at("state").as_string());
  };
  EXPECT_EQ(state(), "pending");
  EXPECT_EQ(post("/v1/deployments/production/invoice-bot/approve", {{"by", "ana"}}).code(), "RMT-I012");
  EXPECT_EQ(post("/v1/deployments/production/invoice-bot/approve", {{"by", "raj"}}).status, 200);
  EXPECT_EQ(state(), "active");

  EXPECT_EQ(post("/v1/agents/invoice-bot/kill", {{"reason", "drill"}, {"by", "ana"}}).status, 200);
  const auto held = get("/v1/agents/invoice-bot").body.at("deployments").at(0).at("holds").at(0);
  EXPECT_EQ(held.at("kind"), "killed");
  const json::object lift{{"hold", "killed"}, {"reason", "drill over"}};
  const auto lift_by = [&](std::string_view name) {
    auto body = lift;
    body["by"] = name;
    return post("/v1/deployments/production/invoice-bot/lift", body);
  };
  EXPECT_EQ(lift_by("ana").code(), "RMT-I014");
  EXPECT_EQ(lift_by("raj").status, 200);

  EXPECT_EQ(post("/v1/deployments/production/invoice-bot/retire", {{"reason", "replaced"}}).status, 200);
  EXPECT_EQ(state(), "retired");
}

TEST_F(ApiTest, HoldsWhatALeaverOwned) {
  with_people();
  ASSERT_EQ(post("/v1/agents", registration("report-bot", "sandbox")).status, 201);
  const auto left = post("/v1/humans/ana/leave");
  ASSERT_EQ(left.status, 200);
  EXPECT_EQ(left.body.at("held").as_array().size(), 1U);
  EXPECT_EQ(post("/v1/humans/ana/leave").status, 404);
}

TEST_F(ApiTest, RefusesAPrivateKeyInPlaceOfAPublicOne) {
  with_people();
  auto body = registration("leaky-bot", "sandbox");
  const auto key = jose::PrivateKey::generate(jose::Algorithm::kEs256, random_);
  body["public_jwk"] = parse_json(key.jwk().reveal()).value();
  const auto reply = post("/v1/agents", body);
  EXPECT_EQ(reply.code(), "RMT-J001") << json::serialize(reply.body);
  EXPECT_FALSE(json::serialize(reply.body).contains(key.jwk().reveal()));
}

TEST_F(ApiTest, PinsWhatADestinationOffersAndGrantsWhatAPersonClassified) {
  with_people();
  ASSERT_EQ(post("/v1/agents", registration("report-bot", "sandbox")).status, 201);
  const json::object erp{{"environment", "sandbox"},
                         {"name", "erp"},
                         {"url", "http://127.0.0.1:9/mcp"},
                         {"data_class", "internal"},
                         {"owner", "raj"},
                         {"labels", json::array{"pii"}},
                         {"secret", {{"slot", "Authorization"}, {"value", "Bearer hush"}}}};
  ASSERT_EQ(post("/v1/destinations", erp).status, 201);
  EXPECT_FALSE(json::serialize(get("/v1/destinations").body).contains("hush"));

  EXPECT_EQ(post("/v1/destinations/sandbox/erp/scan").code(), "RMT-U001");
  definitions_ = {R"({"name":"read","inputSchema":{"type":"object"},"annotations":{"readOnlyHint":true}})"};
  const auto scanned = post("/v1/destinations/sandbox/erp/scan");
  ASSERT_EQ(scanned.status, 200) << json::serialize(scanned.body);
  EXPECT_EQ(scanned.body.at("added").as_array().size(), 1U);

  const auto tool = get("/v1/tools").body.at("items").at(0);
  EXPECT_EQ(tool.at("name"), "erp/read");
  EXPECT_TRUE(tool.at("effect").is_null());
  EXPECT_EQ(tool.at("claims").at("readOnlyHint"), true);

  EXPECT_EQ(
      post("/v1/tools/sandbox/erp%2Fread/classify", {{"effect", "raed"}, {"data_class", "internal"}}).code(),
      "RMT-X012");
  ASSERT_EQ(post("/v1/tools/sandbox/erp%2Fread/classify",
                 {{"effect", "read"}, {"data_class", "internal"}, {"by", "raj"}})
                .status,
            200);
  const json::object grant{
      {"environment", "sandbox"}, {"agent", "report-bot"}, {"tool", "erp/read"}, {"by", "raj"}};
  EXPECT_EQ(post("/v1/grants", grant).status, 201);
  EXPECT_EQ(post("/v1/grants", grant).code(), "RMT-I016");
  EXPECT_EQ(get("/v1/grants").body.at("items").at(0).at("tool"), "erp/read");

  const json::object revocation{{"environment", "sandbox"}, {"agent", "report-bot"}, {"tool", "erp/read"}};
  EXPECT_EQ(post("/v1/grants/revoke", revocation).status, 200);
  EXPECT_EQ(post("/v1/grants/revoke", revocation).code(), "RMT-I018");
}

TEST_F(ApiTest, ShowsBothDefinitionsBeforeAChangeIsApproved) {
  with_people();
  ASSERT_EQ(post("/v1/destinations", {{"environment", "sandbox"},
                                      {"name", "erp"},
                                      {"command", json::array{"/bin/true"}},
                                      {"data_class", "internal"},
                                      {"owner", "raj"}})
                .status,
            201);
  definitions_ = {R"({"name":"read","inputSchema":{"type":"object"}})"};
  ASSERT_EQ(post("/v1/destinations/sandbox/erp/scan").status, 200);
  EXPECT_EQ(get("/v1/tools/sandbox/erp%2Fread/change").code(), "RMT-C016");

  definitions_ = {R"({"name":"read","description":"Sends it too","inputSchema":{"type":"object"}})"};
  EXPECT_EQ(post("/v1/destinations/sandbox/erp/scan").body.at("quarantined").as_array().size(), 1U);
  const auto change = get("/v1/tools/sandbox/erp%2Fread/change");
  ASSERT_EQ(change.status, 200);
  EXPECT_TRUE(std::string_view(change.body.at("offered").as_string()).contains("Sends it too"));

  const auto approve = [&](const json::value& digest) {
    return post("/v1/tools/sandbox/erp%2Fread/approve-change", {{"digest", digest}, {"by", "raj"}});
  };
  EXPECT_EQ(approve(change.body.at("pinned_digest")).code(), "RMT-C017");
  EXPECT_EQ(approve(change.body.at("offered_digest")).status, 200);
  EXPECT_EQ(get("/v1/tools").body.at("items").at(0).at("quarantined"), false);
}

}  // namespace
}  // namespace remit::admin
