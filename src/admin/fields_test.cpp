#include "admin/fields.h"

#include <gtest/gtest.h>

#include "admin/route.h"

namespace remit::admin {
namespace {

TEST(Fields, RefuseAMemberThatNobodyAskedFor) {
  const Fields fields(boost::json::object{{"name", "x"}, {"onwer", "ana"}});
  EXPECT_EQ(fields.text("name"), "x");
  EXPECT_FALSE(fields.text("owner"));
  const auto known = fields.all_known();
  ASSERT_FALSE(known);
  EXPECT_EQ(known.error().code, "RMT-X012");
  EXPECT_EQ(known.error().fix, "did you mean `owner`?");
}

TEST(Fields, NameTheMemberThatIsWrong) {
  const Fields fields(
      boost::json::object{{"empty", ""}, {"number", 7}, {"effect", "raed"}, {"when", "today"}});
  EXPECT_EQ(fields.text("empty").error().message, "`empty` must be a text that is not empty");
  EXPECT_EQ(fields.text("number").error().message, "`number` must be a text that is not empty");
  EXPECT_EQ(fields.text("absent").error().message, "`absent` is missing");
  EXPECT_EQ(fields.name<snapshot::Effect>("effect").error().fix, "did you mean `read`?");
  EXPECT_EQ(fields.instant("when").error().code, "RMT-X012");
  EXPECT_EQ(fields.environment("effect").error().code, "RMT-X012");
  EXPECT_EQ(fields.optional_count("number"), 7U);
}

TEST(Fields, OfAQueryAreDecodedOnce) {
  const auto fields = Fields::of_query("after=12&name=a%252Fb");
  ASSERT_TRUE(fields);
  EXPECT_EQ(fields->optional_count("after"), 12U);
  EXPECT_EQ(fields->text("name"), "a%2Fb");
  for (const auto query : {"a=%", "a=%2", "a=%zz", "a=1&a=2"}) EXPECT_FALSE(Fields::of_query(query)) << query;
}

TEST(Routes, SplitThePathBeforeTheyDecodeIt) {
  const auto parts = match("/v1/tools/{environment}/{tool}", "/v1/tools/sandbox/erp%2Fread_invoice");
  ASSERT_TRUE(parts);
  EXPECT_EQ(parts->at("tool"), "erp/read_invoice");
  for (const auto path :
       {"/v1/tools/sandbox", "/v1/tools/sandbox/a/b", "/v1/tools//x", "/v1/tools/s/%", "", "v1"})
    EXPECT_FALSE(match("/v1/tools/{environment}/{tool}", path)) << path;
}

}  // namespace
}  // namespace remit::admin
