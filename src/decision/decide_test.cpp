#include "decision/decide.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <functional>

#include "base/canonical_json.h"
#include "decision/testing.h"

namespace remit::decision {
namespace {

using snapshot::HoldKind;
using snapshot::Snapshot;
using snapshot::SnapshotData;
using snapshot::State;
using testing::ElementsAre;
using testing::HasSubstr;

Decision decide_in(SnapshotData data, const Call& attempt) {
  const Snapshot snapshot(std::move(data));
  return decide(attempt, &snapshot);
}

Decision under(std::string_view text, std::string_view arguments = "{}") {
  auto data = world();
  data.policies.at(0).set = policies(text);
  const auto parsed = parse_json(arguments).value();
  auto attempt = call();
  attempt.arguments = &parsed.get_object();
  auto decision = decide_in(std::move(data), attempt);
  decision.policy_set = nullptr;  // it pointed into the snapshot, which is gone
  return decision;
}

TEST(Decide, AllowsWhatNothingSpeaksAgainst) {
  const auto decision = decide_in(world(), call());
  EXPECT_EQ(decision.verdict, Verdict::kAllow);
  EXPECT_EQ(decision.code, "RMT-D000");
  EXPECT_THAT(decision.policies, ElementsAre("policy0"));
  EXPECT_EQ(decision.revision, 7);
}

struct Case {
  std::string_view what;
  std::string_view code;
  std::function<void(SnapshotData&, Call&)> spoil;
};

const std::vector<Case>& cases() {
  static const std::vector<Case> all = {
      {"unknown deployment", "RMT-D001", [](auto&, auto& c) { c.deployment = "dep_x"; }},
      {"draft", "RMT-D002", [](auto& d, auto&) { d.deployments[0].state = State::kDraft; }},
      {"pending", "RMT-D002", [](auto& d, auto&) { d.deployments[0].state = State::kPending; }},
      {"approved only", "RMT-D002", [](auto& d, auto&) { d.deployments[0].state = State::kApproved; }},
      {"retired", "RMT-D002", [](auto& d, auto&) { d.deployments[0].state = State::kRetired; }},
      {"killed", "RMT-D003", [](auto& d, auto&) { d.deployments[0].killed = true; }},
      {"suspended", "RMT-D003",
       [](auto& d, auto&) { d.deployments[0].holds.push_back({HoldKind::kSuspended, "hum_x", kNow, "x"}); }},
      {"owner missing", "RMT-D003",
       [](auto& d, auto&) {
         d.deployments[0].holds.push_back({HoldKind::kOwnerMissing, "hum_x", kNow, "x"});
       }},
      {"past its end", "RMT-D004", [](auto& d, auto&) { d.deployments[0].expires = kNow; }},
      {"another environment", "RMT-D010", [](auto&, auto& c) { c.environment = Environment::kSandbox; }},
      {"unknown credential", "RMT-D011", [](auto&, auto& c) { c.credential = "crd_x"; }},
      {"another's credential", "RMT-D011",
       [](auto& d, auto&) { d.credentials[0].deployment = DeploymentId::trusted("dep_x"); }},
      {"revoked credential", "RMT-D012", [](auto& d, auto&) { d.credentials[0].revoked = true; }},
      {"credential ended", "RMT-D013", [](auto& d, auto&) { d.credentials[0].expires = kNow; }},
      {"credential to come", "RMT-D013", [](auto& d, auto&) { d.credentials[0].not_before = kLater; }},
      {"unknown tool", "RMT-D020", [](auto&, auto& c) { c.tool = "erp/nothing"; }},
      {"no grant", "RMT-D020", [](auto& d, auto&) { d.grants.clear(); }},
      {"grant ended", "RMT-D020", [](auto& d, auto&) { d.grants[0].expires = kNow; }},
      {"tool of another environment", "RMT-D020",
       [](auto& d, auto&) { d.tools[0].environment = Environment::kSandbox; }},
      {"destination of another environment", "RMT-D020",
       [](auto& d, auto&) { d.destinations[0].environment = Environment::kSandbox; }},
      {"no effect set", "RMT-D030", [](auto& d, auto&) { d.tools[0].effect = std::nullopt; }},
      {"quarantined", "RMT-D031", [](auto& d, auto&) { d.tools[0].quarantined = true; }},
      {"not offered", "RMT-D032", [](auto&, auto& c) { c.offered = std::nullopt; }},
      {"offered as nobody can use it", "RMT-D032",
       [](auto& d, auto& c) {
         d.destinations[0].set_aside = {{"create_payment", "/inputSchema: has no `type`"}};
         c.offered = std::nullopt;
       }},
      {"offered otherwise", "RMT-D033", [](auto&, auto& c) { c.offered = sha256("other"); }},
      {"no policies", "RMT-D040", [](auto& d, auto&) { d.policies.clear(); }},
      {"policies of another environment only", "RMT-D040",
       [](auto& d, auto&) { d.policies[0].environment = Environment::kPilot; }},
      {"no permit", "RMT-D041", [](auto& d, auto&) { d.policies[0].set = cedar::PolicySet(); }},
  };
  return all;
}

TEST(Decide, DeniesWithTheReasonThatApplies) {
  for (const auto& [what, code, spoil] : cases()) {
    auto data = world();
    auto attempt = call();
    spoil(data, attempt);
    const auto decision = decide_in(std::move(data), attempt);
    EXPECT_EQ(decision.verdict, Verdict::kDeny) << what;
    EXPECT_EQ(decision.code, code) << what;
    EXPECT_NE(find_error(decision.code), nullptr) << what;
    EXPECT_FALSE(decision.message.empty()) << what;
  }
}

// A number that Cedar cannot hold, in a call of erp/create_payment: `amount` is an integer, `price` a number.
TEST(Decide, PassesNumbersBeyondCedarWhereNoPolicyAsksForThem) {
  const std::string permit(kPermitAll);
  for (const std::string_view arguments :
       {R"({"price":1e300})", R"({"price":-1764259200000000000})", R"({"amount":18446744073709551615})",
        R"({"amount":1e30,"a":true})"}) {
    EXPECT_EQ(under(permit, arguments).code, "RMT-D000") << arguments;
    // Of others, and of its being there, they may ask.
    EXPECT_EQ(
        under(permit + "forbid (principal, action, resource) when { context.input has tags };", arguments)
            .code,
        "RMT-D000");
    EXPECT_EQ(under(permit + R"(forbid (principal, action, resource) unless {
                                  context.input has price || context.input has amount };)",
                    arguments)
                  .code,
              "RMT-D000");
    EXPECT_EQ(under(permit + "forbid (principal, action, resource) unless { context.omitted.isEmpty() };",
                    arguments)
                  .code,
              "RMT-D042");
  }
}

// A caller must not get past a limit by a number that is too large for it.
TEST(Decide, RefusesNumbersBeyondCedarWhereAPolicyAsksForThem) {
  const std::string permit(kPermitAll);
  for (
      const auto* limit :
      {R"(@id("limit") forbid (principal, action, resource) when {
             context.input has price && context.input.price.greaterThan(decimal("5000.0")) };)",
       R"(@id("limit") forbid (principal, action, resource) when { context.input.price.greaterThan(decimal("5000.0")) };)",
       R"(@id("limit") forbid (principal, action, resource) unless { context.input.price.lessThan(decimal("5000.0")) };)",
       R"(@id("limit") @approval("cfo") permit (principal, action, resource) when {
             context.input has price && context.input.price.greaterThan(decimal("5000.0")) };)"}) {
    const auto decision = under(permit + limit, R"({"price":1e300})");
    EXPECT_EQ(decision.verdict, Verdict::kDeny) << limit;
    EXPECT_EQ(decision.code, "RMT-D091") << limit;
    EXPECT_THAT(decision.policies, ElementsAre("limit"));
    EXPECT_THAT(decision.message, HasSubstr("`/price`"));
    EXPECT_NE(find_error(decision.code), nullptr);
    EXPECT_EQ(under(permit + limit, R"({"price":4999.0})").code, "RMT-D000") << limit;
    EXPECT_EQ(under(permit + limit, R"({"amount":1e30,"price":1})").code, "RMT-D000") << limit;
  }
  // As it did: a permit that asks permits nothing.
  EXPECT_EQ(under(R"(@id("small") permit (principal, action, resource) when { context.input.amount < 100 };)",
                  R"({"amount":1e30})")
                .code,
            "RMT-D091");
}

TEST(Decide, NamesTheEarlierOfTwoReasons) {
  const auto& all = cases();
  for (std::size_t i = 0; i < all.size(); ++i)
    for (std::size_t j = i + 1; j < all.size(); ++j) {
      auto data = world();
      auto attempt = call();
      all[j].spoil(data, attempt);
      if (!data.policies.empty() && !data.grants.empty() && !data.deployments.empty())
        all[i].spoil(data, attempt);
      const auto decision = decide_in(std::move(data), attempt);
      EXPECT_EQ(decision.verdict, Verdict::kDeny) << all[i].what << " and " << all[j].what;
      EXPECT_LE(decision.code, all[j].code) << all[i].what << " and " << all[j].what;
    }
}

TEST(Decide, DeniesWithoutASnapshot) { EXPECT_EQ(decide(call(), nullptr).code, "RMT-D040"); }

TEST(Decide, AnswersAForbiddenToolAndOneThatIsNotThereAlike) {
  auto data = world();
  data.grants.clear();
  const auto forbidden = decide_in(std::move(data), call());
  auto unknown_tool = call();
  unknown_tool.tool = "erp/create_nothing";
  const auto unknown = decide_in(world(), unknown_tool);
  EXPECT_EQ(forbidden.code, unknown.code);
  auto text = unknown.message;
  const auto at = text.find("create_nothing");
  ASSERT_NE(at, std::string::npos);
  EXPECT_EQ(text.replace(at, 14, "create_payment"), forbidden.message);
}

TEST(Decide, ForbidsByArgument) {
  constexpr std::string_view text = R"(permit (principal, action, resource);
      @id("limit") forbid (principal, action == Remit::Action::"erp/create_payment", resource)
      when { context.input.amount > 5000 };)";
  EXPECT_EQ(under(text, R"({"amount":4200})").verdict, Verdict::kAllow);
  const auto refused = under(text, R"({"amount":5001})");
  EXPECT_EQ(refused.code, "RMT-D042");
  EXPECT_THAT(refused.policies, ElementsAre("limit"));
  EXPECT_THAT(refused.message, HasSubstr("`limit`"));
}

TEST(Decide, RefusesWhereAForbidCannotBeEvaluated) {
  constexpr std::string_view text = R"(permit (principal, action, resource);
      @id("limit") forbid (principal, action, resource) when { context.input.amount > 5000 };)";
  for (const std::string_view arguments : {"{}", R"({"amount":null})", R"({"amont":9999})"}) {
    const auto refused = under(text, arguments);
    EXPECT_EQ(refused.verdict, Verdict::kDeny) << arguments;
    EXPECT_EQ(refused.code, "RMT-D043") << arguments;
    EXPECT_THAT(refused.policies, ElementsAre("limit")) << arguments;
    EXPECT_EQ(refused.errors.size(), 1U) << arguments;
  }
}

TEST(Decide, RefusesArgumentsThatAreNotWhatTheToolDeclares) {
  for (const std::string_view arguments :
       {R"({"amount":"9999"})", R"({"amount":9999.5})", R"({"price":"1"})", R"({"tags":[1]})"}) {
    const auto refused = under(kPermitAll, arguments);
    EXPECT_EQ(refused.verdict, Verdict::kDeny) << arguments;
    EXPECT_EQ(refused.code, "RMT-D045") << arguments;
  }
}

TEST(Decide, SkipsAPermitThatCannotBeEvaluated) {
  const auto refused = under("permit (principal, action, resource) when { context.input.amount > 1 };");
  EXPECT_EQ(refused.code, "RMT-D041");
  EXPECT_EQ(refused.errors.size(), 1U);
}

TEST(Decide, HoldsForAnApprovalAlsoBesideAPlainPermit) {
  constexpr std::string_view approval =
      R"(@id("big") @approval("payments") permit (principal, action, resource) when { context.input.amount > 1000 };)";
  const auto alone = under(approval, R"({"amount":2000})");
  EXPECT_EQ(alone.verdict, Verdict::kHold);
  EXPECT_EQ(alone.code, "RMT-D050");
  EXPECT_EQ(alone.approval_path, "payments");
  const std::string both = std::string(approval) + std::string(kPermitAll);
  EXPECT_EQ(under(both, R"({"amount":2000})").verdict, Verdict::kHold);
  EXPECT_EQ(under(both, R"({"amount":1000})").verdict, Verdict::kAllow);
  EXPECT_EQ(under(both + "forbid (principal, action, resource);", R"({"amount":2000})").verdict,
            Verdict::kDeny);
}

TEST(Decide, ShowsPoliciesToolSessionAndTime) {
  for (const std::string_view condition :
       {R"(context.tool.effect == "pay")", R"(context.tool.name == "erp/create_payment")",
        R"(context.session.credential_kind == "key")", R"(context.time < datetime("2026-11-24T05:00:01Z"))",
        R"(context.time >= datetime("2026-11-24T05:00:00Z"))", R"(context.omitted.contains("rate"))",
        R"(context.input.tags.contains("x"))", R"(context.input.price == decimal("0.25"))"})
    EXPECT_EQ(under("permit (principal, action, resource) when { " + std::string(condition) + " };",
                    R"({"rate":0.123456,"tags":["x"],"price":0.25})")
                  .verdict,
              Verdict::kAllow)
        << condition;
}

TEST(Decide, DeniesArgumentsThatWouldNameEntities) {
  EXPECT_EQ(under(kPermitAll, R"({"who":{"__entity":{"type":"Remit::Human","id":"x"}}})").code, "RMT-D044");
}

TEST(CallableTools, AreTheGrantedOnesThatCouldBeCalled) {
  const auto count = [](const std::function<void(SnapshotData&)>& change) {
    auto data = world();
    change(data);
    const Snapshot snapshot(std::move(data));
    return callable_tools(Environment::kProduction, "dep_bot", "crd_key", kNow, snapshot).size();
  };
  EXPECT_EQ(count([](auto&) {}), 1U);
  EXPECT_EQ(count([](auto& d) { d.grants.clear(); }), 0U);
  EXPECT_EQ(count([](auto& d) { d.tools[0].quarantined = true; }), 0U);
  EXPECT_EQ(count([](auto& d) { d.tools[0].effect = std::nullopt; }), 0U);
  EXPECT_EQ(count([](auto& d) { d.deployments[0].state = State::kPending; }), 0U);
  EXPECT_EQ(count([](auto& d) { d.credentials[0].revoked = true; }), 0U);
}

// Any world, under policies that permit everything: an allow means that nothing stood against it.
RC_GTEST_PROP(Decide, NeverAllowsAgainstAStateAHoldAMissingGrantOrAPin, ()) {
  auto data = world();
  auto attempt = call();
  auto& bot = data.deployments.at(0);
  // Mostly as it should be, so that allows are met too.
  const auto rarely = [](const char* what) { return *rc::gen::inRange(0, 6).as(what) == 0; };
  bot.state = rarely("other state") ? *rc::gen::elementOf(std::vector{State::kDraft, State::kPending,
                                                                      State::kApproved, State::kRetired})
                                    : State::kActive;
  for (const auto& [kind, name] : snapshot::Names<HoldKind>::table)
    if (*rc::gen::inRange(0, 30) == 0) bot.holds.push_back({kind, "hum_x", kNow, "x"});
  const bool granted = !rarely("no grant");
  if (!granted) data.grants.clear();
  const bool pinned = !rarely("pin differs");
  if (!pinned) attempt.offered = sha256("other");
  data.tools.at(0).quarantined = rarely("quarantined");
  data.credentials.at(0).revoked = rarely("revoked");
  if (rarely("environment")) attempt.environment = Environment::kSandbox;

  const bool fit = bot.state == State::kActive && bot.holds.empty() && granted && pinned &&
                   !data.tools.at(0).quarantined && !data.credentials.at(0).revoked &&
                   attempt.environment == Environment::kProduction;
  const auto decision = decide_in(data, attempt);
  RC_CLASSIFY(fit);
  RC_ASSERT((decision.verdict == Verdict::kAllow) == fit);
}

}  // namespace
}  // namespace remit::decision
