// Credentials and grants.

#include "identity/testing.h"

namespace remit::identity {
namespace {

using snapshot::State;
using testing::ElementsAre;
using testing::IsEmpty;

const ToolId kPay = ToolId::trusted("tol_pay");
const ToolId kRead = ToolId::trusted("tol_read");

class Access : public RegistryTest {
 protected:
  NewGrant pay(const DeploymentId& id) {
    return {.deployment = id,
            .tool = kPay,
            .tool_name = "erp/pay",
            .tool_environment = Environment::kProduction,
            .approver = jonas_};
  }
};

TEST_F(Access, AKeyIsRegisteredOnceEver) {
  auto first = registration(Environment::kSandbox);
  const auto sandbox = active(first);
  const auto production = active(Environment::kProduction);
  const auto other = active(registration(Environment::kSandbox, "other-bot"));
  const auto rotated = key();
  const auto rotated_id = add_credential(sandbox.deployment, rotated).value();
  for (const auto& used : {first.key, rotated}) {
    expect_code(add_credential(sandbox.deployment, used), "RMT-I008");
    expect_code(add_credential(production.deployment, used), "RMT-I008");
    expect_code(add_credential(other.deployment, used), "RMT-I008");
  }
  ASSERT_TRUE(revoke_credential(rotated_id));
  expect_code(add_credential(production.deployment, rotated), "RMT-I008");
  ASSERT_TRUE(retire(sandbox.deployment));
  const auto refused = add_credential(production.deployment, first.key);
  ASSERT_NO_FATAL_FAILURE(expect_code(refused, "RMT-I008"));
  EXPECT_THAT(refused.error().message, testing::HasSubstr("sandbox/invoice-bot"));
}

TEST_F(Access, AKeyThatIsNotPublicOrNotOneIsRefused) {
  const auto bot = active(Environment::kSandbox);
  const auto good = key();
  struct Case {
    std::string_view what;
    NewKey key;
  };
  std::vector<Case> cases = {
      {"no thumbprint", {good.public_jwk, "", "m"}},
      {"a short thumbprint", {good.public_jwk, good.thumbprint.substr(1), "m"}},
      {"a long thumbprint", {good.public_jwk, good.thumbprint + "A", "m"}},
      {"a thumbprint in base64", {good.public_jwk, "+" + good.thumbprint.substr(1), "m"}},
      {"a thumbprint with stray bits", {good.public_jwk, good.thumbprint.substr(0, 42) + "B", "m"}},
      {"no JWK", {"", good.thumbprint, "m"}},
      {"no JSON", {"{", good.thumbprint, "m"}},
      {"a list", {"[]", good.thumbprint, "m"}},
      {"a member twice", {R"({"kty":"OKP","kty":"OKP"})", good.thumbprint, "m"}},
      {"8193 bytes", {"{}" + std::string(8191, ' '), good.thumbprint, "m"}},
  };
  const std::vector<std::string> members = {"d", "p", "q", "dp", "dq", "qi", "oth", "k"};
  for (const auto& member : members)
    cases.push_back({member, {fmt::format(R"({{"kty":"x","{}":"secret"}})", member), good.thumbprint, "m"}});
  for (const auto& [what, bad] : cases) {
    SCOPED_TRACE(what);
    const auto refused = add_credential(bot.deployment, bad);
    ASSERT_NO_FATAL_FAILURE(expect_code(refused, "RMT-I009"));
    EXPECT_THAT(format(refused.error()), testing::Not(testing::HasSubstr("secret")));
  }
  EXPECT_TRUE(add_credential(bot.deployment, good));
}

TEST_F(Access, AKeyThatItsHolderCouldUseAsAnotherIsTheSameKey) {
  const auto bot = active(Environment::kSandbox);
  auto negative = key();
  const auto first = key();
  ASSERT_TRUE(add_credential(bot.deployment, first));
  negative.material = first.material;
  expect_code(add_credential(bot.deployment, negative), "RMT-I008");
  auto issuers = key();
  issuers.material = "an issuer's";
  expect_code(add_credential(bot.deployment, issuers), "RMT-I009");
}

TEST_F(Access, InProductionAnotherPersonThanTheOwnerAddsAKeyAndGrants) {
  for (const auto environment : kEnvironments) {
    SCOPED_TRACE(to_string(environment));
    const auto bot = active(environment);
    const auto grant_by = [&](const HumanId& person) {
      return grant({.deployment = bot.deployment,
                    .tool = kPay,
                    .tool_name = "erp/pay",
                    .tool_environment = environment,
                    .approver = person});
    };
    if (environment == Environment::kProduction) {
      expect_code(add_credential(bot.deployment, key(), maria_), "RMT-I033");
      expect_code(add_credential(bot.deployment, key(), std::nullopt), "RMT-I033");
      expect_code(grant_by(maria_), "RMT-I033");
      EXPECT_TRUE(add_credential(bot.deployment, key(), jonas_));
      EXPECT_TRUE(grant_by(jonas_));
      continue;
    }
    EXPECT_TRUE(add_credential(bot.deployment, key(), maria_));
    EXPECT_TRUE(add_credential(bot.deployment, key(), std::nullopt));
    EXPECT_TRUE(grant_by(maria_));
  }
}

TEST_F(Access, ARotationHasBothKeysUntilTheOldOneIsRevoked) {
  const auto given = registration(Environment::kProduction);
  const auto bot = active(given);
  clock_.advance(std::chrono::days(30));
  const auto second = add_credential(bot.deployment, key()).value();
  EXPECT_THAT(actions(), ElementsAre("credential.add"));
  auto world = snapshot();
  EXPECT_FALSE(world->credential(bot.credential.str())->revoked);
  EXPECT_FALSE(world->credential(second.str())->revoked);
  EXPECT_EQ(world->credential(second.str())->not_before, clock_.now());
  EXPECT_EQ(world->credential(second.str())->expires, given.expires) << "it lives as long as the deployment";

  ASSERT_TRUE(revoke_credential(bot.credential));
  EXPECT_THAT(actions(), ElementsAre("credential.revoke"));
  world = snapshot();
  EXPECT_TRUE(world->credential(bot.credential.str())->revoked);
  EXPECT_FALSE(world->credential(second.str())->revoked);
  EXPECT_EQ(world->deployment(bot.deployment.str())->state, State::kActive);
}

TEST_F(Access, ACredentialIsRevokedOnce) {
  const auto bot = active(Environment::kProduction);
  ASSERT_TRUE(revoke_credential(bot.credential));
  expect_code(revoke_credential(bot.credential), "RMT-I022");
  expect_code(revoke_credential(CredentialId::trusted("crd_nothing")), "RMT-I003");
}

TEST_F(Access, ADeploymentThatEndedGetsNoKey) {
  const auto given = registration(Environment::kProduction);
  const auto made = enroll(given).value();
  ASSERT_TRUE(revoke_credential(made.credential));
  ASSERT_TRUE(approve(made.deployment, jonas_));
  clock_.set(given.expires);
  expect_code(add_credential(made.deployment, key()), "RMT-I007");
  EXPECT_EQ(snapshot()->deployment(made.deployment.str())->state, State::kApproved);
}

TEST_F(Access, AGrantIsOfOneToolToOneDeployment) {
  const auto bot = active(Environment::kProduction);
  const auto other = active(registration(Environment::kProduction, "other-bot"));
  const auto id = grant(pay(bot.deployment)).value();
  EXPECT_THAT(actions(), ElementsAre("grant.add"));
  EXPECT_EQ(entries().at(0).at("detail"), (boost::json::value{{"deployment", bot.deployment.str()},
                                                              {"environment", "production"},
                                                              {"tool", kPay.str()},
                                                              {"approver", jonas_.str()},
                                                              {"expires", nullptr}}));
  const auto world = snapshot();
  const auto* found = world->grant(bot.deployment.str(), kPay.str());
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->id, id);
  EXPECT_EQ(found->expires, std::nullopt);
  EXPECT_EQ(world->grant(bot.deployment.str(), kRead.str()), nullptr);
  EXPECT_EQ(world->grant(other.deployment.str(), kPay.str()), nullptr);
}

TEST_F(Access, AGrantDoesNotCrossEnvironments) {
  const auto bot = active(Environment::kProduction);
  for (const auto environment : {Environment::kSandbox, Environment::kPilot}) {
    auto given = pay(bot.deployment);
    given.tool_environment = environment;
    expect_code(grant(given), "RMT-I017");
  }
}

TEST_F(Access, TheFirstGrantOfAToolFixesTheNameThatTheAgentSees) {
  const auto bot = active(Environment::kProduction);
  const auto other = active(registration(Environment::kProduction, "other-bot"));
  const auto name_of = [&](const Registered& agent, const ToolId& tool, std::string_view tool_name) {
    auto given = pay(agent.deployment);
    given.tool = tool;
    given.tool_name = tool_name;
    return grant_shown(given).value().shown_name;
  };
  const auto crm = ToolId::trusted("tol_crm");
  EXPECT_EQ(name_of(bot, kPay, "erp/pay"), "pay");
  EXPECT_EQ(name_of(bot, crm, "crm/pay"), "crm__pay");
  EXPECT_EQ(name_of(other, crm, "crm/pay"), "pay") << "another agent, other names";
  EXPECT_EQ(snapshot()->grant(bot.deployment.str(), kPay.str())->shown_name, "pay");
  EXPECT_EQ(snapshot()->grant(bot.deployment.str(), crm.str())->shown_name, "crm__pay");

  ASSERT_TRUE(revoke_grant(bot.deployment, kPay));
  ASSERT_TRUE(revoke_grant(bot.deployment, crm));
  EXPECT_EQ(name_of(bot, ToolId::trusted("tol_hr"), "hr/pay"), "hr__pay");
  EXPECT_EQ(name_of(bot, crm, "crm/pay"), "crm__pay");
  // The destination was registered anew: other ids, the same names.
  EXPECT_EQ(name_of(bot, ToolId::trusted("tol_pay2"), "erp/pay"), "pay");

  // For the agent, not for the deployment.
  ASSERT_TRUE(retire(bot.deployment));
  const auto again = active(registration(Environment::kProduction));
  EXPECT_EQ(name_of(again, crm, "crm/pay"), "crm__pay");
  EXPECT_EQ(name_of(again, kPay, "erp/pay"), "pay");
}

// As a store is that a version left which showed tools by their own names where those were unique, else as
// "destination/tool".
TEST_F(Access, GrantsOfBeforeGetTheNamesThatTheyWereShownUnder) {
  const auto bot = active(Environment::kProduction);
  const auto other = active(registration(Environment::kProduction, "other-bot"));
  const std::vector<std::pair<std::string, const Registered*>> given = {
      {"crm/pay", &bot}, {"erp/pay", &bot}, {"fs/files.read", &bot}, {"erp/read", &bot}, {"erp/pay", &other}};
  KnownTools known;
  known.destinations.at(static_cast<std::size_t>(Environment::kProduction)) = {"crm", "erp", "fs"};
  for (const auto& [name, agent] : given) {
    const auto id = ToolId::trusted("tol_" + name);
    known.names.emplace(id, name);
    clock_.advance(std::chrono::seconds(1));
    ASSERT_TRUE(grant({.deployment = agent->deployment,
                       .tool = id,
                       .tool_name = name,
                       .tool_environment = Environment::kProduction,
                       .approver = jonas_}));
  }
  ASSERT_TRUE(revoke_grant(bot.deployment, ToolId::trusted("tol_erp/read")));
  ASSERT_TRUE(store_->run([](store::Transaction& tx) -> Result<void> {
    TRY(tx.execute("UPDATE tool_grant SET tool_name = NULL, shown_name = NULL, former_name = NULL"));
    return {};
  }));
  const auto name_all = [&] {
    return Registry::name_older_grants(*store_, [&](store::Reader&) -> Result<KnownTools> { return known; });
  };
  ASSERT_TRUE(name_all());
  ASSERT_TRUE(name_all());
  const auto world = snapshot();
  const auto found = [&](const Registered& agent, const std::string& name) {
    return world->grant(agent.deployment.str(), "tol_" + name);
  };
  EXPECT_EQ(found(bot, "crm/pay")->shown_name, "pay");
  EXPECT_EQ(found(bot, "erp/pay")->shown_name, "erp__pay");
  EXPECT_EQ(found(bot, "fs/files.read")->shown_name, "files_read");
  EXPECT_EQ(found(bot, "fs/files.read")->former_name, "files.read");
  EXPECT_EQ(found(other, "erp/pay")->shown_name, "pay");
  EXPECT_EQ(found(other, "erp/pay")->former_name, "");

  // A name that somebody had once stays theirs, and a former name comes back with its tool.
  const auto granted = [&](std::string_view name) {
    return grant_shown({.deployment = bot.deployment,
                        .tool = ToolId::trusted("tol_" + std::string(name)),
                        .tool_name = std::string(name),
                        .tool_environment = Environment::kProduction,
                        .approver = jonas_})
        .value()
        .shown_name;
  };
  EXPECT_EQ(granted("crm/read"), "crm__read");
  EXPECT_EQ(granted("erp/read"), "read");
  ASSERT_TRUE(revoke_grant(bot.deployment, ToolId::trusted("tol_fs/files.read")));
  EXPECT_EQ(granted("fs/files.read"), "files_read");
  EXPECT_EQ(snapshot()->grant(bot.deployment.str(), "tol_fs/files.read")->former_name, "files.read");
}

TEST_F(Access, AGrantThatIsThereIsNotGivenAgain) {
  const auto bot = active(Environment::kProduction);
  auto given = pay(bot.deployment);
  given.expires = clock_.now() + std::chrono::hours(1);
  const auto first = grant(given).value();
  EXPECT_EQ(snapshot()->grant(bot.deployment.str(), kPay.str())->expires, given.expires);
  expect_code(grant(pay(bot.deployment)), "RMT-I016");
  const auto same = grant(given).value();
  EXPECT_EQ(same, first) << "until the same end it is the same grant";
  // Not after its end either: one grant at a time, and the error says to revoke it.
  clock_.advance(std::chrono::hours(2));
  expect_code(grant(pay(bot.deployment)), "RMT-I016");
  ASSERT_TRUE(revoke_grant(bot.deployment, kPay));
  EXPECT_THAT(actions(), ElementsAre("grant.revoke"));
  EXPECT_EQ(snapshot()->grant(bot.deployment.str(), kPay.str()), nullptr);
  EXPECT_NE(grant(pay(bot.deployment)).value(), first);
}

TEST_F(Access, AGrantEndsInTheFutureAndIsApprovedBySomebodyKnown) {
  const auto bot = active(Environment::kProduction);
  auto given = pay(bot.deployment);
  given.expires = clock_.now();
  expect_code(grant(given), "RMT-I007");
  given.expires = clock_.now() - std::chrono::days(1);
  expect_code(grant(given), "RMT-I007");
  given = pay(bot.deployment);
  given.approver = HumanId::trusted("hum_nobody");
  expect_code(grant(given), "RMT-I001");
  expect_code(revoke_grant(bot.deployment, kPay), "RMT-I018");
}

TEST_F(Access, EveryGrantOfAToolThatGoesEnds) {
  const auto bot = active(Environment::kProduction);
  const auto other = active(registration(Environment::kProduction, "other-bot"));
  ASSERT_TRUE(grant(pay(bot.deployment)));
  ASSERT_TRUE(grant(pay(other.deployment)));
  auto reading = pay(bot.deployment);
  reading.tool = kRead;
  reading.tool_name = "erp/read";
  ASSERT_TRUE(grant(reading));

  EXPECT_EQ(end_grants(kPay).value(), 2);
  EXPECT_THAT(actions(), ElementsAre("grant.end"));
  EXPECT_EQ(entries().at(0).at("detail"), (boost::json::value{{"grants", 2}}));
  const auto world = snapshot();
  ASSERT_EQ(world->all().grants.size(), 1U);
  EXPECT_EQ(world->all().grants.at(0).tool, kRead);

  EXPECT_EQ(end_grants(kPay).value(), 0);
  EXPECT_THAT(actions(), IsEmpty());
}

}  // namespace
}  // namespace remit::identity
