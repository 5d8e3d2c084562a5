#include "base/nearest.h"

#include <gtest/gtest.h>

#include <array>

namespace remit {
namespace {

constexpr std::array<std::string_view, 4> kKnown = {"agent", "audit", "destination", "listen"};

TEST(Nearest, FindsTheWordThatWasMeant) {
  for (const auto& [word, expected] : {std::pair{"agnet", "agent"}, std::pair{"destinaton", "destination"},
                                       std::pair{"listn", "listen"}, std::pair{"audti", "audit"}}) {
    EXPECT_EQ(nearest(word, kKnown), expected) << word;
  }
}

TEST(Nearest, FindsNothingWhereNothingIsNear) {
  for (const std::string_view word : {"", "x", "policy", "completely-different"})
    EXPECT_EQ(nearest(word, kKnown), std::nullopt) << word;
  EXPECT_EQ(nearest(std::string(100'000, 'a'), kKnown), std::nullopt);
}

TEST(Nearest, NamesAllThatAreKnownWhereNothingIsNear) {
  EXPECT_EQ(did_you_mean("agnet", kKnown), "did you mean `agent`?");
  EXPECT_EQ(did_you_mean("zzz", kKnown), "known: `agent`, `audit`, `destination`, `listen`");
}

}  // namespace
}  // namespace remit
