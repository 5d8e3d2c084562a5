// Templates and links. Language reference: "Policy templates".

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <utility>
#include <vector>

#include "cedar/authorize.h"

namespace cedar {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

const EntityUid kAlice{"User", "alice"};
const EntityUid kStaff{"Group", "staff"};
const EntityUid kDoc{"Doc", "d"};
const EntityUid kFolder{"Folder", "f"};

Entities entities() {
  EntitiesBuilder builder;
  const EntityUid groups[] = {kStaff};
  const EntityUid folders[] = {kFolder};
  EXPECT_TRUE(builder.add(kAlice, groups, {{"level", 3}}).has_value());
  EXPECT_TRUE(builder.add(kDoc, folders).has_value());
  return *std::move(builder).build();
}

std::vector<std::string_view> determining(const PolicySet& set) {
  std::vector<std::string_view> ids;
  const Response response = authorize({kAlice, {"Action", "view"}, kDoc}, set, entities());
  for (const Policy* policy : response.determining) ids.push_back(policy->id());
  return ids;
}

TEST(Templates, AreNotEvaluatedThemselves) {
  const auto set = PolicySet::parse(
      "permit(principal == ?principal, action, resource);"
      "permit(principal, action, resource);"
      "@id(\"t\") permit(principal, action, resource in ?resource);");
  ASSERT_TRUE(set.has_value());
  EXPECT_THAT(determining(*set), ElementsAre("policy1"));
  ASSERT_EQ(set->templates().size(), 2U);
  EXPECT_EQ(set->templates()[1].id(), "policy2");
  EXPECT_EQ(set->templates()[1].annotation("id"), "t");
  EXPECT_EQ(set->find_template("policy2"), &set->templates()[1]);
  EXPECT_EQ(set->find("policy2"), nullptr);
  EXPECT_EQ(set->find_template("policy1"), nullptr);
}

TEST(Templates, ALinkIsItsTemplateWithTheSlotsFilled) {
  struct Case {
    std::string scope;
    SlotValues values;
    bool matches;
  };
  const Case cases[] = {
      {"principal == ?principal, action, resource", {.principal = kAlice}, true},
      {"principal == ?principal, action, resource", {.principal = kStaff}, false},
      {"principal in ?principal, action, resource", {.principal = kStaff}, true},
      {"principal is User in ?principal, action, resource", {.principal = kStaff}, true},
      {"principal is Robot in ?principal, action, resource", {.principal = kStaff}, false},
      {"principal, action, resource == ?resource", {.resource = kDoc}, true},
      {"principal, action, resource in ?resource", {.resource = kFolder}, true},
      {"principal, action, resource is Doc in ?resource", {.resource = kFolder}, true},
      {"principal, action, resource is Folder in ?resource", {.resource = kFolder}, false},
      {"principal in ?principal, action, resource in ?resource", {kStaff, kFolder}, true},
      {"principal in ?principal, action, resource in ?resource", {kStaff, kStaff}, false},
  };
  for (const Case& one : cases) {
    PolicySetBuilder builder;
    ASSERT_TRUE(builder.add("permit(" + one.scope + ") when { principal.level > 2 };", "t").has_value());
    ASSERT_TRUE(builder.link("t", "l", one.values).has_value()) << one.scope;
    const PolicySet set = std::move(builder).build();
    EXPECT_EQ(determining(set).size(), one.matches ? 1U : 0U) << one.scope;
    const Policy* link = set.find("l");
    ASSERT_NE(link, nullptr);
    EXPECT_EQ(link->template_id(), "t");
    EXPECT_EQ(link->slot_values().principal, one.values.principal);
    EXPECT_EQ(link->slot_values().resource, one.values.resource);
  }
}

TEST(Policies, AreNamedByTheirIdThatPeopleGave) {
  PolicySetBuilder builder;
  ASSERT_TRUE(builder.add(R"(
    @id("mine") permit (principal, action, resource);
    @id("") permit (principal, action, resource);
    permit (principal, action, resource);
    @id("template") permit (principal == ?principal, action, resource);)"));
  ASSERT_TRUE(builder.link("policy3", "ana-may", {.principal = EntityUid("User", "ana")}));
  const PolicySet set = std::move(builder).build();
  std::vector<std::string_view> names;
  for (const Policy& policy : set.policies()) names.push_back(policy.name());
  EXPECT_THAT(names, testing::ElementsAre("mine", "policy1", "policy2", "ana-may"));
  EXPECT_EQ(set.templates()[0].name(), "template");
}

TEST(Templates, EachOfManyLinksDecidesAsThePolicyThatItStandsFor) {
  const std::string_view conditions[] = {
      "",
      "when { context.n > 1 }",
      "when { action == Action::\"view\" && context.n > 1 } unless { context.n == 3 }",
      "when { principal in User::\"g\" && resource == Doc::\"d1\" }",
      "when { false }",
      "when { context.n + 1 > 2 && false }",
      "when { context.none } unless { false }"};
  for (const std::string_view condition : conditions) {
    PolicySetBuilder linked;
    PolicySetBuilder written;
    ASSERT_TRUE(linked.add("permit (principal == ?principal, action, resource in ?resource) " +
                           std::string(condition) + ";"));
    for (int i = 0; i < 5; ++i) {
      const std::string number = std::to_string(i);
      ASSERT_TRUE(linked.link(
          "policy0", "link" + number,
          {.principal = EntityUid("User", "u" + number), .resource = EntityUid("Doc", "d" + number)}));
      ASSERT_TRUE(written.add("permit (principal == User::\"u" + number + "\", action, resource in Doc::\"d" +
                                  number + "\") " + std::string(condition) + ";",
                              "link" + number));
    }
    const PolicySet links = std::move(linked).build();
    const PolicySet policies = std::move(written).build();
    for (int user = 0; user < 5; ++user) {
      for (int doc = 0; doc < 5; ++doc) {
        for (const std::string_view n : {"1", "2", "3", "9223372036854775807"}) {
          const Request request{.principal = {"User", "u" + std::to_string(user)},
                                .action = {"Action", doc % 2 == 0 ? "view" : "edit"},
                                .resource = {"Doc", "d" + std::to_string(doc)},
                                .context = Context::parse_json("{\"n\": " + std::string(n) + "}").value()};
          const Response a = authorize(request, links, Entities());
          const Response b = authorize(request, policies, Entities());
          ASSERT_EQ(a.decision, b.decision) << condition;
          ASSERT_EQ(a.determining.size(), b.determining.size()) << condition;
          ASSERT_EQ(a.errors.size(), b.errors.size()) << condition;
        }
      }
    }
  }
}

TEST(Templates, LinksAreReadAsThoseOfASetInJson) {
  PolicySetBuilder builder;
  ASSERT_TRUE(builder.add("permit (principal == ?principal, action, resource);"));
  const auto error = [&](std::string_view json) {
    const auto linked = builder.link_json(json);
    return linked ? std::string() : linked.error().pointer + " " + linked.error().message;
  };
  EXPECT_EQ(
      error(R"([{"templateId": "policy0", "newId": "a", "values": {"?principal": {"type": "U", "id": "a"}}},
                      {"templateId": "policy0", "newId": "b",
                       "values": {"?principal": {"__entity": {"type": "U", "id": "b"}}}}])"),
      "");
  EXPECT_THAT(error("{}"), testing::HasSubstr("an array of links"));
  EXPECT_THAT(error(R"([{"templateId": "policy0", "newId": "c", "values": {}, "more": 1}])"),
              testing::HasSubstr("/0/more"));
  EXPECT_THAT(error(R"([{"templateId": "policy0", "newId": "c", "values": {"?action": {}}}])"),
              testing::StartsWith("/0/values"));
  EXPECT_THAT(error(R"([{"templateId": "none", "newId": "c", "values": {}}])"), testing::StartsWith("/0 "));
  EXPECT_EQ(std::move(builder).build().policies().size(), 2U);
}

TEST(Templates, AWrongLinkIsRefusedAndChangesNothing) {
  PolicySetBuilder builder;
  ASSERT_TRUE(builder
                  .add("permit(principal == ?principal, action, resource);"
                       "permit(principal, action, resource);"
                       "permit(principal == ?principal, action, resource in ?resource);")
                  .has_value());
  struct Case {
    const char* template_id;
    const char* new_id;
    SlotValues values;
    const char* message;
    const char* help;
  };
  const Case cases[] = {
      {"none", "l", {}, "there is no template `none`", ""},
      {"policy1", "l", {}, "there is no template `policy1`", "no slots"},
      {"policy0", "policy1", {.principal = kAlice}, "the id `policy1` is taken", ""},
      {"policy0", "policy0", {.principal = kAlice}, "the id `policy0` is taken", ""},
      {"policy0", "l", {}, "do not fit", "values for ?principal, and no others"},
      {"policy0", "l", {kAlice, kDoc}, "do not fit", "values for ?principal, and"},
      {"policy2", "l", {.principal = kAlice}, "do not fit", "?principal and ?resource"},
  };
  for (const Case& one : cases) {
    const auto linked = builder.link(one.template_id, one.new_id, one.values);
    ASSERT_FALSE(linked.has_value()) << one.message;
    EXPECT_THAT(linked.error().message, HasSubstr(one.message));
    EXPECT_THAT(linked.error().help, HasSubstr(one.help));
  }
  EXPECT_TRUE(builder.link("policy0", "l", {.principal = kAlice}).has_value());
  EXPECT_FALSE(builder.link("policy0", "l", {.principal = kAlice}).has_value());
  EXPECT_THAT(determining(std::move(builder).build()), ElementsAre("policy1", "l"));
}

TEST(Templates, ASetGoesOnFromAnotherWhichStaysAsItIs) {
  PolicySetBuilder first;
  ASSERT_TRUE(first.add("permit(principal == ?principal, action, resource);", "t").has_value());
  const PolicySet base = std::move(first).build();
  PolicySetBuilder second(base);
  ASSERT_TRUE(second.link("t", "l", {.principal = kAlice}).has_value());
  ASSERT_TRUE(second.add("forbid(principal, action, resource) when { principal.none };", "f").has_value());
  const PolicySet more = std::move(second).build();
  EXPECT_THAT(determining(base), IsEmpty());
  EXPECT_THAT(determining(more), ElementsAre("l"));
  EXPECT_EQ(more.find("l")->source(), base.find_template("t")->source());
}

TEST(Templates, AnIdNamesOnePolicyAndATextWithAnIdHoldsOne) {
  PolicySetBuilder builder;
  const std::string permit = "permit(principal, action, resource);";
  ASSERT_TRUE(builder.add(permit + permit).has_value());
  struct Case {
    std::string text;
    const char* id;
    const char* message;
  };
  for (const Case& one :
       {Case{permit, "policy1", "the id `policy1` is taken"},
        Case{permit + permit, "x", "expected here, not 2"}, Case{"", "x", "expected here, not 0"}}) {
    const auto added = builder.add(one.text, one.id);
    ASSERT_FALSE(added.has_value());
    EXPECT_THAT(added.error().front().message, HasSubstr(one.message));
  }
  const auto again = builder.add(permit);
  ASSERT_FALSE(again.has_value());
  EXPECT_THAT(again.error().front().message, HasSubstr("the id `policy0` is taken"));
  EXPECT_EQ(std::move(builder).build().policies().size(), 2U);
}

TEST(Templates, AnErrorInALinkPointsIntoItsTemplatesText) {
  PolicySetBuilder builder;
  ASSERT_TRUE(builder.add("permit(principal, action, resource);").has_value());
  ASSERT_TRUE(builder.add("permit(principal == ?principal, action, resource)\nwhen { principal.none };", "t")
                  .has_value());
  ASSERT_TRUE(builder.link("t", "l", {.principal = kAlice}).has_value());
  const PolicySet set = std::move(builder).build();
  const Response response = authorize({kAlice, {"Action", "view"}, kDoc}, set, entities());
  ASSERT_EQ(response.errors.size(), 1U);
  EXPECT_EQ(response.errors[0].policy->id(), "l");
  EXPECT_EQ(response.errors[0].position.line, 2U);
  EXPECT_EQ(response.errors[0].position.column, 8U);
}

}  // namespace
}  // namespace cedar
