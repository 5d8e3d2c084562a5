#include "mcp/http_rules.h"

#include <gtest/gtest.h>

namespace remit::mcp {
namespace {

template <typename Check>
int status_of(const Check& check) {
  return check ? 200 : check.error().status;
}

TEST(HttpRules, HostMustBeOneOfOurNames) {
  const HostRules rules{.hosts = {"gw.example.com", "other.example:8443"}};
  const struct {
    HeaderValue host;
    int status;
  } cases[] = {{"localhost", 200},
               {"LOCALHOST:8080", 200},
               {"127.0.0.1:1", 200},
               {"[::1]:65535", 200},
               {"[::1]", 200},
               {"gw.example.com", 200},
               {"GW.example.com:9", 200},
               {"other.example:8443", 200},
               {"other.example", 403},
               {"other.example:80", 403},
               {"evil.example", 403},
               {"localhost.evil.com", 403},
               {"127.0.0.1.nip.io", 403},
               {"evil@localhost", 403},
               {"localhost:80:80", 403},
               {"localhost:", 403},
               {"localhost:x", 403},
               {"localhost:70000", 403},
               {"[::1", 403},
               {"[::1]x", 403},
               {":80", 403},
               {"", 400},
               {std::nullopt, 400},
               {"localhost:-1", 403},
               {"localhost/", 403}};
  for (const auto& c : cases)
    EXPECT_EQ(status_of(check_host(c.host, rules)), c.status) << c.host.value_or("(none)");
  EXPECT_EQ(status_of(check_host("localhost", {.hosts = {"a"}, .loopback = false})), 403);
}

TEST(HttpRules, OriginMayBeAbsentButNotForeign) {
  const HostRules rules{.hosts = {"gw.example.com"}};
  const struct {
    HeaderValue origin;
    int status;
  } cases[] = {{std::nullopt, 200},
               {"http://localhost:3000", 200},
               {"https://gw.example.com", 200},
               {"http://[::1]:1", 200},
               {"http://evil.example", 403},
               {"null", 403},
               {"", 403},
               {"file://localhost", 403},
               {"localhost", 403},
               {"http://localhost/x", 403},
               {"http://localhost@evil", 403},
               {"https://", 403},
               {"http://localhost http://localhost", 403}};
  for (const auto& c : cases)
    EXPECT_EQ(status_of(check_origin(c.origin, rules)), c.status) << c.origin.value_or("(none)");
}

TEST(HttpRules, MethodsAreThoseOfTheEndpoint) {
  EXPECT_EQ(check_method("POST"), HttpMethod::kPost);
  EXPECT_EQ(check_method("GET"), HttpMethod::kGet);
  EXPECT_EQ(check_method("DELETE"), HttpMethod::kDelete);
  for (const std::string_view method : {"PUT", "post", "", "OPTIONS"})
    EXPECT_EQ(status_of(check_method(method)), 405);
  EXPECT_EQ(check_method("PUT").error().allow, "POST, GET, DELETE");
  EXPECT_EQ(check_method("GET", false).error().allow, "POST, DELETE");
}

TEST(HttpRules, AcceptListsWhatMayBeAnswered) {
  using enum HttpMethod;
  const struct {
    HttpMethod method;
    HeaderValue accept;
    int status;
  } cases[] = {{kPost, "application/json, text/event-stream", 200},
               {kPost, "text/event-stream, application/json", 200},
               {kPost, "Application/JSON;q=0.9,\ttext/event-stream;q=0.1", 200},
               {kPost, "*/*", 200},
               {kPost, "application/*, text/*", 200},
               {kPost, "application/json", 406},
               {kPost, "text/event-stream", 406},
               {kPost, "text/event-stream, */*;q=0", 406},
               {kPost, "*/*, application/json;q=0.000", 406},
               {kPost, "application/json;x=\",text/event-stream\"", 406},
               {kPost, "", 406},
               {kPost, std::nullopt, 406},
               {kGet, "text/event-stream", 200},
               {kGet, "application/json", 406},
               {kDelete, std::nullopt, 200},
               {kDelete, "*/*", 200}};
  for (const auto& c : cases)
    EXPECT_EQ(status_of(check_accept(c.method, c.accept)), c.status) << c.accept.value_or("(none)");
}

TEST(HttpRules, ContentTypeIsJsonInUtf8) {
  const struct {
    HeaderValue type;
    int status;
  } cases[] = {{"application/json", 200},
               {"application/json; charset=utf-8", 200},
               {"Application/Json;Charset=\"UTF-8\"", 200},
               {"application/json; profile=x", 200},
               {"application/json; charset=latin1", 415},
               {"application/jsonp", 415},
               {"text/plain", 415},
               {"application/x-www-form-urlencoded", 415},
               {"", 415},
               {std::nullopt, 415}};
  for (const auto& c : cases)
    EXPECT_EQ(status_of(check_content_type(c.type)), c.status) << c.type.value_or("(none)");
}

TEST(HttpRules, SessionIdsAreVisibleAscii) {
  EXPECT_EQ(check_session_id("1868a90c-!~"), "1868a90c-!~");
  const std::string long_id(257, 'x');
  for (const HeaderValue id : {HeaderValue{}, HeaderValue{""}, HeaderValue{"a b"}, HeaderValue{"a\x7f"},
                               HeaderValue{"\xc3\xa9"}, HeaderValue{"a\tb"}, HeaderValue{long_id}})
    EXPECT_EQ(status_of(check_session_id(id)), 400);
  EXPECT_EQ(unknown_session().status, 404);
}

TEST(HttpRules, VersionHeaderIsOptionalButNeverWrong) {
  EXPECT_EQ(check_protocol_version({}), "2025-03-26");
  EXPECT_EQ(check_protocol_version({}, "2025-11-25"), "2025-11-25");
  EXPECT_EQ(check_protocol_version("2025-06-18"), "2025-06-18");
  EXPECT_EQ(check_protocol_version("2025-06-18", "2025-11-25"), "2025-11-25");
  for (const std::string_view version : {"2026-07-28", "", "2024-11-05", "latest"})
    EXPECT_EQ(status_of(check_protocol_version(version, "2025-11-25")), 400) << version;
}

TEST(HttpRules, BodiesOverALimitAre413) {
  EXPECT_EQ(http_status_of(parse_message("{", {}).error()), 400);
  EXPECT_EQ(http_status_of(parse_message("{}", {.max_bytes = 1}).error()), 413);
}

}  // namespace
}  // namespace remit::mcp
