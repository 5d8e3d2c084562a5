#include "decision/prospect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <functional>
#include <iostream>
#include <random>

#include "base/canonical_json.h"
#include "decision/testing.h"

namespace remit::decision {
namespace {

using snapshot::Snapshot;
using snapshot::SnapshotData;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

// What one agent could do with its one tool under these policies.
struct Outcome {
  Outlook outlook;
  std::string code;
  std::vector<std::string> policies;
  std::string approval_path;
  std::vector<std::string> open;
};
Outcome prospect_under(std::string_view text, const std::function<void(SnapshotData&)>& change = {}) {
  auto data = world();
  data.policies.at(0).set = policies(text);
  if (change) change(data);
  const Snapshot snapshot(std::move(data));
  const auto all = prospects(*snapshot.deployment("dep_bot"), kNow, snapshot);
  EXPECT_EQ(all.size(), 1U);
  Outcome outcome{all[0].outlook, std::string(all[0].code), all[0].policies, all[0].approval_path, {}};
  for (const auto& open : all[0].open)
    outcome.open.push_back((open.effect == cedar::Effect::kForbid ? "forbid " : "permit ") + open.name +
                           ": " + open.condition +
                           (open.approval_path.empty() ? "" : " @" + open.approval_path));
  const auto tools = callable_tools(Environment::kProduction, "dep_bot", "crd_key", kNow, snapshot);
  EXPECT_EQ(tools.empty(), outcome.outlook == Outlook::kNever) << text;
  return outcome;
}

constexpr std::string_view kSmall =
    R"(@id("small") permit (principal, action, resource) when { context.input.amount <= 5000 };)";
constexpr std::string_view kBig =
    R"(@id("big") @approval("payments") permit (principal, action, resource) when { context.input.amount > 5000 };)";
constexpr std::string_view kLimit =
    R"(@id("limit") forbid (principal, action, resource) when { context.input has amount && context.input.amount > 9000 };)";

TEST(Prospects, OfToolsThatPoliciesAlwaysPermit) {
  const auto found = prospect_under(std::string(kPermitAll) + std::string(kSmall));
  EXPECT_EQ(found.outlook, Outlook::kAlways);
  EXPECT_THAT(found.policies, ElementsAre("policy0"));
  EXPECT_THAT(found.open, IsEmpty());
}

TEST(Prospects, OfToolsThatDependOnTheirArguments) {
  const auto found = prospect_under(kSmall);
  EXPECT_EQ(found.outlook, Outlook::kDepends);
  EXPECT_THAT(found.open, ElementsAre("permit small: context.input.amount <= 5000"));
  const auto limited = prospect_under(std::string(kPermitAll) + std::string(kLimit));
  EXPECT_EQ(limited.outlook, Outlook::kDepends);
  EXPECT_THAT(limited.policies, ElementsAre("policy0"));
  EXPECT_THAT(limited.open,
              ElementsAre("forbid limit: context.input has amount && context.input.amount > 9000"));
}

TEST(Prospects, OfWhatDependsOnTheTimeOrWasLeftOut) {
  EXPECT_EQ(prospect_under(
                R"(permit (principal, action, resource) when { context.time < datetime("2026-01-01") };)")
                .outlook,
            Outlook::kDepends);
  EXPECT_EQ(
      prospect_under(R"(permit (principal, action, resource) unless { context.omitted.contains("x") };)")
          .outlook,
      Outlook::kDepends);
}

TEST(Prospects, OfToolsThatNeedAnApproval) {
  const auto alone = prospect_under(kBig);
  EXPECT_EQ(alone.outlook, Outlook::kApproval);
  EXPECT_EQ(alone.approval_path, "payments");
  EXPECT_THAT(alone.open, ElementsAre("permit big: context.input.amount > 5000 @payments"));
  const auto beside = prospect_under(std::string(kPermitAll) + std::string(kBig));
  EXPECT_EQ(beside.outlook, Outlook::kDepends);
  EXPECT_THAT(beside.open, ElementsAre("permit big: context.input.amount > 5000 @payments"));
  const auto always =
      prospect_under(std::string(kPermitAll) + R"(@approval("p") permit (principal, action, resource);)");
  EXPECT_EQ(always.outlook, Outlook::kApproval);
  EXPECT_EQ(always.approval_path, "p");
}

TEST(Prospects, OfToolsThatAreAlwaysRefused) {
  struct Case {
    std::string text;
    std::string_view code;
    std::vector<std::string> policies;
  };
  const std::string permit(kPermitAll);
  for (
      const auto& [text, code, names] : std::initializer_list<Case>{
          {"", "RMT-D041", {}},
          {R"(permit (principal, action == Remit::Action::"erp/read", resource);)", "RMT-D041", {}},
          {R"(permit (principal, action, resource) when { context.tool.effect == "read" && context.input.a };)",
           "RMT-D041",
           {}},
          {R"(permit (principal, action, resource) when { context.input.a && context.none };)",
           "RMT-D041",
           {}},
          {permit +
               R"(@id("no") forbid (principal, action, resource) when { context.tool.effect == "pay" };)",
           "RMT-D042",
           {"no"}},
          {permit + R"(@id("no") forbid (principal, action, resource) when { context.none };)",
           "RMT-D043",
           {"no"}},
          {permit +
               R"(@id("no") forbid (principal, action, resource) when { context.input.a < context.none };)",
           "RMT-D043",
           {"no"}}}) {
    const auto found = prospect_under(text);
    EXPECT_EQ(found.outlook, Outlook::kNever) << text;
    EXPECT_EQ(found.code, code) << text;
    EXPECT_EQ(found.policies, names) << text;
  }
}

TEST(Prospects, SayWhyAnAgentMayNotActAtAll) {
  using State = snapshot::State;
  const auto code = [](const std::function<void(SnapshotData&)>& change) {
    return prospect_under(kPermitAll, change).code;
  };
  EXPECT_EQ(code([](auto& d) { d.deployments[0].state = State::kPending; }), "RMT-D002");
  EXPECT_EQ(code([](auto& d) { d.deployments[0].killed = true; }), "RMT-D003");
  EXPECT_EQ(code([](auto& d) { d.credentials[0].revoked = true; }), "RMT-D012");
  EXPECT_EQ(code([](auto& d) { d.credentials.clear(); }), "RMT-D011");
  EXPECT_EQ(code([](auto& d) { d.grants[0].expires = kNow; }), "RMT-D020");
  EXPECT_EQ(code([](auto& d) { d.tools[0].effect = std::nullopt; }), "RMT-D030");
  EXPECT_EQ(code([](auto& d) { d.tools[0].quarantined = true; }), "RMT-D031");
  EXPECT_EQ(code([](auto& d) { d.policies.clear(); }), "RMT-D040");
}

TEST(Prospects, UseACredentialThatIsGoodNow) {
  EXPECT_EQ(prospect_under(kPermitAll,
                           [](auto& d) {
                             auto old = d.credentials[0];
                             old.id = CredentialId::trusted("crd_old");
                             old.revoked = true;
                             d.credentials.insert(d.credentials.begin(), old);
                           })
                .outlook,
            Outlook::kAlways);
}

// "always → never", of the world's one agent and tool; empty: no change.
std::string effect_under(std::string_view before, std::string_view after,
                         const std::function<void(SnapshotData&)>& change = {}) {
  auto data = world();
  data.policies.at(0).set = policies(before);
  if (change) change(data);
  const Snapshot snapshot(std::move(data));
  const auto effect = effect_of(policies(after), Environment::kProduction, kNow, snapshot, 10);
  EXPECT_EQ(effect.compared, snapshot.deployment("dep_bot")->state == snapshot::State::kRetired ? 0U : 1U);
  EXPECT_EQ(effect.changed, effect.changes.size());
  if (effect.changes.empty()) return {};
  EXPECT_EQ(effect.changes[0].deployment->name, "invoice-bot");
  return std::string(to_string(effect.changes[0].before.outlook)) + " → " +
         std::string(to_string(effect.changes[0].after.outlook));
}

TEST(PolicyEffects, AreChangesOfWhatCanEverBeAllowed) {
  constexpr std::string_view kForbidEverything = "forbid (principal, action, resource);";
  constexpr std::string_view kUnderTen =
      "permit (principal, action, resource) when { context.input has amount && context.input.amount < 10 };";
  constexpr std::string_view kUnderNine =
      "permit (principal, action, resource) when { context.input has amount && context.input.amount < 9 };";
  constexpr std::string_view kAskedOfOne = R"(@approval("cfo") permit (principal, action, resource);)";
  constexpr std::string_view kAskedOfAnother = R"(@approval("ceo") permit (principal, action, resource);)";
  EXPECT_EQ(effect_under(kPermitAll, kForbidEverything), "always → never");
  EXPECT_EQ(effect_under(kForbidEverything, kUnderTen), "never → depends");
  EXPECT_EQ(effect_under(kUnderTen, kUnderNine), "depends → depends") << "the conditions differ";
  EXPECT_EQ(effect_under(kPermitAll, kAskedOfOne), "always → approval");
  EXPECT_EQ(effect_under(kAskedOfOne, kAskedOfAnother), "approval → approval");
}

TEST(PolicyEffects, AreNotChangesOfNamesOrReasons) {
  EXPECT_EQ(effect_under(kPermitAll, R"(@id("all") permit (principal, action, resource);)"), "");
  EXPECT_EQ(effect_under("", "forbid (principal, action, resource);"), "");
}

TEST(PolicyEffects, AreNotThoseOfAgentsThatCannotActAtAll) {
  EXPECT_EQ(effect_under(kPermitAll, "", [](auto& d) { d.deployments[0].killed = true; }), "");
  EXPECT_EQ(effect_under(kPermitAll, "", [](auto& d) { d.deployments[0].state = snapshot::State::kRetired; }),
            "");
}

TEST(PolicyEffects, AreCountedBeyondThoseThatAreTold) {
  auto data = world();
  const Snapshot snapshot(std::move(data));
  const auto effect = effect_of(policies(""), Environment::kProduction, kNow, snapshot, 0);
  EXPECT_TRUE(effect.changes.empty());
  EXPECT_EQ(effect.changed, 1U);
}

// Whatever the arguments: what is never is denied, what is always is allowed, and what needs an approval is
// never allowed without one.
TEST(Prospects, AgreeWithEveryDecision) {
  std::mt19937_64 random(20'261'125);
  const auto pick = [&](const std::vector<std::string>& from) { return from[random() % from.size()]; };
  const std::vector<std::string> conditions{"context.input.amount > 1",
                                            "context.input has amount",
                                            "context.input.a == true",
                                            "context.omitted.contains(\"x\")",
                                            "context.tool.effect == \"pay\"",
                                            "context.none",
                                            "context.input.amount == 1",
                                            "resource.labels.contains(\"pii\")",
                                            "principal.process == \"accounts-payable\"",
                                            "context.time > datetime(\"2026-01-01\")",
                                            "false",
                                            "true"};
  const std::vector<std::string> arguments{"{}",
                                           R"({"amount":1})",
                                           R"({"amount":2,"a":true})",
                                           R"({"amount":"1"})",
                                           R"({"x":0.123456,"a":true})",
                                           R"({"a":1})"};
  std::array<int, 4> seen{};
  for (int i = 0; i < 2'000; ++i) {
    std::string text;
    for (int k = 0; k < 3; ++k) {
      const bool forbid = random() % 3 == 0;
      text += !forbid && random() % 4 == 0 ? "@approval(\"p\") " : "";
      text += forbid ? "forbid" : "permit";
      text += " (principal, action, resource) when { " + pick(conditions) + pick({" && ", " || "}) +
              pick(conditions) + " };\n";
    }
    auto data = world();
    data.policies.at(0).set = policies(text);
    const Snapshot snapshot(std::move(data));
    const auto found = prospects(*snapshot.deployment("dep_bot"), kNow, snapshot).at(0).outlook;
    ++seen[static_cast<std::size_t>(found)];
    for (const auto& argument : arguments) {
      const auto parsed = parse_json(argument).value();
      auto attempt = call();
      attempt.arguments = &parsed.get_object();
      const auto decision = decide(attempt, &snapshot);
      if (decision.code == "RMT-D045") continue;  // not what the tool declares
      const auto verdict = decision.verdict;
      if (found == Outlook::kNever) ASSERT_EQ(verdict, Verdict::kDeny) << text << argument;
      if (found == Outlook::kAlways) ASSERT_EQ(verdict, Verdict::kAllow) << text << argument;
      if (found == Outlook::kApproval) ASSERT_NE(verdict, Verdict::kAllow) << text << argument;
    }
  }
  for (const int count : seen) EXPECT_GT(count, 50);
}

}  // namespace
}  // namespace remit::decision
