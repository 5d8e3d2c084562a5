#include "audit/query.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "base/canonical_json.h"

namespace remit::audit {
namespace {

namespace json = boost::json;

std::string id(std::string_view kind, char c) { return std::string(kind) + "_" + std::string(32, c); }

// A small world: two agents in two environments, a destination, a tool and two people.
const std::map<std::string, std::string, std::less<>> kNames = {{id("agt", 'a'), "tidy-bot"},
                                                                {id("dep", 'a'), "production/tidy-bot"},
                                                                {id("dep", 'b'), "sandbox/tidy-bot"},
                                                                {id("agt", 'c'), "pay-bot"},
                                                                {id("dep", 'c'), "production/pay-bot"},
                                                                {id("dst", 'd'), "crm"},
                                                                {id("tol", 'e'), "crm/delete"},
                                                                {id("hum", 'f'), "ana"},
                                                                {id("hum", '0'), "raj"}};

Result<std::vector<std::string>> ids_called(std::string_view name) {
  std::vector<std::string> ids;
  for (const auto& [one, called] : kNames)
    if (called == name) ids.push_back(one);
  return ids;
}
Result<std::optional<std::string>> name_of(const std::string& one) {
  const auto found = kNames.find(one);
  return found == kNames.end() ? std::nullopt : std::optional(found->second);
}

json::object call(char deployment, std::string_view verdict, std::string_view day) {
  return {{"kind", verdict == "allow" ? "intent" : "denial"},
          {"time", std::string(day) + "T12:00:00.000000Z"},
          {"environment", deployment == 'b' ? "sandbox" : "production"},
          {"deployment", id("dep", deployment)},
          {"tool", id("tol", 'e')},
          {"destination", id("dst", 'd')},
          {"effect", "delete"},
          {"data_class", "confidential"},
          {"labels", json::array{"customer"}},
          {"verdict", verdict}};
}
json::object change(std::string_view action, const std::string& object, json::object detail) {
  return {{"kind", "governance"},    {"time", "2026-03-02T08:00:00.000000Z"},
          {"actor", id("hum", 'f')}, {"action", action},
          {"object", object},        {"detail", std::move(detail)}};
}

const std::vector<json::object> kLog = {
    call('a', "allow", "2026-03-01"),
    call('a', "deny", "2026-03-10"),
    call('b', "allow", "2026-03-20"),
    call('c', "allow", "2026-04-01"),
    change("grant.add", id("grn", '1'),
           {{"deployment", id("dep", 'a')},
            {"tool", id("tol", 'e')},
            {"destination", id("dst", 'd')},
            {"effect", "delete"},
            {"data_class", "confidential"},
            {"labels", json::array{"customer"}},
            {"approver", id("hum", '0')}}),
    change("agent.kill", id("agt", 'a'), {{"killer", id("hum", 'f')}}),
    {{"kind", "outcome"}, {"time", "2026-03-01T12:00:01.000000Z"}, {"decision", "dec_1"}, {"status", "ok"}},
    {{"kind", "start"}, {"time", "2026-03-01T12:00:01.000000Z"}},
};

std::string answers(const Asked& asked) {
  const auto query = Query::of(asked, ids_called);
  if (!query) return std::string(query.error().code);
  std::string found;
  for (std::size_t i = 0; i < kLog.size(); ++i) {
    const bool matches = query->matches(kLog[i], name_of).value();
    if (matches) found += std::to_string(i);
    if (matches) EXPECT_TRUE(query->may_match(canonical_json(kLog[i]))) << i;
  }
  return found;
}

Instant day(std::string_view text) { return parse_instant(std::string(text) + "T00:00:00Z").value(); }

TEST(Queries, FindWhatIsAskedFor) {
  const std::pair<Asked, std::string_view> cases[] = {
      {{}, "0123457"},
      {{.since = day("2026-03-10")}, "123"},
      {{.until = day("2026-03-10")}, "0457"},
      {{.kind = QueryKind::kCall}, "0123"},
      {{.kind = QueryKind::kChange}, "45"},
      {{.agent = "tidy-bot"}, "01245"},
      {{.agent = "production/tidy-bot"}, "014"},
      {{.agent = id("dep", 'b')}, "2"},
      {{.destination = "crm"}, "01234"},
      {{.tool = "crm/delete"}, "01234"},
      {{.effect = "delete"}, "01234"},
      {{.effect = "read"}, ""},
      {{.data_class = "confidential"}, "01234"},
      {{.data_class = "customer"}, "01234"},
      {{.data_class = "public"}, ""},
      {{.verdict = "deny"}, "1"},
      {{.by = "raj"}, "4"},
      {{.by = "ana"}, "45"},
      {{.by = "operator"}, ""},
      {{.environment = "production"}, "0134"},  // the grant by its deployment's name
      {{.environment = "sandbox"}, "2"},
      {{.since = day("2026-03-01"),
        .until = day("2026-04-01"),
        .environment = "production",
        .effect = "delete",
        .data_class = "customer",
        .verdict = "allow"},
       "0"},
      {{.agent = "nobody"}, "RMT-A018"},
      {{.agent = "crm"}, "RMT-A018"},
      {{.by = "tidy-bot"}, "RMT-A018"},
      {{.tool = "crm"}, "RMT-A018"},
  };
  for (const auto& [asked, expected] : cases)
    EXPECT_EQ(answers(asked), expected) << asked.environment << asked.agent << asked.destination << asked.tool
                                        << asked.effect << asked.data_class << asked.verdict << asked.by;
}

TEST(Queries, TakeNothingThatAnAgentAskedForAsAnId) {
  json::object entry = call('a', "deny", "2026-03-01");
  entry["tool_asked"] = id("hum", 'f');
  EXPECT_THAT(ids_in(entry), testing::Not(testing::Contains(id("hum", 'f'))));
  EXPECT_THAT(ids_in(entry), testing::Contains(id("dep", 'a')));
}

TEST(Outcomes, SayHowItEndedAndWhetherThatWasHeard) {
  OutcomeReader reader;
  EXPECT_TRUE(reader.outcome().is_null());
  reader.add({{"kind", "intent"}});
  EXPECT_TRUE(reader.outcome().is_null());
  reader.add({{"kind", "outcome"}, {"status", "ok"}, {"time", "t"}});
  EXPECT_EQ(reader.outcome().at("status"), "ok");
  EXPECT_FALSE(reader.outcome().as_object().contains("delivered"));
  reader.add({{"kind", "undelivered"}});
  EXPECT_EQ(reader.outcome().at("delivered"), false);
}

}  // namespace
}  // namespace remit::audit
