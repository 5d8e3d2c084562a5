// People, agents, deployments and grants: the registry's commands.

#include <fmt/format.h>

#include <boost/json/serialize.hpp>
#include <boost/json/value_from.hpp>

#include "admin/no_such.h"
#include "admin/routes.h"
#include "admin/views.h"
#include "jose/key.h"

namespace remit::admin {
namespace {

namespace json = boost::json;
using http::Method;
using snapshot::Snapshot;

// A registered name, or an id where ids are used.
Result<HumanId> human_of(store::Reader& reader, std::string_view reference) {
  if (!is_id("hum", reference)) return identity::find_human(reader, reference);
  auto id = HumanId::trusted(std::string(reference));
  TRY(identity::require_active_human(reader, id));
  return id;
}

// Only public members are taken, and only keys that can verify.
Result<identity::NewKey> new_key(const Call& call) {
  ASSIGN_OR_RETURN(const auto jwk, call.body.object("public_jwk"));
  ASSIGN_OR_RETURN(const auto key, jose::PublicKey::from_jwk(jwk));
  return identity::NewKey{.public_jwk = json::serialize(key.jwk()),
                          .thumbprint = key.thumbprint(),
                          .material = key.material_thumbprint()};
}

Answer done(json::object body = {}) { return {.body = std::move(body)}; }

}  // namespace

Result<Environment> environment_of_path(const Call& call) {
  const auto& text = call.path.at("environment");
  if (const auto environment = parse_environment(text)) return *environment;
  return fail(ErrorKind::kNotFound, "RMT-X010", fmt::format("there is no environment `{}`", text),
              "Use sandbox, pilot or production.");
}

Result<HumanId> person(const Call& call, store::Reader& reader, std::string_view member) {
  ASSIGN_OR_RETURN(const auto reference, call.body.text(member));
  return human_of(reader, reference);
}

Result<std::optional<HumanId>> optional_person(const Call& call, store::Reader& reader,
                                               std::string_view member) {
  ASSIGN_OR_RETURN(const auto reference, call.body.optional_text(member));
  if (!reference) return std::nullopt;
  ASSIGN_OR_RETURN(auto id, human_of(reader, *reference));
  return id;
}

Result<audit::Actor> actor_of(const Call& call, store::Reader& reader) {
  ASSIGN_OR_RETURN(const auto by, optional_person(call, reader, "by"));
  if (!by) return call.actor;
  return audit::Actor{.id = by->str(), .via = call.actor.via};
}

Result<DeploymentId> deployment_of_path(const Call& call, store::Reader& reader) {
  ASSIGN_OR_RETURN(const auto environment, environment_of_path(call));
  return identity::find_deployment(reader, environment, call.path.at("name"));
}

std::vector<Route> people_routes(const ApiParts& parts) {
  auto& registry = parts.registry;
  return {
      {Method::kGet, "/v1/humans",
       [](const Call&, const Snapshot& snapshot) -> Result<Answer> {
         return Answer{list(snapshot.all().humans, [](const auto& one) { return view(one); })};
       }},
      {Method::kPost, "/v1/humans",
       [&registry](const Call& call, store::Transaction& tx) -> Result<Answer> {
         ASSIGN_OR_RETURN(const auto name, call.body.text("name"));
         TRY(call.body.all_known());
         ASSIGN_OR_RETURN(const auto id, registry.add_human(tx, call.actor, name));
         return Answer{json::object{{"id", id.str()}, {"name", name}, {"active", true}}, 201};
       }},
      {Method::kPost, "/v1/humans/{name}/leave",
       [&registry](const Call& call, store::Transaction& tx) -> Result<Answer> {
         TRY(call.body.all_known());
         ASSIGN_OR_RETURN(const auto human, human_of(tx, call.path.at("name")));
         ASSIGN_OR_RETURN(const auto departure, registry.human_leaves(tx, call.actor, human));
         return done({{"id", human.str()},
                      {"succeeded", json::value_from(departure.succeeded)},
                      {"held", json::value_from(departure.held)}});
       }},
  };
}

namespace {

Result<Answer> register_agent(identity::Registry& registry, const Call& call, store::Transaction& tx) {
  identity::Registration registration;
  ASSIGN_OR_RETURN(registration.name, call.body.text("name"));
  ASSIGN_OR_RETURN(registration.owner, person(call, tx, "owner"));
  ASSIGN_OR_RETURN(registration.deputy, optional_person(call, tx, "deputy"));
  ASSIGN_OR_RETURN(registration.purpose, call.body.text("purpose"));
  ASSIGN_OR_RETURN(registration.process, call.body.text("process"));
  ASSIGN_OR_RETURN(registration.issuing_system, call.body.text("issuing_system"));
  ASSIGN_OR_RETURN(registration.environment, call.body.environment("environment"));
  ASSIGN_OR_RETURN(registration.expires, call.body.instant("expires"));
  ASSIGN_OR_RETURN(registration.key, new_key(call));
  ASSIGN_OR_RETURN(const auto actor, actor_of(call, tx));
  TRY(call.body.all_known());
  ASSIGN_OR_RETURN(const auto registered, registry.register_agent(tx, actor, registration));
  return Answer{json::object{{"agent", registered.agent.str()},
                             {"deployment", registered.deployment.str()},
                             {"credential", registered.credential.str()},
                             {"environment", to_string(registration.environment)},
                             {"name", registration.name},
                             {"state", "pending"}},
                201};
}

Result<Answer> kill_agent(identity::Registry& registry, const Call& call, store::Transaction& tx) {
  ASSIGN_OR_RETURN(const auto reason, call.body.text("reason"));
  ASSIGN_OR_RETURN(const auto killer, person(call, tx, "by"));
  TRY(call.body.all_known());
  ASSIGN_OR_RETURN(const auto agent, identity::find_agent(tx, call.path.at("name")));
  ASSIGN_OR_RETURN(const auto kill,
                   registry.kill(tx, {.id = killer.str(), .via = call.actor.via}, agent, killer, reason));
  return done({{"agent", agent.str()}, {"kill", kill.str()}});
}

// The kill that is named, which must be the agent's, or all of them.
Result<std::vector<KillId>> kills_to_lift(store::Reader& reader, const AgentId& agent,
                                          std::string_view which) {
  ASSIGN_OR_RETURN(auto kills, identity::find_kills(reader, agent));
  if (which != "all") std::erase_if(kills, [&](const auto& kill) { return kill.str() != which; });
  if (kills.empty())
    return fail(ErrorKind::kConflict, "RMT-I013",
                which == "all" ? "the agent has no kill that stands"
                               : fmt::format("the agent has no kill `{}` that stands", which));
  return kills;
}

Result<Answer> lift_kills(identity::Registry& registry, const Call& call, store::Transaction& tx) {
  ASSIGN_OR_RETURN(const auto which, call.body.text("kill"));
  ASSIGN_OR_RETURN(const auto lifter, person(call, tx, "by"));
  ASSIGN_OR_RETURN(const auto reason, call.body.text("reason"));
  TRY(call.body.all_known());
  ASSIGN_OR_RETURN(const auto agent, identity::find_agent(tx, call.path.at("name")));
  ASSIGN_OR_RETURN(const auto kills, kills_to_lift(tx, agent, which));
  json::array lifted;
  json::array confirmed;
  for (const auto& kill : kills) {
    ASSIGN_OR_RETURN(const bool over, registry.lift_kill(tx, {.id = lifter.str(), .via = call.actor.via},
                                                         kill, lifter, reason));
    (over ? lifted : confirmed).emplace_back(kill.str());
  }
  return done({{"agent", agent.str()}, {"lifted", std::move(lifted)}, {"confirmed", std::move(confirmed)}});
}

Result<Answer> assign_owner(identity::Registry& registry, const Call& call, store::Transaction& tx) {
  ASSIGN_OR_RETURN(const auto owner, person(call, tx, "owner"));
  ASSIGN_OR_RETURN(const auto deputy, optional_person(call, tx, "deputy"));
  ASSIGN_OR_RETURN(const auto actor, actor_of(call, tx));
  TRY(call.body.all_known());
  ASSIGN_OR_RETURN(const auto agent, identity::find_agent(tx, call.path.at("name")));
  TRY(registry.assign_owner(tx, actor, agent, owner, deputy));
  return done({{"agent", agent.str()}, {"owner", owner.str()}});
}

}  // namespace

std::vector<Route> agent_routes(const ApiParts& parts) {
  auto& registry = parts.registry;
  const auto& clock = parts.clock;
  return {
      {Method::kGet, "/v1/agents",
       [&clock](const Call&, const Snapshot& snapshot) -> Result<Answer> {
         const auto now = clock.now();
         return Answer{
             list(snapshot.all().agents, [&](const auto& one) { return view(one, snapshot, now); })};
       }},
      {Method::kGet, "/v1/agents/{name}",
       [&clock](const Call& call, const Snapshot& snapshot) -> Result<Answer> {
         const auto& name = call.path.at("name");
         const auto* agent = snapshot.agent(name);
         if (agent == nullptr) return no_such_agent(name, snapshot);
         return Answer{view(*agent, snapshot, clock.now())};
       }},
      {Method::kPost, "/v1/agents",
       [&registry](const Call& call, store::Transaction& tx) { return register_agent(registry, call, tx); }},
      {Method::kPost, "/v1/agents/{name}/kill",
       [&registry](const Call& call, store::Transaction& tx) { return kill_agent(registry, call, tx); }},
      {Method::kPost, "/v1/agents/{name}/lift",
       [&registry](const Call& call, store::Transaction& tx) { return lift_kills(registry, call, tx); }},
      {Method::kPost, "/v1/agents/{name}/owner",
       [&registry](const Call& call, store::Transaction& tx) { return assign_owner(registry, call, tx); }},
  };
}

namespace {

// A command on one deployment: finds it and who acts, lets `act` read the rest and do it.
using OnDeployment = std::function<Result<json::object>(const Call&, store::Transaction&, const audit::Actor&,
                                                        const DeploymentId&)>;

Route deployment_command(std::string_view pattern, OnDeployment act) {
  return {Method::kPost, pattern,
          [act = std::move(act)](const Call& call, store::Transaction& tx) -> Result<Answer> {
            ASSIGN_OR_RETURN(const auto id, deployment_of_path(call, tx));
            ASSIGN_OR_RETURN(const auto actor, actor_of(call, tx));
            ASSIGN_OR_RETURN(auto body, act(call, tx, actor, id));
            body["deployment"] = id.str();
            return done(std::move(body));
          }};
}

Result<json::object> suspend(identity::Registry& registry, const Call& call, store::Transaction& tx,
                             const DeploymentId& id) {
  using snapshot::HoldKind;
  ASSIGN_OR_RETURN(const auto reason, call.body.text("reason"));
  ASSIGN_OR_RETURN(const auto by, person(call, tx, "by"));
  ASSIGN_OR_RETURN(const bool exposed, call.body.flag("exposed"));
  TRY(call.body.all_known());
  const auto kind = exposed ? HoldKind::kCredentialExposed : HoldKind::kSuspended;
  TRY(registry.place_hold(tx, {.id = by.str(), .via = call.actor.via}, id, kind, reason));
  return json::object{{"placed", to_string(kind)}};
}

Result<json::object> renew(identity::Registry& registry, const Call& call, store::Transaction& tx,
                           const audit::Actor& actor, const DeploymentId& id) {
  ASSIGN_OR_RETURN(const auto expires, call.body.instant("expires"));
  ASSIGN_OR_RETURN(const auto approver, person(call, tx, "by"));
  TRY(call.body.all_known());
  TRY(registry.renew(tx, actor, id, expires, approver));
  return json::object{{"expires", format_instant(expires)}};
}

Result<json::object> add_key(identity::Registry& registry, const Call& call, store::Transaction& tx,
                             const audit::Actor& actor, const DeploymentId& id) {
  ASSIGN_OR_RETURN(const auto key, new_key(call));
  ASSIGN_OR_RETURN(const auto approver, optional_person(call, tx, "by"));
  TRY(call.body.all_known());
  ASSIGN_OR_RETURN(const auto credential, registry.add_credential(tx, actor, id, key, approver));
  return json::object{{"credential", credential.str()}, {"thumbprint", key.thumbprint}};
}

Result<json::object> lift(identity::Registry& registry, const Call& call, store::Transaction& tx,
                          const audit::Actor& actor, const DeploymentId& id) {
  ASSIGN_OR_RETURN(const auto kind, call.body.name<snapshot::HoldKind>("hold"));
  ASSIGN_OR_RETURN(const auto lifter, person(call, tx, "by"));
  ASSIGN_OR_RETURN(const auto reason, call.body.text("reason"));
  TRY(call.body.all_known());
  TRY(registry.lift_hold(tx, actor, id, kind, lifter, reason));
  return json::object{{"lifted", to_string(kind)}};
}

}  // namespace

std::vector<Route> deployment_routes(const ApiParts& parts) {
  auto& registry = parts.registry;
  const auto& clock = parts.clock;
  return {
      {Method::kGet, "/v1/deployments",
       [&clock](const Call&, const Snapshot& snapshot) -> Result<Answer> {
         const auto now = clock.now();
         return Answer{
             list(snapshot.all().deployments, [&](const auto& one) { return view(one, snapshot, now); })};
       }},
      {Method::kGet, "/v1/deployments/{environment}/{name}",
       [&clock](const Call& call, const Snapshot& snapshot) -> Result<Answer> {
         ASSIGN_OR_RETURN(const auto environment, environment_of_path(call));
         const auto& name = call.path.at("name");
         const auto* deployment = snapshot.deployment(environment, name);
         if (deployment == nullptr) return no_such_deployment(environment, name, snapshot);
         return Answer{view(*deployment, snapshot, clock.now())};
       }},
      deployment_command(
          "/v1/deployments/{environment}/{name}/submit",
          [&registry](const Call& call, auto& tx, const auto& actor, const auto& id) -> Result<json::object> {
            TRY(call.body.all_known());
            TRY(registry.submit(tx, actor, id));
            return json::object{{"state", "pending"}};
          }),
      deployment_command(
          "/v1/deployments/{environment}/{name}/approve",
          [&registry](const Call& call, auto& tx, const auto& actor, const auto& id) -> Result<json::object> {
            ASSIGN_OR_RETURN(const auto approver, person(call, tx, "by"));
            TRY(call.body.all_known());
            TRY(registry.approve(tx, actor, id, approver));
            return json::object{};
          }),
      deployment_command(
          "/v1/deployments/{environment}/{name}/refuse",
          [&registry](const Call& call, auto& tx, const auto& actor, const auto& id) -> Result<json::object> {
            ASSIGN_OR_RETURN(const auto approver, person(call, tx, "by"));
            ASSIGN_OR_RETURN(const auto reason, call.body.text("reason"));
            TRY(call.body.all_known());
            TRY(registry.refuse(tx, actor, id, approver, reason));
            return json::object{{"state", "draft"}};
          }),
      deployment_command(
          "/v1/deployments/{environment}/{name}/retire",
          [&registry](const Call& call, auto& tx, const auto& actor, const auto& id) -> Result<json::object> {
            ASSIGN_OR_RETURN(const auto reason, call.body.text("reason"));
            TRY(call.body.all_known());
            TRY(registry.retire(tx, actor, id, reason));
            return json::object{{"state", "retired"}};
          }),
      deployment_command("/v1/deployments/{environment}/{name}/suspend",
                         [&registry](const Call& call, auto& tx, const auto&, const auto& id) {
                           return suspend(registry, call, tx, id);
                         }),
      deployment_command("/v1/deployments/{environment}/{name}/renew",
                         [&registry](const Call& call, auto& tx, const auto& actor, const auto& id) {
                           return renew(registry, call, tx, actor, id);
                         }),
      deployment_command("/v1/deployments/{environment}/{name}/lift",
                         [&registry](const Call& call, auto& tx, const auto& actor, const auto& id) {
                           return lift(registry, call, tx, actor, id);
                         }),
      {Method::kPost, "/v1/credentials/{id}/revoke",
       [&registry](const Call& call, store::Transaction& tx) -> Result<Answer> {
         ASSIGN_OR_RETURN(const auto id, CredentialId::parse(call.path.at("id")));
         ASSIGN_OR_RETURN(const auto actor, actor_of(call, tx));
         TRY(call.body.all_known());
         TRY(registry.revoke_credential(tx, actor, id));
         return done({{"id", id.str()}, {"revoked", true}});
       }},
      deployment_command("/v1/deployments/{environment}/{name}/credentials",
                         [&registry](const Call& call, auto& tx, const auto& actor, const auto& id) {
                           return add_key(registry, call, tx, actor, id);
                         }),
  };
}

}  // namespace remit::admin
