#include <gmock/gmock.h>

#include "admin/testing.h"
#include "audit/openings.h"

namespace remit::admin {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

class AuditQueryRoutes : public ApiTest {
 protected:
  void commit(const store::Store::Work& work) {
    const auto done = store_->run(work);
    ASSERT_TRUE(done) << done.error().message;
  }

  // A sandbox with the tools `crm/delete` and `crm/read`, both granted to `tidy-bot`.
  void with_world() {
    with_people();
    ASSERT_EQ(post("/v1/agents", registration("tidy-bot", "sandbox")).status, 201);
    ASSERT_EQ(post("/v1/destinations", {{"environment", "sandbox"},
                                        {"name", "crm"},
                                        {"url", "http://127.0.0.1:9/mcp"},
                                        {"data_class", "confidential"},
                                        {"owner", "raj"}})
                  .status,
              201);
    definitions_ = {R"({"name":"delete","inputSchema":{"type":"object"}})",
                    R"({"name":"read","inputSchema":{"type":"object"}})"};
    ASSERT_EQ(post("/v1/destinations/sandbox/crm/scan").status, 200);
    for (const std::string_view tool : {"delete", "read"}) {
      ASSERT_EQ(post("/v1/tools/sandbox/classify", {{"tool", "crm/" + std::string(tool)},
                                                    {"effect", tool},
                                                    {"data_class", "confidential"},
                                                    {"labels", json::array{"customer"}},
                                                    {"by", "raj"}})
                    .status,
                200);
      ASSERT_EQ(post("/v1/grants", {{"environment", "sandbox"},
                                    {"agent", "tidy-bot"},
                                    {"tool", "crm/" + std::string(tool)},
                                    {"by", "ana"}})
                    .status,
                201);
    }
  }

  DecisionId call_tool(std::string_view name, bool ends = true) {
    const auto snapshot = snapshots_.current();
    const auto& tool = *snapshot->tool(Environment::kSandbox, name);
    const auto id = DecisionId::make(clock_, random_);
    commit([&](store::Transaction& tx) -> Result<> {
      TRY(log_->append_intent(tx, id,
                              {{"environment", "sandbox"},
                               {"deployment", snapshot->all().deployments.at(0).id.str()},
                               {"verdict", "allow"},
                               {"tool", tool.id.str()},
                               {"destination", tool.destination.str()},
                               {"effect", snapshot::to_string(*tool.effect)},
                               {"data_class", "confidential"},
                               {"labels", json::array{"customer"}}},
                              {}));
      if (ends) TRY(log_->append_outcome(tx, id, audit::OutcomeStatus::kOk, {}, {}));
      return {};
    });
    return id;
  }

  json::object listed(const std::string& query) {
    auto reply = get("/v1/audit/list?" + query);
    EXPECT_EQ(reply.status, 200) << query << json::serialize(reply.body);
    return reply.body;
  }
  std::vector<std::string> actions(const std::string& query) {
    std::vector<std::string> all;
    for (const auto& item : listed(query).at("items").as_array()) {
      const auto& entry = item.at("entry").as_object();
      const auto* action = entry.if_contains("action");
      all.emplace_back((action != nullptr ? *action : entry.at("kind")).as_string());
    }
    return all;
  }
};

TEST_F(AuditQueryRoutes, FindEntriesByTheNamesOfWhatTheyAreAbout) {
  with_world();
  call_tool("crm/delete");
  call_tool("crm/read");
  using Actions = std::vector<std::string>;
  EXPECT_EQ(actions("effect=delete"), (Actions{"tool.classify", "grant.add", "intent"}));
  EXPECT_EQ(actions("tool=crm/read&kind=change"), (Actions{"tool.discover", "tool.classify", "grant.add"}));
  EXPECT_EQ(actions("agent=tidy-bot"),
            (Actions{"agent.register", "agent.submit", "grant.add", "grant.add", "intent", "intent"}));
  EXPECT_EQ(actions("by=ana"), (Actions{"grant.add", "grant.add"}));
  EXPECT_EQ(actions("verdict=allow&data_class=customer"), (Actions{"intent", "intent"}));
  EXPECT_EQ(actions("verdict=deny"), Actions{});
  const auto all = listed("agent=tidy-bot&kind=call").at("items").as_array();
  EXPECT_EQ(all.at(0).at("outcome").at("status"), "ok");
  EXPECT_EQ(all.at(0).at("names").at(all.at(0).at("entry").at("deployment").as_string()), "sandbox/tidy-bot");
}

TEST_F(AuditQueryRoutes, FindWhatIsRetiredSinceByTheNameThatItHad) {
  with_world();
  call_tool("crm/delete");
  ASSERT_EQ(post("/v1/destinations/sandbox/crm/retire").status, 200);
  ASSERT_EQ(post("/v1/deployments/sandbox/tidy-bot/retire", {{"reason", "done"}}).status, 200);
  EXPECT_EQ(actions("agent=tidy-bot&tool=crm/delete&destination=crm&kind=call"),
            std::vector<std::string>{"intent"});
}

TEST_F(AuditQueryRoutes, TakeTimesAsTheStartAndTheEndOfAStretch) {
  with_world();
  clock_.advance(std::chrono::hours(1));
  const auto since = format_instant(clock_.now());
  call_tool("crm/delete");
  clock_.advance(std::chrono::hours(1));
  const auto until = format_instant(clock_.now());
  call_tool("crm/delete");
  EXPECT_EQ(actions("since=" + since + "&until=" + until), std::vector<std::string>{"intent"});
  EXPECT_EQ(actions("since=" + since).size(), 2U);
  EXPECT_EQ(actions("kind=call&until=" + since).size(), 0U);
}

TEST_F(AuditQueryRoutes, AnswerInPagesThatGoOnWhereTheLastOneStopped) {
  with_world();
  for (int i = 0; i < 25; ++i) call_tool("crm/read", i % 2 == 0);
  std::string from = "0";
  std::vector<std::uint64_t> indexes;
  int pages = 0;
  for (; pages < 100; ++pages) {
    const auto page = listed("kind=call&limit=10&from=" + from);
    for (const auto& item : page.at("items").as_array())
      indexes.push_back(item.at("index").to_number<std::uint64_t>());
    EXPECT_LE(page.at("items").as_array().size(), 10U);
    if (page.at("next").is_null()) break;
    from = std::to_string(page.at("next").to_number<std::uint64_t>());
  }
  EXPECT_EQ(pages, 2);
  EXPECT_EQ(indexes.size(), 25U);
  EXPECT_TRUE(std::ranges::is_sorted(indexes));
  EXPECT_EQ(std::ranges::adjacent_find(indexes), indexes.end());
}

TEST_F(AuditQueryRoutes, LookAtABoundedPieceOfALongLog) {
  with_world();
  commit([&](store::Transaction& tx) -> Result<> {
    for (int i = 0; i < 9000; ++i) TRY(log_->append(tx, "note", {}));
    return {};
  });
  call_tool("crm/delete");
  auto page = listed("kind=call");
  EXPECT_TRUE(page.at("items").as_array().empty());
  ASSERT_FALSE(page.at("next").is_null());
  page = listed("kind=call&from=" + std::to_string(page.at("next").to_number<std::uint64_t>()));
  EXPECT_EQ(page.at("items").as_array().size(), 1U);
  EXPECT_TRUE(page.at("next").is_null());
}

TEST_F(AuditQueryRoutes, ShowOneEntryAndWhatOpensIt) {
  with_world();
  const auto item = listed("agent=tidy-bot&limit=1").at("items").at(0);
  const auto path = "/v1/audit/entries/" + std::to_string(item.at("index").to_number<std::uint64_t>());
  EXPECT_EQ(get(path).body, item.as_object());
  EXPECT_THAT(json::serialize(item.at("entry")), Not(HasSubstr("tidy-bot")));
  std::map<std::string, std::string> opened;
  for (const auto& line : get(path + "/openings").body.at("items").as_array()) {
    const auto opening = audit::parse_opening(json::serialize(line));
    ASSERT_TRUE(opening) << json::serialize(line);
    EXPECT_TRUE(audit::check_opening(*opening, item.at("entry").as_object()));
    opened[opening->field.substr(0, 9)] = opening->value->as_string();
  }
  EXPECT_EQ(opened.at("names.agt"), "tidy-bot");
  EXPECT_EQ(opened.at("names.dep"), "sandbox/tidy-bot");
  EXPECT_TRUE(opened.contains("texts.pur"));
}

TEST_F(AuditQueryRoutes, GiveAllNamesInPages) {
  with_world();
  std::vector<std::string> names;
  for (const auto& line : get("/v1/audit/names").body.at("items").as_array())
    names.emplace_back(line.at("value").as_string());
  EXPECT_THAT(names,
              testing::IsSupersetOf({"tidy-bot", "sandbox/tidy-bot", "crm", "crm/delete", "ana", "raj"}));
  const auto first = get("/v1/audit/names").body.at("items").at(0);
  const auto rest =
      get("/v1/audit/names?entry=" + std::to_string(first.at("entry").to_number<std::uint64_t>()) +
          "&field=" + std::string(first.at("field").as_string()))
          .body.at("items")
          .as_array();
  EXPECT_EQ(rest.size() + 1, names.size());
}

TEST_F(AuditQueryRoutes, RefuseWhatCannotBeAsked) {
  with_world();
  using enum http::Method;
  const Faulty cases[] = {
      {kGet, "/v1/audit/list?limit=0", "", 400, "RMT-X012"},
      {kGet, "/v1/audit/list?limit=1001", "", 400, "RMT-X012"},
      {kGet, "/v1/audit/list?verdict=maybe", "", 400, "RMT-X012"},
      {kGet, "/v1/audit/list?effect=destroy", "", 400, "RMT-X012"},
      {kGet, "/v1/audit/list?environment=moon", "", 400, "RMT-X012"},
      {kGet, "/v1/audit/list?kind=all", "", 400, "RMT-X012"},
      {kGet, "/v1/audit/list?since=yesterday", "", 400, "RMT-X012"},
      {kGet, "/v1/audit/list?colour=red", "", 400, "RMT-X012"},
      {kGet, "/v1/audit/list?agent=nobody", "", 404, "RMT-A018"},
      {kGet, "/v1/audit/list?by=tidy-bot", "", 404, "RMT-A018"},
      {kGet, "/v1/audit/entries/100000", "", 404, "RMT-A013"},
      {kGet, "/v1/audit/entries/first", "", 400, "RMT-X012"},
      {kGet, "/v1/audit/entries/1x/openings", "", 400, "RMT-X012"},
      {kGet, "/v1/audit/entries/100000/openings", "", 404, "RMT-A013"},
      {kPost, "/v1/audit/list", "{}", 405, "RMT-H006"},
  };
  expect_problems(cases);
}

}  // namespace
}  // namespace remit::admin
