// differential generate SEED FIRST COUNT   writes generated worlds, one a line of JSON, each with this
// engine's answers differential answer                      reads worlds, one a line, and writes the answers
// to each; or
//                                          trees of policies, and writes what they are read as
//
// The other half is differential.mjs, which asks the reference implementation the same.

#include <boost/json/array.hpp>
#include <boost/json/object.hpp>
#include <boost/json/parse.hpp>
#include <boost/json/serialize.hpp>
#include <boost/json/value_to.hpp>
#include <charconv>
#include <iostream>
#include <optional>
#include <string>
#include <string_view>

#include "cedar/cedar.h"
#include "cedar/testing/generator.h"
#include "messages.h"

namespace {

namespace json = boost::json;
using cedar::testing::TextKind;
using differential::Messages;

std::string text_of(const json::value& value) { return json::value_to<std::string>(value); }
json::object object_of(const cedar::EntityUid& uid) { return {{"type", uid.type()}, {"id", uid.id()}}; }
cedar::EntityUid uid_of(const json::value& value) {
  return {text_of(value.at("type")), text_of(value.at("id"))};
}

json::object request_of(const cedar::testing::GeneratedRequest& request) {
  return {{"principal", object_of(request.principal)},
          {"action", object_of(request.action)},
          {"resource", object_of(request.resource)},
          {"context", request.context},
          {"typedContext", request.typed_context}};
}

// Entities and contexts stay texts: a number or a name that is there twice would not outlive a parsed value.
json::object to_json(const cedar::testing::World& world) {
  json::object policies;
  for (const auto& [id, text] : world.policies) policies[id] = text;
  json::object templates;
  for (const auto& [id, text] : world.templates) templates[id] = text;
  json::object trees;
  for (const auto& [id, text] : world.trees) trees[id] = text;
  json::array links;
  for (const auto& link : world.links) {
    json::object values;
    if (link.values.principal) values["?principal"] = object_of(*link.values.principal);
    if (link.values.resource) values["?resource"] = object_of(*link.values.resource);
    links.push_back({{"templateId", link.template_id}, {"newId", link.id}, {"values", values}});
  }
  json::array requests;
  for (const auto& request : world.requests) requests.push_back(request_of(request));
  return {
      {"schema", world.schema}, {"entities", world.entities},      {"typedEntities", world.typed_entities},
      {"policies", policies},   {"templates", templates},          {"links", links},
      {"requests", requests},   {"schemaJson", world.schema_json}, {"text", world.text},
      {"trees", trees}};
}

// Texts that are nearly of the language, in which the two must accept the same.
json::array mutated_texts(const cedar::testing::World& world, std::uint64_t seed) {
  using cedar::testing::mutate_characters, cedar::testing::mutate_tokens;
  json::array out;
  const auto add = [&](const char* kind, std::string text) {
    out.push_back({{"kind", kind}, {"text", std::move(text)}});
  };
  const auto damage = [&](const char* kind, TextKind syntax, std::string_view text, int count) {
    for (int i = 0; i < count; ++i) add(kind, mutate_tokens(text, syntax, ++seed));
    if (++seed % 2 == 0) add(kind, mutate_characters(text, seed));
  };
  for (const auto* policies : {&world.policies, &world.templates}) {
    for (const auto& [id, text] : *policies) {
      damage("policy", TextKind::kPolicies, text, 1);
      if (seed % 3 != 0) continue;
      cedar::PolicySetBuilder builder;
      if (!builder.add(text, id)) continue;
      const cedar::PolicySet one = std::move(builder).build();
      const std::string tree = (one.policies().empty() ? one.templates() : one.policies()).front().to_json();
      damage("policyJson", TextKind::kJson, tree, 2);
    }
  }
  add("policies", mutate_characters(world.text, ++seed));
  damage("schema", TextKind::kSchema, world.schema, 2);
  damage("schemaJson", TextKind::kJson, world.schema_json, 2);
  for (int i = 0; i < 3; ++i) add("schema", cedar::testing::wild_schema(++seed));
  for (int i = 0; i < 3; ++i) add("schemaJson", cedar::testing::wild_schema_json(++seed));
  damage("entities", TextKind::kJson, world.entities, 1);
  damage("entitiesWithSchema", TextKind::kJson, world.typed_entities, 2);
  return out;
}

// {"complaints"}: empty when it was accepted.
json::object answer_text(const std::string& kind, const std::string& text, const cedar::Schema& schema,
                         Messages& messages) {
  const auto say = [&](const auto& result) {
    return json::object{{"complaints", messages.of(result, text)}};
  };
  cedar::PolicySetBuilder builder;
  if (kind == "policy") return say(builder.add(text, "p"));
  if (kind == "policyJson") return say(builder.add_json(text, "p"));
  if (kind == "policies") return say(cedar::PolicySet::parse(text));
  if (kind == "schema") return say(cedar::Schema::parse(text));
  if (kind == "schemaJson") return say(cedar::Schema::parse_json(text));
  if (kind == "entities") return say(cedar::Entities::parse_json(text));
  return say(cedar::Entities::parse_json(text, schema));
}

json::object decide(const cedar::Request& request, const cedar::PolicySet& policies,
                    const cedar::Entities& entities, Messages& messages) {
  const cedar::Response response = cedar::authorize(request, policies, entities);
  json::array reason;
  json::array errors;
  for (const cedar::Policy* policy : response.determining) reason.emplace_back(policy->id());
  for (const cedar::PolicyError& error : response.errors) {
    messages.check(error.message);
    errors.emplace_back(error.policy->id());
  }
  return {{"decision", response.decision == cedar::Decision::kAllow ? "allow" : "deny"},
          {"reason", reason},
          {"errors", errors}};
}

// What can be said when principal or resource or both are not known.
json::object decide_partially(const cedar::Request& request, std::size_t index,
                              const cedar::PolicySet& policies, const cedar::Entities& entities) {
  cedar::PartialRequest partial = cedar::PartialRequest::of(request);
  if (index % 3 != 1) partial.principal = {};
  if (index % 3 != 0) partial.resource = {};
  const cedar::PartialResponse response = cedar::partial_authorize(partial, policies, entities);
  json::object out;
  json::array satisfied;
  for (const cedar::Policy* policy : response.satisfied()) satisfied.emplace_back(policy->id());
  json::array errors;
  for (const cedar::PolicyError& error : response.errors()) errors.emplace_back(error.policy->id());
  json::object residuals;
  for (const cedar::Residual& residual : response.residuals())
    residuals[residual.policy->id()] = residual.must_err   ? "errs"
                                       : residual.may_hold ? "open"
                                                           : "never holds";
  if (const auto decision = response.decision())
    out["decision"] = *decision == cedar::Decision::kAllow ? "allow" : "deny";
  out.insert({{"satisfied", satisfied}, {"errors", errors}, {"residuals", residuals}});
  return out;
}

json::object answer_request(const json::value& given, std::size_t index, const cedar::PolicySet& policies,
                            const cedar::Schema& schema, const std::optional<cedar::Entities>& entities,
                            const std::optional<cedar::Entities>& checked, Messages& messages) {
  const std::string text = text_of(given.at("context"));
  cedar::Request request{uid_of(given.at("principal")), uid_of(given.at("action")),
                         uid_of(given.at("resource"))};
  json::object out;
  const auto plain = cedar::Context::parse_json(text);
  out["contextComplaints"] = messages.of(plain, text);
  if (plain && entities) {
    request.context = *plain;
    out["plain"] = decide(request, policies, *entities, messages);
    out["partial"] = decide_partially(request, index, policies, *entities);
  }
  const std::string typed_text = text_of(given.at("typedContext"));
  const auto typed = cedar::Context::parse_json(typed_text, schema, request.action);
  out["typedContextComplaints"] = messages.of(typed, typed_text);
  if (!typed) return out;
  request.context = *typed;
  const auto valid = cedar::validate(request, schema);
  out["requestComplaints"] = messages.of(valid, typed_text);
  if (!valid) return out;
  // Without entities too, since what the request is told then does not depend on theirs.
  const auto none = cedar::Entities::parse_json("[]", schema);
  out["withoutEntities"] = decide(request, policies, *none, messages);
  if (checked) out["checked"] = decide(request, policies, *checked, messages);
  return out;
}

// A policy in every form that this engine writes.
json::object forms_of(const cedar::Policy& policy) {
  const cedar::FormatOptions narrow{.line_width = 20};
  const std::string source(policy.source());
  const auto formatted = source.size() % 2 == 0 ? cedar::format(source) : cedar::format(source, narrow);
  return {{"json", policy.to_json()}, {"text", policy.to_cedar()}, {"formatted", formatted.value_or("")}};
}

json::object forms_of(std::span<const cedar::Policy> policies) {
  json::object out;
  for (const cedar::Policy& policy : policies) {
    if (!policy.template_id()) out[policy.id()] = forms_of(policy);
  }
  return out;
}

// Many policies in one text.
json::object answer_whole(const std::string& text, Messages& messages) {
  const auto set = cedar::PolicySet::parse(text);
  json::object out{{"complaints", messages.of(set, text)}};
  if (!set) return out;
  for (const auto& [name, policies] :
       {std::pair{"policies", set->policies()}, {"templates", set->templates()}}) {
    json::object& printed = out.emplace(name, json::object()).first->value().as_object();
    for (const cedar::Policy& policy : policies) printed[policy.id()] = policy.to_cedar();
  }
  out["formatted"] = cedar::format(text).value_or("");
  return out;
}

json::object findings_of(const cedar::PolicySet& policies, const cedar::Schema& schema, Messages& messages) {
  json::object out;
  for (const cedar::Finding& finding : cedar::validate(policies, schema).findings) {
    const char* kind = finding.kind == cedar::FindingKind::kError               ? "error"
                       : finding.kind == cedar::FindingKind::kInapplicableScope ? "inapplicable"
                                                                                : "impossible";
    const cedar::Policy* policy = policies.find(finding.policy);
    if (policy == nullptr) policy = policies.find_template(finding.policy);
    json::object& of_policy = out.emplace(finding.policy, json::object()).first->value().as_object();
    of_policy.emplace(kind, json::array())
        .first->value()
        .as_array()
        .emplace_back(messages.of(finding.diagnostic, policy->source()));
  }
  return out;
}

json::object answer(const json::object& world) {
  json::object out;
  Messages messages;
  const std::string schema_text = text_of(world.at("schema"));
  const auto schema = cedar::Schema::parse(schema_text);
  out["schemaComplaints"] = messages.of(schema, schema_text);
  const cedar::Schema declared = schema ? *schema : cedar::Schema();
  out["schemaJson"] = declared.to_json();
  const auto printed = declared.to_cedar();
  out["schemaText"] = printed ? json::value(*printed) : json::value();
  const std::string schema_json = text_of(world.at("schemaJson"));
  out["schemaJsonComplaints"] = messages.of(cedar::Schema::parse_json(schema_json), schema_json);

  cedar::PolicySetBuilder builder;
  json::object refused;
  for (const char* list : {"policies", "templates"}) {
    for (const auto& [id, given] : world.at(list).as_object()) {
      const std::string text = text_of(given);
      const auto added = builder.add(text, id);
      if (!added) refused[id] = messages.of(added, text);
    }
  }
  for (const auto& [id, given] : world.at("trees").as_object()) {
    const std::string text = text_of(given);
    const auto added = builder.add_json(text, id);
    if (!added) refused[id] = messages.of(added, text);
  }
  for (const json::value& link : world.at("links").as_array()) {
    cedar::SlotValues values;
    const json::object& given = link.at("values").as_object();
    if (given.contains("?principal")) values.principal = uid_of(given.at("?principal"));
    if (given.contains("?resource")) values.resource = uid_of(given.at("?resource"));
    const std::string id = text_of(link.at("newId"));
    const auto linked = builder.link(text_of(link.at("templateId")), id, values);
    if (!linked) refused[id] = json::array{messages.check(linked.error().message)};
  }
  out["refused"] = refused;
  const cedar::PolicySet policies = std::move(builder).build();
  out["policies"] = forms_of(policies.policies());
  out["templates"] = forms_of(policies.templates());
  out["whole"] = answer_whole(text_of(world.at("text")), messages);
  out["findings"] = findings_of(policies, declared, messages);

  const std::string plain_text = text_of(world.at("entities"));
  const std::string checked_text = text_of(world.at("typedEntities"));
  const auto entities = cedar::Entities::parse_json(plain_text);
  const auto checked = cedar::Entities::parse_json(checked_text, declared);
  out["entitiesComplaints"] = messages.of(entities, plain_text);
  out["checkedEntitiesComplaints"] = messages.of(checked, checked_text);

  json::array requests;
  const auto optional = [](const auto& result) {
    return result ? std::optional<cedar::Entities>(*result) : std::nullopt;
  };
  for (const json::value& request : world.at("requests").as_array())
    requests.push_back(answer_request(request, requests.size(), policies, declared, optional(entities),
                                      optional(checked), messages));
  out["requests"] = requests;

  json::array texts;
  for (const json::value& text : world.at("texts").as_array())
    texts.push_back(answer_text(text_of(text.at("kind")), text_of(text.at("text")), declared, messages));
  out["texts"] = texts;
  out["faults"] = std::move(messages).faults();
  return out;
}

// Of {id: tree in JSON}, what is wrong with it, or how this engine writes it.
json::object read_trees(const json::object& trees) {
  json::object out;
  for (const auto& [id, tree] : trees) {
    const std::string text = text_of(tree);
    cedar::PolicySetBuilder builder;
    Messages messages;
    const json::array complaints = messages.of(builder.add_json(text, id), text);
    const cedar::PolicySet one = std::move(builder).build();
    json::value written;
    for (const auto& list : {one.policies(), one.templates()}) {
      for (const cedar::Policy& policy : list) written = policy.to_json();
    }
    out[id] = json::object{{"complaints", complaints}, {"json", written}};
  }
  return out;
}

std::optional<std::uint64_t> number(std::string_view given) {
  std::uint64_t out = 0;
  const auto [end, error] = std::from_chars(given.data(), given.data() + given.size(), out);
  if (error != std::errc() || end != given.data() + given.size()) return std::nullopt;
  return out;
}

void generate(std::uint64_t seed, std::uint64_t first, std::uint64_t count) {
  for (std::uint64_t i = first; i < first + count && std::cout; ++i) {
    // Seeds of neighbouring runs do not share worlds.
    const std::uint64_t own = (seed << 20U) + i;
    const cedar::testing::World world = cedar::testing::generate_world(own, {.requests = 12});
    json::object line = to_json(world);
    line["texts"] = mutated_texts(world, own * 64);
    line["answers"] = answer(line);
    std::cout << json::serialize(line) << "\n";
  }
}

}  // namespace

int main(int count, char** arguments) {
  const std::string_view mode = count > 1 ? arguments[1] : "";
  if (mode == "generate" && count == 5) {
    const auto seed = number(arguments[2]);
    const auto first = number(arguments[3]);
    const auto worlds = number(arguments[4]);
    if (seed && first && worlds) {
      generate(*seed, *first, *worlds);
      return 0;
    }
  }
  if (mode == "answer" && count == 2) {
    for (std::string line; std::getline(std::cin, line);) {
      const json::value given = json::parse(line);
      const json::value* trees = given.as_object().if_contains("read");
      std::cout << json::serialize(trees != nullptr ? read_trees(trees->as_object())
                                                    : answer(given.as_object()))
                << std::endl;
    }
    return 0;
  }
  std::cerr << "usage: differential generate SEED FIRST COUNT | differential answer\n";
  return 2;
}
