#include "issuer/metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "issuer/testing.h"

namespace remit::issuer {
namespace {

using ::testing::UnorderedElementsAre;

std::vector<std::string> paths(const Settings& settings) {
  std::vector<std::string> out;
  for (const auto& document : documents(settings, {})) out.push_back(document.path);
  return out;
}

TEST(Metadata, ServerMetadataSaysWhatIsServed) {
  const auto body = server_metadata(testing::settings_of(Environment::kProduction));
  const boost::json::object expected = {
      {"issuer", "https://remit.example/production"},
      {"authorization_endpoint", "https://remit.example/production/authorize"},
      {"token_endpoint", "https://remit.example/production/token"},
      {"jwks_uri", "https://remit.example/production/jwks"},
      {"response_types_supported", boost::json::array{}},
      {"grant_types_supported", boost::json::array{"client_credentials"}},
      {"token_endpoint_auth_methods_supported", boost::json::array{"private_key_jwt"}},
      {"token_endpoint_auth_signing_alg_values_supported",
       boost::json::array{"ES256", "EdDSA", "Ed25519", "PS256"}},
      {"code_challenge_methods_supported", boost::json::array{"S256"}},
      {"protected_resources", boost::json::array{"https://remit.example/mcp/production"}}};
  EXPECT_EQ(boost::json::value(body), boost::json::value(expected));
}

TEST(Metadata, ResourceMetadataNamesTheIssuer) {
  const auto body = resource_metadata(testing::settings_of(Environment::kSandbox));
  EXPECT_EQ(body.at("resource"), "https://remit.example/mcp/sandbox");
  EXPECT_EQ(body.at("authorization_servers"),
            boost::json::value(boost::json::array{"https://remit.example/sandbox"}));
  EXPECT_EQ(body.at("bearer_methods_supported"), boost::json::value(boost::json::array{"header"}));
}

TEST(Metadata, APathIsInsertedAndForOpenIdAppendedToo) {
  EXPECT_THAT(paths(testing::settings_of(Environment::kPilot)),
              UnorderedElementsAre("/.well-known/oauth-authorization-server/pilot",
                                   "/.well-known/openid-configuration/pilot",
                                   "/pilot/.well-known/openid-configuration",
                                   "/.well-known/oauth-protected-resource/mcp/pilot", "/pilot/jwks"));
}

TEST(Metadata, AnIssuerWithoutAPathHasEachDocumentOnce) {
  EXPECT_THAT(
      paths({.issuer = "http://127.0.0.1:7420", .audience = "http://127.0.0.1:7420/mcp"}),
      UnorderedElementsAre("/.well-known/oauth-authorization-server", "/.well-known/openid-configuration",
                           "/.well-known/oauth-protected-resource/mcp", "/jwks"));
}

TEST(Metadata, AChallengePointsAtTheResourceMetadata) {
  EXPECT_EQ(resource_metadata_url(testing::settings_of(Environment::kProduction)),
            "https://remit.example/.well-known/oauth-protected-resource/mcp/production");
}

TEST(Metadata, TheKeySetHoldsPublicPartsOnly) {
  const auto key = testing::key_from(1);
  const auto all =
      documents(testing::settings_of(Environment::kPilot), *jose::KeySet::of({key.public_key()}));
  for (const auto& document : all) {
    if (document.path != "/pilot/jwks") continue;
    const auto& keys = document.body.at("keys").as_array();
    ASSERT_EQ(keys.size(), 1u);
    EXPECT_EQ(keys[0].at("kid"), boost::json::value(key.kid()));
    EXPECT_FALSE(keys[0].as_object().contains("d"));
    return;
  }
  FAIL() << "no key set is served";
}

TEST(Settings, UrlsThatCouldBeSpelledTwoWaysAreRefused) {
  const auto good = testing::settings_of(Environment::kSandbox);
  EXPECT_TRUE(check(good));
  for (std::string_view url :
       {"", "remit.example", "/sandbox", "ftp://remit.example/a", "https:///a", "https://remit.example/a/",
        "https://remit.example/", "https://remit.example/a?b", "https://remit.example/a#b",
        "https://user@remit.example/a", "https://remit.example/a b"}) {
    auto bad = good;
    bad.issuer = url;
    EXPECT_FALSE(check(bad)) << url;
    bad = good;
    bad.audience = url;
    EXPECT_FALSE(check(bad)) << url;
  }
  auto bad = good;
  bad.token_life = std::chrono::seconds(0);
  EXPECT_EQ(check(bad).error().code, "RMT-J020");
}

}  // namespace
}  // namespace remit::issuer
