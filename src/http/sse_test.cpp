#include "http/sse.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace remit::http {
namespace {

using Events = std::vector<ServerEvent>;

Events parse(std::string_view text, std::size_t piece = 1024) {
  SseParser parser;
  Events all;
  for (std::size_t at = 0; at < text.size(); at += piece) {
    auto events = parser.feed(text.substr(at, piece));
    EXPECT_TRUE(events.has_value());
    all.insert(all.end(), events->begin(), events->end());
  }
  return all;
}

struct SseCase {
  std::string_view what;
  std::string_view text;
  Events events;
};

// The first five are the examples of the standard.
const SseCase kSseCases[] = {
    {"lines of data are joined", "data: YHOO\ndata: +2\ndata: 10\n\n", {{.data = "YHOO\n+2\n10"}}},
    {"a comment is no event, an id alone sets the id",
     ": test stream\n\ndata: first event\nid: 1\n\n",
     {{.data = "first event", .id = "1"}}},
    {"one space after the colon is dropped, not two",
     "data:test\n\ndata: test\n\ndata:  third event\n\n",
     {{.data = "test"}, {.data = "test"}, {.data = " third event"}}},
    {"a field without a colon has an empty value",
     "data\n\ndata\ndata\n\ndata:",
     {{.data = ""}, {.data = "\n"}}},
    {"an id that is empty resets", "data: x\nid\n\n", {{.data = "x", .id = ""}}},
    {"CR ends a line", "data: a\rdata: b\r\r", {{.data = "a\nb"}}},
    {"CRLF ends one line, not two", "data: a\r\ndata: b\r\n\r\n", {{.data = "a\nb"}}},
    {"a BOM at the start is skipped",
     "\xEF\xBB\xBF"
     "data: x\n\n",
     {{.data = "x"}}},
    {"a BOM is skipped only once",
     "\xEF\xBB\xBF\xEF\xBB\xBF"
     "data: x\ndata: y\n\n",
     {{.data = "y"}}},
    {"half a BOM belongs to the line",
     "\xEF\xBB"
     "data: x\ndata: y\n\n",
     {{.data = "y"}}},
    {"type and retry", "event: add\nretry: 250\ndata: 1\n\n", {{.event = "add", .data = "1", .retry = 250}}},
    {"retry that is no number is ignored", "retry: 2s\ndata: 1\n\n", {{.data = "1"}}},
    {"unknown fields are ignored", "datas: 1\nDATA: 2\ndata: 3\n\n", {{.data = "3"}}},
    {"no data, no event, and its type is forgotten", "event: x\n\ndata: 1\n\n", {{.data = "1"}}},
    {"an id with NUL is ignored", std::string_view("id: a\0b\ndata: 1\n\n", 17), {{.data = "1"}}},
    {"what is not ended is not given out", "data: 1\n\ndata: 2\n", {{.data = "1"}}},
};

TEST(SseParser, ReadsTheFormatHoweverItIsCut) {
  for (const auto& [what, text, events] : kSseCases)
    for (std::size_t piece : {1, 2, 3, 7, 1024})
      EXPECT_EQ(parse(text, piece), events) << what << ", by " << piece;
}

TEST(SseParser, RemembersTheLastId) {
  SseParser parser;
  ASSERT_TRUE(parser.feed("id: 7\ndata: x\n\ndata: y\n\n"));
  EXPECT_EQ(parser.last_event_id(), "7");
  ASSERT_TRUE(parser.feed("id: 8\n"));
  EXPECT_EQ(parser.last_event_id(), "7") << "not before the event is whole";
  ASSERT_TRUE(parser.feed("\nid\n\n"));
  EXPECT_EQ(parser.last_event_id(), "");
}

TEST(SseParser, RefusesAnEventOverTheLimit) {
  SseParser one_line(100);
  auto refused = one_line.feed("data: " + std::string(200, 'x'));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, "RMT-H031");

  SseParser many_lines(100);
  Result<Events> last;
  for (int i = 0; i < 50 && last; ++i) last = many_lines.feed("data: 0123456789\n");
  EXPECT_FALSE(last);

  SseParser many_events(100);
  for (int i = 0; i < 50; ++i)
    ASSERT_TRUE(many_events.feed("data: 0123456789\n\n")) << "the limit is for each event";
}

TEST(SseFormat, CannotBeBrokenOutOf) {
  EXPECT_EQ(format_event({.event = "a\nb", .data = "x\r\ny\rz", .id = "1\r2"}),
            "event: ab\nid: 12\ndata: x\ndata: y\ndata: z\n\n");
  EXPECT_EQ(format_event({.id = "0"}), "id: 0\ndata: \n\n");
  EXPECT_EQ(format_comment("a\n\ndata: b"), ": adata: b\n\n");
}

RC_GTEST_PROP(SseFormat, IsReadBackAsItWas, ()) {
  const auto text = rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab: \n\t{\"\xC3\xA9")));
  const auto word = rc::gen::container<std::string>(rc::gen::elementOf(std::string("ab: 1")));
  ServerEvent event;
  event.event = *word;
  event.data = *text;
  event.id = *rc::gen::arbitrary<bool>() ? std::optional<std::string>(*word) : std::nullopt;
  const auto piece = *rc::gen::inRange<std::size_t>(1, 9);
  RC_ASSERT(parse(format_event(event), piece) == Events{event});
}

}  // namespace
}  // namespace remit::http
