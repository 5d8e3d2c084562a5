// The governed world as plain values: what the store holds, in the form that the call path reads.
//
// These types check nothing; the commands of `identity` and `catalog` do, before anything is stored. Names of
// environments, states and classes have one spelling, used in the store, the API, policies and the log.
//
// Thread-safety: values. Inside a Snapshot they never change.

#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.h"
#include "base/environment.h"
#include "base/id.h"
#include "base/sha256.h"
#include "cedar/cedar.h"
#include "jose/key.h"
#include "snapshot/names.h"
#include "snapshot/tool_input.h"

namespace remit::snapshot {

struct Human {
  HumanId id;
  std::string name;  // of a person: never in a log entry
  bool active = false;
};

struct Service {
  ServiceId id;
  std::string name;
  HumanId owner;
  std::optional<HumanId> deputy;
  std::string issuing_system;
  State state = State::kActive;
  std::vector<HoldKind> holds;
};

struct Hold {
  HoldKind kind;
  std::string placed_by;  // id of a human, service or agent, or "operator", "remit"
  Instant placed_at;
  std::string reason;  // shown to people; holds no secret
  // Drift alone: when the agent was seen to run what is approved again.
  std::optional<Instant> mended = std::nullopt;
};

// One use of the kill switch. It binds the agent, not a deployment: in every environment, and what is
// registered later too. Only those that were not lifted are in a snapshot.
struct Kill {
  KillId id;
  std::string placed_by;  // id of a human; "operator" in stores of before that was demanded
  Instant placed_at;
  std::string reason;
  std::optional<HumanId> confirmed_by = std::nullopt;  // the first of the two who lift it
};

struct Agent {
  AgentId id;
  std::string name;
  HumanId owner;
  std::optional<HumanId> deputy;
  std::string purpose;
  std::string process;
  std::string issuing_system;
  std::vector<Kill> kills = {};  // it acts nowhere while there is one
};

// An agent in one environment. Owner to process, and `killed`, are its agent's, copied so that the call path
// needs one look-up.
struct Deployment {
  DeploymentId id;
  Environment environment = Environment::kSandbox;
  AgentId agent;
  std::string name;  // the agent's
  HumanId owner;
  std::optional<HumanId> deputy;
  State state = State::kDraft;
  std::vector<Hold> holds;
  std::string purpose;
  std::string process;
  Instant expires;  // exclusive: at this instant it may no longer act
  bool killed = false;
};

// Whether it may act at all: active, with nothing that holds it, and not over. What the call path, the issuer
// and every view go by.
inline bool may_act(const Deployment& deployment, Instant now) {
  return deployment.state == State::kActive && !deployment.killed && deployment.holds.empty() &&
         now < deployment.expires;
}

// "expired" where it lives and its end date has passed, else the state: what people and programs are shown.
inline std::string_view shown_state(const Deployment& deployment, Instant now) {
  if (deployment.state != State::kRetired && deployment.expires <= now) return "expired";
  return to_string(deployment.state);
}

struct Credential {
  CredentialId id;
  DeploymentId deployment;
  CredentialKind kind = CredentialKind::kKey;
  std::string public_jwk;                             // JSON text, public members only
  std::string thumbprint;                             // RFC 7638, base64url
  std::optional<jose::PublicKey> key = std::nullopt;  // of `public_jwk`; empty: it cannot be used
  Instant not_before;
  Instant expires;  // exclusive
  bool revoked = false;
};

struct Grant {
  GrantId id;
  DeploymentId deployment;
  ToolId tool;
  std::optional<Instant> expires;  // exclusive; empty: as long as the deployment
  std::string shown_name = {};     // under which the agent sees the tool: for ever, and no other tool
  std::string former_name =
      {};  // under which it was listed before there were shown names, and is called still
};

struct HttpTransport {
  std::string url;
  bool operator==(const HttpTransport&) const = default;
};

// A server that Remit starts, and what it may reach: nothing but this, a HOME of its own, and the system's
// programs and libraries.
struct StdioTransport {
  std::vector<std::string> command;     // program and arguments, never through a shell
  std::vector<std::string> reads = {};  // files and folders, absolute
  std::vector<std::string> writes = {};
  Network network = Network::kNone;
  std::vector<std::string> hosts = {};                              // for Network::kHosts: HOST:PORT
  std::vector<std::pair<std::string, std::string>> variables = {};  // sorted by name
  std::string working_directory = {};                               // absolute; empty: its HOME
  bool operator==(const StdioTransport&) const = default;
};

using Transport = std::variant<HttpTransport, StdioTransport>;

// A destination's credential as the vault sealed it. Only catalog::Vault opens it, at forward time.
struct SealedSecret {
  SecretId id;
  std::string slot;  // where it goes: a header's name (http) or an environment variable's (stdio)
  Bytes box;
};

// A tool that a server lists and that cannot be used: its name, as far as that could be read, and why.
struct SetAside {
  std::string name;
  std::string reason;
};

// What a destination is given in place of the server's settings; empty: those.
struct UpstreamBounds {
  std::optional<std::chrono::seconds> open_timeout = {};
  std::optional<std::chrono::seconds> answer_timeout = {};
  std::optional<std::uint64_t> max_answer_bytes = {};
};

struct Destination {
  DestinationId id;
  Environment environment = Environment::kSandbox;
  std::string name;
  Transport transport;
  DataClass data_class = DataClass::kInternal;
  std::vector<std::string> labels;  // sorted, unique: "pii", "secret", "untrusted", …
  HumanId owner;
  std::vector<SealedSecret> secrets;     // sorted by slot, each slot once
  std::vector<SetAside> set_aside = {};  // of its last list of tools
  UpstreamBounds bounds;
  std::string instructions;  // the server's own words for whoever uses it, as of the last scan; may be empty
  std::optional<Instant> credential_echoed;  // when its server last said the credential back
};

struct Tool {
  ToolId id;
  DestinationId destination;
  Environment environment = Environment::kSandbox;
  std::string name;              // as the upstream calls it
  std::string qualified_name;    // "erp/create_payment": the action's name in policies
  std::optional<Effect> effect;  // empty until a person has set it; such a tool cannot be called
  DataClass data_class = DataClass::kInternal;
  std::vector<std::string> labels;  // sorted, unique
  std::string definition;           // the pinned one, byte for byte as it was listed
  Digest digest;                    // of its canonical JSON
  bool quarantined = false;  // the upstream offers another definition than the pinned one, or it was moved
  bool moved = false;        // its destination is another than when a person last looked at it
  bool missing = false;      // the upstream does not list it, or not in a form that clients can read
  bool readable = true;      // the pinned one, by every client (mcp/tool_definition.h)
  std::shared_ptr<const ToolInput> input = no_tool_input();  // of the pinned definition; never null
};

// The policies in force in one environment. A set that does not parse never gets here.
struct Policies {
  PolicySetId id;
  Environment environment = Environment::kSandbox;
  Digest digest;  // of the text
  cedar::PolicySet set;
};

}  // namespace remit::snapshot
