// Policies put in force, as a person does it: a data folder, files, what is printed.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdio>

#include "base/canonical_json.h"
#include "cli/client.h"
#include "cli/commands.h"
#include "cli/testing.h"

namespace remit::cli {
namespace {

namespace json = boost::json;
using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

constexpr std::string_view kOpen = "@id(\"open\")\npermit (principal, action, resource);\n";
constexpr std::string_view kShut =
    "@id(\"open\")\npermit (principal, action, resource);\n"
    "@id(\"shut\")\nforbid (principal, action, resource);\n";
constexpr std::string_view kMisspeltForbid =
    "permit (principal, action, resource);\n"
    "forbid (principal, action, resource == Remit::Destination::\"sandbox/erb\");\n";

class PolicyPublication : public CommandsTest {
 protected:
  PolicyPublication() {
    EXPECT_NE(std::freopen("/dev/null", "r", stdin), nullptr);  // nobody can be asked
    EXPECT_TRUE(run(init).result);
    EXPECT_TRUE(run(add_human, std::string("ana")).result);
    EXPECT_TRUE(Client::open(context_)->post("/v1/destinations", {{"environment", "sandbox"},
                                                                  {"name", "erp"},
                                                                  {"url", "https://erp.test/mcp"},
                                                                  {"data_class", "internal"},
                                                                  {"owner", "ana"}}));
  }

  Printed publish(const std::string& file, bool yes = true, bool allow_unknown = false) {
    return run(publish_policies, PolicyOptions{.files = {file},
                                               .environment = "sandbox",
                                               .by = "ana",
                                               .allow_unknown = allow_unknown,
                                               .yes = yes});
  }
  std::string in_force() {
    return std::string(Client::open(context_)->get("/v1/policies/sandbox")->at("text").as_string());
  }
};

TEST_F(PolicyPublication, RefusesAMisspeltNameInTheUsersOwnFile) {
  const auto refused = publish(file("mine.cedar", kMisspeltForbid));
  EXPECT_EQ(refused.code(), "RMT-P008");
  EXPECT_THAT(refused.err, AllOf(HasSubstr("mine.cedar:2:"), HasSubstr("no such destination `sandbox/erb`"),
                                 HasSubstr("did you mean `sandbox/erp`?")));
  EXPECT_THAT(in_force(), Not(HasSubstr("erb")));
  const auto allowed = publish(file("mine.cedar", kMisspeltForbid), true, true);
  EXPECT_EQ(allowed.code(), "");
  EXPECT_THAT(allowed.err, HasSubstr("warning: no such destination"));
}

TEST_F(PolicyPublication, ShowsWhatItChangesBeforeItDoes) {
  ASSERT_EQ(publish(file("open.cedar", kOpen)).code(), "");
  const auto published = publish(file("shut.cedar", kShut));
  EXPECT_EQ(published.code(), "");
  EXPECT_THAT(published.out,
              AllOf(HasSubstr("+ @id(\"shut\")"), HasSubstr("+ forbid (principal, action, resource);"),
                    HasSubstr("  permit (principal, action, resource);"),
                    HasSubstr("stays as it is (0 granted tools compared)"),
                    HasSubstr("shut.cedar is in force in sandbox")));
  EXPECT_EQ(in_force(), kShut);
  EXPECT_THAT(publish(file("shut.cedar", kShut)).out, HasSubstr("The text is the same"));
}

TEST_F(PolicyPublication, PublishesNothingWhereNobodyCanBeAskedAndNoYesIsGiven) {
  const auto before = in_force();
  const auto shown = publish(file("open.cedar", kOpen), false);
  EXPECT_EQ(shown.code(), "RMT-P012");
  EXPECT_THAT(shown.result.error().fix, HasSubstr("--yes"));
  EXPECT_THAT(shown.out, HasSubstr("+ @id(\"open\")")) << "what it would change is shown all the same";
  EXPECT_EQ(in_force(), before);
}

TEST_F(PolicyPublication, TakesJsonAndRefusesAnEmptyFile) {
  const auto published = publish(
      file("open.json",
           R"({"effect":"permit","principal":{"op":"All"},"action":{"op":"All"},"resource":{"op":"All"},
                       "conditions":[],"annotations":{"id":"from-json"}})"));
  EXPECT_EQ(published.code(), "");
  EXPECT_THAT(in_force(), HasSubstr("@id(\"from-json\")"));
  const auto empty = publish(file("empty.cedar", " \n"));
  EXPECT_EQ(empty.code(), "RMT-P008");
  EXPECT_THAT(empty.result.error().message, HasSubstr("empty.cedar is empty"));
}

TEST_F(PolicyPublication, HasAHistoryThatCanBeShownAndRolledBackTo) {
  ASSERT_EQ(publish(file("open.cedar", kOpen)).code(), "");
  ASSERT_EQ(publish(file("shut.cedar", kShut)).code(), "");
  const PolicyOptions sandbox{.environment = "sandbox"};
  context_.format = Format::kJson;
  const auto history = parse_json(run(list_published, sandbox).out)->at("items").as_array();
  context_.format = Format::kTable;
  ASSERT_EQ(history.size(), 3U);
  EXPECT_EQ(history[0].at("number"), 2);
  EXPECT_EQ(history[0].at("in_force"), true);
  EXPECT_EQ(history[1].at("published_by"), "ana");
  EXPECT_EQ(history[2].at("id"), "pol_baseline");
  EXPECT_THAT(run(list_published, sandbox).out, AllOf(HasSubstr("NUMBER"), HasSubstr("pol_baseline")));

  const auto show = [&](const std::string& which) {
    return run(show_policies, PolicyOptions{.environment = "sandbox", .which = which});
  };
  EXPECT_EQ(show("1").out, kOpen);
  EXPECT_EQ(show("").out, kShut);
  EXPECT_EQ(show("7").code(), "RMT-P009");

  const auto back = [&](const std::string& which) {
    return run(roll_back_policies,
               PolicyOptions{.environment = "sandbox", .by = "ana", .which = which, .yes = true});
  };
  const auto done = back("1");
  EXPECT_EQ(done.code(), "");
  EXPECT_THAT(done.out, HasSubstr("- @id(\"shut\")"));
  EXPECT_EQ(in_force(), kOpen);
  EXPECT_EQ(back("0").code(), "");
  EXPECT_THAT(in_force(), HasSubstr("baseline-granted"));
}

TEST_F(PolicyPublication, RunsCasesAndSaysWhichFail) {
  const auto cases = file("cases.json", R"({"cases":[{"agent":"nobody","tool":"erp/pay","expect":"deny"}]})");
  const auto failed = run(test_policies, PolicyOptions{.files = {cases}, .environment = "sandbox"});
  EXPECT_EQ(failed.result.value(), 9);
  EXPECT_THAT(failed.out, AllOf(HasSubstr("FAILED"), HasSubstr("there is no agent `nobody` in sandbox"),
                                HasSubstr("0 passed, 1 failed")));
  for (const auto& [text, told] :
       {std::pair{"{", "JSON"}, std::pair{R"({"cases":[]})", "no cases"},
        std::pair{R"([])", R"({"cases": […]})"},
        std::pair{R"({"cases":[{"agent":"a","tool":"t","expect":"x"}]})", "case 1"}}) {
    const auto refused =
        run(test_policies, PolicyOptions{.files = {file("bad.json", text)}, .environment = "sandbox"});
    EXPECT_EQ(refused.code(), "RMT-P013") << text;
    EXPECT_THAT(refused.result.error().message, AllOf(HasSubstr("bad.json"), HasSubstr(told)));
  }
}

}  // namespace
}  // namespace remit::cli
