#include "cedar/authorize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <new>
#include <string>
#include <vector>

namespace {
thread_local std::size_t allocations = 0;
}  // namespace

// Counts what the heap gives to this thread.
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace cedar {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

const Request kRequest{{"User", "alice"}, {"Action", "view"}, {"Doc", "d"}};

PolicySet policies(const std::string& text) {
  auto parsed = PolicySet::parse(text);
  EXPECT_TRUE(parsed.has_value()) << (parsed ? "" : parsed.error().front().message);
  return parsed ? *parsed : PolicySet();
}

std::vector<std::string_view> determining(const Response& response) {
  std::vector<std::string_view> ids;
  for (const Policy* policy : response.determining) ids.push_back(policy->id());
  return ids;
}

std::vector<std::string_view> erring(const Response& response) {
  std::vector<std::string_view> ids;
  for (const PolicyError& error : response.errors) ids.push_back(error.policy->id());
  return ids;
}

TEST(Authorize, NothingIsPermittedByDefault) {
  for (const char* text : {"", "permit(principal == User::\"bob\", action, resource);",
                           "permit(principal, action, resource) when { false };"}) {
    const PolicySet set = policies(text);
    const Response response = authorize(kRequest, set, {});
    EXPECT_EQ(response.decision, Decision::kDeny);
    EXPECT_THAT(response.determining, IsEmpty());
  }
}

TEST(Authorize, AForbidWinsAndAloneDetermines) {
  const PolicySet set = policies(
      "permit(principal, action, resource);"
      "forbid(principal, action, resource) unless { principal == User::\"bob\" };"
      "forbid(principal, action, resource) when { false };");
  const Response response = authorize(kRequest, set, {});
  EXPECT_EQ(response.decision, Decision::kDeny);
  EXPECT_THAT(determining(response), ElementsAre("policy1"));
}

TEST(Authorize, EverySatisfiedPermitDetermines) {
  const PolicySet set = policies(
      "permit(principal, action, resource);"
      "permit(principal, action == Action::\"edit\", resource);"
      "permit(principal, action in [Action::\"view\", Action::\"view\"], resource == Doc::\"d\");");
  const Response response = authorize(kRequest, set, {});
  EXPECT_EQ(response.decision, Decision::kAllow);
  EXPECT_THAT(determining(response), ElementsAre("policy0", "policy2"));
}

TEST(Authorize, APolicyThatErrsIsSkippedAndReported) {
  const PolicySet set = policies(
      "forbid(principal, action, resource) when { principal.none };"
      "permit(principal, action, resource);"
      "permit(principal, action, resource) when { 1 };"
      "forbid(principal, action, resource) when { false } when { 1 };");
  const Response response = authorize(kRequest, set, {});
  EXPECT_EQ(response.decision, Decision::kAllow);
  EXPECT_THAT(determining(response), ElementsAre("policy1"));
  EXPECT_THAT(erring(response), ElementsAre("policy0", "policy2"));
}

TEST(Authorize, AnActionIsInItsGroups) {
  const auto entities = Entities::parse_json(
      R"([{"uid": {"type": "Action", "id": "view"}, "attrs": {}, "parents": [{"type": "Action", "id": "read"}]}])");
  ASSERT_TRUE(entities.has_value());
  const PolicySet set = policies(
      "permit(principal, action in Action::\"read\", resource);"
      "permit(principal, action == Action::\"read\", resource);"
      "permit(principal, action in [Action::\"read\", Action::\"view\"], resource);");
  EXPECT_THAT(determining(authorize(kRequest, set, *entities)), ElementsAre("policy0", "policy2"));
}

std::string many_policies(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    text += "permit(principal in Group::\"g" + n + "\", action == Action::\"a" + std::to_string(i % 7) +
            "\", resource is Doc) when { context.size < 10 && ip(\"10.0.0.1\").isInRange(context.net) };";
  }
  return text;
}

TEST(Authorize, ADecisionNeedsNoAllocation) {
  const PolicySet set =
      policies(many_policies(500) + "forbid(principal, action, resource) unless { context.tls };");
  EntitiesBuilder builder;
  const EntityUid parents[] = {{"Group", "g7"}, {"Group", "g14"}, {"Group", "g8"}};
  ASSERT_TRUE(builder.add({"User", "alice"}, parents).has_value());
  const auto entities = std::move(builder).build();
  const auto context = Context::parse_json(
      R"({"size": 3, "tls": true, "net": {"__extn": {"fn": "ip", "arg": "10.0.0.0/8"}}})");
  ASSERT_TRUE(entities.has_value() && context.has_value());
  const Request request{{"User", "alice"}, {"Action", "a0"}, {"Doc", "d"}, *context};

  Response response;
  authorize(request, set, *entities, response);
  ASSERT_THAT(determining(response), ElementsAre("policy7", "policy14"));
  const std::size_t before = allocations;
  for (int i = 0; i < 10; ++i) authorize(request, set, *entities, response);
  EXPECT_EQ(allocations, before);
  EXPECT_EQ(response.decision, Decision::kAllow);
}

}  // namespace
}  // namespace cedar
