// What the log tells of a command, and what it must not.

#include "audit/openings.h"
#include "identity/testing.h"

namespace remit::identity {
namespace {

using testing::HasSubstr;
using testing::Not;

class Events : public RegistryTest {};

TEST_F(Events, SayWhoOwnsAndWhoIsDeputy) {
  auto given = registration(Environment::kSandbox);
  given.deputy = amina_;
  const auto bot = enroll(given).value();
  EXPECT_EQ(entries().at(0).at("detail").at("owner"), boost::json::string(maria_.str()));
  EXPECT_EQ(entries().at(0).at("detail").at("deputy"), boost::json::string(amina_.str()));
  ASSERT_TRUE(assign_owner(bot.agent, amina_, jonas_));
  EXPECT_EQ(entries().at(0).at("detail"),
            (boost::json::value{{"from", maria_.str()}, {"to", amina_.str()}, {"deputy", jonas_.str()}}));
  ASSERT_TRUE(assign_owner(bot.agent, maria_));
  EXPECT_EQ(entries().at(0).at("detail"),
            (boost::json::value{{"from", amina_.str()}, {"to", maria_.str()}, {"deputy", nullptr}}));
  ASSERT_TRUE(
      add_service({.name = "backup", .owner = maria_, .deputy = jonas_, .issuing_system = "ansible"}));
  EXPECT_EQ(entries().at(0).at("detail"),
            (boost::json::value{{"owner", maria_.str()}, {"deputy", jonas_.str()}}));
}

TEST_F(Events, HaveNoNameOfAPersonAndNoReasonInThem) {
  const auto bot = active(Environment::kProduction);
  const auto draft = enroll(registration(Environment::kSandbox)).value();
  ASSERT_TRUE(refuse(draft.deployment, jonas_, "Jonas Zweig says xyzzy"));
  const auto stop = kill(bot.agent, amina_, "Amina Yücel says xyzzy").value();
  ASSERT_TRUE(lift_kill(stop, jonas_, "Jonas Zweig says xyzzy"));
  ASSERT_TRUE(place(bot.deployment, HoldKind::kDormant, operator_, "Amina Yücel says xyzzy"));
  ASSERT_TRUE(lift(bot.deployment, HoldKind::kDormant, jonas_, "Jonas Zweig says xyzzy"));
  ASSERT_TRUE(add_service({.name = "backup", .owner = maria_, .issuing_system = "ansible"}));
  ASSERT_TRUE(leave(maria_));
  ASSERT_TRUE(assign_owner(bot.agent, amina_, jonas_));
  ASSERT_TRUE(leave(amina_));
  ASSERT_TRUE(retire(bot.deployment, "Maria Quandt says xyzzy"));

  std::string log;
  for (const auto& text : log_texts()) log += text + '\n';
  for (const auto* word : {"Maria", "Quandt", "Jonas", "Zweig", "Amina", "Yücel", "xyzzy"})
    EXPECT_THAT(log, Not(HasSubstr(word)));
  EXPECT_THAT(log, HasSubstr(maria_.str())) << "ids are there";
  // What the log commits to is kept beside it, where it can be erased.
  EXPECT_THAT(contents().tables, HasSubstr("78797A7A79")) << "xyzzy in hex";
}

// What an id is called is committed to in the event that gives the name, and kept where it can be erased.
TEST_F(Events, NameEachThingOnceAndSoThatItCanBeErased) {
  const auto names_of_last = [&] {
    std::vector<std::string> ids;
    const auto entry = entries().at(0);
    if (const auto* names = entry.if_contains("names"))
      for (const auto& [id, commitment] : names->as_object()) {
        EXPECT_TRUE(commitment.as_string().starts_with("hmac-sha256:"));
        ids.emplace_back(id);
      }
    return ids;
  };
  using testing::IsEmpty;
  using testing::UnorderedElementsAre;
  const auto service = add_service({.name = "backup", .owner = maria_, .issuing_system = "ansible"}).value();
  EXPECT_THAT(names_of_last(), UnorderedElementsAre(service.str()));
  const auto first = enroll(registration(Environment::kSandbox)).value();
  EXPECT_THAT(names_of_last(), UnorderedElementsAre(first.agent.str(), first.deployment.str()));
  const auto second = enroll(registration(Environment::kPilot)).value();
  EXPECT_THAT(names_of_last(), UnorderedElementsAre(second.deployment.str())) << "the agent has its name";
  ASSERT_TRUE(retire(second.deployment));
  EXPECT_THAT(names_of_last(), IsEmpty());

  const auto name = [&](const std::string& id) {
    return run([&](store::Transaction& tx) { return audit::name_of(tx, id); }).value();
  };
  EXPECT_EQ(name(second.deployment.str()), "pilot/invoice-bot") << "retired or not";
  EXPECT_EQ(name(maria_.str()), "Maria Quandt");
}

}  // namespace
}  // namespace remit::identity
