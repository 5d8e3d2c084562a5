// Kills: what they bind, and who ends them.

#include "identity/testing.h"

namespace remit::identity {
namespace {

using testing::ElementsAre;
using testing::SizeIs;

class Kills : public RegistryTest {
 protected:
  std::vector<snapshot::Kill> kills_of(std::string_view name = "invoice-bot") {
    return snapshot()->agent(name)->kills;
  }
  bool may_act(const DeploymentId& id) {
    return snapshot::may_act(*snapshot()->deployment(id.str()), clock_.now());
  }
  const HumanId zoe_ = join("Zoe Adler");
};

TEST_F(Kills, SayWhoPlacedThemWhenAndWhy) {
  const auto bot = active(Environment::kProduction);
  const auto id = kill(bot.agent, amina_, "it went astray").value();
  EXPECT_THAT(actions(), ElementsAre("agent.kill"));
  EXPECT_EQ(entries().at(0).at("object"), boost::json::string(bot.agent.str()));
  EXPECT_EQ(entries().at(0).at("actor"), boost::json::string(amina_.str()));
  EXPECT_EQ(entries().at(0).at("detail"), (boost::json::value{{"kill", id.str()}, {"killer", amina_.str()}}));
  const auto kills = kills_of();
  ASSERT_THAT(kills, SizeIs(1));
  EXPECT_EQ(kills[0].id, id);
  EXPECT_EQ(kills[0].placed_by, amina_.str());
  EXPECT_EQ(kills[0].placed_at, clock_.now());
  EXPECT_EQ(kills[0].reason, "it went astray");
  expect_code(kill(bot.agent, HumanId::trusted("hum_nobody")), "RMT-I001");
  expect_code(kill(bot.agent, amina_, " "), "RMT-I006");
}

TEST_F(Kills, BindTheAgentInEveryEnvironmentAndWhatIsRegisteredLater) {
  const auto sandbox = active(Environment::kSandbox);
  ASSERT_TRUE(kill(sandbox.agent, jonas_));
  EXPECT_FALSE(may_act(sandbox.deployment));
  const auto production = active(Environment::kProduction);
  EXPECT_FALSE(may_act(production.deployment));
  EXPECT_TRUE(snapshot()->deployment(production.deployment.str())->killed);
  // Another agent is none of its business.
  EXPECT_TRUE(may_act(active(registration(Environment::kProduction, "other-bot")).deployment));
}

TEST_F(Kills, OutliveRetirement) {
  const auto bot = active(Environment::kProduction);
  ASSERT_TRUE(kill(bot.agent, jonas_));
  ASSERT_TRUE(retire(bot.deployment));
  const auto anew = active(Environment::kProduction);
  EXPECT_EQ(anew.agent, bot.agent);
  EXPECT_FALSE(may_act(anew.deployment));
}

TEST_F(Kills, NeedNoDeploymentThatLives) {
  const auto bot = active(Environment::kSandbox);
  ASSERT_TRUE(retire(bot.deployment));
  ASSERT_TRUE(kill(bot.agent, jonas_));
  EXPECT_FALSE(may_act(active(Environment::kSandbox).deployment));
}

TEST_F(Kills, AreLiftedByTwoPeopleWhoNeitherPlacedThemNorOwnTheAgent) {
  const auto bot = active(Environment::kSandbox);
  const auto id = kill(bot.agent, jonas_).value();
  expect_code(lift_kill(id, jonas_), "RMT-I014");
  expect_code(lift_kill(id, maria_), "RMT-I014");
  expect_code(lift_kill(id, HumanId::trusted("hum_nobody")), "RMT-I001");
  expect_code(lift_kill(id, amina_, ""), "RMT-I006");
  EXPECT_FALSE(lift_kill(id, amina_).value());
  EXPECT_THAT(actions(), ElementsAre("kill.confirm"));
  EXPECT_EQ(kills_of().at(0).confirmed_by, amina_);
  EXPECT_FALSE(may_act(bot.deployment));
  expect_code(lift_kill(id, amina_), "RMT-I014");
  EXPECT_TRUE(lift_kill(id, zoe_).value());
  EXPECT_THAT(actions(), ElementsAre("kill.lift"));
  EXPECT_TRUE(may_act(bot.deployment));
  expect_code(lift_kill(id, zoe_), "RMT-I013");
}

TEST_F(Kills, AreLiftedEachByItself) {
  const auto bot = active(Environment::kSandbox);
  const auto first = kill(bot.agent, jonas_, "the first").value();
  clock_.advance(std::chrono::minutes(1));
  const auto second = kill(bot.agent, jonas_, "the second").value();
  EXPECT_THAT(actions(), ElementsAre("agent.kill"));
  EXPECT_FALSE(lift_kill(first, amina_).value());
  EXPECT_TRUE(lift_kill(first, zoe_).value());
  EXPECT_FALSE(may_act(bot.deployment));
  ASSERT_THAT(kills_of(), SizeIs(1));
  EXPECT_EQ(kills_of().at(0).id, second);
  const auto standing = run([&](auto& tx) { return find_kills(tx, bot.agent); }).value();
  EXPECT_THAT(standing, ElementsAre(second));
  EXPECT_FALSE(lift_kill(second, amina_).value());
  EXPECT_TRUE(lift_kill(second, zoe_).value());
  EXPECT_TRUE(may_act(bot.deployment));
}

TEST_F(Kills, CountWhoOwnsAndWhoIsHereWhenTheSecondPersonComes) {
  const auto bot = active(Environment::kSandbox);
  const auto eve = join("Eve Novak");
  const auto id = kill(bot.agent, jonas_).value();
  EXPECT_FALSE(lift_kill(id, amina_).value());
  ASSERT_TRUE(assign_owner(bot.agent, amina_));
  EXPECT_FALSE(lift_kill(id, zoe_).value()) << "the first to confirm owns it now";
  expect_code(lift_kill(id, amina_), "RMT-I014");
  ASSERT_TRUE(leave(zoe_));
  EXPECT_FALSE(lift_kill(id, eve).value()) << "the first to confirm has left";
  expect_code(lift_kill(id, maria_),
              "RMT-I014");  // it was hers when it was killed: giving it away helps nobody
  EXPECT_TRUE(lift_kill(id, join("Kim Berg")).value());
}

}  // namespace
}  // namespace remit::identity
