#include "audit/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json.hpp>

#include "store/temp_folder.h"

namespace remit::audit {
namespace {

namespace json = boost::json;
using store::Transaction;
using testing::HasSubstr;
using testing::Not;

class Logs : public testing::Test {
 protected:
  store::TempFolder folder_;
  ManualClock clock_{parse_instant("2026-11-24T05:00:00Z").value()};
  SeededRandom random_{7};
  std::unique_ptr<store::Store> store_ =
      store::Store::open({.file = folder_ / "remit.db", .migrations = migrations()}).value();
  std::unique_ptr<Log> log_ = Log::open(*store_, clock_, random_).value();

  void reopen() { log_ = Log::open(*store_, clock_, random_).value(); }

  std::vector<json::object> entries() {
    std::vector<json::object> all;
    EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Result<void> {
      ASSIGN_OR_RETURN(const auto size, log_size(reader));
      for (std::uint64_t i = 0; i < size; ++i) {
        ASSIGN_OR_RETURN(const auto text, read_entry(reader, i));
        all.push_back(json::parse(text).as_object());
      }
      return {};
    }));
    return all;
  }
  Result<void> append(std::string_view kind, json::object body = {}) {
    return store_->run([&](Transaction& tx) -> Result<void> {
      TRY(log_->append(tx, kind, body));
      return {};
    });
  }
  Result<void> intent(const DecisionId& decision) {
    return store_->run([&](Transaction& tx) -> Result<void> {
      TRY(log_->append_intent(tx, decision, {{"tool", "pay"}}, {}));
      return {};
    });
  }
  Result<void> outcome(const DecisionId& decision, OutcomeStatus status) {
    return store_->run([&](Transaction& tx) -> Result<void> {
      TRY(log_->append_outcome(tx, decision, status, {}, {}));
      return {};
    });
  }
  DecisionId decision() { return DecisionId::make(clock_, random_); }
};

TEST_F(Logs, EntriesAreCanonicalAndNumbered) {
  ASSERT_TRUE(append("note", {{"z", 1}, {"a", "b"}}));
  const auto text = [&] {
    std::string read;
    EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Result<void> {
      ASSIGN_OR_RETURN(read, read_entry(reader, 1));
      return {};
    }));
    return read;
  }();
  EXPECT_EQ(text, R"({"a":"b","kind":"note","n":1,"time":"2026-11-24T05:00:00.000000Z","v":1,"writer":")" +
                      log_->writer().str() + R"(","z":1})");
  EXPECT_EQ(entries().at(0).at("kind"), "start");
  EXPECT_FALSE(entries().at(0).contains("after"));
}

TEST_F(Logs, ATransactionThatIsRolledBackLeavesNoGap) {
  ASSERT_TRUE(append("one"));
  EXPECT_FALSE(store_->run([&](Transaction& tx) -> Result<void> {
    TRY(log_->append(tx, "two", {}));
    return fail(ErrorKind::kInvalid, "RMT-B002", "no");
  }));
  ASSERT_TRUE(append("three"));
  const auto all = entries();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[2].at("kind"), "three");
  EXPECT_EQ(all[2].at("n"), 2);
}

TEST_F(Logs, AChangeOfGovernanceIsToldOnceItIsDurable) {
  std::vector<std::string> told;
  log_->tell_governance([&](std::uint64_t index, const GovernanceEvent& event) {
    told.push_back(std::to_string(index) + " " + event.action + " " + event.object);
  });
  const auto change = [&](bool fails) {
    return store_->run([&](Transaction& tx) -> Result<void> {
      TRY(log_->append_governance(tx,
                                  {.actor = {.id = "operator"}, .action = "agent.kill", .object = "agt_1"}));
      EXPECT_TRUE(told.empty());
      if (fails) return fail(ErrorKind::kInvalid, "RMT-B002", "no");
      return {};
    });
  };
  EXPECT_FALSE(change(true));
  EXPECT_TRUE(told.empty());
  EXPECT_TRUE(change(false));
  EXPECT_EQ(told, (std::vector<std::string>{"1 agent.kill agt_1"}));
}

TEST_F(Logs, ANewWriterNamesTheLastNumberOfTheOneBefore) {
  const auto first = log_->writer().str();
  ASSERT_TRUE(append("one"));
  reopen();
  ASSERT_TRUE(append("two"));
  const auto all = entries();
  ASSERT_EQ(all.size(), 4U);
  EXPECT_EQ(all[2].at("kind"), "start");
  EXPECT_EQ(all[2].at("n"), 0);
  EXPECT_EQ(all[2].at("after"), (json::value{{"writer", first}, {"n", 1}}));
  EXPECT_EQ(all[3].at("n"), 1);
  EXPECT_NE(log_->writer().str(), first);
}

TEST_F(Logs, AWriterWhoseLogWasTakenOverIsRefused) {
  const auto later = Log::open(*store_, clock_, random_).value();
  EXPECT_EQ(append("one").error().code, "RMT-A010");
}

TEST_F(Logs, TimesNeverDecreaseAndAClockThatSteppedBackIsAnEvent) {
  clock_.advance(std::chrono::seconds(10));
  ASSERT_TRUE(append("one"));
  clock_.advance(-std::chrono::seconds(60));
  ASSERT_TRUE(append("two"));
  ASSERT_TRUE(append("three"));
  clock_.advance(std::chrono::seconds(120));
  ASSERT_TRUE(append("four"));
  clock_.advance(-std::chrono::seconds(1));
  ASSERT_TRUE(append("five"));
  const auto all = entries();
  std::vector<std::string> kinds;
  for (std::size_t i = 0; i < all.size(); ++i) {
    kinds.emplace_back(all[i].at("kind").as_string());
    EXPECT_EQ(all[i].at("n"), i);
    if (i > 0) {
      EXPECT_LE(all[i - 1].at("time").as_string(), all[i].at("time").as_string());
    }
  }
  EXPECT_THAT(kinds, testing::ElementsAre("start", "one", "clock", "two", "three", "four", "clock", "five"));
  EXPECT_EQ(all[2].at("clock"), "2026-11-24T04:59:10.000000Z");
}

TEST_F(Logs, TheLogsOwnMembersCannotBeGiven) {
  for (const char* member : {"v", "kind", "time", "writer", "n"})
    EXPECT_EQ(append("note", {{member, 1}}).error().code, "RMT-A011") << member;
}

TEST_F(Logs, AnEntryThatIsTooLargeIsRefused) {
  EXPECT_EQ(append("note", {{"text", std::string(65'536, 'x')}}).error().kind, ErrorKind::kTooLarge);
  EXPECT_TRUE(append("note", {{"text", std::string(65'000, 'x')}}));
}

TEST_F(Logs, AnOutcomeEndsItsIntentAndNoOther) {
  const auto first = decision();
  const auto second = decision();
  ASSERT_TRUE(intent(first));
  ASSERT_TRUE(outcome(first, OutcomeStatus::kOk));
  EXPECT_EQ(outcome(first, OutcomeStatus::kOk).error().code, "RMT-A012");
  EXPECT_EQ(outcome(second, OutcomeStatus::kOk).error().code, "RMT-A012");
  EXPECT_EQ(intent(first).error().code, "RMT-A012");
  const auto all = entries();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[2].at("intent"), 1);
  EXPECT_EQ(all[2].at("status"), "ok");
  EXPECT_EQ(all[2].at("decision"), json::string(first.str()));
}

// Found out later than the outcome, so an entry of its own.
TEST_F(Logs, ThatAnAnswerDidNotArriveIsAnEntryAboutItsDecision) {
  const auto lost = decision();
  ASSERT_TRUE(intent(lost));
  ASSERT_TRUE(outcome(lost, OutcomeStatus::kOk));
  ASSERT_TRUE(store_->run([&](Transaction& tx) -> Result<void> {
    TRY(log_->append_undelivered(tx, lost));
    return {};
  }));
  const auto last = entries().back();
  EXPECT_EQ(last.at("kind"), "undelivered");
  EXPECT_EQ(last.at("decision"), json::string(lost.str()));
  ASSERT_TRUE(store_->read([&](store::Reader& reader) -> Result<void> {
    ASSIGN_OR_RETURN(const auto about, entries_about(reader, lost.str()));
    EXPECT_EQ(about.size(), 3U);
    return {};
  }));
}

TEST_F(Logs, WhatWasOpenAtTheStartIsUnknown) {
  const auto done = decision();
  const auto lost = decision();
  ASSERT_TRUE(intent(done));
  ASSERT_TRUE(intent(lost));
  ASSERT_TRUE(outcome(done, OutcomeStatus::kTimeout));
  reopen();
  ASSERT_EQ(log_->found_open().size(), 1U);
  EXPECT_EQ(log_->found_open()[0].decision, lost);
  EXPECT_EQ(log_->found_open()[0].index, 2U);
  const auto last = entries().back();
  EXPECT_EQ(last.at("kind"), "outcome");
  EXPECT_EQ(last.at("status"), "unknown");
  EXPECT_EQ(last.at("intent"), 2);
  reopen();
  EXPECT_TRUE(log_->found_open().empty());
}

TEST_F(Logs, ADenialOwesNoOutcome) {
  const auto refused = decision();
  ASSERT_TRUE(store_->run([&](Transaction& tx) -> Result<void> {
    TRY(log_->append_denial(tx, refused, {{"reason", "held"}}, {}));
    return {};
  }));
  EXPECT_EQ(outcome(refused, OutcomeStatus::kOk).error().code, "RMT-A012");
  reopen();
  EXPECT_TRUE(log_->found_open().empty());
}

TEST_F(Logs, FreeTextIsACommitmentAndItsValueCanBeErased) {
  const std::string reason = "Ada asked for it";
  ASSERT_TRUE(store_->run([&](Transaction& tx) -> Result<void> {
    TRY(log_->append_governance(tx, {.actor = {.id = "operator", .via = "cli"},
                                     .action = "agent.approve",
                                     .object = "dep_1",
                                     .detail = {{"stage", "pilot"}},
                                     .reason = reason,
                                     .before = digest_of({{"state", "draft"}}),
                                     .after = digest_of({{"state", "active"}})}));
    return {};
  }));
  std::string text;
  Bytes salt;
  ASSERT_TRUE(store_->read([&](store::Reader& reader) -> Result<void> {
    ASSIGN_OR_RETURN(const auto about, entries_about(reader, "dep_1"));
    text = about.at(0).second;
    ASSIGN_OR_RETURN(const auto rows, reader.query("SELECT salt, value FROM log_secret WHERE idx = 1"));
    salt = rows.at(0).blob(0);
    EXPECT_EQ(as_text(rows.at(0).blob(1)), reason);
    return {};
  }));
  EXPECT_THAT(text, Not(HasSubstr("Ada")));
  const auto entry = json::parse(text).as_object();
  EXPECT_EQ(entry.at("before"), json::string(digest_of({{"state", "draft"}}).hex()));
  const auto& commitment = entry.at("reason").as_string();
  EXPECT_TRUE(opens(commitment, json::string(reason), salt));
  EXPECT_FALSE(opens(commitment, json::string("another"), salt));
}

TEST_F(Logs, MembersAreCommittedToOneByOne) {
  std::vector<FieldSecret> secrets;
  const json::object arguments{{"path", "/etc"}, {"mode", 7}};
  const auto commitments = commit_to_members(arguments, "arguments", random_, secrets);
  ASSERT_EQ(secrets.size(), 2U);
  EXPECT_EQ(secrets[0].field, "arguments.path");
  EXPECT_NE(secrets[0].salt, secrets[1].salt);
  EXPECT_TRUE(opens(commitments.at("path").as_string(), arguments.at("path"), secrets[0].salt));
  EXPECT_FALSE(opens(commitments.at("mode").as_string(), arguments.at("mode"), secrets[0].salt));
}

// A clock that nobody believes.
class Clocks : public Logs {
 protected:
  static constexpr std::chrono::days kJump{90};
  void SetUp() override { reopen_with_bound(); }
  void reopen_with_bound() { log_ = Log::open(*store_, clock_, random_, kJump).value(); }
  bool believed() {
    bool yes = false;
    EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Result<void> {
      ASSIGN_OR_RETURN(yes, log_->believes_clock(reader));
      return {};
    }));
    return yes;
  }
  Result<void> govern() {
    return store_->run([&](Transaction& tx) -> Result<void> {
      TRY(log_->append_governance(tx, {.actor = {"operator"}, .action = "agent.kill", .object = "agt_1"}));
      return {};
    });
  }
  std::string now() { return format_instant(clock_.now()); }
};

TEST_F(Clocks, AJumpStopsCallsAndNothingElseAndIsGoneWithTheJump) {
  const auto right = clock_.now();
  ASSERT_TRUE(intent(decision()));
  const auto open = decision();
  ASSERT_TRUE(intent(open));
  for (const bool restarted : {false, true}) {
    const auto last = entries().back().at("time");
    clock_.set(right + std::chrono::days(365 * 40));
    if (restarted) reopen_with_bound();
    EXPECT_FALSE(believed());
    EXPECT_EQ(intent(decision()).error().code, "RMT-A025");
    ASSERT_TRUE(govern());
    const auto marked = entries().back();
    EXPECT_EQ(marked.at("time"), last);
    EXPECT_EQ(marked.at("clock"), json::value(now()));
    if (!restarted) ASSERT_TRUE(outcome(open, OutcomeStatus::kOk));
    clock_.set(right + std::chrono::seconds(5));
    EXPECT_TRUE(believed());
    ASSERT_TRUE(govern());
    EXPECT_EQ(entries().back().at("time"), json::value(now()));
    EXPECT_FALSE(entries().back().contains("clock"));
    ASSERT_TRUE(intent(decision()));
    clock_.set(right);
  }
}

TEST_F(Clocks, APersonWhoConfirmsItIsBelievedByEveryEntryAfterwards) {
  ASSERT_TRUE(govern());
  clock_.advance(std::chrono::days(100));
  EXPECT_FALSE(believed());
  // What is taken back has confirmed nothing.
  EXPECT_FALSE(store_->run([&](Transaction& tx) -> Result<void> {
    TRY(log_->confirm_clock(tx, {.actor = {"hum_1"}, .action = "caution.confirm", .object = "clock"}));
    return fail(ErrorKind::kInternal, "RMT-A010", "for the test");
  }));
  EXPECT_FALSE(believed());
  ASSERT_TRUE(store_->run([&](Transaction& tx) -> Result<void> {
    TRY(log_->confirm_clock(tx, {.actor = {"hum_1"}, .action = "caution.confirm", .object = "clock"}));
    return {};
  }));
  EXPECT_EQ(entries().back().at("time"), json::value(now()));
  EXPECT_TRUE(believed());
  ASSERT_TRUE(intent(decision()));
  EXPECT_FALSE(entries().back().contains("clock"));
}

TEST_F(Clocks, TimeInWhichNothingHappensIsNoJump) {
  for (int i = 0; i < 10; ++i) {
    clock_.advance(std::chrono::days(80));
    EXPECT_TRUE(believed());
  }
  ASSERT_TRUE(intent(decision()));
}

TEST_F(Clocks, AnEntryOfAClockThatStandsBeforeTheLogSaysWhatItSaid) {
  ASSERT_TRUE(govern());
  const auto last = now();
  clock_.advance(-std::chrono::hours(1));
  for (int i = 0; i < 2; ++i) {
    ASSERT_TRUE(govern());
    EXPECT_EQ(entries().back().at("time"), json::value(last));
    EXPECT_EQ(entries().back().at("clock"), json::value(now()));
  }
}

}  // namespace
}  // namespace remit::audit
