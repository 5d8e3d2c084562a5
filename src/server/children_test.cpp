#include "server/children.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

namespace remit::server {
namespace {

using ::testing::HasSubstr;
namespace fs = std::filesystem;

class ChildrenTest : public ::testing::Test {
 protected:
  ChildrenTest() {
    std::string pattern = ::testing::TempDir() + "/remit-children-XXXXXX";
    root_ = fs::canonical(::mkdtemp(pattern.data()));
    fs::create_directory(root_ / "files");
    config_.data = root_ / "data";
  }
  ~ChildrenTest() override { fs::remove_all(root_); }

  static snapshot::Destination destination(Environment environment) {
    snapshot::Destination made;
    made.id = DestinationId::trusted("dst_1");
    made.environment = environment;
    return made;
  }

  fs::path root_;
  Config config_;
};

TEST_F(ChildrenTest, AProgramIsFoundByItsNameWhenItIsRegistered) {
  const Children children(config_);
  const auto admitted = children.admit({.command = {"env", "-0"}});
  ASSERT_TRUE(admitted) << admitted.error().message;
  EXPECT_THAT(admitted->command, ::testing::ElementsAre("/usr/bin/env", "-0"));
  EXPECT_EQ(children.admit({.command = {"no-such-program"}}).error().code, "RMT-C041");
}

TEST_F(ChildrenTest, NothingOfRemitsOwnCanBeDeclared) {
  fs::create_directory(root_ / "data");
  const Children children(config_);
  EXPECT_TRUE(children.admit({.command = {"env"}, .writes = {root_ / "files"}}));
  for (const auto& bad : {root_ / "data", root_, root_ / "nowhere"})
    EXPECT_EQ(children.admit({.command = {"env"}, .reads = {bad}}).error().code, "RMT-C040") << bad;
}

TEST_F(ChildrenTest, SingleHostsAreTakenInNormalFormWhereTheMachineCanHoldAChildToThem) {
  const auto admit = [](const Children& children, std::string host) {
    return children.admit(
        {.command = {"env"}, .network = snapshot::Network::kHosts, .hosts = {std::move(host)}});
  };
  const Children best(config_);
  EXPECT_EQ(admit(best, "127.1:5432").error().code, "RMT-C043");
  const auto admitted = admit(best, "DB.Internal.:5432");
  if (best.machine().level == sandbox::Level::kNamespaces) {
    ASSERT_TRUE(admitted) << admitted.error().message;
    EXPECT_THAT(admitted->hosts, ::testing::ElementsAre("db.internal:5432"));
  }
  config_.children.most = sandbox::Level::kLandlock;
  Children less(config_);
  EXPECT_EQ(admit(less, "db.internal:5432").error().code, "RMT-C044");
  // What was added where there was more is not started with less.
  const auto command = less.command(
      destination(Environment::kSandbox),
      {.command = {"/usr/bin/env"}, .network = snapshot::Network::kHosts, .hosts = {"db.internal:5432"}}, {});
  ASSERT_FALSE(command);
  EXPECT_EQ(command.error().code, "RMT-C044");
}

TEST_F(ChildrenTest, ProductionStartsNoChildThatIsConfinedByLessThanItAsksFor) {
  Children best(config_);
  // What a machine could give at most is asked for: where this one gives less, production refuses, and others
  // go on.
  config_.children.production = sandbox::Level::kNamespaces;
  Children strict(config_);
  const snapshot::StdioTransport stdio{.command = {"/usr/bin/env"}};
  const auto made = strict.command(destination(Environment::kProduction), stdio, {});
  EXPECT_EQ(made.has_value(), best.machine().level == sandbox::Level::kNamespaces);
  if (!made) EXPECT_EQ(made.error().code, "RMT-X040");
  EXPECT_TRUE(strict.command(destination(Environment::kSandbox), stdio, {}));
  EXPECT_THAT(strict.told().front(), HasSubstr(to_string(best.machine().level)));
}

TEST_F(ChildrenTest, SecretsGoIntoTheEnvironmentAlone) {
  Children children(config_);
  const auto command =
      children.command(destination(Environment::kSandbox),
                       {.command = {"/usr/bin/env"}, .variables = {{"MODE", "quiet"}}}, {{"TOKEN", "hush"}});
  ASSERT_TRUE(command) << command.error().message;
  EXPECT_THAT(command->environment, ::testing::Contains(::testing::Pair("TOKEN", "hush")));
  EXPECT_THAT(command->environment, ::testing::Contains(::testing::Pair("MODE", "quiet")));
  for (const auto& argument : command->argv) EXPECT_EQ(argument.find("hush"), std::string::npos);
}

}  // namespace
}  // namespace remit::server
