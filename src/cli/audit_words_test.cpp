#include "cli/audit_words.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace remit::cli {
namespace {

namespace json = boost::json;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

const std::string kAgent = "agt_" + std::string(32, 'a');
const std::string kDeployment = "dep_" + std::string(32, 'd');
const std::string kTool = "tol_" + std::string(32, 'e');
const std::string kPerson = "hum_" + std::string(32, 'f');

json::object item(json::object entry, json::value outcome = nullptr) {
  entry["time"] = "2026-03-05T09:00:00.000000Z";
  return {{"index", 7},
          {"entry", std::move(entry)},
          {"names",
           {{kAgent, "tidy-bot"},
            {kDeployment, "production/tidy-bot"},
            {kTool, "crm/delete"},
            {kPerson, "Raj Patel"},
            {"hmac-sha256:x", "crm/wipe"}}},
          {"outcome", std::move(outcome)}};
}

json::object call(std::string_view verdict, std::string_view reason) {
  return {{"kind", verdict == "allow" ? "intent" : "denial"},
          {"deployment", kDeployment},
          {"tool", kTool},
          {"effect", "delete"},
          {"data_class", "confidential"},
          {"verdict", verdict},
          {"reason", reason}};
}
json::object change(std::string_view action, const std::string& object, json::object detail = {}) {
  return {{"kind", "governance"},
          {"actor", "operator"},
          {"action", action},
          {"object", object},
          {"detail", std::move(detail)}};
}

TEST(AuditWords, TellEachEntryInOneSentence) {
  const json::object asked_for_nothing{{"kind", "denial"},
                                       {"deployment", kDeployment},
                                       {"tool_asked", "hmac-sha256:x"},
                                       {"verdict", "deny"},
                                       {"reason", "RMT-D020"}};
  const std::pair<json::object, std::string_view> cases[] = {
      {item(call("allow", "RMT-D000"), json::object{{"status", "ok"}}),
       "production/tidy-bot called crm/delete (delete, confidential data): allowed; it ended with ok"},
      {item(call("allow", "RMT-D000")),
       "production/tidy-bot called crm/delete (delete, confidential data): allowed; the log does not say yet "
       "how it "
       "ended"},
      {item(change("grant.add", "grn_1",
                   {{"deployment", kDeployment}, {"tool", kTool}, {"approver", kPerson}})),
       "Raj Patel granted crm/delete to production/tidy-bot"},
      {item(change("agent.approve", kDeployment, {{"approver", kPerson}})),
       "Raj Patel approved production/tidy-bot"},
      {item(change("agent.kill", kAgent, {{"killer", kPerson}})), "Raj Patel killed tidy-bot"},
      {item(change("agent.owner", kAgent, {{"from", kPerson}, {"to", "hum_unknown"}})),
       "tidy-bot is owned by hum_unknown now, after Raj Patel"},
      {item(change("something.new", kTool)), "operator: something.new crm/delete"},
      {item({{"kind", "start"}}), "the server began to write"},
      {item({{"kind", "outcome"}, {"intent", 6}, {"status", "ok"}, {"delivered", false}}),
       "the call of entry 6 ended with ok, and nobody was there to hear it"},
      {item({{"kind", "sealed"}}), "sealed"},
  };
  for (const auto& [one, expected] : cases) EXPECT_EQ(sentence(one), expected);
  EXPECT_THAT(sentence(item(asked_for_nothing)),
              HasSubstr("production/tidy-bot called crm/wipe: denied, RMT-D020: "));
  EXPECT_THAT(sentence(item(call("hold", "RMT-D050"))), HasSubstr(": held, RMT-D050: "));
}

TEST(AuditWords, TellEachEntryInOneRow) {
  EXPECT_THAT(
      entry_row(item(call("allow", "RMT-D000"), json::object{{"status", "ok"}, {"delivered", false}})),
      ElementsAre("7", "2026-03-05T09:00:00", "call", "production/tidy-bot", "crm/delete", "delete",
                  "allow, ok, undelivered", "-"));
  EXPECT_THAT(entry_row(item(call("deny", "RMT-D041"))),
              ElementsAre("7", "2026-03-05T09:00:00", "call", "production/tidy-bot", "crm/delete", "delete",
                          "deny RMT-D041", "-"));
  EXPECT_THAT(entry_row(item(change("tool.classify", kTool, {{"effect", "delete"}, {"person", kPerson}}))),
              ElementsAre("7", "2026-03-05T09:00:00", "tool.classify", "-", "crm/delete", "delete", "-",
                          "Raj Patel"));
}

TEST(AuditWords, LetNoNameActOnTheTerminal) {
  auto hostile = item(change("agent.approve", kDeployment, {{"approver", kPerson}}));
  hostile["names"].as_object()[kPerson] = "Raj\x1b[2J\n\u202e";
  for (const auto& text :
       {sentence(hostile), entry_row(hostile).back(), entry_lines(hostile).back().second}) {
    EXPECT_THAT(text, Not(HasSubstr("\x1b")));
    EXPECT_THAT(text, Not(HasSubstr("\n")));
    EXPECT_THAT(text, Not(HasSubstr("\u202e")));
  }
}

}  // namespace
}  // namespace remit::cli
