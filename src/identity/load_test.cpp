// Rows that this version does not understand. What is loaded is compared in the tests of each command.

#include "identity/load.h"

#include "identity/testing.h"

namespace remit::identity {
namespace {

using testing::HasSubstr;

class Load : public RegistryTest {};

TEST_F(Load, RefusesRowsThatThisVersionDoesNotUnderstand) {
  const auto bot = active(Environment::kProduction);
  ASSERT_TRUE(place(bot.deployment, HoldKind::kDrift, operator_));
  ASSERT_TRUE(add_service({.name = "backup", .owner = maria_, .issuing_system = "ansible"}));
  for (const auto& [table, column] :
       std::vector<std::pair<std::string, std::string>>{{"deployment", "state"},
                                                        {"deployment", "environment"},
                                                        {"service", "state"},
                                                        {"identity_hold", "kind"},
                                                        {"credential", "kind"}}) {
    SCOPED_TRACE(table + "." + column);
    const auto refused = store_->run([&](store::Transaction& tx) -> Result<void> {
      TRY(tx.execute(fmt::format("UPDATE {} SET {} = 'from-the-future'", table, column)));
      snapshot::SnapshotData data;
      return load(tx, data);
    });
    ASSERT_NO_FATAL_FAILURE(expect_code(refused, "RMT-I030"));
    EXPECT_THAT(refused.error().message, HasSubstr("from-the-future"));
  }
  EXPECT_NE(snapshot()->deployment(bot.deployment.str()), nullptr);
}

}  // namespace
}  // namespace remit::identity
