#include "gateway/http_answer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace remit::gateway {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

const http::Url kUrl = http::parse_url("https://crm.example/mcp").value();

http::Headers with(std::string name, std::string value) { return {{std::move(name), std::move(value)}}; }

TEST(HttpAnswer, ARedirectIsFollowedWithinTheOriginAlone) {
  const struct {
    int status;
    std::string location;
    std::string target;  // empty: not followed
  } cases[] = {{307, "/mcp/", "/mcp/"},
               {308, "https://crm.example/v2/mcp?x=1", "/v2/mcp?x=1"},
               {307, "https://CRM.example:443/mcp/", "/mcp/"},
               {307, "mcp/", "/mcp/"},
               {307, "/mcp", ""},
               {302, "/mcp/", ""},
               {301, "/mcp/", ""},
               {303, "/mcp/", ""},
               {307, "http://crm.example/mcp/", ""},
               {307, "https://crm.example:8443/mcp/", ""},
               {307, "https://crm.example.evil/mcp/", ""},
               {307, "//evil.example/mcp", ""},
               {307, "https://user:pass@crm.example/mcp/", ""},
               {307, "unix:/run/x.sock", ""},
               {307, "", ""},
               {307, "ht!tp://", ""}};
  for (const auto& c : cases) {
    const auto to = redirect_within(kUrl, c.status, with("Location", c.location));
    EXPECT_EQ(to ? to->target : "", c.target) << c.status << " " << c.location;
  }
  EXPECT_FALSE(redirect_within(kUrl, 307, {}));
}

TEST(HttpAnswer, SaysWhatTheServerSaid) {
  const auto said = [](int status, const http::Headers& headers, std::string_view body = {},
                       bool first = false) { return describe_answer(kUrl, status, headers, body, first); };
  EXPECT_THAT(said(307, with("Location", "http://crm.example/mcp/")), HasSubstr("http://crm.example/mcp/"));
  EXPECT_THAT(said(302, with("Location", "/login")), HasSubstr("https://crm.example/login"));
  EXPECT_THAT(said(302, {}), HasSubstr("nowhere"));
  EXPECT_THAT(said(401, with("WWW-Authenticate", R"(Bearer realm="crm", error="invalid_token")")),
              HasSubstr(R"(it asks for: Bearer realm="crm", error="invalid_token")"));
  EXPECT_THAT(
      said(400, {}, R"({"jsonrpc":"2.0","id":null,"error":{"code":-1,"message":"no valid session"}})"),
      HasSubstr("no valid session"));
  EXPECT_THAT(
      said(500, with("Content-Type", "application/problem+json"), R"({"title":"Broken","status":500})"),
      HasSubstr("Broken"));
  EXPECT_THAT(said(502, with("Content-Type", "text/html"), "<html>nginx</html>"), Not(HasSubstr("nginx")));
  EXPECT_THAT(said(405, {}, "", true), HasSubstr("HTTP+SSE"));
  EXPECT_THAT(said(404, {}, "", true), HasSubstr("HTTP+SSE"));
  EXPECT_THAT(said(405, {}, "", false), Not(HasSubstr("HTTP+SSE")));
}

TEST(HttpAnswer, QuotesWithinBoundsAndWithNothingHidden) {
  const auto plain = with("Content-Type", "text/plain; charset=utf-8");
  EXPECT_EQ(words_of(plain, "two\n lines\x1b[2J"), "two lines\\u{1B}[2J");
  EXPECT_LT(words_of(plain, std::string(100'000, 'x')).size(), 300U);
  EXPECT_LT(describe_answer(kUrl, 401, with("WWW-Authenticate", std::string(50'000, 'y')), "", false).size(),
            400U);
}

TEST(HttpAnswer, KnowsAnEncodingThatWasNotAskedFor) {
  EXPECT_EQ(unasked_encoding(with("Content-Encoding", "gzip")), "gzip");
  EXPECT_EQ(unasked_encoding(with("Content-Encoding", "Identity")), "");
  EXPECT_EQ(unasked_encoding({}), "");
}

TEST(HttpAnswer, AStreamIsKnownByItsMediaTypeAlone) {
  EXPECT_TRUE(is_stream(with("Content-Type", "Text/Event-Stream; charset=utf-8")));
  EXPECT_FALSE(is_stream(with("Content-Type", "text/event-streams")));
  EXPECT_FALSE(is_stream({}));
}

}  // namespace
}  // namespace remit::gateway
