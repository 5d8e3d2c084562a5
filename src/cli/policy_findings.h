// What a server finds in policies, told as for a file of one's own.

#pragma once

#include <boost/json/object.hpp>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "catalog/policy_check.h"
#include "cli/client.h"

namespace remit::cli {

// A text that is checked, under the name that it has for people.
struct PolicyText {
  std::string file;
  std::string text;
};

// A file, as Cedar text; one in JSON is converted. Errors: RMT-K006, RMT-P001; RMT-P008 (it is empty).
Result<PolicyText> read_policies(const std::string& file);

struct PolicyFindings {
  std::size_t policies = 0;
  std::vector<catalog::PolicyFinding> findings;

  // Of the first error; empty: there is none.
  std::string_view error_code() const;
};

// As publishing will check it.
Result<PolicyFindings> check_policies(Client& client, const std::string& environment, std::string_view text,
                                      std::optional<std::uint32_t> level, bool allow_unknown);

// Each with its place, on standard error.
void print_findings(const PolicyText& policies, const std::vector<catalog::PolicyFinding>& findings);

}  // namespace remit::cli
