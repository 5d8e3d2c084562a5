#include "audit/authority.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

namespace remit::audit {
namespace {

namespace json = boost::json;

// A history, a change a day from 2026-03-01 on; its powers are told by their days: "1-5 bot delete by raj".
class Authorities : public testing::Test {
 protected:
  void change(int day, std::string_view action, std::string_view object, json::object detail = {}) {
    authority_.add(next_++, {{"kind", "governance"},
                             {"time", format_instant(at(day))},
                             {"actor", "operator"},
                             {"action", action},
                             {"object", object},
                             {"detail", std::move(detail)}});
  }
  static Instant at(int day) {
    return parse_instant("2026-03-01T00:00:00Z").value() + std::chrono::days(day - 1);
  }
  static int day_of(Instant instant) {
    return static_cast<int>(std::chrono::floor<std::chrono::days>(instant - at(1)).count()) + 1;
  }

  // From day 1 on `bot` is approved by ana and `wipe` classified by raj; on day 2 it is granted by lea.
  void with_grant(json::object more = {}) {
    change(1, "agent.register", "dep",
           {{"agent", "bot"}, {"environment", "production"}, {"expires", format_instant(at(100))}});
    change(1, "agent.approve", "dep", {{"approver", "ana"}, {"state", "active"}});
    change(1, "tool.discover", "wipe", {{"destination", "crm"}});
    classify(1, "delete");
    json::object detail{{"deployment", "dep"}, {"tool", "wipe"}, {"approver", "lea"}};
    for (auto& [name, value] : more) detail[name] = value;
    change(2, "grant.add", "grant", std::move(detail));
  }
  void classify(int day, std::string_view effect) {
    change(day, "tool.classify", "wipe",
           {{"effect", effect},
            {"data_class", "confidential"},
            {"labels", json::array{"customer"}},
            {"person", "raj"}});
  }

  std::vector<std::string> told(int end = 31) {
    std::vector<std::string> all;
    for (const auto& one : std::move(authority_).powers(at(end)))
      all.push_back(std::to_string(day_of(one.from)) + "-" +
                    (one.until ? std::to_string(day_of(*one.until)) + " " + one.ended_by : "") + " " +
                    one.tool_class.effect + " " + one.approved.by);
    return all;
  }

  Authority authority_;
  std::uint64_t next_ = 0;
};

using Told = std::vector<std::string>;

TEST_F(Authorities, SayWhoCouldWhatOnWhoseWord) {
  with_grant();
  const auto powers = std::move(authority_).powers(at(31));
  ASSERT_EQ(powers.size(), 1U);
  const auto& one = powers.front();
  EXPECT_EQ(one.deployment, "dep");
  EXPECT_EQ(one.agent, "bot");
  EXPECT_EQ(one.environment, "production");
  EXPECT_EQ(one.tool, "wipe");
  EXPECT_EQ(one.destination, "crm");
  EXPECT_EQ(one.tool_class.effect, "delete");
  EXPECT_EQ(one.tool_class.labels, std::vector<std::string>{"customer"});
  EXPECT_EQ(one.tool_class.said, (Said{"raj", 3}));
  EXPECT_EQ(one.approved, (Said{"ana", 1}));
  EXPECT_EQ(one.granted, (Said{"lea", 4}));
  EXPECT_EQ(one.from, at(2));
  EXPECT_EQ(one.until, std::nullopt);
}

// Whatever takes the power away ends the stretch on that day, and what gives it back begins another.
TEST_F(Authorities, EndWithWhateverTakesThemAway) {
  struct Case {
    std::string_view action, object;
    json::object detail;
    std::string_view back, back_object;
    json::object back_detail;
    Told told;
  };
  const Case cases[] = {
      {"grant.revoke", "grant", {}, "", "", {}, {"2-10 grant.revoke delete ana"}},
      {"grant.end", "wipe", {}, "", "", {}, {"2-10 grant.end delete ana"}},
      {"agent.retire", "dep", {}, "", "", {}, {"2-10 agent.retire delete ana"}},
      {"tool.retire", "wipe", {}, "", "", {}, {"2-10 tool.retire delete ana"}},
      {"hold.place",
       "dep",
       {{"hold", "drift"}},
       "hold.lift",
       "dep",
       {{"hold", "drift"}},
       {"2-10 hold.place delete ana", "20- delete ana"}},
      {"agent.kill",
       "bot",
       {{"kill", "kil"}},
       "kill.lift",
       "kil",
       {{"agent", "bot"}},
       {"2-10 agent.kill delete ana", "20- delete ana"}},
      {"hold.place",
       "dep",
       {{"hold", "killed"}},
       "kill.lift",
       "kil",
       {{"agent", "bot"}},
       {"2-10 hold.place delete ana", "20- delete ana"}},
      {"tool.quarantine",
       "wipe",
       {},
       "tool.pin",
       "wipe",
       {},
       {"2-10 tool.quarantine delete ana", "20- delete ana"}},
      {"tool.quarantine",
       "wipe",
       {},
       "tool.restore",
       "wipe",
       {},
       {"2-10 tool.quarantine delete ana", "20- delete ana"}},
      {"destination.set",
       "crm",
       {{"quarantined", 1}},
       "tool.pin",
       "wipe",
       {},
       {"2-10 destination.set delete ana", "20- delete ana"}},
      {"destination.set",
       "crm",
       {{"quarantined", 1}},
       "tool.restore",
       "wipe",
       {},
       {"2-10 destination.set delete ana"}},
      {"destination.set", "crm", {{"quarantined", 0}}, "", "", {}, {"2- delete ana"}},
      {"tool.missing",
       "wipe",
       {},
       "tool.return",
       "wipe",
       {},
       {"2-10 tool.missing delete ana", "20- delete ana"}},
      {"agent.renew",
       "dep",
       {{"approver", "eve"}, {"to", "2026-12-01T00:00:00Z"}},
       "",
       "",
       {},
       {"2-10 agent.renew delete ana", "10- delete eve"}},
      {"human.leave", "hum", {}, "", "", {}, {"2- delete ana"}},
  };
  for (const auto& one : cases) {
    authority_ = Authority();
    next_ = 0;
    with_grant();
    change(10, one.action, one.object, one.detail);
    if (!one.back.empty()) change(20, one.back, one.back_object, one.back_detail);
    EXPECT_EQ(told(), one.told) << one.action;
  }
}

TEST_F(Authorities, OfATwofoldHoldComeBackWithTheLastOne) {
  with_grant();
  change(10, "hold.place", "dep", {{"hold", "drift"}});
  change(11, "hold.place", "dep", {{"hold", "suspended"}});
  change(12, "hold.lift", "dep", {{"hold", "drift"}});
  change(13, "hold.lift", "dep", {{"hold", "suspended"}});
  EXPECT_EQ(told(), (Told{"2-10 hold.place delete ana", "13- delete ana"}));
}

TEST_F(Authorities, ChangeWithTheClassOfTheTool) {
  with_grant();
  classify(5, "read");
  classify(6, "read");
  EXPECT_EQ(told(), (Told{"2-5 tool.classify delete ana", "5-6 tool.classify read ana", "6- read ana"}));
}

TEST_F(Authorities, EndOnTheirDayEvenWhereNoEntrySaysSo) {
  with_grant({{"expires", format_instant(at(7))}});
  EXPECT_EQ(told(), (Told{"2-7 expiry delete ana"}));
  authority_ = Authority();
  with_grant({{"expires", format_instant(at(7))}});
  EXPECT_EQ(told(6), (Told{"2- delete ana"})) << "it is still to come";
  authority_ = Authority();
  with_grant();
  change(99, "human.add", "hum");
  change(120, "agent.renew", "dep", {{"approver", "eve"}, {"to", format_instant(at(200))}});
  EXPECT_EQ(told(150), (Told{"2-100 expiry delete ana", "120- delete eve"}));
}

TEST_F(Authorities, BeginWithWhatComesLast) {
  change(1, "agent.register", "dep",
         {{"agent", "bot"}, {"environment", "production"}, {"expires", format_instant(at(100))}});
  change(1, "tool.discover", "wipe", {{"destination", "crm"}});
  change(2, "grant.add", "grant", {{"deployment", "dep"}, {"tool", "wipe"}, {"approver", "lea"}});
  change(3, "agent.approve", "dep", {{"approver", "ana"}, {"state", "approved"}});
  change(4, "credential.add", "key", {{"deployment", "dep"}});
  change(5, "tool.classify", "wipe", {{"effect", "delete"}, {"data_class", "internal"}, {"person", "raj"}});
  const auto powers = std::move(authority_).powers(at(31));
  ASSERT_EQ(powers.size(), 1U);
  EXPECT_EQ(powers.front().from, at(5));
  EXPECT_EQ(powers.front().tool_class.labels, std::nullopt) << "the entry is of before they were in it";
}

TEST_F(Authorities, TellThePoliciesThatCameIntoForce) {
  authority_.add(0, {{"kind", "governance"},
                     {"time", format_instant(at(3))},
                     {"actor", "raj"},
                     {"action", "policy.publish"},
                     {"object", "pol"},
                     {"after", "00ff"},
                     {"detail", {{"environment", "production"}, {"person", "raj"}}}});
  ASSERT_EQ(authority_.policies().size(), 1U);
  EXPECT_EQ(authority_.policies().front().digest, "00ff");
  EXPECT_EQ(authority_.policies().front().said, (Said{"raj", 0}));
}

TEST_F(Authorities, TakeALogThatMakesNoSense) {
  change(1, "grant.add", "grant", {{"deployment", "nobody"}, {"tool", "nothing"}});
  change(2, "agent.approve", "nobody", {{"state", "active"}});
  change(3, "tool.classify", "nothing", {{"effect", 7}});
  change(4, "hold.lift", "nobody", {{"hold", "none"}});
  change(5, "kill.lift", "kil", {});
  authority_.add(9, {});
  authority_.add(10, {{"kind", "governance"}, {"time", "yesterday"}});
  EXPECT_TRUE(told().empty());
}

}  // namespace
}  // namespace remit::audit
