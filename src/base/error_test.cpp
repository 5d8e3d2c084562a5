#include "base/error.h"

#include <gtest/gtest.h>

#include "base/result.h"

namespace remit {
namespace {

TEST(Error, FormatsWithTheCatalogueFixUnlessItHasItsOwn) {
  const Error plain{ErrorKind::kInvalid, "RMT-B003", "`yesterday` is not a time"};
  EXPECT_EQ(format(plain),
            "RMT-B003: `yesterday` is not a time\n  fix: Write times in UTC as 2026-11-24T05:03:41Z.");
  const Error own{ErrorKind::kInvalid, "RMT-B003", "no", "Leave it out."};
  EXPECT_EQ(format(own), "RMT-B003: no\n  fix: Leave it out.");
}

TEST(Error, UnknownCodesAreNotInTheCatalogue) {
  EXPECT_NE(find_error("RMT-B001"), nullptr);
  EXPECT_EQ(find_error("RMT-A"), nullptr);
  EXPECT_EQ(find_error("RMT-Z999"), nullptr);
}

Result<int> half(int n) {
  if (n % 2 != 0) return fail(ErrorKind::kInvalid, "RMT-B001", "odd");
  return n / 2;
}

Result<int> quarter(int n) {
  ASSIGN_OR_RETURN(const int h, half(n));
  TRY(half(h));
  return h / 2;
}

TEST(Result, ErrorsLeaveTheFunction) {
  EXPECT_EQ(quarter(8).value(), 2);
  EXPECT_EQ(quarter(7).error().message, "odd");
  EXPECT_EQ(quarter(6).error().message, "odd");
}

TEST(Error, ExitCodesAndStatusesFollowTheKind) {
  EXPECT_EQ(exit_code(ErrorKind::kNotFound), 3);
  EXPECT_EQ(exit_code(ErrorKind::kForbidden), 5);
  EXPECT_EQ(http_status(ErrorKind::kUnavailable), 503);
}

}  // namespace
}  // namespace remit
