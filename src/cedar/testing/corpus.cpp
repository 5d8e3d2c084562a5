#include "cedar/testing/corpus.h"

#include <algorithm>
#include <boost/json/array.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/value_to.hpp>
#include <fstream>
#include <optional>
#include <set>
#include <sstream>
#include <vector>

#include "cedar/authorize.h"
#include "cedar/schema.h"

namespace cedar {
namespace {

namespace fs = std::filesystem;
namespace json = boost::json;
using Ids = std::set<std::string>;

std::optional<std::string> read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  if (!file) return std::nullopt;
  std::ostringstream content;
  content << file.rdbuf();
  return std::move(content).str();
}

std::string text(const json::value& value) { return json::value_to<std::string>(value); }

EntityUid uid(const json::value& value) { return {text(value.at("type")), text(value.at("id"))}; }

Ids ids(const json::value& list) {
  Ids found;
  for (const json::value& id : list.as_array()) found.insert(text(id));
  return found;
}

std::string joined(const Ids& ids) {
  std::string out;
  for (const std::string& id : ids) out += (out.empty() ? "" : " ") + id;
  return "[" + out + "]";
}

// The folder that the paths of a case are relative to.
fs::path root_of(const fs::path& test, const std::string& policies) {
  for (fs::path folder = test.parent_path();; folder = folder.parent_path()) {
    if (fs::exists(folder / policies) || folder == folder.parent_path()) return folder;
  }
}

// What differs, empty when nothing does.
std::string difference(const json::value& expected, const Response& response) {
  Ids reasons;
  Ids errors;
  std::string messages;
  for (const Policy* policy : response.determining) reasons.emplace(policy->id());
  for (const PolicyError& error : response.errors) {
    errors.emplace(error.policy->id());
    messages += " (" + std::string(error.policy->id()) + ": " + error.message + ")";
  }
  const std::string decision = response.decision == Decision::kAllow ? "allow" : "deny";
  std::string out;
  if (decision != text(expected.at("decision"))) {
    out += "\n  decision: expected " + text(expected.at("decision")) + ", got " + decision;
  }
  if (reasons != ids(expected.at("reason"))) {
    out += "\n  reason: expected " + joined(ids(expected.at("reason"))) + ", got " + joined(reasons);
  }
  if (errors != ids(expected.at("errors"))) {
    out +=
        "\n  errors: expected " + joined(ids(expected.at("errors"))) + ", got " + joined(errors) + messages;
  }
  return out;
}

class Case {
 public:
  Case(const fs::path& path, const json::value& test) : name_(path.string()), test_(test) {
    const fs::path root = root_of(fs::absolute(path), text(test.at("policies")));
    const auto policy_text = read(root / text(test.at("policies")));
    const auto entity_text = read(root / text(test.at("entities")));
    const fs::path schema_path = root / text(test.at("schema"));
    const auto schema_text = read(schema_path);
    if (!policy_text || !entity_text || !schema_text) {
      problem_ = "the policies, the entities or the schema cannot be read";
      return;
    }
    auto policies = PolicySet::parse(*policy_text);
    if (!policies) problem_ = render(policies.error().front(), *policy_text, text(test.at("policies")));
    auto schema =
        schema_path.extension() == ".json" ? Schema::parse_json(*schema_text) : Schema::parse(*schema_text);
    if (!schema) problem_ += render(schema.error().front(), *schema_text, text(test.at("schema")));
    if (!problem_.empty()) return;
    policies_ = *std::move(policies);
    schema_ = *std::move(schema);
    auto entities = Entities::parse_json(*entity_text, schema_);
    if (!entities) {
      problem_ += "entities: " + entities.error().pointer + ": " + entities.error().message;
      return;
    }
    entities_ = *std::move(entities);
  }

  void run(CorpusResult& result, const std::function<void(const std::string&)>& report) const {
    if (test_.get_object().contains("shouldValidate"))
      count(result, report, " validation", problem_.empty() ? validation() : "\n  " + problem_);
    std::size_t number = 0;
    for (const json::value& request : test_.at("requests").as_array()) {
      count(result, report, " request " + std::to_string(number),
            problem_.empty() ? run_one(request) : "\n  " + problem_);
      ++number;
    }
  }

 private:
  void count(CorpusResult& result, const std::function<void(const std::string&)>& report,
             const std::string& what, const std::string& problem) const {
    if (problem.empty()) {
      ++result.passed;
      return;
    }
    ++result.failed;
    report(name_ + what + problem);
  }

  std::string validation() const {
    const ValidationReport report = validate(policies_, schema_);
    const bool expected = test_.at("shouldValidate").as_bool();
    if (report.passed() == expected) return "";
    if (!expected) return "\n  expected to be refused, and nothing was found";
    std::string out;
    for (const Finding& finding : report.findings) {
      if (finding.is_error())
        out += "\n  " + finding.policy + ": " + finding.diagnostic.message + " (" + finding.diagnostic.help +
               ")";
    }
    return out;
  }

  std::string run_one(const json::value& request) const {
    const EntityUid action = uid(request.at("action"));
    const auto context = Context::from_json(request.at("context").as_object(), schema_, action);
    if (!context) return "\n  context: " + context.error().pointer + ": " + context.error().message;
    const Request asked{uid(request.at("principal")), action, uid(request.at("resource")), *context};
    const json::value* checked = request.get_object().if_contains("validateRequest");
    if (checked == nullptr || checked->as_bool()) {
      const auto valid = validate(asked, schema_);
      if (!valid)
        return "\n  the request is refused: " + valid.error().pointer + ": " + valid.error().message;
    }
    return difference(request, authorize(asked, policies_, entities_));
  }

  std::string name_;
  const json::value& test_;
  std::string problem_;
  PolicySet policies_;
  Schema schema_;
  Entities entities_;
};

}  // namespace

CorpusResult run_corpus(const fs::path& folder, const std::function<void(const std::string&)>& report) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::recursive_directory_iterator(folder)) {
    if (entry.path().extension() == ".json") files.push_back(entry.path());
  }
  std::ranges::sort(files);
  CorpusResult result;
  for (const fs::path& file : files) {
    json::error_code error;
    const json::value test = json::parse(read(file).value_or(""), error);
    // Entities and schemas are JSON files too.
    if (error || !test.is_object() || !test.get_object().contains("requests")) continue;
    Case(file, test).run(result, report);
  }
  return result;
}

}  // namespace cedar
