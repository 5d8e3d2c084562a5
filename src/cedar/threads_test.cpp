// What threads may do at once. Also built alone, for ThreadSanitizer.

#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "cedar/authorize.h"

namespace cedar {
namespace {

std::string many_policies(std::size_t count) {
  std::string text;
  for (std::size_t i = 0; i < count; ++i) {
    const std::string n = std::to_string(i);
    text += "permit(principal in Group::\"g" + n + "\", action == Action::\"a" + std::to_string(i % 7) +
            "\", resource is Doc) when { context.size < 10 && ip(\"10.0.0.1\").isInRange(context.net) };";
  }
  return text;
}

TEST(Threads, ShareTheSamePolicies) {
  const PolicySet set = *PolicySet::parse(many_policies(50));
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
TEST(Threads, DecideWhileSetsAreSwapped) {
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
