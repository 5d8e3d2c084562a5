#include "http/parser.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace remit::http {
namespace {

using namespace std::string_literals;

// Feeds `bytes` in pieces, as a connection does; gives the status of a refusal, 0 for a whole message, -1 for
// need more.
int feed(MessageParser& parser, std::string_view bytes, std::size_t piece, std::string* rest = nullptr) {
  std::string pending;
  for (std::size_t at = 0; at < bytes.size() && !parser.done(); at += piece) {
    pending += bytes.substr(at, piece);
    while (!pending.empty() && !parser.done()) {
      auto used = parser.feed(pending);
      if (!used) return used.error().status;
      if (*used == 0) break;
      pending.erase(0, *used);
    }
    if (rest != nullptr && parser.done())
      *rest = pending + std::string(bytes.substr(std::min(at + piece, bytes.size())));
  }
  return parser.done() ? 0 : -1;
}

const ParseLimits kLimits = {.header_bytes = 1024, .fields = 16, .body_bytes = 64};

const std::string kHost = "Host: h\r\n";

struct Case {
  std::string_view what;
  std::string text;
  int status;
};

const Case kCases[] = {
    {"plain", "GET / HTTP/1.1\r\n" + kHost + "\r\n", 0},
    {"HTTP/1.0 without Host", "GET / HTTP/1.0\r\n\r\n", 0},
    {"an empty line before", "\r\nGET / HTTP/1.1\r\n" + kHost + "\r\n", 0},
    {"two empty lines before", "\r\n\r\nGET / HTTP/1.1\r\n" + kHost + "\r\n", 400},
    {"body by length", "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 3\r\n\r\nabc", 0},
    {"body by chunks",
     "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n", 0},
    {"chunk extension and trailer",
     "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: Chunked\r\n\r\n3;x=y\r\nabc\r\n0\r\nX-T: 1\r\n\r\n",
     0},
    {"incomplete", "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 3\r\n\r\nab", -1},

    {"not HTTP", "hello\n", 400},
    {"TLS to a plain port", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03\n"s, 400},
    {"bare LF", "GET / HTTP/1.1\nHost: h\n\n", 400},
    {"bare LF in one line", "GET / HTTP/1.1\r\n" + kHost + "A: b\nC: d\r\n\r\n", 400},
    {"bare CR", "GET / HTTP/1.1\r\n" + kHost + "A: b\rC: d\r\n\r\n", 400},
    {"NUL", "GET / HTTP/1.1\r\n" + kHost + "A: b\0c\r\n\r\n"s, 400},
    {"obs-fold", "GET / HTTP/1.1\r\n" + kHost + "A: b\r\n c\r\n\r\n", 400},
    {"obs-fold by tab", "GET / HTTP/1.1\r\n" + kHost + "A: b\r\n\tc\r\n\r\n", 400},
    {"space before the colon", "GET / HTTP/1.1\r\n" + kHost + "A : b\r\n\r\n", 400},
    {"no colon", "GET / HTTP/1.1\r\n" + kHost + "A\r\n\r\n", 400},
    {"empty name", "GET / HTTP/1.1\r\n" + kHost + ": b\r\n\r\n", 400},
    {"no Host", "GET / HTTP/1.1\r\n\r\n", 400},
    {"two Hosts", "GET / HTTP/1.1\r\n" + kHost + kHost + "\r\n", 400},
    {"two Hosts in HTTP/1.0", "GET / HTTP/1.0\r\n" + kHost + kHost + "\r\n", 400},

    {"length and chunked",
     "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"chunked and length",
     "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n0\r\n\r\n", 400},
    {"lengths that differ",
     "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 3\r\nContent-Length: 4\r\n\r\nabcd", 400},
    {"lengths that agree",
     "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 3\r\nContent-Length: 3\r\n\r\nabc", 400},
    {"a list of lengths", "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 3, 3\r\n\r\nabc", 400},
    {"signed length", "POST / HTTP/1.1\r\n" + kHost + "Content-Length: +3\r\n\r\nabc", 400},
    {"negative length", "POST / HTTP/1.1\r\n" + kHost + "Content-Length: -1\r\n\r\n", 400},
    {"hexadecimal length", "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 0x3\r\n\r\nabc", 400},
    {"empty length", "POST / HTTP/1.1\r\n" + kHost + "Content-Length: \r\n\r\n", 400},
    {"length over 64 bits", "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 99999999999999999999\r\n\r\n",
     400},
    {"chunked twice",
     "POST / HTTP/1.1\r\n" + kHost +
         "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
     400},
    {"gzip, chunked", "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
     501},
    {"chunked, identity",
     "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n", 501},
    {"xchunked", "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: xchunked\r\n\r\n", 501},
    {"chunked in HTTP/1.0", "POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 400},
    {"last chunk alone", "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 0},
    {"bare LF behind a chunk size",
     "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n1\na\r\n0\r\n\r\n", 400},
    {"bare LF behind a chunk",
     "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n", 400},
    {"space before a chunk size",
     "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n 1\r\na\r\n0\r\n\r\n", 400},
    {"chunk size with 0x",
     "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n0x1\r\na\r\n0\r\n\r\n", 400},
    {"signed chunk size",
     "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n-1\r\na\r\n0\r\n\r\n", 400},
    {"endless extensions",
     "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n" +
         [] {
           std::string s;
           for (int i = 0; i < 20; ++i) s += "1;" + std::string(100, 'x') + "\r\na\r\n";
           return s;
         }(),
     431},
    {"bad chunk size", "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\nxyz\r\n", 400},
    {"chunk longer than said",
     "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n3\r\nabcdef\r\n0\r\n\r\n", 400},
    {"chunk size over 64 bits",
     "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n11111111111111111\r\n", 400},

    {"body over the limit", "POST / HTTP/1.1\r\n" + kHost + "Content-Length: 65\r\n\r\n", 413},
    {"chunk over the limit",
     "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n41\r\n" + std::string(65, 'x'), 413},
    {"chunks over the limit together",
     "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n28\r\n" + std::string(40, 'x') +
         "\r\n28\r\n" + std::string(40, 'x') + "\r\n",
     413},
    {"long start line", "GET /" + std::string(2000, 'x') + " HTTP/1.1\r\n", 431},
    {"long field", "GET / HTTP/1.1\r\n" + kHost + "A: " + std::string(2000, 'x'), 431},
    {"many fields",
     "GET / HTTP/1.1\r\n" + kHost +
         [] {
           std::string s;
           for (int i = 0; i < 20; ++i) s += "A: b\r\n";
           return s;
         }() +
         "\r\n",
     431},
    {"endless trailer",
     "POST / HTTP/1.1\r\n" + kHost + "Transfer-Encoding: chunked\r\n\r\n0\r\nA: " + std::string(3000, 'x'),
     431},

    {"unknown method", "BREW / HTTP/1.1\r\n" + kHost + "\r\n", 501},
    {"CONNECT", "CONNECT h:80 HTTP/1.1\r\n" + kHost + "\r\n", 501},
    {"TRACE", "TRACE / HTTP/1.1\r\n" + kHost + "\r\n", 501},
    {"method in lower case", "get / HTTP/1.1\r\n" + kHost + "\r\n", 501},
    {"HTTP/2.0", "GET / HTTP/2.0\r\n" + kHost + "\r\n", 505},
    {"HTTP/0.9", "GET /\r\n\r\n", 400},
    {"target without a slash", "GET x HTTP/1.1\r\n" + kHost + "\r\n", 400},
    {"target with a raw character", "GET /a|b{c} HTTP/1.1\r\n" + kHost + "\r\n", 400},
    {"target with bad percent", "GET /%zz HTTP/1.1\r\n" + kHost + "\r\n", 400},
    {"asterisk for GET", "GET * HTTP/1.1\r\n" + kHost + "\r\n", 400},
    {"asterisk for OPTIONS", "OPTIONS * HTTP/1.1\r\n" + kHost + "\r\n", 0},
    {"absolute form of another scheme", "GET ftp://h/ HTTP/1.1\r\n" + kHost + "\r\n", 400},
    {"absolute form with a bad port", "GET http://h:x/ HTTP/1.1\r\n" + kHost + "\r\n", 400},
    {"unknown expectation", "POST / HTTP/1.1\r\n" + kHost + "Expect: tea\r\n\r\n", 417},
};

TEST(RequestParser, TakesWhatIsPlainAndRefusesWhatIsNot) {
  for (const auto& [what, text, status] : kCases)
    for (std::size_t piece : {std::size_t{1}, std::size_t{3}, std::size_t{100}, text.size()}) {
      auto parser = RequestParser::make(kLimits);
      const int got = feed(*parser, text, piece);
      EXPECT_EQ(got, status) << what << ", by " << piece;
    }
}

TEST(RequestParser, GivesTheRequestAndLeavesTheNextOne) {
  auto parser = RequestParser::make(kLimits);
  std::string rest;
  ASSERT_EQ(
      feed(*parser,
           "POST /a%20b?c=d HTTP/1.1\r\nHost: h\r\nX-A: 1\r\nx-a:  2 \r\nContent-Length: 3\r\n\r\nabcGET /",
           1024, &rest),
      0);
  const auto& request = parser->request();
  EXPECT_EQ(request.method, Method::kPost);
  EXPECT_EQ(request.target, "/a%20b?c=d");
  EXPECT_EQ(request.path, "/a%20b");
  EXPECT_EQ(request.query, "c=d");
  EXPECT_EQ(request.headers.all("X-A"), (std::vector<std::string_view>{"1", "2"}));
  EXPECT_EQ(request.body, "abc");
  EXPECT_TRUE(parser->keep_alive());
  EXPECT_EQ(rest, "GET /");
}

TEST(RequestParser, DropsTrailersSoThatTheyCannotPassForFields) {
  auto parser = RequestParser::make(kLimits);
  ASSERT_EQ(feed(*parser,
                 "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
                 "chunked\r\n\r\n1\r\na\r\n0\r\nAuthorization: x\r\n\r\n",
                 5),
            0);
  EXPECT_FALSE(parser->request().headers.contains("Authorization"));
  EXPECT_EQ(parser->request().body, "a");
}

TEST(RequestParser, TakesTheAuthorityOfAnAbsoluteTargetAsHost) {
  auto parser = RequestParser::make(kLimits);
  ASSERT_EQ(feed(*parser, "GET http://real:81/x?y HTTP/1.1\r\nHost: other\r\n\r\n", 1024), 0);
  EXPECT_EQ(*parser->request().headers.find("Host"), "real:81");
  EXPECT_EQ(parser->request().path, "/x");
  EXPECT_EQ(parser->request().query, "y");
}

TEST(RequestParser, KnowsWhetherTheConnectionStays) {
  const std::pair<std::string, bool> cases[] = {
      {"GET / HTTP/1.1\r\nHost: h\r\n\r\n", true},
      {"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", false},
      {"GET / HTTP/1.0\r\n\r\n", false},
      {"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", true}};
  for (const auto& [text, stays] : cases) {
    auto parser = RequestParser::make(kLimits);
    ASSERT_EQ(feed(*parser, text, 1024), 0);
    EXPECT_EQ(parser->keep_alive(), stays) << text;
  }
}

TEST(RequestParser, ReadsTheSameHoweverItIsUsedAgain) {
  auto parser = RequestParser::make(kLimits);
  for (int i = 0; i < 3; ++i) {
    ASSERT_EQ(feed(*parser, "POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\nab", 7), 0);
    EXPECT_EQ(parser->request().body, "ab");
    EXPECT_EQ(parser->request().headers.size(), 2u);
    parser->reset();
  }
}

TEST(ResponseParser, EndsWhereTheFramingSays) {
  struct {
    std::string text;
    bool to_head;
    int result;
    std::string_view body;
  } cases[] = {
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nab", false, 0, "ab"},
      {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n0\r\n\r\n", false, 0, "ab"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n", true, 0, ""},
      {"HTTP/1.1 204 No Content\r\n\r\n", false, 0, ""},
      {"HTTP/1.1 100 Continue\r\n\r\n", false, 0, ""},
      {"HTTP/1.1 200 OK\r\n\r\nab", false, -1, "ab"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab", false, -1, "ab"},
      {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", false, 400, ""},
      {"HTTP/1.1 700 No\r\nContent-Length: 0\r\n\r\n", false, 400, ""},
      {"SSH-2.0-OpenSSH_9.2\r\n\r\n", false, 505, ""},
  };
  for (const auto& [text, to_head, result, body] : cases) {
    auto parser = ResponseParser::make(kLimits, to_head);
    EXPECT_EQ(feed(*parser, text, 4), result) << text;
    EXPECT_EQ(parser->response().body, body) << text;
  }
}

TEST(ResponseParser, TellsABodyThatEndsWithTheConnectionFromOneThatIsCut) {
  auto whole = ResponseParser::make(kLimits, false);
  feed(*whole, "HTTP/1.1 200 OK\r\n\r\nab", 100);
  EXPECT_TRUE(whole->end_of_input());
  EXPECT_TRUE(whole->done());

  for (auto text :
       {"HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n", "HTTP/1.1 200 OK\r\nConte", ""}) {
    auto cut = ResponseParser::make(kLimits, false);
    feed(*cut, text, 100);
    EXPECT_FALSE(cut->end_of_input()) << text;
  }
}

RC_GTEST_PROP(RequestParser, ReadsTheSameHoweverTheBytesAreCut, (const std::vector<std::uint8_t>& noise)) {
  std::string text = "POST /p HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n";
  text += "5\r\nhello\r\n";
  text.append(noise.begin(), noise.end());
  auto whole = RequestParser::make(kLimits);
  auto cut = RequestParser::make(kLimits);
  const auto piece = *rc::gen::inRange<std::size_t>(1, 20);
  RC_ASSERT(feed(*whole, text, text.size()) == feed(*cut, text, piece));
  RC_ASSERT(whole->request().body == cut->request().body);
}

}  // namespace
}  // namespace remit::http
