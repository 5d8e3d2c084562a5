#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <boost/json/parse.hpp>
#include <filesystem>
#include <fstream>
#include <sstream>

#include "cli/commands.h"
#include "store/temp_folder.h"

namespace remit::cli {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;

const std::string kUnformatted = "// why\npermit(principal,action,resource)when{principal==resource};";
const std::string kFormatted =
    "// why\npermit (principal, action, resource)\nwhen { principal == resource };\n";

class PolicyText : public testing::Test {
 protected:
  std::string file(const std::string& name, std::string_view text) const {
    std::ofstream(folder_.path() / name, std::ios::binary) << text;
    return (folder_.path() / name).string();
  }
  static std::string content(const std::string& file) {
    std::ostringstream read;
    read << std::ifstream(file, std::ios::binary).rdbuf();
    return std::move(read).str();
  }

  // What a command answers, and in `printed` what it prints.
  Result<int> run(Result<int> (*command)(const Context&, const PolicyTextOptions&),
                  const PolicyTextOptions& options) {
    testing::internal::CaptureStdout();
    auto answer = command(Context{}, options);
    printed = testing::internal::GetCapturedStdout();
    return answer;
  }

  store::TempFolder folder_;
  std::string printed;
};

TEST_F(PolicyText, IsPrintedLaidOut) {
  const auto name = file("a.cedar", kUnformatted);
  EXPECT_EQ(run(format_policies, {.files = {name}}).value(), 0);
  EXPECT_EQ(printed, kFormatted);
  EXPECT_EQ(content(name), kUnformatted);
}

TEST_F(PolicyText, CheckListsTheFilesThatDifferAndExitsWithOne) {
  const auto bad = file("bad.cedar", kUnformatted);
  const auto good = file("good.cedar", kFormatted);
  EXPECT_EQ(run(format_policies, {.files = {good, bad}, .check = true}).value(), 9);
  EXPECT_EQ(printed, bad + "\n");
  EXPECT_EQ(run(format_policies, {.files = {good}, .check = true}).value(), 0);
  EXPECT_EQ(printed, "");
}

TEST_F(PolicyText, WriteReplacesAFileAndKeepsItsPermissionsAndItsLink) {
  const auto name = file("a.cedar", kUnformatted);
  fs::permissions(name, fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
  fs::create_symlink(name, folder_ / "link.cedar");
  EXPECT_EQ(run(format_policies, {.files = {(folder_ / "link.cedar").string()}, .write = true}).value(), 0);
  EXPECT_EQ(content(name), kFormatted);
  EXPECT_EQ(fs::status(name).permissions(),
            fs::perms::owner_read | fs::perms::owner_write | fs::perms::group_read);
  EXPECT_TRUE(fs::is_symlink(folder_ / "link.cedar"));
  EXPECT_EQ(std::distance(fs::directory_iterator(folder_.path()), fs::directory_iterator()), 2)
      << "nothing is left over";
}

TEST_F(PolicyText, WhatDoesNotParseIsToldWithItsPlaceAndLeftAsItIs) {
  const auto bad = file("bad.cedar", "permit(principal, action, resource) when { principle };");
  const auto good = file("good.cedar", kUnformatted);
  const auto answer = run(format_policies, {.files = {bad, good}, .write = true});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().kind, ErrorKind::kInvalid);
  EXPECT_THAT(answer.error().message, HasSubstr("bad.cedar:1:44"));
  EXPECT_THAT(answer.error().message, HasSubstr("did you mean `principal`?"));
  EXPECT_EQ(content(good), kFormatted) << "the others are looked at all the same";
}

TEST_F(PolicyText, PoliciesGoToJsonAndBack) {
  const auto name = file("a.cedar", kUnformatted + "forbid(principal==?principal,action,resource);");
  ASSERT_EQ(run(convert_policies, {.files = {name}}).value(), 0);
  const auto json = boost::json::parse(printed);
  EXPECT_EQ(json.at("staticPolicies").as_object().size(), 1U);
  EXPECT_EQ(json.at("templates").at("policy1").at("effect"), "forbid");
  EXPECT_EQ(printed.substr(0, 24), "{\n  \"staticPolicies\": {\n");

  ASSERT_EQ(run(convert_policies, {.files = {file("a.json", printed)}}).value(), 0);
  EXPECT_EQ(printed,
            "// template \"policy1\"\nforbid (\n  principal == ?principal,\n  action,\n  resource\n);\n\n"
            "// policy \"policy0\"\npermit (principal, action, resource)\nwhen { principal == resource };\n");
}

TEST_F(PolicyText, LinksBecomeTheStaticPoliciesThatTheyStandFor) {
  const std::string policy =
      R"({"effect":"permit","principal":{"op":"==","slot":"?principal"},"action":{"op":"All"},"resource":{"op":"All"},"conditions":[]})";
  const auto name = file("set", R"({"templates":{"t":)" + policy +
                                    R"(},"templateLinks":[{"templateId":"t","newId":"l\n1","values":)"
                                    R"({"?principal":{"type":"U","id":"a"}}}]})");
  ASSERT_EQ(run(convert_policies, {.files = {name}}).value(), 0);
  EXPECT_THAT(printed,
              HasSubstr("// policy \"l\\n1\", a link of template \"t\"\npermit (\n  principal == U::\"a\","));

  ASSERT_EQ(run(convert_policies, {.files = {file("one.json", policy)}}).value(), 0) << "one policy, no set";
  EXPECT_THAT(printed, HasSubstr("// template \"policy0\"\n"));
}

TEST_F(PolicyText, BadJsonIsToldByItsPointer) {
  const auto answer =
      run(convert_policies, {.files = {file("a.json", R"({"staticPolicies":{"a":{"efect":1}}})")}});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, "RMT-P001");
  EXPECT_THAT(answer.error().message, HasSubstr("/staticPolicies/a/efect: a policy has no member `efect`"));
  EXPECT_EQ(answer.error().fix, "did you mean `effect`?");
}

TEST_F(PolicyText, SchemasGoToJsonAndBack) {
  const auto name =
      file("a.cedarschema", "entity User; action view appliesTo { principal: User, resource: User };");
  ASSERT_EQ(run(convert_policies, {.files = {name}}).value(), 0);
  EXPECT_TRUE(boost::json::parse(printed).at("").at("entityTypes").as_object().contains("User"));
  ASSERT_EQ(run(convert_policies, {.files = {file("a.json", printed)}, .schema = true}).value(), 0);
  EXPECT_THAT(printed, HasSubstr("entity User;"));
  const auto answer = run(convert_policies, {.files = {file("bad.cedarschema", "entity;")}});
  ASSERT_FALSE(answer.has_value());
  EXPECT_EQ(answer.error().code, "RMT-P007");
}

}  // namespace
}  // namespace remit::cli
