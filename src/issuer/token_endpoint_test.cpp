#include "issuer/token_endpoint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/canonical_json.h"
#include "issuer/testing.h"

namespace remit::issuer {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using testing::kClient;
using testing::kNow;
using ::testing::Pair;

constexpr std::string_view kFormType = "application/x-www-form-urlencoded";
constexpr std::string_view kJwtBearer = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer";

std::string encode(std::string_view text) {
  constexpr std::string_view kDigits = "0123456789ABCDEF";
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || c == '.') {
      out += c;
    } else {
      out += '%';
      out += kDigits[byte >> 4];
      out += kDigits[byte & 15];
    }
  }
  return out;
}

using Parameters = std::vector<std::pair<std::string, std::string>>;

class TokenEndpointTest : public ::testing::Test {
 protected:
  std::string assertion(const boost::json::object& changes = {}) {
    auto claims = testing::good_claims(settings_);
    claims["jti"] = "j-" + std::to_string(++made_);
    for (const auto& [name, value] : changes) claims[name] = value;
    return jose::sign_jwt(key_, "client-authentication+jwt", claims);
  }
  Parameters good() {
    return {{"grant_type", "client_credentials"},
            {"client_assertion_type", std::string(kJwtBearer)},
            {"client_assertion", assertion()}};
  }
  Parameters good_and(Parameters more) {
    auto all = good();
    all.insert(all.end(), more.begin(), more.end());
    return all;
  }
  Parameters good_without(std::string_view name) {
    auto all = good();
    std::erase_if(all, [&](const auto& parameter) { return parameter.first == name; });
    return all;
  }
  TokenAnswer post(const Parameters& parameters, std::string_view authorization = {},
                   std::string_view dpop = {}, std::string_view type = kFormType,
                   std::string_view from = {}) {
    std::string body;
    for (const auto& [name, value] : parameters) body += encode(name) + "=" + encode(value) + "&";
    return endpoint_.answer({type, authorization, dpop, body, from}, kNow);
  }
  static std::string error_of(const TokenAnswer& answer) {
    const auto body = parse_json(answer.body)->as_object();
    const auto* error = body.if_contains("error");
    return std::to_string(answer.status) + " " + (error ? std::string(error->as_string()) : "issued");
  }
  Client& client() { return directory_.clients.find(kClient)->second; }

  int made_ = 0;
  SeededRandom random_{31};
  const Settings settings_ = testing::settings_of(Environment::kProduction);
  const jose::PrivateKey key_ = testing::key_from(1);
  const KeyRing ring_ = *KeyRing::of(testing::key_from(50, jose::Algorithm::kEd25519));
  testing::FakeDirectory directory_ = testing::directory_with(key_);
  MemoryReplayCache replays_;
  const TokenEndpoint endpoint_{settings_, ring_, directory_, replays_, random_};
};

TEST_F(TokenEndpointTest, AGoodRequestGetsATokenThatTheGatewayAccepts) {
  const auto answer = post(good());
  ASSERT_EQ(answer.status, 200) << answer.body;
  const auto body = parse_json(answer.body)->as_object();
  EXPECT_EQ(body.size(), 3u);
  EXPECT_EQ(body.at("token_type"), "Bearer");
  EXPECT_EQ(body.at("expires_in"), 300);
  EXPECT_THAT(answer.headers, Contains(Pair("Cache-Control", "no-store")));
  EXPECT_THAT(answer.headers, Contains(Pair("Content-Type", "application/json")));
  EXPECT_EQ(answer.client_id, kClient);
  EXPECT_EQ(answer.credential_id, "crd_1");
  EXPECT_TRUE(answer.findings.empty());
  EXPECT_FALSE(answer.error);
  TokenCache cache;
  const auto token = AccessTokenVerifier(settings_, ring_.published)
                         .verify(std::string(body.at("access_token").as_string()), kNow, cache);
  ASSERT_TRUE(token) << token.error().message;
  EXPECT_EQ((*token)->credential_id(), "crd_1");
  EXPECT_EQ((*token)->client_id(), kClient);
  EXPECT_EQ((*token)->agent_fp(), "sha256:aa");
  EXPECT_EQ((*token)->jti(), answer.jti);
}

TEST_F(TokenEndpointTest, EveryWrongRequestGetsItsOwnError) {
  const std::string audience = settings_.audience;
  struct Case {
    std::string_view name;
    Parameters form;
    std::string_view answer;
  };
  const Case cases[] = {
      {"empty", {}, "400 invalid_request"},
      {"no grant", good_without("grant_type"), "400 invalid_request"},
      {"unknown grant", {{"grant_type", "password"}}, "400 unsupported_grant_type"},
      {"code grant", {{"grant_type", "authorization_code"}, {"code", "x"}}, "400 unsupported_grant_type"},
      {"token exchange",
       {{"grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"}},
       "400 unsupported_grant_type"},
      {"grant twice", good_and({{"grant_type", "client_credentials"}}), "400 invalid_request"},
      {"assertion twice", good_and({{"client_assertion", "a.b.c"}}), "400 invalid_request"},
      {"unknown parameter twice", good_and({{"x", "1"}, {"x", "1"}}), "400 invalid_request"},
      {"unknown parameter", good_and({{"x", "1"}}), "200 issued"},
      {"no authentication",
       {{"grant_type", "client_credentials"}, {"client_id", std::string(kClient)}},
       "401 invalid_client"},
      {"a secret", {{"grant_type", "client_credentials"}, {"client_secret", "s"}}, "401 invalid_client"},
      {"a secret too", good_and({{"client_secret", "s"}}), "400 invalid_request"},
      {"no assertion", good_without("client_assertion"), "400 invalid_request"},
      {"no assertion type", good_without("client_assertion_type"), "400 invalid_request"},
      {"SAML assertion",
       {{"grant_type", "client_credentials"},
        {"client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:saml2-bearer"},
        {"client_assertion", "x"}},
       "401 invalid_client"},
      {"assertion that is no token",
       {{"grant_type", "client_credentials"},
        {"client_assertion_type", std::string(kJwtBearer)},
        {"client_assertion", "x"}},
       "401 invalid_client"},
      {"form names the client", good_and({{"client_id", std::string(kClient)}}), "200 issued"},
      {"form names another client", good_and({{"client_id", "dep_0"}}), "401 invalid_client"},
      {"our resource", good_and({{"resource", audience}}), "200 issued"},
      {"our resource with a slash", good_and({{"resource", audience + "/"}}), "200 issued"},
      {"our resource twice", good_and({{"resource", audience}, {"resource", audience}}), "200 issued"},
      {"our resource in capitals and with its port",
       good_and({{"resource", "HTTPS://Remit.Example:443/mcp/%70roduction"}}), "200 issued"},
      {"our resource at another port", good_and({{"resource", "https://remit.example:444/mcp/production"}}),
       "400 invalid_target"},
      {"our path in capitals", good_and({{"resource", "https://remit.example/MCP/production"}}),
       "400 invalid_target"},
      {"our audience with its port", good_and({{"audience", "https://remit.example:443/mcp/production/"}}),
       "200 issued"},
      {"two slashes", good_and({{"resource", audience + "//"}}), "400 invalid_target"},
      {"another resource", good_and({{"resource", "https://remit.example/mcp/sandbox"}}),
       "400 invalid_target"},
      {"ours and another", good_and({{"resource", audience}, {"resource", "https://other.example/"}}),
       "400 invalid_target"},
      {"resource below ours", good_and({{"resource", audience + "/x"}}), "400 invalid_target"},
      {"resource with a fragment", good_and({{"resource", audience + "#x"}}), "400 invalid_target"},
      {"resource not absolute", good_and({{"resource", "/mcp/production"}}), "400 invalid_target"},
      {"our audience", good_and({{"audience", audience}}), "200 issued"},
      {"another audience", good_and({{"audience", "https://other.example"}}), "400 invalid_target"},
      {"a scope", good_and({{"scope", "admin"}}), "400 invalid_scope"},
      {"an empty scope", good_and({{"scope", ""}}), "200 issued"},
      {"authorization details", good_and({{"authorization_details", "[]"}}),
       "400 invalid_authorization_details"},
  };
  for (const auto& c : cases) {
    const auto answer = post(c.form);
    EXPECT_EQ(error_of(answer), c.answer) << c.name << " " << answer.body;
    EXPECT_EQ(answer.error.has_value(), answer.status != 200) << c.name;
    EXPECT_THAT(answer.headers, Contains(Pair("Cache-Control", "no-store"))) << c.name;
    EXPECT_EQ(answer.body.find("access_token") != std::string::npos, answer.status == 200) << c.name;
  }
}

TEST_F(TokenEndpointTest, OnlyFormBodiesAreRead) {
  for (std::string_view type : {"", "application/json", "multipart/form-data; boundary=x"})
    EXPECT_EQ(error_of(post(good(), {}, {}, type)), "400 invalid_request") << type;
  EXPECT_EQ(endpoint_.answer({kFormType, {}, {}, "grant_type=%"}, kNow).status, 400);
  const std::string huge(std::size_t{100} * 1024, 'x');
  EXPECT_EQ(endpoint_.answer({kFormType, {}, {}, huge}, kNow).status, 400);
}

TEST_F(TokenEndpointTest, AnAuthorizationHeaderIsAMethodOfItsOwn) {
  EXPECT_EQ(error_of(post(good(), "Basic YTpi")), "400 invalid_request");
  const auto answer = post({{"grant_type", "client_credentials"}}, "Basic YTpi");
  EXPECT_EQ(error_of(answer), "401 invalid_client");
  EXPECT_THAT(answer.headers, Contains(Pair("WWW-Authenticate", HasSubstr("Basic realm="))));
}

TEST_F(TokenEndpointTest, AProofOfPossessionIsRefusedAndNotIgnored) {
  EXPECT_EQ(error_of(post(good(), {}, "a.b.c")), "400 invalid_request");
}

TEST_F(TokenEndpointTest, ARefusedRequestDoesNotSpendTheAssertion) {
  const auto form = good();
  EXPECT_EQ(error_of(post(form, {}, "a.b.c")), "400 invalid_request");
  EXPECT_EQ(error_of(post(form)), "200 issued");
}

TEST_F(TokenEndpointTest, AReplayIsRefusedAndReported) {
  const auto form = good();
  EXPECT_EQ(error_of(post(form)), "200 issued");
  const auto again = post(form);
  EXPECT_EQ(error_of(again), "401 invalid_client");
  EXPECT_THAT(again.findings, ElementsAre(Finding::kReplay));
  EXPECT_EQ(again.client_id, kClient);
}

TEST_F(TokenEndpointTest, AReplayFromAnotherAddressIsAnExposure) {
  const auto form = good();
  const auto post_from = [&](std::string_view address) { return post(form, {}, {}, kFormType, address); };
  EXPECT_EQ(error_of(post_from("192.0.2.1")), "200 issued");
  EXPECT_THAT(post_from("192.0.2.1").findings, ElementsAre(Finding::kReplay));
  const auto stolen = post_from("192.0.2.2");
  EXPECT_EQ(error_of(stolen), "401 invalid_client");
  EXPECT_THAT(stolen.findings, ElementsAre(Finding::kReplay, Finding::kExposure));
}

TEST_F(TokenEndpointTest, WhatALaterProcessCouldNotDateIsKeptWithItsAnswer) {
  EXPECT_FALSE(post(good()).keep);
  auto form = good_without("client_assertion");
  form.emplace_back("client_assertion", assertion({{"iat", testing::kNowSeconds + 5}}));
  const auto answer = post(form);
  EXPECT_EQ(error_of(answer), "200 issued");
  EXPECT_TRUE(answer.keep);
  const auto instead = unavailable(Error{ErrorKind::kUnknown, "RMT-S010", "unknown", {}});
  EXPECT_EQ(error_of(instead), "503 temporarily_unavailable");
  EXPECT_THAT(instead.body, ::testing::Not(HasSubstr("access_token")));
}

TEST_F(TokenEndpointTest, ABarredClientGetsNoToken) {
  client().barred = "hold `owner-missing`";
  const auto answer = post(good());
  EXPECT_EQ(error_of(answer), "400 unauthorized_client");
  EXPECT_THAT(answer.body, HasSubstr("owner-missing"));
}

TEST_F(TokenEndpointTest, DriftGetsNoTokenAndIsReported) {
  auto form = good_without("client_assertion");
  form.emplace_back("client_assertion", assertion({{"agent_fp", "sha256:bb"}}));
  const auto answer = post(form);
  EXPECT_EQ(error_of(answer), "400 unauthorized_client");
  EXPECT_THAT(answer.findings, ElementsAre(Finding::kDrift));
  EXPECT_EQ(answer.client_id, kClient);
}

TEST_F(TokenEndpointTest, AnOldAudienceIsRefusedWithTheRightOneOrLetThroughAndReported) {
  auto form = good_without("client_assertion");
  form.emplace_back("client_assertion", assertion({{"aud", settings_.token_endpoint()}}));
  const auto refused = post(form);
  EXPECT_EQ(error_of(refused), "401 invalid_client");
  EXPECT_THAT(refused.body, HasSubstr(settings_.issuer));
  client().keys[0].token_endpoint_audience = true;
  const auto passed = post(form);
  EXPECT_EQ(error_of(passed), "200 issued");
  EXPECT_THAT(passed.findings, ElementsAre(Finding::kTokenEndpointAudience));
}

TEST_F(TokenEndpointTest, AFullReplayCacheRefusesForNow) {
  MemoryReplayCache full(0, 0);
  const TokenEndpoint endpoint(settings_, ring_, directory_, full, random_);
  std::string body;
  for (const auto& [name, value] : good()) body += encode(name) + "=" + encode(value) + "&";
  const auto answer = endpoint.answer({kFormType, {}, {}, body}, kNow);
  EXPECT_EQ(error_of(answer), "503 temporarily_unavailable");
  EXPECT_THAT(answer.headers, Contains(Pair("Retry-After", "60")));
}

TEST_F(TokenEndpointTest, NothingThatAClientSendsComesBackInADescription) {
  auto form = good_without("grant_type");
  form.emplace_back("grant_type", "<script>\"\\\xff");
  const auto answer = post(form);
  EXPECT_EQ(answer.body.find('<'), std::string::npos);
  const auto body = parse_json(answer.body)->as_object();
  for (const char c : body.at("error_description").as_string())
    EXPECT_TRUE(c >= 0x20 && c <= 0x7e && c != '"' && c != '\\') << answer.body;
}

TEST_F(TokenEndpointTest, TheAuthorizationEndpointServesNoResponseType) {
  EXPECT_EQ(error_of(refuse_authorization()), "400 unsupported_response_type");
}

}  // namespace
}  // namespace remit::issuer
