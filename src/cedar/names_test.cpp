#include "cedar/names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace cedar {
namespace {

using testing::ElementsAre;

// "User::"a" narrows", "context.tool.effect = delete widens".
std::vector<std::string> named_by(std::string_view text) {
  const auto set = PolicySet::parse(text);
  EXPECT_TRUE(set) << text;
  std::vector<std::string> all;
  if (!set) return all;
  for (const auto& name : names_in(set->policies().front())) {
    std::string one = name.entity    ? to_string(*name.entity)
                      : name.pattern ? name.attribute + " like " + to_text(*name.pattern)
                                     : name.attribute + " = " + std::string(name.text);
    one += name.sense == Sense::kNarrows ? " narrows" : name.sense == Sense::kWidens ? " widens" : " either";
    all.push_back(std::move(one));
  }
  return all;
}

std::vector<std::string> named_when(const std::string& condition) {
  return named_by("permit (principal, action, resource) when { " + condition + " };");
}

TEST(Names, AreThoseOfTheScope) {
  EXPECT_THAT(named_by(R"(permit (principal == User::"a", action in [Action::"v", Action::"w"],
                                  resource is Doc in Folder::"f");)"),
              ElementsAre(R"(User::"a" narrows)", R"(Action::"v" narrows)", R"(Action::"w" narrows)",
                          R"(Folder::"f" narrows)"));
}

TEST(Names, OfEntitiesAreFoundWhereverTheyStand) {
  EXPECT_THAT(named_when(R"(principal in [User::"a", User::"b"])"),
              ElementsAre(R"(User::"a" narrows)", R"(User::"b" narrows)"));
  EXPECT_THAT(named_when(R"([User::"a"].contains(principal))"), ElementsAre(R"(User::"a" narrows)"));
  EXPECT_THAT(named_when(R"(principal is User in User::"g")"), ElementsAre(R"(User::"g" narrows)"));
  EXPECT_THAT(named_when(R"(User::"a".age > 1)"), ElementsAre(R"(User::"a" either)"));
}

TEST(Names, OfTextsAreThoseThatAnAttributeIsHeldAgainst) {
  EXPECT_THAT(named_when(R"(context.tool.effect == "delete" || "x" == principal.owner.name)"),
              ElementsAre("context.tool.effect = delete narrows", "principal.owner.name = x narrows"));
  EXPECT_THAT(named_when(R"(resource.labels.contains("pii"))"), ElementsAre("resource.labels = pii narrows"));
  EXPECT_THAT(
      named_when(R"(resource.labels.containsAny(["a", "b"]) && ["c"].contains(resource.name))"),
      ElementsAre("resource.labels = a narrows", "resource.labels = b narrows", "resource.name = c narrows"));
  EXPECT_THAT(named_when(R"("a" == "b" && context.n == 1 && {x: "y"}.x == "z")"), ElementsAre());
}

TEST(Names, OfPatternsAreThoseThatAnAttributeIsHeldAgainst) {
  EXPECT_THAT(named_when(R"(context.tool.name like "crm/*\*\"" && !(resource.name like "x"))"),
              ElementsAre(R"(context.tool.name like crm/*\*\" narrows)", "resource.name like x widens"));
  EXPECT_THAT(named_when(R"({x: "y"}.x like "z")"), ElementsAre());
}

TEST(Names, SayWhetherATestWithoutThemWidens) {
  const std::string test = R"(principal == User::"a")";
  const std::string name = R"(User::"a" )";
  EXPECT_THAT(named_by("forbid (principal, action, resource) unless { " + test + " };"),
              ElementsAre(name + "widens"));
  EXPECT_THAT(named_when("!(" + test + ")"), ElementsAre(name + "widens"));
  EXPECT_THAT(named_when("!!(" + test + ")"), ElementsAre(name + "narrows"));
  EXPECT_THAT(named_when(R"(principal != User::"a")"), ElementsAre(name + "widens"));
  EXPECT_THAT(named_when("true && (false || !(" + test + "))"), ElementsAre(name + "widens"));
  EXPECT_THAT(named_when("if " + test + " then true else false"), ElementsAre(name + "either"));
  EXPECT_THAT(named_when("if true then " + test + " else false"), ElementsAre(name + "narrows"));
  EXPECT_THAT(named_when("(" + test + ") == false"), ElementsAre(name + "either"));
}

TEST(Names, HaveTheirPlace) {
  const auto set =
      PolicySet::parse("permit (principal, action, resource)\nwhen { context.a == \"b\" };").value();
  const auto names = names_in(set.policies().front());
  ASSERT_EQ(names.size(), 1U);
  EXPECT_EQ(names[0].start.line, 2U);
  EXPECT_EQ(names[0].start.column, 21U);
  EXPECT_EQ(names[0].end.column, 24U);
}

}  // namespace
}  // namespace cedar
