#include "mcp/http_rules.h"

#include <gtest/gtest.h>

namespace remit::mcp {
namespace {

template <typename Check>
int status_of(const Check& check) {
  return check ? 200 : check.error().status;
}

TEST(HttpRules, MethodsAreThoseOfTheEndpoint) {
  EXPECT_EQ(check_method("POST"), HttpMethod::kPost);
  EXPECT_EQ(check_method("GET"), HttpMethod::kGet);
  EXPECT_EQ(check_method("DELETE"), HttpMethod::kDelete);
  for (const std::string_view method : {"PUT", "post", "", "OPTIONS"})
    EXPECT_EQ(status_of(check_method(method)), 405);
  EXPECT_EQ(check_method("PUT").error().header_value, "POST, GET, DELETE");
  EXPECT_EQ(check_method("GET", false).error().header_value, "POST, DELETE");
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

TEST(HttpRules, ABodyIsNotEncoded) {
  for (const HeaderValue coding :
       {HeaderValue{}, HeaderValue{""}, HeaderValue{"identity"}, HeaderValue{"Identity, "}})
    EXPECT_EQ(status_of(check_content_encoding(coding)), 200);
  for (const std::string_view coding : {"gzip", "identity, gzip", "br", "x"}) {
    const auto refused = check_content_encoding(coding);
    EXPECT_EQ(status_of(refused), 415) << coding;
    EXPECT_EQ(refused.error().header_name, "Accept-Encoding");
    EXPECT_EQ(refused.error().header_value, "identity");
  }
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
