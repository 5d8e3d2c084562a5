// What the catalogue of errors advises can be done: every command and every setting that a fix names is
// there.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <regex>

#include "cli/command_info.h"
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

TEST(Advice, NamesCommandsThatThereAre) {
  const auto root = describe_commands();
  ASSERT_THAT(root.find({"agent"}).command_names(), Contains("show"));
  const auto advice = all_advice();
  ASSERT_THAT(advice, SizeIs(::testing::Gt(100U)));
  for (const auto& [code, fix] : advice)
    for (const auto& match : matches(fix, std::regex(R"(\bremit ([a-z][a-z-]*)(?: ([a-z-]+))?)"))) {
      EXPECT_THAT(root.command_names(), Contains(match[1].str())) << code << ": " << fix;
      const auto& noun = root.find({match[1].str()});
      if (!noun.commands.empty())
        EXPECT_THAT(noun.command_names(), Contains(match[2].str())) << code << ": " << fix;
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
