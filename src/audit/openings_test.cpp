#include "audit/openings.h"

#include <gmock/gmock.h>

#include "audit/published_log.h"

namespace remit::audit {
namespace {

namespace json = boost::json;
using testing::HasSubstr;
using testing::Not;

class Openings : public PublishedLog {
 protected:
  const std::string agent_ = "agt_" + std::string(32, 'a');
  const std::string deployment_ = "dep_" + std::string(32, 'd');

  std::uint64_t append(const GovernanceEvent& event) {
    std::uint64_t index = 0;
    EXPECT_TRUE(store_->run([&](store::Transaction& tx) -> Result<void> {
      ASSIGN_OR_RETURN(index, log_->append_governance(tx, event));
      return {};
    }));
    return index;
  }
  std::uint64_t register_agent(const std::string& name) {
    return append({.actor = {.id = "operator"},
                   .action = "agent.register",
                   .object = deployment_,
                   .names = {{agent_, name}, {deployment_, "production/" + name}},
                   .texts = {{"purpose", "pays what xyzzy is owed"}},
                   .reason = "asked by xyzzy"});
  }
  template <typename T>
  T read(const std::function<Result<T>(store::Reader&)>& work) {
    T answer{};
    const auto done = store_->read([&](store::Reader& reader) -> Result<void> {
      ASSIGN_OR_RETURN(answer, work(reader));
      return {};
    });
    EXPECT_TRUE(done) << done.error().message;
    return answer;
  }
  std::vector<Opening> of(std::uint64_t entry) {
    return read<std::vector<Opening>>([&](store::Reader& reader) { return openings_of(reader, entry); });
  }
  json::object entry(std::uint64_t index) { return json::parse(entries().at(index)).as_object(); }
  std::optional<std::string> name(const std::string& id) {
    return read<std::optional<std::string>>([&](store::Reader& reader) { return name_of(reader, id); });
  }
};

TEST_F(Openings, ShowWhatAnEventCommitsToAndTheEventItselfShowsNothing) {
  const auto index = register_agent("invoice-bot");
  for (const auto* word : {"invoice-bot", "xyzzy", "production/"})
    EXPECT_THAT(entries().at(index), Not(HasSubstr(word)));
  std::map<std::string, json::value> shown;
  for (const auto& opening : of(index)) {
    EXPECT_TRUE(check_opening(opening, entry(index))) << opening.field;
    shown.emplace(opening.field, *opening.value);
  }
  EXPECT_EQ(shown, (std::map<std::string, json::value>{{"names." + agent_, "invoice-bot"},
                                                       {"names." + deployment_, "production/invoice-bot"},
                                                       {"reason", "asked by xyzzy"},
                                                       {"texts.purpose", "pays what xyzzy is owed"}}));
}

TEST_F(Openings, OfAnotherValueOrPlaceOrSaltAreRefused) {
  const auto index = register_agent("invoice-bot");
  const auto good = of(index).at(0);
  const auto written = entry(index);
  ASSERT_TRUE(check_opening(good, written));
  const auto changed = [&](auto change) {
    auto opening = good;
    change(opening);
    const auto checked = check_opening(opening, written);
    return checked ? std::string() : std::string(checked.error().code);
  };
  EXPECT_EQ(changed([](Opening& o) { o.value = "invoice-bog"; }), "RMT-A015");
  EXPECT_EQ(changed([](Opening& o) { o.value.reset(); }), "RMT-A015");
  EXPECT_EQ(changed([](Opening& o) { o.salt[0] ^= 1U; }), "RMT-A015");
  EXPECT_EQ(changed([](Opening& o) { o.salt.clear(); }), "RMT-A015");
  EXPECT_EQ(changed([](Opening& o) { o.field = "reason"; }), "RMT-A015");
  EXPECT_EQ(changed([](Opening& o) { o.field = "names"; }), "RMT-A015");
  EXPECT_EQ(changed([](Opening& o) { o.field = "names.agt_"; }), "RMT-A015");
  EXPECT_EQ(changed([](Opening& o) { o.field = "actor"; }), "RMT-A015") << "is no commitment";
}

TEST_F(Openings, AreReadAsTheyAreWritten) {
  const auto index = register_agent("invoice-bot");
  for (const auto& opening : of(index)) {
    const auto line = json::serialize(to_json(opening));
    const auto read = parse_opening(line);
    ASSERT_TRUE(read) << line;
    EXPECT_EQ(json::serialize(to_json(*read)), line);
    EXPECT_TRUE(check_opening(*read, entry(index)));
  }
  for (const auto* line : {"", "{}", "[]", R"({"entry":1,"field":"names.x","salt":"AA"})",
                           R"({"entry":-1,"field":"names.x","salt":"AA","value":"a"})",
                           R"({"entry":1.5,"field":"names.x","salt":"AA","value":"a"})",
                           R"({"entry":1,"field":7,"salt":"AA","value":"a"})",
                           R"({"entry":1,"field":"names.x","salt":"A=","value":"a"})",
                           R"({"entry":1,"field":"names.x","salt":"AA","value":"a","more":1})"})
    EXPECT_FALSE(parse_opening(line)) << line;
}

TEST_F(Openings, TellWhatSomethingWasCalledLastAndWhatIsOrWasCalledSo) {
  register_agent("invoice-bot");
  EXPECT_EQ(name(agent_), "invoice-bot");
  append({.actor = {.id = "operator"},
          .action = "agent.rename",
          .object = agent_,
          .names = {{agent_, "bill-bot"}}});
  EXPECT_EQ(name(agent_), "bill-bot");
  EXPECT_EQ(name(deployment_), "production/invoice-bot");
  EXPECT_EQ(name("agt_" + std::string(32, 'f')), std::nullopt);
  const auto called = [&](const std::string& text) {
    return read<std::vector<std::string>>([&](store::Reader& reader) { return ids_called(reader, text); });
  };
  EXPECT_EQ(called("invoice-bot"), std::vector<std::string>{agent_});
  EXPECT_EQ(called("bill-bot"), std::vector<std::string>{agent_});
  EXPECT_TRUE(called("asked by xyzzy").empty()) << "a reason is no name";
}

TEST_F(Openings, ThatWereErasedAreGoneAndTheLogStillVerifies) {
  const auto index = register_agent("invoice-bot");
  ASSERT_TRUE(store_->run([&](store::Transaction& tx) -> Result<void> {
    TRY(tx.execute("DELETE FROM log_secret WHERE idx = ?", {static_cast<std::int64_t>(index)}));
    return {};
  }));
  EXPECT_EQ(name(agent_), std::nullopt);
  EXPECT_TRUE(of(index).empty());
  publish();
  EXPECT_TRUE(verified().good());
}

TEST_F(Openings, ComeInPagesWithoutWhatHasNoValue) {
  ASSERT_TRUE(store_->run([&](store::Transaction& tx) -> Result<void> {
    std::vector<FieldSecret> secrets;
    json::object body{{"arguments", commit_to_members({{"iban", "DE89"}}, "arguments", random_, secrets)}};
    TRY(log_->append_intent(tx, DecisionId::make(clock_, random_), body, secrets));
    return {};
  }));
  register_agent("invoice-bot");
  register_agent("bill-bot");
  std::vector<std::string> fields;
  OpeningPlace after;
  while (true) {
    const auto page =
        read<std::vector<Opening>>([&](store::Reader& reader) { return text_openings(reader, after, 3); });
    for (const auto& one : page) fields.push_back(std::to_string(one.entry) + " " + one.field.substr(0, 9));
    if (page.size() < 3) break;
    after = {.entry = static_cast<std::int64_t>(page.back().entry), .field = page.back().field};
  }
  EXPECT_EQ(fields, (std::vector<std::string>{"2 names.agt", "2 names.dep", "2 reason", "2 texts.pur",
                                              "3 names.agt", "3 names.dep", "3 reason", "3 texts.pur"}));
}

TEST_F(Openings, OfNamesFromBeforeAreCommittedToOnce) {
  register_agent("invoice-bot");
  std::map<std::string, std::string> all{{agent_, "invoice-bot"}, {deployment_, "production/invoice-bot"}};
  for (int i = 0; i < 300; ++i) all.emplace("hum_" + std::to_string(i), "person " + std::to_string(i));
  const auto names_of = [&](store::Reader&) -> Result<std::map<std::string, std::string>> { return all; };
  ASSERT_TRUE(record_older_names(*store_, *log_, names_of));
  EXPECT_EQ(entries().size(), 4U) << "start, register, and 300 names in two events";
  EXPECT_EQ(name("hum_299"), "person 299");
  ASSERT_TRUE(record_older_names(*store_, *log_, names_of));
  EXPECT_EQ(entries().size(), 4U);
  publish();
  EXPECT_TRUE(verified().good());
}

}  // namespace
}  // namespace remit::audit
