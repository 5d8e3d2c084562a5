// Policies: one text for each environment, published whole, with its history.
//
// What does not parse is never in force: publishing fails and the policies that were there stay. An
// environment for which nothing was published has the baseline (data/baseline.cedar).
//
// Thread-safety: a command runs on the thread of its transaction; the rest are pure functions or reads.

#pragma once

#include <string>
#include <string_view>

#include "audit/log.h"
#include "base/clock.h"
#include "base/random.h"
#include "catalog/catalog.h"
#include "cedar/cedar.h"
#include "snapshot/types.h"
#include "store/store.h"

namespace remit::catalog {

// The text of data/baseline.cedar, and the id that it goes by where it is in force.
std::string_view baseline_text();
inline constexpr std::string_view kBaselineId = "pol_baseline";

// Parses a text that is to come into force. `file_name` is for the message. Errors: kInvalid RMT-P001 (does
// not parse: the message has every diagnostic with its place), RMT-P002 (an obligation that this version does
// not carry out).
Result<cedar::PolicySet> compile_policies(std::string_view text, std::string_view file_name);

class PolicyPublisher {
 public:
  // All must outlive it.
  PolicyPublisher(audit::Log& log, const Clock& clock, Random& random, RequirePerson require_person)
      : log_(log), clock_(clock), random_(random), require_person_(std::move(require_person)) {}

  // Puts a text in force in place of the one before. Errors: as compile_policies, those of the people check,
  // the store and the log.
  Result<PolicySetId> publish(store::Transaction& tx, const audit::Actor& actor, Environment environment,
                              std::string_view text, const HumanId& person);

 private:
  audit::Log& log_;
  const Clock& clock_;
  Random& random_;
  RequirePerson require_person_;
};

// A text that was published, newest first.
struct PublishedPolicies {
  PolicySetId id;
  Instant published_at;
  HumanId published_by;
  Digest digest;
};
Result<std::vector<PublishedPolicies>> policy_history(store::Reader& reader, Environment environment);

// The text that is in force.
Result<std::string> policy_text(store::Reader& reader, Environment environment);

}  // namespace remit::catalog
