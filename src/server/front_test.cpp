// The public listener beside /mcp: which Host it answers to, what browsers and caches are told, and where
// metrics are.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "base/canonical_json.h"
#include "http/block_on.h"
#include "http/raw_client.h"
#include "server/plane.h"
#include "store/temp_folder.h"

namespace remit::server {
namespace {

using ::testing::AllOf;
using ::testing::HasSubstr;
using ::testing::Not;
using ::testing::StartsWith;

constexpr std::string_view kToken = "/issuer/production/token";
constexpr std::string_view kMetadata = "/.well-known/oauth-authorization-server/issuer/production";
constexpr std::string_view kResource = "/.well-known/oauth-protected-resource/mcp/production";

class PublicListener : public ::testing::Test {
 protected:
  PublicListener() {
    Config config;
    config.data = folder_.path();
    config.listen = {"127.0.0.1:0"};
    config.threads = 1;
    config.public_url = "https://remit.example";
    config.hosts = {*http::parse_authority("Gate.Example:8443")};
    config.origins = {"https://app.example"};
    config.metrics_listen = "127.0.0.1:0";
    plane_ = std::move(Plane::open(std::move(config))).value();
    address_ = plane_->listen().value().front();
    metrics_ = std::string(status().at("metrics").as_string()).substr(7);
    metrics_ = metrics_.substr(0, metrics_.find('/'));
  }

  boost::json::object status() {
    http::Request request;
    request.path = request.target = "/v1/status";
    return parse_json(http::block_on(plane_->loop(), plane_->command(request)).body).value().as_object();
  }
  // The whole answer. `fields` end in CRLF each.
  std::string ask(std::string_view line, std::string_view fields = {},
                  std::string_view host = "remit.example", std::string_view body = {}) {
    return ask_at(address_, line, fields, host, body);
  }
  static std::string ask_at(const std::string& address, std::string_view line, std::string_view fields,
                            std::string_view host, std::string_view body = {}) {
    http::RawClient client(address);
    client.send(std::string(line) + " HTTP/1.1\r\nConnection: close\r\nHost: " + std::string(host) + "\r\n" +
                std::string(fields) + "Content-Length: " + std::to_string(body.size()) + "\r\n\r\n" +
                std::string(body));
    return client.read_to_end();
  }
  static std::string get(std::string_view path) { return "GET " + std::string(path); }

  const store::TempFolder folder_;
  std::unique_ptr<Plane> plane_;
  std::string address_, metrics_;
};

TEST_F(PublicListener, EveryPathButHealthLooksAtTheHost) {
  for (const std::string_view path :
       {kToken, kMetadata, kResource, std::string_view("/issuer/production/jwks"),
        std::string_view("/issuer/production/authorize"), std::string_view("/nothing")}) {
    EXPECT_THAT(ask(get(path), {}, "evil.example"), AllOf(StartsWith("HTTP/1.1 421"), HasSubstr("RMT-H007")))
        << path;
    EXPECT_THAT(ask(get(path), {}, "10.0.0.7"), StartsWith("HTTP/1.1 421")) << path;
  }
  for (const std::string_view host :
       {"REMIT.example:443", "remit.example.", "gate.example:8443", "localhost:1", "127.0.0.1"})
    EXPECT_THAT(ask(get(kMetadata), {}, host), StartsWith("HTTP/1.1 200")) << host;
  EXPECT_THAT(ask(get(kMetadata), {}, "gate.example"), StartsWith("HTTP/1.1 421"));
  // A load balancer asks by address.
  for (const std::string_view path : {"/healthz", "/readyz", "/readyz/"})
    EXPECT_THAT(ask(get(path), {}, "10.0.0.7:7420"), StartsWith("HTTP/1.1 200")) << path;
}

TEST_F(PublicListener, MetricsAreOnAListenerOfTheirOwn) {
  EXPECT_THAT(ask(get("/metrics")), AllOf(StartsWith("HTTP/1.1 404"), Not(HasSubstr("remit_calls_total"))));
  for (const std::string_view host :
       {"127.0.0.1", "10.0.0.7:9464", "[fd00::1]", "localhost", "remit.example"})
    EXPECT_THAT(ask_at(metrics_, "GET /metrics", {}, host),
                AllOf(StartsWith("HTTP/1.1 200"), HasSubstr("remit_calls_total")))
        << host;
  EXPECT_THAT(ask_at(metrics_, "GET /metrics", {}, "evil.example"), StartsWith("HTTP/1.1 421"));
  EXPECT_THAT(ask_at(metrics_, "GET /readyz", {}, "10.0.0.7"), StartsWith("HTTP/1.1 200"));
  for (const std::string_view path : {"/v1/status", "/mcp/production", "/issuer/production/token"})
    EXPECT_THAT(ask_at(metrics_, get(path), {}, "localhost"), StartsWith("HTTP/1.1 404")) << path;

  http::Request request;
  request.path = request.target = "/metrics";
  EXPECT_THAT(http::block_on(plane_->loop(), plane_->command(request)).body, HasSubstr("remit_calls_total"));
}

TEST_F(PublicListener, AnyPageMayReadTheDocuments) {
  for (const std::string_view path : {kMetadata, kResource, std::string_view("/issuer/production/jwks"),
                                      std::string_view("/.well-known/openid-configuration/elsewhere")}) {
    EXPECT_THAT(ask(get(path), "Origin: https://evil.example\r\n"),
                HasSubstr("Access-Control-Allow-Origin: *\r\n"))
        << path;
    EXPECT_THAT(ask("OPTIONS " + std::string(path),
                    "Origin: https://evil.example\r\nAccess-Control-Request-Method: GET\r\n"
                    "Access-Control-Request-Headers: mcp-protocol-version\r\n"),
                AllOf(StartsWith("HTTP/1.1 204"), HasSubstr("Access-Control-Allow-Origin: *\r\n"),
                      HasSubstr("MCP-Protocol-Version")))
        << path;
  }
}

TEST_F(PublicListener, TheTokenEndpointIsForPagesThatMayCall) {
  const std::string preflight =
      "Access-Control-Request-Method: POST\r\nAccess-Control-Request-Headers: content-type\r\n";
  for (const std::string_view origin :
       {"https://app.example", "http://localhost:6274", "https://remit.example"}) {
    const auto field = "Origin: " + std::string(origin) + "\r\n";
    const auto allowed = HasSubstr("Access-Control-Allow-Origin: " + std::string(origin) + "\r\n");
    EXPECT_THAT(ask("OPTIONS " + std::string(kToken), field + preflight),
                AllOf(StartsWith("HTTP/1.1 204"), allowed));
    EXPECT_THAT(ask("POST " + std::string(kToken), field),
                AllOf(StartsWith("HTTP/1.1 400"), allowed, HasSubstr("Vary: Origin\r\n")));
  }
  for (const std::string_view origin : {"https://evil.example", "null"}) {
    const auto field = "Origin: " + std::string(origin) + "\r\n";
    EXPECT_THAT(ask("OPTIONS " + std::string(kToken), field + preflight),
                AllOf(StartsWith("HTTP/1.1 403"), Not(HasSubstr("Access-Control-Allow"))));
    EXPECT_THAT(ask("POST " + std::string(kToken), field),
                AllOf(StartsWith("HTTP/1.1 403"), HasSubstr("\"error\":\"invalid_request\""),
                      Not(HasSubstr("Access-Control-Allow")), HasSubstr("Vary: Origin\r\n")));
  }
}

// RFC 6749 §5.2: whatever is wrong with a token request, the client finds `error` and nobody keeps the
// answer.
TEST_F(PublicListener, AMalformedTokenRequestGetsAnOAuthError) {
  const auto post = "POST " + std::string(kToken);
  const struct {
    std::string_view fields;
    std::string_view status, code;
  } cases[] = {
      {"Authorization: Basic a\r\nAuthorization: Basic a\r\n", "400", "RMT-M016"},
      {"Content-Type: application/x-www-form-urlencoded\r\nContent-Type: text/plain\r\n", "400", "RMT-M016"},
      {"DPoP: a\r\nDPoP: b\r\n", "400", "RMT-M016"},
      {"Content-Type: application/json\r\n", "400", "RMT-J040"},
      {"Content-Type: application/x-www-form-urlencoded\r\nContent-Encoding: gzip\r\n", "415", "RMT-M060"}};
  for (const auto& [fields, status, code] : cases)
    EXPECT_THAT(ask(post, fields), AllOf(StartsWith("HTTP/1.1 " + std::string(status)),
                                         HasSubstr("\"error\":\"invalid_request\""), HasSubstr(code),
                                         HasSubstr("Cache-Control: no-store\r\n")))
        << fields;
  EXPECT_THAT(ask(post, "Content-Encoding: gzip\r\n"), HasSubstr("Accept-Encoding: identity\r\n"));
  EXPECT_THAT(ask(get(kToken)), AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("Allow: POST\r\n")));
}

TEST_F(PublicListener, DocumentsAnswerToHeadAndASlashAtTheEnd) {
  for (const std::string_view path : {kMetadata, kResource}) {
    const auto head = ask("HEAD " + std::string(path));
    EXPECT_THAT(head, AllOf(StartsWith("HTTP/1.1 200"), ::testing::EndsWith("\r\n\r\n"))) << path;
    EXPECT_THAT(ask(get(std::string(path) + "/")), StartsWith("HTTP/1.1 200")) << path;
    EXPECT_THAT(ask("POST " + std::string(path)),
                AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("Allow: GET, HEAD\r\n")))
        << path;
  }
  EXPECT_THAT(ask("POST " + std::string(kToken) + "/"),
              AllOf(StartsWith("HTTP/1.1 400"), HasSubstr("invalid_request")));
  EXPECT_THAT(ask("POST /healthz"), AllOf(StartsWith("HTTP/1.1 405"), HasSubstr("Allow: GET, HEAD\r\n")));
}

}  // namespace
}  // namespace remit::server
