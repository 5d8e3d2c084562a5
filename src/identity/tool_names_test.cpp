#include "identity/tool_names.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

namespace remit::identity {
namespace {

using testing::StartsWith;

std::string shown(std::string_view tool, const std::vector<ShownTool>& ever = {}) {
  return shown_name(tool, ever);
}

TEST(ToolNames, AreTheToolsOwnWhereThatIsFreeAndElseHaveTheDestinationBefore) {
  EXPECT_EQ(shown("erp/pay"), "pay");
  EXPECT_EQ(shown("erp/pay", {{"crm/pay", "pay"}}), "erp__pay");
  EXPECT_EQ(shown("erp/pay", {{"crm/read", "read"}}), "pay");
  EXPECT_EQ(shown("erp/pay", {{"crm/pay", "pay"}, {"erp/pay", "erp__pay"}}), "erp__pay");
}

TEST(ToolNames, ThatDifferInTheCaseOfLettersAloneAreTakenForOne) {
  EXPECT_EQ(shown("erp/Pay", {{"crm/pay", "pay"}}), "erp__Pay");
  EXPECT_EQ(shown("erp/Pay", {{"crm/pay", "pay"}, {"erp/pAY", "erp__pAY"}}), "erp__Pay_2");
}

TEST(ToolNames, HaveOnlyWhatNamesMayHave) {
  EXPECT_EQ(shown("fs/files.read"), "files_read");
  EXPECT_EQ(shown("fs/files/read", {{"fs/files.read", "files_read"}}), "fs__files_read");
  EXPECT_EQ(shown("fs/files_read", {{"fs/files.read", "files_read"}, {"fs/files/read", "fs__files_read"}}),
            "fs__files_read_2");
}

// A server names its tools as it likes, and must not look like another.
TEST(ToolNames, ThatBeginAsAnotherDestinationsAreShownBehindTheirOwn) {
  EXPECT_EQ(shown("crm/erp__pay"), "crm__erp__pay");
  EXPECT_EQ(shown("crm/ERP__pay"), "crm__ERP__pay");
  EXPECT_EQ(shown("crm/erp//pay"), "crm__erp__pay");
  EXPECT_EQ(shown("crm/erp._pay"), "crm__erp__pay");
  EXPECT_EQ(shown("crm/crm__pay"), "crm__crm__pay");
  EXPECT_EQ(shown("crm/not-yet-there__pay"), "crm__not-yet-there__pay");
  // None of these is the name of a destination: they begin with a letter and have no '_'.
  for (const auto* name : {"erp_pay", "_erp__pay", "erp_pay__now", "__pay", "1erp__pay", "-erp__pay"})
    EXPECT_EQ(shown(std::string("crm/") + name), name);
}

TEST(ToolNames, ThatAreTooLongEndInADigest) {
  const std::string exact(64, 'x');
  EXPECT_EQ(shown("erp/" + exact), exact);
  const auto one = shown("erp/" + exact + "a");
  const auto other = shown("erp/" + exact + "b");
  EXPECT_EQ(one.size(), 64U);
  EXPECT_THAT(one, StartsWith(std::string(53, 'x') + "_"));
  EXPECT_NE(one, other);
  const auto second = shown("erp/" + exact + "a", {{"crm/" + exact + "a", one}});
  EXPECT_EQ(second.size(), 64U);
  EXPECT_THAT(second, StartsWith("erp__xxx"));
  const auto far = shown(std::string(63, 'd') + "/" + std::string(128, 'y'),
                         {{"a/b", shown("z/" + std::string(128, 'y'))}});
  EXPECT_THAT(far, StartsWith(std::string(24, 'd') + "__yyy"));
  EXPECT_EQ(far.size(), 64U);
}

TEST(ToolNames, AreGrantedLegalUniqueAndStableInAnyOrderOfThings) {
  std::mt19937 random(20251125);  // the seed of a failure is the round below
  const std::vector<std::string> destinations = {"a", "erp", "erp-2", std::string(63, 'd'),
                                                 std::string(63, 'd') + "x"};
  const std::vector<std::string> stems = {"pay",
                                          "PAY",
                                          "p.ay",
                                          "p/ay",
                                          "p_ay",
                                          "erp__pay",
                                          "a__pay",
                                          "erp//pay",
                                          "pay_2",
                                          "erp__pay_2",
                                          std::string(63, 'n'),
                                          std::string(127, 'n'),
                                          std::string(127, '/')};
  for (int round = 0; round < 300; ++round) {
    std::vector<ShownTool> ever;
    std::map<std::string, std::string> of_tool;
    std::set<std::string> names;
    for (int step = 0; step < 60; ++step) {
      auto name = stems[random() % stems.size()];
      if (random() % 3 == 0 && name.size() < 128) name += static_cast<char>('a' + (random() % 3));
      const auto tool = destinations[random() % destinations.size()] + "/" + name;
      const auto given = shown_name(tool, ever);
      EXPECT_TRUE(is_shown_name(given)) << round << ": " << given;
      if (const auto known = of_tool.find(tool); known != of_tool.end()) {
        EXPECT_EQ(given, known->second) << round;
        continue;
      }
      auto folded = given;
      for (auto& c : folded) c = static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
      EXPECT_TRUE(names.insert(folded).second) << round << ": " << given << " twice";
      // What looks like a destination's is that destination's.
      if (const auto joint = given.find("__"); joint != std::string::npos && given.find('_') == joint &&
                                               std::isalpha(static_cast<unsigned char>(given.front())) != 0)
        EXPECT_THAT(tool, StartsWith(given.substr(0, std::min<std::size_t>(joint, 24)))) << round;
      of_tool.emplace(tool, given);
      ever.push_back({tool, given});
      std::ranges::shuffle(ever, random);  // the order says nothing
    }
  }
}

std::vector<std::string> adopted(const std::vector<OlderGrant>& grants,
                                 const std::vector<std::string>& destinations = {"crm", "erp", "fs"}) {
  std::vector<std::string> names;
  for (const auto& one : adopt_names(grants, destinations))
    names.push_back(one.former.empty() ? one.name : one.name + " was " + one.former);
  return names;
}

TEST(AdoptedNames, AreThoseThatWereShown) {
  using Names = std::vector<std::string>;
  EXPECT_EQ(adopted({{"crm/read", true}, {"erp/pay", true}}), (Names{"read", "pay"}));
  // Both were listed with their destination; the first had been listed by itself before.
  EXPECT_EQ(adopted({{"crm/pay", true}, {"erp/pay", true}}), (Names{"pay", "erp__pay"}));
  // The first was revoked, and the second has its name since.
  EXPECT_EQ(adopted({{"crm/pay", false}, {"erp/pay", true}}), (Names{"crm__pay", "pay"}));
  EXPECT_EQ(adopted({{"crm/pay", false}, {"crm/pay", true}}), (Names{"pay", "pay"}));
  EXPECT_EQ(adopted({{"fs/files.read", true}, {"fs/files_read", true}}),
            (Names{"fs__files_read was files.read", "files_read"}));
  EXPECT_EQ(adopted({{"crm/get__it", true}}), (Names{"get__it"}));
  // Was listed under a name that claims to be another's.
  EXPECT_EQ(adopted({{"crm/erp__pay", true}}), (Names{"crm__erp__pay"}));
  EXPECT_EQ(adopted({{"crm/erp/pay", true}}), (Names{"erp_pay"}));
  EXPECT_EQ(adopted({{"crm/Pay", true}, {"erp/pay", true}}), (Names{"Pay", "erp__pay was pay"}));
}

}  // namespace
}  // namespace remit::identity
