// What is wrong, or likely a mistake, in a policy text: everything at once, each with its place and its help.
//
// Thread-safety: pure functions; values. A large text may take seconds: not on a loop, nor in a transaction.

#pragma once

#include <boost/json/object.hpp>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/environment.h"
#include "base/result.h"
#include "cedar/cedar.h"
#include "snapshot/snapshot.h"

namespace remit::catalog {

struct PolicyFinding {
  // RMT-P001 (does not parse), RMT-P002 (an obligation or a template that this version does not carry out),
  // RMT-P003 (does not validate), RMT-P008 (names nothing, or can never apply).
  std::string_view code;
  bool is_error = true;
  std::string policy;  // its @id, else "policy3"; empty where the text does not parse
  cedar::Diagnostic diagnostic;
};

// For people: "error: …" or "warning: …", the place, the line with the place underlined, help.
std::string render(const PolicyFinding& finding, std::string_view text, std::string_view file_name);
// {"severity", "code", "policy", "message", "help", "line", "column", "end_line", "end_column", "begin",
// "end"}; the last two in bytes of the text, from 0.
boost::json::object to_json(const PolicyFinding& finding);
// As to_json wrote it. Errors: kInternal RMT-P005.
Result<PolicyFinding> read_finding(const boost::json::value& json);

struct PolicyCheck {
  cedar::PolicySet set;  // empty where the text does not parse
  std::vector<PolicyFinding> findings;

  bool passed() const;  // no errors; there may be warnings
  // The first error's code, and the errors rendered under `introduction`, the first fifty.
  Error error(std::string_view introduction, std::string_view text, std::string_view file_name) const;
};

struct PolicyCheckOptions {
  const cedar::Schema* schema = nullptr;    // none: nothing is validated
  std::optional<std::uint32_t> level = {};  // cedar::ValidationOptions
  bool obligations = true;                  // whether what Remit does not carry out is an error
  // Whose names are known (inventory_check.h), in which environment. A forbid that can never apply is an
  // error there, too. None: names of entities and texts are not looked up.
  const snapshot::Snapshot* inventory = nullptr;
  Environment environment = Environment::kSandbox;
  bool allow_unknown = false;  // such errors are warnings
};

PolicyCheck check_policies(std::string_view text, const PolicyCheckOptions& options);
PolicyCheck check_policies(const cedar::PolicySet& set, const PolicyCheckOptions& options);

// The schema of an environment as a snapshot has it (snapshot/policy_schema.h). Errors: kInternal RMT-P005.
Result<cedar::Schema> schema_of(const snapshot::Snapshot& snapshot, Environment environment);

}  // namespace remit::catalog
