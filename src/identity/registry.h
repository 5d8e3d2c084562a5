// Registry: the one inventory of humans, services and agents, and every command that changes it
// (identity.md).
//
// A command runs inside the caller's store transaction: it checks its guards, changes rows, moves the
// revision and appends a governance event for each thing that it changed; an error means that the caller must
// let the transaction fail. The registry never asks the clock or the random source of the system: both are
// passed in.
//
// An identity acts only if it is active, its set of holds is empty and its agent is not killed. Each
// mechanism (owner's departure, reviews, …) places and lifts holds of its own kind and touches no other. A
// kill is the agent's: it binds every deployment, those to come too, and each kill is lifted by itself.
//
// Two people. In production another person than the owner approves, grants, adds keys, renews, and lifts the
// holds that stand in for an approval. What counts is who owns and who approved now: where the person whose
// approval a deployment, its grants or its keys rest on becomes its owner, it is held as change-pending until
// another one confirms. A kill is lifted by two people, neither of whom placed it, owns the agent or owned it
// when it was killed. Whoever can reach the command socket says which person they are: until people can log
// in these are claims, not proofs (SECURITY.md).
//
// Names of people are in the store alone: events carry ids, and reasons as commitments.
//
// Errors, unless a command says more: RMT-I001, RMT-I003 (kNotFound), RMT-I010, RMT-I011 (kConflict: the
// state), RMT-I004, RMT-I006 (kInvalid: a text), and those of the store and the log.
//
// Thread-safety: commands run on the thread of their transaction; a Registry has no state of its own.

#pragma once

#include <array>
#include <chrono>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/log.h"
#include "base/clock.h"
#include "base/environment.h"
#include "base/id.h"
#include "base/random.h"
#include "snapshot/names.h"
#include "store/store.h"

namespace remit::identity {

using snapshot::HoldKind;

std::vector<store::Migration> migrations();

struct NewService {
  std::string name;
  HumanId owner;
  std::optional<HumanId> deputy = {};
  std::string issuing_system;
};

// A public key as the caller parsed it: its JWK without private members, and its RFC 7638 thumbprint.
struct NewKey {
  std::string public_jwk;
  std::string thumbprint;
  std::string material;  // jose::PublicKey::material_thumbprint
};

// What this installation sets for everyone.
struct Rules {
  // How far an end date may lie ahead, by environment.
  std::array<std::chrono::days, kEnvironments.size()> longest_life{
      std::chrono::days(90), std::chrono::days(180), std::chrono::days(365)};
  // Material thumbprints of keys that no agent may have: the issuers' own.
  std::vector<std::string> reserved_keys = {};
};

// An agent and its deployment in one environment. Owner to issuing system are the agent's: for a further
// environment of a known agent they must be what they are.
struct Registration {
  std::string name;  // 1–63 of a–z, 0–9 and '-', starting with a letter
  HumanId owner;
  std::optional<HumanId> deputy = {};
  std::string purpose;
  std::string process;
  std::string issuing_system;
  Environment environment = Environment::kSandbox;
  Instant expires;  // the retirement date
  NewKey key;
};

struct Registered {
  AgentId agent;
  DeploymentId deployment;
  CredentialId credential;
};

// What became of a leaver's things.
struct Departure {
  std::vector<std::string> succeeded;  // ids of agents and services that the deputy owns now
  std::vector<std::string> held;       // ids of deployments and services with owner-missing now
};

struct NewGrant {
  DeploymentId deployment;
  ToolId tool;
  std::string tool_name;  // qualified: "erp/create_payment"
  Environment tool_environment = Environment::kSandbox;
  boost::json::object tool_class = {};  // for the log: what it was classified as (catalog::class_of)
  HumanId approver;
  std::optional<Instant> expires = {};
};

struct Granted {
  GrantId id;
  std::string shown_name;  // under which the agent sees the tool (identity/tool_names.h)
  bool is_new = true;      // false: it had that grant already, until the same end
};

// What the catalog has, by id, retired ones too: for grants that were given before their tools' names were
// kept.
struct KnownTools {
  std::map<ToolId, std::string> names;                                      // qualified
  std::array<std::vector<std::string>, kEnvironments.size()> destinations;  // that live, by environment
};

class Registry {
 public:
  // The three must outlive it.
  Registry(audit::Log& log, const Clock& clock, Random& random, Rules rules = {})
      : log_(log), clock_(clock), random_(random), rules_(std::move(rules)) {}

  // People ------------------------------------------------------------------------------------------------

  // Errors: RMT-I005 (somebody who is here has the name, or one that looks like it), RMT-I032 (it is no
  // person's name: person_name.h).
  Result<HumanId> add_human(store::Transaction& tx, const audit::Actor& actor, std::string_view name);

  // The leaver can approve and own nothing from this instant. What they own goes to its deputy; where there
  // is none who is here, it is held. Errors: RMT-I002 (has left already).
  Result<Departure> human_leaves(store::Transaction& tx, const audit::Actor& actor, const HumanId& human);

  // Errors: RMT-I002 (owner or deputy has left), RMT-I005, RMT-I021 (deputy is the owner).
  Result<ServiceId> add_service(store::Transaction& tx, const audit::Actor& actor, const NewService& service);

  // Agents and deployments --------------------------------------------------------------------------------

  // Makes a draft and submits it: pending. Errors: as add_service, RMT-I007 (ends in the past), RMT-I008 (the
  // key was registered before, or one that whoever holds its private part can use as well), RMT-I009 (not a
  // public key, or an issuer's own), RMT-I031 (ends too far ahead), RMT-I019 (lives there already), RMT-I020
  // (known otherwise).
  Result<Registered> register_agent(store::Transaction& tx, const audit::Actor& actor,
                                    const Registration& registration);

  // draft → pending, after a refusal.
  Result<void> submit(store::Transaction& tx, const audit::Actor& actor, const DeploymentId& deployment);

  // pending → approved, and on to active where there is a credential. Errors: RMT-I002 (approver or owner has
  // left), RMT-I007 (kConflict: its end date has passed), RMT-I012 (kForbidden: the owner approves own
  // production deployment).
  Result<void> approve(store::Transaction& tx, const audit::Actor& actor, const DeploymentId& deployment,
                       const HumanId& approver);

  // pending → draft. Errors: RMT-I002.
  Result<void> refuse(store::Transaction& tx, const audit::Actor& actor, const DeploymentId& deployment,
                      const HumanId& approver, std::string_view reason);

  // Another end date, for the deployment and for the keys that live as long as it; lifts a hold `expired`. An
  // approval: in production by another person than the owner. Errors: RMT-I002, RMT-I007, RMT-I012, RMT-I031.
  Result<void> renew(store::Transaction& tx, const audit::Actor& actor, const DeploymentId& deployment,
                     Instant expires, const HumanId& approver);

  // Terminal: credentials and grants are revoked, the rows stay.
  Result<void> retire(store::Transaction& tx, const audit::Actor& actor, const DeploymentId& deployment,
                      std::string_view reason);

  // Names a new owner who takes the agent over. Holds stay: owner-missing is lifted by a person afterwards. A
  // production deployment that rests on the new owner's own approval is held as change-pending.
  // Errors: RMT-I002, RMT-I021.
  Result<void> assign_owner(store::Transaction& tx, const audit::Actor& actor, const AgentId& agent,
                            const HumanId& owner, const std::optional<HumanId>& deputy);

  // Holds -------------------------------------------------------------------------------------------------

  // Placing a kind that is already there keeps the older one and records nothing.
  Result<void> place_hold(store::Transaction& tx, const audit::Actor& actor, const DeploymentId& deployment,
                          HoldKind kind, std::string_view reason);

  // A person lifts a hold whose cause is mended; owner-missing and change-pending are approvals by that.
  // Errors: RMT-I002, RMT-I013 (no such hold), RMT-I014 (kForbidden: another person than the owner lifts
  // owner-missing, change-pending and drift in production), RMT-I015 (the cause is still there: owner gone,
  // date passed, key not rotated, another version runs).
  Result<void> lift_hold(store::Transaction& tx, const audit::Actor& actor, const DeploymentId& deployment,
                         HoldKind kind, const HumanId& lifter, std::string_view reason);

  // The deployment proved its key and runs what is approved: the cause of a hold `drift` is gone. Nothing
  // where there is no such hold.
  Result<void> mend_drift(store::Transaction& tx, const audit::Actor& actor, const DeploymentId& deployment);

  // Kills -------------------------------------------------------------------------------------------------

  // Stops the agent in every environment, whatever lives of it now or is registered later. Each kill is a row
  // of its own. Errors: RMT-I002.
  Result<KillId> kill(store::Transaction& tx, const audit::Actor& actor, const AgentId& agent,
                      const HumanId& killer, std::string_view reason);

  // The first person confirms, the second one lifts; a confirmation by who has left or owns the agent since
  // counts for nothing. Whether it is lifted. Errors: RMT-I002, RMT-I013 (no such kill), RMT-I014
  // (kForbidden: placed it, owns or owned the agent, or has confirmed already).
  Result<bool> lift_kill(store::Transaction& tx, const audit::Actor& actor, const KillId& kill,
                         const HumanId& lifter, std::string_view reason);

  // Credentials -------------------------------------------------------------------------------------------

  // A further key, for rotation; an approved deployment becomes active. It lives as long as the deployment.
  // In production another person than the owner says so. Errors: RMT-I002, RMT-I007 (kConflict: it has
  // ended), RMT-I008, RMT-I009, RMT-I033 (kForbidden: nobody or the owner says so).
  Result<CredentialId> add_credential(store::Transaction& tx, const audit::Actor& actor,
                                      const DeploymentId& deployment, const NewKey& key,
                                      const std::optional<HumanId>& approver);

  // Revoked is for ever. Errors: RMT-I022 (kConflict: is revoked).
  Result<void> revoke_credential(store::Transaction& tx, const audit::Actor& actor,
                                 const CredentialId& credential);

  // Grants ------------------------------------------------------------------------------------------------

  // The first grant of a tool to an agent fixes the name that it is shown under, for ever. Errors: RMT-I002,
  // RMT-I007, RMT-I016 (granted already), RMT-I017 (kForbidden: the tool is of another environment), RMT-I033
  // (kForbidden: the owner grants to the own production deployment).
  Result<Granted> grant(store::Transaction& tx, const audit::Actor& actor, const NewGrant& grant);

  // Errors: RMT-I018 (no such grant).
  Result<void> revoke_grant(store::Transaction& tx, const audit::Actor& actor, const DeploymentId& deployment,
                            const ToolId& tool);

  // Ends every grant on a tool that is retired, and answers how many there were; where there were none,
  // nothing is recorded.
  Result<std::int64_t> end_grants(store::Transaction& tx, const audit::Actor& actor, const ToolId& tool);

  // Gives their names to grants of a version that kept none. Before the first snapshot. Where there is
  // nothing to do, nothing is written.
  static Result<void> name_older_grants(store::Store& store,
                                        const std::function<Result<KnownTools>(store::Reader&)>& known_tools);

 private:
  Result<void> record(store::Transaction& tx, const audit::Actor& actor, std::string_view action,
                      std::string_view object, boost::json::object detail = {}, std::string_view reason = {});
  Result<void> move_state(store::Transaction& tx, const DeploymentId& deployment, snapshot::State from,
                          snapshot::State to);
  Result<AgentId> take_up_agent(store::Transaction& tx, const Registration& registration);
  Result<void> require_end(Environment environment, Instant expires) const;
  Result<void> hold_own_approvals(store::Transaction& tx, const audit::Actor& actor, std::string_view agent);
  Result<void> require_new_key(store::Reader& reader, const NewKey& key) const;
  Result<CredentialId> insert_key(store::Transaction& tx, const DeploymentId& deployment, const NewKey& key,
                                  Instant expires, const std::optional<HumanId>& approver);
  Result<bool> insert_hold(store::Transaction& tx, const audit::Actor& actor, std::string_view subject,
                           HoldKind kind, std::string_view reason);
  Result<void> succeed(store::Transaction& tx, const audit::Actor& actor, std::string_view table,
                       const HumanId& leaver, Departure& departure);
  Result<void> hold_orphan(store::Transaction& tx, const audit::Actor& actor, std::string_view table,
                           const std::string& id, Departure& departure);

  audit::Log& log_;
  const Clock& clock_;
  Random& random_;
  const Rules rules_;
};

// Look-ups ------------------------------------------------------------------------------------------------

// For guards here and in other modules. Errors: RMT-I001 (no such person), RMT-I002 (has left).
Result<void> require_active_human(store::Reader& reader, const HumanId& human);

// The person of that name who is here; capitals and compatibility forms make no difference. Errors: RMT-I001.
Result<HumanId> find_human(store::Reader& reader, std::string_view name);

// The names of people, services, agents and deployments ("production/invoice-bot") by id, also of who has
// left and what is retired.
Result<std::map<std::string, std::string>> all_names(store::Reader& reader);

// The agent's kills that stand, oldest first.
Result<std::vector<KillId>> find_kills(store::Reader& reader, const AgentId& agent);

// Brings rows of earlier versions to what this one looks for: names of people in their canonical form, the
// material of keys. At each start, before anything is read. Errors: kConflict RMT-I034 (two people who are
// here have one name by now: names them).
Result<void> bring_up_to_date(store::Transaction& tx);

// Errors: RMT-I003.
Result<AgentId> find_agent(store::Reader& reader, std::string_view name);

// The deployment that lives, else the last one. Errors: RMT-I003.
Result<DeploymentId> find_deployment(store::Reader& reader, Environment environment,
                                     std::string_view agent_name);

}  // namespace remit::identity
