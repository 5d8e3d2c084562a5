// Requests as a whole, and the commands on people, agents, destinations and tools.

#include "admin/testing.h"

namespace remit::admin {
namespace {

namespace json = boost::json;

TEST_F(ApiTest, AnswersEveryFaultyRequestWithAProblem) {
  with_people();
  using enum http::Method;
  const Faulty cases[] = {
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
      {kPost, "/v1/agents/nobody/kill", R"({"reason":"x","by":"raj"})", 404, "RMT-I003"},
      {kPost, "/v1/agents/nobody/kill", R"({"reason":"x"})", 400, "RMT-X012"},
      {kPost, "/v1/agents/nobody/kill", R"({"reason":"x","by":"nobody"})", 404, "RMT-I001"},
      {kPost, "/v1/agents/nobody/kill", "", 400, "RMT-X012"},
      {kPost, "/v1/agents", R"({"name":"a"})", 400, "RMT-X012"},
      {kGet, "/v1/deployments/moon/a", "", 404, "RMT-X010"},
      {kPost, "/v1/deployments/production/a/approve", R"({"by":"raj"})", 404, "RMT-I003"},
  };
  expect_problems(cases);
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

  EXPECT_EQ(post("/v1/deployments/production/invoice-bot/retire", {{"reason", "replaced"}}).status, 200);
  EXPECT_EQ(state(), "retired");
}

TEST_F(ApiTest, AKillIsLiftedByTwoPeopleWhoHaveNoPartInIt) {
  with_people();
  for (const auto name : {"zoe", "kim", "eve"}) ASSERT_EQ(post("/v1/humans", {{"name", name}}).status, 201);
  ASSERT_EQ(post("/v1/agents", registration("invoice-bot", "production")).status, 201);
  const auto kill = [&](std::string_view by) {
    return post("/v1/agents/invoice-bot/kill", {{"reason", "drill"}, {"by", by}});
  };
  const auto killed = kill("raj");
  ASSERT_EQ(killed.status, 200) << json::serialize(killed.body);
  clock_.advance(std::chrono::minutes(1));
  ASSERT_EQ(kill("zoe").status, 200);
  const auto kills = get("/v1/agents/invoice-bot").body.at("kills").as_array();
  ASSERT_EQ(kills.size(), 2U);
  EXPECT_EQ(kills.at(0).at("id"), killed.body.at("kill"));
  const auto holds = get("/v1/deployments/production/invoice-bot").body.at("holds").as_array();
  ASSERT_EQ(holds.size(), 2U);
  EXPECT_EQ(holds.at(0).at("kind"), "killed");

  const auto lift = [&](const json::value& which, std::string_view by) {
    return post("/v1/agents/invoice-bot/lift", {{"kill", which}, {"by", by}, {"reason", "drill over"}});
  };
  EXPECT_EQ(lift("all", "ana").code(), "RMT-I014") << "owns it";
  EXPECT_EQ(lift(kills.at(0).at("id"), "raj").code(), "RMT-I014") << "placed it";
  EXPECT_EQ(lift(json::value("kil_" + std::string(32, '0')), "kim").code(), "RMT-I013");
  EXPECT_EQ(lift("all", "kim").body.at("confirmed").as_array().size(), 2U);
  EXPECT_EQ(lift("all", "kim").code(), "RMT-I014") << "has confirmed already";
  EXPECT_EQ(get("/v1/agents/invoice-bot").body.at("kills").at(0).at("confirmed_by"), "kim");
  EXPECT_EQ(lift(kills.at(0).at("id"), "eve").body.at("lifted").as_array().size(), 1U);
  EXPECT_EQ(get("/v1/agents/invoice-bot").body.at("kills").as_array().size(), 1U);
  EXPECT_EQ(lift("all", "eve").body.at("lifted").as_array().size(), 1U);
  EXPECT_TRUE(get("/v1/deployments/production/invoice-bot").body.at("holds").as_array().empty());
  EXPECT_EQ(lift("all", "eve").code(), "RMT-I013");
}

TEST_F(ApiTest, ADeploymentThatIsOverIsShownAsExpiredUntilItIsRenewed) {
  with_people();
  const auto registered = post("/v1/agents", registration("report-bot", "production"));
  ASSERT_EQ(registered.status, 201);
  const std::string path = "/v1/deployments/production/report-bot";
  ASSERT_EQ(post(path + "/approve", {{"by", "raj"}}).status, 200);
  clock_.set(parse_instant("2027-04-01T00:00:00Z").value());
  EXPECT_EQ(get(path).body.at("state"), "expired");
  EXPECT_EQ(get("/v1/deployments").body.at("items").at(0).at("state"), "expired");
  EXPECT_EQ(get("/v1/agents/report-bot").body.at("deployments").at(0).at("state"), "expired");
  EXPECT_EQ(get("/v1/agents").body.at("items").at(0).at("deployments").at(0).at("state"), "expired");
  const auto counts = get("/v1/status").body.at("counts");
  EXPECT_EQ(counts.at("active_deployments"), 0);
  EXPECT_EQ(counts.at("expired_deployments"), 1);

  const auto renew = [&](std::string_view expires, std::string_view by) {
    return post(path + "/renew", {{"expires", expires}, {"by", by}});
  };
  EXPECT_EQ(renew("2027-09-01T00:00:00Z", "ana").code(), "RMT-I012");
  EXPECT_EQ(renew("2027-03-01T00:00:00Z", "raj").code(), "RMT-I007");
  EXPECT_EQ(renew("9999-12-31T00:00:00Z", "raj").code(), "RMT-I031");
  ASSERT_EQ(renew("2027-09-01T00:00:00Z", "raj").status, 200);
  EXPECT_EQ(get(path).body.at("state"), "active");
  EXPECT_EQ(get(path).body.at("credentials").at(0).at("expires"), "2027-09-01T00:00:00.000000Z");
}

TEST_F(ApiTest, ALeakThatIsReportedHoldsUntilTheKeysAreOthers) {
  with_people();
  const auto registered = post("/v1/agents", registration("report-bot", "sandbox"));
  const std::string path = "/v1/deployments/sandbox/report-bot";
  EXPECT_EQ(post(path + "/suspend", {{"reason", "drill"}}).code(), "RMT-X012") << "who says so must be known";
  ASSERT_EQ(post(path + "/suspend", {{"reason", "drill"}, {"by", "raj"}}).status, 200);
  const auto reported = post(path + "/suspend", {{"reason", "in a log"}, {"by", "raj"}, {"exposed", true}});
  EXPECT_EQ(reported.body.at("placed"), "credential-exposed");
  const auto lift = [&](std::string_view hold) {
    return post(path + "/lift", {{"hold", hold}, {"by", "ana"}, {"reason", "mended"}});
  };
  EXPECT_EQ(lift("suspended").status, 200);
  EXPECT_EQ(lift("credential-exposed").code(), "RMT-I015");
  const std::string credential(registered.body.at("credential").as_string());
  ASSERT_EQ(post("/v1/credentials/" + credential + "/revoke").status, 200);
  EXPECT_EQ(lift("credential-exposed").status, 200);
}

TEST_F(ApiTest, AKeyIsAddedInProductionByAnotherPersonThanTheOwner) {
  with_people();
  ASSERT_EQ(post("/v1/agents", registration("invoice-bot", "production")).status, 201);
  const auto jwk = jose::PrivateKey::generate(jose::Algorithm::kEs256, random_).public_key().jwk();
  const auto add = [&](json::object more) {
    more["public_jwk"] = jwk;
    return post("/v1/deployments/production/invoice-bot/credentials", more);
  };
  EXPECT_EQ(add({}).code(), "RMT-I033");
  EXPECT_EQ(add({{"by", "ana"}}).code(), "RMT-I033");
  const auto added = add({{"by", "raj"}});
  ASSERT_EQ(added.status, 200) << json::serialize(added.body);
  EXPECT_TRUE(added.body.contains("thumbprint"));
  EXPECT_EQ(add({{"by", "raj"}}).code(), "RMT-I008");
}

TEST_F(ApiTest, InProductionNobodyDecidesAloneOnADestinationOfTheirOwn) {
  with_people();
  json::object erp{{"environment", "production"},
                   {"name", "erp"},
                   {"url", "http://127.0.0.1:9/mcp"},
                   {"data_class", "internal"},
                   {"owner", "raj"}};
  EXPECT_EQ(post("/v1/destinations", erp).code(), "RMT-C031");
  erp["by"] = "raj";
  EXPECT_EQ(post("/v1/destinations", erp).code(), "RMT-C031");
  erp["by"] = "ana";
  ASSERT_EQ(post("/v1/destinations", erp).status, 201);
  definitions_ = {R"({"name":"read","inputSchema":{"type":"object"}})"};
  ASSERT_EQ(post("/v1/destinations/production/erp/scan").status, 200);
  const auto classify = [&](std::string_view by) {
    return post("/v1/tools/production/classify",
                {{"tool", "erp/read"}, {"effect", "read"}, {"data_class", "public"}, {"by", by}});
  };
  EXPECT_EQ(classify("raj").code(), "RMT-C031");
  EXPECT_EQ(classify("ana").status, 200);

  ASSERT_EQ(post("/v1/agents", registration("invoice-bot", "production")).status, 201);
  const auto grant = [&](std::string_view by) {
    return post("/v1/grants",
                {{"environment", "production"}, {"agent", "invoice-bot"}, {"tool", "erp/read"}, {"by", by}});
  };
  EXPECT_EQ(grant("ana").code(), "RMT-I033");
  EXPECT_EQ(grant("raj").status, 201);
}

TEST_F(ApiTest, RevokesACredentialForEver) {
  with_people();
  const auto registered = post("/v1/agents", registration("report-bot", "sandbox"));
  const std::string revoke =
      "/v1/credentials/" + std::string(registered.body.at("credential").as_string()) + "/revoke";
  const std::string unknown = "/v1/credentials/crd_" + std::string(32, '0') + "/revoke";
  using enum http::Method;
  const Faulty cases[] = {
      {kPost, "/v1/credentials/report-bot/revoke", "", 400, "RMT-B002"},
      {kPost, unknown, "", 404, "RMT-I003"},
      {kPost, revoke, R"({"by":"nobody"})", 404, "RMT-I001"},
      {kPost, revoke, R"({"reason":"lost"})", 400, "RMT-X012"},
      {kGet, revoke, "", 405, "RMT-H006"},
  };
  expect_problems(cases);

  const auto revoked = post(revoke, {{"by", "raj"}});
  ASSERT_EQ(revoked.status, 200) << json::serialize(revoked.body);
  EXPECT_EQ(revoked.body.at("id"), registered.body.at("credential"));
  const auto shown = get("/v1/deployments/sandbox/report-bot").body.at("credentials").at(0);
  EXPECT_EQ(shown.at("revoked"), true);
  EXPECT_EQ(post(revoke).code(), "RMT-I022");
  const auto event = get("/v1/audit/entries?limit=1").body.at("items").at(0).at("entry");
  EXPECT_EQ(event.at("action"), "credential.revoke");
  EXPECT_TRUE(event.at("actor").as_string().starts_with("hum_"));
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

TEST_F(ApiTest, SaysWhatMayHaveBeenMeantByANameThatIsNotThere) {
  with_erp();
  ASSERT_EQ(post("/v1/agents", registration("invoice-bot", "sandbox")).status, 201);
  const struct {
    http::Method method;
    const char* path;
    json::object body;
    const char* told;
  } cases[] = {
      {http::Method::kGet, "/v1/agents/invoice-bto", {}, "did you mean `invoice-bot`?"},
      {http::Method::kGet, "/v1/deployments/sandbox/invoicebot", {}, "did you mean `invoice-bot`?"},
      {http::Method::kGet,
       "/v1/deployments/sandbox/invoice-bto/prospects",
       {},
       "did you mean `invoice-bot`?"},
      {http::Method::kPost,
       "/v1/agents/invoice-bto/kill",
       {{"by", "ana"}, {"reason", "x"}},
       "did you mean `invoice-bot`?"},
      {http::Method::kPost, "/v1/deployments/sandbox/invoice-bt/submit", {}, "did you mean `invoice-bot`?"},
      {http::Method::kPost,
       "/v1/deployments/pilot/invoice-bot/submit",
       {},
       "there is no agent `invoice-bot` in pilot"},
      {http::Method::kPost, "/v1/humans/anna/leave", {}, "did you mean `ana`?"},
      {http::Method::kPost, "/v1/destinations/sandbox/epr/scan", {}, "did you mean `erp`?"},
      {http::Method::kPost, "/v1/destinations/sandbox/erpp/retire", {}, "did you mean `erp`?"},
  };
  for (const auto& [method, path, body, told] : cases) {
    const auto reply = call(method, path, method == http::Method::kGet ? json::value() : json::value(body));
    EXPECT_EQ(reply.status, 404) << path;
    EXPECT_TRUE(json::serialize(reply.body).contains(told)) << path << json::serialize(reply.body);
  }
}

TEST_F(ApiTest, TellsWhetherADestinationAnsweredItsLastCall) {
  with_people();
  for (const auto* name : {"answering", "failing", "idle"})
    ASSERT_EQ(post("/v1/destinations", {{"environment", "sandbox"},
                                        {"name", name},
                                        {"url", "http://127.0.0.1:1/mcp"},
                                        {"data_class", "internal"},
                                        {"owner", "raj"}})
                  .status,
              201);
  const auto before = kNow - std::chrono::minutes(1);
  contacts_[{Environment::kSandbox, "answering"}] = {.answered = kNow, .failed = before};
  contacts_[{Environment::kSandbox, "failing"}] = {.answered = before, .failed = kNow};
  contacts_[{Environment::kPilot, "idle"}] = {.answered = kNow, .failed = {}};  // of another environment
  const auto items = get("/v1/destinations").body.at("items");
  EXPECT_EQ(items.at(0).at("health"), "answers");
  EXPECT_EQ(items.at(0).at("last_answer").as_string(), format_instant(kNow));
  EXPECT_EQ(items.at(0).at("last_failure").as_string(), format_instant(before));
  EXPECT_EQ(items.at(1).at("health"), "fails");
  EXPECT_EQ(items.at(2).at("health"), nullptr);
  EXPECT_EQ(items.at(2).at("last_answer"), nullptr);
}

TEST_F(ApiTest, ShowsWhatAChildMayReachAndKeepsItsVariablesValues) {
  with_people();
  const json::object notes{{"environment", "sandbox"},
                           {"name", "notes"},
                           {"command", json::array{"/usr/bin/env"}},
                           {"reads", json::array{"/opt/mcp"}},
                           {"writes", json::array{"/srv/notes"}},
                           {"network", "all"},
                           {"variables", {{"MODE", "private-value"}}},
                           {"cwd", "/srv/notes"},
                           {"data_class", "internal"},
                           {"owner", "raj"}};
  ASSERT_EQ(post("/v1/destinations", notes).status, 201);
  const auto shown = get("/v1/destinations").body.at("items").at(0);
  EXPECT_EQ(shown.at("reads"), json::array{"/opt/mcp"});
  EXPECT_EQ(shown.at("writes"), json::array{"/srv/notes"});
  EXPECT_EQ(shown.at("network"), "all");
  EXPECT_EQ(shown.at("variables"), json::array{"MODE"});
  EXPECT_EQ(shown.at("cwd"), "/srv/notes");
  EXPECT_FALSE(json::serialize(shown).contains("private-value"));

  auto single = notes;
  single["name"] = "single";
  single.erase("network");
  single["hosts"] = json::array{"db.internal:5432", "[2001:db8::1]:443"};
  ASSERT_EQ(post("/v1/destinations", single).status, 201);
  const auto with_hosts = get("/v1/destinations").body.at("items").at(1);
  EXPECT_EQ(with_hosts.at("network"), "hosts");
  EXPECT_EQ(with_hosts.at("hosts"), single.at("hosts"));
  EXPECT_EQ(shown.at("hosts"), json::array());

  auto bad = notes;
  bad["name"] = "other";
  bad["network"] = "db.internal:5432";
  EXPECT_EQ(post("/v1/destinations", bad).code(), "RMT-X012");
  bad["network"] = "hosts";
  EXPECT_EQ(post("/v1/destinations", bad).code(), "RMT-X012");
  bad["hosts"] = json::array{"db.internal:5432"};
  for (const auto* other : {"none", "all"}) {
    bad["network"] = other;
    EXPECT_EQ(post("/v1/destinations", bad).code(), "RMT-X012");
  }
  bad.erase("hosts");
  bad["network"] = "none";
  bad["variables"] = {{"A", 1}};
  EXPECT_EQ(post("/v1/destinations", bad).code(), "RMT-X012");
}

TEST_F(ApiTest, PinsWhatADestinationOffersAndGrantsWhatAPersonClassified) {
  with_people();
  ASSERT_EQ(post("/v1/agents", registration("report-bot", "sandbox")).status, 201);
  const json::object erp{
      {"environment", "sandbox"},
      {"name", "erp"},
      {"url", "http://127.0.0.1:9/mcp"},
      {"data_class", "internal"},
      {"owner", "raj"},
      {"labels", json::array{"pii"}},
      {"secrets", json::array{{{"slot", "Authorization"}, {"value", "Bearer hush-hush"}}}}};
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

  EXPECT_EQ(post("/v1/tools/sandbox/classify",
                 {{"tool", "erp/read"}, {"effect", "raed"}, {"data_class", "internal"}})
                .code(),
            "RMT-X012");
  ASSERT_EQ(post("/v1/tools/sandbox/classify",
                 {{"tool", "erp/read"}, {"effect", "read"}, {"data_class", "internal"}, {"by", "raj"}})
                .status,
            200);
  const json::object grant{
      {"environment", "sandbox"}, {"agent", "report-bot"}, {"tool", "erp/read"}, {"by", "raj"}};
  const auto granted = post("/v1/grants", grant);
  EXPECT_EQ(granted.status, 201);
  EXPECT_EQ(granted.body.at("items").at(0).at("shown_name"), "read");
  const auto again = post("/v1/grants", grant);
  EXPECT_EQ(again.status, 200) << "as it is already";
  EXPECT_EQ(again.body.at("items").at(0).at("id"), granted.body.at("items").at(0).at("id"));
  auto until = grant;
  until["expires"] = format_instant(clock_.now() + std::chrono::hours(1));
  EXPECT_EQ(post("/v1/grants", until).code(), "RMT-I016");
  EXPECT_EQ(get("/v1/grants").body.at("items").at(0).at("tool"), "erp/read");
  EXPECT_EQ(get("/v1/grants").body.at("items").at(0).at("shown_name"), "read");
  EXPECT_EQ(get("/v1/tools").body.at("items").at(0).at("shown_names"), (json::array{"read"}));

  const json::object revocation{{"environment", "sandbox"}, {"agent", "report-bot"}, {"tool", "erp/read"}};
  EXPECT_EQ(post("/v1/grants/revoke", revocation).status, 200);
  EXPECT_EQ(post("/v1/grants/revoke", revocation).code(), "RMT-I018");
}

TEST_F(ApiTest, SeveralToolsAreGrantedClassifiedAndRevokedAllOrNone) {
  with_erp();
  definitions_ = {R"({"name":"read","inputSchema":{"type":"object"}})",
                  R"({"name":"pay","inputSchema":{"type":"object"}})"};
  ASSERT_EQ(post("/v1/destinations/sandbox/erp/scan").status, 200);
  ASSERT_EQ(post("/v1/agents", registration("report-bot", "sandbox")).status, 201);
  const auto grant = [&](json::array tools) {
    return post(
        "/v1/grants",
        {{"environment", "sandbox"}, {"agent", "report-bot"}, {"tool", std::move(tools)}, {"by", "raj"}});
  };
  const auto grants = [&] { return get("/v1/grants").body.at("items").as_array().size(); };
  EXPECT_EQ(grant({"erp/read", "erp/reed"}).code(), "RMT-C010");
  EXPECT_EQ(grants(), 0U);
  EXPECT_EQ(grant({}).code(), "RMT-X012");
  EXPECT_EQ(grant({"erp/read"}).status, 201);
  const auto both = grant({"erp/read", "erp/pay"});
  EXPECT_EQ(both.status, 201);
  EXPECT_EQ(both.body.at("items").at(0).at("new"), false);
  EXPECT_EQ(both.body.at("items").at(1).at("new"), true);
  EXPECT_EQ(grants(), 2U);

  const auto classify = [&](json::array tools) {
    return post("/v1/tools/sandbox/classify",
                {{"tool", std::move(tools)}, {"effect", "read"}, {"data_class", "internal"}, {"by", "raj"}});
  };
  EXPECT_EQ(classify({"erp/read", "erp/no"}).code(), "RMT-C010");
  EXPECT_TRUE(get("/v1/tools").body.at("items").at(0).at("effect").is_null());
  EXPECT_EQ(classify({"erp/read", "erp/pay"}).status, 200);

  const auto revoke = [&](json::array tools) {
    return post("/v1/grants/revoke",
                {{"environment", "sandbox"}, {"agent", "report-bot"}, {"tool", std::move(tools)}});
  };
  EXPECT_EQ(revoke({"erp/read", "erp/read"}).code(), "RMT-I018");
  EXPECT_EQ(grants(), 2U);
  EXPECT_EQ(revoke({"erp/read", "erp/pay"}).status, 200);
}

TEST_F(ApiTest, ADestinationIsChangedByWhatIsNamedAlone) {
  with_erp();
  const auto set = [&](json::object body) {
    return post("/v1/destinations/sandbox/erp/set", std::move(body));
  };
  const auto shown = [&] { return get("/v1/destinations").body.at("items").at(0).as_object(); };
  const auto before = shown();
  EXPECT_EQ(set({}).code(), "RMT-C018");
  EXPECT_EQ(set({{"data_clas", "restricted"}}).code(), "RMT-X012");
  EXPECT_EQ(set({{"url", "https://a.test/mcp"}, {"command", json::array{"/bin/x"}}}).code(), "RMT-X012");
  EXPECT_EQ(set({{"data_class", "restricted"}, {"open_seconds", 30}}).status, 200);
  EXPECT_EQ(shown().at("data_class"), "restricted");
  EXPECT_EQ(shown().at("open_seconds"), 30);
  EXPECT_EQ(shown().at("owner"), before.at("owner"));

  EXPECT_EQ(set({{"command", json::array{"/bin/cat"}}, {"variables", {{"A", "1"}, {"B", "2"}}}}).status, 200);
  EXPECT_EQ(set({{"variables", {{"A", nullptr}, {"C", "3"}}}}).status, 200);
  EXPECT_EQ(shown().at("command"), json::array{"/bin/cat"});
  EXPECT_EQ(shown().at("variables"), (json::array{"B", "C"}));
  EXPECT_EQ(set({{"variables", {{"A", nullptr}}}}).code(), "RMT-X012");
}

TEST_F(ApiTest, TellsWhatADestinationListsThatCannotBeUsed) {
  with_erp();
  definitions_ = {R"({"name":"read","inputSchema":{"type":"object"}})",
                  R"({"name":"odd","inputSchema":{"type":"object","required":null}})"};
  const auto scanned = post("/v1/destinations/sandbox/erp/scan");
  ASSERT_EQ(scanned.status, 200);
  EXPECT_EQ(scanned.body.at("added").as_array().size(), 1U);
  EXPECT_EQ(scanned.body.at("refused").at(0).at("detail"),
            "/inputSchema/required: must be an array of strings");

  // Without asking again.
  definitions_ = {};
  const json::object odd{{"name", "odd"}, {"reason", "/inputSchema/required: must be an array of strings"}};
  EXPECT_EQ(get("/v1/destinations").body.at("items").at(0).at("set_aside"), (json::array{odd}));
  EXPECT_EQ(get("/v1/status").body.at("set_aside"),
            (json::array{json::object{
                {"environment", "sandbox"}, {"destination", "erp"}, {"tools", 1}, {"first", odd}}}));
}

TEST_F(ApiTest, ShowsBothDefinitionsBeforeAChangeIsApproved) {
  with_erp();
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
