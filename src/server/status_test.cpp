// What GET /v1/status says of a plane: only what it really offers.

#include <gtest/gtest.h>

#include <boost/json/serialize.hpp>

#include "base/canonical_json.h"
#include "server/testing.h"
#include "store/temp_folder.h"

namespace remit::server {
namespace {

namespace json = boost::json;

json::object status_of(Plane& plane) {
  const auto response = asked(plane, http::Method::kGet, "/v1/status");
  EXPECT_EQ(response.status, 200) << response.body;
  return parse_json(response.body).value().as_object();
}

TEST(Status, NamesTheEndpointsOfAPlaneThatListens) {
  const store::TempFolder folder;
  Config config;
  config.data = folder.path();
  config.listen = {"127.0.0.1:0"};
  config.threads = 1;
  auto opened = Plane::open(std::move(config));
  ASSERT_TRUE(opened) << opened.error().message;
  auto& plane = **opened;

  // As a command line has it that opens the plane itself.
  const auto alone = status_of(plane);
  EXPECT_TRUE(alone.at("public_url").is_null());
  EXPECT_TRUE(alone.at("endpoints").as_array().empty());
  EXPECT_EQ(std::string_view(alone.at("audit").at("key").as_string()), plane.log_key().text());
  EXPECT_FALSE(alone.at("version").as_string().empty());
  const auto& limits = alone.at("limits").as_array();
  ASSERT_EQ(limits.size(), std::size(kLimits));
  EXPECT_EQ(limits.front().at("name"), "connections");

  const auto listening = plane.listen();
  ASSERT_TRUE(listening) << listening.error().message;
  const auto url = "http://" + listening->front();
  const auto served = status_of(plane);
  EXPECT_EQ(std::string_view(served.at("public_url").as_string()), url);
  const auto& endpoints = served.at("endpoints").as_array();
  ASSERT_EQ(endpoints.size(), kEnvironments.size());
  const auto production = canonical_json(json::object{{"environment", "production"},
                                                      {"mcp", url + "/mcp/production"},
                                                      {"issuer", url + "/issuer/production"},
                                                      {"token_endpoint", url + "/issuer/production/token"}});
  EXPECT_EQ(canonical_json(endpoints.back()), production);
  EXPECT_TRUE(plane.stop());
}

}  // namespace
}  // namespace remit::server
