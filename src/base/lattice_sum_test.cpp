#include "base/lattice_sum.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <algorithm>

namespace remit {
namespace {

LatticeSum sum_of(const std::vector<std::string>& elements) {
  LatticeSum sum;
  for (const auto& element : elements) sum.add(as_bytes(element));
  return sum;
}

RC_GTEST_PROP(LatticeSum, IsOfTheSetAndNotOfItsOrderOrHistory,
              (std::vector<std::string> elements, const std::vector<std::string>& passing)) {
  const auto sum = sum_of(elements);
  std::ranges::reverse(elements);
  auto other = sum_of(passing);
  other += sum_of(elements);
  for (const auto& element : passing) other.remove(as_bytes(element));
  RC_ASSERT(other == sum);
  RC_ASSERT(LatticeSum::of_bytes(sum.bytes()).value() == sum);
}

TEST(LatticeSum, TellsSetsApart) {
  const std::vector<std::vector<std::string>> sets = {{}, {""}, {"a"}, {"b"}, {"a", "b"}, {"ab"}, {"a", "a"}};
  for (std::size_t i = 0; i < sets.size(); ++i)
    for (std::size_t j = 0; j < sets.size(); ++j)
      EXPECT_EQ(sum_of(sets[i]).digest() == sum_of(sets[j]).digest(), i == j) << i << " " << j;
}

TEST(LatticeSum, IsWhatItWasYesterday) {
  EXPECT_EQ(LatticeSum().digest(), sha256(Bytes(2048)));
  EXPECT_NE(sum_of({"a"}).bytes(), Bytes(2048));
  EXPECT_FALSE(LatticeSum::of_bytes(Bytes(2047)));
}

}  // namespace
}  // namespace remit
