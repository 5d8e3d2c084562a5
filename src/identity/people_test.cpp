// Joiners and leavers among people, and services.

#include "identity/testing.h"

namespace remit::identity {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

class People : public RegistryTest {
 protected:
  Result<HumanId> add(std::string_view name) {
    return run([&](auto& tx) { return registry_.add_human(tx, operator_, name); });
  }
  Result<HumanId> find(std::string_view name) {
    return run([&](auto& tx) { return find_human(tx, name); });
  }
  NewService backup() { return {.name = "backup", .owner = maria_, .issuing_system = "ansible"}; }
  std::vector<HoldKind> holds_of(const DeploymentId& id) {
    std::vector<HoldKind> kinds;
    for (const auto& hold : snapshot()->deployment(id.str())->holds) kinds.push_back(hold.kind);
    return kinds;
  }
  Registration with_deputy(const HumanId& deputy, Environment environment = Environment::kProduction) {
    auto registration = this->registration(environment);
    registration.deputy = deputy;
    return registration;
  }
};

TEST_F(People, AreFoundByTheNameThatTheyCameWith) {
  const auto id = add("Zoë O'Neill").value();
  EXPECT_THAT(actions(), ElementsAre("human.add"));
  EXPECT_EQ(find("Zoë O'Neill").value(), id);
  const auto world = snapshot();
  const auto* zoe = world->human(id.str());
  EXPECT_EQ(zoe->name, "Zoë O'Neill");
  EXPECT_TRUE(zoe->active);
  expect_code(find("Zoe O'Neill"), "RMT-I001");
  EXPECT_EQ(find("ZOË o'neill").value(), id) << "capitals make nobody else of a person";
  EXPECT_EQ(find("Zoe\u0308 O'Neill").value(), id) << "nor do two spellings of one letter";
}

TEST_F(People, HaveNamesThatCanBeReadInOneWay) {
  struct Case {
    std::string_view why;
    std::string name;
  };
  for (const auto& [why, name] : std::vector<Case>{{"empty", ""},
                                                   {"blank", "  "},
                                                   {"501 bytes", std::string(501, 'x')},
                                                   {"a line break", "Ada\nadmin"},
                                                   {"a NUL", std::string("Ada\0", 4)},
                                                   {"DEL", "Ada\x7f"},
                                                   {"not UTF-8", "Ada\xff"},
                                                   {"overlong UTF-8", "Ada\xc0\xaf"},
                                                   {"a surrogate", "Ada\xed\xa0\x80"},
                                                   {"cut UTF-8", "Ada\xe2\x82"},
                                                   {"a C1 control (NEL)", "Ada\xc2\x85"},
                                                   {"a line separator", "Ada\xe2\x80\xa8"},
                                                   {"right-to-left override", "Ada\xe2\x80\xae"},
                                                   {"an isolate", "Ada\xe2\x81\xa6"}}) {
    SCOPED_TRACE(why);
    expect_code(add(name), "RMT-I006");
  }
  EXPECT_TRUE(add(std::string(500, 'x')));
  EXPECT_TRUE(add("محمد"));
}

TEST_F(People, ShareNoNameWhileBothAreHere) {
  expect_code(add("Maria Quandt"), "RMT-I005");
  ASSERT_TRUE(leave(maria_));
  expect_code(find("Maria Quandt"), "RMT-I001");
  const auto another = add("Maria Quandt").value();
  EXPECT_NE(another, maria_);
  EXPECT_EQ(find("Maria Quandt").value(), another);
  EXPECT_FALSE(snapshot()->human(maria_.str())->active);
}

TEST_F(People, ShareNoNameThatReadsAsTheOther) {
  for (const std::string name :
       {"maria quandt", "MARIA QUANDT", "Maria\u00a0Quandt", "\uff2daria Quandt", "Mar\u0131a Quandt"}) {
    SCOPED_TRACE(name);
    expect_code(add(name), "RMT-I005");
  }
  ASSERT_TRUE(add("ana"));
  expect_code(add("\u0430\u0578\u0430"), "RMT-I032");
  ASSERT_TRUE(add("\u0441\u043e\u0440\u0430"));  // Cyrillic alone, and nobody is called `copa` yet
  expect_code(add("copa"), "RMT-I005");
  expect_code(add("Maria Quandt."), "RMT-I032");
  expect_code(add("hum_01936b1e5c3a7000800000000000beef"), "RMT-I032");
  expect_code(add("operator"), "RMT-I032");
}

TEST_F(People, LeaveOnce) {
  ASSERT_TRUE(leave(amina_));
  EXPECT_THAT(actions(), ElementsAre("human.leave"));
  expect_code(leave(amina_), "RMT-I002");
  expect_code(leave(HumanId::trusted("hum_nobody")), "RMT-I001");
}

TEST_F(People, WhoLeftCanOwnApproveAndLiftNothing) {
  const auto pending = enroll(registration(Environment::kSandbox)).value();
  const auto held = active(registration(Environment::kPilot));
  ASSERT_TRUE(place(held.deployment, HoldKind::kDrift, operator_));
  ASSERT_TRUE(leave(amina_));

  auto owned = registration(Environment::kSandbox, "other-bot");
  owned.owner = amina_;
  expect_code(enroll(owned), "RMT-I002");
  owned.owner = maria_;
  owned.deputy = amina_;
  expect_code(enroll(owned), "RMT-I002");
  auto service = backup();
  service.owner = amina_;
  expect_code(add_service(service), "RMT-I002");
  service = backup();
  service.deputy = amina_;
  expect_code(add_service(service), "RMT-I002");
  expect_code(assign_owner(pending.agent, amina_), "RMT-I002");
  expect_code(assign_owner(pending.agent, maria_, amina_), "RMT-I002");
  expect_code(approve(pending.deployment, amina_), "RMT-I002");
  expect_code(refuse(pending.deployment, amina_), "RMT-I002");
  expect_code(lift(held.deployment, HoldKind::kDrift, amina_), "RMT-I002");
  expect_code(grant({.deployment = held.deployment,
                     .tool = ToolId::trusted("tol_pay"),
                     .tool_name = "erp/pay",
                     .tool_environment = Environment::kPilot,
                     .approver = amina_}),
              "RMT-I002");
}

TEST_F(People, LeaveWhatTheyOwnToItsDeputy) {
  const auto bot = active(with_deputy(amina_));
  auto with_backup = backup();
  with_backup.deputy = amina_;
  const auto service = add_service(with_backup).value();

  const auto departure = leave(maria_).value();
  EXPECT_THAT(departure.succeeded, ElementsAre(bot.agent.str(), service.str()));
  EXPECT_THAT(departure.held, IsEmpty());
  EXPECT_THAT(actions(), ElementsAre("human.leave", "agent.owner", "service.owner"));
  const auto world = snapshot();
  const auto* deployment = world->deployment(bot.deployment.str());
  EXPECT_EQ(deployment->owner, amina_);
  EXPECT_EQ(deployment->deputy, std::nullopt);
  EXPECT_THAT(deployment->holds, IsEmpty());
  EXPECT_EQ(world->all().services.at(0).owner, amina_);
  EXPECT_EQ(world->all().services.at(0).deputy, std::nullopt);
  EXPECT_THAT(world->all().services.at(0).holds, IsEmpty());
}

TEST_F(People, LeaveHeldWhatHasNoDeputyInEveryEnvironment) {
  const auto retired = active(Environment::kProduction);
  ASSERT_TRUE(retire(retired.deployment));
  const auto pending = enroll(registration(Environment::kSandbox)).value();
  const auto running = active(Environment::kProduction);
  auto of_jonas = registration(Environment::kPilot, "other-bot");
  of_jonas.owner = jonas_;
  const auto other = active(of_jonas);
  const auto service = add_service(backup()).value();

  const auto departure = leave(maria_).value();
  EXPECT_THAT(departure.succeeded, IsEmpty());
  EXPECT_THAT(departure.held,
              UnorderedElementsAre(pending.deployment.str(), running.deployment.str(), service.str()));
  EXPECT_THAT(actions(), ElementsAre("human.leave", "hold.place", "hold.place", "hold.place"));
  EXPECT_THAT(holds_of(pending.deployment), ElementsAre(HoldKind::kOwnerMissing));
  EXPECT_THAT(holds_of(running.deployment), ElementsAre(HoldKind::kOwnerMissing));
  EXPECT_THAT(holds_of(retired.deployment), IsEmpty());
  EXPECT_THAT(holds_of(other.deployment), IsEmpty());
  EXPECT_THAT(snapshot()->all().services.at(0).holds, ElementsAre(HoldKind::kOwnerMissing));
}

TEST_F(People, WhoAreDeputiesAndLeaveAreNoDeputiesAnyMore) {
  const auto bot = active(with_deputy(amina_));
  const auto departure = leave(amina_).value();
  EXPECT_THAT(departure.succeeded, IsEmpty());
  EXPECT_THAT(departure.held, IsEmpty());
  EXPECT_EQ(snapshot()->deployment(bot.deployment.str())->deputy, std::nullopt);
  EXPECT_THAT(holds_of(bot.deployment), IsEmpty());

  EXPECT_THAT(leave(maria_)->held, ElementsAre(bot.deployment.str()));
}

TEST_F(People, WhoSucceededAndLeaveTooLeaveNobodyBehind) {
  const auto bot = active(with_deputy(amina_));
  ASSERT_TRUE(leave(maria_));
  EXPECT_THAT(leave(amina_)->held, ElementsAre(bot.deployment.str()));
  EXPECT_THAT(holds_of(bot.deployment), ElementsAre(HoldKind::kOwnerMissing));
}

TEST_F(People, LeaveAHoldThatWasThereAsItWas) {
  const auto bot = active(Environment::kProduction);
  ASSERT_TRUE(place(bot.deployment, HoldKind::kOwnerMissing, as(amina_), "Maria moves on"));
  clock_.advance(std::chrono::days(1));
  const auto departure = leave(maria_).value();
  EXPECT_THAT(departure.held, IsEmpty());
  EXPECT_THAT(actions(), ElementsAre("human.leave"));
  const auto world = snapshot();
  const auto& hold = world->deployment(bot.deployment.str())->holds.at(0);
  EXPECT_EQ(hold.placed_by, amina_.str());
  EXPECT_EQ(hold.reason, "Maria moves on");
}

TEST_F(People, OwnServicesOfOneNameEach) {
  const auto id = add_service(backup()).value();
  EXPECT_THAT(actions(), ElementsAre("service.add"));
  const auto world = snapshot();
  const auto& service = world->all().services.at(0);
  EXPECT_EQ(service.id, id);
  EXPECT_EQ(service.name, "backup");
  EXPECT_EQ(service.owner, maria_);
  EXPECT_EQ(service.deputy, std::nullopt);
  EXPECT_EQ(service.state, snapshot::State::kActive);

  expect_code(add_service(backup()), "RMT-I005");
  auto bad = backup();
  bad.name = "Backup";
  expect_code(add_service(bad), "RMT-I004");
  bad = backup();
  bad.name = "other";
  bad.issuing_system = "";
  expect_code(add_service(bad), "RMT-I006");
  bad.issuing_system = "ansible";
  bad.owner = HumanId::trusted("hum_nobody");
  expect_code(add_service(bad), "RMT-I001");
  bad.owner = maria_;
  bad.deputy = maria_;
  expect_code(add_service(bad), "RMT-I021");
}

}  // namespace
}  // namespace remit::identity
