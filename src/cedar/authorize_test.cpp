#include "cedar/authorize.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <cstdlib>
#include <memory>
#include <mutex>
#include <new>
#include <string>
#include <thread>
#include <vector>

// ThreadSanitizer has operators of its own, which cannot be replaced.
#if defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define CEDAR_TEST_NO_COUNT 1
#endif
#endif

namespace {
[[maybe_unused]] thread_local std::size_t allocations = 0;
}  // namespace

#ifndef CEDAR_TEST_NO_COUNT
// Counts what the heap gives to this thread.
void* operator new(std::size_t size) {
  ++allocations;
  if (void* memory = std::malloc(size == 0 ? 1 : size)) return memory;
  throw std::bad_alloc();
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
#endif

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
#ifdef CEDAR_TEST_NO_COUNT
  GTEST_SKIP() << "allocations cannot be counted here";
#endif
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

TEST(Authorize, ManyThreadsShareTheSamePolicies) {
  const PolicySet set = policies(many_policies(50));
  const auto context =
      Context::parse_json(R"({"size": 3, "net": {"__extn": {"fn": "ip", "arg": "10.0.0.0/8"}}})");
  ASSERT_TRUE(context.has_value());
  EntitiesBuilder builder;
  const EntityUid parents[] = {{"Group", "g7"}};
  ASSERT_TRUE(builder.add({"User", "alice"}, parents).has_value());
  const auto entities = std::move(builder).build();
  std::atomic<int> allowed = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&, mine = set] {
      const Request request{{"User", "alice"}, {"Action", "a0"}, {"Doc", "d"}, *context};
      for (int k = 0; k < 200; ++k)
        allowed += authorize(request, mine, *entities).decision == Decision::kAllow ? 1 : 0;
    });
  }
  threads.clear();
  EXPECT_EQ(allowed, 1600);
}

// What a thread decides is what the set and the entities say that it took, whatever is put in their place
// meanwhile, and both live as long as someone holds them.
TEST(Authorize, EightThreadsDecideWhileSetsAreSwapped) {
  struct World {
    PolicySet set;
    Entities entities;
    std::string_view expected;
  };
  const auto world = [](int number) {
    const std::string id = "only" + std::to_string(number % 2);
    PolicySetBuilder policies;
    EXPECT_TRUE(policies.add(many_policies(20 + static_cast<std::size_t>(number % 7) * 10)).has_value());
    EXPECT_TRUE(policies
                    .add("permit(principal in ?principal, action, resource) when { principal.level > 2 && "
                         "context.size < 10 };",
                         "template")
                    .has_value());
    EXPECT_TRUE(policies.link("template", id, {.principal = {{"Team", "red"}}}).has_value());
    EntitiesBuilder entities;
    const EntityUid parents[] = {{"Team", "red"}, {"Team", std::to_string(number)}};
    EXPECT_TRUE(entities.add({"User", "alice"}, parents, {{"level", 3}}).has_value());
    return std::make_shared<const World>(World{std::move(policies).build(), *std::move(entities).build(),
                                               number % 2 == 0 ? "only0" : "only1"});
  };
  std::mutex mutex;
  std::shared_ptr<const World> current = world(0);
  const auto take = [&] {
    const std::scoped_lock lock(mutex);
    return current;
  };
  const Context context =
      *Context::parse_json(R"({"size": 3, "net": {"__extn": {"fn": "ip", "arg": "10.0.0.0/8"}}})");
  std::atomic<bool> stop = false;
  std::atomic<int> decided = 0;
  std::atomic<int> wrong = 0;
  std::vector<std::jthread> threads;
  for (int i = 0; i < 8; ++i) {
    threads.emplace_back([&] {
      const Request request{{"User", "alice"}, {"Action", "a0"}, {"Doc", "d"}, context};
      Response response;
      while (!stop) {
        const auto mine = take();
        authorize(request, mine->set, mine->entities, response);
        const bool right = response.decision == Decision::kAllow && response.determining.size() == 1 &&
                           response.determining.front()->id() == mine->expected && response.errors.empty();
        if (!right) ++wrong;
        ++decided;
      }
    });
  }
  int swaps = 0;
  for (; swaps < 200 || (decided < 2000 && swaps < 100'000); ++swaps) {
    auto next = world(swaps);
    const std::scoped_lock lock(mutex);
    current = std::move(next);
  }
  stop = true;
  threads.clear();
  EXPECT_EQ(wrong, 0);
  EXPECT_GE(decided, 2000);
}

}  // namespace
}  // namespace cedar
