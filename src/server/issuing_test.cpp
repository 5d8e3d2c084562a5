// Tokens of a real plane: what a replay does, and what a restart remembers.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <boost/json/serialize.hpp>

#include "base/canonical_json.h"
#include "issuer/key_file.h"
#include "jose/jwt.h"
#include "server/testing.h"
#include "store/temp_folder.h"

namespace remit::server {
namespace {

namespace json = boost::json;
using testing::HasSubstr;

constexpr std::string_view kPublicUrl = "https://remit.example";
constexpr std::string_view kIssuer = "https://remit.example/issuer/sandbox";
constexpr std::string_view kTokenPath = "/issuer/sandbox/token";

class Issuing : public testing::Test {
 protected:
  Issuing() {
    start();
    for (const auto name : {"ana", "raj"}) post("/v1/humans", {{"name", name}});
    const auto made =
        post("/v1/agents", {{"name", "bot"},
                            {"owner", "ana"},
                            {"purpose", "tests"},
                            {"process", "tests"},
                            {"issuing_system", "remit"},
                            {"environment", "sandbox"},
                            {"expires", format_instant(SystemClock().now() + std::chrono::days(30))},
                            {"public_jwk", key_.public_key().jwk()}});
    client_ = std::string(made.at("deployment").as_string());
    post("/v1/deployments/sandbox/bot/approve", {{"by", "raj"}});
  }

  void start() {
    Config config;
    config.data = folder_.path();
    config.listen = {"127.0.0.1:0"};
    config.public_url = kPublicUrl;
    config.threads = 1;
    plane_ = Plane::open(std::move(config)).value();
    plane_->listen().value();
  }
  // As after SIGKILL: what is in the folder is all that the next one has.
  void start_without_a_stop() {
    namespace fs = std::filesystem;
    const store::TempFolder copy;
    for (const auto& one : fs::directory_iterator(folder_.path()))
      if (!one.is_socket())
        fs::copy(one.path(), copy / one.path().filename().c_str(), fs::copy_options::recursive);
    plane_->stop();
    plane_.reset();
    for (const auto& one : fs::directory_iterator(folder_.path())) fs::remove_all(one.path());
    fs::copy(copy.path(), folder_.path(), fs::copy_options::recursive);
    start();
  }
  void restart() {
    plane_->stop();
    plane_.reset();
    start();
  }

  http::Response send(http::Method method, std::string_view path, std::string body,
                      http::Headers headers = {}) {
    return asked(*plane_, method, path, std::move(body), std::move(headers));
  }
  json::value post(std::string_view path, const json::object& body) {
    const auto response = send(http::Method::kPost, path, json::serialize(body));
    EXPECT_LT(response.status, 300) << path << " " << response.body;
    return parse_json(response.body).value();
  }
  json::value get(std::string_view path) {
    return parse_json(send(http::Method::kGet, path, "").body).value();
  }

  // `iat` is `age` seconds ago; none: without one.
  std::string assertion(std::optional<int> age) {
    const auto now = to_seconds(SystemClock().now());
    json::object claims{{"iss", client_},
                        {"sub", client_},
                        {"aud", kIssuer},
                        {"jti", "j-" + std::to_string(++made_)},
                        {"exp", now + 300}};
    if (age) claims["iat"] = now - *age;
    return jose::sign_jwt(key_, "client-authentication+jwt", claims);
  }
  // The token endpoint's status and error code.
  std::string ask(const std::string& assertion) {
    const auto response =
        send(http::Method::kPost, kTokenPath,
             "grant_type=client_credentials&client_assertion_type=urn%3Aietf%3Aparams%3Aoauth%3A"
             "client-assertion-type%3Ajwt-bearer&client_assertion=" +
                 assertion,
             {{"Content-Type", "application/x-www-form-urlencoded"}});
    const auto body = parse_json(response.body).value().as_object();
    const auto* code = body.if_contains("error_code");
    return std::to_string(response.status) + (code != nullptr ? " " + std::string(code->as_string()) : "");
  }
  std::vector<std::string> actions() {
    std::vector<std::string> all;
    const auto entries = get("/v1/audit/entries");
    for (const auto& item : entries.at("items").as_array())
      if (const auto* action = item.at("entry").as_object().if_contains("action"))
        all.emplace_back(action->as_string());
    return all;
  }

  const store::TempFolder folder_;
  SystemRandom random_;
  const jose::PrivateKey key_ = jose::PrivateKey::generate(jose::Algorithm::kEs256, random_);
  std::unique_ptr<Plane> plane_;
  std::string client_;
  int made_ = 0;
};

TEST_F(Issuing, AReplayIsRefusedAndRecordedOnceAndHoldsNobody) {
  const auto used = assertion(0);
  EXPECT_EQ(ask(used), "200");
  for (int i = 0; i < 20; ++i) EXPECT_EQ(ask(used), "401 RMT-J027");
  EXPECT_EQ(ask(assertion(0)), "200");
  post("/v1/humans", {{"name", "zoe"}});  // what was found out before is recorded before
  const auto all = actions();
  EXPECT_EQ(std::ranges::count(all, "credential.replay"), 1);
  EXPECT_EQ(std::ranges::count(all, "hold.place"), 0);
  EXPECT_TRUE(get("/v1/deployments/sandbox/bot").at("holds").as_array().empty());
}

TEST_F(Issuing, WhatWasSpentIsSpentAfterAStopInOrderAndNobodyElseIsRefused) {
  const auto used = assertion(0);
  const auto undated = assertion(std::nullopt);
  const auto unused = assertion(1);
  for (const auto& one : {used, undated}) EXPECT_EQ(ask(one), "200");
  for (int i = 0; i < 2; ++i) {
    restart();
    EXPECT_EQ(ask(used), "401 RMT-J027");
    EXPECT_EQ(ask(undated), "401 RMT-J027");
  }
  EXPECT_EQ(ask(unused), "200");
}

TEST_F(Issuing, WhatWasSpentIsRefusedAfterAKillAtAnyInstant) {
  const auto used = assertion(1);
  const auto undated = assertion(std::nullopt);
  const auto ahead = assertion(-20);
  const auto shown_later = assertion(1);
  for (const auto& one : {used, undated, ahead, shown_later}) EXPECT_EQ(ask(one), "200");
  start_without_a_stop();
  EXPECT_EQ(ask(used), "503 RMT-J036") << "it may have been spent: its client makes another one";
  EXPECT_EQ(ask(undated), "401 RMT-J027");
  EXPECT_EQ(ask(ahead), "401 RMT-J027");
  EXPECT_EQ(ask(assertion(-1)), "200");
  EXPECT_EQ(ask(assertion(std::nullopt)), "200");
  restart();
  EXPECT_EQ(ask(shown_later), "503 RMT-J036") << "a stop in order brings back nothing of before the kill";
}

TEST_F(Issuing, AnExpiredDeploymentIsToldSoWhereItProvesItsKeyAndNobodyElseIs) {
  const auto path = std::string("/v1/deployments/sandbox/bot/renew");
  post(path,
       {{"expires", format_instant(SystemClock().now() + std::chrono::milliseconds(200))}, {"by", "raj"}});
  std::string answer = ask(assertion(0));
  // It ends in a moment.
  for (int i = 0; i < 10'000 && answer == "200"; ++i) answer = ask(assertion(0));
  EXPECT_EQ(answer, "400 RMT-J029");
  EXPECT_EQ(get("/v1/deployments/sandbox/bot").at("state"), "expired");
  const auto stranger = jose::PrivateKey::generate(jose::Algorithm::kEs256, random_);
  EXPECT_EQ(ask(jose::sign_jwt(stranger, "JWT", {{"iss", client_}, {"sub", client_}, {"aud", kIssuer}})),
            "401 RMT-J021");
  post(path, {{"expires", format_instant(SystemClock().now() + std::chrono::days(30))}, {"by", "raj"}});
  EXPECT_EQ(ask(assertion(0)), "200") << "its key goes on with it";
}

TEST_F(Issuing, NoAgentGetsAnIssuersKeyOfWhateverEnvironment) {
  for (const auto environment : kEnvironments) {
    const auto key = issuer::read_key_file(DataFolder(folder_.path()).issuer_key(to_string(environment)));
    ASSERT_TRUE(key);
    const auto response =
        send(http::Method::kPost, "/v1/deployments/sandbox/bot/credentials",
             json::serialize(json::object{{"public_jwk", key->key.public_key().jwk()}, {"by", "raj"}}));
    EXPECT_THAT(response.body, HasSubstr("RMT-I009")) << to_string(environment);
  }
}

}  // namespace
}  // namespace remit::server
