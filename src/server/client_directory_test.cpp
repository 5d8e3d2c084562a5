#include "server/client_directory.h"

#include <gmock/gmock.h>

#include <boost/json/serialize.hpp>
#include <functional>

namespace remit::server {
namespace {

using snapshot::Credential;
using snapshot::Deployment;
using snapshot::HoldKind;
using snapshot::SnapshotData;
using snapshot::State;
using testing::ElementsAre;
using testing::IsEmpty;

const Instant kNow = parse_instant("2026-11-24T05:00:00Z").value();
constexpr auto kMoment = std::chrono::microseconds(1);
constexpr std::string_view kBot = "dep_bot";

jose::PublicKey key_of(std::uint64_t seed) {
  SeededRandom random(seed);
  return jose::PrivateKey::generate(jose::Algorithm::kEs256, random).public_key();
}

Deployment deployment(std::string id, Environment environment) {
  Deployment made;
  made.id = DeploymentId::trusted(std::move(id));
  made.environment = environment;
  made.name = "invoice-bot";
  made.state = State::kActive;
  made.expires = kNow + std::chrono::days(30);
  return made;
}

Credential credential(std::string id, const Deployment& of, std::uint64_t seed) {
  Credential made;
  made.id = CredentialId::trusted(std::move(id));
  made.deployment = of.id;
  made.public_jwk = boost::json::serialize(key_of(seed).jwk());
  made.key = key_of(seed);
  made.thumbprint = key_of(seed).thumbprint();
  made.not_before = kNow - std::chrono::days(1);
  made.expires = kNow + std::chrono::days(30);
  return made;
}

// One agent that is active in production with one key, and in sandbox with another.
class ClientDirectory : public testing::Test {
 protected:
  ClientDirectory() {
    world_.deployments = {deployment(std::string(kBot), Environment::kProduction),
                          deployment("dep_sandbox", Environment::kSandbox)};
    world_.credentials = {credential("crd_1", world_.deployments[0], 1),
                          credential("crd_sandbox", world_.deployments[1], 2)};
    put_in_force();
  }
  void put_in_force() {
    ++world_.revision;
    snapshots_.swap(std::make_shared<snapshot::Snapshot>(SnapshotData(world_)));
  }
  std::optional<issuer::Client> find(std::string_view id = kBot, Instant now = kNow) {
    return production_.find(id, now);
  }
  std::vector<std::string> keys(Instant now = kNow) {
    std::vector<std::string> ids;
    const auto client = find(kBot, now);
    for (const auto& key : client->keys) ids.push_back(key.credential_id);
    return ids;
  }
  Deployment& bot() { return world_.deployments[0]; }

  SnapshotData world_;
  snapshot::SnapshotHolder snapshots_;
  SnapshotDirectory production_{Environment::kProduction, snapshots_};
};

TEST_F(ClientDirectory, FindsADeploymentWithItsKey) {
  const auto client = find();
  ASSERT_TRUE(client);
  EXPECT_EQ(client->client_id, kBot);
  EXPECT_EQ(client->barred, "");
  EXPECT_EQ(client->agent_fp, "");
  ASSERT_EQ(client->keys.size(), 1U);
  EXPECT_EQ(client->keys[0].credential_id, "crd_1");
  EXPECT_EQ(client->keys[0].key.thumbprint(), key_of(1).thumbprint());
  EXPECT_FALSE(client->keys[0].token_endpoint_audience);
}

TEST_F(ClientDirectory, KnowsAClientByItsIdInItsEnvironmentAlone) {
  for (const auto* id : {"dep_sandbox", "dep_nobody", "invoice-bot", "production/invoice-bot", ""})
    EXPECT_EQ(find(id), std::nullopt) << id;
  const SnapshotDirectory sandbox(Environment::kSandbox, snapshots_);
  EXPECT_TRUE(sandbox.find("dep_sandbox", kNow));
  EXPECT_EQ(sandbox.find(kBot, kNow), std::nullopt);
}

TEST_F(ClientDirectory, KnowsNobodyBeforeThereIsASnapshot) {
  const snapshot::SnapshotHolder empty;
  EXPECT_EQ(SnapshotDirectory(Environment::kProduction, empty).find(kBot, kNow), std::nullopt);
}

TEST_F(ClientDirectory, BarsWhatIsNotActive) {
  for (const auto state : {State::kDraft, State::kPending, State::kApproved, State::kRetired}) {
    bot().state = state;
    put_in_force();
    EXPECT_EQ(find()->barred, "the deployment is " + std::string(to_string(state)));
  }
}

TEST_F(ClientDirectory, BarsWhatIsHeldForWhateverReason) {
  for (const auto& [kind, name] : snapshot::Names<HoldKind>::table) {
    bot().holds = {{kind, "operator", kNow, "because"}};
    put_in_force();
    EXPECT_EQ(find()->barred, "hold `" + std::string(name) + "`");
  }
  bot().holds.clear();
  put_in_force();
  EXPECT_EQ(find()->barred, "");
}

TEST_F(ClientDirectory, BarsWhatHasEnded) {
  EXPECT_EQ(find(kBot, bot().expires - kMoment)->barred, "");
  const auto over = find(kBot, bot().expires);
  EXPECT_EQ(over->barred,
            "the deployment expired on " + format_instant(bot().expires) + ", and has to be renewed");
  // Whoever holds its key is told so, and nobody else is.
  EXPECT_EQ(over->keys.size(), 1U);
}

TEST_F(ClientDirectory, BarsAKilledAgentInEveryEnvironment) {
  for (auto& deployment : world_.deployments) deployment.killed = true;
  put_in_force();
  EXPECT_EQ(find()->barred, "the agent is killed");
  const SnapshotDirectory sandbox(Environment::kSandbox, snapshots_);
  EXPECT_EQ(sandbox.find("dep_sandbox", kNow)->barred, "the agent is killed");
}

TEST_F(ClientDirectory, SaysWhetherTheCauseOfADriftIsGone) {
  EXPECT_FALSE(find()->drifted);
  bot().holds = {{HoldKind::kDrift, "remit", kNow, "because"}};
  put_in_force();
  EXPECT_TRUE(find()->drifted);
  bot().holds[0].mended = kNow;
  put_in_force();
  EXPECT_FALSE(find()->drifted);
  EXPECT_EQ(find()->barred, "hold `drift`");
}

TEST_F(ClientDirectory, GivesTheKeysThatHaveBegunWithTheExpiredOnesLast) {
  auto first = world_.credentials[0];
  first.not_before = kNow - std::chrono::hours(2);
  first.expires = kNow + std::chrono::hours(1);
  world_.credentials[0] = first;
  auto second = credential("crd_2", bot(), 3);
  second.not_before = kNow;
  world_.credentials.push_back(second);
  put_in_force();
  EXPECT_THAT(keys(first.not_before - kMoment), IsEmpty());
  EXPECT_THAT(keys(first.not_before), ElementsAre("crd_1"));
  EXPECT_THAT(keys(kNow - kMoment), ElementsAre("crd_1"));
  EXPECT_THAT(keys(kNow), ElementsAre("crd_1", "crd_2"));
  EXPECT_THAT(keys(first.expires - kMoment), ElementsAre("crd_1", "crd_2"));
  EXPECT_THAT(keys(first.expires), ElementsAre("crd_2", "crd_1"));
  const auto later = find(kBot, first.expires);
  EXPECT_EQ(later->keys[0].barred, "");
  EXPECT_EQ(later->keys[1].barred, "the key expired on " + format_instant(first.expires));

  world_.credentials[2].revoked = true;
  put_in_force();
  EXPECT_THAT(keys(), ElementsAre("crd_1"));
  world_.credentials[0].revoked = true;
  put_in_force();
  EXPECT_THAT(keys(), IsEmpty());
}

TEST_F(ClientDirectory, LeavesOutAKeyThatCannotBeReadAndKeepsTheOthers) {
  auto unusable = credential("crd_0", bot(), 3);
  unusable.key.reset();
  world_.credentials.insert(world_.credentials.begin(), unusable);
  put_in_force();
  EXPECT_THAT(keys(), ElementsAre("crd_1"));
}

}  // namespace
}  // namespace remit::server
