// What the catalogue of errors advises can be done: every command and every setting that a fix names is
// there.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>
#include <set>

#include "cli/command_line.h"
#include "server/config.h"

namespace remit::cli {
namespace {

using ::testing::Contains;
using ::testing::SizeIs;

struct Advice {
  std::string code, fix;
};

std::vector<Advice> all_advice() {
  std::vector<Advice> all;
  std::ifstream file(REMIT_ERRORS);
  std::string code;
  for (std::string line; std::getline(file, line);) {
    if (line.starts_with('[')) code = line.substr(1, line.size() - 2);
    if (line.starts_with("fix = ")) all.push_back({code, line});
  }
  return all;
}

std::vector<std::smatch> matches(const std::string& text, const std::regex& pattern) {
  return {std::sregex_iterator(text.begin(), text.end(), pattern), std::sregex_iterator()};
}

// The names that a command's help lists, or none where it has no further commands.
std::set<std::string> commands_below(std::vector<std::string> words) {
  words.insert(words.begin(), "remit");
  words.emplace_back("--help");
  std::vector<char*> arguments;
  arguments.reserve(words.size());
  for (auto& word : words) arguments.push_back(word.data());
  ::testing::internal::CaptureStdout();
  EXPECT_FALSE(read_command_line(static_cast<int>(arguments.size()), arguments.data()));
  const auto help = ::testing::internal::GetCapturedStdout();
  std::set<std::string> names;
  const auto list = std::min(help.find("ubcommands:"), help.find("UBCOMMANDS:"));
  if (list == std::string::npos) return names;
  const auto text = help.substr(list);
  for (const auto& match : matches(text, std::regex(R"(\n  ([a-z-]+) )"))) names.insert(match[1]);
  return names;
}

TEST(Advice, NamesCommandsThatThereAre) {
  const auto nouns = commands_below({});
  ASSERT_THAT(nouns, Contains("agent"));
  ASSERT_THAT(commands_below({"agent"}), Contains("show"));
  const auto advice = all_advice();
  ASSERT_THAT(advice, SizeIs(::testing::Gt(100U)));
  for (const auto& [code, fix] : advice)
    for (const auto& match : matches(fix, std::regex(R"(\bremit ([a-z][a-z-]*)(?: ([a-z-]+))?)"))) {
      EXPECT_THAT(nouns, Contains(match[1])) << code << ": " << fix;
      const auto verbs = commands_below({match[1]});
      if (!verbs.empty()) EXPECT_THAT(verbs, Contains(match[2])) << code << ": " << fix;
    }
}

TEST(Advice, NamesSettingsThatThereAre) {
  const auto is_key = [](std::string_view table, std::string_view key) {
    const auto text = "data = \"d\"\n" + (table.empty() ? std::string() : "[" + std::string(table) + "]\n") +
                      std::string(key) + " = 0";
    const auto config = server::parse_config(text, "/");
    return config || config.error().front().error.code != "RMT-X002";
  };
  ASSERT_TRUE(is_key("audit", "min_free_mib"));
  ASSERT_FALSE(is_key("audit", "min_free"));
  for (const auto& [code, fix] : all_advice()) {
    for (const auto& match : matches(fix, std::regex(R"(`(limits|audit|calls|log)\.([a-z_]+)`)")))
      EXPECT_TRUE(is_key(match[1].str(), match[2].str())) << code << ": " << fix;
    // A limit that is to be raised is named.
    if (fix.contains("raise"))
      EXPECT_TRUE(fix.contains("raise `limits.") || fix.contains("raise --")) << code << ": " << fix;
  }
  for (const auto* key :
       {"public_url", "hosts", "origins", "listen", "metrics_listen", "plain_http_beyond_loopback", "data"})
    EXPECT_TRUE(is_key("", key)) << key;
}

}  // namespace
}  // namespace remit::cli
