// The decision point: may this deployment make this call now? (policy.md)
//
//   decide(call, snapshot) → allow | deny | hold, with one reason
//
// It reads the call and one Snapshot and nothing else, so that a decision can be taken again at its revision.
// Checks go from identity to policy and the first that fails names the reason: state and holds → credential
// and environment → grant → pin → Cedar. Whatever cannot be judged is denied: no policies, a forbid that
// errs, arguments that are not what the tool declares or that Cedar cannot hold.
//
// A permit with @approval("path") that applies turns the allow into a hold, also where a plain permit applies
// too: an obligation must not be lost because a wider policy stands beside it. A forbid is final.
//
// A tool that does not exist, one of another environment and one that is not granted are one answer
// (security.md, 20).
//
// Reason codes are of the catalogue (data/errors.toml, RMT-D…), each with its fix; RMT-D000 is "permitted".
//
// Thread-safety: pure functions. Pointers in the results live as long as the Snapshot.

#pragma once

#include <boost/json/object.hpp>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/environment.h"
#include "base/sha256.h"
#include "snapshot/snapshot.h"

namespace remit::decision {

enum class Verdict { kAllow, kDeny, kHold };
std::string_view to_string(Verdict verdict);  // "allow", "deny", "hold"

// One attempted tool call, as the gateway has it. Views and pointers live as long as the call.
struct Call {
  Environment environment = Environment::kSandbox;  // of the endpoint that was called
  std::string_view deployment;                      // from the verified token
  std::string_view credential;
  std::string_view tool;                           // qualified: "erp/create_payment"
  const boost::json::object* arguments = nullptr;  // null: none
  std::optional<Digest> offered = {};  // pin of what the upstream lists under the name now; none: it does not
  Instant now;
};

struct Decision {
  Verdict verdict = Verdict::kDeny;
  std::string_view code;              // "RMT-D020"
  std::string message;                // for the model and for people: what was refused, and who can change it
  std::vector<std::string> policies;  // that determined it: their @id, else "policy3"
  std::vector<std::string> errors;    // of policies that could not be evaluated and were skipped
  std::string approval_path;          // of a hold
  std::int64_t revision = 0;          // of the snapshot
  const snapshot::Policies* policy_set = nullptr;  // that was asked; null if it did not come to that
};

// Who calls, and what: found in the snapshot, and fit for the call as far as the snapshot can tell.
struct Standing {
  const snapshot::Deployment* deployment;
  const snapshot::Credential* credential;
  const snapshot::Grant* grant;
  const snapshot::Tool* tool;
  const snapshot::Destination* destination;
};

// The checks before policy that need no upstream: identity, credential, grant, and the tool's classification
// and quarantine. `call.offered` and `call.arguments` are not read. The gateway asks this before it opens an
// upstream, and once more before it sends.
std::expected<Standing, Decision> check_standing(const Call& call, const snapshot::Snapshot& snapshot);

// What policies alone say of a call that is as `standing` has it: no check of before is made again, and
// `standing.grant` is not read. They need not be those in force; null: none are.
Decision ask_policies(const Call& call, const Standing& standing, const snapshot::Policies* policies,
                      const snapshot::Snapshot& snapshot);

// All checks. Denies without a snapshot.
Decision decide(const Call& call, const snapshot::Snapshot* snapshot);

// The tools that a deployment could be allowed to call (granted, classified, offered as pinned as far as is
// known, readable by every client, and not refused by policy whatever the arguments), by name: what
// tools/list shows. Empty where the deployment or its credential may not act. Policies may still refuse a
// call by its arguments.
std::vector<const snapshot::Tool*> callable_tools(Environment environment, std::string_view deployment,
                                                  std::string_view credential, Instant now,
                                                  const snapshot::Snapshot& snapshot);

}  // namespace remit::decision
