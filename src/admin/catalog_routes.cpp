// Destinations and tools: the catalog's commands.

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <boost/json/value_from.hpp>

#include "admin/commit.h"
#include "admin/no_such.h"
#include "admin/routes.h"
#include "admin/views.h"
#include "catalog/catalog.h"

namespace remit::admin {
namespace {

namespace json = boost::json;
using http::Method;
using snapshot::Snapshot;

json::array ids_of(const std::vector<ToolId>& tools) {
  json::array ids;
  for (const auto& id : tools) ids.emplace_back(id.str());
  return ids;
}

using Variables = std::vector<std::pair<std::string, std::string>>;

// {"NAME": "value", …} over those that are there; null takes one away.
Result<void> describe_variables(const Fields& body, Variables& variables) {
  ASSIGN_OR_RETURN(const auto object, body.optional_object("variables"));
  if (!object) return {};
  for (const auto& [key, value] : *object) {
    const std::string_view name(key);
    if (!value.is_string() && !value.is_null())
      return fail(ErrorKind::kInvalid, "RMT-X012", fmt::format("the variable `{}` is no text", name));
    const auto gone = std::erase_if(variables, [&](const auto& one) { return one.first == name; });
    if (value.is_string())
      variables.emplace_back(name, value.get_string());
    else if (gone == 0)
      return fail(ErrorKind::kInvalid, "RMT-X012", fmt::format("there is no variable `{}`", name));
  }
  std::ranges::sort(variables);
  return {};
}

// `network`, or `hosts`, which is one of its kinds.
Result<void> describe_network(const Fields& body, snapshot::StdioTransport& child) {
  if (!body.has("network") && !body.has("hosts")) return {};
  ASSIGN_OR_RETURN(child.hosts, body.texts("hosts"));
  ASSIGN_OR_RETURN(const auto network, body.optional_name<snapshot::Network>("network"));
  child.network =
      network.value_or(child.hosts.empty() ? snapshot::Network::kNone : snapshot::Network::kHosts);
  if ((child.network == snapshot::Network::kHosts) != child.hosts.empty()) return {};
  return fail(ErrorKind::kInvalid, "RMT-X012",
              "`hosts` goes with the `network` called `hosts`, or without `network`, and needs a HOST:PORT");
}

// What the body says of a child, over what is there.
Result<void> describe_child(const Fields& body, snapshot::StdioTransport& child) {
  for (const auto& [name, list] :
       {std::pair{"command", &child.command}, {"reads", &child.reads}, {"writes", &child.writes}})
    if (body.has(name)) {
      ASSIGN_OR_RETURN(*list, body.texts(name));
    }
  TRY(describe_network(body, child));
  TRY(describe_variables(body, child.variables));
  ASSIGN_OR_RETURN(auto folder, body.optional_text("cwd"));
  if (folder) child.working_directory = *std::move(folder);
  return {};
}

// The transport that the body describes, over the one that is there: `url`; or `command` with its arguments,
// and what the child may reach. Nothing: it says nothing of it.
Result<std::optional<snapshot::Transport>> transport_of(const ApiParts& parts, const Fields& body,
                                                        const snapshot::Transport& now) {
  ASSIGN_OR_RETURN(auto url, body.optional_text("url"));
  if (url.has_value() && body.has("command"))
    return fail(ErrorKind::kInvalid, "RMT-X012", "a destination has either `url` or `command`");
  if (url) return snapshot::HttpTransport{std::move(*url)};
  constexpr std::array kOfChildren = {"command", "reads", "writes", "network", "hosts", "variables", "cwd"};
  if (std::ranges::none_of(kOfChildren, [&](const auto* name) { return body.has(name); }))
    return std::nullopt;
  const auto* child = std::get_if<snapshot::StdioTransport>(&now);
  auto described = child == nullptr ? snapshot::StdioTransport() : *child;
  TRY(describe_child(body, described));
  if (described.command.empty())
    return fail(ErrorKind::kInvalid, "RMT-X012", "a destination has either `url` or `command`");
  ASSIGN_OR_RETURN(auto admitted, parts.admit_child(std::move(described)));
  return admitted;
}

// {"slot": "Authorization", "value": "Bearer …"}
Result<catalog::NewSecret> secret_of(json::object object) {
  const Fields fields(std::move(object));
  catalog::NewSecret secret;
  ASSIGN_OR_RETURN(secret.slot, fields.text("slot"));
  ASSIGN_OR_RETURN(auto value, fields.text("value"));
  TRY(fields.all_known());
  secret.value = Secret(std::move(value));
  return secret;
}

// What is too much is for the catalog to say; here nothing may overflow.
constexpr std::uint64_t kMostCount = 1 << 20;

// `open_seconds`, `answer_seconds`, `max_answer_mib`, over what is there; each may be left out.
Result<void> describe_bounds(const Fields& body, snapshot::UpstreamBounds& bounds) {
  const auto seconds = [](std::uint64_t value) { return std::chrono::seconds(std::min(value, kMostCount)); };
  ASSIGN_OR_RETURN(const auto open, body.optional_count("open_seconds"));
  if (open) bounds.open_timeout = seconds(*open);
  ASSIGN_OR_RETURN(const auto answer, body.optional_count("answer_seconds"));
  if (answer) bounds.answer_timeout = seconds(*answer);
  ASSIGN_OR_RETURN(const auto mib, body.optional_count("max_answer_mib"));
  if (mib) bounds.max_answer_bytes = std::min(*mib, kMostCount) << 20U;
  return {};
}

// `secrets`
Result<std::vector<catalog::NewSecret>> secrets_of(const Fields& body) {
  ASSIGN_OR_RETURN(auto objects, body.objects("secrets"));
  std::vector<catalog::NewSecret> secrets;
  for (auto& object : objects) {
    ASSIGN_OR_RETURN(auto secret, secret_of(std::move(object)));
    secrets.push_back(std::move(secret));
  }
  return secrets;
}

Result<DestinationId> destination_of_path(const Call& call, store::Reader& reader) {
  ASSIGN_OR_RETURN(const auto environment, environment_of_path(call));
  return catalog::find_destination(reader, environment, call.path.at("name"));
}

Result<Answer> add_destination(const ApiParts& parts, const Call& call, store::Transaction& tx) {
  catalog::NewDestination destination;
  ASSIGN_OR_RETURN(destination.environment, call.body.environment("environment"));
  ASSIGN_OR_RETURN(destination.name, call.body.text("name"));
  ASSIGN_OR_RETURN(auto transport, transport_of(parts, call.body, snapshot::StdioTransport()));
  if (!transport) return fail(ErrorKind::kInvalid, "RMT-X012", "a destination has either `url` or `command`");
  destination.transport = *std::move(transport);
  ASSIGN_OR_RETURN(destination.data_class, call.body.name<snapshot::DataClass>("data_class"));
  ASSIGN_OR_RETURN(destination.labels, call.body.texts("labels"));
  ASSIGN_OR_RETURN(destination.owner, person(call, tx, "owner"));
  ASSIGN_OR_RETURN(destination.secrets, secrets_of(call.body));
  TRY(describe_bounds(call.body, destination.bounds));
  ASSIGN_OR_RETURN(destination.approver, optional_person(call, tx, "by"));
  TRY(call.body.all_known());
  const audit::Actor actor{.id = destination.approver ? destination.approver->str() : call.actor.id,
                           .via = call.actor.via};
  ASSIGN_OR_RETURN(const auto id, parts.catalog.add_destination(tx, actor, destination));
  return Answer{
      json::object{
          {"id", id.str()}, {"environment", to_string(destination.environment)}, {"name", destination.name}},
      201};
}

// Asks the destination's server what it offers, and takes that in.
http::Task<Result<Answer>> scan(ApiParts parts, Call call) {
  const auto environment = environment_of_path(call);
  if (!environment) co_return std::unexpected(environment.error());
  const auto& name = call.path.at("name");
  const auto snapshot = parts.snapshots.current();
  if (!snapshot)
    co_return fail(ErrorKind::kUnavailable, "RMT-X011", "nothing has been read from the store yet");
  const auto* destination = snapshot->destination(*environment, name);
  if (destination == nullptr) co_return no_such_destination(*environment, name, *snapshot);

  auto listed = co_await parts.list_tools(*destination);
  if (!listed) co_return std::unexpected(std::move(listed).error());

  const auto page = std::make_shared<mcp::ToolPage>(std::move(*listed));
  const auto found = std::make_shared<catalog::Discovery>();
  auto done = co_await commit(&parts.store,
                              [&catalog = parts.catalog, id = destination->id, actor = call.actor, page,
                               found](store::Transaction& tx) -> Result<> {
                                ASSIGN_OR_RETURN(*found, catalog.record_discovery(tx, actor, id, *page));
                                TRY(catalog.record_instructions(tx, actor, id, page->instructions));
                                return {};
                              });
  if (!done) co_return std::unexpected(std::move(done).error());

  json::array refused;
  for (const auto& tool : page->refused)
    refused.push_back(
        json::object{{"name", tool.name}, {"code", tool.error.code}, {"detail", tool.error.message}});
  co_return Answer{json::object{{"destination", destination->id.str()},
                                {"added", ids_of(found->added)},
                                {"unchanged", found->unchanged.size()},
                                {"quarantined", ids_of(found->quarantined)},
                                {"restored", ids_of(found->restored)},
                                {"missing", ids_of(found->missing)},
                                {"refused", std::move(refused)},
                                {"warnings", json::value_from(page->warnings)},
                                {"instructions", page->instructions}}};
}

Result<Answer> retire_destination(const ApiParts& parts, const Call& call, store::Transaction& tx) {
  ASSIGN_OR_RETURN(const auto actor, actor_of(call, tx));
  TRY(call.body.all_known());
  ASSIGN_OR_RETURN(const auto id, destination_of_path(call, tx));
  ASSIGN_OR_RETURN(const auto tools, parts.catalog.retire_destination(tx, actor, id));
  std::int64_t ended = 0;
  for (const auto& tool : tools) {
    ASSIGN_OR_RETURN(const auto grants, parts.registry.end_grants(tx, actor, tool));
    ended += grants;
  }
  return Answer{json::object{{"id", id.str()}, {"tools", ids_of(tools)}, {"grants_ended", ended}}};
}

Result<Answer> set_destination(const ApiParts& parts, const Call& call, store::Transaction& tx) {
  const auto& body = call.body;
  ASSIGN_OR_RETURN(const auto id, destination_of_path(call, tx));
  ASSIGN_OR_RETURN(const auto now, catalog::find_destination_state(tx, id));
  catalog::DestinationChange change;
  ASSIGN_OR_RETURN(change.transport, transport_of(parts, body, now.transport));
  ASSIGN_OR_RETURN(change.data_class, body.optional_name<snapshot::DataClass>("data_class"));
  if (body.has("labels")) {
    ASSIGN_OR_RETURN(change.labels, body.texts("labels"));
  }
  ASSIGN_OR_RETURN(change.owner, optional_person(call, tx, "owner"));
  ASSIGN_OR_RETURN(change.secrets, secrets_of(body));
  ASSIGN_OR_RETURN(change.dropped, body.texts("drop_secrets"));
  if (body.has("open_seconds") || body.has("answer_seconds") || body.has("max_answer_mib")) {
    change.bounds = now.bounds;
    TRY(describe_bounds(body, *change.bounds));
  }
  ASSIGN_OR_RETURN(change.person, optional_person(call, tx, "by"));
  TRY(body.all_known());
  const audit::Actor actor{.id = change.person ? change.person->str() : call.actor.id, .via = call.actor.via};
  ASSIGN_OR_RETURN(const auto quarantined, parts.catalog.set_destination(tx, actor, id, change));
  return Answer{json::object{{"id", id.str()}, {"quarantined", quarantined}}};
}

Result<ToolId> tool_of_path(const Call& call, store::Reader& reader) {
  ASSIGN_OR_RETURN(const auto environment, environment_of_path(call));
  return catalog::find_tool(reader, environment, call.path.at("tool"));
}

// One tool, or several: then all of them or none.
Result<Answer> classify(catalog::Catalog& catalog, const Call& call, store::Transaction& tx) {
  catalog::Classification classification;
  ASSIGN_OR_RETURN(classification.effect, call.body.name<snapshot::Effect>("effect"));
  ASSIGN_OR_RETURN(classification.data_class, call.body.name<snapshot::DataClass>("data_class"));
  ASSIGN_OR_RETURN(classification.labels, call.body.texts("labels"));
  ASSIGN_OR_RETURN(const auto tools, call.body.one_or_more("tool"));
  ASSIGN_OR_RETURN(const auto by, person(call, tx, "by"));
  TRY(call.body.all_known());
  ASSIGN_OR_RETURN(const auto environment, environment_of_path(call));
  json::array items;
  for (const auto& tool : tools) {
    ASSIGN_OR_RETURN(const auto id, catalog::find_tool(tx, environment, tool));
    TRY(catalog.classify(tx, {.id = by.str(), .via = call.actor.via}, id, classification, by));
    items.push_back(json::object{{"tool", tool}, {"id", id.str()}});
  }
  return Answer{json::object{{"items", std::move(items)},
                             {"effect", to_string(classification.effect)},
                             {"data_class", to_string(classification.data_class)}}};
}

// Both definitions of a quarantined tool.
Result<Answer> pin_change(const Call& call, const Snapshot&, store::Reader& reader) {
  ASSIGN_OR_RETURN(const auto id, tool_of_path(call, reader));
  ASSIGN_OR_RETURN(const auto change, catalog::Catalog::pin_change(reader, id));
  return Answer{json::object{{"id", id.str()},
                             {"pinned", change.pinned},
                             {"offered", change.offered},
                             {"pinned_digest", change.pinned_digest.hex()},
                             {"offered_digest", change.offered_digest.hex()}}};
}

Result<Answer> approve_change(catalog::Catalog& catalog, const Call& call, store::Transaction& tx) {
  ASSIGN_OR_RETURN(const auto hex, call.body.text("digest"));
  ASSIGN_OR_RETURN(const auto by, person(call, tx, "by"));
  TRY(call.body.all_known());
  ASSIGN_OR_RETURN(const auto seen, digest_from_hex(hex));
  ASSIGN_OR_RETURN(const auto id, tool_of_path(call, tx));
  TRY(catalog.accept_definition(tx, {.id = by.str(), .via = call.actor.via}, id, seen, by));
  return Answer{json::object{{"id", id.str()}, {"digest", hex}}};
}

Result<Answer> retire_tool(const ApiParts& parts, const Call& call, store::Transaction& tx) {
  ASSIGN_OR_RETURN(const auto actor, actor_of(call, tx));
  TRY(call.body.all_known());
  ASSIGN_OR_RETURN(const auto id, tool_of_path(call, tx));
  TRY(parts.catalog.retire_tool(tx, actor, id));
  ASSIGN_OR_RETURN(const auto ended, parts.registry.end_grants(tx, actor, id));
  return Answer{json::object{{"id", id.str()}, {"grants_ended", ended}}};
}

// The deployment and the tools that grants are about: one, or several, and then all of them or none.
struct GrantSubject {
  Environment environment = Environment::kSandbox;
  DeploymentId deployment;
  std::vector<std::pair<ToolId, std::string>> tools;  // with their names
};

Result<GrantSubject> subject_of(const Call& call, store::Reader& reader) {
  GrantSubject subject;
  ASSIGN_OR_RETURN(subject.environment, call.body.environment("environment"));
  ASSIGN_OR_RETURN(const auto agent, call.body.text("agent"));
  ASSIGN_OR_RETURN(const auto tools, call.body.one_or_more("tool"));
  ASSIGN_OR_RETURN(subject.deployment, identity::find_deployment(reader, subject.environment, agent));
  for (const auto& tool : tools) {
    ASSIGN_OR_RETURN(auto id, catalog::find_tool(reader, subject.environment, tool));
    subject.tools.emplace_back(std::move(id), tool);
  }
  return subject;
}

Result<Answer> grant(identity::Registry& registry, const Call& call, store::Transaction& tx) {
  ASSIGN_OR_RETURN(const auto what, subject_of(call, tx));
  ASSIGN_OR_RETURN(const auto by, person(call, tx, "by"));
  ASSIGN_OR_RETURN(const auto expires, call.body.optional_instant("expires"));
  TRY(call.body.all_known());
  json::array items;
  bool any = false;
  for (const auto& [tool, name] : what.tools) {
    ASSIGN_OR_RETURN(auto tool_class, catalog::class_of(tx, tool));
    ASSIGN_OR_RETURN(const auto granted, registry.grant(tx, {.id = by.str(), .via = call.actor.via},
                                                        {.deployment = what.deployment,
                                                         .tool = tool,
                                                         .tool_name = name,
                                                         .tool_environment = what.environment,
                                                         .tool_class = std::move(tool_class),
                                                         .approver = by,
                                                         .expires = expires}));
    any = any || granted.is_new;
    items.push_back(json::object{{"tool", name},
                                 {"id", granted.id.str()},
                                 {"shown_name", granted.shown_name},
                                 {"new", granted.is_new}});
  }
  return Answer{json::object{{"items", std::move(items)}}, any ? 201 : 200};
}

Result<Answer> revoke_grant(identity::Registry& registry, const Call& call, store::Transaction& tx) {
  ASSIGN_OR_RETURN(const auto what, subject_of(call, tx));
  ASSIGN_OR_RETURN(const auto actor, actor_of(call, tx));
  TRY(call.body.all_known());
  json::array items;
  for (const auto& [tool, name] : what.tools) {
    TRY(registry.revoke_grant(tx, actor, what.deployment, tool));
    items.push_back(json::object{{"tool", name}, {"id", tool.str()}});
  }
  return Answer{json::object{{"items", std::move(items)}, {"deployment", what.deployment.str()}}};
}

// Where it was called since the start, "answers" or "fails": what the last call met.
json::object with_contact(json::object destination, const Contact& contact) {
  const auto instant = [](const std::optional<Instant>& at) {
    return at ? json::value(format_instant(*at)) : json::value(nullptr);
  };
  json::value health = nullptr;
  if (contact.answered || contact.failed)
    health = contact.failed > contact.answered ? json::value("fails") : json::value("answers");
  destination["health"] = std::move(health);
  destination["last_answer"] = instant(contact.answered);
  destination["last_failure"] = instant(contact.failed);
  return destination;
}

}  // namespace

std::vector<Route> destination_routes(const ApiParts& parts) {
  return {
      {Method::kGet, "/v1/destinations",
       [parts](const Call&, const Snapshot& snapshot) -> Result<Answer> {
         const auto contacts = parts.contacts ? parts.contacts() : decltype(parts.contacts())();
         return Answer{list(snapshot.all().destinations, [&](const auto& one) {
           const auto contact = contacts.find({one.environment, one.name});
           return with_contact(view(one, snapshot), contact == contacts.end() ? Contact{} : contact->second);
         })};
       }},
      {Method::kPost, "/v1/destinations",
       [parts](const Call& call, store::Transaction& tx) { return add_destination(parts, call, tx); }},
      {Method::kPost, "/v1/destinations/{environment}/{name}/scan",
       [parts](Call call) { return scan(parts, std::move(call)); }},
      {Method::kPost, "/v1/destinations/{environment}/{name}/set",
       [parts](const Call& call, store::Transaction& tx) { return set_destination(parts, call, tx); }},
      {Method::kPost, "/v1/destinations/{environment}/{name}/retire",
       [parts](const Call& call, store::Transaction& tx) { return retire_destination(parts, call, tx); }},
  };
}

std::vector<Route> tool_routes(const ApiParts& parts) {
  auto& catalog = parts.catalog;
  return {
      {Method::kGet, "/v1/tools",
       [](const Call&, const Snapshot& snapshot) -> Result<Answer> {
         return Answer{list(snapshot.all().tools, [&](const auto& one) { return view(one, snapshot); })};
       }},
      {Method::kPost, "/v1/tools/{environment}/classify",
       [&catalog](const Call& call, store::Transaction& tx) { return classify(catalog, call, tx); }},
      {Method::kGet, "/v1/tools/{environment}/{tool}/change", Lookup(pin_change)},
      {Method::kPost, "/v1/tools/{environment}/{tool}/approve-change",
       [&catalog](const Call& call, store::Transaction& tx) { return approve_change(catalog, call, tx); }},
      {Method::kPost, "/v1/tools/{environment}/{tool}/retire",
       [parts](const Call& call, store::Transaction& tx) { return retire_tool(parts, call, tx); }},
  };
}

std::vector<Route> grant_routes(const ApiParts& parts) {
  auto& registry = parts.registry;
  return {
      {Method::kGet, "/v1/grants",
       [](const Call&, const Snapshot& snapshot) -> Result<Answer> {
         return Answer{list(snapshot.all().grants, [&](const auto& one) { return view(one, snapshot); })};
       }},
      {Method::kPost, "/v1/grants",
       [&registry](const Call& call, store::Transaction& tx) { return grant(registry, call, tx); }},
      {Method::kPost, "/v1/grants/revoke",
       [&registry](const Call& call, store::Transaction& tx) { return revoke_grant(registry, call, tx); }},
  };
}

}  // namespace remit::admin
