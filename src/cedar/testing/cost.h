// Whether work on a text of a megabyte grows out of hand: judged by a multiple of what a harmless megabyte
// costs on the same machine in the same minute. That is no measure of speed: what is quadratic in a megabyte
// costs thousands of times as much, and the bound leaves room for a machine that is shared. bench/ shows how
// fast things are.

#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <string>

#include "cedar/cedar.h"
#include "cedar/testing/attack.h"

namespace cedar {

class CostBound {
 public:
  CostBound() {
    const std::string schema = filled("entity E% { a: Long, b?: Set<String>, c: { d: Bool } };\n");
    const std::string policies = filled("permit(principal, action, resource) when { context.a == % };\n");
    harmless_ = least_of(3, 0, [&] {
      EXPECT_TRUE(Schema::parse(schema).has_value());
      EXPECT_TRUE(PolicySet::parse(policies).has_value());
    });
  }

  template <typename Work>
  void check(const char* name, const Work& work) const {
    const double most = kMost * harmless_;
    const double took = least_of(3, most, work);
    EXPECT_LE(took, most) << name << ": " << took << " s, a harmless megabyte: " << harmless_ << " s";
    if (std::getenv("CEDAR_SHOW") != nullptr) std::printf("%-40s %.4f of %.4f\n", name, took, harmless_);
  }

 private:
  // What sanitizers and missing optimisation cost differs from one kind of work to another.
#if defined(__OPTIMIZE__) && \
    !(defined(__has_feature) && (__has_feature(address_sanitizer) || __has_feature(thread_sanitizer)))
  static constexpr double kMost = 25;
#else
  static constexpr double kMost = 100;
#endif

  // Processor time of this thread, so that others' work counts as little as it can; no more attempts than it
  // needs to be within `enough`.
  template <typename Work>
  static double least_of(int attempts, double enough, const Work& work) {
    double least = 1e9;
    for (int i = 0; i < attempts && least > enough; ++i) {
      const double start = seconds();
      work();
      least = std::min(least, seconds() - start);
    }
    return least;
  }
  static double seconds() {
    timespec now{};
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return static_cast<double>(now.tv_sec) + static_cast<double>(now.tv_nsec) * 1e-9;
  }

  double harmless_ = 0;
};

}  // namespace cedar
