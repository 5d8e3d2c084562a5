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

TEST(Url, SpellingsOfOneUrlHaveOneNormalForm) {
  const struct {
    std::string_view text, normal;
  } cases[] = {{"https://remit.example/mcp/sandbox", "https://remit.example/mcp/sandbox"},
               {"HTTPS://Remit.EXAMPLE:443/mcp/sandbox/", "https://remit.example/mcp/sandbox"},
               {"https://remit.example.:/mcp/sandbox", "https://remit.example/mcp/sandbox"},
               {"http://remit.example:80", "http://remit.example"},
               {"http://remit.example:443/", "http://remit.example:443"},
               {"https://remit.example/%6Dcp/a%2fb/%c3%a9", "https://remit.example/mcp/a%2Fb/%C3%A9"},
               {"https://remit.example/x/../mcp/./sandbox", "https://remit.example/mcp/sandbox"},
               {"https://remit.example/mcp/x/%2e%2E/sandbox/.", "https://remit.example/mcp/sandbox"},
               {"https://remit.example/../a/b/..", "https://remit.example/a"},
               {"https://remit.example/a?q=%7e", "https://remit.example/a?q=~"},
               {"http://[2001:DB8:0:0:0:0:0:1]:7420/", "http://[2001:db8::1]:7420"},
               {"http://127.0.0.1:7420/", "http://127.0.0.1:7420"}};
  for (const auto& [text, normal] : cases) {
    const auto got = normal_url(text);
    ASSERT_TRUE(got) << text << ": " << got.error().message;
    EXPECT_EQ(*got, normal) << text;
    EXPECT_TRUE(same_url(text, normal));
  }
  for (const std::string_view text : {"", "remit.example", "/mcp", "ftp://h/", "unix:/run/x", "https://h/#f",
                                      "https://a@h/", "https://%72emit.example/"})
    EXPECT_FALSE(normal_url(text)) << text;
}

TEST(Url, WhatDiffersInMoreThanSpellingIsAnother) {
  const std::string_view ours = "https://remit.example/mcp/sandbox";
  for (const std::string_view other :
       {"http://remit.example/mcp/sandbox", "https://remit.example:444/mcp/sandbox",
        "https://remit.example/mcp/Sandbox", "https://remit.example/mcp/sandbox?x",
        "https://remit.example/mcp/sandbox//", "https://remit.example/mcp%2Fsandbox",
        "https://evil.example/mcp/sandbox", "https://remit.example/mcp/sandbox/x", ""})
    EXPECT_FALSE(same_url(ours, other)) << other;
  EXPECT_FALSE(same_url("", ""));
}

}  // namespace
}  // namespace remit::http
