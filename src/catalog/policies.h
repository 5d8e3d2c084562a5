// Policies: one text for each environment, published whole, with its history.
//
// What does not parse, or does not validate against what the catalog of its environment has
// (snapshot/policy_schema.h), never comes into force: publishing fails and the policies that were there stay.
// An environment for which nothing was published has the baseline (data/baseline.cedar).
//
// The catalog goes on changing under policies that are in force: a tool is retired, or its definition is
// pinned anew. They stay in force, and one that errs on a call is skipped, or refuses it if it is a forbid
// (decision/decide.h). `remit status` and `remit policy validate --env` tell which they are.
//
// Thread-safety: a command runs on the thread of its transaction; the rest are pure functions or reads.

#pragma once

#include <array>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "audit/log.h"
#include "base/clock.h"
#include "base/random.h"
#include "catalog/catalog.h"
#include "catalog/policy_check.h"
#include "cedar/cedar.h"
#include "snapshot/types.h"
#include "store/store.h"

namespace remit::catalog {

// The text of data/baseline.cedar, and the id that it goes by where it is in force.
std::string_view baseline_text();
inline constexpr std::string_view kBaselineId = "pol_baseline";

// Parses a text that is, or was, fit to come into force; validates nothing. `file_name` is for the message.
// Errors: kInvalid RMT-P001, RMT-P002: the message has every finding with its place.
Result<cedar::PolicySet> compile_policies(std::string_view text, std::string_view file_name);

// A text that passed every check against one environment, as a snapshot has it. There is no other way to
// make one, and none to publish anything else.
class CheckedPolicies {
 public:
  // `allow_unknown`: names of what is nowhere are no errors (PolicyCheckOptions). Errors: kInvalid RMT-P001,
  // RMT-P002, RMT-P003, RMT-P008: the message has every finding with its place; kInternal RMT-P005.
  static Result<CheckedPolicies> check(std::string text, const snapshot::Snapshot& snapshot,
                                       Environment environment, bool allow_unknown = false);

  const std::string& text() const { return text_; }
  Environment environment() const { return environment_; }
  std::int64_t revision() const { return revision_; }  // of the snapshot
  const Digest& digest() const { return digest_; }     // of the text
  const cedar::PolicySet& set() const { return set_; }
  const std::vector<PolicyFinding>& warnings() const { return warnings_; }

 private:
  CheckedPolicies() = default;
  std::string text_;
  Environment environment_ = Environment::kSandbox;
  std::int64_t revision_ = 0;
  Digest digest_;
  cedar::PolicySet set_;
  std::vector<PolicyFinding> warnings_;
};

class PolicyPublisher {
 public:
  // All must outlive it.
  PolicyPublisher(audit::Log& log, const Clock& clock, Random& random, RequirePerson require_person)
      : log_(log), clock_(clock), random_(random), require_person_(std::move(require_person)) {}

  // Puts a text in force in place of the one before. Errors: kConflict RMT-P004 (the environment's catalog
  // has changed since the text was checked: check it again), RMT-P011 (the text in force is not `replaces`;
  // empty: whatever it is), those of the people check, the store and the log.
  Result<PolicySetId> publish(store::Transaction& tx, const audit::Actor& actor,
                              const CheckedPolicies& policies, const HumanId& person,
                              std::string_view replaces = {});

  // What was published last in an environment, so that it is not compiled again where it comes into force, on
  // the store's writer; nullptr where that is another text. On the thread of the transactions.
  const cedar::PolicySet* published(Environment environment, const Digest& digest) const;

 private:
  struct Last {
    Digest digest;
    cedar::PolicySet set;
  };
  audit::Log& log_;
  const Clock& clock_;
  Random& random_;
  RequirePerson require_person_;
  std::array<std::optional<Last>, kEnvironments.size()> last_;
};

// A text that was published, newest first.
struct PublishedPolicies {
  std::int64_t number = 0;  // in its environment, from 1; 0 is the baseline
  PolicySetId id;
  Instant published_at;
  HumanId published_by;
  Digest digest;
};
Result<std::vector<PublishedPolicies>> policy_history(store::Reader& reader, Environment environment);

// A text of the history by its number or its id; 0 and kBaselineId are the baseline. Errors: kNotFound
// RMT-P009.
Result<std::string> published_text(store::Reader& reader, Environment environment, std::string_view which);

// The text that is in force.
Result<std::string> policy_text(store::Reader& reader, Environment environment);

}  // namespace remit::catalog
