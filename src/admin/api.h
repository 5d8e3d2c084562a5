// Api: the REST API of the plane, from a request to an answer. Everything that changes what is governed goes
// through it: the command line, the console and other programs see the same resources and the same errors.
//
//   GET  /v1/status
//   GET  /v1/services             POST /v1/services
//   GET  /v1/humans               POST /v1/humans            POST /v1/humans/{name}/leave
//   GET  /v1/agents               POST /v1/agents            GET  /v1/agents/{name}
//   POST /v1/agents/{name}/{kill,lift,owner}
//   GET  /v1/deployments          GET  /v1/deployments/{environment}/{name}
//   POST /v1/deployments/{environment}/{name}/{submit,approve,refuse,renew,retire,suspend,lift,credentials}
//   POST /v1/credentials/{id}/revoke
//   GET  /v1/grants               POST /v1/grants            POST /v1/grants/revoke
//   GET  /v1/destinations         POST /v1/destinations
//   POST /v1/destinations/{environment}/{name}/{scan,secret,retire}
//   GET  /v1/tools                GET  /v1/tools/{environment}/{tool}/change
//   POST /v1/tools/{environment}/classify, /v1/tools/{environment}/{tool}/{approve-change,retire}
//   GET  /v1/policies/{environment}                          POST /v1/policies/{environment}
//   GET  /v1/policies/{environment}/schema                   POST /v1/policies/{environment}/validate
//   GET  /v1/audit/entries        GET  /v1/decisions/{id}
//
// `suspend` with `exposed` places `credential-exposed`: a leak that somebody reports. An agent's `lift` is of
// its kills, a deployment's of its holds.
//
// `schema` is what policies of the environment may name, in Cedar syntax, with what its tools take and
// policies do not see. `validate` changes nothing: it gives every finding of a `text`, or, without one, of
// the policies in force, which may have ceased to fit what the catalog has. A POST of policies gives its
// warnings.
//
// `scan` asks the destination's server for its tools and pins them. A tool's name, "erp/read", is one segment
// of the path: its slash is written %2F.
//
// A command is one transaction of the store with its governance events; its answer comes when it is durable
// and in force. A list is read from the snapshot in force. What the snapshot does not have (the log, the
// history of policies) is read from the store beside the loops (admin/reading_thread.h), so that neither they
// nor a write wait for it.
//
// /v1/audit/entries gives the end of the log; with `after` or `from`, which are indexes, what follows that
// entry or begins with it. A page has at most `limit` entries, and fewer where they are large: go on after
// its last index. What it shows is what auditors are given: ids, enumerations and commitments.
//
// Errors are problem details (RFC 9457) with code
// and fix. A member of a body that is not known is refused: a command that ignores half of what it was told
// does another thing.
//
// Who calls is for the caller of `handle` to know (a unix socket's peer, the process itself); the API trusts
// it.
//
// Thread-safety: `handle` may run on any loop, several at once.

#pragma once

#include <boost/json/value.hpp>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "admin/reading_thread.h"
#include "admin/route.h"
#include "audit/log.h"
#include "catalog/catalog.h"
#include "catalog/policies.h"
#include "http/loop.h"
#include "http/message.h"
#include "identity/registry.h"
#include "mcp/tools.h"
#include "snapshot/holder.h"
#include "store/store.h"

namespace remit::admin {

// Where an environment answers to agents.
struct Endpoint {
  Environment environment = Environment::kSandbox;
  std::string mcp;
  std::string issuer;
  std::string token_endpoint;
};

// How the plane is reached and verified, and what goes on there; URLs are empty while nobody listens.
struct Doors {
  std::string log_key;  // the log's verifier key, as text
  // What confines the programs that run as destinations, and what of that this machine lacks.
  std::vector<std::string> confinement = {};
  std::vector<std::string> problems = {};  // of the disk, which stand in the way of calls
  // Why no call is made until a person has confirmed it, one sentence each, and by which name.
  std::vector<std::pair<std::string, std::string>> cautions = {};
  std::string public_url;
  std::string metrics = {};  // where they are served; empty: over the socket alone
  std::vector<Endpoint> endpoints;
  std::size_t sessions = 0;  // agents' MCP sessions
  std::size_t children = 0;  // programs that are running as destinations
};

// When a destination last answered a call, and last failed one, since the start.
struct Contact {
  std::optional<Instant> answered;
  std::optional<Instant> failed;
};

// A bound that the plane keeps, and what it is where nothing else is configured.
struct Limit {
  std::string_view name;
  std::int64_t value = 0;
  std::int64_t standard = 0;
  std::string_view unit;  // empty: a number of things
  std::string_view bounds;
};

// What the API works on. All must outlive it.
struct ApiParts {
  store::Store& store;
  identity::Registry& registry;
  catalog::Catalog& catalog;
  catalog::PolicyPublisher& policies;
  const snapshot::SnapshotHolder& snapshots;
  const Clock& clock;
  // Asks a destination's server for all its tools. On the loop of the request. Errors: kUnavailable.
  std::function<http::Task<Result<mcp::ToolPage>>(snapshot::Destination)> list_tools;
  // Whether a child may be declared so on this machine; its program by its path. On the writer's thread.
  std::function<Result<snapshot::StdioTransport>(snapshot::StdioTransport)> admit_child;
  std::string version;
  // On the reading thread.
  std::function<Doors()> doors;
  store::Governs governs = {};  // which tables hold what is governed
  // Copies the store into a folder, and says what it copied. On the reading thread.
  std::function<Result<boost::json::object>(const std::string& folder)> back_up = {};
  // Takes a caution away. On the writer's thread.
  std::function<Result<void>(store::Transaction&, const audit::Actor&, std::string_view kind,
                             std::string reason)>
      confirm = {};
  // Gives an issuer another key from the next start on, and its thumbprint. On the writer's thread.
  std::function<Result<std::string>(store::Transaction&, const audit::Actor&, Environment,
                                    std::string reason)>
      rotate_issuer = {};
  std::vector<Limit> limits = {};
  // Of the destinations that were called. On any thread.
  std::function<std::map<std::pair<Environment, std::string>, Contact>()> contacts = {};
};

class Api {
 public:
  explicit Api(ApiParts parts);

  // Never fails: what goes wrong is in the answer.
  http::Task<http::Response> handle(http::Request request, audit::Actor actor) const;

 private:
  http::Task<Result<Answer>> run(const Route* route, Call call) const;

  const ApiParts parts_;
  std::vector<Route> routes_;
  mutable ReadingThread reading_;
  ReadingThread checking_;
};

}  // namespace remit::admin
