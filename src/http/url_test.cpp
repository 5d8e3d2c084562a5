#include "http/url.h"

#include <gtest/gtest.h>

namespace remit::http {
namespace {

TEST(Url, IsTakenApart) {
  struct Case {
    std::string_view text;
    Url url;
    std::string_view authority;
    std::string_view origin;
  };
  const Case cases[] = {
      {"http://example.com", {Scheme::kHttp, "example.com", 80, "/"}, "example.com", "http://example.com:80"},
      {"https://Example.COM/a?b=c#d",
       {Scheme::kHttps, "example.com", 443, "/a?b=c"},
       "example.com",
       "https://example.com:443"},
      {"http://127.0.0.1:7420/mcp/production/erp",
       {Scheme::kHttp, "127.0.0.1", 7420, "/mcp/production/erp"},
       "127.0.0.1:7420",
       "http://127.0.0.1:7420"},
      {"http://[::1]:8080/", {Scheme::kHttp, "::1", 8080, "/"}, "[::1]:8080", "http://[::1]:8080"},
      {"https://h?x", {Scheme::kHttps, "h", 443, "/?x"}, "h", "https://h:443"},
      {"unix:/run/remit.sock",
       {Scheme::kUnix, "/run/remit.sock", 0, "/"},
       "localhost",
       "unix:/run/remit.sock"},
  };
  for (const auto& [text, url, authority, origin] : cases) {
    auto parsed = parse_url(text);
    ASSERT_TRUE(parsed) << text << ": " << parsed.error().message;
    EXPECT_EQ(*parsed, url) << text;
    EXPECT_EQ(parsed->authority(), authority);
    EXPECT_EQ(parsed->origin(), origin);
  }
}

TEST(Url, IsRefusedWhereItCannotBeCalled) {
  for (std::string_view text :
       {"", "example.com", "/path", "ftp://h/", "file:///etc/passwd", "http://", "http:///x",
        "http://user:pw@h/", "http://h:0/", "http://h:99999/", "http://h:x/", "http://a b/",
        "http://h/\r\nX: y", "http://%65vil/", "unix:relative", "unix:"}) {
    auto parsed = parse_url(text);
    ASSERT_FALSE(parsed) << text;
    EXPECT_EQ(parsed.error().code, "RMT-H028");
    EXPECT_FALSE(parsed.error().message.contains("pw"));
  }
}

}  // namespace
}  // namespace remit::http
