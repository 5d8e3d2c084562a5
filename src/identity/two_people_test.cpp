// What one person alone cannot do in production, whatever the order of the steps.

#include "identity/testing.h"

namespace remit::identity {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class TwoPeople : public RegistryTest {
 protected:
  std::vector<HoldKind> holds_of(const DeploymentId& id) {
    std::vector<HoldKind> kinds;
    for (const auto& hold : snapshot()->deployment(id.str())->holds) kinds.push_back(hold.kind);
    return kinds;
  }
  bool may_act(const DeploymentId& id) {
    return snapshot::may_act(*snapshot()->deployment(id.str()), clock_.now());
  }
  NewGrant pay(const DeploymentId& id, const HumanId& approver) {
    return {.deployment = id,
            .tool = ToolId::trusted("tol_pay"),
            .tool_name = "erp/pay",
            .tool_environment = Environment::kProduction,
            .approver = approver};
  }
  const HumanId zoe_ = join("Zoe Adler");
};

TEST_F(TwoPeople, TheApproverWhoBecomesOwnerHasApprovedNothing) {
  const auto bot = active(Environment::kProduction);
  ASSERT_TRUE(assign_owner(bot.agent, jonas_));
  EXPECT_THAT(actions(), ElementsAre("agent.owner", "hold.place"));
  EXPECT_THAT(holds_of(bot.deployment), ElementsAre(HoldKind::kChangePending));
  EXPECT_FALSE(may_act(bot.deployment));
  expect_code(lift(bot.deployment, HoldKind::kChangePending, jonas_), "RMT-I014");
  ASSERT_TRUE(lift(bot.deployment, HoldKind::kChangePending, amina_));
  EXPECT_TRUE(may_act(bot.deployment));
}

TEST_F(TwoPeople, TheApproverWhoSucceedsAsDeputyHasApprovedNothing) {
  auto given = registration(Environment::kProduction);
  given.deputy = jonas_;
  const auto bot = active(given);
  ASSERT_TRUE(leave(maria_));
  EXPECT_EQ(snapshot()->deployment(bot.deployment.str())->owner, jonas_);
  EXPECT_THAT(holds_of(bot.deployment), ElementsAre(HoldKind::kChangePending));
  expect_code(lift(bot.deployment, HoldKind::kChangePending, jonas_), "RMT-I014");
}

TEST_F(TwoPeople, AnOwnerForAMomentDoesNotHelpTheApprover) {
  const auto bot = active(Environment::kProduction);
  ASSERT_TRUE(assign_owner(bot.agent, jonas_));
  // Jonas puts another one in his place, lifts the hold as another, and takes the agent back.
  ASSERT_TRUE(assign_owner(bot.agent, zoe_));
  ASSERT_TRUE(lift(bot.deployment, HoldKind::kChangePending, jonas_));
  EXPECT_TRUE(may_act(bot.deployment)) << "Zoe owns it, Jonas confirmed it";
  ASSERT_TRUE(assign_owner(bot.agent, jonas_));
  EXPECT_FALSE(may_act(bot.deployment));
  EXPECT_THAT(holds_of(bot.deployment), ElementsAre(HoldKind::kChangePending));
}

TEST_F(TwoPeople, WhoLetAnOrphanGoOnAndThenTakesItHasConfirmedNothing) {
  const auto bot = active(Environment::kProduction);
  ASSERT_TRUE(leave(maria_));
  ASSERT_TRUE(assign_owner(bot.agent, zoe_));
  ASSERT_TRUE(lift(bot.deployment, HoldKind::kOwnerMissing, amina_));
  EXPECT_TRUE(may_act(bot.deployment));
  ASSERT_TRUE(assign_owner(bot.agent, amina_));
  EXPECT_THAT(holds_of(bot.deployment), ElementsAre(HoldKind::kChangePending));
}

TEST_F(TwoPeople, AGrantOfWhoOwnsTheAgentNowWaitsForAnotherPerson) {
  const auto bot = active(Environment::kProduction);
  ASSERT_TRUE(grant(pay(bot.deployment, amina_)));
  ASSERT_TRUE(assign_owner(bot.agent, amina_));
  EXPECT_THAT(holds_of(bot.deployment), ElementsAre(HoldKind::kChangePending));
  ASSERT_TRUE(lift(bot.deployment, HoldKind::kChangePending, zoe_));
  EXPECT_TRUE(may_act(bot.deployment));
  // The grant rests on Zoe by now.
  ASSERT_TRUE(assign_owner(bot.agent, maria_));
  EXPECT_THAT(holds_of(bot.deployment), IsEmpty());
  ASSERT_TRUE(assign_owner(bot.agent, zoe_));
  EXPECT_THAT(holds_of(bot.deployment), ElementsAre(HoldKind::kChangePending));
}

TEST_F(TwoPeople, AKeyOfWhoOwnsTheAgentNowWaitsForAnotherPerson) {
  const auto bot = active(Environment::kProduction);
  // Maria hands the agent over, adds a key as another, and takes it back.
  ASSERT_TRUE(assign_owner(bot.agent, zoe_));
  const auto own = add_credential(bot.deployment, key(), maria_).value();
  ASSERT_TRUE(assign_owner(bot.agent, maria_));
  EXPECT_THAT(holds_of(bot.deployment), ElementsAre(HoldKind::kChangePending));
  ASSERT_TRUE(lift(bot.deployment, HoldKind::kChangePending, amina_));
  ASSERT_TRUE(assign_owner(bot.agent, zoe_));
  ASSERT_TRUE(assign_owner(bot.agent, maria_));
  EXPECT_THAT(holds_of(bot.deployment), IsEmpty()) << "Amina has confirmed it";
  EXPECT_FALSE(snapshot()->credential(own.str())->revoked);
}

TEST_F(TwoPeople, AGrantThatEndedHoldsNobody) {
  const auto bot = active(Environment::kProduction);
  ASSERT_TRUE(grant(pay(bot.deployment, amina_)));
  ASSERT_TRUE(revoke_grant(bot.deployment, ToolId::trusted("tol_pay")));
  ASSERT_TRUE(assign_owner(bot.agent, amina_));
  EXPECT_THAT(holds_of(bot.deployment), IsEmpty());
}

TEST_F(TwoPeople, OutsideProductionOnePersonIsEnough) {
  for (const auto environment : {Environment::kSandbox, Environment::kPilot}) {
    const auto bot = active(registration(environment));
    ASSERT_TRUE(assign_owner(bot.agent, jonas_));
    EXPECT_THAT(holds_of(bot.deployment), IsEmpty());
    ASSERT_TRUE(assign_owner(bot.agent, maria_));
    EXPECT_TRUE(renew(bot.deployment, clock_.now() + std::chrono::days(30), maria_));
  }
}

TEST_F(TwoPeople, TheOwnerAloneRenewsNothing) {
  const auto given = registration(Environment::kProduction);
  const auto bot = active(given);
  clock_.set(given.expires);
  EXPECT_FALSE(may_act(bot.deployment));
  const auto later = clock_.now() + std::chrono::days(30);
  expect_code(renew(bot.deployment, later, maria_), "RMT-I012");
  expect_code(renew(bot.deployment, clock_.now(), jonas_), "RMT-I007");
  expect_code(renew(bot.deployment, clock_.now() + kLongest + std::chrono::hours(1), jonas_), "RMT-I031");
  ASSERT_TRUE(renew(bot.deployment, later, amina_));
  EXPECT_THAT(actions(), ElementsAre("agent.renew"));
  EXPECT_TRUE(may_act(bot.deployment));
  EXPECT_EQ(snapshot()->credential(bot.credential.str())->expires, later) << "its key goes on with it";
  // The renewal is an approval, and who gave it is remembered.
  ASSERT_TRUE(assign_owner(bot.agent, amina_));
  EXPECT_THAT(holds_of(bot.deployment), ElementsAre(HoldKind::kChangePending));
}

TEST_F(TwoPeople, ARenewalRevivesNoKeyThatWasRevokedAndLiftsTheHoldOfItsKind) {
  const auto given = registration(Environment::kProduction);
  const auto bot = active(given);
  ASSERT_TRUE(place(bot.deployment, HoldKind::kExpired, operator_));
  ASSERT_TRUE(revoke_credential(bot.credential));
  clock_.set(given.expires);
  ASSERT_TRUE(renew(bot.deployment, clock_.now() + std::chrono::days(30), jonas_));
  EXPECT_THAT(holds_of(bot.deployment), IsEmpty());
  EXPECT_TRUE(snapshot()->credential(bot.credential.str())->revoked);
  EXPECT_EQ(snapshot()->credential(bot.credential.str())->expires, given.expires);
  ASSERT_TRUE(add_credential(bot.deployment, key())) << "what the plane holds can be brought back";
}

TEST_F(TwoPeople, EachEnvironmentHasALongestLife) {
  Registry strict(*log_, clock_, random_);
  const auto verdict = [&](Environment environment, std::chrono::days life) {
    auto given = registration(environment, fmt::format("bot-{}-{}", to_string(environment), life.count()));
    given.expires = clock_.now() + life;
    const auto made = run([&](auto& tx) { return strict.register_agent(tx, operator_, given); });
    return made ? std::string("registered") : std::string(made.error().code);
  };
  using std::chrono::days;
  for (const auto& [environment, most] :
       {std::pair(Environment::kSandbox, days(90)), std::pair(Environment::kPilot, days(180)),
        std::pair(Environment::kProduction, days(365))}) {
    EXPECT_EQ(verdict(environment, most), "registered") << to_string(environment);
    EXPECT_EQ(verdict(environment, most + days(1)), "RMT-I031") << to_string(environment);
  }
}

}  // namespace
}  // namespace remit::identity
