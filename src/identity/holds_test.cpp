// Holds: who places them, and what must be mended, by whom, before they are lifted.

#include <functional>

#include "identity/testing.h"

namespace remit::identity {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class Holds : public RegistryTest {
 protected:
  std::vector<snapshot::Hold> holds_of(const DeploymentId& id) {
    return snapshot()->deployment(id.str())->holds;
  }
  std::vector<HoldKind> kinds_of(const DeploymentId& id) {
    std::vector<HoldKind> kinds;
    for (const auto& hold : holds_of(id)) kinds.push_back(hold.kind);
    return kinds;
  }
};

TEST_F(Holds, SayWhoPlacedThemWhenAndWhy) {
  const auto bot = active(Environment::kProduction);
  for (const auto& [kind, name] : snapshot::Names<HoldKind>::table) {
    SCOPED_TRACE(name);
    ASSERT_TRUE(place(bot.deployment, kind, as(amina_), fmt::format("for {}", name)));
    EXPECT_THAT(actions(), ElementsAre("hold.place"));
    EXPECT_EQ(entries().at(0).at("object"), boost::json::string(bot.deployment.str()));
    EXPECT_EQ(entries().at(0).at("actor"), boost::json::string(amina_.str()));
    EXPECT_EQ(entries().at(0).at("detail"), (boost::json::value{{"hold", name}}));
    const auto hold = holds_of(bot.deployment).back();
    EXPECT_EQ(hold.kind, kind);
    EXPECT_EQ(hold.placed_by, amina_.str());
    EXPECT_EQ(hold.placed_at, clock_.now());
    EXPECT_EQ(hold.reason, fmt::format("for {}", name));
    clock_.advance(std::chrono::minutes(1));
  }
  EXPECT_EQ(kinds_of(bot.deployment).size(), snapshot::Names<HoldKind>::table.size());
}

TEST_F(Holds, KeepTheOldestOfAKind) {
  const auto bot = active(Environment::kProduction);
  const auto placed_at = clock_.now();
  ASSERT_TRUE(place(bot.deployment, HoldKind::kSuspended, as(amina_), "the first"));
  clock_.advance(std::chrono::hours(1));
  ASSERT_TRUE(place(bot.deployment, HoldKind::kSuspended, as(jonas_), "the second"));
  EXPECT_THAT(actions(), IsEmpty());
  const auto holds = holds_of(bot.deployment);
  ASSERT_EQ(holds.size(), 1U);
  EXPECT_EQ(holds[0].placed_by, amina_.str());
  EXPECT_EQ(holds[0].placed_at, placed_at);
  EXPECT_EQ(holds[0].reason, "the first");
}

TEST_F(Holds, AreLiftedOneKindAtATime) {
  const auto bot = active(Environment::kProduction);
  ASSERT_TRUE(place(bot.deployment, HoldKind::kReviewOverdue, operator_));
  ASSERT_TRUE(place(bot.deployment, HoldKind::kDormant, operator_));
  expect_code(lift(bot.deployment, HoldKind::kSuspended, jonas_), "RMT-I013");
  ASSERT_TRUE(lift(bot.deployment, HoldKind::kReviewOverdue, jonas_));
  EXPECT_THAT(actions(), ElementsAre("hold.lift"));
  EXPECT_EQ(entries().at(0).at("detail"),
            (boost::json::value{{"hold", "review-overdue"}, {"lifter", jonas_.str()}}));
  EXPECT_THAT(kinds_of(bot.deployment), ElementsAre(HoldKind::kDormant));
  expect_code(lift(bot.deployment, HoldKind::kReviewOverdue, jonas_), "RMT-I013");
}

TEST_F(Holds, OfOneDeploymentAreNotThoseOfAnother) {
  const auto sandbox = active(Environment::kSandbox);
  const auto production = active(Environment::kProduction);
  ASSERT_TRUE(place(sandbox.deployment, HoldKind::kDrift, operator_));
  EXPECT_THAT(kinds_of(production.deployment), IsEmpty());
  expect_code(lift(production.deployment, HoldKind::kDrift, jonas_), "RMT-I013");
}

TEST_F(Holds, NeedAReasonAndAPersonToBeLifted) {
  const auto bot = active(Environment::kSandbox);
  ASSERT_TRUE(place(bot.deployment, HoldKind::kDrift, operator_));
  expect_code(place(bot.deployment, HoldKind::kSuspended, operator_, ""), "RMT-I006");
  expect_code(place(bot.deployment, HoldKind::kSuspended, operator_, "\u200b"), "RMT-I006");
  expect_code(lift(bot.deployment, HoldKind::kDrift, jonas_, ""), "RMT-I006");
  expect_code(lift(bot.deployment, HoldKind::kDrift, HumanId::trusted("hum_nobody")), "RMT-I001");
  EXPECT_THAT(kinds_of(bot.deployment), ElementsAre(HoldKind::kDrift));
}

TEST_F(Holds, WithoutACauseToMendAreLiftedByAnyPersonWhoIsHere) {
  for (const auto kind : {HoldKind::kReviewOverdue, HoldKind::kDormant, HoldKind::kSuspended}) {
    SCOPED_TRACE(to_string(kind));
    const auto bot = active(registration(Environment::kProduction, "bot-" + std::string(to_string(kind))));
    ASSERT_TRUE(place(bot.deployment, kind, as(jonas_)));
    EXPECT_TRUE(lift(bot.deployment, kind, jonas_));
  }
}

TEST_F(Holds, DriftStaysUntilWhatIsApprovedRunsAndTheOwnerAloneDoesNotLiftItInProduction) {
  for (const auto environment : kEnvironments) {
    SCOPED_TRACE(to_string(environment));
    const auto bot = active(registration(environment, "bot-of-" + std::string(to_string(environment))));
    const bool production = environment == Environment::kProduction;
    ASSERT_TRUE(mend_drift(bot.deployment));
    EXPECT_THAT(actions(), IsEmpty()) << "there is nothing to mend";
    ASSERT_TRUE(place(bot.deployment, HoldKind::kDrift, operator_));
    expect_code(lift(bot.deployment, HoldKind::kDrift, jonas_), "RMT-I015");
    ASSERT_TRUE(mend_drift(bot.deployment));
    EXPECT_THAT(actions(), ElementsAre("hold.mend"));
    EXPECT_EQ(holds_of(bot.deployment).at(0).mended, clock_.now());
    ASSERT_TRUE(mend_drift(bot.deployment));
    EXPECT_THAT(actions(), IsEmpty());
    // It drifts again: the cause is back.
    ASSERT_TRUE(place(bot.deployment, HoldKind::kDrift, operator_));
    EXPECT_THAT(actions(), ElementsAre("hold.place"));
    expect_code(lift(bot.deployment, HoldKind::kDrift, jonas_), "RMT-I015");
    ASSERT_TRUE(mend_drift(bot.deployment));
    if (production) expect_code(lift(bot.deployment, HoldKind::kDrift, maria_), "RMT-I014");
    EXPECT_TRUE(lift(bot.deployment, HoldKind::kDrift, production ? jonas_ : maria_));
  }
}

TEST_F(Holds, ChangePendingIsLiftedByAnotherPersonThanTheOwnerInProduction) {
  const auto bot = active(Environment::kProduction);
  ASSERT_TRUE(place(bot.deployment, HoldKind::kChangePending, operator_));
  expect_code(lift(bot.deployment, HoldKind::kChangePending, maria_), "RMT-I014");
  EXPECT_TRUE(lift(bot.deployment, HoldKind::kChangePending, jonas_));
  const auto pilot = active(Environment::kPilot);
  ASSERT_TRUE(place(pilot.deployment, HoldKind::kChangePending, operator_));
  EXPECT_TRUE(lift(pilot.deployment, HoldKind::kChangePending, maria_));
}

TEST_F(Holds, OwnerMissingStaysUntilSomebodyOwnsTheAgent) {
  struct Case {
    Environment environment;
    bool by_owner;  // whether the new owner alone may lift it
  };
  for (const auto& [environment, by_owner] : std::vector<Case>{
           {Environment::kSandbox, true}, {Environment::kPilot, true}, {Environment::kProduction, false}}) {
    SCOPED_TRACE(to_string(environment));
    auto given = registration(environment, "bot-of-" + std::string(to_string(environment)));
    given.owner = join(fmt::format("Leaver of {}", to_string(environment)));
    const auto bot = active(given);
    ASSERT_TRUE(leave(given.owner));
    expect_code(lift(bot.deployment, HoldKind::kOwnerMissing, jonas_), "RMT-I015");
    ASSERT_TRUE(assign_owner(bot.agent, amina_));
    EXPECT_THAT(kinds_of(bot.deployment), ElementsAre(HoldKind::kOwnerMissing))
        << "an owner alone lifts nothing";
    const auto lifted = lift(bot.deployment, HoldKind::kOwnerMissing, amina_);
    if (by_owner) {
      EXPECT_TRUE(lifted);
      continue;
    }
    expect_code(lifted, "RMT-I014");
    EXPECT_TRUE(lift(bot.deployment, HoldKind::kOwnerMissing, jonas_));
    EXPECT_THAT(holds_of(bot.deployment), IsEmpty());
  }
}

TEST_F(Holds, ExpiredStaysAfterTheEndDate) {
  const auto given = registration(Environment::kProduction);
  const auto bot = active(given);
  ASSERT_TRUE(place(bot.deployment, HoldKind::kExpired, operator_));
  clock_.set(given.expires);
  expect_code(lift(bot.deployment, HoldKind::kExpired, jonas_), "RMT-I015");
  clock_.advance(-std::chrono::microseconds(1));
  EXPECT_TRUE(lift(bot.deployment, HoldKind::kExpired, jonas_));
}

TEST_F(Holds, CredentialExposedStaysUntilEveryKeyOfBeforeIsRevoked) {
  const auto bot = active(Environment::kProduction);
  clock_.advance(std::chrono::hours(1));
  const auto second = add_credential(bot.deployment, key()).value();
  // In the very instant of the second key: it may be the exposed one.
  ASSERT_TRUE(place(bot.deployment, HoldKind::kCredentialExposed, as(jonas_)));
  expect_code(lift(bot.deployment, HoldKind::kCredentialExposed, jonas_), "RMT-I015");
  clock_.advance(std::chrono::hours(1));
  const auto third = add_credential(bot.deployment, key()).value();
  expect_code(lift(bot.deployment, HoldKind::kCredentialExposed, jonas_), "RMT-I015");
  ASSERT_TRUE(revoke_credential(bot.credential));
  expect_code(lift(bot.deployment, HoldKind::kCredentialExposed, jonas_), "RMT-I015");
  ASSERT_TRUE(revoke_credential(second));
  EXPECT_TRUE(lift(bot.deployment, HoldKind::kCredentialExposed, jonas_));
  EXPECT_FALSE(snapshot()->credential(third.str())->revoked);
}

TEST_F(Holds, CredentialExposedOfOneDeploymentLooksAtItsOwnKeys) {
  const auto sandbox = active(Environment::kSandbox);
  const auto production = active(Environment::kProduction);
  clock_.advance(std::chrono::hours(1));
  ASSERT_TRUE(place(sandbox.deployment, HoldKind::kCredentialExposed, operator_));
  ASSERT_TRUE(revoke_credential(sandbox.credential));
  EXPECT_TRUE(lift(sandbox.deployment, HoldKind::kCredentialExposed, jonas_));
  EXPECT_FALSE(snapshot()->credential(production.credential.str())->revoked);
}

}  // namespace
}  // namespace remit::identity
