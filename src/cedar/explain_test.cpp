#include "cedar/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "cedar/testing/random_policies.h"

namespace cedar {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

constexpr const char* kEntities = R"([
  {"uid": {"type": "User", "id": "alice"}, "parents": [{"type": "Group", "id": "staff"}], "attrs": {"age": 21},
   "tags": {"role": "clerk"}},
  {"uid": {"type": "Doc", "id": "d"}, "attrs": {"owner": {"__entity": {"type": "User", "id": "bob"}}, "labels": ["pii", "x"]}}])";

Entities entities() { return *Entities::parse_json(kEntities); }

PartialRequest request(const char* context) {
  return {.principal = EntityUid("User", "alice"),
          .action = EntityUid("Action", "view"),
          .resource = EntityUid("Doc", "d"),
          .context = *PartialContext::parse_json(context)};
}

constexpr const char* kContext = R"({"input": {"amount": 9000, "to": "ACME"}, "secret": null})";

// Each step as "when failed: text [values] (message)".
std::vector<std::string> steps(const Explanation& explanation) {
  std::vector<std::string> lines;
  for (const Step& step : explanation.steps) {
    std::string line =
        std::string(to_string(step.part)) + " " + std::string(to_string(step.result)) + ": " + step.text;
    if (!step.values.empty()) line += " [" + step.values + "]";
    if (!step.message.empty()) line += " (" + step.message + ")";
    lines.push_back(line);
  }
  return lines;
}

std::vector<std::string> explained(const std::string& policy, const char* context = kContext) {
  const auto set = PolicySet::parse(policy);
  EXPECT_TRUE(set.has_value()) << policy;
  return steps(explain(set->policies().front(), request(context), entities()));
}

TEST(Explain, TellsWhatHeldAndWhatFailedWithItsValues) {
  EXPECT_THAT(explained(R"(permit(principal in Group::"staff", action == Action::"view", resource)
      when { principal.age > 18 && context.input.amount <= 5000 && context.input.to == "ACME" };)"),
              ElementsAre(R"(principal held: principal in Group::"staff" [User::"alice" in Group::"staff"])",
                          R"(action held: action == Action::"view" [Action::"view" == Action::"view"])",
                          "when held: principal.age > 18 [21 > 18]",
                          "when failed: context.input.amount <= 5000 [9000 <= 5000]",
                          R"(when not reached: context.input.to == "ACME")"));
}

TEST(Explain, TakesConditionsApartInTheirOrder) {
  EXPECT_THAT(explained(R"(permit(principal, action, resource)
      when { (true && context.input.amount > 1) && !(resource.owner == principal) }
      unless { context.input.to == "X" || (resource.labels.contains("pii") || context.none) };)"),
              ElementsAre("when held: true", "when held: context.input.amount > 1 [9000 > 1]",
                          R"(when held: !(resource.owner == principal) [!(User::"bob" == User::"alice")])",
                          R"(unless held: context.input.to == "X" ["ACME" == "X"])",
                          R"(unless failed: resource.labels.contains("pii") [["x", "pii"].contains("pii")])",
                          "unless not reached: context.none"));
}

TEST(Explain, TellsErrors) {
  EXPECT_THAT(explained(R"(permit(principal, action, resource) when { context.input.amont > 1 && true };)"),
              ElementsAre("when erred: context.input.amont > 1 (the record has no attribute \"amont\")",
                          "when not reached: true"));
  EXPECT_THAT(
      explained(R"(permit(principal, action, resource) when { principal.getTag("role") };)"),
      ElementsAre(
          R"(when erred: principal.getTag("role") ["clerk"] (this must be a boolean, not a string))"));
}

TEST(Explain, TellsWhatIsNotKnownAndGoesOn) {
  EXPECT_THAT(
      explained(R"(permit(principal, action, resource)
      when { context.secret == context.input.amount && context has input && context.input.to == "X" };)"),
      ElementsAre("when unknown: context.secret == context.input.amount [context.secret == 9000]",
                  "when held: context has input", R"(when failed: context.input.to == "X" ["ACME" == "X"])"));
}

TEST(Explain, LooksAtAllOfTheScopeAndNoConditionBehindOneThatFails) {
  EXPECT_THAT(
      explained(R"(permit(principal == User::"bob", action in [Action::"a", Action::"b"], resource is Doc)
      when { context.none };)"),
      ElementsAre(
          R"(principal failed: principal == User::"bob" [User::"alice" == User::"bob"])",
          R"(action failed: action in [Action::"a", Action::"b"] [Action::"view" in [Action::"a", Action::"b"]])",
          R"(resource held: resource is Doc [Doc::"d" is Doc])", "when not reached: context.none"));
}

TEST(Explain, FillsTheSlotsOfLinks) {
  PolicySetBuilder builder;
  ASSERT_TRUE(builder.add("permit(principal == ?principal, action, resource in ?resource);", "t"));
  ASSERT_TRUE(
      builder.link("t", "l", {.principal = EntityUid("User", "bob"), .resource = EntityUid("Doc", "d")}));
  const PolicySet set = std::move(builder).build();
  EXPECT_THAT(steps(explain(set.policies().front(), request(kContext), entities())),
              ElementsAre(R"(principal failed: principal == User::"bob" [User::"alice" == User::"bob"])",
                          R"(resource held: resource in Doc::"d" [Doc::"d" in Doc::"d"])"));
}

TEST(Explain, PointsIntoTheText) {
  const std::string text =
      "permit(principal, action, resource)\n  when { true &&\n    context.input.amount < 1 };";
  const auto set = PolicySet::parse(text);
  const Explanation explanation = explain(set->policies().front(), request(kContext), entities());
  const Step* step = explanation.obstacle();
  ASSERT_NE(step, nullptr);
  EXPECT_EQ(step->position.line, 3U);
  EXPECT_EQ(step->position.column, 5U);
  EXPECT_EQ(text.substr(step->span.begin, step->span.end - step->span.begin), "context.input.amount < 1");
}

TEST(Explain, ShortensLongValuesBetweenCharacters) {
  std::string context = R"({"input": {"to": ")";
  for (int i = 0; i < 400; ++i) context += "é";
  context += "\"}}";
  const auto set =
      PolicySet::parse(R"(permit(principal, action, resource) when { context.input.to == "x" };)");
  const Explanation explanation = explain(set->policies().front(), request(context.c_str()), entities());
  const std::string& values = explanation.steps.front().values;
  EXPECT_LE(values.size(), 503U);
  EXPECT_EQ(values, "\"" + context.substr(18, 2 * 249) + "…");
}

TEST(Explain, ShowsAHundredStepsAndTheOneThatFailed) {
  std::string condition = "true";
  for (int i = 0; i < 300; ++i) condition += " && context.input.amount > " + std::to_string(i);
  for (const char* last : {"false", "context.none", "context.secret"}) {
    const auto set = PolicySet::parse("permit(principal, action, resource) when { " + condition + " && " +
                                      last + " && true && context.secret };");
    const Explanation explanation = explain(set->policies().front(), request(kContext), entities());
    EXPECT_EQ(explanation.steps.size(), kMaxSteps + 1) << last;
    EXPECT_EQ(explanation.left_out, 304U - kMaxSteps - 1) << last;
    ASSERT_NE(explanation.obstacle(), nullptr) << last;
    EXPECT_EQ(explanation.obstacle()->text, last);
  }
}

TEST(NearestPermits, AreRankedByHowFarTheyCame) {
  const auto set = PolicySet::parse(R"(
      permit(principal == User::"bob", action == Action::"edit", resource);
      permit(principal == User::"bob", action, resource);
      permit(principal, action, resource) when { context.input.amount < 5 };
      permit(principal, action, resource) when { context.input.to == "ACME" && context.input.amount < 5 };
      forbid(principal, action, resource) when { context.input.to == "ACME" && context.input.amount < 5 };
      permit(principal, action, resource) when { context.secret };
      permit(principal, action, resource) when { true };
      permit(principal, action, resource) when { context.none };)");
  const auto nearest = [&](std::size_t count) {
    std::vector<std::string_view> ids;
    for (const Explanation& one : nearest_permits(request(kContext), *set, entities(), count))
      ids.push_back(one.policy->id());
    return ids;
  };
  EXPECT_THAT(nearest(10), ElementsAre("policy5", "policy3", "policy2", "policy7", "policy1", "policy0"));
  EXPECT_THAT(nearest(2), ElementsAre("policy5", "policy3"));
  EXPECT_THAT(nearest(0), IsEmpty());
}

TEST(Explain, AgreesWithAuthorize) {
  const std::uint64_t seed = random::reseed(20'261'126);
  const Entities all = *Entities::parse_json(random::kEntities);
  const Request whole{
      {"User", "alice"}, {"Action", "view"}, {"Group", "staff"}, *Context::parse_json(random::kContext)};
  const PartialRequest asked = PartialRequest::of(whole);
  std::size_t satisfied = 0;
  std::size_t failed = 0;
  for (int i = 0; i < 3'000; ++i) {
    const std::string text = random::policy();
    const auto set = PolicySet::parse(text);
    ASSERT_TRUE(set.has_value()) << text;
    const Response response = authorize(whole, *set, all);
    const Explanation explanation = explain(set->policies().front(), asked, all);
    const StepResult expected = !response.errors.empty()       ? StepResult::kErred
                                : response.determining.empty() ? StepResult::kFailed
                                                               : StepResult::kHeld;
    ASSERT_EQ(explanation.result, expected) << "seed " << seed << "\n" << text;
    if (expected == StepResult::kErred) {
      ASSERT_EQ(explanation.obstacle()->message, response.errors.front().message) << text;
    }
    satisfied += expected == StepResult::kHeld ? 1 : 0;
    failed += expected == StepResult::kFailed ? 1 : 0;
  }
  EXPECT_GT(satisfied, 100U);
  EXPECT_GT(failed, 500U);
}

}  // namespace
}  // namespace cedar
