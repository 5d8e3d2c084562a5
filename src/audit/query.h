// Query: which entries of the log somebody asks for, and what is told of each. The same over the rows of a
// store and over a published folder.
//
// What is asked for by name is looked for by id: the names are turned into all ids that are or were called
// so. An entry that does not say what is asked for (a change that is of no environment, say) is not among the
// answers. Outcomes are no answers of their own: they are told with the call that they end.
//
// Thread-safety: values and functions.

#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/result.h"

namespace remit::audit {

enum class QueryKind { kCall, kChange };

// As a person asks it.
struct Asked {
  std::optional<Instant> since = {};  // at or after
  std::optional<Instant> until = {};  // before
  std::optional<QueryKind> kind = {};
  std::string environment = {};
  std::string agent = {};        // "invoice-bot", "production/invoice-bot", or an id
  std::string destination = {};  // "erp", or an id
  std::string tool = {};         // "erp/pay", or an id
  std::string effect = {};
  std::string data_class = {};  // a class, or a label
  std::string verdict = {};
  std::string by = {};  // a person's or a service's name, an id, "operator"
};

// All that is or was called so, living or not.
using IdsCalled = std::function<Result<std::vector<std::string>>(std::string_view name)>;
// What an id is called last.
using NameOf = std::function<Result<std::optional<std::string>>(const std::string& id)>;

class Query {
 public:
  // Errors: kNotFound RMT-A018 (the log knows nothing of that name), those of `ids_called`.
  static Result<Query> of(const Asked& asked, const IdsCalled& ids_called);

  const std::optional<Instant>& since() const { return since_; }
  const std::optional<Instant>& until() const { return until_; }

  // Whether an entry with this text may be an answer: cheap, for what is read in bulk.
  bool may_match(std::string_view text) const;
  // Whether it is one. `name_of` gives the environment of a deployment where an older entry does not say it.
  // Errors: those of `name_of`.
  Result<bool> matches(const boost::json::object& entry, const NameOf& name_of) const;

 private:
  using Ids = std::optional<std::set<std::string, std::less<>>>;

  std::optional<Instant> since_;
  std::optional<Instant> until_;
  std::optional<QueryKind> kind_;
  std::string environment_;
  std::string effect_;
  std::string data_class_;
  std::string verdict_;
  Ids agents_;
  Ids destinations_;
  Ids tools_;
  Ids people_;
};

// The ids in an entry that may have a name: those of people, services, agents, deployments, destinations and
// tools, at any depth. What an agent asked for is none of them.
std::vector<std::string> ids_in(const boost::json::object& entry);

// The environment that an entry is of: as it says, or as its deployment's name does. "" where it is of none.
Result<std::string> environment_of(const boost::json::object& entry, const NameOf& name_of);

// How the call of an intent ended, from the entries about its decision after it:
// {"status","reason","latency_us", "time"}, and `delivered` false where the answer did not reach the agent.
// Null where it has not ended.
class OutcomeReader {
 public:
  void add(const boost::json::object& entry);
  boost::json::value outcome() const;

 private:
  boost::json::value outcome_;
  bool undelivered_ = false;
};

}  // namespace remit::audit
