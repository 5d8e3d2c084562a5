// Stores of before: what a new version makes of their rows.

#include "identity/testing.h"
#include "jose/key.h"

namespace remit::identity {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::SizeIs;

// A store as the first version left it: its tables, and rows in them.
class OldStore : public testing::Test {
 protected:
  static std::vector<store::Migration> old_migrations() {
    auto all = all_migrations();
    std::erase_if(all, [](const auto& one) { return one.number >= 207 && one.number < 300; });
    return all;
  }
  void write(const std::vector<std::string>& statements) {
    const auto store =
        store::Store::open({.file = folder_ / "remit.db", .migrations = old_migrations()}).value();
    ASSERT_TRUE(store->run([&](store::Transaction& tx) -> Result<void> {
      for (const auto& sql : statements) TRY(tx.execute(sql));
      return {};
    }));
  }
  static std::string human(std::string_view id, std::string_view name, bool left = false) {
    return fmt::format("INSERT INTO human VALUES ('{}', '{}', 1, {}, 1)", id, name, left ? "2" : "NULL");
  }
  static std::string agent(std::string_view id) {
    return fmt::format("INSERT INTO agent VALUES ('agt_{0}', '{0}', 'hum_1', NULL, 'p', 'p', 's', 1, 1)", id);
  }
  static std::string deployment(std::string_view id, std::string_view agent, std::string_view environment,
                                bool retired = false) {
    return fmt::format(
        "INSERT INTO deployment VALUES ('dep_{}', 'agt_{}', '{}', '{}', 9, NULL, NULL, 1, {}, 1)", id, agent,
        environment, retired ? "retired" : "active", retired ? "2" : "NULL");
  }
  static std::string killed(std::string_view deployment, int at) {
    return fmt::format("INSERT INTO identity_hold VALUES ('dep_{}', 'killed', 'operator', {}, 'stop', 1)",
                       deployment, at);
  }
  Result<void> open() {
    store_ = store::Store::open({.file = folder_ / "remit.db", .migrations = all_migrations()}).value();
    return store_->run(bring_up_to_date);
  }
  std::shared_ptr<const snapshot::Snapshot> snapshot() {
    snapshot::SnapshotData data;
    EXPECT_TRUE(store_->read([&](store::Reader& reader) { return load(reader, data); }));
    return std::make_shared<snapshot::Snapshot>(std::move(data));
  }
  Result<HumanId> find(std::string_view name) {
    HumanId id;
    TRY(store_->read([&](store::Reader& reader) -> Result<void> {
      ASSIGN_OR_RETURN(id, find_human(reader, name));
      return {};
    }));
    return id;
  }

  const store::TempFolder folder_;
  std::unique_ptr<store::Store> store_;
};

TEST_F(OldStore, FindsItsPeopleByTheirCanonicalNames) {
  write({human("hum_1", "Maria Quandt"), human("hum_2", "maria quandt", true), human("hum_3", "Zoe\u0308")});
  ASSERT_TRUE(open());
  EXPECT_EQ(find("MARIA QUANDT")->str(), "hum_1");
  EXPECT_EQ(find("Zo\u00eb")->str(), "hum_3");
  EXPECT_EQ(snapshot()->human("hum_3")->name, "Zo\u00eb");
  ASSERT_TRUE(store_->run(bring_up_to_date)) << "and again";
}

TEST_F(OldStore, WhereTwoPeopleReadAsOneDoesNotStartAndNamesThem) {
  write({human("hum_1", "Maria Quandt"), human("hum_2", "maria quandt"), human("hum_3", "copa"),
         human("hum_4", "\u0441\u043e\u0440\u0430"), human("hum_5", "Jonas")});
  const auto refused = open();
  ASSERT_NO_FATAL_FAILURE(expect_code(refused, "RMT-I034"));
  EXPECT_THAT(refused.error().message, HasSubstr("`hum_1` and `hum_2`"));
  EXPECT_THAT(refused.error().message, HasSubstr("`hum_3` and `hum_4`"));
  EXPECT_THAT(refused.error().message, testing::Not(HasSubstr("hum_5")));
}

TEST_F(OldStore, KeepsItsKillsEachAsTheAgentsOwn) {
  write({human("hum_1", "Maria"), agent("a"), agent("b"), agent("c"), deployment("a1", "a", "sandbox"),
         deployment("a2", "a", "production"), killed("a1", 5), killed("a2", 5), killed("c0", 9),
         deployment("b1", "b", "sandbox", true), killed("b1", 6), deployment("c1", "c", "sandbox", true),
         deployment("c2", "c", "pilot"), killed("c1", 7)});
  ASSERT_TRUE(open());
  const auto world = snapshot();
  ASSERT_THAT(world->agent("a")->kills, SizeIs(1)) << "one command held both";
  EXPECT_EQ(world->agent("a")->kills[0].placed_by, "operator");
  EXPECT_EQ(world->agent("a")->kills[0].reason, "stop");
  EXPECT_TRUE(world->deployment("dep_a2")->killed);
  EXPECT_THAT(world->deployment("dep_a2")->holds, testing::IsEmpty());
  EXPECT_THAT(world->agent("b")->kills, SizeIs(1)) << "retirement has not undone it";
  EXPECT_THAT(world->agent("c")->kills, SizeIs(0)) << "what lives of it was not killed";
}

TEST_F(OldStore, KnowsTheMaterialOfItsKeys) {
  SeededRandom random(1);
  const auto key = jose::PrivateKey::generate(jose::Algorithm::kEs256, random).public_key();
  const auto credential = [](std::string_view id, const std::string& jwk) {
    return fmt::format(
        "INSERT INTO credential VALUES ('{0}', 'dep_a1', 'key', '{1}', '{0}', 1, 9, 1, NULL, 1)", id, jwk);
  };
  write({human("hum_1", "Maria"), agent("a"), deployment("a1", "a", "sandbox"),
         credential("crd_1", boost::json::serialize(key.jwk())), credential("crd_2", "nothing")});
  ASSERT_TRUE(open());
  EXPECT_TRUE(store_->read([&](store::Reader& reader) -> Result<void> {
    ASSIGN_OR_RETURN(const auto rows, reader.query("SELECT material FROM credential ORDER BY id"));
    EXPECT_EQ(rows.at(0).text(0), key.material_thumbprint());
    EXPECT_EQ(rows.at(1).text(0), "crd_2");
    return {};
  }));
}

}  // namespace
}  // namespace remit::identity
