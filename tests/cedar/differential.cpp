// differential generate SEED COUNT   writes COUNT generated worlds, one a line of JSON, each with this
// engine's answers differential answer                reads worlds, one a line, and writes the answers to
// each
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

namespace {

namespace json = boost::json;
using cedar::testing::TextKind;

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
  json::array links;
  for (const auto& link : world.links) {
    json::object values;
    if (link.values.principal) values["?principal"] = object_of(*link.values.principal);
    if (link.values.resource) values["?resource"] = object_of(*link.values.resource);
    links.push_back({{"templateId", link.template_id}, {"newId", link.id}, {"values", values}});
  }
  json::array requests;
  for (const auto& request : world.requests) requests.push_back(request_of(request));
  return {{"schema", world.schema}, {"entities", world.entities}, {"typedEntities", world.typed_entities},
          {"policies", policies},   {"templates", templates},     {"links", links},
          {"requests", requests}};
}

// Texts that are nearly of the language, in which the two must accept the same.
json::array mutated_texts(const cedar::testing::World& world, std::uint64_t seed) {
  json::array out;
  const auto add = [&](const char* kind, TextKind syntax, std::string_view text, int count) {
    for (int i = 0; i < count; ++i)
      out.push_back({{"kind", kind}, {"text", cedar::testing::mutate_tokens(text, syntax, ++seed)}});
  };
  for (const auto& [id, text] : world.policies) add("policy", TextKind::kPolicies, text, 1);
  for (const auto& [id, text] : world.templates) add("policy", TextKind::kPolicies, text, 1);
  add("schema", TextKind::kSchema, world.schema, 3);
  if (const auto schema = cedar::Schema::parse(world.schema))
    add("schemaJson", TextKind::kJson, schema->to_json(), 2);
  for (int i = 0; i < 3; ++i)
    out.push_back({{"kind", "schema"}, {"text", cedar::testing::wild_schema(++seed)}});
  add("entities", TextKind::kJson, world.entities, 1);
  add("entitiesWithSchema", TextKind::kJson, world.typed_entities, 2);
  return out;
}

json::array messages_of(const cedar::Diagnostics& diagnostics) {
  json::array out;
  for (const cedar::Diagnostic& one : diagnostics) out.emplace_back(one.message);
  return out;
}
template <typename Expected>
json::array complaints(const Expected& result) {
  if (result) return {};
  if constexpr (std::is_same_v<typename Expected::error_type, cedar::DataError>) {
    return {result.error().pointer + ": " + result.error().message};
  } else {
    return messages_of(result.error());
  }
}

// {"complaints"}: empty when it was accepted.
json::object answer_text(const std::string& kind, const std::string& text, const cedar::Schema& schema) {
  if (kind == "policy") {
    cedar::PolicySetBuilder builder;
    return {{"complaints", complaints(builder.add(text, "p"))}};
  }
  if (kind == "schema") return {{"complaints", complaints(cedar::Schema::parse(text))}};
  if (kind == "schemaJson") return {{"complaints", complaints(cedar::Schema::parse_json(text))}};
  if (kind == "entities") return {{"complaints", complaints(cedar::Entities::parse_json(text))}};
  return {{"complaints", complaints(cedar::Entities::parse_json(text, schema))}};
}

json::object decide(const cedar::Request& request, const cedar::PolicySet& policies,
                    const cedar::Entities& entities) {
  const cedar::Response response = cedar::authorize(request, policies, entities);
  json::array reason;
  json::array errors;
  for (const cedar::Policy* policy : response.determining) reason.emplace_back(policy->id());
  for (const cedar::PolicyError& error : response.errors) errors.emplace_back(error.policy->id());
  return {{"decision", response.decision == cedar::Decision::kAllow ? "allow" : "deny"},
          {"reason", reason},
          {"errors", errors}};
}

json::object answer_request(const json::value& given, const cedar::PolicySet& policies,
                            const cedar::Schema& schema, const std::optional<cedar::Entities>& entities,
                            const std::optional<cedar::Entities>& checked) {
  const std::string text = text_of(given.at("context"));
  cedar::Request request{uid_of(given.at("principal")), uid_of(given.at("action")),
                         uid_of(given.at("resource"))};
  json::object out;
  const auto plain = cedar::Context::parse_json(text);
  out["contextComplaints"] = complaints(plain);
  if (plain && entities) {
    request.context = *plain;
    out["plain"] = decide(request, policies, *entities);
  }
  const auto typed = cedar::Context::parse_json(text_of(given.at("typedContext")), schema, request.action);
  out["typedContextComplaints"] = complaints(typed);
  if (!typed) return out;
  request.context = *typed;
  const auto valid = cedar::validate(request, schema);
  out["requestComplaints"] = complaints(valid);
  if (!valid) return out;
  // Without entities too, since what the request is told then does not depend on theirs.
  const auto none = cedar::Entities::parse_json("[]", schema);
  out["withoutEntities"] = decide(request, policies, *none);
  if (checked) out["checked"] = decide(request, policies, *checked);
  return out;
}

json::object answer(const json::object& world) {
  json::object out;
  const auto schema = cedar::Schema::parse(text_of(world.at("schema")));
  out["schemaComplaints"] = complaints(schema);
  const cedar::Schema declared = schema ? *schema : cedar::Schema();
  out["schemaJson"] = declared.to_json();
  const auto printed = declared.to_cedar();
  out["schemaText"] = printed ? json::value(*printed) : json::value();

  cedar::PolicySetBuilder builder;
  json::object refused;
  for (const char* list : {"policies", "templates"}) {
    for (const auto& [id, text] : world.at(list).as_object()) {
      const auto added = builder.add(text_of(text), id);
      if (!added) refused[id] = complaints(added);
    }
  }
  for (const json::value& link : world.at("links").as_array()) {
    cedar::SlotValues values;
    const json::object& given = link.at("values").as_object();
    if (given.contains("?principal")) values.principal = uid_of(given.at("?principal"));
    if (given.contains("?resource")) values.resource = uid_of(given.at("?resource"));
    const std::string id = text_of(link.at("newId"));
    const auto linked = builder.link(text_of(link.at("templateId")), id, values);
    if (!linked) refused[id] = json::array{linked.error().message};
  }
  out["refused"] = refused;
  const cedar::PolicySet policies = std::move(builder).build();

  json::object findings;
  for (const cedar::Finding& finding : cedar::validate(policies, declared).findings) {
    const char* kind = finding.kind == cedar::FindingKind::kError               ? "error"
                       : finding.kind == cedar::FindingKind::kInapplicableScope ? "inapplicable"
                                                                                : "impossible";
    json::object& of_policy = findings.emplace(finding.policy, json::object()).first->value().as_object();
    of_policy.emplace(kind, json::array()).first->value().as_array().emplace_back(finding.diagnostic.message);
  }
  out["findings"] = findings;

  const auto entities = cedar::Entities::parse_json(text_of(world.at("entities")));
  const auto checked = cedar::Entities::parse_json(text_of(world.at("typedEntities")), declared);
  out["entitiesComplaints"] = complaints(entities);
  out["checkedEntitiesComplaints"] = complaints(checked);

  json::array requests;
  const auto optional = [](const auto& result) {
    return result ? std::optional<cedar::Entities>(*result) : std::nullopt;
  };
  for (const json::value& request : world.at("requests").as_array())
    requests.push_back(answer_request(request, policies, declared, optional(entities), optional(checked)));
  out["requests"] = requests;

  json::array texts;
  for (const json::value& text : world.at("texts").as_array())
    texts.push_back(answer_text(text_of(text.at("kind")), text_of(text.at("text")), declared));
  out["texts"] = texts;
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
    for (std::string line; std::getline(std::cin, line);)
      std::cout << json::serialize(answer(json::parse(line).as_object())) << std::endl;
    return 0;
  }
  std::cerr << "usage: differential generate SEED FIRST COUNT | differential answer\n";
  return 2;
}
