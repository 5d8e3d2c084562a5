#include <gmock/gmock.h>

#include "admin/testing.h"

namespace remit::admin {
namespace {

namespace json = boost::json;
using audit::OutcomeStatus;
using testing::HasSubstr;
using testing::Not;

class AuditRoutes : public ApiTest {
 protected:
  // Appends entries of a kind of their own, each with a text of that size.
  void append(int count, std::size_t bytes = 1) {
    commit([&](store::Transaction& tx) -> Result<> {
      for (int i = 0; i < count; ++i) TRY(log_->append(tx, "note", {{"text", std::string(bytes, 'x')}}));
      return {};
    });
  }

  void commit(const store::Store::Work& work) {
    const auto done = store_->run(work);
    ASSERT_TRUE(done) << done.error().message;
  }

  std::uint64_t size() { return get("/v1/audit/entries").body.at("size").to_number<std::uint64_t>(); }

  std::vector<std::uint64_t> indexes(std::string_view target) {
    std::vector<std::uint64_t> all;
    const auto reply = get(target);
    EXPECT_EQ(reply.status, 200) << json::serialize(reply.body);
    if (reply.status != 200) return all;
    for (const auto& item : reply.body.at("items").as_array())
      all.push_back(item.at("index").to_number<std::uint64_t>());
    return all;
  }

  // A sandbox with the tool `erp/pay`, and an agent `invoice-bot`.
  void with_tool() {
    with_people();
    ASSERT_EQ(post("/v1/agents", registration("invoice-bot", "sandbox")).status, 201);
    const json::object erp{
        {"environment", "sandbox"},
        {"name", "erp"},
        {"url", "http://127.0.0.1:9/mcp"},
        {"data_class", "confidential"},
        {"owner", "raj"},
        {"secrets", json::array{{{"slot", "Authorization"}, {"value", "Bearer hush-hush"}}}}};
    ASSERT_EQ(post("/v1/destinations", erp).status, 201);
    definitions_ = {
        R"({"name":"pay","inputSchema":{"type":"object","properties":{"amount":{"type":"integer"}},
                         "required":["amount"]}})"};
    ASSERT_EQ(post("/v1/destinations/sandbox/erp/scan").status, 200);
  }

  // What the gateway writes of a decision on that tool.
  json::object decided(std::string_view verdict, std::string_view reason) {
    const auto snapshot = snapshots_.current();
    const auto& tool = snapshot->all().tools.at(0);
    return {{"environment", "sandbox"},
            {"deployment", snapshot->all().deployments.at(0).id.str()},
            {"credential", snapshot->all().credentials.at(0).id.str()},
            {"verdict", verdict},
            {"reason", reason},
            {"policies", json::array{"baseline-granted"}},
            {"revision", snapshot->revision()},
            {"tool", tool.id.str()},
            {"destination", tool.destination.str()},
            {"effect", "pay"},
            {"data_class", "confidential"}};
  }

  DecisionId intent(json::object body) {
    const auto id = DecisionId::make(clock_, random_);
    std::vector<audit::FieldSecret> secrets;
    body["arguments"] =
        audit::commit_to_members({{"iban", "DE89370400440532013000"}}, "arguments", random_, secrets);
    commit([&](store::Transaction& tx) -> Result<> {
      TRY(log_->append_intent(tx, id, body, secrets));
      return {};
    });
    return id;
  }

  DecisionId denial(const json::object& body, const std::vector<audit::FieldSecret>& secrets = {}) {
    const auto id = DecisionId::make(clock_, random_);
    commit([&](store::Transaction& tx) -> Result<> {
      TRY(log_->append_denial(tx, id, body, secrets));
      return {};
    });
    return id;
  }

  json::object explain(const DecisionId& id) {
    const auto reply = get("/v1/decisions/" + id.str());
    EXPECT_EQ(reply.status, 200) << json::serialize(reply.body);
    return reply.body;
  }
};

TEST_F(AuditRoutes, ShowTheEndOfTheLog) {
  append(30);
  EXPECT_EQ(size(), 31U);  // with the writer's start
  const auto last = indexes("/v1/audit/entries");
  ASSERT_EQ(last.size(), 20U);
  EXPECT_EQ(last.front(), 11U);
  EXPECT_EQ(last.back(), 30U);
  EXPECT_EQ(indexes("/v1/audit/entries?limit=2"), (std::vector<std::uint64_t>{29, 30}));
  EXPECT_EQ(indexes("/v1/audit/entries?limit=1000").size(), 31U);
}

TEST_F(AuditRoutes, ShowEntriesAsTheyWereWritten) {
  append(1);
  const auto item = get("/v1/audit/entries?from=1").body.at("items").at(0);
  std::string written;
  ASSERT_TRUE(store_->read([&](store::Reader& reader) -> Result<> {
    ASSIGN_OR_RETURN(written, audit::read_entry(reader, 1));
    return {};
  }));
  EXPECT_EQ(item.at("index"), 1);
  EXPECT_EQ(canonical_json(item.at("entry")), written);
}

TEST_F(AuditRoutes, GoOnAfterAnEntryOrFromIt) {
  append(99);
  const auto on = [&](std::string_view query) { return indexes("/v1/audit/entries?" + std::string(query)); };
  EXPECT_EQ(on("after=96"), (std::vector<std::uint64_t>{97, 98, 99}));
  EXPECT_EQ(on("after=10&limit=2"), (std::vector<std::uint64_t>{11, 12}));
  EXPECT_EQ(on("from=0&limit=2"), (std::vector<std::uint64_t>{0, 1}));
  EXPECT_EQ(on("from=0").size(), 100U);
  for (const auto query : {"after=99", "from=100", "after=18446744073709551615", "from=18446744073709551615"})
    EXPECT_TRUE(on(query).empty()) << query;
}

TEST_F(AuditRoutes, GiveShorterPagesOfLargeEntries) {
  append(100, 60'000);
  std::uint64_t next = 0;
  int pages = 0;
  for (; next < 101; ++pages) {
    const auto page = indexes("/v1/audit/entries?limit=1000&from=" + std::to_string(next));
    ASSERT_FALSE(page.empty());
    for (const auto index : page) ASSERT_EQ(index, next++);
  }
  EXPECT_EQ(pages, 3);  // of 2 MiB, for 6 MB

  const auto last = indexes("/v1/audit/entries?limit=1000");
  EXPECT_LT(last.size(), 100U);
  for (std::size_t i = 0; i < last.size(); ++i) ASSERT_EQ(last[i], 101 - last.size() + i);
}

TEST_F(AuditRoutes, RefuseAPageThatCannotBe) {
  using enum http::Method;
  const Faulty cases[] = {
      {kGet, "/v1/audit/entries?limit=0", "", 400, "RMT-X012"},
      {kGet, "/v1/audit/entries?limit=1001", "", 400, "RMT-X012"},
      {kGet, "/v1/audit/entries?limit=many", "", 400, "RMT-X012"},
      {kGet, "/v1/audit/entries?after=-1", "", 400, "RMT-X012"},
      {kGet, "/v1/audit/entries?after=1&from=1", "", 400, "RMT-X012"},
      {kGet, "/v1/audit/entries?after=1&after=2", "", 400, "RMT-X012"},
      {kGet, "/v1/audit/entries?before=7", "", 400, "RMT-X012"},
      {kPost, "/v1/audit/entries", "{}", 405, "RMT-H006"},
  };
  expect_problems(cases);
}

TEST_F(AuditRoutes, ExplainAnAllowedCallWithItsOutcome) {
  with_tool();
  const auto id = intent(decided("allow", "RMT-D000"));
  EXPECT_TRUE(explain(id).at("outcome").is_null());
  commit([&](store::Transaction& tx) -> Result<> {
    TRY(log_->append_outcome(tx, id, OutcomeStatus::kTimeout, {{"latency_us", 1234}, {"reason", "RMT-U004"}},
                             {}));
    return {};
  });

  auto shown = explain(id);
  const auto entries = shown.at("entries").as_array();
  shown.erase("entries");
  const auto time = format_instant(kNow);
  EXPECT_EQ(canonical_json(shown),
            canonical_json(json::object{
                {"decision", id.str()},
                {"verdict", "allow"},
                {"reason", "RMT-D000"},
                {"title", find_error("RMT-D000")->title},
                {"fix", find_error("RMT-D000")->fix},
                {"time", time},
                {"environment", "sandbox"},
                {"deployment", snapshots_.current()->all().deployments.at(0).id.str()},
                {"agent", "invoice-bot"},
                {"tool", "erp/pay"},
                {"destination", "erp"},
                {"effect", "pay"},
                {"data_class", "confidential"},
                {"policies", json::array{"baseline-granted"}},
                {"policy_errors", json::array()},
                {"approval_path", nullptr},
                {"revision", snapshots_.current()->revision()},
                {"nearest", nullptr},
                {"shown_name", nullptr},
                {"outcome",
                 {{"status", "timeout"}, {"reason", "RMT-U004"}, {"latency_us", 1234}, {"time", time}}}}));
  ASSERT_EQ(entries.size(), 2U);
  EXPECT_EQ(entries.at(0).at("entry").at("kind"), "intent");
  EXPECT_EQ(entries.at(1).at("entry").at("kind"), "outcome");
  EXPECT_EQ(entries.at(1).at("entry").at("intent"), entries.at(0).at("index"));
}

TEST_F(AuditRoutes, ExplainThatAnAnswerDidNotArrive) {
  with_tool();
  for (const bool known_with_the_outcome : {true, false}) {
    const auto id = intent(decided("allow", "RMT-D000"));
    commit([&](store::Transaction& tx) -> Result<> {
      json::object body{{"latency_us", 1}};
      if (known_with_the_outcome) body["delivered"] = false;
      TRY(log_->append_outcome(tx, id, OutcomeStatus::kOk, std::move(body), {}));
      if (!known_with_the_outcome) TRY(log_->append_undelivered(tx, id));
      return {};
    });
    EXPECT_EQ(explain(id).at("outcome").at("status"), "ok");
    EXPECT_EQ(explain(id).at("outcome").at("delivered"), false);
  }
}

TEST_F(AuditRoutes, ShowNoSecretAndNoArgument) {
  with_tool();
  const auto id = intent(decided("allow", "RMT-D000"));
  for (const auto& target : {"/v1/decisions/" + id.str(), std::string("/v1/audit/entries?from=0")}) {
    const auto shown = json::serialize(get(target).body);
    EXPECT_THAT(shown, HasSubstr(R"("iban":"hmac-sha256:)"));
    EXPECT_THAT(shown, Not(HasSubstr("DE89370400440532013000")));
    EXPECT_THAT(shown, Not(HasSubstr("hush")));
  }
}

TEST_F(AuditRoutes, ExplainARefusalOfAToolThatIsNone) {
  with_tool();
  auto body = decided("deny", "RMT-D020");
  for (const auto name : {"tool", "destination", "effect", "data_class"}) body.erase(name);
  body["policies"] = json::array();
  body["tool_asked"] = "erp/delete_everything";
  const auto of_before = explain(denial(body));
  EXPECT_EQ(of_before.at("tool"), "erp/delete_everything");

  std::vector<audit::FieldSecret> secrets;
  body["tool_asked"] = audit::commit_to_text("erp/delete_everything", "tool_asked", random_, secrets);
  const auto shown = explain(denial(body, secrets));
  EXPECT_EQ(shown.at("verdict"), "deny");
  EXPECT_EQ(shown.at("title").as_string(), find_error("RMT-D020")->title);
  EXPECT_EQ(shown.at("tool"), "erp/delete_everything");
  EXPECT_THAT(json::serialize(shown.at("entries").at(0).at("entry")), Not(HasSubstr("delete_everything")));
  for (const auto name : {"destination", "effect", "data_class", "outcome"})
    EXPECT_TRUE(shown.at(name).is_null()) << name;
}

TEST_F(AuditRoutes, ExplainACallThatNothingPermitsByTheNearestPermit) {
  with_tool();
  ASSERT_EQ(post("/v1/tools/sandbox/classify", {{"tool", "erp/pay"},
                                                {"effect", "pay"},
                                                {"data_class", "internal"},
                                                {"labels", json::array()},
                                                {"by", "raj"}})
                .status,
            200);
  ASSERT_EQ(post("/v1/policies/sandbox",
                 {{"by", "ana"}, {"text", R"(permit (principal, action in Remit::Action::"read", resource);
      @id("small") permit (principal, action == Remit::Action::"erp/pay", resource)
      when { context.tool.effect == "pay" && context.input.amount <= 5000 && context.time < datetime("2020-01-01") };)"}})
                .status,
            201);
  const auto id = denial(decided("deny", "RMT-D041"));
  const auto nearest = explain(id).at("nearest").as_object();
  EXPECT_FALSE(nearest.at("policies_changed").as_bool());
  EXPECT_THAT(std::string(nearest.at("note").as_string()), HasSubstr("commitments"));
  const auto& permits = nearest.at("permits").as_array();
  ASSERT_EQ(permits.size(), 2U);
  EXPECT_EQ(permits.at(0).at("policy"), "small");
  const auto& steps = permits.at(0).at("steps").as_array();
  ASSERT_EQ(steps.size(), 4U);
  EXPECT_EQ(
      json::serialize(steps.at(1)),
      R"({"part":"when","result":"held","text":"context.tool.effect == \"pay\"","line":3,"column":14,"values":"\"pay\" == \"pay\""})");
  EXPECT_EQ(steps.at(2).at("result"), "unknown");
  EXPECT_EQ(steps.at(3).at("result"), "failed");  // the time of the call is in the log
  EXPECT_EQ(permits.at(1).at("policy"), "policy0");
  EXPECT_FALSE(permits.at(1).at("scope_matches").as_bool());

  clock_.advance(std::chrono::hours(1));
  ASSERT_EQ(
      post("/v1/policies/sandbox", {{"by", "ana"}, {"text", "forbid (principal, action, resource);"}}).status,
      201);
  const auto later = explain(id).at("nearest").as_object();
  EXPECT_TRUE(later.at("policies_changed").as_bool());
  EXPECT_TRUE(later.at("permits").as_array().empty());
  ASSERT_EQ(post("/v1/destinations/sandbox/erp/retire").status, 200);
  EXPECT_THAT(std::string(explain(id).at("nearest").at("note").as_string()), HasSubstr("no longer there"));
}

TEST_F(AuditRoutes, ExplainAHoldAndWhatPoliciesCouldNotJudge) {
  with_tool();
  auto body = decided("hold", "RMT-D050");
  body["approval_path"] = "finance";
  body["policy_errors"] = json::array{"limit: no attribute `amount`"};
  const auto shown = explain(denial(body));
  EXPECT_EQ(shown.at("verdict"), "hold");
  EXPECT_EQ(shown.at("approval_path"), "finance");
  EXPECT_EQ(canonical_json(shown.at("policy_errors")), R"(["limit: no attribute `amount`"])");
}

TEST_F(AuditRoutes, NameWhatEntriesAreAboutAlsoWhatIsGone) {
  with_tool();
  const auto body = decided("deny", "RMT-D042");
  const auto id = denial(body);
  ASSERT_EQ(post("/v1/destinations/sandbox/erp/retire").status, 200);
  ASSERT_EQ(post("/v1/deployments/sandbox/invoice-bot/retire", {{"reason", "done"}}).status, 200);
  ASSERT_EQ(post("/v1/humans/ana/leave").status, 200);

  const auto name = [&](const json::object& names, const char* member) {
    return names.at(body.at(member).as_string());
  };
  bool found = false;
  for (const auto& item : get("/v1/audit/entries?limit=1000").body.at("items").as_array()) {
    const auto& names = item.at("names").as_object();
    const auto& entry = item.at("entry").as_object();
    if (entry.at("kind") == "governance") {
      EXPECT_TRUE(names.contains(entry.at("object").as_string()) ||
                  entry.at("object").as_string().starts_with("crd"))
          << json::serialize(item);
    }
    if (entry.at("kind") != "denial") continue;
    found = true;
    EXPECT_EQ(name(names, "deployment"), "sandbox/invoice-bot");
    EXPECT_EQ(name(names, "tool"), "erp/pay");
    EXPECT_EQ(name(names, "destination"), "erp");
    EXPECT_EQ(entry.at("tool"), body.at("tool")) << "the entry itself stays as it is";
  }
  EXPECT_TRUE(found);
  EXPECT_EQ(explain(id).at("entries").at(0).at("names").at(body.at("tool").as_string()), "erp/pay");
}

// An agent chooses what it asks for, and nothing of that may pass for a name.
TEST_F(AuditRoutes, TakeNothingThatAnAgentAskedForAsAnId) {
  with_tool();
  auto body = decided("deny", "RMT-D020");
  const auto human = snapshots_.current()->all().humans.at(0).id.str();
  body.erase("tool");
  body["tool_asked"] = human;
  const auto shown = explain(denial(body));
  EXPECT_EQ(std::string(shown.at("tool").as_string()), human);
  EXPECT_FALSE(shown.at("entries").at(0).at("names").as_object().contains(human));
}

TEST_F(AuditRoutes, ExplainADecisionOnWhatIsGoneByItsNames) {
  with_tool();
  const auto body = decided("deny", "RMT-D042");
  const auto id = denial(body);
  ASSERT_EQ(post("/v1/destinations/sandbox/erp/retire").status, 200);
  const auto shown = explain(id);
  EXPECT_EQ(shown.at("tool"), "erp/pay");
  EXPECT_EQ(shown.at("destination"), "erp");
  EXPECT_EQ(shown.at("agent"), "invoice-bot");
}

TEST_F(AuditRoutes, KnowNoDecisionThatIsNotInTheLog) {
  with_people();
  const std::string unknown = "/v1/decisions/dec_" + std::string(32, '0');
  const std::string human = "/v1/decisions/" + snapshots_.current()->all().humans.at(0).id.str();
  const std::string query = unknown + "?full=1";
  using enum http::Method;
  const Faulty cases[] = {
      {kGet, unknown, "", 404, "RMT-A014"},
      {kGet, human, "", 400, "RMT-B002"},
      {kGet, "/v1/decisions/last", "", 400, "RMT-B002"},
      {kGet, "/v1/decisions", "", 404, "RMT-X010"},
      {kGet, query, "", 400, "RMT-X012"},
      {kPost, unknown, "", 405, "RMT-H006"},
  };
  expect_problems(cases);
  EXPECT_THAT(std::string(get(unknown).body.at("detail").as_string()), HasSubstr("dec_0000"));
}

}  // namespace
}  // namespace remit::admin
