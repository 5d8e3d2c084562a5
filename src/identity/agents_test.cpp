// The life of agents and their deployments.

#include <functional>

#include "identity/testing.h"

namespace remit::identity {
namespace {

using snapshot::State;
using testing::ElementsAre;
using testing::IsEmpty;

class Agents : public RegistryTest {
 protected:
  State state_of(const DeploymentId& id) { return snapshot()->deployment(id.str())->state; }

  // A deployment of an agent of its own, brought into a state.
  Registered in(State state) {
    auto made = enroll(registration(Environment::kSandbox, fmt::format("bot-{}", ++bots_))).value();
    if (state == State::kDraft) EXPECT_TRUE(refuse(made.deployment, jonas_));
    if (state == State::kApproved) EXPECT_TRUE(revoke_credential(made.credential));
    if (state == State::kApproved || state == State::kActive) EXPECT_TRUE(approve(made.deployment, jonas_));
    if (state == State::kRetired) EXPECT_TRUE(retire(made.deployment));
    EXPECT_EQ(state_of(made.deployment), state);
    return made;
  }
  NewGrant pay(const DeploymentId& id, Environment environment = Environment::kSandbox) {
    return {.deployment = id,
            .tool = ToolId::trusted("tol_pay"),
            .tool_name = "erp/pay",
            .tool_environment = environment,
            .approver = jonas_};
  }
  int bots_ = 0;
};

TEST_F(Agents, AreRegisteredAsPendingAndLoadedAsTheyWereRegistered) {
  auto given = registration(Environment::kProduction);
  given.deputy = amina_;
  const auto made = enroll(given).value();
  EXPECT_THAT(actions(), ElementsAre("agent.register", "agent.submit"));
  const auto world = snapshot();
  const auto* agent = world->agent("invoice-bot");
  ASSERT_NE(agent, nullptr);
  EXPECT_EQ(agent->id, made.agent);
  EXPECT_EQ(agent->owner, maria_);
  EXPECT_EQ(agent->deputy, amina_);
  EXPECT_EQ(agent->purpose, "pay invoices");
  EXPECT_EQ(agent->process, "accounts-payable");
  EXPECT_EQ(agent->issuing_system, "terraform");
  const auto* deployment = world->deployment(Environment::kProduction, "invoice-bot");
  ASSERT_NE(deployment, nullptr);
  EXPECT_EQ(deployment->id, made.deployment);
  EXPECT_EQ(deployment->agent, made.agent);
  EXPECT_EQ(deployment->owner, maria_);
  EXPECT_EQ(deployment->deputy, amina_);
  EXPECT_EQ(deployment->purpose, "pay invoices");
  EXPECT_EQ(deployment->process, "accounts-payable");
  EXPECT_EQ(deployment->state, State::kPending);
  EXPECT_EQ(deployment->expires, given.expires);
  EXPECT_THAT(deployment->holds, IsEmpty());
  const auto* credential = world->credential(made.credential.str());
  ASSERT_NE(credential, nullptr);
  EXPECT_EQ(credential->deployment, made.deployment);
  EXPECT_EQ(credential->kind, snapshot::CredentialKind::kKey);
  EXPECT_EQ(credential->public_jwk, given.key.public_jwk);
  EXPECT_EQ(credential->thumbprint, given.key.thumbprint);
  EXPECT_EQ(credential->not_before, clock_.now());
  EXPECT_EQ(credential->expires, given.expires);
  EXPECT_FALSE(credential->revoked);
}

TEST_F(Agents, AreRefusedWhereARegistrationCannotStand) {
  ASSERT_TRUE(enroll(registration(Environment::kSandbox, "known-bot")));
  const auto used = registration(Environment::kSandbox, "other-bot");
  ASSERT_TRUE(enroll(used));
  struct Case {
    std::string_view what;
    std::string_view code;
    std::function<void(Registration&)> spoil;
  };
  const auto with_name = [](std::string name) { return [name](Registration& r) { r.name = name; }; };
  const std::vector<Case> cases = {
      {"no name", "RMT-I004", with_name("")},
      {"a capital", "RMT-I004", with_name("Bot")},
      {"a digit first", "RMT-I004", with_name("1bot")},
      {"a dash first", "RMT-I004", with_name("-bot")},
      {"a slash", "RMT-I004", with_name("a/b")},
      {"a letter that looks like another", "RMT-I004", with_name("b\xd0\xbet")},
      {"64 letters", "RMT-I004", with_name(std::string(64, 'a'))},
      {"no purpose", "RMT-I006", [](auto& r) { r.purpose = ""; }},
      {"a purpose that is too long", "RMT-I006", [](auto& r) { r.purpose = std::string(501, 'x'); }},
      {"a purpose of two lines", "RMT-I006", [](auto& r) { r.purpose = "pay\ninvoices"; }},
      {"no process", "RMT-I006", [](auto& r) { r.process = " "; }},
      {"no issuing system", "RMT-I006", [](auto& r) { r.issuing_system = ""; }},
      {"an unknown owner", "RMT-I001", [](auto& r) { r.owner = HumanId::trusted("hum_nobody"); }},
      {"no owner", "RMT-I001", [](auto& r) { r.owner = HumanId(); }},
      {"an unknown deputy", "RMT-I001", [](auto& r) { r.deputy = HumanId::trusted("hum_nobody"); }},
      {"a deputy who is the owner", "RMT-I021", [](auto& r) { r.deputy = r.owner; }},
      {"an end that has passed", "RMT-I007",
       [this](auto& r) { r.expires = clock_.now() - std::chrono::days(1); }},
      {"an end that is now", "RMT-I007", [this](auto& r) { r.expires = clock_.now(); }},
      {"an end too far ahead", "RMT-I031",
       [this](auto& r) { r.expires = clock_.now() + kLongest + std::chrono::microseconds(1); }},
      {"the last day of the calendar", "RMT-I031",
       [](auto& r) { r.expires = parse_instant("9999-12-31T00:00:00Z").value(); }},
      {"a purpose that nobody can see", "RMT-I006", [](auto& r) { r.purpose = "\u200b\u2060\u3164"; }},
      {"a process of spaces", "RMT-I006", [](auto& r) { r.process = "\u00a0\u2003\u2800"; }},
      {"a key of the same material", "RMT-I008", [&](auto& r) { r.key.material = used.key.material; }},
      {"an issuer's own key", "RMT-I009", [](auto& r) { r.key.material = "an issuer's"; }},
      {"a key of another agent", "RMT-I008", [&](auto& r) { r.key = used.key; }},
      {"a private key", "RMT-I009", [](auto& r) { r.key.public_jwk = R"({"kty":"OKP","d":"x"})"; }},
      {"a place that is taken", "RMT-I019", with_name("known-bot")},
  };
  for (const auto& [what, code, spoil] : cases) {
    SCOPED_TRACE(what);
    auto given = registration(Environment::kSandbox);
    spoil(given);
    expect_code(enroll(given), code);
  }
  EXPECT_TRUE(enroll(registration(Environment::kSandbox, std::string(63, 'a'))));
  EXPECT_TRUE(enroll(registration(Environment::kSandbox, "b-2")));
}

TEST_F(Agents, AreTheSameAgentInEveryEnvironment) {
  const auto sandbox = active(Environment::kSandbox);
  struct Case {
    std::string_view what;
    std::function<void(Registration&)> change;
  };
  const std::vector<Case> cases = {{"owner", [this](auto& r) { r.owner = amina_; }},
                                   {"deputy", [this](auto& r) { r.deputy = amina_; }},
                                   {"purpose", [](auto& r) { r.purpose = "pay everything"; }},
                                   {"process", [](auto& r) { r.process = "payroll"; }},
                                   {"issuing system", [](auto& r) { r.issuing_system = "console"; }}};
  for (const auto& [what, change] : cases) {
    auto given = registration(Environment::kProduction);
    change(given);
    const auto refused = enroll(given);
    ASSERT_NO_FATAL_FAILURE(expect_code(refused, "RMT-I020"));
    EXPECT_THAT(refused.error().message, testing::HasSubstr(what));
  }
  const auto production = enroll(registration(Environment::kProduction)).value();
  EXPECT_EQ(production.agent, sandbox.agent);
  EXPECT_NE(production.deployment, sandbox.deployment);
}

TEST_F(Agents, TakeNeitherKeyNorGrantNorApprovalToTheNextEnvironment) {
  auto given = registration(Environment::kSandbox);
  const auto sandbox = active(given);
  ASSERT_TRUE(grant(pay(sandbox.deployment)));
  given.environment = Environment::kProduction;
  expect_code(enroll(given), "RMT-I008");
  given.key = key();
  const auto production = enroll(given).value();

  const auto world = snapshot();
  EXPECT_EQ(world->deployment(production.deployment.str())->state, State::kPending);
  EXPECT_EQ(world->grant(production.deployment.str(), "tol_pay"), nullptr);
  for (const auto& credential : world->all().credentials) {
    if (credential.deployment == production.deployment) {
      EXPECT_EQ(credential.id, production.credential);
    }
  }
}

TEST_F(Agents, GoFromStateToStateByTheseCommandsAlone) {
  using Command = std::function<Result<void>(const DeploymentId&)>;
  struct Case {
    std::string_view command;
    Command run;
    // What it answers in draft, pending, approved, active, retired; none: it is done.
    std::array<std::string_view, 5> codes;
    std::string_view action;
    State to;
  };
  const std::string_view done;
  const std::vector<Case> cases = {
      {"submit",
       [this](const auto& id) { return submit(id); },
       {done, "RMT-I010", "RMT-I010", "RMT-I010", "RMT-I011"},
       "agent.submit",
       State::kPending},
      {"approve",
       [this](const auto& id) { return approve(id, jonas_); },
       {"RMT-I010", done, "RMT-I010", "RMT-I010", "RMT-I011"},
       "agent.approve",
       State::kActive},
      {"refuse",
       [this](const auto& id) { return refuse(id, jonas_); },
       {"RMT-I010", done, "RMT-I010", "RMT-I010", "RMT-I011"},
       "agent.refuse",
       State::kDraft},
      {"retire",
       [this](const auto& id) { return retire(id); },
       {done, done, done, done, "RMT-I011"},
       "agent.retire",
       State::kRetired},
  };
  const std::array states = {State::kDraft, State::kPending, State::kApproved, State::kActive,
                             State::kRetired};
  for (const auto& each : cases) {
    for (std::size_t i = 0; i < states.size(); ++i) {
      SCOPED_TRACE(fmt::format("{} a deployment that is {}", each.command, to_string(states[i])));
      const auto id = in(states[i]).deployment;
      const auto answer = each.run(id);
      if (!each.codes[i].empty()) {
        expect_code(answer, each.codes[i]);
        continue;
      }
      ASSERT_TRUE(answer) << answer.error().message;
      EXPECT_THAT(actions(), ElementsAre(each.action));
      EXPECT_EQ(state_of(id), each.to);
    }
  }
}

TEST_F(Agents, KnowNoDeploymentThatWasNeverRegistered) {
  const auto nobody = DeploymentId::trusted("dep_nobody");
  expect_code(submit(nobody), "RMT-I003");
  expect_code(approve(nobody, jonas_), "RMT-I003");
  expect_code(refuse(nobody, jonas_), "RMT-I003");
  expect_code(retire(nobody), "RMT-I003");
  expect_code(place(nobody, HoldKind::kDrift, operator_), "RMT-I003");
  expect_code(lift(nobody, HoldKind::kDrift, jonas_), "RMT-I003");
  expect_code(renew(nobody, clock_.now() + std::chrono::days(1), jonas_), "RMT-I003");
  expect_code(add_credential(nobody, key()), "RMT-I003");
  expect_code(grant(pay(nobody)), "RMT-I003");
  expect_code(assign_owner(AgentId::trusted("agt_nobody"), maria_), "RMT-I003");
  expect_code(kill(AgentId::trusted("agt_nobody"), jonas_), "RMT-I003");
}

TEST_F(Agents, AreNotApprovedForProductionByTheirOwner) {
  const auto production = enroll(registration(Environment::kProduction)).value();
  expect_code(approve(production.deployment, maria_), "RMT-I012");
  EXPECT_TRUE(approve(production.deployment, jonas_));
  for (const auto environment : {Environment::kSandbox, Environment::kPilot})
    EXPECT_TRUE(approve(enroll(registration(environment))->deployment, maria_)) << to_string(environment);
}

TEST_F(Agents, AreNotApprovedByWhoBecameTheirOwner) {
  const auto made = enroll(registration(Environment::kProduction)).value();
  ASSERT_TRUE(assign_owner(made.agent, jonas_));
  expect_code(approve(made.deployment, jonas_), "RMT-I012");
  EXPECT_TRUE(approve(made.deployment, maria_));
}

TEST_F(Agents, AreApprovedBySomebodyWhoIsKnown) {
  const auto made = enroll(registration(Environment::kProduction)).value();
  expect_code(approve(made.deployment, HumanId::trusted("hum_nobody")), "RMT-I001");
  expect_code(refuse(made.deployment, HumanId::trusted("hum_nobody")), "RMT-I001");
}

TEST_F(Agents, GoNoFurtherWhileTheirOwnerIsGone) {
  const auto pending = enroll(registration(Environment::kProduction)).value();
  const auto draft = enroll(registration(Environment::kSandbox)).value();
  ASSERT_TRUE(refuse(draft.deployment, jonas_));
  ASSERT_TRUE(leave(maria_));
  expect_code(approve(pending.deployment, jonas_), "RMT-I002");
  expect_code(submit(draft.deployment), "RMT-I002");
  ASSERT_TRUE(assign_owner(pending.agent, amina_));
  EXPECT_TRUE(approve(pending.deployment, jonas_));
  EXPECT_TRUE(submit(draft.deployment));
}

TEST_F(Agents, AreNotApprovedAfterTheirEndDate) {
  const auto given = registration(Environment::kProduction);
  const auto made = enroll(given).value();
  clock_.set(given.expires);
  expect_code(approve(made.deployment, jonas_), "RMT-I007");
  EXPECT_TRUE(refuse(made.deployment, jonas_));
  EXPECT_TRUE(retire(made.deployment));
}

TEST_F(Agents, BecomeActiveWithTheirFirstLivingCredential) {
  const auto made = enroll(registration(Environment::kProduction)).value();
  ASSERT_TRUE(revoke_credential(made.credential));
  ASSERT_TRUE(approve(made.deployment, jonas_));
  EXPECT_EQ(entries().at(0).at("detail").at("state"), "approved");
  EXPECT_EQ(state_of(made.deployment), State::kApproved);
  ASSERT_TRUE(add_credential(made.deployment, key()));
  EXPECT_EQ(state_of(made.deployment), State::kActive);
}

TEST_F(Agents, BecomeActiveByNoCredentialBeforeTheyAreApproved) {
  const auto made = enroll(registration(Environment::kProduction)).value();
  ASSERT_TRUE(add_credential(made.deployment, key()));
  EXPECT_EQ(state_of(made.deployment), State::kPending);
  ASSERT_TRUE(refuse(made.deployment, jonas_));
  ASSERT_TRUE(add_credential(made.deployment, key()));
  EXPECT_EQ(state_of(made.deployment), State::kDraft);
}

TEST_F(Agents, StayHeldThroughAnApproval) {
  const auto made = enroll(registration(Environment::kProduction)).value();
  ASSERT_TRUE(place(made.deployment, HoldKind::kDrift, operator_));
  ASSERT_TRUE(approve(made.deployment, jonas_));
  EXPECT_EQ(snapshot()->deployment(made.deployment.str())->holds.size(), 1U);
}

TEST_F(Agents, NeedAReasonToBeRefusedOrRetired) {
  const auto made = enroll(registration(Environment::kSandbox)).value();
  for (const auto* reason : {"", " ", "two\nlines", "\xff"}) {
    expect_code(refuse(made.deployment, jonas_, reason), "RMT-I006");
    expect_code(retire(made.deployment, reason), "RMT-I006");
  }
}

TEST_F(Agents, RetireForEver) {
  const auto given = registration(Environment::kSandbox);
  const auto made = active(given);
  const auto second_key = add_credential(made.deployment, key()).value();
  ASSERT_TRUE(grant(pay(made.deployment)));
  ASSERT_TRUE(retire(made.deployment));
  EXPECT_EQ(entries().at(0).at("detail"),
            (boost::json::value{
                {"environment", "sandbox"}, {"from", "active"}, {"credentials", 2}, {"grants", 1}}));

  const auto world = snapshot();
  EXPECT_TRUE(world->credential(made.credential.str())->revoked);
  EXPECT_TRUE(world->credential(second_key.str())->revoked);
  EXPECT_EQ(world->grant(made.deployment.str(), "tol_pay"), nullptr);
  ASSERT_NE(world->deployment(made.deployment.str()), nullptr) << "the tombstone stays";

  expect_code(submit(made.deployment), "RMT-I011");
  expect_code(approve(made.deployment, jonas_), "RMT-I011");
  expect_code(refuse(made.deployment, jonas_), "RMT-I011");
  expect_code(retire(made.deployment), "RMT-I011");
  expect_code(place(made.deployment, HoldKind::kDrift, operator_), "RMT-I011");
  expect_code(lift(made.deployment, HoldKind::kDrift, jonas_), "RMT-I011");
  expect_code(add_credential(made.deployment, key()), "RMT-I011");
  expect_code(revoke_credential(made.credential), "RMT-I022");
  expect_code(grant(pay(made.deployment)), "RMT-I011");
  expect_code(revoke_grant(made.deployment, ToolId::trusted("tol_pay")), "RMT-I018");
  ASSERT_TRUE(assign_owner(made.agent, amina_));
  EXPECT_EQ(state_of(made.deployment), State::kRetired);
}

TEST_F(Agents, AreRegisteredAnewAfterRetirementWithANewKey) {
  const auto given = registration(Environment::kProduction);
  const auto made = active(given);
  ASSERT_TRUE(grant(pay(made.deployment, Environment::kProduction)));
  ASSERT_TRUE(retire(made.deployment));

  expect_code(enroll(given), "RMT-I008");
  auto anew = registration(Environment::kProduction);
  anew.owner = amina_;
  anew.purpose = "pay refunds";
  const auto second = enroll(anew).value();
  EXPECT_EQ(second.agent, made.agent);
  EXPECT_NE(second.deployment, made.deployment);
  const auto world = snapshot();
  EXPECT_EQ(world->deployment(Environment::kProduction, "invoice-bot")->id, second.deployment);
  EXPECT_EQ(world->deployment(second.deployment.str())->state, State::kPending);
  EXPECT_EQ(world->deployment(second.deployment.str())->owner, amina_);
  EXPECT_EQ(world->agent("invoice-bot")->purpose, "pay refunds");
  EXPECT_EQ(world->grant(second.deployment.str(), "tol_pay"), nullptr);
  EXPECT_EQ(world->deployment(made.deployment.str())->state, State::kRetired);
}

TEST_F(Agents, AreTakenOverByANewOwnerInEveryEnvironment) {
  const auto sandbox = active(Environment::kSandbox);
  const auto production = active(Environment::kProduction);
  ASSERT_TRUE(place(production.deployment, HoldKind::kDrift, operator_));
  ASSERT_TRUE(assign_owner(sandbox.agent, amina_, jonas_));
  EXPECT_THAT(actions(), ElementsAre("agent.owner"));
  const auto world = snapshot();
  for (const auto& id : {sandbox.deployment, production.deployment}) {
    EXPECT_EQ(world->deployment(id.str())->owner, amina_);
    EXPECT_EQ(world->deployment(id.str())->deputy, jonas_);
  }
  EXPECT_EQ(world->deployment(production.deployment.str())->holds.size(), 1U) << "holds stay";
  expect_code(assign_owner(sandbox.agent, amina_, amina_), "RMT-I021");
  expect_code(assign_owner(sandbox.agent, HumanId::trusted("hum_nobody")), "RMT-I001");
  ASSERT_TRUE(assign_owner(sandbox.agent, amina_));
  EXPECT_EQ(snapshot()->agent("invoice-bot")->deputy, std::nullopt);
}

TEST_F(Agents, AreFoundByNameTheLivingDeploymentFirst) {
  const auto find = [&](Environment environment, std::string_view name) {
    return run([&](auto& tx) { return find_deployment(tx, environment, name); });
  };
  const auto agent = [&](std::string_view name) {
    return run([&](auto& tx) { return find_agent(tx, name); });
  };
  expect_code(agent("invoice-bot"), "RMT-I003");
  const auto first = enroll(registration(Environment::kSandbox)).value();
  EXPECT_EQ(agent("invoice-bot").value(), first.agent);
  EXPECT_EQ(find(Environment::kSandbox, "invoice-bot").value(), first.deployment);
  expect_code(find(Environment::kProduction, "invoice-bot"), "RMT-I003");
  ASSERT_TRUE(retire(first.deployment));
  EXPECT_EQ(find(Environment::kSandbox, "invoice-bot").value(), first.deployment);
  clock_.advance(std::chrono::seconds(1));
  const auto second = enroll(registration(Environment::kSandbox)).value();
  EXPECT_EQ(find(Environment::kSandbox, "invoice-bot").value(), second.deployment);
  ASSERT_TRUE(retire(second.deployment));
  EXPECT_EQ(find(Environment::kSandbox, "invoice-bot").value(), second.deployment);
}

}  // namespace
}  // namespace remit::identity
