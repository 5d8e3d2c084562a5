// cedar_verdicts SEED COUNT   writes COUNT lines {"question", "answer"}: schemas that are to be linked with
// policies for
//                             the whole, and what this engine says of them. `verdicts` asks the Rust crate
//                             the same.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/serialize.hpp>
#include <cstdlib>
#include <iostream>
#include <set>
#include <string>

#include "cedar/cedar.h"
#include "cedar/testing/generator.h"

namespace {

namespace json = boost::json;

json::array sorted(const std::set<std::string>& names) { return json::array(names.begin(), names.end()); }

json::object verdict(const cedar::PolicySet& policies, const cedar::Schema& schema,
                     std::optional<std::uint32_t> level) {
  std::set<std::string> wrong;
  std::set<std::string> inapplicable;
  const cedar::ValidationReport report = cedar::validate(policies, schema, {.level = level});
  for (const cedar::Finding& finding : report.findings) {
    if (finding.kind == cedar::FindingKind::kError && !finding.policy.empty()) wrong.insert(finding.policy);
    if (finding.kind == cedar::FindingKind::kInapplicableScope) inapplicable.insert(finding.policy);
  }
  return {{"passed", report.passed()}, {"wrong", sorted(wrong)}, {"inapplicable", sorted(inapplicable)}};
}

json::object answer(const cedar::testing::LinkedWorld& world) {
  json::object out;
  std::vector<cedar::Schema> schemas;
  json::array accepted;
  json::array complaints;
  for (const std::string& text : world.schemas) {
    const auto schema = cedar::Schema::parse(text);
    accepted.emplace_back(schema.has_value());
    if (schema) schemas.push_back(*schema);
    if (!schema) complaints.emplace_back(schema.error().front().message);
  }
  out["accepted"] = accepted;
  out["complaints"] = complaints;
  if (schemas.size() != world.schemas.size()) return out;
  const auto linked = cedar::Schema::link(schemas);
  if (!linked) {
    out["why"] = linked.error();
    return out;
  }
  std::set<std::string> types;
  for (const std::string& type : linked->external_entity_types()) types.insert(type);
  std::set<std::string> actions;
  for (const cedar::EntityUid& action : linked->external_actions()) actions.insert(cedar::to_string(action));
  out["externals"] = json::object{{"types", sorted(types)}, {"actions", sorted(actions)}};
  cedar::PolicySetBuilder builder;
  for (const auto& [id, text] : world.policies) {
    if (!builder.add(text, id)) continue;
  }
  const cedar::PolicySet policies = std::move(builder).build();
  json::array levels;
  levels.push_back(verdict(policies, *linked, {}));
  for (const std::uint32_t level : {0U, 1U, 2U}) levels.push_back(verdict(policies, *linked, level));
  out["levels"] = levels;
  return out;
}

}  // namespace

int main(int count, char** arguments) {
  if (count != 3) return 2;
  const std::uint64_t seed = std::strtoull(arguments[1], nullptr, 10);
  const std::uint64_t worlds = std::strtoull(arguments[2], nullptr, 10);
  for (std::uint64_t i = 0; i < worlds; ++i) {
    const cedar::testing::LinkedWorld world = cedar::testing::generate_linked((seed << 20U) + i);
    json::object policies;
    for (const auto& [id, text] : world.policies) {
      cedar::PolicySetBuilder builder;
      if (builder.add(text, id)) policies[id] = text;
    }
    // Every other world in JSON, as far as there is one.
    json::array schemas;
    for (const std::string& text : world.schemas) {
      const auto schema = cedar::Schema::parse(text);
      schemas.emplace_back(schema && i % 2 == 1 ? schema->to_json() : text);
    }
    const json::object question{{"schemas", schemas}, {"policies", policies}};
    std::cout << json::serialize(json::object{{"question", question}, {"answer", answer(world)}}) << "\n";
  }
}
