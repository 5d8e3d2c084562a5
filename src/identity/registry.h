// Registry: the one inventory of humans, services and agents, and every command that changes it
// (identity.md).
//
// A command runs inside the caller's store transaction: it checks its guards, changes rows, moves the
// revision and appends a governance event for each thing that it changed (a kill: one for each deployment);
// an error means that the caller must let the transaction fail. The registry never asks the clock or the
// random source of the system: both are passed in.
//
// An identity acts only if it is active and its set of holds is empty. Each mechanism (owner's departure,
// kill switch, reviews, …) places and lifts holds of its own kind and touches no other.
//
// Names of people are in the store alone: events carry ids, and reasons as commitments.
//
// Errors, unless a command says more: RMT-I001, RMT-I003 (kNotFound), RMT-I010, RMT-I011 (kConflict: the
// state), RMT-I004, RMT-I006 (kInvalid: a text), and those of the store and the log.
//
// Thread-safety: commands run on the thread of their transaction; a Registry has no state of its own.

#pragma once

#include <array>
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
  HumanId approver;
  std::optional<Instant> expires = {};
};

struct Granted {
  GrantId id;
  std::string shown_name;  // under which the agent sees the tool (identity/tool_names.h)
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
  Registry(audit::Log& log, const Clock& clock, Random& random) : log_(log), clock_(clock), random_(random) {}

  // People ------------------------------------------------------------------------------------------------

  // Errors: RMT-I005 (somebody who is here has the name).
  Result<HumanId> add_human(store::Transaction& tx, const audit::Actor& actor, std::string_view name);

  // The leaver can approve and own nothing from this instant. What they own goes to its deputy; where there
  // is none who is here, it is held. Errors: RMT-I002 (has left already).
  Result<Departure> human_leaves(store::Transaction& tx, const audit::Actor& actor, const HumanId& human);

  // Errors: RMT-I002 (owner or deputy has left), RMT-I005, RMT-I021 (deputy is the owner).
  Result<ServiceId> add_service(store::Transaction& tx, const audit::Actor& actor, const NewService& service);

  // Agents and deployments --------------------------------------------------------------------------------

  // Makes a draft and submits it: pending. Errors: as add_service, RMT-I007 (ends in the past), RMT-I008 (the
  // key was registered before), RMT-I009 (not a public key), RMT-I019 (lives there already), RMT-I020 (known
  // otherwise).
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

  // Terminal: credentials and grants are revoked, the rows stay.
  Result<void> retire(store::Transaction& tx, const audit::Actor& actor, const DeploymentId& deployment,
                      std::string_view reason);

  // Names a new owner who takes the agent over. Holds stay: owner-missing is lifted by a person afterwards.
  // Errors: RMT-I002, RMT-I021.
  Result<void> assign_owner(store::Transaction& tx, const audit::Actor& actor, const AgentId& agent,
                            const HumanId& owner, const std::optional<HumanId>& deputy);

  // Holds -------------------------------------------------------------------------------------------------

  // Placing a kind that is already there keeps the older one and records nothing.
  Result<void> place_hold(store::Transaction& tx, const audit::Actor& actor, const DeploymentId& deployment,
                          HoldKind kind, std::string_view reason);

  // Kills every deployment of the agent that lives. Answers which.
  Result<std::vector<DeploymentId>> kill(store::Transaction& tx, const audit::Actor& actor,
                                         const AgentId& agent, std::string_view reason);

  // A person lifts a hold whose cause is mended. Errors: RMT-I002, RMT-I013 (no such hold), RMT-I014
  // (kForbidden: killed is lifted by another person than placed it; owner-missing in production by another
  // than the owner), RMT-I015 (the cause is still there: owner gone, date passed, key not rotated).
  Result<void> lift_hold(store::Transaction& tx, const audit::Actor& actor, const DeploymentId& deployment,
                         HoldKind kind, const HumanId& lifter, std::string_view reason);

  // Credentials -------------------------------------------------------------------------------------------

  // A further key, for rotation; an approved deployment becomes active. It lives as long as the deployment.
  // Errors: RMT-I007 (kConflict: it has ended), RMT-I008, RMT-I009.
  Result<CredentialId> add_credential(store::Transaction& tx, const audit::Actor& actor,
                                      const DeploymentId& deployment, const NewKey& key);

  // Revoked is for ever. Errors: RMT-I022 (kConflict: is revoked).
  Result<void> revoke_credential(store::Transaction& tx, const audit::Actor& actor,
                                 const CredentialId& credential);

  // Grants ------------------------------------------------------------------------------------------------

  // The first grant of a tool to an agent fixes the name that it is shown under, for ever. Errors: RMT-I002,
  // RMT-I007, RMT-I016 (granted already), RMT-I017 (kForbidden: the tool is of another environment).
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
  Result<CredentialId> insert_key(store::Transaction& tx, const DeploymentId& deployment, const NewKey& key,
                                  Instant expires);
  Result<bool> insert_hold(store::Transaction& tx, const audit::Actor& actor, std::string_view subject,
                           HoldKind kind, std::string_view reason);
  Result<void> succeed(store::Transaction& tx, const audit::Actor& actor, std::string_view table,
                       const HumanId& leaver, Departure& departure);
  Result<void> hold_orphan(store::Transaction& tx, const audit::Actor& actor, std::string_view table,
                           const std::string& id, Departure& departure);

  audit::Log& log_;
  const Clock& clock_;
  Random& random_;
};

// Look-ups ------------------------------------------------------------------------------------------------

// For guards here and in other modules. Errors: RMT-I001 (no such person), RMT-I002 (has left).
Result<void> require_active_human(store::Reader& reader, const HumanId& human);

// The person of that name who is here. Errors: RMT-I001.
Result<HumanId> find_human(store::Reader& reader, std::string_view name);

// Errors: RMT-I003.
Result<AgentId> find_agent(store::Reader& reader, std::string_view name);

// The deployment that lives, else the last one. Errors: RMT-I003.
Result<DeploymentId> find_deployment(store::Reader& reader, Environment environment,
                                     std::string_view agent_name);

}  // namespace remit::identity
