#include "admin/testing.h"

namespace remit::admin {
namespace {

namespace json = boost::json;

TEST_F(ApiTest, HasServicesInTheInventory) {
  with_people();
  const auto added = post("/v1/services", {{"name", "billing-export"},
                                           {"owner", "ana"},
                                           {"deputy", "raj"},
                                           {"issuing_system", "terraform"},
                                           {"by", "raj"}});
  ASSERT_EQ(added.status, 201) << json::serialize(added.body);
  EXPECT_EQ(canonical_json(get("/v1/services").body.at("items")),
            canonical_json(json::array{json::object{{"id", added.body.at("id")},
                                                    {"name", "billing-export"},
                                                    {"owner", "ana"},
                                                    {"deputy", "raj"},
                                                    {"issuing_system", "terraform"},
                                                    {"state", "active"},
                                                    {"holds", json::array()}}}));

  ASSERT_EQ(post("/v1/humans/ana/leave").status, 200);
  ASSERT_EQ(post("/v1/humans/raj/leave").status, 200);
  const auto orphan = get("/v1/services").body.at("items").at(0);
  EXPECT_EQ(orphan.at("owner"), "raj");
  EXPECT_EQ(canonical_json(orphan.at("holds")), R"(["owner-missing"])");
}

TEST_F(ApiTest, RefusesAServiceThatNobodyOwns) {
  with_people();
  ASSERT_EQ(post("/v1/services", {{"name", "billing"}, {"owner", "ana"}, {"issuing_system", "remit"}}).status,
            201);
  using enum http::Method;
  const Faulty cases[] = {
      {kPost, "/v1/services", "", 400, "RMT-X012"},
      {kPost, "/v1/services", R"({"name":"a","issuing_system":"remit"})", 400, "RMT-X012"},
      {kPost, "/v1/services", R"({"name":"a","owner":"ana"})", 400, "RMT-X012"},
      {kPost, "/v1/services", R"({"name":"a","owner":"ana","issuing_system":"remit","env":"pilot"})", 400,
       "RMT-X012"},
      {kPost, "/v1/services", R"({"name":"A b","owner":"ana","issuing_system":"remit"})", 400, "RMT-I004"},
      {kPost, "/v1/services", R"({"name":"billing","owner":"ana","issuing_system":"remit"})", 409,
       "RMT-I005"},
      {kPost, "/v1/services", R"({"name":"a","owner":"nobody","issuing_system":"remit"})", 404, "RMT-I001"},
      {kPost, "/v1/services", R"({"name":"a","owner":"ana","deputy":"ana","issuing_system":"remit"})", 400,
       "RMT-I021"},
      {kPost, "/v1/services", R"({"name":"a","owner":"ana","issuing_system":"remit","by":"nobody"})", 404,
       "RMT-I001"},
      {kPut, "/v1/services", "{}", 405, "RMT-H006"},
  };
  expect_problems(cases);
}

}  // namespace
}  // namespace remit::admin
