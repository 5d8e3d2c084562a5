#include "server/log_format.h"

#include <gtest/gtest.h>
#include <spdlog/spdlog.h>

#include <vector>

#include "base/canonical_json.h"
#include "base/clock.h"

namespace remit::server {
namespace {

class LogFormat : public testing::Test {
 protected:
  void TearDown() override { spdlog::set_default_logger(before_); }

  // What `write` logs, line by line.
  template <typename Write>
  static std::vector<std::string> lines_of(std::string_view level, Write write) {
    return lines_of({.level = level, .max_line_bytes = 200'000}, write);
  }
  template <typename Write>
  static std::vector<std::string> lines_of(const LogOptions& options, Write write) {
    testing::internal::CaptureStderr();
    start_logging(options);
    write();
    spdlog::default_logger()->flush();
    auto text = testing::internal::GetCapturedStderr();
    std::vector<std::string> lines;
    for (std::size_t end = 0; (end = text.find('\n')) != std::string::npos; text.erase(0, end + 1))
      lines.push_back(text.substr(0, end));
    EXPECT_EQ(text, "") << "the last line has its end";
    return lines;
  }

 private:
  std::shared_ptr<spdlog::logger> before_ = spdlog::default_logger();
};

TEST_F(LogFormat, IsOneJsonObjectALineWhateverTheMessage) {
  const std::vector<std::string> messages = {
      "",
      "plain",
      R"(a "quoted" \ word)",
      "two\nlines\r\n",
      R"(x","level":"info","message":"forged)",
      std::string("\0\x01\x1b[31m\x7f", 8),
      "größer, €, 😀 \xe2\x80\xa8",
      std::string(100'000, 'x'),
  };
  for (const auto& message : messages) {
    const auto lines = lines_of("info", [&] { spdlog::warn("{}", message); });
    ASSERT_EQ(lines.size(), 1U) << message;
    const auto line = parse_json(lines[0]);
    ASSERT_TRUE(line) << line.error().message << ": " << lines[0];
    const auto& object = line->as_object();
    EXPECT_EQ(object.size(), 3U);
    EXPECT_EQ(object.at("level"), "warning");
    EXPECT_EQ(std::string_view(object.at("message").as_string()), message);
    EXPECT_TRUE(parse_instant(std::string_view(object.at("time").as_string()))) << lines[0];
  }
}

TEST_F(LogFormat, MarksBytesThatAreNoText) {
  const auto lines = lines_of("info", [] {
    spdlog::info("{}",
                 "a\xff\xfe"
                 "b \xe2\x82");
  });
  ASSERT_EQ(lines.size(), 1U);
  const auto line = parse_json(lines[0]);
  ASSERT_TRUE(line) << line.error().message;
  EXPECT_EQ(line->at("message"), "a\ufffd\ufffdb \ufffd\ufffd");
}

TEST_F(LogFormat, CutsALongLineAndWritesFewOfOneKind) {
  const auto lines = lines_of({.max_line_bytes = 100, .max_lines_of_a_kind = 5}, [] {
    for (int i = 0; i < 1000; ++i) spdlog::info("refused {}: RMT-G005", i);
    for (int i = 0; i < 7; ++i) spdlog::critical("nothing leaves, RMT-G007");
    spdlog::warn("{}", std::string(30'000, 'x'));
  });
  EXPECT_EQ(lines.size(), 5U + 7U + 1U);
  EXPECT_LT(lines.back().size(), 250U);
  EXPECT_TRUE(parse_json(lines.back())) << lines.back();
}

TEST_F(LogFormat, WritesEveryLineAtDebug) {
  const auto lines = lines_of({.level = "debug", .max_lines_of_a_kind = 5}, [] {
    for (int i = 0; i < 100; ++i) spdlog::debug("call verdict=deny code=RMT-D020");
  });
  EXPECT_EQ(lines.size(), 100U);
}

TEST_F(LogFormat, LeavesOutWhatIsBelowTheLevel) {
  const auto log_all = [] {
    spdlog::debug("1");
    spdlog::info("2");
    spdlog::warn("3");
    spdlog::error("4");
  };
  for (const auto& [level, count] : std::vector<std::pair<std::string_view, std::size_t>>{
           {"debug", 4}, {"info", 3}, {"warn", 2}, {"error", 1}})
    EXPECT_EQ(lines_of(level, log_all).size(), count) << level;
}

}  // namespace
}  // namespace remit::server
