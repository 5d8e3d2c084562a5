// Decisions of any Cedar policies over given entities, on this machine: what is decided, and why.

#include <fmt/format.h>

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>

#include "admin/views.h"
#include "cli/cedar_files.h"
#include "cli/commands.h"
#include "cli/explanation.h"
#include "cli/files.h"
#include "cli/output.h"

namespace remit::cli {
namespace {

namespace json = boost::json;

constexpr std::size_t kNearest = 3;

// All that is asked, read and checked.
struct Question {
  cedar::PolicySet policies;
  cedar::Entities entities;
  cedar::PartialRequest request;
};

Result<Question> read(const PolicyDecisionOptions& options) {
  Question question;
  ASSIGN_OR_RETURN(const auto text, read_file(options.policies));
  ASSIGN_OR_RETURN(question.policies, parse_policies(text, options.policies));
  if (!options.links.empty()) {
    cedar::PolicySetBuilder builder(question.policies);
    ASSIGN_OR_RETURN(const auto links, read_file(options.links));
    if (const auto linked = builder.link_json(links); !linked)
      return refused("RMT-P006", linked.error(), options.links);
    question.policies = std::move(builder).build();
  }

  std::optional<cedar::Schema> schema;
  if (!options.schema.empty()) {
    ASSIGN_OR_RETURN(const auto schema_text, read_file(options.schema));
    ASSIGN_OR_RETURN(schema, parse_schema(schema_text, options.schema));
  }
  ASSIGN_OR_RETURN(const auto entities_text, read_file(options.entities));
  auto entities = schema ? cedar::Entities::parse_json(entities_text, *schema)
                         : cedar::Entities::parse_json(entities_text);
  if (!entities) return refused("RMT-P006", entities.error(), options.entities);
  question.entities = std::move(*entities);

  ASSIGN_OR_RETURN(const auto request_text, read_file(options.request));
  auto request = schema ? cedar::PartialRequest::parse_json(request_text, *schema)
                        : cedar::PartialRequest::parse_json(request_text);
  if (!request) return refused("RMT-P006", request.error(), options.request);
  question.request = std::move(*request);
  if (schema) {
    if (const auto valid = cedar::validate(question.request, *schema); !valid)
      return refused("RMT-P006", valid.error(), options.request);
  }
  return question;
}

std::string name_of(const cedar::Policy& policy) { return std::string(policy.name()); }

std::string_view to_string(cedar::Effect effect) {
  return effect == cedar::Effect::kPermit ? "permit" : "forbid";
}

json::object view(const cedar::Policy& policy) {
  return {{"policy", name_of(policy)},
          {"effect", to_string(policy.effect())},
          {"line", policy.position().line},
          {"column", policy.position().column}};
}

json::array view(const std::vector<const cedar::Policy*>& policies) {
  json::array all;
  for (const auto* policy : policies) all.push_back(view(*policy));
  return all;
}

json::array view(std::span<const cedar::PolicyError> errors) {
  json::array all;
  for (const auto& error : errors)
    all.push_back(json::object{{"policy", name_of(*error.policy)},
                               {"line", error.position.line},
                               {"column", error.position.column},
                               {"message", error.message}});
  return all;
}

json::array view(std::span<const cedar::Residual> residuals) {
  json::array all;
  for (const auto& residual : residuals)
    all.push_back(json::object{{"policy", name_of(*residual.policy)},
                               {"effect", to_string(residual.policy->effect())},
                               {"condition", residual.condition()},
                               {"may_hold", residual.may_hold},
                               {"may_err", residual.may_err}});
  return all;
}

std::string_view decision_text(std::optional<cedar::Decision> decision) {
  if (!decision) return "undecided";
  return *decision == cedar::Decision::kAllow ? "allow" : "deny";
}

int exit_of(std::optional<cedar::Decision> decision) {
  if (!decision) return kFindings;
  return *decision == cedar::Decision::kAllow ? kOk : kRefused;
}

// What was decided, for both commands.
struct Answer {
  std::optional<cedar::Decision> decision;
  json::object body;
};

Answer answer_of(const Question& question) {
  Answer answer;
  if (const auto request = question.request.complete()) {
    const auto response = cedar::authorize(*request, question.policies, question.entities);
    answer.decision = response.decision;
    answer.body = {{"determining", view(response.determining)}, {"errors", view(response.errors)}};
  } else {
    const auto response = cedar::partial_authorize(question.request, question.policies, question.entities);
    answer.decision = response.decision();
    const auto satisfied = response.satisfied();
    answer.body = {{"satisfied", view(std::vector(satisfied.begin(), satisfied.end()))},
                   {"errors", view(response.errors())},
                   {"residuals", view(response.residuals())}};
  }
  answer.body["decision"] = decision_text(answer.decision);
  return answer;
}

void print(const Answer& answer) {
  fmt::print("{}\n", decision_text(answer.decision));
  const auto policies = [&](std::string_view member) {
    const auto* found = answer.body.if_contains(member);
    if (found == nullptr) return;
    for (const auto& one : found->get_array())
      fmt::print("  {} {}  ({}:{})\n", cell(&one.at("effect")), cell(&one.at("policy")),
                 cell(&one.at("line")), cell(&one.at("column")));
  };
  policies("determining");
  policies("satisfied");
  for (const auto& error : answer.body.at("errors").get_array())
    fmt::print("  {} erred and is skipped: {}  ({}:{})\n", cell(&error.at("policy")),
               cell(&error.at("message")), cell(&error.at("line")), cell(&error.at("column")));
  if (const auto* residuals = answer.body.if_contains("residuals")) {
    for (const auto& one : residuals->get_array())
      fmt::print("  {} {} {}: {}\n", cell(&one.at("effect")), cell(&one.at("policy")),
                 one.at("may_hold").get_bool() ? "depends on" : "can only err", cell(&one.at("condition")));
  }
}

// The policies that made the decision what it is, or may: all that are not plainly out of the question.
std::vector<cedar::Explanation> explanations(const Question& question) {
  const auto response = cedar::partial_authorize(question.request, question.policies, question.entities);
  std::vector<cedar::Explanation> all;
  const auto add = [&](const cedar::Policy& policy) {
    all.push_back(cedar::explain(policy, question.request, question.entities));
  };
  for (const auto* policy : response.satisfied()) add(*policy);
  for (const auto& error : response.errors()) add(*error.policy);
  for (const auto& residual : response.residuals()) add(*residual.policy);
  return all;
}

}  // namespace

Result<int> authorize_offline(const Context& context, const PolicyDecisionOptions& options) {
  ASSIGN_OR_RETURN(const auto question, read(options));
  const auto answer = answer_of(question);
  if (context.format == Format::kJson)
    print_json(answer.body);
  else
    print(answer);
  return exit_of(answer.decision);
}

Result<int> explain_offline(const Context& context, const PolicyDecisionOptions& options) {
  ASSIGN_OR_RETURN(const auto question, read(options));
  auto answer = answer_of(question);
  const auto involved = explanations(question);
  const auto nearest =
      answer.decision == cedar::Decision::kAllow
          ? std::vector<cedar::Explanation>()
          : cedar::nearest_permits(question.request, question.policies, question.entities, kNearest);
  json::array policies;
  for (const auto& one : involved) policies.push_back(admin::view(one));
  json::array permits;
  for (const auto& one : nearest) permits.push_back(admin::view(one));
  if (context.format == Format::kJson) {
    answer.body["policies"] = std::move(policies);
    answer.body["nearest_permits"] = std::move(permits);
    print_json(answer.body);
    return exit_of(answer.decision);
  }
  print(answer);
  for (const auto& one : policies) {
    fmt::print("\n");
    print_explanation(one);
  }
  if (!permits.empty()) fmt::print("\nNearest permits:\n");
  for (const auto& one : permits) print_explanation(one);
  return exit_of(answer.decision);
}

}  // namespace remit::cli
