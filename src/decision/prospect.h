// What an agent could ever be allowed to do with a tool: the decision before anyone knows the arguments or
// the time.
//
// "Never" and "always" are exact for the snapshot: no call, or every call whose arguments are what the tool
// declares (decision/arguments.h), at any time; pins are not looked at. All else depends on the conditions
// that are listed.
//
// Thread-safety: pure functions. Pointers in the results live as long as the Snapshot.

#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "decision/decide.h"

namespace remit::decision {

enum class Outlook {
  kAlways,
  kDepends,   // on the conditions
  kApproval,  // only ever by way of an approval
  kNever
};
std::string_view to_string(Outlook outlook);  // "always", "depends", "approval", "never"

// A policy that could still matter.
struct OpenPolicy {
  cedar::Effect effect = cedar::Effect::kPermit;
  std::string name;           // its @id, else "policy3"
  std::string condition;      // what remains of it, in Cedar's syntax; cut where it is long
  std::string approval_path;  // of a permit with @approval
};

struct Prospect {
  const snapshot::Tool* tool = nullptr;
  Outlook outlook = Outlook::kNever;
  std::string_view code = {};              // of kNever: the reason of every refusal, "RMT-D042"
  std::string message = {};                // of kNever: for people
  std::vector<std::string> policies = {};  // that apply to every call and determine it, if nothing open does
  std::string approval_path = {};          // of kApproval: the first that is needed
  std::vector<OpenPolicy> open = {};       // by position
};

// For a standing that is fit (decide.h).
Prospect prospect(const Standing& standing, const snapshot::Snapshot& snapshot);

// Whether it is kNever, which is all that a list of tools asks.
bool is_hopeless(const Standing& standing, const snapshot::Snapshot& snapshot);

// One for each grant of a deployment that has a tool, by the tool's name. With the credential that it could
// use now, else any. Under `policies` where they are given, else under those in force.
std::vector<Prospect> prospects(const snapshot::Deployment& deployment, Instant now,
                                const snapshot::Snapshot& snapshot,
                                const cedar::PolicySet* policies = nullptr);

// What a set of policies would change, if it replaced the one in force.
struct OutlookChange {
  const snapshot::Deployment* deployment = nullptr;
  Prospect before;
  Prospect after;
};
struct PolicyEffect {
  std::vector<OutlookChange> changes;  // by the agent's name, then the tool's; the first `most`
  std::size_t changed = 0;             // all of them
  std::size_t compared = 0;            // tools that agents are granted
};
// Of every agent of an environment that is not retired. A change is one of what can ever be allowed, on which
// conditions, by which approval; not one of names or reasons alone. Looks at every grant: not on a loop.
PolicyEffect effect_of(const cedar::PolicySet& policies, Environment environment, Instant now,
                       const snapshot::Snapshot& snapshot, std::size_t most);

// The permits that came nearest to allowing a call at that time, of which the arguments are not known:
// nearest first. `standing.grant` is not read. Empty also where there are no policies.
std::vector<cedar::Explanation> nearest_permits(const Standing& standing, Instant time,
                                                const snapshot::Snapshot& snapshot, std::size_t count);

}  // namespace remit::decision
