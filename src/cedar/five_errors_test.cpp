// Of a file with five errors all five are reported, each with its line and column and how to mend it.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string_view>
#include <utility>
#include <vector>

#include "cedar/cedar.h"

namespace cedar {
namespace {

using Places = std::vector<std::pair<std::uint32_t, std::uint32_t>>;

void expect_five(const Diagnostics& diagnostics, std::string_view text, const Places& places) {
  Places found;
  for (const Diagnostic& one : diagnostics) {
    found.emplace_back(one.start.line, one.start.column);
    EXPECT_FALSE(one.message.empty());
    EXPECT_FALSE(one.help.empty()) << one.message;
    EXPECT_THAT(render(one, text, "a.cedar"), testing::HasSubstr("= help: " + one.help));
  }
  EXPECT_EQ(found, places) << [&] {
    std::string all;
    for (const Diagnostic& one : diagnostics) all += render(one, text, "file");
    return all;
  }();
}

TEST(FiveErrors, OfAPolicyFileAreAllReported) {
  constexpr std::string_view kText =
      "permit(principal, action, resource) when { principle.age > 1 };\n"
      "permti(principal, action, resource);\n"
      "@id(\"fine\") forbid(principal, action, resource);\n"
      "permit(principal == ?resource, action, resource);\n"
      "permit(principal, action, resource)\n"
      "  when { context.tags.contians(\"a\") };\n"
      "permit(principal, action, resource) when { 1 = 2 };\n";
  const auto parsed = PolicySet::parse(kText);
  ASSERT_FALSE(parsed.has_value());
  expect_five(parsed.error(), kText, {{1, 44}, {2, 1}, {4, 21}, {6, 23}, {7, 46}});
}

// What a text means is asked only when it can be read: else what could not be read would be missed all over
// it.
TEST(FiveErrors, OfASchemaAreAllReported) {
  constexpr std::string_view kText =
      "entity User in [Gruop] { age: Lnog };\n"
      "entity Group;\n"
      "type Long = String;\n"
      "action view in [raed] appliesTo { principal: Usr, resource: Group };\n"
      "action read;\n";
  const auto parsed = Schema::parse(kText);
  ASSERT_FALSE(parsed.has_value());
  expect_five(parsed.error(), kText, {{1, 17}, {1, 31}, {3, 6}, {4, 17}, {4, 46}});
}

TEST(FiveErrors, OfASchemaThatCannotBeReadAreAllReported) {
  constexpr std::string_view kText =
      "entiy User;\n"
      "entity Group { name: String, };\n"
      "action view apliesTo { principal: User, resource: Group };\n"
      "entity if;\n"
      "action edit appliesTo { principle: User, resource: Group };\n"
      "type T Long;\n"
      "entity Last;\n";
  const auto parsed = Schema::parse(kText);
  ASSERT_FALSE(parsed.has_value());
  expect_five(parsed.error(), kText, {{1, 1}, {3, 13}, {4, 8}, {5, 25}, {6, 8}});
}

TEST(FiveErrors, OfASchemaInJsonAreAllReported) {
  constexpr std::string_view kText = R"({"": {
  "entityTypes": {
    "User": {"memberOfTypes": ["Gruop"], "shape": {"type": "Record", "attributes": {"age": {"type": "Lnog"}}}},
    "Group": {"memberOfTypes": ["Usr"]}
  },
  "actions": {
    "view": {"memberOf": [{"id": "raed"}], "appliesTo": {"principalTypes": ["User"], "resourceTypes": ["Gorup"]}},
    "read": {}
  }
}})";
  const auto parsed = Schema::parse_json(kText);
  ASSERT_FALSE(parsed.has_value());
  expect_five(parsed.error(), kText, {{3, 32}, {3, 101}, {4, 33}, {7, 14}, {7, 104}});
}

TEST(FiveErrors, OfASchemaInJsonThatCannotBeReadAreAllReported) {
  constexpr std::string_view kText = R"({"": {
  "entityTypes": {
    "User": {"memberOfTypse": []},
    "Group": {"shape": {"type": "Record", "atributes": {}}},
    "Gro up": {}
  },
  "actions": {
    "view": {"memberof": []},
    "edit": {"appliesTo": {"principleTypes": [], "resourceTypes": []}}
  }
}})";
  const auto parsed = Schema::parse_json(kText);
  ASSERT_FALSE(parsed.has_value());
  expect_five(parsed.error(), kText, {{3, 14}, {4, 43}, {5, 5}, {8, 14}, {9, 28}});
}

}  // namespace
}  // namespace cedar
